"""What is published of a shop's day and of its products, where it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from streams.facts.times import iso
from streams.profiles.model import Profiles
from streams.shops.revisions import digest, next_revision
from streams.shops.windows import Rolling, rolling
from streams.state.shop_days import ProductCounts, ShopDay, day_text
from streams.state.shop_lines import PAIRS, Counts, Line, Meter, measure, rate, reading

CONTENT = ("profile", "counts", "rates", "lines", "windows")
"""What of a shop's day makes a new revision where it differs."""


class Risks(NamedTuple):
    """Values to publish: the shop's (None: nothing new), and by product; lines newly crossed."""

    shop: dict[str, Any] | None
    products: list[tuple[str, dict[str, Any]]]
    crossed: tuple[str, ...] = ()


def risks(row: ShopDay, before: Mapping[int, Counts], profiles: Profiles, now: int) -> Risks:
    """What is new of a day at `now` (µs), and notes it as published.

    `before` are the counts of the days before it of which something is known. The lines are those
    of the profile in force when the day began.
    """
    profile = profiles.at(row.platform, meter_of(profiles, row.platform).midnight(row.day))
    meter = profile.meter or Meter()
    head = {"schema_version": 1, "platform": row.platform, "shop_id": row.shop_id}
    days = {**before, row.day: row.counts}
    counted = meter.counted()
    drawn = [line for line in meter.lines if line.subject == "shop" and line.window is None]
    lines = [_line(line, [days.get(row.day - n, ()) for n in range(line.days)]) for line in drawn]
    windows = [_window(found) for found in rolling(meter.lines, row.day, days)]
    content = {
        "profile": profile.id,
        "counts": {name: measure(row.counts, name) for name in counted},
        "rates": {
            part: rate(measure(row.counts, part), measure(row.counts, whole))
            for part, whole in PAIRS
            if part in counted
        },
        "lines": lines,
        "windows": windows,
    }
    shop = None
    crossed: tuple[str, ...] = ()
    shown = digest(content)
    is_said = bool(row.revision) or any(row.counts)
    if is_said and row.day <= meter.day_of(now):
        # A window may be over its line days before: that is crossed on its own day.
        over = tuple(line["name"] for line in (*lines, *windows) if line["crossed"])
        crossed = tuple(name for name in over if name not in row.crossed)
        row.crossed = over
    if is_said and shown != row.shown:
        row.shown, row.revision = shown, next_revision(row.revision, now)
        shop = {
            **head,
            "day": day_text(row.day),
            "revision": row.revision,
            "detected_at": iso(now),
            **content,
        }
    products = []
    drawn = [line for line in meter.lines if line.subject == "product"]
    for name, counts in row.products.items():
        # A product of which nothing is late is no risk, and not worth a message.
        if (counts.due, counts.late) != counts.shown and (counts.late or counts.revision):
            counts.shown = counts.due, counts.late
            counts.revision = next_revision(counts.revision, now)
            value = {
                **head,
                "product_id": name,
                "day": day_text(row.day),
                "revision": counts.revision,
                "detected_at": iso(now),
                "profile": profile.id,
                **_product(counts, drawn),
            }
            products.append((name, value))
    return Risks(shop, products, crossed)


def meter_of(profiles: Profiles, platform: str) -> Meter:
    """The meter of a platform's first profile: when its days begin."""
    return profiles.at(platform, 0).meter or Meter()


def _product(counts: ProductCounts, drawn: list[Line]) -> dict[str, Any]:
    day = (counts.due, counts.late, 0, 0, 0)
    return {
        "counts": {"due": counts.due, "late": counts.late},
        "rates": {"late": rate(counts.late, counts.due)},
        "lines": [_line(line, (day,)) for line in drawn],
    }


def _line(line: Line, days: Sequence[Counts]) -> dict[str, Any]:
    return _said(line, reading(line, days).distance)


def _window(found: Rolling) -> dict[str, Any]:
    line, days, counts, distance = found
    part, whole = measure(counts, line.orders), measure(counts, line.among)
    return {
        **_said(line, distance),
        "first_day": day_text(days[0]),
        "last_day": day_text(days[-1]),
        "counts": {"orders": part, "among": whole},
        "rate": rate(part, whole),
    }


def _said(line: Line, distance: int) -> dict[str, Any]:
    said = {
        "name": line.name,
        "orders": line.orders,
        "among": line.among,
        "threshold": {
            "basis_points": line.share,
            "comparator": "ge" if line.at_least else "gt",
            "least": line.least,
            "counting": line.counting,
            "days": line.days,
        },
        "distance": distance,
        "crossed": distance == 0,
    }
    if line.few is not None:
        said["few"] = {"up_to": line.few.up_to, "count": line.few.enough}
    if line.consequence is not None:
        said["consequence"] = dict(zip(("zh", "en"), line.consequence, strict=True))
    return said
