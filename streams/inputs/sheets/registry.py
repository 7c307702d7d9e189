"""Every form of spreadsheet, by the name of its source."""

from __future__ import annotations

from streams.inputs.sheets.form import Form, columns_of, statuses_of
from streams.inputs.sources.moments import BEIJING

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="douyin",
            title="抖店 order export",
            kind="orders",
            columns=columns_of("douyin"),
            statuses=statuses_of("douyin"),
            zone=BEIJING,
            platform="douyin",
            currency="CNY",
            stamp=r"(?P<unix>\d{10})(?!\d)",
        ),
        Form(
            name="taobao",
            title="淘宝 天猫 ExportOrderList",
            kind="orders",
            columns=columns_of("taobao"),
            statuses=statuses_of("taobao"),
            zone=BEIJING,
            platform="taobao",
            currency="CNY",
            stamp=r"Export(?:Order|Iteml?)List(?P<local>\d{12})(?!\d)",
        ),
        Form(
            name="shopify",
            title="Shopify orders_export",
            kind="orders",
            columns=columns_of("shopify"),
            statuses=statuses_of("shopify"),
            platform="shopify",
        ),
        Form(
            name="shipstation",
            title="ShipStation shipments report",
            kind="uploads",
            columns=columns_of("shipstation"),
        ),
        Form(
            name="kuaidi100",
            title="快递100 batch result",
            kind="tracks",
            columns=columns_of("kuaidi100"),
            zone=BEIJING,
            codes="kuaidi100",
        ),
        Form(
            name="kdniao",
            title="快递鸟 batch result",
            kind="tracks",
            columns=columns_of("kdniao"),
            zone=BEIJING,
            codes="kdniao",
        ),
    )
}
"""A form more is a table in the source's folder, and an entry here."""
