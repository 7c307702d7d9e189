"""The workbook of a report, read back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from python_calamine import load_workbook
from support.builders import HOUR, PAID, PICKED, order, picked_up, record, upload

Run = Callable[..., Result]
Write = Callable[..., str]
UNTIL = ("--until", (PAID + 46 * HOUR).isoformat())
FORMULA = '=HYPERLINK("http://x","y")'


def sheets(path: str) -> dict[str, list[list[Any]]]:
    """The rows of every sheet."""
    book = load_workbook(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def column(rows: list[list[Any]], name: str) -> list[Any]:
    """The cells below a name."""
    return [row[rows[0].index(name)] for row in rows[1:]]


def test_it_says_what_the_page_says(run: Run, write: Write) -> None:
    """Every warning with its times as times, sums as numbers, ids as texts."""
    orders = [order("4920000000000000001", amount_paid=12_900, currency="CNY"), order(FORMULA)]
    tracking = [upload("4920000000000000001"), picked_up(), record("hub", PICKED + 30 * HOUR)]
    files = write("o.jsonl", orders), write("t.jsonl", tracking)
    result = run(*files, *UNTIL, "--xlsx", "r.xlsx", "--lang", "en")
    assert result.exit_code == 0, result.output
    found = sheets("r.xlsx")
    assert [*found] == [
        *("Due next", "Irregular now", "Past the deadline", "Settled late", "Money and strikes"),
        *("Shops and the platforms' lines", "Carriers and lanes", "Problems with the data"),
        *("Timeline", "About"),
    ]
    due = found["Due next"]
    assert column(due, "Orders") == [FORMULA]
    assert column(due, "Deadline") == [datetime(2026, 11, 22, 10)]  # noqa: DTZ001 - Excel's
    late = found["Settled late"]
    assert column(late, "Orders") == ["4920000000000000001"]
    assert column(late, "Kind") == ["No update after the pickup"]
    assert column(late, "Tracking number") == ["78123456789012"]
    steps = found["Timeline"]
    assert column(steps, "Event") == ["paid", "promised to ship by"]
    assert column(found["Carriers and lanes"], "Pickup, median") == [6.0, 6.0]
    assert "douyin-2026-07-09" in str(found["About"])


def test_both_languages_stand_beside_each_other(run: Run, write: Write) -> None:
    """Names in one cell, texts in columns of their own; the same history gives the same bytes."""
    files = write("o.jsonl", [order("1")]), write("t.jsonl", [])
    for name in ("r.xlsx", "again.xlsx"):
        assert run(*files, *UNTIL, "--xlsx", name).exit_code == 0
    assert Path("r.xlsx").read_bytes() == Path("again.xlsx").read_bytes()
    due = sheets("r.xlsx")["即将到期 · Due next"]
    assert due[0].count("建议处理 / What to do") == 0
    assert column(due, "建议处理")[0].startswith("请在")
    assert column(due, "What to do")[0].startswith("Hand it")
    assert column(due, "类型 / Kind") == ["承诺时间内未发货 / Not shipped by the promised time"]


def test_nothing_in_gives_headers(run: Run, write: Write) -> None:
    """Every sheet is there."""
    assert run(write("o.jsonl", []), "--xlsx", "r.xlsx").exit_code == 0
    assert all(rows for rows in sheets("r.xlsx").values())


def test_the_library_is_asked_for(run: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the page can still be made; the workbook is refused at once, with the remedy."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    monkeypatch.delitem(sys.modules, "streams.report.workbook", raising=False)
    name = write("o.jsonl", [order("1")])
    refused = run(name, "--xlsx", "r.xlsx")
    assert refused.exit_code == 1
    assert "pip install 'shipsentry[report]'" in refused.stderr
    assert not Path("report.html").exists()
    assert run(name).exit_code == 0


def test_a_full_disk_is_said(run: Run, write: Write) -> None:
    """In one line, and the page is there."""
    result = run(write("o.jsonl", [order("1")]), "--xlsx", "/dev/full")
    assert result.exit_code == 1
    assert "the report cannot be made: " in result.stderr
    assert Path("report.html").exists()


def test_bad_lines_and_clashes(run: Run, write: Write) -> None:
    """Status 3 with a dead-letter file beside the page, 2 where a result would spoil an input."""
    name = write("o.jsonl", [order("1"), {"order_id": "2"}])
    result = run(name, "--out", "monday.html")
    assert result.exit_code == 3
    assert "1 bad line, see monday.dead-letters.jsonl" in result.stderr
    assert len(Path("monday.dead-letters.jsonl").read_text().splitlines()) == 1
    for options in (("--out", name), ("--xlsx", name), ("--out", "r.pdf"), ("--xlsx", "r.csv")):
        assert run(name, *options).exit_code == 2
