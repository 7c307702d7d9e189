"""`shop-risk`: one day of one shop, and days up to it, against the lines of its platform."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import AwareTime, Message

Number = Annotated[int, Field(ge=0)]
BasisPoints = Annotated[int, Field(ge=0)]
"""Hundredths of a percent, rounded down."""
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Measure = Literal[
    "due",
    "late",
    "unshipped",
    "shipped",
    "abnormal",
    "confirmed",
    "untracked",
    "delivery_due",
    "delivered_late",
    "paid",
    "cancelled",
]


class ShopCounts(Message):
    """Orders of one day: due on it, of these late, of these still not shipped; shipped on it;
    judged abnormal on it.

    Further, where a line of the profile looks at it: uploaded on the day, of these without a valid
    track; promised to arrive on it, of these not arrived in time; paid on it, of these cancelled.
    """

    due: Number
    late: Number
    unshipped: Number
    shipped: Number
    abnormal: Number
    confirmed: Number | None = None
    untracked: Number | None = None
    delivery_due: Number | None = None
    delivered_late: Number | None = None
    paid: Number | None = None
    cancelled: Number | None = None


class ShopRates(Message):
    """Shares in basis points: late and unshipped of the orders due, abnormal of those shipped, and
    what goes wrong of what is counted further.

    Null where there is nothing to take a share of; above 10000 where more orders were judged
    abnormal than shipped that day.
    """

    late: BasisPoints | None
    unshipped: BasisPoints | None
    abnormal: BasisPoints | None
    untracked: BasisPoints | None = None
    delivered_late: BasisPoints | None = None
    cancelled: BasisPoints | None = None


class Threshold(Message):
    """Where a line is: a share, passed (`gt`) or reached (`ge`), and a least number of orders.

    `counting` says of which orders `least` is a number; `days` on how many days running.
    """

    basis_points: BasisPoints
    comparator: Literal["gt", "ge"]
    least: Number
    counting: Measure
    days: Annotated[int, Field(ge=1)]


class Few(Message):
    """Of up to `up_to` orders `among`, `count` cross the line, whatever their share."""

    up_to: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1)]


class Consequence(Message):
    """What the platform does where the line is crossed."""

    zh: str
    en: str


class RiskLine(Message):
    """One line: how many more `orders` would cross it. At a distance of 0 it is crossed."""

    name: str
    orders: Measure
    among: Measure
    threshold: Threshold
    distance: Number
    crossed: bool
    few: Few | None = None
    consequence: Consequence | None = None


class WindowCounts(Message):
    """How many `orders` of a line there are in its days, and among how many."""

    orders: Number
    among: Number


class RiskWindow(RiskLine):
    """One line over several days, the last one among them: their counts together."""

    first_day: Day
    last_day: Day
    counts: WindowCounts
    rate: BasisPoints | None


class ShopRisk(Message):
    """One day of one shop; of one platform, shop and day the greatest `revision` counts.

    `lines` look at the day, or at days running; `windows` at days together, up to this one.
    """

    schema_version: Literal[1] = 1
    platform: str
    shop_id: str
    day: Day
    revision: Number
    detected_at: AwareTime
    profile: str
    counts: ShopCounts
    rates: ShopRates
    lines: tuple[RiskLine, ...] = ()
    windows: tuple[RiskWindow, ...] = ()
