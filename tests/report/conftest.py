"""A report made as users make it: by the command, in a directory of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.builders import Message

from streams.cli.group import main

Write = Callable[..., str]
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, and none of the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SHIPSENTRY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def write() -> Write:
    """`write("o.jsonl", messages)` makes a file of JSON Lines, and gives its name."""

    def written(name: str, messages: list[Message | Any]) -> str:
        lines = [json.dumps(each, ensure_ascii=False) for each in messages]
        Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return name

    return written


@pytest.fixture
def run() -> Run:
    """`run("o.jsonl", "--lang", "zh")`; errors other than exits are raised."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(main, ["report", *arguments], prog_name="shipsentry")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke
