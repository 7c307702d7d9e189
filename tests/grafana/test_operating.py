"""docs/operating.md says of every panel which question it answers."""

from __future__ import annotations

import pytest

from grafana import build
from grafana.asked import asked
from grafana.catalogue import BEGIN, END, catalogue, written_into


def test_the_page_is_what_the_code_writes() -> None:
    """Whoever changes a panel runs `python -m grafana`."""
    page = build.OPERATING.read_text(encoding="utf-8")
    assert page == build.operating(), "run: .venv/bin/python -m grafana"


def test_the_page_has_one_entry_for_each_panel() -> None:
    """Title and question as the dashboard has them, below their dashboard's heading."""
    page = build.OPERATING.read_text(encoding="utf-8")
    text = " ".join(page.partition(BEGIN)[2].partition(END)[0].split())
    panels = list(asked())
    assert len(panels) > 60
    chapters = {board.uid("en"): f"### {board.title.en} " for board in build.BOARDS}
    for panel in panels:
        begin = text.index(chapters[panel.dashboard])
        chapter, _, _ = text[begin + 3 :].partition("###")
        question = " ".join(panel.question.split())
        entry = f"- *{panel.title}*: {question} "
        assert f"{chapter} ".count(entry) == 1, panel.title


def test_the_page_keeps_what_stands_around_the_list() -> None:
    """And a page without its marks is not written over."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert written_into(page, "new\n") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    for lost in (BEGIN, END):
        with pytest.raises(ValueError, match=f"the page has no {lost}"):
            written_into(page.replace(lost, ""), "new\n")


def test_no_line_of_the_list_is_long() -> None:
    """It is read in terminals and in diffs."""
    assert max(map(len, catalogue(build.BOARDS).splitlines())) <= 100
