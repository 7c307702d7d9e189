"""`-` is standard output or input in every command, and a closed pipe ends a command quietly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result
from kafka_server import KafkaServer
from support.builders import DAY, LATER, PICKED, order, picked_up, record, upload

from streams.cli.files import PIPE_CLOSED, InputFile, OutputDirectory, OutputFile, Target
from streams.cli.group import main

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]
ORDERS = [order("1"), order("2", platform="tmall")]
TRACKING = [upload("1"), picked_up(), record("hub", PICKED + DAY)]
UNTIL = ("--until", LATER.isoformat())


@pytest.fixture(autouse=True)
def inputs(environment: None) -> None:
    """A small history in the current directory."""
    for name, messages in (("o.jsonl", ORDERS), ("t.jsonl", TRACKING)):
        Path(name).write_text("".join(json.dumps(message) + "\n" for message in messages))


FILES = ("--orders", "o.jsonl", "--tracking", "t.jsonl")


def names() -> list[str]:
    """What is in the current directory."""
    return sorted(path.name for path in Path().iterdir())


def shell(*arguments: str, **streams: object) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        **streams,
    )


def options(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter of every command, with the command's name."""
    with click.Context(group) as ctx:
        for name in [*group.list_commands(ctx), *(["docs"] if group is main else [])]:
            command = group.get_command(ctx, name)
            if isinstance(command, click.Group):
                yield from options(command, f"{path}{name} ")
            elif command is not None:
                yield from ((f"{path}{name}", parameter) for parameter in command.params)


def test_every_path_of_every_command_knows_the_dash() -> None:
    """No option or argument takes a path that would be a file named `-`."""
    paths = [
        (name, parameter)
        for name, parameter in options(main)
        if isinstance(parameter.type, click.Path | click.File)
    ]
    assert {name for name, _ in paths} == {
        *("replay", "import", "report", "ingest", "check", "evidence", "keys", "docs"),
        "notify",
        *(
            "desk notify preview",
            "dead-letters list",
            "dead-letters show",
            "rules validate",
            "warnings export",
            "schemas asyncapi",
            "schemas export",
            "schemas openapi",
            "sources try",
            "state export",
            "state import",
        ),
    }
    for name, parameter in paths:
        known = isinstance(parameter.type, InputFile | OutputFile | OutputDirectory)
        assert known, f"{name} {parameter.name}"


def test_out_is_standard_output(run: Run) -> None:
    """`--out -` is the same as no `--out`, for warnings and for a comparison; no file is made."""
    plain = run("replay", *FILES, *UNTIL)
    assert plain.stdout
    before = names()
    for more in ((), ("--log",), ("--diff", "brief-2023"), ("--diff", "brief-2023", "--json")):
        one = run("replay", *FILES, *UNTIL, *more)
        other = run("replay", *FILES, *UNTIL, *more, "--out", "-")
        assert other.exit_code == 0, other.stderr
        assert other.stdout_bytes == one.stdout_bytes != b""
        assert other.stderr == one.stderr
    assert names() == before


@pytest.mark.parametrize("option", ["--shop-risk", "--product-risk", "--dead-letters"])
def test_each_further_output_may_be_standard_output(run: Run, option: str) -> None:
    """What would be in the file, and nothing else; the count of bad lines on standard error."""
    with Path("o.jsonl").open("a") as file:
        file.write("{\n")
    to_file = run("replay", *FILES, *UNTIL, "--out", "w.jsonl", option, "more.jsonl")
    before = names()
    result = run("replay", *FILES, *UNTIL, "--out", "w.jsonl", option, "-")
    assert result.exit_code == to_file.exit_code == 3
    assert result.stdout_bytes == Path("more.jsonl").read_bytes()
    assert "1 bad line" in result.stderr
    assert names() == before


def test_a_file_of_that_name_is_still_to_be_had(run: Run) -> None:
    """`./-` is a file, to write and to read."""
    named = ("--out", "./-", "--format", "jsonl")
    assert run("replay", *FILES, *UNTIL, *named).stdout == ""
    assert Path("-").read_text().count("\n") == run("replay", *FILES, *UNTIL).stdout.count("\n")
    Path("-").write_bytes(Path("o.jsonl").read_bytes())
    again = run("replay", "--orders", "./-", "--tracking", "t.jsonl", *UNTIL)
    assert again.stdout == run("replay", *FILES, *UNTIL).stdout


def test_standard_input_is_read(run: Run) -> None:
    """`--orders -` from a pipe gives the same as the file; a file named `-` is not looked at."""
    Path("-").write_text("{\n")
    wanted = run("replay", *FILES, *UNTIL).stdout_bytes
    for option, name in (("--orders", "o.jsonl"), ("--tracking", "t.jsonl")):
        other = [each for each in FILES if each not in (option, name)]
        result = shell("replay", option, "-", *other, *UNTIL, input=Path(name).read_bytes())
        assert (result.returncode, result.stdout) == (0, wanted), result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("replay", "--orders", "-", "--tracking", "-"),
            "--orders and --tracking cannot both be standard input",
        ),
        (
            ("check", "zto", "1", "--order", "1", "--orders", "-", "--tracking", "-"),
            "--orders and --tracking cannot both be standard input",
        ),
        (
            ("replay", *FILES, "--dead-letters", "-"),
            "--out and --dead-letters cannot both be standard output",
        ),
        (
            ("replay", *FILES, "--out", "o.jsonl"),
            "--orders and --out cannot both be o.jsonl",
        ),
        (
            ("replay", *FILES, "--shop-risk", "t.jsonl"),
            "--tracking and --shop-risk cannot both be t.jsonl",
        ),
        (
            ("replay", *FILES, "--out", "new.jsonl", "--product-risk", "./new.jsonl"),
            "--out and --product-risk cannot both be new.jsonl",
        ),
        (
            ("replay", *FILES, "--out", "dead-letters.jsonl", "--dead-letters", "o.jsonl"),
            "--orders and --dead-letters cannot both be o.jsonl",
        ),
        (("rules", "validate", "-"), "'-' is standard input; allowed is the name of a file"),
        (
            ("evidence", "0" * 32, "--warnings", "-", *FILES),
            "'-' is standard input; allowed is the name of a file",
        ),
        (
            ("evidence", "0" * 32, "--out", "-", "--with-records"),
            "--with-records writes several files: --out needs a directory",
        ),
        (("docs", "-"), "'-' is standard output; allowed is a directory"),
        (("replay", *FILES, "--profile", "-"), "no profile '-'"),
    ],
)
def test_what_cannot_be_is_wrong_usage(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """Two uses of one place, and a dash where there can be none: status 2, nothing is written."""
    Path("-").write_text("")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_a_device_may_be_named_twice_and_stays_a_device(run: Run) -> None:
    """`/dev/null` for what is not wanted."""
    result = run("replay", *FILES, *UNTIL, "--out", "/dev/null", "--dead-letters", "/dev/null")
    assert result.exit_code == 0, result.stderr
    assert not Path("/dev/null").is_file()


def test_a_device_is_not_replaced_in_one_step(tmp_path: Path) -> None:
    """A file is, and stays as it was when the writing fails; a link's file is written to."""
    fifo, link, file = tmp_path / "fifo", tmp_path / "link", tmp_path / "file"
    os.mkfifo(fifo)
    file.write_text("before")
    link.symlink_to(file)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with Target(fifo).opened(in_one_step=True) as target:
        target.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    with Target(link).opened(in_one_step=True) as target:
        target.write(b"after")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"after")

    def half() -> None:
        with Target(file).opened(in_one_step=True) as target:
            target.write(b"half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        half()
    assert file.read_bytes() == b"after"
    assert not (tmp_path / "file.part").exists()


def test_schemas_go_to_standard_output(run: Run) -> None:
    """`schemas export -`: what would be in the files, as one object by file name."""
    before = names()
    result = run("schemas", "export", "-")
    assert result.exit_code == 0
    assert names() == before
    assert run("schemas", "export", "there").exit_code == 0
    files = {path.name: json.loads(path.read_text("utf-8")) for path in Path("there").iterdir()}
    assert json.loads(result.stdout) == files


def test_warnings_are_exported_to_standard_output(run: Run, cluster: KafkaServer) -> None:
    """`warnings export --out -` makes no file."""
    assert run("topics", "create").exit_code == 0
    before = names()
    result = run("warnings", "export", "--out", "-")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert names() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", *FILES, *UNTIL, "--log"),
        ("replay", *FILES, *UNTIL, "--diff", "brief-2023", "--out", "-"),
        ("schemas", "export", "-"),
        ("rules", "list"),
        ("rules", "template", "pinduoduo"),
        ("--help",),
        ("replay", "--help"),
    ],
    ids=" ".join,
)
def test_a_closed_pipe_ends_quietly(arguments: tuple[str, ...]) -> None:
    """Nobody reads: no word on standard error, the status that a shell gives to such an end."""
    read, write = os.pipe()
    os.close(read)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (result.stderr, result.returncode) == (b"", PIPE_CLOSED)
