"""Tables: the header is checked before any row, and a row becomes a message or a refusal."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.reading import refused, rows_of
from support.workbooks import workbook

from streams.inputs.cells import Reading
from streams.inputs.messages import ORDERS, TRACKING
from streams.profiles.money import decimals_of

HEADER = "order_id,shop_id,platform,paid_at"
ROW = "1001,s-1,douyin,2026-08-20T10:00:00+08:00"
BEIJING = Reading(ZoneInfo("Asia/Shanghai"))
MAJOR = Reading(decimals=decimals_of)
TEN = datetime(2026, 8, 20, 10)  # noqa: DTZ001 - a cell of a spreadsheet


def one(path: Path, content: str | bytes, reading: Reading | None = None) -> dict[str, Any]:
    """The only message of a file, which has no bad line."""
    (found,), bad, _ = rows_of(path, content, reading)
    assert bad == []
    value: dict[str, Any] = json.loads(found.raw)
    return value


def fault(path: Path, content: str | bytes, reading: Reading | None = None) -> tuple[Any, ...]:
    """Line, reason, field and sentence of a file's only bad line; it has no other."""
    found, (bad,), _ = rows_of(path, content, reading)
    assert found == []
    return bad.number, *(bad.bad.reason, bad.bad.field, bad.bad.message)


def with_column(name: str, cell: str) -> str:
    """A table of one order with one column more."""
    return f"{HEADER};{name}\n{ROW};{cell}\n".replace(",", ";").replace("，", ",")


def sheet(name: str, cell: Any) -> bytes:
    """A workbook of one order with one column more."""
    return workbook([*HEADER.split(","), name], [*ROW.split(","), cell])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "Order No,Shop,Plattform,Paid",
            "the header in line 1 has none of the known columns; found: 'Order No', 'Shop', "
            "'Plattform', 'Paid'; needed: order_id, shop_id, platform, paid_at; "
            "'Order No' may be order_id; 'Shop' may be shop_id; 'Plattform' may be platform",
        ),
        ("order id,shop_id,platform,paid_at", "lacks order_id; found: 'order id', 'shop_id'"),
        ("order id,shop_id,platform,paid_at", "; 'order id' may be order_id"),
        ("order_id,shop_id,platform,shop_ID", "names shop_id twice, in columns 2 and 4"),
        (ROW, "has none of the known columns; found: '1001', 's-1', 'douyin'"),
    ],
)
def test_a_header_that_will_not_do_is_refused(tmp_path: Path, header: str, said: str) -> None:
    """What was found, what is needed, and the nearest known names; no row is judged."""
    assert said in refused(tmp_path / "o.csv", f"{header}\n{ROW}\n")


def test_a_table_of_partial_versions_needs_less(tmp_path: Path, monkeypatch: Any) -> None:
    """With a column `partial` an id and its time are enough."""
    monkeypatch.setitem(ORDERS.columns, "partial", "boolean")
    text = "order_id,updated_at,partial,state\n1001,2026-08-20T10:00:00+08:00,TRUE,closed\n"
    assert one(tmp_path / "o.csv", text)["partial"] is True
    assert "lacks updated_at" in refused(tmp_path / "o.csv", text.replace("updated_at", "at"))


def test_names_are_trimmed_and_folded(tmp_path: Path) -> None:
    """Blanks, marks, case and width do not make another column."""
    header = "\u200bORDER_ID, Shop_Id\t,ｐｌａｔｆｏｒｍ,paid_at\u3000"
    assert one(tmp_path / "o.csv", f"{header}\n{ROW}\n") == one(
        tmp_path / "o.csv", f"{HEADER}\n{ROW}\n"
    )


def test_unknown_columns_are_named(tmp_path: Path) -> None:
    """With the nearest known name; their cells are not read, nor those of one without a name."""
    text = f"{HEADER},promised_ship_bye,备注,\n{ROW},2026-08-30T10:00:00+08:00,王先生,x\n"
    (found,), _, file = rows_of(tmp_path / "o.csv", text)
    assert "王" not in found.raw.decode()
    assert file.unknown == ["promised_ship_bye", "备注"]
    assert file.remarks == [
        "columns that are not known are not read: 'promised_ship_bye', '备注'; "
        "'promised_ship_bye' may be promised_ship_by"
    ]


def test_titles_above_the_header_are_counted(tmp_path: Path) -> None:
    """The header is the row with the most known columns; lines keep their numbers."""
    (found,), _, file = rows_of(tmp_path / "o.csv", f"订单,platform\n\n导出,1\n{HEADER}\n{ROW}\n")
    assert found.number == 5
    assert file.remarks == ["the header is in line 4, 2 lines above it passed over"]


@pytest.mark.parametrize(
    ("rows", "good", "bad"),
    [
        pytest.param([f"{ROW},x", ROW], [3], [(2, "5 cells, the header 4")], id="longer"),
        pytest.param([f"{ROW},, ", ROW], [2, 3], [], id="longer by blanks"),
        pytest.param(['1,"s,douyin', ROW, ROW], [3, 4], [(2, "opens in line 2")], id="unclosed"),
        pytest.param(
            ['1,"s,douyin', ROW, ROW.replace("s-1", '"s-1"'), ROW],
            [3, 4, 5],
            [(2, "opens in line 2")],
            id="unclosed, quotes below",
        ),
        pytest.param(
            ['1,"a', 'b","c', ROW], [4], [(2, "opens in line 3")], id="the second quote of a row"
        ),
        pytest.param([ROW.replace("s-1", 's"1'), ROW], [2, 3], [], id="a quote inside"),
        pytest.param([ROW.replace("s-1", '"s"1'), ROW], [2, 3], [], id="text after a quote"),
        pytest.param([ROW.replace("s-1", '"s\n\n1"'), ROW], [2, 5], [], id="a cell of three lines"),
        pytest.param(['1,"' + "x\n" * 3_000, ROW], [3_003], None, id="unclosed, 3,000 lines"),
        pytest.param([",,,", "", " , ", ROW], [5], [], id="blank rows"),
        pytest.param([ROW.rpartition(",")[0]], [2], [], id="shorter"),
    ],
)
def test_rows_that_break_the_form(
    tmp_path: Path, rows: list[str], good: list[int], bad: list[tuple[int, str]] | None
) -> None:
    """A bad row is named by the line where it begins, and takes no neighbour with it."""
    found, refusals, _ = rows_of(tmp_path / "o.csv", "\n".join([HEADER, *rows, ""]))
    numbers = [line.number for line in found]
    if bad is None:
        assert (refusals[0].number, refusals[0].bad.reason) == (2, "bad_row")
        assert numbers[-1:] == good
        return
    assert numbers == good
    assert [(line.number, line.bad.reason) for line in refusals] == [
        (number, "bad_row") for number, _ in bad
    ]
    for line, (_, said) in zip(refusals, bad, strict=True):
        assert said in line.bad.message


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("1001", ["1001"]),
        ("1001,1002", ["1001", "1002"]),
        ("1001; 1002;", ["1001", "1002"]),
        ("1001；1002，1003、1004|1005", ["1001", "1002", "1003", "1004", "1005"]),
        ("1001\n1002\r\n1003", ["1001", "1002", "1003"]),
        ('["1001", "1,2"]', ["1001", "1,2"]),
    ],
)
def test_lists_in_a_cell(tmp_path: Path, cell: str, ids: list[str]) -> None:
    """Each separator, and JSON; blank parts are none."""
    header = "carrier,tracking_number,status,occurred_at,order_ids"
    quoted = cell.replace('"', '""')
    text = f'{header}\nzto,78123456789012,ordered,2026-08-20T10:00:00+08:00,"{quoted}"\n'
    (found,), _, _ = rows_of(tmp_path / "t.csv", text, message=TRACKING)
    assert json.loads(found.raw)["order_ids"] == ids


@pytest.mark.parametrize("cell", ["", " ", "\u3000", "\xa0 "])
def test_a_blank_cell_is_absent(tmp_path: Path, cell: str) -> None:
    """Whatever blank it is, in CSV and in a workbook."""
    assert "currency" not in one(tmp_path / "o", with_column("currency", cell))
    assert "currency" not in one(tmp_path / "o", sheet("currency", cell))


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("2026-08-20 10:00:00 +0800", "2026-08-20 10:00:00+0800"),
        ("2026-08-20T10:00:00  +08:00", "2026-08-20T10:00:00+08:00"),
        ("2026-08-20 02:00:00 UTC", "2026-08-20 02:00:00Z"),
        ("２０２６-08-20T10:00:00+08:00", "2026-08-20T10:00:00+08:00"),
        ("2026-08-20 10:00:00", "2026-08-20 10:00:00"),
        ("2026/8/20 10:00", "2026/8/20 10:00"),
    ],
)
def test_times_as_text(tmp_path: Path, cell: str, sent: str) -> None:
    """A blank before the offset is taken out; without --zone no offset is added."""
    assert one(tmp_path / "o", with_column("updated_at", cell))["updated_at"] == sent


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("2026-08-20 10:00:00", "2026-08-20T10:00:00+08:00"),
        ("2026/8/20 9:05", "2026-08-20T09:05:00+08:00"),
        ("2026-08-20 10:00:00.250", "2026-08-20T10:00:00.250000+08:00"),
        ("2026-08-20 10:00:00 +0100", "2026-08-20 10:00:00+0100"),
        ("2026/8/20", "2026-08-20T00:00:00+08:00"),
        ("2026/13/20 9:05", "2026/13/20 9:05"),
        (TEN, "2026-08-20T10:00:00+08:00"),
        (date(2026, 8, 20), "2026-08-20T00:00:00+08:00"),
    ],
)
def test_times_in_a_zone(tmp_path: Path, cell: Any, sent: str) -> None:
    """`--zone` is of date cells and of texts without an offset; a stated offset stands."""
    found = one(tmp_path / "o", sheet("updated_at", cell), BEIJING)
    assert found["updated_at"] == sent
    assert "paid_at_quality" not in found


def test_a_day_is_an_estimated_time(tmp_path: Path) -> None:
    """Its first moment, said to be estimated; what the row says of it stands."""
    header = ["order_id", "shop_id", "platform", "paid_at"]
    content = workbook(header, ["1", "s", "douyin", date(2026, 8, 20)])
    found = one(tmp_path / "o", content, BEIJING)
    assert (found["paid_at"], found["paid_at_quality"]) == (
        "2026-08-20T00:00:00+08:00",
        "estimated",
    )


def test_a_date_cell_needs_a_zone(tmp_path: Path) -> None:
    """The refusal says which option; the row is counted, not guessed at."""
    line, reason, field, message = fault(tmp_path / "o", sheet("updated_at", TEN))
    assert (line, reason, field) == (2, "naive_time", "updated_at")
    assert "2026-08-20 10:00:00" in message
    assert "--zone Asia/Shanghai" in message


@pytest.mark.parametrize(
    ("cell", "currency", "minor"),
    [
        ("129.00", "CNY", 12_900),
        ("129", "CNY", 12_900),
        ("0.1", "CNY", 10),
        ("1，299.50", "CNY", 129_950),
        ("1300", "JPY", 1_300),
        ("1.305", "KWD", 1_305),
        ("129.9", "", 12_990),
        (129.9, "CNY", 12_990),
        (129.0, "CNY", 12_900),
    ],
)
def test_money_in_major_units(tmp_path: Path, cell: Any, currency: str, minor: int) -> None:
    """By the decimals of the row's currency, exactly, also where a spreadsheet has it as float."""
    rows = [[*HEADER.split(","), "amount_paid", "currency"], [*ROW.split(","), cell, currency]]
    if isinstance(cell, str):
        rows[1][4] = cell.replace("，", ",")
    assert one(tmp_path / "o", workbook(*rows), MAJOR)["amount_paid"] == minor


@pytest.mark.parametrize(
    ("cell", "reading", "said"),
    [
        ("129.00", None, "a whole number of minor units (fen, cents) is allowed; --money major"),
        ("¥129", MAJOR, "a number with at most 2 decimals is allowed"),
        ("129.005", MAJOR, "a number with at most 2 decimals is allowed"),
        ("12,9.00", MAJOR, "a number with at most 2 decimals is allowed"),
        ("九块", MAJOR, "a number with at most 2 decimals is allowed"),
    ],
)
def test_money_that_is_none(tmp_path: Path, cell: str, reading: Reading | None, said: str) -> None:
    """Field, value and what is allowed."""
    found = fault(tmp_path / "o", sheet("amount_paid", cell), reading)
    assert found[:3] == (2, "wrong_type", "amount_paid")
    assert found[3] == f"amount_paid is {cell!r}: {said}" or said in found[3]


@pytest.mark.parametrize(
    ("cell", "sent"),
    [(1001.0, "1001"), (78123456789012.0, "78123456789012"), (999_999_999_999_999, "9" * 15)],
)
def test_a_number_of_a_workbook_is_an_id(tmp_path: Path, cell: float, sent: str) -> None:
    """Its digits, up to the fifteen that a spreadsheet keeps."""
    assert one(tmp_path / "o", sheet("closed_reason", cell))["closed_reason"] == sent


@pytest.mark.parametrize("cell", [10**15, 4920000000000000001, 4.92e18, TEN, date(2026, 1, 2)])
def test_an_id_that_a_spreadsheet_damaged(tmp_path: Path, cell: Any) -> None:
    """More digits than it keeps, or a date made of the text: refused, never shortened."""
    content = workbook(HEADER.split(","), [cell, *ROW.split(",")[1:]])
    line, reason, field, message = fault(tmp_path / "o", content, BEIJING)
    assert (line, reason, field) == (2, "damaged_id", "order_id")
    assert "spreadsheet" in message


def test_rows_of_one_order_are_put_together(tmp_path: Path) -> None:
    """One row an item: all items in one message, repeats once, wherever in the file they stand."""
    rows = [
        f"{ROW},p1,2",
        f"{ROW.replace('1001', '1002')},p9,",
        f"{ROW},p2,1",
        f"{ROW},p1,2",
        f"{ROW.replace('s-1', 's-2')},p3,1",
    ]
    text = "\n".join([f"{HEADER},items.product_id,items.quantity", *rows])
    found, bad, file = rows_of(tmp_path / "o.csv", text)
    assert bad == []
    assert [(line.number, json.loads(line.raw)["items"]) for line in found] == [
        (2, [{"product_id": "p1", "quantity": 2}, {"product_id": "p2", "quantity": 1}]),
        (3, [{"product_id": "p9"}]),
        (6, [{"product_id": "p3", "quantity": 1}]),
    ]
    assert file.differing == {"1001"}
    assert file.lines == 5


def test_rows_that_repeat_stay_repeats(tmp_path: Path) -> None:
    """Another time is another version, and an order without items is no more than itself."""
    later = ROW.replace("10:00:00", "10:00:01")
    found, _, _ = rows_of(tmp_path / "o.csv", f"{HEADER},items\n{ROW},\n{ROW},\n{later},\n")
    assert [line.number for line in found] == [2, 4]
    assert all("items" not in json.loads(line.raw) for line in found)


def test_a_merged_cell_says_the_same_of_each_row(tmp_path: Path) -> None:
    """An order merged over the rows of its items; the row below has cells of its own."""
    rows = [
        [*HEADER.split(","), "items.product_id"],
        [*ROW.split(","), "p1"],
        [None, None, None, None, "p2"],
        [*ROW.replace("1001", "1002").split(","), "p3"],
        [None, *ROW.split(",")[1:], "p4"],
    ]
    content = workbook(*rows, first=2, merged=["A3:A4", "B3:B4", "C3:C4", "D3:D4"])
    found, bad, _ = rows_of(tmp_path / "o", content)
    assert bad == []
    values = [json.loads(line.raw) for line in found]
    assert [
        (line.number, value.get("order_id")) for line, value in zip(found, values, strict=True)
    ] == [
        (3, "1001"),
        (5, "1002"),
        (6, None),
    ]
    assert [len(value["items"]) for value in values] == [2, 1, 1]
