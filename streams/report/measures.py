"""How carriers and lanes do: how long parcels wait, stand still and travel, how many are in time.

Times are in µs. A number's lives count one by one; what no order names is not measured.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from streams.facts.facts import STATUS_CODE
from streams.facts.ranks import nearest_rank
from streams.facts.statuses import NOT_RECORDS, PROGRESS
from streams.profiles.model import Profiles
from streams.replay.machine import Machine
from streams.rules.snapshot import ParcelLife
from streams.state.links import ORDERED, lives
from streams.state.state import ParcelState

_DELIVERED = STATUS_CODE["delivered"]
_NOTHING = -1


class Measure(NamedTuple):
    """What was measured of a carrier on one lane ("": on all). None: of no parcel.

    `waiting` were uploaded and never moved. `pickup` is from the upload to the first progress,
    `travel` from there to the delivery: (median, 90th percentile) by the nearest rank. `gap` is the
    longest time between two records, or since the last one of a parcel on its way, and `gap_key`
    whose it was. `in_time` of those `due` moved by their order's promise.
    """

    carrier: str
    lane: str
    parcels: int
    waiting: int
    delivered: int
    pickup: tuple[int, int] | None
    travel: tuple[int, int] | None
    gap: int | None
    gap_key: str
    in_time: int
    due: int


@dataclass(slots=True)
class _Sums:
    parcels: int = 0
    waiting: int = 0
    delivered: int = 0
    in_time: int = 0
    due: int = 0
    gap: int = _NOTHING
    gap_key: str = ""
    pickups: list[int] = field(default_factory=list)
    travels: list[int] = field(default_factory=list)


class Measured(NamedTuple):
    """Measures by carrier, the busiest first, and by carrier and lane; what could not be judged.

    `orderless` parcels are named by no order, `unknown_orders` are ids that parcels name and no
    file knows, with the parcel that names them first.
    """

    carriers: list[Measure]
    lanes: list[Measure]
    orderless: int
    unknown_orders: dict[str, str]


def measured(machine: Machine, profiles: Profiles, until: int) -> Measured:
    """Measure every parcel that the machine knows, as of `until` (µs)."""
    sums: defaultdict[tuple[str, str], _Sums] = defaultdict(_Sums)
    orderless = 0
    unknown: dict[str, str] = {}
    for key in machine.known("parcels"):
        state = machine.parcel_state(key)
        if state is None or key.encode() in machine.unjudged["parcels"]:
            continue
        if not state.named:
            orderless += 1
        for order in state.orders:
            if order.facts is None or not order.facts.known:
                unknown.setdefault(order.order_id, key)
        carrier = key.partition(":")[0]
        for life in _lives(state):
            lead = life.lead
            lead.terms = profiles.at(lead.platform, lead.dated).terms
            lane = life.lane() or "not_judged"
            for name in ("", lane):
                _add(sums[carrier, name], life, until)
    found = [_measure(carrier, lane, each) for (carrier, lane), each in sums.items()]
    found.sort(key=lambda each: (-sums[each.carrier, ""].parcels, each.carrier, -each.parcels))
    return Measured(
        [each for each in found if not each.lane],
        [each for each in found if each.lane],
        orderless,
        unknown,
    )


def _lives(state: ParcelState) -> list[ParcelLife]:
    known = {order.order_id: order.facts for order in state.orders}
    found = [
        ParcelLife(state.key, records, named, known, state.recipients, estimated=state.estimated)
        for records, named in lives(state.records, state.named)
        if named
    ]
    return [life for life in found if life.orders]


def _add(sums: _Sums, life: ParcelLife, until: int) -> None:
    sums.parcels += 1
    lead = life.lead
    moved = life.first(PROGRESS)
    if moved is None:
        if life.stopped_at is None:
            sums.waiting += 1
    else:
        # A record that names an order says nothing of when its number was uploaded.
        if lead.upload.status == ORDERED:
            sums.pickups.append(max(0, moved.at - lead.uploaded_at))
        delivered = life.firsts[_DELIVERED]
        if delivered is not None:
            sums.delivered += 1
            sums.travels.append(delivered - moved.at)
        gap = _gap(life, until)
        if gap > sums.gap:
            sums.gap, sums.gap_key = gap, life.key
    promise = _promise(life)
    if promise is not None:
        if moved is not None and moved.at <= promise:
            sums.in_time += 1
            sums.due += 1
        elif promise < until and (lead.ended_at is None or lead.ended_at > promise):
            sums.due += 1


def _gap(life: ParcelLife, until: int) -> int:
    end = until if life.stopped_at is None else life.stopped_at
    times = [record.at for record in life.records if record.status not in NOT_RECORDS]
    times = [at for at in times if at <= end]
    times.append(end)
    return max((after - before for before, after in pairwise(times)), default=0)


def _promise(life: ParcelLife) -> int | None:
    facts = life.lead.facts
    if facts is None or not facts.known or facts.base is None:
        return None
    return facts.promised_ship_by or life.lead.terms.due(facts.base)


def _measure(carrier: str, lane: str, sums: _Sums) -> Measure:
    return Measure(
        carrier,
        lane,
        sums.parcels,
        sums.waiting,
        sums.delivered,
        _both(sums.pickups),
        _both(sums.travels),
        None if sums.gap == _NOTHING else sums.gap,
        sums.gap_key,
        sums.in_time,
        sums.due,
    )


def _both(lengths: list[int]) -> tuple[int, int] | None:
    lengths.sort()
    median, ninth = nearest_rank(lengths, 50), nearest_rank(lengths, 90)
    return None if median is None or ninth is None else (median, ninth)
