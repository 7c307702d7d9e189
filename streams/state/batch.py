"""The door of this room: what a batch of messages makes of the states that they are about.

Each function takes, in equal order, the keys, their states (None: there is none), and the facts of
each; it changes the states and says what became of each key. Nothing here knows Kafka, metrics or
the time: `now` (µs) is the arrival of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from streams.facts.facts import (
    CloneFacts,
    OrderFacts,
    OrderVersion,
    OwedFacts,
    ParcelFacts,
    StockFact,
    TrackFacts,
    TrackingFact,
)
from streams.state import claims, orders, parcels, shop_days, stock, tracks
from streams.state.contributions import AbnormalDays
from streams.state.parcels import Asking
from streams.state.shop_days import Change, ShopDay
from streams.state.shop_lines import Meter
from streams.state.state import OrderState, ParcelState
from streams.state.stock import Part, Stock
from streams.state.tracks import TrackState

S = TypeVar("S", OrderState, ParcelState, TrackState, ShopDay, Stock)

Stored = Sequence[S | None]
"""The states of keys, None where there is none."""


class Applied(msgspec.Struct, Generic[S], frozen=True, gc=False):
    """What became of one key.

    `state` is as the facts left it, None where there is none; `old_due` (µs) is when the stored one
    was due, 0: nothing was stored. Only a `changed` state needs to be stored again. Of the facts
    `new` were new and `late` too late to count; `refused` has the positions of those for which
    there is no room. `replies` are for other tables: (key, message); `claims` for tracks. `judged`
    says whether rules look at what changed.
    """

    state: S | None
    old_due: int = 0
    changed: bool = False
    new: int = 0
    late: int = 0
    refused: tuple[int, ...] = ()
    replies: Sequence[tuple[bytes, Any]] = ()
    claims: Sequence[TrackFacts] = ()
    judged: bool = True


def apply_tracking(
    keys: Sequence[bytes],
    stored: Stored[ParcelState],
    facts: Sequence[Sequence[TrackingFact]],
    now: int,
    *,
    shortest: int | None,
    reading: int = 0,
    quiet: bool = False,
    told_by: Callable[[str], parcels.Told | None] | None = None,
    asking: Asking | None = None,
) -> list[Applied[ParcelState]]:
    """Checkpoints, uploads and releases of parcels.

    Tracks shorter than `shortest` are not claimed (None: none is). `reading`: the batch is of the
    backlog of an assignment, which this number stands for; what was sent before is sent once more.
    `quiet`: nobody hears of the facts before `all_replies` is asked. `asking`: see `parcels`.
    `told_by` gives the facts of orders that can be read here; the others are asked.
    """
    applied = []
    for key, old, news in zip(keys, stored, facts, strict=True):
        state, old_due = (ParcelState(key.decode()), 0) if old is None else (old, old.due)
        if reading:
            parcels.resend_all(state, reading)
        outcome = parcels.apply(state, news, now, asking)
        if not outcome.new:
            applied.append(
                Applied(state, old_due, False, 0, outcome.late, outcome.refused),
            )
            continue
        replies: Sequence[tuple[bytes, ParcelFacts]] = ()
        if told_by is not None:
            parcels.read_orders(state, told_by)
        if not (quiet or outcome.known_elsewhere):
            replies = parcels.replies(state, backlog=bool(reading), asking=asking)
        claimed = () if quiet else claims.claim(state, shortest)
        applied.append(
            Applied(
                state, old_due, True, outcome.new, outcome.late, outcome.refused, replies, claimed
            )
        )
    return applied


def all_replies(
    stored: Sequence[ParcelState], *, shortest: int | None, asking: Asking | None = None
) -> list[Applied[ParcelState]]:
    """What parcels have to say of facts that were applied quietly."""
    applied: list[Applied[ParcelState]] = []
    for state in stored:
        replies = parcels.replies(state, asking=asking)
        claimed = claims.claim(state, shortest)
        applied.append(Applied(state, state.due, True, replies=replies, claims=claimed))
    return applied


def apply_order_facts(
    keys: Sequence[bytes],
    stored: Stored[ParcelState],
    facts: Sequence[Sequence[OrderFacts]],
    now: int,
    *,
    shortest: int | None,
    reading: int = 0,
    asking: Asking | None = None,
) -> list[Applied[ParcelState]]:
    """What orders say of themselves to parcels; one that is not known (any more) hears nothing."""
    applied: list[Applied[ParcelState]] = []
    for state, news in zip(stored, facts, strict=True):
        if state is None:
            applied.append(Applied(None))
            continue
        old_due = state.due
        if reading:
            parcels.resend_all(state, reading)
        if parcels.apply_order_facts(state, news, now):
            replies = parcels.replies(state, backlog=bool(reading), asking=asking)
            claimed = claims.claim(state, shortest)
            applied.append(Applied(state, old_due, True, replies=replies, claims=claimed))
        else:
            applied.append(Applied(state, old_due))
    return applied


def apply_clone_facts(
    keys: Sequence[bytes],
    stored: Stored[ParcelState],
    facts: Sequence[Sequence[CloneFacts]],
    now: int,
) -> list[Applied[ParcelState]]:
    """What tracks answer to parcels that claim them."""
    applied: list[Applied[ParcelState]] = []
    for key, state, news in zip(keys, stored, facts, strict=True):
        old_due = 0 if state is None else state.due
        changed = False
        corrected = []
        for answer in news:
            new, claim = claims.apply_clone_facts(state, key.decode(), answer, now)
            changed = changed or new
            if claim is not None:
                corrected.append(claim)
        applied.append(Applied(state, old_due, changed, claims=corrected))
    return applied


def apply_orders(
    keys: Sequence[bytes],
    stored: Stored[OrderState],
    facts: Sequence[Sequence[OrderVersion]],
    now: int,
) -> list[Applied[OrderState]]:
    """Versions of orders."""
    applied = []
    for key, old, news in zip(keys, stored, facts, strict=True):
        state, old_due = _order(key, old)
        outcome = orders.apply(state, news, now)
        replies = orders.replies(state) if outcome.new else ()
        applied.append(
            Applied(
                state,
                old_due,
                bool(outcome.new),
                outcome.new,
                outcome.late,
                outcome.refused,
                replies,
            )
        )
    return applied


def apply_parcel_facts(
    keys: Sequence[bytes],
    stored: Stored[OrderState],
    facts: Sequence[Sequence[ParcelFacts]],
    now: int,
) -> list[Applied[OrderState]]:
    """What parcels say of their links and progress; an order that is not known yet is noted."""
    applied = []
    for key, old, news in zip(keys, stored, facts, strict=True):
        state, old_due = _order(key, old)
        changed = orders.apply_parcel_facts(state, news, now)
        replies = orders.replies(state) if changed else ()
        applied.append(Applied(state, old_due, changed, replies=replies))
    return applied


def apply_abnormal_days(
    keys: Sequence[bytes],
    stored: Stored[OrderState],
    facts: Sequence[Sequence[AbnormalDays]],
    now: int,
) -> list[Applied[OrderState]]:
    """On which days parcels make orders abnormal."""
    applied = []
    for key, old, news in zip(keys, stored, facts, strict=True):
        state, old_due = _order(key, old)
        changed = orders.apply_abnormal_days(state, news, now)
        applied.append(Applied(state, old_due, changed, judged=False))
    return applied


def apply_claims(
    keys: Sequence[bytes],
    stored: Stored[TrackState],
    facts: Sequence[Sequence[TrackFacts]],
    now: int,
) -> list[Applied[TrackState]]:
    """Which parcels claim tracks; a track that nobody claims any more has no state left."""
    applied: list[Applied[TrackState]] = []
    for key, old, news in zip(keys, stored, facts, strict=True):
        state, old_due = (TrackState(key), 0) if old is None else (old, old.due)
        changed = False
        replies: list[tuple[bytes, CloneFacts]] = []
        for claim in news:
            answers = tracks.apply_claim(state, claim, now)
            if answers is not None:
                changed = True
                replies += [(parcel.encode(), answer) for parcel, answer in answers]
        left = state if state.claimants else None
        applied.append(Applied(left, old_due, changed, replies=replies))
    return applied


def apply_contributions(
    names: Iterable[tuple[str, str, int]],
    stored: Stored[ShopDay],
    changes: Sequence[Sequence[Change]],
    now: int,
    meters: dict[str, Meter],
) -> list[Applied[ShopDay]]:
    """What orders contribute to shops' days, each (platform, shop id, day).

    `meters` says when the days of a platform begin. Nothing is counted of a day that is over for
    so long that its counts have ended. `late` counts products that found no room.
    """
    applied: list[Applied[ShopDay]] = []
    for (platform, shop_id, day), old, news in zip(names, stored, changes, strict=True):
        old_due = 0
        if old is None:
            state = shop_days.new_row(platform, shop_id, day, meters[platform])
            if state.ends_at <= now:
                applied.append(Applied(None))
                continue
        else:
            state, old_due = old, old.due
            if state.ends_at <= now:
                applied.append(Applied(state, old_due))
                continue
        changed, without_room = shop_days.add(state, news)
        applied.append(Applied(state, old_due, changed, late=without_room))
    return applied


def apply_levels(
    names: Sequence[Part],
    stored: Stored[Stock],
    facts: Sequence[Sequence[StockFact]],
    now: int,
) -> list[Applied[Stock]]:
    """Levels of products, each of which its first part keeps."""
    applied: list[Applied[Stock]] = []
    for name, old, news in zip(names, stored, facts, strict=True):
        state, old_due = _stock(name, old)
        outcome = stock.hear_level(state, news)
        if outcome.new:
            state.touched = max(state.touched, now)
            state.due = stock.ends_at(state)
        applied.append(Applied(state, old_due, bool(outcome.new), outcome.new, outcome.late))
    return applied


def apply_owed(
    names: Sequence[Part],
    stored: Stored[Stock],
    facts: Sequence[Sequence[OwedFacts | None]],
    now: int,
) -> list[Applied[Stock]]:
    """What orders are owed of products, by the parts that keep it.

    The first part of each product is among them, with None for what another part hears: it learns
    what that one comes to. A part of which nothing is known any more has no state left.
    """
    states: dict[Part, Stock] = {}
    before: dict[Part, int | None] = {}
    for name, old in zip(names, stored, strict=True):
        states[name], old_due = _stock(name, old)
        before[name] = None if old is None else old_due
    changed: set[Part] = set()
    without_room: dict[Part, tuple[int, ...]] = {}
    for name, news in zip(names, facts, strict=True):
        state, head = states[name], (*name[:3], 0)
        new, without_room[name] = stock.hear_owed(state, news)
        first = states.get(head)
        if not new:
            continue
        changed.add(name)
        state.due = stock.ends_at(state)
        # There is none only where what is stored of it cannot be read.
        if first is not None:
            changed.add(head)
            stock.add_up(first, state)
            first.touched = max(first.touched, now)
            first.due = stock.ends_at(first)
    applied = []
    for name, state in states.items():
        left = None if stock.is_empty(state) else state
        known = left is not None or before[name] is not None
        applied.append(
            Applied(left, before[name] or 0, name in changed and known, refused=without_room[name])
        )
    return applied


def _stock(name: Part, old: Stock | None) -> tuple[Stock, int]:
    return (Stock(*name), 0) if old is None else (old, old.due)


def _order(key: bytes, old: OrderState | None) -> tuple[OrderState, int]:
    return (OrderState(key.decode()), 0) if old is None else (old, old.due)
