"""The group of commands: help, loading on use, errors in one line, exit status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from streams.cli.docs import commands_page
from streams.cli.group import main
from streams.cli.lazy import Lazy, LazyGroup

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The names of every command below a group, groups too."""
    with click.Context(group) as ctx:
        found = []
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            found.append((*path, name))
            if isinstance(command, click.Group):
                found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", [(), *commands(main)], ids=" ".join)
def test_every_command_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    """`--help` works, says what the command does, and shows examples of itself."""
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert f"Usage: {' '.join(('shipsentry', *path))} " in result.stdout
    assert " ".join(("shipsentry", *path)) in result.stdout.partition("Examples:")[2]
    assert "\\b" not in result.stdout
    assert run(*path, "-h").stdout == result.stdout


def test_commands_of_the_contract_are_there() -> None:
    """The commands that the product promises."""
    there = {" ".join(path) for path in commands(main)}
    assert there >= {
        "worker",
        "demo",
        "replay",
        "topics create",
        "topics check",
        "rules list",
        "rules show",
        "rules validate",
        "warnings tail",
        "warnings export",
        "schemas export",
    }


def test_help_loads_no_client() -> None:
    """Listing the commands needs neither Faust nor a Kafka client nor RocksDB."""
    code = (
        "import sys; from streams.cli.group import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print({'faust', 'kafka', 'confluent_kafka', 'rocksdict'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("\nset()\n")


def test_missing_and_broken_modules_leave_the_others_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A command without a module is not there; a broken one says so in one line when used."""
    (tmp_path / "half_made.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    group = LazyGroup(
        "g",
        lazy={
            "gone": Lazy("no_such_module_anywhere:gone", "Gone."),
            "broken": Lazy("half_made:command", "Broken."),
            "export": Lazy("streams.cli.schemas_export:export", "Works."),
        },
    )
    listed = CliRunner().invoke(group, ["--help"])
    assert "gone" not in listed.stdout
    assert "broken" in listed.stdout
    assert CliRunner().invoke(group, ["export", "out"]).exit_code == 0
    assert CliRunner().invoke(group, ["gone"]).exit_code == 2
    result = CliRunner().invoke(group, ["broken", "--any", "thing"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: `broken` cannot be loaded: No module named 'no_such_module_anywhere'\n"
    )
    with pytest.raises(click.ClickException, match=r"broken.*no_such_module_anywhere.*would say"):
        commands_page(group)


def test_wrong_usage_is_2(run: Run) -> None:
    """An unknown command, an unknown option, a missing argument."""
    for arguments in (["fly"], ["topics", "check", "--fast"], ["rules", "show"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Error: " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("wroker",), "shipsentry worker"),
        (("topic",), "shipsentry topics"),
        (("topics", "crate"), "shipsentry topics create"),
        (("warnings", "tial", "--json"), "shipsentry warnings tail"),
        (("tail",), "shipsentry warnings tail"),
        (("validate", "mine.toml"), "shipsentry rules validate"),
    ],
)
def test_a_misspelt_command_names_the_one_meant(
    run: Run, arguments: tuple[str, ...], meant: str
) -> None:
    """In its group, or of its name in another; nothing is run, status 2."""
    result = run(*arguments)
    assert result.exit_code == 2
    wrong = next(each for each in reversed(arguments) if each not in ("--json", "mine.toml"))
    assert result.stderr.splitlines()[-1] == (
        f"Error: No such command {wrong!r}. Did you mean `{meant}`?"
    )
    assert result.stdout == ""


def test_what_nothing_is_near_is_only_unknown(run: Run) -> None:
    """No guess is made, and a hidden command is never one."""
    for name in ("xyzzy", "doc"):
        assert run(name).stderr.splitlines()[-1] == f"Error: No such command {name!r}."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("topics", "check", "--hlep"), "Did you mean --help?"),
        (("rules", "template", "pindoudou"), "; did you mean pinduoduo? there are "),
        (("rules", "show", "brief-2032"), "; did you mean brief-2023? there are "),
        (("warnings", "tail", "--rule", "ship_over"), "; did you mean ship_overdue? there are "),
        (("warnings", "tail", "--rule", "qqqq"), "'qqqq' is no rule; there are "),
    ],
)
def test_so_do_options_rules_and_profiles(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """The name that is near, before all that there are."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_wrong_settings_are_2_and_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used ends a command before it does anything, without a traceback."""
    monkeypatch.setenv("SHIPSENTRY_PARTITIONS", "many")
    result = run("topics", "create")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: SHIPSENTRY_PARTITIONS='many' is not usable: allowed is an integer from 1 to 10000\n"
    )


def test_version(run: Run) -> None:
    """`--version` names the program and something behind it."""
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("shipsentry ")
