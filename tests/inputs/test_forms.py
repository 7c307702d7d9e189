"""The form of a file is told by its content: encodings, JSON, delimiters, workbooks, or none."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import os
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.reading import refused, rows_of, shop_file
from support.workbooks import Raw, workbook, write

from streams.inputs.files import BadLine

HEADER = "order_id,shop_id,platform,paid_at,recipient.province"
ROWS = (
    "1001,s-1,douyin,2026-08-20T10:00:00+08:00,广东省",
    "1002,s-1,douyin,2026-08-20T10:00:01+08:00,北京",
)
CSV = "\n".join([HEADER, *ROWS, ""])
MESSAGES: list[dict[str, Any]] = [
    {
        "order_id": order_id,
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": f"2026-08-20T10:00:0{second}+08:00",
        "recipient": {"province": province},
    }
    for second, (order_id, province) in enumerate((("1001", "广东省"), ("1002", "北京")))
]
LINES = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in MESSAGES)
SHEET = [line.split(",") for line in (HEADER, *ROWS)]
XLS = (Path(__file__).parents[1] / "data" / "orders.xls").read_bytes()


def zipped(**files: str) -> bytes:
    """A zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def indented(value: Any) -> str:
    """JSON over many lines."""
    return json.dumps(value, indent=1, ensure_ascii=False)


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        pytest.param(CSV.encode(), (2, 3), id="UTF-8"),
        pytest.param(CSV.encode("utf-8-sig"), (2, 3), id="UTF-8 with a mark"),
        pytest.param(CSV.encode("gb18030"), (2, 3), id="GB18030"),
        pytest.param(CSV.encode("utf-16"), (2, 3), id="UTF-16 with a mark"),
        pytest.param(
            codecs.BOM_UTF16_BE + CSV.replace(",", "\t").encode("utf-16-be"),
            (2, 3),
            id="Excel's Unicode text, the other way round",
        ),
        pytest.param(CSV.encode("utf-16-le"), (2, 3), id="UTF-16 without a mark"),
        pytest.param(gzip.compress(CSV.encode("gb18030")), (2, 3), id="packed GB18030"),
        pytest.param(CSV.replace(",", ";").encode(), (2, 3), id="semicolons"),
        pytest.param(CSV.replace(",", "\t").encode(), (2, 3), id="tabs"),
        pytest.param(f"sep=;\r\n{CSV.replace(',', ';')}".encode(), (3, 4), id="sep=;"),
        pytest.param(f'"sep=|"\n{CSV.replace(",", "|")}'.encode(), (3, 4), id="sep=|"),
        pytest.param(CSV.replace("\n", "\r\n").encode(), (2, 3), id="CRLF"),
        pytest.param(CSV.replace("\n", "\r").encode(), (2, 3), id="CR"),
        pytest.param(CSV.replace("\n", ",,\n").encode(), (2, 3), id="delimiters at the end"),
        pytest.param(f"八月订单,,\n\n{CSV}".encode(), (4, 5), id="a title"),
        pytest.param(LINES.encode(), (1, 2), id="JSON Lines"),
        pytest.param(LINES.encode("utf-8-sig"), (1, 2), id="JSON Lines with a mark"),
        pytest.param(LINES.encode("gb18030"), (1, 2), id="JSON Lines in GB18030"),
        pytest.param(LINES.encode("utf-16"), (1, 2), id="JSON Lines in UTF-16"),
        pytest.param(LINES.replace("\n", "\r").encode(), (1, 2), id="JSON Lines with CR"),
        pytest.param(json.dumps(MESSAGES).encode(), (1, 1), id="an array on one line"),
        pytest.param(indented(MESSAGES).encode(), (2, 11), id="an array over many lines"),
        pytest.param(
            "\n".join(map(indented, MESSAGES)).encode("gb18030"), (1, 10), id="objects one by one"
        ),
        pytest.param(workbook(*SHEET), (2, 3), id="a workbook"),
        pytest.param(gzip.compress(workbook(*SHEET)), (2, 3), id="a packed workbook"),
        pytest.param(workbook(["八月订单"], [], *SHEET, first=3), (6, 7), id="one that begins low"),
    ],
)
@pytest.mark.parametrize("name", ["o.csv", "o.jsonl", "o.xls"])
def test_each_form_says_the_same_under_any_name(
    tmp_path: Path, content: bytes, numbers: tuple[int, ...], name: str
) -> None:
    """The same messages, each with the line where it begins."""
    found, bad, _ = rows_of(tmp_path / name, content)
    assert bad == []
    assert [json.loads(line.raw) for line in found] == MESSAGES
    assert tuple(line.number for line in found) == numbers


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf", b" \n\n", HEADER.encode(), workbook(), workbook(SHEET[0])]
)
def test_nothing_in_it_is_no_fault(tmp_path: Path, content: bytes) -> None:
    """Empty, blank, or only a header: no message, no bad line."""
    assert rows_of(tmp_path / "o.csv", content)[:2] == ([], [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><table><tr><td>order_id", "web page or XML"),
        (codecs.BOM_UTF16_LE + "<table><tr>".encode("utf-16-le"), "web page or XML"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook>', "web page or XML"),
        (b"%PDF-1.7 order_id", "is a PDF"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (zipped(a=CSV, b=CSV), "is a zip archive of 2 files: unpack it"),
        (workbook(*SHEET)[:300], "is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged .xlsx or .xls"),
        (XLS[:2_000], "damaged .xlsx or .xls"),
        (bytes(range(256)) * 8, "no text and no spreadsheet"),
        (json.dumps({"code": 0, "data": MESSAGES}).encode(), "'data' alone"),
        (indented({"code": 0, "data": MESSAGES}).encode(), "'data' alone"),
        (
            workbook(*SHEET, [None] * 800 + ["x"], first=1_040_000),
            "a cell far out, in column ADU",
        ),
    ],
)
def test_what_holds_no_messages_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """In one sentence that begins with the file and says what it is, before any line is read."""
    path = tmp_path / "o.csv"
    sentence = refused(path, content)
    assert sentence.startswith(f"{path}: ")
    assert said in sentence
    assert "\n" not in sentence


def test_an_old_workbook(tmp_path: Path) -> None:
    """.xls: text and numbers, the first sheet that is not empty, the others named."""
    found, bad, file = rows_of(tmp_path / "o.csv", XLS)
    assert [json.loads(line.raw)["order_id"] for line in found] == ["4920000000000000001"]
    assert json.loads(found[0].raw)["amount_paid"] == 12_900
    assert found[0].number == 3
    assert [(line.number, line.bad.reason, line.bad.field) for line in bad] == [
        (4, "naive_time", "paid_at"),
        (5, "damaged_id", "order_id"),
    ]
    assert any("'orders' is read, not '封面', '备注'" in remark for remark in file.remarks)


def test_hidden_and_empty_sheets_are_passed_over_and_named(tmp_path: Path) -> None:
    """What is read is the first sheet that a person sees anything on."""
    target = io.BytesIO()
    sheets: dict[str, Sequence[Sequence[Any]]] = {
        "封面": [],
        "旧": SHEET[:2],
        "订单": SHEET,
        "备注": [["x"]],
    }
    write(target, sheets, hidden=["旧"])
    found, _, file = rows_of(tmp_path / "o", target.getvalue())
    assert [line.number for line in found] == [2, 3]
    assert file.remarks == ["of its sheets '订单' is read, not '封面', '旧', '备注'"]


def test_a_failed_formula_is_no_empty_cell(tmp_path: Path) -> None:
    """A promise that is #N/A is not the absence of one: the row is refused, its neighbour read."""
    sheet = [
        [*SHEET[0], "promised_ship_by"],
        [*SHEET[1], Raw('t="e"><f>VLOOKUP(1,A:B,2)</f><v>#N/A</v>')],
        [
            *SHEET[2],
            Raw('t="str"><f>"2026-08-22T10:00:00+08:00"</f><v>2026-08-22T10:00:00+08:00</v>'),
        ],
    ]
    (found,), (bad,), _ = rows_of(tmp_path / "o", workbook(*sheet))
    assert json.loads(found.raw)["promised_ship_by"] == "2026-08-22T10:00:00+08:00"
    assert (bad.number, bad.bad.reason, bad.bad.field) == (2, "wrong_type", "promised_ship_by")
    assert "#N/A" in bad.bad.message


def test_another_encoding_is_said(tmp_path: Path) -> None:
    """Which one; of UTF-8 there is nothing to say."""
    path = tmp_path / "o.csv"
    assert rows_of(path, CSV.encode("gb18030"))[2].remarks == [
        "it is not UTF-8: read as GB18030 (GBK)"
    ]
    assert rows_of(path, CSV.encode())[2].remarks == []


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_damaged_row_is_refused_in_the_encoding_of_the_others(
    tmp_path: Path, encoding: str
) -> None:
    """Most lines decide; the one that is none of it is named."""
    content = CSV.encode(encoding) + b"1003,s-1,douyin,2026-08-20T10:00:00+08:00,\xff\xff\n"
    found, (bad,), _ = rows_of(tmp_path / "o.csv", content)
    assert [json.loads(line.raw) for line in found] == MESSAGES
    assert (bad.number, bad.bad.reason) == (4, "invalid_utf8")


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    """What can be read only once is looked at and read all the same."""
    for content in (CSV.encode("gb18030"), workbook(*SHEET), gzip.compress(LINES.encode())):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        file = shop_file(pipe)
        writer.join()
        bad: list[BadLine] = []
        found = list(file.read(bad.append, lambda _: None))
        assert [json.loads(line.raw) for line in found] == MESSAGES
        assert (bad, file.lines) == ([], 2)
        pipe.unlink()


@pytest.mark.parametrize(
    ("content", "good", "bad"),
    [
        pytest.param(
            indented([*MESSAGES, *MESSAGES]).replace('"1002"', "1002x", 1),
            [2, 20, 29],
            [11],
            id="one element is broken",
        ),
        pytest.param(indented(MESSAGES)[:-40], [2], [11], id="cut off in an element"),
        pytest.param(indented(MESSAGES)[:-1], [2, 11], [1], id="cut off before the end"),
        pytest.param(LINES[:30] + "\n" + LINES, [2, 3], [], id="a first line that is cut off"),
        pytest.param('[\n1,\n"x",\nnull]', [2, 3, 4], [], id="elements that are no objects"),
        pytest.param("[" * 100_000, [], [1], id="nested too deep"),
    ],
)
def test_broken_json_is_named_by_line(
    tmp_path: Path, content: str, good: list[int], bad: list[int]
) -> None:
    """Reading goes on where the layout shows the next one; what is no message decoding refuses."""
    found, refusals, _ = rows_of(tmp_path / "o.json", content.encode())
    assert [line.number for line in found if line.raw != LINES[:30].encode()] == good
    assert [line.number for line in refusals] == bad
    assert {line.bad.reason for line in refusals} <= {"not_json"}
