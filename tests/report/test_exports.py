"""Exports of shops and carriers in a report, as they are: what `import` makes of them is judged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.builders import order
from support.workbooks import workbook

from streams.cli.group import main

Run = Callable[..., Result]
Write = Callable[..., str]

HEADER = "主订单编号,子订单编号,支付完成时间,订单提交时间,订单状态,快递信息,发货时间,承诺发货时间"
PAID, SENT, DUE = "2026-11-20 10:00:00", "2026-11-20 18:00:00", "2026-11-22 10:00:00"
SHOP = ("--shop", "s-1", "--exported-at", "2026-11-25T10:00:00+08:00")


def number(order_id: str) -> str:
    """The tracking number of an order."""
    return f"7812345678{order_id:0>4}"


def row(order_id: str, status: str = "已发货", paid: str = PAID, parcel: str = "") -> str:
    """A row of a 抖店 export."""
    parcel = parcel or f"{number(order_id)}-中通快递"
    return f"{order_id},{order_id},{paid},{PAID},{status},{parcel},{SENT},{DUE}"


def douyin(name: str, *rows: str) -> str:
    """An export with these rows."""
    Path(name).write_text("\n".join((HEADER, *rows, "")))
    return name


def tracks(name: str, *rows: tuple[str, str]) -> str:
    """A batch result of 快递100 as a workbook: (number, its lines)."""
    columns = ("快递单号", "快递公司", "物流轨迹")
    Path(name).write_bytes(workbook(columns, *((each, "中通快递", lines) for each, lines in rows)))
    return name


def body(page: str = "report.html") -> str:
    """A page without what it is made from."""
    return re.sub(r"(Made from: |数据来源：)[^<]*<", "<", Path(page).read_text())


def part(name: str, page: str = "report.html") -> str:
    """One part of a page."""
    found = re.search(rf'<section id="{name}".*?</section>', Path(page).read_text(), re.S)
    assert found
    return found[0]


def test_an_export_gives_the_report_of_its_messages(run: Run, write: Write) -> None:
    """A shop's, a carrier's, one by a mapping and our own messages in one run."""
    write("ours.jsonl", [order("4")])
    Path("erp.csv").write_text(f"单据,付款,店\n5,{PAID},s-9\n")
    Path("erp.toml").write_text(
        'kind = "orders"\nplatform = "douyin"\nzone = "Asia/Shanghai"\n'
        '[columns]\n"单据" = "order_id"\n"付款" = "paid_at"\n"店" = "shop_id"\n'
    )
    export = douyin("export.csv", row("1"), row("2"), row("3", parcel="-"))
    carrier = tracks("tracks.xlsx", (number("1"), "2026-11-20 20:00:00 【杭州市】已揽收"))
    by_map, by_name = ("--map", "erp.toml"), ("--as", "kuaidi100")
    files = (("1", export), ("2", carrier, *by_name), ("3", "erp.csv", *by_map))
    for to, *given in files:
        done = CliRunner().invoke(main, ["import", *given, *SHOP, "--to", to])
        assert done.exit_code == 0
    assert run("1", "2", "ours.jsonl", "3", "--out", "a.html").exit_code == 0
    direct = run(
        *(export, carrier, "ours.jsonl", "erp.csv", *by_map, *by_name, *SHOP, "--out", "b.html")
    )
    assert direct.exit_code == 0
    assert body("a.html") == body("b.html")
    assert "export.csv: 抖店 order export (douyin): 3 orders, 2 uploads, 0 refused" in direct.stderr
    assert direct.stderr.splitlines()[-2] == "5 orders, 2 parcels"


def test_what_import_refuses_or_marks_is_in_the_report(run: Run) -> None:
    """With file, line and field, in the page and on standard error; the other rows are judged."""
    one = douyin(
        "one.csv",
        row("1", paid="-"),
        row("6.9E+18"),
        row("2", status="怪状态"),
        row("2", status="怪状态"),
        row("3", parcel="无单号"),
    )
    two = douyin("two.csv", row("1"))
    Path("two.csv").write_text(Path(two).read_text().replace("承诺发货时间", "承诺发货时间,店铺ID"))
    Path("two.csv").write_text(Path(two).read_text().rstrip() + ",s-2\n")
    done = run(one, two, *SHOP, "--lang", "en")
    assert done.exit_code == 3
    said = part("problems")
    for each in (
        "one.csv: unknown_value: line 6: 快递信息 is '无单号', which names no carrier",
        "one.csv: damaged_id: line 3: 主订单编号 is '6.9E+18'",
        "one.csv: repeated_row: 1",
        "one.csv: the times of 1 order are estimated",
    ):
        assert each in done.stderr
    for each in (
        "one.csv: line 6: 快递信息",
        "one.csv: line 3: 主订单编号",
        "one.csv: repeated_row: 1",
        "one.csv: &#x27;订单状态: 怪状态&#x27; (1)",
        "Orders whose time of payment is a guess",
        "1 (s-1 of douyin, s-2 of douyin)",
    ):
        assert each in said


def test_what_looks_personal_in_a_wrong_cell_is_not_on_the_page(run: Run) -> None:
    """The page may be sent to others: cells that have moved by a column hold phones."""
    done = run(douyin("export.csv", row("1", paid="13800138000"), row("2", "138 0013 8000")), *SHOP)
    assert done.exit_code == 3
    assert "export.csv: line 2: 支付完成时间 is no time: &#x27;…&#x27;" in part("problems")
    assert "138" not in Path("report.html").read_text()


def test_what_a_source_sends_is_read_beside_exports(run: Run, write: Write) -> None:
    """`--as` says whose a payload is; messages of ours and other tables stay what they are."""
    push = {
        "status": "polling",
        "lastResult": {
            "com": "zhongtong",
            "nu": number("1"),
            "state": "0",
            "data": [
                {"ftime": "2026-11-20 20:00:00", "context": "【杭州市】已揽收", "statusCode": "1"}
            ],
        },
    }
    Path("push.json").write_text(json.dumps(push, ensure_ascii=False))
    write("ours.jsonl", [order("2")])
    files = [douyin("export.csv", row("1")), "push.json", "ours.jsonl"]
    without = run(*files, *SHOP)
    assert without.exit_code == 2
    assert "push.json: is no table: say whose it is, with --as" in without.stderr
    done = run(*files, *SHOP, "--as", "kuaidi100")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[-2] == "2 orders, 1 parcel"
    wrong = run("push.json", "--as", "sf")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("scope", [[], ["--scope", "shop"]])
def test_what_an_export_calls_delivered_is_not_accused_of_standing_still(
    run: Run, scope: list[str]
) -> None:
    """Where no movement of it is known; what is only sent is, and so is what has records."""
    export = douyin("export.csv", row("1", status="已完成"), row("2"), row("3", status="已签收"))
    late = tracks("late.xlsx", (number("3"), "2026-11-23 20:00:00 【杭州市】已揽收"))
    alone = run(export, *SHOP, *scope, "--lang", "en")
    assert alone.exit_code == 0
    page = Path("report.html").read_text()
    assert re.findall(r"Orders that their export calls delivered.*?<td[^>]*>(\d+)", page) == ["2"]
    assert number("2") in part("breached")
    assert number("1") not in part("breached") + part("shops") + part("stories")
    assert run(export, late, "--as", "kuaidi100", *SHOP, *scope, "--lang", "en").exit_code == 0
    page = Path("report.html").read_text()
    assert re.findall(r"Orders that their export calls delivered.*?<td[^>]*>(\d+)", page) == ["1"]


def test_an_order_that_was_received_still_proves_that_its_number_is_used_again(run: Run) -> None:
    """It is not judged itself, nor is its lateness of the new order's making."""
    first = row("1", status="已完成", parcel="78123456780001-中通快递")
    again = row("2", parcel="78123456780001-中通快递").replace("18:00:00", "19:00:00")
    header = f"{HEADER},省"
    Path("export.csv").write_text(f"{header}\n{first},广东省\n{again},四川省\n")
    run("export.csv", *SHOP, "--lang", "en")
    assert "78123456780001" in part("held")


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (f"{HEADER}\n{row('1')}\n", [], "names no shop: say it, with --shop"),
        (
            "主订单编号,订单状态\n1,已发货\n",
            ["--shop", "s"],
            "as an export: the header in line 1 lacks",
        ),
        ("a=1&b=2", [], "is no table: say whose it is, with --as"),
        ("<a/>", ["--as", "wechat"], "x: "),
        ("单据\n1\n", ["--map", "map.toml"], "as an export: the header in line 1"),
    ],
)
def test_an_export_that_cannot_be_read_is_refused(
    run: Run, content: str, more: list[str], words: str
) -> None:
    """In one sentence, before anything is written."""
    Path("x").write_text(content)
    Path("map.toml").write_text(
        'kind = "orders"\n[columns]\n"编号" = "order_id"\n"付款" = "paid_at"\n'
    )
    done = run("x", *more)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("report.html").exists()


def test_half_a_character_breaks_nothing(run: Run) -> None:
    """JSON can say it, UTF-8 cannot: it stays escaped, by way of `import` and at once."""
    line = {"ftime": "2026-11-20 20:00:00", "context": "已揽收", "statusCode": "1"}
    last = {"com": "zhongtong", "nu": "7812\ud8005678", "state": "0", "data": [line]}
    Path("push.json").write_text(json.dumps({"status": "polling", "lastResult": last}))
    done = CliRunner().invoke(
        main, ["import", "push.json", "--as", "kuaidi100", "--to", "messages.jsonl"]
    )
    assert (done.exit_code, done.exception) == (0, None)
    for page, *files in (("a", "messages.jsonl"), ("b", "push.json", "--as", "kuaidi100")):
        assert run(*files, "--out", f"{page}.html").exit_code == 0
    assert body("a.html") == body("b.html")


@pytest.mark.parametrize("scope", [[], ["--scope", "shop"]])
def test_the_end_of_an_order_needs_its_owner(run: Run, scope: list[str]) -> None:
    """A push that an order was cancelled names no shop: with `--scope` it would end nobody's."""
    data = {"order_id": "1", "order_status": "CANCELLED", "update_time": 1_795_500_000}
    Path("push.json").write_text(json.dumps({"type": 1, "shop_id": "7", "data": data}))
    done = run(douyin("export.csv", row("1")), "push.json", "--as", "tiktok", *SHOP, *scope)
    assert done.exit_code == (3 if scope else 0)
    refused = "push.json: missing_field: the end of order 1 names no shop"
    assert (refused in done.stderr) is bool(scope)
    assert ("s-1/1" in part("breached")) is bool(scope)
