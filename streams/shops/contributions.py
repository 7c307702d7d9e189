"""What an order contributes to its shop's days, and what its parcels send it for that.

A parcel's findings make its orders abnormal on certain days; it tells each of them, and that is the
only thing that it says. The order says everything else and adds it up: so it counts once, however
many parcels accuse it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from streams.facts.facts import LATEST, MOST_PIECES
from streams.profiles.model import Profile
from streams.rules.snapshot import OrderSnapshot
from streams.shops.further import further_of
from streams.state.contributions import AbnormalDays, Contribution, ContributionChange, Owed
from streams.state.orders import EXPRESS
from streams.state.shop_lines import Meter
from streams.state.state import Finding, OrderState, ParcelState, Published
from streams.state.versions import order_known

MOST_PRODUCTS = 100
"""Products for which one order counts."""

LONGEST_PRODUCT = 128
"""Characters; a longer product id is not metered."""


def contribute(
    state: OrderState,
    order: OrderSnapshot | None,
    profile: Profile | None,
    now: int,
    *,
    stocked: bool = False,
) -> list[ContributionChange]:
    """What days must hear of an order judged at `now` (µs); takes it over as sent.

    `order` is the snapshot that was judged and `profile` what judged it, None where no rule looks
    at the order. Where time alone will change what is said, `due` is moved to then. `stocked`: the
    stock of products must hear of it too.
    """
    now = max(now, state.judged)
    if order is None or profile is None:
        return _resend(state, None) if state.contributions else []
    contribution, next_change = contribution_of(state, order, profile, now, stocked=stocked)
    if next_change is not None:
        state.due = min(state.due, next_change)
    return _resend(state, contribution)


def give_up(state: OrderState) -> list[ContributionChange]:
    """What must be heard of an order that is forgotten: what days count stays, it is owed nothing
    any more. Takes it over as sent."""
    changes = [
        ContributionChange(state.order_id, sent, msgspec.structs.replace(sent, owed=None))
        for sent in state.contributions
        if sent.owed is not None
    ]
    if changes:
        state.contributions = [
            msgspec.structs.replace(sent, owed=None) for sent in state.contributions
        ]
    return changes


def owed_of(order: OrderSnapshot) -> Owed | None:
    """What an order is still to be sent: its pieces while it is open and nothing has moved."""
    version = order.version
    if not version.items or order.closed_at is not None or order.moves():
        return None
    pieces: dict[str, int] = {}
    for product, _, quantity in version.items:
        if product:
            pieces[product] = pieces.get(product, 0) + (1 if quantity is None else quantity)
    counted = sorted((name, min(n, MOST_PIECES)) for name, n in pieces.items() if n > 0)
    if not counted:
        return None
    promise = order.promise
    if promise is not None and promise > LATEST:
        promise = None
    return Owed(version.platform, version.paid_at, promise, tuple(counted[:MOST_PRODUCTS]))


def is_owed(state: OrderState) -> bool:
    """Whether an order is still to be sent anything, whatever it said of that."""
    version = order_known(state.versions)
    return (
        version is not None
        and version.shop_id is not None
        and version.delivery_method == EXPRESS
        and owed_of(OrderSnapshot(state, version)) is not None
    )


def contribution_of(
    state: OrderState,
    order: OrderSnapshot,
    profile: Profile,
    now: int,
    *,
    stocked: bool = False,
) -> tuple[Contribution | None, int | None]:
    """What the order contributes at `now` (µs), and when time alone changes it beyond findings."""
    version, base = order.version, order.base
    meter = profile.meter
    if version.shop_id is None:
        return None, None
    owed = owed_of(order) if stocked else None
    if meter is None:
        if owed is None:
            return None, None
        return Contribution(profile.platform, version.shop_id, owed=owed), None
    shipped: int | None = None
    due: int | None = None
    unshipped = False
    next_change: int | None = None
    broken: Finding | None = None
    days = {day for _, sent in state.abnormal for day in sent}
    for entry in state.published:
        finding = entry.finding
        if finding.rule == "ship_overdue":
            if finding.breached_at is not None and finding.state != "withdrawn":
                broken = finding
        elif (day := abnormal_day(finding, meter)) is not None:
            days.add(day)
    if base is not None:
        shipped = order.sent_at()
        promise = order.promise
        if version.promised_ship_by is None and not profile.counts_by_default_promise:
            promise = None
        closed = order.closed_at
        if promise is not None and promise > base:
            in_time = closed is not None and closed <= promise
            if not in_time or (shipped is not None and shipped <= (closed or 0)):
                due = meter.day_of(promise)
    if broken is not None and due is not None and shipped is None:
        given_up = (broken.deadline or 0) + meter.unshipped_after
        unshipped = given_up < (now if order.closed_at is None else order.closed_at)
        if not unshipped and order.closed_at is None:
            next_change = given_up + 1
    further, later = further_of(order, meter, now)
    if later is not None:
        next_change = later if next_change is None else min(next_change, later)
    contribution = Contribution(
        profile.platform,
        version.shop_id,
        due,
        None if shipped is None else meter.day_of(shipped),
        broken is not None and due is not None,
        unshipped,
        tuple(sorted(days)) if days else (),
        () if due is None or not version.items else _products(version.items),
        owed,
        further,
    )
    if due is None and shipped is None and not days and owed is None and not further:
        return None, next_change
    return contribution, next_change


def _resend(state: OrderState, contribution: Contribution | None) -> list[ContributionChange]:
    """Take over what the order contributes; the changes to send, one for each shop."""
    sent = state.contributions
    if contribution is None:
        if not sent:
            return []
    elif len(sent) == 1 and sent[0] == contribution:
        return []
    wanted = (
        {}
        if contribution is None
        else {(contribution.platform, contribution.shop_id): contribution}
    )
    changes = [
        ContributionChange(state.order_id, old, new)
        for old in sent
        if (new := wanted.pop((old.platform, old.shop_id), None)) != old
    ]
    changes += [ContributionChange(state.order_id, None, new) for new in wanted.values()]
    state.contributions = [] if contribution is None else [contribution]
    return changes


def abnormal_days(state: ParcelState, meters: Mapping[str, Meter | None]) -> list[AbnormalDays]:
    """What the parcel's orders must hear of its findings; takes it over as said.

    `meters` has the meter of each profile by its id.
    """
    if not state.published and not state.abnormal:
        return []
    found: dict[str, set[int]] = {}
    for entry in state.published:
        day = _published_day(entry, meters)
        if day is not None:
            for order_id in entry.finding.order_ids:
                found.setdefault(order_id, set()).add(day)
    said = dict(state.abnormal)
    holds = {order_id: tuple(sorted(days)) for order_id, days in found.items()}
    if said == holds:
        return []
    news = [
        AbnormalDays(state.key, order_id, holds.get(order_id, ()))
        for order_id in sorted({*said, *holds})
        if said.get(order_id, ()) != holds.get(order_id, ())
    ]
    state.abnormal = sorted(holds.items())
    return news


def abnormal_day(finding: Finding, meter: Meter) -> int | None:
    """The day on which a finding makes its orders abnormal: a clock's breach, a check's opening."""
    if finding.state == "withdrawn" or (finding.rule, finding.stage) not in meter.abnormal:
        return None
    # Only clocks compare; see Finding.
    at = finding.opened_at if finding.comparator is None else finding.breached_at
    return None if at is None else meter.day_of(at)


def _products(items: tuple[tuple[str | None, str | None, int | None], ...]) -> tuple[str, ...]:
    names = {item[0] for item in items if item[0] and len(item[0]) <= LONGEST_PRODUCT}
    return tuple(sorted(name for name in names if name))[:MOST_PRODUCTS]


def _published_day(entry: Published, meters: Mapping[str, Meter | None]) -> int | None:
    meter = meters.get(entry.finding.profile)
    return None if meter is None else abnormal_day(entry.finding, meter)
