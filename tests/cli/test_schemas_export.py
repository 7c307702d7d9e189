"""`shipsentry schemas export`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from schemas import MODELS

Run = Callable[..., Result]


def test_writes_a_schema_for_each_topic(run: Run, tmp_path: Path) -> None:
    """The directory is made, each topic's message is in it, and its path is printed."""
    target = tmp_path / "new" / "schemas"
    result = run("schemas", "export", str(target))
    assert result.exit_code == 0
    paths = [Path(line) for line in result.stdout.splitlines()]
    assert {path.name for path in paths} == {f"{topic}.schema.json" for topic in MODELS}
    for path in paths:
        assert json.loads(path.read_text(encoding="utf-8"))["properties"]


def test_directory_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    """One line and exit status 1."""
    (tmp_path / "file").touch()
    result = run("schemas", "export", str(tmp_path / "file" / "below"))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "Not a directory" in result.stderr
