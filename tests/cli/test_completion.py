"""Completion by a shell: what is offered, no more loaded than is asked for, and in a real bash."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from streams.cli.group import main

ROOT = Path(__file__).resolve().parents[2]
BASH = shutil.which("bash")


def offered(line: str) -> list[str]:
    """What is offered at the end of a command line, options left out unless one is begun."""
    *words, incomplete = line.split(" ")
    found = BashComplete(main, {}, "shipsentry", "_SHIPSENTRY_COMPLETE").get_completions(
        words[1:], incomplete
    )
    return [f"{one.value}:{one.type}" if one.type != "plain" else one.value for one in found]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("shipsentry wo", ["worker"]),
        ("shipsentry w", ["worker", "warnings"]),
        ("shipsentry warnings ", ["tail", "export"]),
        ("shipsentry warnings tail --st", ["--state"]),
        ("shipsentry warnings tail --state b", ["breached"]),
        ("shipsentry warnings export --rule cloned", ["cloned_track"]),
        ("shipsentry replay --di", ["--diff"]),
        ("shipsentry replay --out wa", ["wa:file"]),
        ("shipsentry replay --orders o", ["o:file"]),
        ("shipsentry evidence --out ap", ["ap:dir"]),
        ("shipsentry dead-letters ", ["list", "show", "retry"]),
        ("shipsentry dead-letters list --reason naive", ["naive_time"]),
        ("shipsentry keys --secret-file ke", ["ke:file"]),
        ("shipsentry rules template pin", ["pinduoduo"]),
        ("shipsentry doc", []),
    ],
)
def test_what_is_offered(line: str, wanted: list[str]) -> None:
    """Commands, options and their values that begin so; a hidden command is not offered."""
    found = offered(line)
    assert found == wanted


def test_every_command_is_offered_with_its_summary() -> None:
    """For shells that show it: zsh and fish."""
    found = BashComplete(main, {}, "shipsentry", "_SHIPSENTRY_COMPLETE").get_completions([], "")
    with main.make_context("shipsentry", ["--help"], resilient_parsing=True) as ctx:
        assert [one.value for one in found] == main.list_commands(ctx)
    assert all(one.help for one in found)
    summaries = {one.value: one.help for one in found}
    assert summaries["worker"] == "Process orders and tracking updates."


def test_completing_a_command_loads_none() -> None:
    """No command's module is imported to list the commands: a shell asks at each key."""
    code = (
        "import os, sys\n"
        "os.environ.update(_SHIPSENTRY_COMPLETE='bash_complete', COMP_WORDS='shipsentry w',\n"
        "                  COMP_CWORD='1')\n"
        "from streams.cli.group import main\n"
        "before = set(sys.modules)\n"
        "try: main(prog_name='shipsentry')\n"
        "except SystemExit as end: print(end.code)\n"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith('streams')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == ["plain,worker", "plain,warnings", "0", "[]"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_how(shell: str) -> None:
    """The script names the program and the variable that it asks with; nothing else is printed."""
    result = subprocess.run(
        [sys.executable, "-m", "streams.cli"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "_SHIPSENTRY_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_SHIPSENTRY_COMPLETE={shell}_complete" in result.stdout
    assert "shipsentry" in result.stdout
    assert result.stderr == ""


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_a_real_bash_completes(tmp_path: Path) -> None:
    """The script that docs/commands.md has one write, sourced; the function that it registers."""
    program = tmp_path / "shipsentry"
    run = f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} -m streams.cli"
    program.write_text(f'#!/bin/sh\n{run} "$@"\n')
    program.chmod(0o755)
    script = """
        set -e
        _SHIPSENTRY_COMPLETE=bash_source shipsentry > completion
        . ./completion
        function=$(complete -p shipsentry | sed 's/.* -F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=(shipsentry warnings tail --state re) COMP_CWORD=4
        $function shipsentry
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(shipsentry rules) COMP_CWORD=1 COMPREPLY=()
        $function shipsentry
        echo "${COMPREPLY[@]}"
    """
    result = subprocess.run(
        [str(BASH), "--norc", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout.splitlines(), result.stderr) == (["resolved", "rules"], "")
