"""The pages about settings, commands, metrics and platforms say what the code says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from streams.cli.docs_tables import marked, table

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "metrics.md", "platforms.md"])
def test_page_is_up_to_date(run: Run, tmp_path: Path, name: str) -> None:
    """The committed page is what `shipsentry docs docs` writes now."""
    assert run("docs", str(tmp_path)).exit_code == 0
    written = (tmp_path / name).read_text(encoding="utf-8")
    committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert committed == written, "run: .venv/bin/shipsentry docs docs"


PAGES = ["README.md", "README.zh-CN.md", "docs/rules.md", "docs/evidence.md"]


@pytest.mark.parametrize("name", PAGES)
def test_tables_of_rules_are_up_to_date(run: Run, tmp_path: Path, name: str) -> None:
    """Emptied tables are filled as the committed ones are, and nothing else is touched."""
    committed = (ROOT / name).read_text(encoding="utf-8")
    (tmp_path / "docs").mkdir()
    emptied, tables = re.subn(
        r"(<!-- rules:begin -->\n\n).*?(\n\n<!-- rules:end -->)",
        r"\1nothing\2",
        committed,
        flags=re.DOTALL,
    )
    assert tables == 1
    (tmp_path / name).write_text(emptied, encoding="utf-8")
    result = run("docs", str(tmp_path / "docs"))
    assert result.exit_code == 0
    written = (tmp_path / name).read_text(encoding="utf-8")
    assert committed == written, "run: .venv/bin/shipsentry docs docs"


def test_a_page_that_lost_its_marks_is_named(run: Run, tmp_path: Path) -> None:
    """A table that is no longer written would grow old without a word."""
    (tmp_path / "rules.md").write_text("# The rules\n\n<!-- rules:begin -->\n", encoding="utf-8")
    result = run("docs", str(tmp_path))
    assert result.exit_code == 1
    assert f"{tmp_path / 'rules.md'}: no <!-- rules:begin --> and" in result.output


def test_marks_of_others_are_left_alone() -> None:
    """The list of panels has marks of its own, and another writer."""
    text = "<!-- panels:begin -->\n\nx\n\n<!-- panels:end -->\n"
    mine = "<!-- rules:begin -->\n\ny\n\n<!-- rules:end -->\n"
    assert marked(text + mine, {"rules": lambda: "z"}) == text + mine.replace("y", "z")


def test_a_cell_can_be_read() -> None:
    """In a terminal, and in a diff."""
    assert table(("a", "b"), [("1", "x" * 120)]).splitlines()[1] == "|---|---|"
    for cell in ("x" * 121, "a | b"):
        with pytest.raises(ValueError, match="a cell of 120 characters"):
            table(("a",), [(cell,)])
