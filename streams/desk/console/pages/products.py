"""Products with late orders, and how far each is from its platform's lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.console.console import View, view_of
from streams.desk.console.pages.shops import (
    BACK,
    line_title,
    newest_of,
    shop_path,
    since,
    threshold,
    today,
)
from streams.desk.database import days

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Product:
    """A product over the days that are shown; the lines are of its newest day."""

    platform: str
    shop_id: str
    shop_path: str
    product_id: str
    day: str
    due: int
    late: int
    share: str
    lines: list[tuple[str, str, int, bool]]

    @property
    def urgency(self) -> tuple[bool, int, int, str]:
        """Sorts what crossed a line first, then the nearest, then the most late."""
        crossed = any(line[3] for line in self.lines)
        nearest = min((line[2] for line in self.lines), default=1 << 30)
        return (not crossed, nearest, -self.late, self.product_id)


@router.get("/products")
@needs(Role.viewer)
def products(request: Request) -> Response:
    """All products that were late in the days that are shown."""
    view = view_of(request)
    with view.desk.database.reading() as connection:
        found = days.of_products(connection, since(view), view.me.shops)
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for each in found:
        key = each["platform"], each["shop_id"], each["product_id"]
        grouped.setdefault(key, []).append(each)
    rows = sorted((_product(*key, some, view) for key, some in grouped.items()),
                  key=lambda each: each.urgency)  # fmt: skip
    return view.page("products.html", rows=rows, back=BACK, most=days.MOST, n=len(found))


def _product(
    platform: str, shop_id: str, product_id: str, found: list[dict[str, Any]], view: View
) -> Product:
    newest, shown = newest_of(found, today(view)) or found[-1], view.shown
    due = sum(each["counts"]["due"] for each in found)
    late = sum(each["counts"]["late"] for each in found)
    return Product(
        shown.value("platform", platform),
        shop_id,
        shop_path(platform, shop_id),
        product_id,
        newest["day"],
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
    )
