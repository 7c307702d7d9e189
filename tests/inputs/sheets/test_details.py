"""What single cells, rows and files of exports become, and with which words others are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.workbooks import workbook

from streams.inputs.opened import Opened
from streams.inputs.sheets.carriers import carrier_in
from streams.inputs.sheets.form import FormError
from streams.inputs.sheets.imported import Imported, exported, file_read
from streams.inputs.sheets.mapping import from_toml, suggested
from streams.inputs.sheets.owners import all_scoped, owners
from streams.inputs.sheets.registry import FORMS
from streams.inputs.sources.payload import Feed, Payload
from streams.reference.places import at_start

ARRIVED_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SHOP = Feed(shop_id="s-1")
DOUYIN = "主订单编号,支付完成时间,订单状态,商品ID,商家编码,商品数量,快递信息,发货时间"
PAID = "2026-11-20 10:00:00"


def read(
    path: Path, text: str | bytes, feed: Feed = SHOP, source: str | None = "douyin", **more: Any
) -> Imported:
    """What a file of this content becomes."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file_read(path, source, feed, Payload(b"", ARRIVED_AT), **more)


def values(found: Imported) -> list[dict[str, Any]]:
    """The messages of a file of which nothing is refused."""
    assert found.outcome.refusals == []
    return [message.value or {} for message in found.outcome.messages]


def reasons(found: Imported) -> list[str]:
    """Why rows were refused, as sentences; none of them became a message."""
    assert found.outcome.messages == []
    return [f"{reason}: {why}" for reason, why in found.outcome.refusals]


@pytest.mark.parametrize(
    "sent", ["'1001", '"=""1001"""', '"\t1001"', "No:1001", "\u200b1001\ufeff", "１００１", "`1001"]
)
def test_an_id_is_what_stands_between_a_spreadsheets_signs(tmp_path: Path, sent: str) -> None:
    """Tab, apostrophe, formula, prefix, marks and width are no part of it."""
    (order,) = values(read(tmp_path / "o.csv", f"{DOUYIN}\n{sent},{PAID}\n"))
    assert order["order_id"] == "1001"


def test_what_looks_like_a_prefix_inside_of_an_id_is_its_own(tmp_path: Path) -> None:
    """And a place that is masked is none."""
    text = f"{DOUYIN},省,市\nPIANO.5,{PAID},,,,,,,##YWJj,杭州*\n"
    (order,) = values(read(tmp_path / "o.csv", text))
    assert (order["order_id"], order.get("recipient")) == ("PIANO.5", None)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"6.9E+18,{PAID}", "damaged_id: line 2: 主订单编号 is '6.9E+18': a spreadsheet has destr"),
        (f"-,{PAID}", "no_order: line 2: the row has no order id"),
        ("1001,soon", "bad_time: line 2: 支付完成时间 is no time: 'soon'"),
        ("1001,2009-11-20 10:00:00", "implausible_time: line 2: order 1001: its payment or update"),
        (f"1001,{PAID},,1;2,a;b;c,1", "bad_row: line 2: 商品ID holds 2 items, others 3"),
        (
            f"1001,{PAID},a,b,c,1,d,e,f",
            "bad_row: line 2: the row has 9 cells, the header 8",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_said(tmp_path: Path, row: str, said: str) -> None:
    """With its line, the column, what stands there and why it will not do."""
    (sentence,) = reasons(read(tmp_path / "o.csv", f"{DOUYIN}\n{row}\n"))
    assert sentence.startswith(said)


def test_bytes_that_are_no_characters_are_refused(tmp_path: Path) -> None:
    """In the row that holds them; an id of more than 512 characters too."""
    text = f"{DOUYIN}\n1,{PAID},已发货\n".encode() + b"\xff2,2026-11-20 10:00:00,\n"
    found = read(tmp_path / "o.csv", text + b"3" * 513 + b",2026-11-20 10:00:00,\n")
    assert [message.key for message in found.outcome.messages] == ["1"]
    assert [f"{reason}: {why}" for reason, why in found.outcome.refusals] == [
        "invalid_utf8: line 3: 主订单编号 holds bytes that are no characters",
        "wrong_type: line 4: 主订单编号 has 513 characters, 512 are allowed",
    ]


def test_an_id_that_a_workbook_holds_as_a_number_may_be_another(tmp_path: Path) -> None:
    """From sixteen digits on it is refused."""
    rows = [["主订单编号", "支付完成时间"], [6917926768823643751, PAID], [1001, PAID]]
    found = read(tmp_path / "o.xlsx", workbook(*rows))
    assert [message.key for message in found.outcome.messages] == ["1001"]
    (refusal,) = found.outcome.refusals
    assert refusal.reason == "damaged_id"
    assert refusal.message.startswith("line 2: 主订单编号 is the number 6.917926768823644e+18")


@pytest.mark.parametrize(
    ("source", "header", "lacking"),
    [
        ("douyin", "主订单编号,子订单编号,订单状态", "支付完成时间 or 订单提交时间"),
        ("taobao", "订单编号,买家会员名,物流单号", "订单付款时间 or 订单创建时间"),
        ("shopify", "Name,Email,Financial Status,Paid at", "Id"),
        ("shipstation", "Order - Number,Date - Shipped Date,Shipment - Carrier", "Shipment - Tra"),
        (
            "kuaidi100",
            "快递单号,快递公司,物流状态",
            "最新物流时间 or 揽收时间 or 签收时间 or 物流轨迹",
        ),
    ],
)
@pytest.mark.parametrize("told", [True, False])
def test_a_file_without_a_column_names_it(
    tmp_path: Path, source: str, header: str, lacking: str, told: bool
) -> None:
    """Also where nobody says whose it is; nothing of it is made up."""
    found = read(tmp_path / "o.csv", f"{header}\n1,2,3\n", source=source if told else None)
    (sentence,) = reasons(found)
    assert sentence.startswith(f"unreadable: the header in line 1 lacks {lacking}")


@pytest.mark.parametrize(
    ("source", "content", "said"),
    [
        (None, "a,b\n1,2\n", "has none of the known columns"),
        (None, "{}", "is no table: say whose it is, with --as"),
        (None, "", "holds no table"),
        ("douyin", "<html><table>", "is a web page or XML"),
        ("douyin", b"PK\x03\x04damaged", "is damaged"),
        ("douyin", "{}", "there is neither shop_order_detail nor route_node_list"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, source: str | None, content: str | bytes, said: str
) -> None:
    """In one sentence, as one refusal."""
    (sentence,) = reasons(read(tmp_path / "o", content, source=source))
    assert said in sentence


def test_orders_need_a_shop(tmp_path: Path) -> None:
    """Where no column names one."""
    (sentence,) = reasons(read(tmp_path / "o.csv", f"{DOUYIN}\n1001,{PAID}\n", Feed()))
    assert "names no shop" in sentence


def test_a_status_that_no_table_has_is_counted_and_the_order_open(tmp_path: Path) -> None:
    """A guess in the other direction would silence warnings."""
    found = read(tmp_path / "o.csv", f"{DOUYIN}\n1001,{PAID},审核中\n")
    assert values(found)[0].get("state") is None
    assert found.outcome.unknown == {"订单状态: 审核中": 1}


def test_a_payment_that_is_not_there_is_the_orders_time_estimated(tmp_path: Path) -> None:
    """Also a day without a time of day is estimated; what was never paid is no order."""
    header = "订单编号,订单创建时间,订单付款时间,订单状态\n"
    rows = (
        "1,2026-11-20 09:00:00,,交易成功\n2,,2026/11/20,交易成功\n3,2026-11-20 09:00:00,,交易关闭\n"
    )
    found = read(tmp_path / "o.csv", header + rows, source="taobao")
    assert [(each["paid_at"], each["paid_at_quality"]) for each in values(found)] == [
        ("2026-11-20T09:00:00+08:00", "estimated"),
        ("2026-11-20T00:00:00+08:00", "estimated"),
    ]
    assert found.outcome.passed == {"not_paid": 1}


def test_rows_of_one_order_are_one_with_all_items(tmp_path: Path) -> None:
    """A row that is there twice adds nothing; it is over when all its rows are."""
    header = "主订单编号,子订单编号,支付完成时间,商家编码,商品数量,订单应付金额,售后状态\n"
    rows = (
        f"1,1,{PAID},A,1,10.00,退款成功\n2,3,{PAID},A,1,5.00,退款成功\n1,2,{PAID},A,1,20.50,-\n"
        f"1,2,{PAID},A,1,20.50,-\n2,4,{PAID},B,2,5.00,退款成功\n"
    )
    found = read(tmp_path / "o.csv", header + rows)
    one, two = values(found)
    assert one["items"] == [{"sku_id": "A", "quantity": 1}] * 2
    assert (one["amount_paid"], one.get("state")) == (3050, None)
    assert two["items"] == [{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 2}]
    assert (two["amount_paid"], two["state"], two["closed_reason"]) == (1000, "closed", "退款成功")
    assert found.outcome.passed == {"repeated_row": 1}


def test_a_sub_order_in_two_parcels_has_both(tmp_path: Path) -> None:
    """Its row is there twice, with another number; the item is one."""
    header = "主订单编号,子订单编号,支付完成时间,商家编码,快递信息,发货时间\n"
    row = "1,1,{paid},A,{number}-顺丰速运,2026-11-20 18:00:00\n"
    rows = [row.format(paid=PAID, number=number) for number in ("SF1", "SF2")]
    order, *uploads = values(read(tmp_path / "o.csv", header + "".join(rows)))
    assert order["items"] == [{"sku_id": "A", "quantity": 1}]
    assert [each["tracking_number"] for each in uploads] == ["SF1", "SF2"]


def test_merged_cells_are_divided_where_their_number_fits(tmp_path: Path) -> None:
    """One number of pieces for several items can't be, unless it is one each."""
    rows = f"1,{PAID},,p1;p2,a;b,2\n2,{PAID},,p1;p2,a;b,5\n3,{PAID},,p1;p2,a;b,4;1\n"
    found = read(tmp_path / "o.csv", f"{DOUYIN}\n{rows}")
    pieces = [[item["quantity"] for item in order["items"]] for order in values(found)]
    assert pieces == [[1, 1], [1, 1], [4, 1]]
    assert found.outcome.passed == {"quantity_not_divided": 1}


def test_an_upload_without_a_time_has_the_exports(tmp_path: Path) -> None:
    """Estimated; where nobody knows that either, there is none, and it is counted."""
    text = f"{DOUYIN}\n1,{PAID},已发货,,,,SF-1-顺丰速运;YT2-圆通,\n"
    found = read(tmp_path / "o.csv", text)
    assert len(values(found)) == 1
    assert found.outcome.passed == {"upload_without_time": 2}
    made_at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    found = read(tmp_path / "o.csv", text, exported_at=made_at)
    uploads = [each for each in values(found) if "tracking_number" in each]
    assert [(each["carrier"], each["tracking_number"]) for each in uploads] == [
        ("sf", "SF-1"),
        ("yto", "YT2"),
    ]
    assert {each["occurred_at"] for each in uploads} == {made_at.isoformat()}
    assert {each["time_quality"] for each in uploads} == {"estimated"}


@pytest.mark.parametrize(
    ("form", "name", "at"),
    [
        ("douyin", "1795600000_abc (1).csv", datetime(2026, 11, 25, 9, 46, 40, tzinfo=UTC)),
        ("douyin", "1995600000_abc.csv", None),
        ("douyin", "17956000001_abc.csv", None),
        ("taobao", "ExportOrderList202611251830.csv", datetime(2026, 11, 25, 10, 30, tzinfo=UTC)),
        ("taobao", "ExportItemlList202611251830.xlsx", datetime(2026, 11, 25, 10, 30, tzinfo=UTC)),
        ("taobao", "ExportOrderList202613251830.csv", None),
        ("shopify", "1795600000_abc.csv", None),
    ],
)
def test_names_of_files_that_say_when_they_were_made(
    form: str, name: str, at: datetime | None
) -> None:
    """As the marketplaces name them; a time that can't be is none."""
    assert exported(name, FORMS[form], ARRIVED_AT) == at


def test_a_date_of_a_shipment_needs_a_zone(tmp_path: Path) -> None:
    """It has none of its own; month first, with or without a time of day."""
    header = "Order - Number,Shipment - Tracking Number,Shipment - Carrier,Date - Ship Date\n"
    text = header + '7,1Z12345E0205271688,UPS,"11/20/2026, 12:05 am"\n'
    (sentence,) = reasons(read(tmp_path / "s.csv", text, Feed(), "shipstation"))
    assert "time without an offset from UTC: say its zone" in sentence
    zoned = Feed(default_zone=ZoneInfo("America/Chicago"))
    (upload,) = values(read(tmp_path / "s.csv", text, zoned, "shipstation"))
    assert upload["occurred_at"] == "2026-11-20T00:05:00-06:00"
    assert upload.get("time_quality") is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("中通快递(杭州)", "zto"),
        ("EMS经济快递", "ems"),
        ("UPS Ground", "ups"),
        ("USPS First Class Mail", "usps"),
        ("DHL SM Parcel Expedited", "dhl"),
        ("Groups Ltd", "groups ltd"),
    ],
)
def test_a_carrier_is_known_by_a_word(name: str, code: str) -> None:
    """Of a branch or a service; a name in no table stays."""
    assert carrier_in(name) == code


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("浙江省 杭州市 余杭区 某路1号", ("浙江省", "杭州市")),
        ("浙江省杭州市****", ("浙江省", "杭州市")),
        ("上海 上海市 浦东新区 某路", ("上海", "上海市")),
        ("北京市朝阳区某路", ("北京市", "")),
        ("吉林市昌邑区某路", ("", "吉林市")),
        ("广东深圳南山区", ("广东", "深圳")),
        ("浙江路5号", ("", "")),
        ("张三 浙江省", ("", "")),
        ("Hebei Street 1", ("", "")),
    ],
)
def test_of_an_address_its_start_is_read(address: str, found: tuple[str, str]) -> None:
    """Province and city, as far as the tables know them."""
    assert at_start(address) == found


def test_batch_results_become_checkpoints(tmp_path: Path) -> None:
    """The newest record by its words, else by the parcel's state; pickup and delivery by theirs."""
    text = (
        "快递单号,快递公司,物流状态,最新物流时间,最新物流信息,揽收时间,签收时间,物流轨迹\n"
        "75123456789012,中通快递,在途,2026-11-21 08:00:00,【杭州中转部】已发出 下一站 【广州】,"
        "2026-11-20 18:00:00,,\n"
        "75123456789013,中通快递,签收,2026-11-22 08:00:00,,,2026-11-22 08:00:00,\n"
        '75123456789014,中通快递,,,,,,"2026-11-20 18:00:00 【杭州市】 已揽收\n'
        '2026-11-21 09:00:00 【广州市】 正在派件\n无记录"\n'
    )
    found = read(tmp_path / "b.csv", text, source="kuaidi100")
    said = [(v["tracking_number"][-2:], v["status"], v["occurred_at"][5:16]) for v in values(found)]
    assert said == [
        ("12", "hub", "11-21T08:00"),
        ("12", "picked_up", "11-20T18:00"),
        ("13", "delivered", "11-22T08:00"),
        ("14", "picked_up", "11-20T18:00"),
        ("14", "out_for_delivery", "11-21T09:00"),
    ]
    assert found.outcome.passed == {"trace_not_read": 1}


def test_ids_of_several_shops_are_named_and_told_apart(tmp_path: Path) -> None:
    """In one file or several; with a scope each is an order of its own, in uploads too."""
    header = f"{DOUYIN},店铺ID\n"
    row = f"1,{PAID},已发货,,,,SF1-顺丰,2026-11-21 10:00:00"
    found = read(tmp_path / "o.csv", f"{header}{row},s-1\n{row},s-2\n2,{PAID},,,,,,,s-1\n")
    assert owners(found.outcome.messages) == {"1": {"douyin s-1", "douyin s-2"}}
    all_scoped(found.outcome, "shop")
    assert owners(found.outcome.messages) == {}
    assert [message.key for message in found.outcome.messages] == [
        *("s-1/1", "sf:SF1", "s-2/1", "sf:SF1", "s-1/2")
    ]
    assert values(found)[1]["order_ids"] == ["s-1/1"]


MAPPED = """
kind = "orders"
platform = "tmall"
shop_id = "s-9"
zone = "Europe/Berlin"
currency = "EUR"
[columns]
"No" = "order_id"
"Paid" = "paid_at time d/m/y"
"Cents" = "amount_paid minor"
"State" = "status"
[statuses]
"gone" = "closed"
"""


def test_any_table_by_a_mapping(tmp_path: Path) -> None:
    """Its columns, zone, currency and statuses are the operator's."""
    (tmp_path / "m.toml").write_text(MAPPED)
    form = from_toml(tmp_path / "m.toml")
    text = "No,Paid,Cents,State,More\n1001,20.11.2026 10:00,1250,GONE,x\n"
    found = read(tmp_path / "o.csv", text, Feed(), form)
    assert values(found) == [
        {
            "order_id": "1001",
            "shop_id": "s-9",
            "platform": "tmall",
            "paid_at": "2026-11-20T10:00:00+01:00",
            "amount_paid": 1250,
            "currency": "EUR",
            "state": "closed",
            "closed_reason": "GONE",
        }
    ]
    assert found.unknown == ["More"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"orders"', '"order"', "kind: is 'order'; allowed are orders, uploads, tracks"),
        (
            '"order_id"',
            '"order_no"',
            "'order_no' is no field; did you mean 'order_id'?",
        ),
        ("time d/m/y", "text", "columns.Paid: paid_at is read as time or time m/d/y or time d/m/y"),
        (
            '"Paid" = ',
            '"Paid" = "-" #',
            "none is paid_at or ordered_at, which orders need",
        ),
        ('"closed"', '"over"', "statuses.gone: is 'over'; allowed are unpaid, paid, rec"),
        ("Europe/Berlin", "Berlin", "zone: 'Berlin' is no time zone"),
        ("platform", "plattform", "plattform: is not known; allowed are"),
        ("[columns]", "[columns", "is no TOML"),
        ("[columns]", "columns = 1\n[other]", "other: is not known"),
    ],
)
def test_a_mapping_that_is_wrong_says_where(tmp_path: Path, old: str, new: str, said: str) -> None:
    """File, key, value, and what is allowed."""
    (tmp_path / "m.toml").write_text(MAPPED.replace(old, new))
    with pytest.raises(FormError) as error:
        from_toml(tmp_path / "m.toml")
    assert said in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'm.toml'}: ")


def test_a_mapping_is_suggested_from_the_header(tmp_path: Path) -> None:
    """It reads the table once what it cannot know is filled in; people's columns stay out."""
    path = tmp_path / "erp.csv"
    path.write_text(
        "ERP\n订单号,付款时间,订单状态,快递单号,快递公司,发货时间,收货人电话,其他\n"
        "1001,2026/11/20 10:00,已发货,75123456789012,中通,2026/11/20 18:00,13800000000,x\n"
        "1002,2026/11/20 10:00,作废,,,,13800000000,x\n"
    )
    text = suggested(Opened(path))
    assert '"订单号" = "order_id"\n' in text
    assert '"收货人电话" = "-" # not read\n"其他" = "-" # not read\n' in text
    assert '"已发货" = "paid"\n"作废" = "paid"\n' in text
    (tmp_path / "m.toml").write_text(text.replace('platform = ""', 'platform = "taobao"'))
    found = file_read(path, from_toml(tmp_path / "m.toml"), SHOP, Payload(b"", ARRIVED_AT))
    assert [message.key for message in found.outcome.messages] == [
        *("1001", "zto:75123456789012", "1002")
    ]


def test_nothing_of_a_person_leaves_a_table(tmp_path: Path) -> None:
    """Names, phones and streets, plain or masked, are in no message, refusal or count."""
    text = (
        "订单编号,订单付款时间,买家会员名,收货人姓名,联系手机,收货地址,订单状态,订单备注,未知列\n"
        "1,2026-11-20 10:00:00,秘密甲,秘密乙,13812345678,浙江省杭州市秘密路1号,交易成功,秘密丙,秘\n"
        "2,soon,秘密甲,秘密乙,13812345678,秘密市秘密路1号,秘密,秘密丙,秘\n"
    )
    found = read(tmp_path / "o.csv", text.replace(",秘密,", ",交易成功,"), source="taobao")
    said = json.dumps([message.as_json() for message in found.outcome.messages], ensure_ascii=False)
    said += repr(found.outcome) + repr(found.remarks) + repr(found.unknown)
    assert "秘" not in said
    assert "13812345678" not in said


OF_ERP = "订单号,店铺,平台,付款时间,快递公司,运单号,发货时间,收货省,收货市,状态,实付"


def test_a_table_of_orders_gets_fields_of_orders_alone(tmp_path: Path) -> None:
    """`状态` is a field of records in other forms: here it closes orders and finds unpaid ones."""
    path = tmp_path / "erp.csv"
    row = f"s-9,douyin,{PAID},圆通速递,YT1,2026-11-21 10:00:00,浙江省,杭州市"
    path.write_text(f"{OF_ERP}\n1,{row},已关闭,9\n2,{row},待付款,9\n3,{row},已发货,9\n", "utf-8")
    text = suggested(Opened(path))
    assert '"状态" = "status"' in text
    mapping = tmp_path / "m.toml"
    mapping.write_text(text, "utf-8")
    for _ in ("as suggested", "without [statuses]"):
        found = file_read(path, from_toml(mapping), Feed(), Payload(b"", ARRIVED_AT))
        orders = [each for each in values(found) if "paid_at" in each]
        assert [(each["order_id"], each.get("state")) for each in orders] == [
            ("1", "closed"),
            ("3", None),
        ]
        assert {(each["shop_id"], each["platform"]) for each in orders} == {("s-9", "douyin")}
        assert [each.get("amount_paid") for each in orders] == [900, 900]
        assert found.outcome.passed["not_paid"] == 1
        mapping.write_text(text[: text.index("# What a status means")], "utf-8")


def test_a_field_that_the_kind_does_not_read_is_refused(tmp_path: Path) -> None:
    """It would be in the file, and say nothing."""
    (tmp_path / "m.toml").write_text('kind = "orders"\n[columns]\nS = "state"\n', "utf-8")
    with pytest.raises(FormError, match=r"columns\.S: 'state' is no field of orders: allowed are"):
        from_toml(tmp_path / "m.toml")


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("78123456789015-中通快递", "zto:78123456789015"),
        ("中通快递-78123456789015", "zto:78123456789015"),
        ("YT123-1-1-圆通速递", "yto:YT123-1-1"),
        ("圆通速递-YT123-1-1", "yto:YT123-1-1"),
        ("SF-123-顺丰速运", "sf:SF-123"),
        ("123-某某快递", "某某快递:123"),
    ],
)
def test_a_number_and_its_carrier_may_stand_either_way(tmp_path: Path, sent: str, key: str) -> None:
    """The carrier is what a table knows, else what stands behind and has no digit."""
    text = f"{DOUYIN}\n1,{PAID},已发货,,,,{sent},2026-11-21 10:00:00\n"
    found = read(tmp_path / "o.csv", text)
    assert [message.key for message in found.outcome.messages] == ["1", key]


@pytest.mark.parametrize("sent", ["某某-78123456789015", "78123456789015", "EMS123-1", "123-"])
def test_a_number_without_a_known_carrier_is_no_upload(tmp_path: Path, sent: str) -> None:
    """The order is there all the same."""
    text = f"{DOUYIN}\n1,{PAID},已发货,,,,{sent},2026-11-21 10:00:00\n"
    found = read(tmp_path / "o.csv", text)
    assert [message.key for message in found.outcome.messages] == ["1"]
    assert [f"{reason}: {why}" for reason, why in found.outcome.refusals] == [
        f"unknown_value: line 2: 快递信息 is {sent!r}, which names no carrier: "
        "NUMBER-CARRIER is expected"
    ]
