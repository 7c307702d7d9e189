"""Everything that the page and the workbook say, worked out once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from streams.decode.names import Names
from streams.facts.times import BEIJING, DAY, SECOND
from streams.inputs.rejected import Counted
from streams.inputs.sheets.imported import Imported
from streams.profiles.model import Profile, Profiles
from streams.replay.seen import Seen
from streams.replay.shop_days import ShopDays
from streams.replay.what_if import Risk, Variant
from streams.report.files import File
from streams.report.measures import Measured, measured
from streams.report.problems import Problem, problems
from streams.report.stories import Story, numbered, story, subjects
from streams.report.warned import Warned, by_urgency, ended_late, is_breached, is_due, is_held
from streams.state.standing import STANDING
from streams.state.versions import order_known

SHOP_DAYS = 7
"""Days of a shop that are shown, the day of the report the last."""


@dataclass(frozen=True, slots=True)
class Report:
    """A history at `until` (µs).

    `due`, `held` and `breached` are what stands, in order of urgency, `late` what ended after its
    deadline. `risks` has what each of `open`, `late` (breached or ended late) and `all` may cost.
    `by_rule` counts by (rule, state). `shops` are days of shops as `shop-risk` has them, `stock`
    what `product-risk` has of products with a level, what lacks most first; `story_of` the number
    of a warning's story, counted from 1.
    """

    until: int
    files: Sequence[str]
    orders: int
    parcels: int
    profiles: Sequence[Profile]
    due: Sequence[Warned]
    held: Sequence[Warned]
    breached: Sequence[Warned]
    late: Sequence[Warned]
    risks: dict[str, Risk]
    by_rule: Counter[tuple[str, str]]
    shops: Sequence[dict[str, Any]]
    stock: Sequence[dict[str, Any]]
    measured: Measured
    problems: Sequence[Problem]
    stories: Sequence[Story]
    story_of: dict[str, int]


def report_of(
    variant: Variant,
    meters: ShopDays,
    profiles: Profiles,
    names: Names,
    files: Sequence[File],
    imports: Iterable[tuple[Path, Imported]],
    seen: Seen,
    bad: Counted,
    until: int,
) -> Report:
    """What a history that was played comes to at `until` (µs)."""
    machine = variant.machine
    feeds = machine.feeds
    every = [
        Warned(
            key,
            finding,
            finding.state in STANDING and feeds.word(finding.parcel, until) == "silent",
            profiles.named(finding.profile),
        )
        for key, finding in variant.newest.items()
    ]
    every.sort(key=by_urgency)
    standing = [each for each in every if each.finding.state in STANDING]
    about = subjects(machine, standing)
    sizes = measured(machine, profiles, until)
    shops, products = meters.values(until)
    return Report(
        until=until,
        files=list(dict.fromkeys(file.path.name for file in files)),
        orders=seen.orders,
        parcels=seen.parcels,
        profiles=_used(variant, profiles),
        due=[each for each in every if is_due(each.finding)],
        held=[each for each in every if is_held(each.finding)],
        breached=[each for each in every if is_breached(each.finding)],
        late=[each for each in every if ended_late(each.finding)],
        risks={
            "open": variant.risk(lambda finding: finding.state == "open"),
            "late": variant.risk(lambda finding: is_breached(finding) or ended_late(finding)),
            "all": variant.risk(),
        },
        by_rule=Counter((each.finding.rule, each.finding.state) for each in every),
        shops=_shops(shops, until),
        stock=sorted(
            (each for each in products if each["day"] is None),
            key=lambda each: (-each["short_by"], each["shop_id"], each["product_id"]),
        ),
        measured=sizes,
        problems=problems(files, imports, bad, seen, names, profiles, machine, sizes),
        stories=[story(machine, subject, warned) for subject, warned in about.items()],
        story_of=numbered(about),
    )


def _used(variant: Variant, profiles: Profiles) -> list[Profile]:
    """The profiles that judged an order, by id."""
    used: dict[str, Profile] = {}
    for order_id in variant.machine.known("orders"):
        state = variant.machine.order_state(order_id)
        version = None if state is None else order_known(state.versions)
        if version is not None:
            profile = profiles.at(version.platform, version.paid_at)
            used[profile.id] = profile
    return [used[name] for name in sorted(used)]


def _shops(shops: Iterable[dict[str, Any]], until: int) -> list[dict[str, Any]]:
    """The last days of each shop, in order of platform, shop and day."""
    first, last = (
        datetime.fromtimestamp(moment // SECOND, BEIJING).date().isoformat()
        for moment in (max(0, until - SHOP_DAYS * DAY), until)
    )
    kept = [each for each in shops if first < each["day"] <= last]
    return sorted(kept, key=lambda each: (each["platform"], each["shop_id"], each["day"]))
