"""Exports of shops become the same messages however they are spelled; rows that can't are said."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from support.damage import damaged
from support.workbooks import workbook

from schemas import OrderPaid, TrackingUpdate
from streams.inputs.sheets.imported import Imported, file_read
from streams.inputs.sources.payload import Canonical, Feed, Payload

DATA = Path(__file__).parent / "data"
ARRIVED_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
MUTATIONS = 30
"""Of each export."""
REQUEST = Payload(b"", ARRIVED_AT)

Rows = list[list[str]]


class Case(NamedTuple):
    """An export: its file, the rest of its name, what is configured, and other names of columns."""

    file: str
    source: str
    feed: Feed
    renamed: dict[str, str]
    ids: tuple[str, ...]


CASES = (
    Case(
        "1795600000_orders.csv",
        "douyin",
        Feed(shop_id="s-1"),
        {
            "主订单编号": "订单编号",
            "支付完成时间": "支付时间",
            "省": "省份",
            "快递信息": "物流信息",
        },
        ("主订单编号", "商品ID", "商家编码"),
    ),
    Case(
        "ExportOrderList202611251830.csv",
        "taobao",
        Feed(),
        {"订单编号": "主订单编号", "订单付款时间": "付款时间", "买家实际支付金额": "买家实付金额"},
        ("订单编号", "物流单号"),
    ),
    Case(
        "orders_export.csv",
        "shopify",
        Feed(shop_id="eu"),
        {"Id": "ORDER ID", "Cancelled at": "Canceled at", "Lineitem sku": "LINEITEM SKU"},
        ("Id", "Lineitem sku"),
    ),
    Case(
        "shipments.csv",
        "shipstation",
        Feed(default_zone=ZoneInfo("America/New_York")),
        {"Order - Number": "Order Number", "Date - Shipped Date": "Date - Ship date"},
        ("Order - Number", "Shipment - Tracking Number"),
    ),
)


def lines(found: Imported) -> list[dict[str, Any]]:
    """What a file became: messages, then reasons of refusals and counts."""
    outcome = found.outcome
    said: list[dict[str, Any]] = [json.loads(message.as_json()) for message in outcome.messages]
    said.append({"refused": [reason for reason, _ in outcome.refusals]})
    said.append({"passed": dict(outcome.passed), "unknown": dict(outcome.unknown)})
    return said


def rows_of(case: Case) -> Rows:
    """The cells of an export, as they were written."""
    encoding = "gb18030" if case.source == "taobao" else "utf-8-sig"
    text = (DATA / case.file).read_text(encoding)
    return list(csv.reader(io.StringIO(text)))


def as_text(rows: Rows, delimiter: str, encoding: str) -> bytes:
    """Rows as text with another delimiter and encoding."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def renamed(case: Case, rows: Rows) -> Rows:
    """The rows below other names of columns, and below a title."""
    header = [case.renamed.get(name.strip(), name) for name in rows[0]]
    return [["导出 export"], header, *rows[1:]]


def around(case: Case, rows: Rows, sign: Callable[[str], str]) -> Rows:
    """The rows with a sign around each id; a cell that bears one has it already."""
    at = [index for index, name in enumerate(rows[0]) if name.strip() in case.ids]
    found = [list(row) for row in rows]
    for row in found[1:]:
        for index in at:
            if row[index].strip() and not row[index].startswith(("=", "No:")):
                row[index] = sign(row[index])
    return found


def cells_of(rows: Rows) -> list[list[Any]]:
    """Rows as a spreadsheet has them once it took times for dates and amounts for numbers."""
    return [[_cell(cell) for cell in row] for row in rows]


def _cell(cell: str) -> Any:
    try:
        return datetime.strptime(cell, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - a cell
    except ValueError:
        pass
    amount = cell.replace(".", "", 1)
    return float(cell) if amount.isdigit() and len(amount) < 8 else cell


SPELLINGS: dict[str, Callable[[Case, Rows], bytes]] = {
    "gb18030": lambda case, rows: as_text(renamed(case, rows), ";", "gb18030"),
    "utf-16": lambda case, rows: as_text(around(case, rows, "'{}".format), "\t", "utf-16"),
    "formulas": lambda case, rows: as_text(
        around(case, rows, lambda cell: f'="{cell.strip()}"'), ",", "utf-8-sig"
    ),
    "xlsx": lambda case, rows: workbook(*cells_of(renamed(case, rows))),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_an_export_becomes_its_messages(case: Case) -> None:
    """Those beside it, which keep the contract; its form is told by its columns."""
    expected = (DATA / f"{case.file}.expected.jsonl").read_text("utf-8")
    found = file_read(DATA / case.file, None, case.feed, REQUEST)
    assert found.form == case.source
    assert lines(found) == [json.loads(line) for line in expected.splitlines()]
    for message in found.outcome.messages:
        kept(message)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_a_spelling_changes_nothing(case: Case, spelling: str, tmp_path: Path) -> None:
    """Encoding, delimiter, names of columns, signs around ids, a spreadsheet's own cells."""
    path = tmp_path / Path(case.file).name
    path.write_bytes(SPELLINGS[spelling](case, rows_of(case)))
    found = file_read(path, None, case.feed, REQUEST)
    assert found.form == case.source
    assert lines(found) == lines(file_read(DATA / case.file, None, case.feed, REQUEST))


def test_an_old_workbook_too() -> None:
    """.xls, in which times are dates and amounts numbers."""
    feed = CASES[0].feed
    found = file_read(DATA / "1795600000_orders.xls", None, feed, REQUEST)
    assert lines(found) == lines(file_read(DATA / CASES[0].file, None, feed, REQUEST))


@pytest.mark.parametrize("form", ["text", "workbook"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_what_is_damaged_is_said(case: Case, form: str, tmp_path: Path) -> None:
    """Of a damaged export something may still be read, and keeps the contract; nothing raises."""
    chance = random.Random(f"{case.source} {form}")
    spelling = SPELLINGS["formulas" if form == "text" else "xlsx"]
    body = spelling(case, rows_of(case))
    path = tmp_path / case.file
    for _ in range(MUTATIONS):
        path.write_bytes(damaged(damaged(body, chance), chance))
        found = file_read(path, chance.choice([None, case.source]), case.feed, REQUEST)
        for message in found.outcome.messages:
            kept(message)


def kept(message: Canonical) -> None:
    """Raise where a message does not keep the contract."""
    model = OrderPaid if message.topic == "order-paid" else TrackingUpdate
    arrival_us = int(ARRIVED_AT.timestamp() * 1_000_000)
    model.model_validate(message.value, context={"arrival_us": arrival_us})
