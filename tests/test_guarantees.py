"""docs/guarantees.md: every promise names a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROMISES = [
    bullet
    for chapter in TEXT.partition("\n## ")[2].partition("\n## Not promised")[0].split("\n## ")
    for bullet in chapter.split("\n- ")[1:]
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_there_are_promises() -> None:
    """The page is read as it is written."""
    assert len(PROMISES) > 10


@pytest.mark.parametrize("promise", PROMISES, ids=lambda text: text[:40])
def test_a_promise_names_tests_that_there_are(promise: str) -> None:
    """A sentence in bold, and at least one test by file and name, or a file of tests."""
    assert promise.startswith("**")
    named = NAMED.findall(promise)
    assert named
    for path, name in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(?:async )?def {name or 'test_'}", source, re.MULTILINE), (path, name)
