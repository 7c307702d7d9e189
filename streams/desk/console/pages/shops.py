"""Shops: strikes, the newest day, and how far each line of the platform is, over 30 days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.api.problems import Problem
from streams.desk.console.console import View, view_of
from streams.desk.console.drawing import Curve, curve
from streams.desk.console.queries import strikes
from streams.desk.console.shown import Shown
from streams.desk.database import days
from streams.facts.times import BEIJING, DAY, to_datetime

router = APIRouter()

BACK = 30
"""Days that are shown."""

HEIGHT = 120


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the platform on one day, and its distance over the days.

    `span` says what it counts over which days, where it looks at several together.
    """

    title: str
    distance: int
    crossed: bool
    threshold: str
    curve: Curve | None
    span: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as its newest day has it."""

    platform: str
    platform_title: str
    shop_id: str
    path: str
    centre: str
    day: str
    counts: dict[str, int]
    rates: dict[str, str]
    lines: Sequence[Line]
    strikes: int
    standing: int

    @property
    def urgency(self) -> tuple[bool, int, int, str]:
        """Sorts what needs a look first to the top: crossed, near, many strikes."""
        crossed = any(line.crossed for line in self.lines)
        nearest = min((line.distance for line in self.lines), default=1 << 30)
        return (not crossed, nearest, -self.strikes, self.shop_id)


@router.get("/shops")
@needs(Role.viewer)
def shops(request: Request) -> Response:
    """All shops that who asks may see."""
    view = view_of(request)
    with view.desk.database.reading() as connection:
        found = days.of_shops(connection, since(view), view.me.shops)
        counted = strikes.of_shops(connection, view.now - BACK * DAY, view.me.shops)
    rows = [
        _shop(platform, shop_id, some, counted, view)
        for (platform, shop_id), some in by_shop(found).items()
    ]
    rows.sort(key=lambda each: each.urgency)
    return view.page("shops.html", rows=rows, back=BACK, height=HEIGHT)


@router.get("/shops/one")
@needs(Role.viewer)
def shop(request: Request, platform: str, shop_id: str) -> Response:
    """One shop, day by day."""
    view = view_of(request)
    if "\0" in platform + shop_id:
        raise Problem(404, view.says("no_shop"))
    with view.desk.database.reading() as connection:
        found = days.of_shops(connection, since(view), view.me.shops, platform, shop_id)
        counted = strikes.of_shops(connection, view.now - BACK * DAY, view.me.shops)
        products = days.of_products(connection, since(view), view.me.shops, platform, shop_id)
    if not found and (platform, shop_id) not in counted:
        raise Problem(404, view.says("no_shop"))
    return view.page(
        "shop.html",
        shop=_shop(platform, shop_id, found, counted, view),
        course=[_day(each, view.shown) for each in reversed(found)],
        products=len({each["product_id"] for each in products}),
        back=BACK,
        height=HEIGHT,
    )


def since(view: View) -> str:
    """The first day that is shown, as the topics name days."""
    return _first(view).isoformat()


def by_shop(found: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Days by (platform, shop), in order."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in found:
        grouped.setdefault((each["platform"], each["shop_id"]), []).append(each)
    return grouped


def shop_path(platform: str, shop_id: str) -> str:
    """The page of a shop."""
    return "/shops/one?" + urlencode({"platform": platform, "shop_id": shop_id})


def today(view: View) -> str:
    """The day that it is in Beijing."""
    return to_datetime(view.now).astimezone(BEIJING).date().isoformat()


def newest_of(found: Sequence[dict[str, Any]], day: str) -> dict[str, Any] | None:
    """The newest of some days up to one; orders are due on days to come, which say little yet."""
    return next((each for each in reversed(found) if each["day"] <= day), None)


def line_title(name: str, shown: Shown) -> str:
    """What a line of a platform is called; its own name where nobody knows it."""
    return shown.says.known("line", name)


def threshold(line: dict[str, Any], shown: Shown) -> str:
    """Where a line is: > 10.00 %, at least 5 orders."""
    found = line["threshold"]
    sign = ">" if found["comparator"] == "gt" else "≥"
    if not found["basis_points"]:
        return shown.says("line_count", n=found["least"])
    text = f"{sign} {shown.share(found['basis_points'])}"
    if few := line.get("few"):
        text += shown.says("line_few", most=few["up_to"], n=few["count"])
    if found["least"] > 1:
        text += shown.says("line_least", n=found["least"])
    if found["days"] > 1:
        text += shown.says("line_days", n=found["days"])
    return text


def lines_of(day: dict[str, Any]) -> list[dict[str, Any]]:
    """All lines of a day: those that look at it, then those that look at several days."""
    return [*(day.get("lines") or ()), *(day.get("windows") or ())]


def _first(view: View) -> date:
    today = to_datetime(view.now).astimezone(BEIJING).date()
    return today - timedelta(days=BACK - 1)


def _shop(
    platform: str,
    shop_id: str,
    found: Sequence[dict[str, Any]],
    counted: dict[tuple[str, str], strikes.Strikes],
    view: View,
) -> Shop:
    newest = newest_of(found, today(view)) or {}
    counts = dict(newest.get("counts") or {})
    rates = {name: view.shown.share(n) for name, n in (newest.get("rates") or {}).items()}
    mine = counted.get((platform, shop_id), strikes.Strikes())
    return Shop(
        platform,
        view.shown.value("platform", platform),
        shop_id,
        shop_path(platform, shop_id),
        "/warnings?" + urlencode({"tab": "all", "platform": platform, "shop_id": shop_id}),
        str(newest.get("day") or ""),
        counts,
        rates,
        [_line(each, found, view) for each in lines_of(newest)],
        mine.breached,
        mine.standing,
    )


def _line(line: dict[str, Any], found: Sequence[dict[str, Any]], view: View) -> Line:
    first = _first(view)
    values = [
        ((date.fromisoformat(day["day"]) - first).days, int(one["distance"]))
        for day in found
        if day["day"] <= today(view)
        for one in lines_of(day)
        if one["name"] == line["name"]
    ]
    return Line(
        line_title(line["name"], view.shown),
        int(line["distance"]),
        bool(line["crossed"]),
        threshold(line, view.shown),
        curve(values, BACK, HEIGHT),
        _span(line, view.shown) if "first_day" in line else "",
        view.shown.text(line, "consequence"),
    )


def _span(line: dict[str, Any], shown: Shown) -> str:
    return shown.says(
        "line_span",
        first=line["first_day"],
        last=line["last_day"],
        part=line["counts"]["orders"],
        whole=line["counts"]["among"],
        share=shown.share(line["rate"]),
    )


def _day(day: dict[str, Any], shown: Shown) -> dict[str, Any]:
    return {
        "day": day["day"],
        "counts": day["counts"],
        "rates": {name: shown.share(n) for name, n in day["rates"].items()},
        "lines": [(line_title(each["name"], shown), each) for each in lines_of(day)],
    }
