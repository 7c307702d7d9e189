"""What an order contributes beyond what is counted of every shop: where a line looks at it."""

from __future__ import annotations

from typing import NamedTuple

from streams.facts.facts import NOT_ASKED
from streams.facts.times import TOLERANCE
from streams.rules.snapshot import OrderSnapshot
from streams.state.contributions import CONFIRMED, DELIVERY_DUE, PAID, Further
from streams.state.shop_lines import Meter


class Counted(NamedTuple):
    """What an order contributes, and when time alone changes it (µs); None: never."""

    further: tuple[Further, ...] = ()
    next_change: int | None = None


NOTHING = Counted()


def further_of(order: OrderSnapshot, meter: Meter, now: int) -> Counted:
    """What the order contributes at `now` (µs) of the measures that the meter's lines look at."""
    if not meter.further:
        return NOTHING
    found: list[Further] = []
    next_change = None
    if "confirmed" in meter.further:
        found += _confirmed(order, meter)
    if "delivery_due" in meter.further:
        late = _delivery(order, now)
        if late is not None:
            promise, is_late, next_change = late
            found.append((DELIVERY_DUE, meter.day_of(promise), is_late))
    if "paid" in meter.further:
        paid_at = order.version.paid_at
        found.append((PAID, meter.day_of(paid_at), _is_cancelled(order)))
    return Counted(tuple(found), next_change)


def _confirmed(order: OrderSnapshot, meter: Meter) -> list[Further]:
    """The order was uploaded; its track is valid once as many parcels as it takes were scanned
    often enough."""
    uploaded, closed = order.sent_at("upload"), order.closed_at
    if uploaded is None or order.base is None or (closed is not None and closed <= uploaded):
        return []
    if meter.valid_scans > 1 and _is_untold(order):
        return []
    earliest = order.base - TOLERANCE
    valid = sum(
        sum(at >= earliest for at in life.progress) >= meter.valid_scans for _, life in order.lives
    )
    return [(CONFIRMED, meter.day_of(uploaded), valid < order.parcels)]


def _delivery(order: OrderSnapshot, now: int) -> tuple[int, bool, int | None] | None:
    """By when the order was promised to arrive, whether it did not, and when time alone says so."""
    promise, base, closed = order.version.promised_delivery_by, order.base, order.closed_at
    if promise is None or base is None or promise <= base or _is_untold(order):
        return None
    received = order.received_at()
    if closed is not None and closed <= promise and (received is None or received > closed):
        return None
    if received is not None:
        return promise, received > promise, None
    return promise, now > promise, promise + 1 if now <= promise else None


def _is_cancelled(order: OrderSnapshot) -> bool:
    """Whether the order was closed before it was sent, and not because the buyer asked for it."""
    closed, sent = order.closed_at, order.sent_at()
    asked = order.version.refund_requested_at
    return (
        closed is not None and (sent is None or sent > closed) and (asked is None or asked > closed)
    )


def _is_untold(order: OrderSnapshot) -> bool:
    """Whether a parcel has not said all that is asked of it: before a release that asks."""
    return any(life.received_at == NOT_ASKED for _, life in order.lives)
