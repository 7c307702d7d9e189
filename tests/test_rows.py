"""`scripts/test` tells truly how its rows of tests ended."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "test"
COMMANDS = ("scripts/setup", ".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/pytest")


def run(checkout: Path, failing: str) -> subprocess.CompletedProcess[str]:
    """Run the script among stand-ins that fail when `failing` is among their words."""
    (checkout / "scripts").mkdir()
    (checkout / ".venv/bin").mkdir(parents=True)
    shutil.copy(SCRIPT, checkout / "scripts/test")
    for command in COMMANDS:
        stand_in = checkout / command
        stand_in.write_text(f'#!/bin/sh\ncase " $0 $* " in *"{failing}"*) exit 7 ;; esac\n')
        stand_in.chmod(0o755)
    return subprocess.run(
        [checkout / "scripts/test"], capture_output=True, text=True, timeout=60, check=False
    )


def test_rows_that_pass_end_with_nought(tmp_path: Path) -> None:
    ended = run(tmp_path, failing="nothing of the kind")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "failing",
    [
        " tests/kafka ",
        " tests/faults ",
        " tests/engine tests/agents ",
        " tests/tables tests/judge ",
        " tests/cli tests/demo ",
        " tests/operators tests/grafana ",
        " --ignore=tests/kafka ",
        " --operators --supply ",
        " check --quiet ",
        " format --check ",
        ".venv/bin/mypy ",
    ],
)
def test_a_row_that_fails_fails_the_script(tmp_path: Path, failing: str) -> None:
    assert run(tmp_path, failing).returncode == 7
