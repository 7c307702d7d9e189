"""Which columns of a table say what of a recipient, and which other ones there are."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

ALIASES: dict[str, tuple[str, ...]] = {
    "name": (
        *("name", "receiver_name", "recipient_name", "consignee", "收件人", "收货人"),
        *("收件人姓名", "收货人姓名", "姓名"),
    ),
    "phone": (
        *("mobile", "phone", "receiver_mobile", "receiver_phone", "recipient_phone", "tel"),
        *("手机", "手机号", "手机号码", "收件人手机", "收件人手机号", "收货人手机", "收货人手机号"),
        *("联系手机", "联系电话", "收件人电话", "收货人电话", "电话"),
    ),
    "address": (
        *("town", "street", "街道", "乡镇", "address", "detail", "address_detail"),
        *("receiver_address", "recipient_address", "详细地址", "收件人地址", "收货地址", "地址"),
    ),
    "address_id": ("open_address_id", "oaid"),
    "province": ("province", "receiver_state", "省", "省份"),
    "city": ("city", "receiver_city", "市", "城市"),
    "district": ("district", "receiver_district", "area", "区", "区县"),
    "region_code": ("region_code",),
}
"""Role → names of columns, the one that counts first; of an address the parts in their order."""

PLAIN = ("name", "phone", "address", "address_id")
"""Roles whose columns are left out of what is written."""


class Column(NamedTuple):
    """A column that says something of a recipient: its name, and the role it has there."""

    name: str
    role: str


def folded(name: str) -> str:
    """A column's name without the differences that nobody means: width, case, blanks around it."""
    return unicodedata.normalize("NFKC", name).strip().lower()


def columns_of(names: Iterable[str], more: Mapping[str, str]) -> list[Column]:
    """The columns of one recipient that have a role, the first to be looked at first.

    `more`: further folded names, each with its role; they come first.
    """
    order: dict[str, tuple[str, int]] = {}
    for role, aliases in ALIASES.items():
        own = [name for name, other in more.items() if other == role]
        for place, alias in enumerate((*own, *aliases)):
            order.setdefault(alias, (role, place))
    order |= {name: (role, order[name][1]) for name, role in more.items()}
    found = [(order[key], name) for name in names if (key := folded(name)) in order]
    return [Column(name, role) for (role, _), name in sorted(found, key=lambda each: each[0][1])]
