"""What is filtered, as a table to take along: CSV and a workbook."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import Row

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.console.console import View, view_of
from streams.desk.console.filters import parsed, read
from streams.desk.console.pages.rows import marks_of
from streams.desk.console.shown import value_of
from streams.desk.database import lists
from streams.facts.times import iso
from streams.profiles.money import decimals_of

router = APIRouter()

MOST = 50_000
"""Warnings of one file."""

_PAGE = 500
_FORMULA = re.compile("[\t\r\n]|[\\s\ufeff\u200b-\u200f\u2060]*[=+@＝＋－＠-]")
"""How a text begins that a spreadsheet might run; the wide forms are read as the narrow ones, and
blanks before them may be passed over."""

_NO_XML = re.compile("[\ufffe\uffff]")
"""What a workbook cannot hold: one of them, and no program opens it."""

COLUMNS = (
    *("warning_id", "state", "severity", "rule", "rule_title", "stage", "platform", "shop_id"),
    *("carrier", "tracking_number", "order_ids", "opened_at", "deadline", "breached_at"),
    *("resolved_at", "exposure", "currency", "least", "most", "message", "remedy", "work"),
    *("assignee", "comments", "profile", "revision"),
)

Cell = str | int | float | None


@router.get("/export.csv")
@needs(Role.viewer)
def as_csv(request: Request) -> Response:
    """A row a warning, as it is filtered. A byte order mark tells spreadsheets that it is UTF-8."""
    view = view_of(request)
    return StreamingResponse(
        _lines(view, request.url.query),
        media_type="text/csv; charset=utf-8",
        headers=_file("csv"),
    )


@router.get("/export.xlsx")
@needs(Role.viewer)
def as_workbook(request: Request) -> Response:
    """The same as a workbook, in which a text is a text and nothing is computed."""
    view = view_of(request)
    body = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="shipsentry-desk-") as folder:
        book = xlsxwriter.Workbook(
            body,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(view.says("export_sheet"))
        sheet.freeze_panes(1, 0)
        for place, title in enumerate(_titles(view)):
            sheet.write_string(0, place, title, bold)
            sheet.set_column(place, place, 22)
        last = 0
        for last, row in enumerate(_rows(view, request.url.query), 1):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(last, place, _NO_XML.sub("\ufffd", value))
                elif value is not None:
                    sheet.write_number(last, place, value)
        sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
        book.close()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(body.getvalue(), media_type=kind, headers=_file("xlsx"))


def guarded(value: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before one that might."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def _lines(view: View, query: str) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow(_titles(view))
    for number, row in enumerate(_rows(view, query)):
        writer.writerow([guarded(value) for value in row])
        if number % _PAGE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _titles(view: View) -> list[str]:
    return [view.says(f"column_{name}") for name in COLUMNS]


def _rows(view: View, query: str) -> Iterator[Sequence[Cell]]:
    """Page by page, each in a transaction of its own: a slow reader holds nothing up."""
    found = read(parsed(query), view.me, view.now)
    after = None
    written = 0
    while written < MOST:
        with view.desk.database.reading() as connection:
            page = lists.page(
                connection, found.wanted, view.now, order=found.order, after=after, limit=_PAGE
            )
        for row in page.rows:
            yield _row(row, view)
        written += len(page.rows)
        after = page.next
        if after is None:
            return


def _row(row: Row[Any], view: View) -> Sequence[Cell]:
    shown, value = view.shown, value_of(row)

    def major(amount: int | None) -> Cell:
        if amount is None or row.currency is None:
            return None
        return float(amount / 10 ** decimals_of(row.currency))

    return (
        row.warning_id,
        shown.word("states", row.state),
        shown.word("severities", row.severity),
        row.rule,
        shown.rule(row.rule),
        row.stage,
        row.platform,
        row.shop_id,
        row.carrier,
        row.tracking_number,
        " ".join(value.get("order_ids") or ()),
        *(iso(at) for at in (row.opened_at, row.deadline, row.breached_at, row.resolved_at)),
        row.exposure,
        row.currency,
        major(row.least),
        major(row.most),
        shown.text(value, "message"),
        shown.text(value, "remedy"),
        "; ".join(marks_of(row, shown)),
        row.work_assignee,
        row.work_comments or 0,
        row.profile,
        row.revision,
    )


def _file(ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="warnings.{ending}"'}
