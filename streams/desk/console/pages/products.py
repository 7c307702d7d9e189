"""Products with late orders, how far each is from its platform's lines, and what they lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from schemas import times
from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.console.console import View, view_of
from streams.desk.console.pages.rows import order_path
from streams.desk.console.pages.shops import (
    BACK,
    line_title,
    newest_of,
    shop_path,
    since,
    threshold,
    today,
)
from streams.desk.console.shown import Shown
from streams.desk.database import days

router = APIRouter()

Key = tuple[str, str, str]
"""(platform, shop id, product id)."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A product's stock: pieces that are lacking, that there are, that are still to be sent; since
    when, and the orders that break their promises first, with their pages."""

    short_by: int
    available: int
    unshipped: int
    since: str
    orders: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product over the days that are shown; the lines are of its newest day, None where no order
    of it was late. `stock` None: no level of it is sent."""

    platform: str
    shop_id: str
    shop_path: str
    product_id: str
    day: str | None
    due: int
    late: int
    share: str
    lines: list[tuple[str, str, int, bool]]
    stock: Lack | None

    @property
    def urgency(self) -> tuple[bool, bool, int, int, str]:
        """Sorts what crossed a line first, then what is short, the nearest, the most late."""
        crossed = any(line[3] for line in self.lines)
        nearest = min((line[2] for line in self.lines), default=1 << 30)
        return (not crossed, self.short_by <= 0, nearest, -self.late, self.product_id)

    @property
    def short_by(self) -> int:
        """Pieces that are lacking; -1 where no level is sent."""
        return -1 if self.stock is None else self.stock.short_by


@router.get("/products")
@needs(Role.viewer)
def products(request: Request, sort: str = "") -> Response:
    """All products that were late in the days that are shown, or are short."""
    view = view_of(request)
    with view.desk.database.reading() as connection:
        found = days.of_products(connection, since(view), view.me.shops)
        stock = days.of_stock(connection, view.me.shops)
    grouped: dict[Key, list[dict[str, Any]]] = {}
    for each in found:
        grouped.setdefault(_key(each), []).append(each)
    lacks = {_key(each): each for each in stock}
    for key, each in lacks.items():
        if each["short_by"]:
            grouped.setdefault(key, [])
    rows = [_product(key, some, lacks.get(key), view) for key, some in grouped.items()]
    rows.sort(key=lambda each: each.urgency)
    if sort == "short_by":
        rows.sort(key=lambda each: -each.short_by)
    return view.page(
        "products.html",
        rows=rows,
        back=BACK,
        most=days.MOST,
        n=max(len(found), len(stock)),
        stocked=bool(stock),
        sort=sort,
    )


def _key(value: dict[str, Any]) -> Key:
    return value["platform"], value["shop_id"], value["product_id"]


def _lack(value: dict[str, Any] | None, shown: Shown) -> Lack | None:
    if value is None:
        return None
    since = value["short_since"]
    return Lack(
        value["short_by"],
        value["available"],
        value["unshipped"],
        shown.moment(None if since is None else times.to_us(times.parse(since))),
        tuple((name := each["order_id"], order_path(name)) for each in value["short_orders"]),
    )


def _product(
    key: Key, found: list[dict[str, Any]], stock: dict[str, Any] | None, view: View
) -> Product:
    platform, shop_id, product_id = key
    shown = view.shown
    newest = (newest_of(found, today(view)) or found[-1]) if found else {}
    due = sum(each["counts"]["due"] for each in found)
    late = sum(each["counts"]["late"] for each in found)
    return Product(
        shown.value("platform", platform),
        shop_id,
        shop_path(platform, shop_id),
        product_id,
        newest.get("day"),
        due,
        late,
        shown.share(late * 10_000 // due if due else None),
        [
            (
                line_title(each["name"], shown),
                threshold(each, shown),
                each["distance"],
                each["crossed"],
            )
            for each in newest.get("lines") or ()
        ],
        _lack(stock, shown),
    )
