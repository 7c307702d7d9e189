"""How carriers do, by lane: from the records and the warnings that the desk has."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection, Row, select

from streams.desk.database.sight import Sight, sees, within
from streams.desk.database.tables import checkpoints, links, order_versions, warnings
from streams.facts.facts import STATUS_CODE
from streams.facts.statuses import PROGRESS, STOPPING

MOST = 100_000
"""Records that are looked at, the newest: what a page can wait for."""

_UPLOADED = "ordered"
_MOVING = frozenset(name for name, code in STATUS_CODE.items() if code in PROGRESS)
_STOPPING = frozenset(name for name, code in STATUS_CODE.items() if code in STOPPING)

Record = Row[tuple[str, int, str, str | None]]


class Lane(NamedTuple):
    """A carrier, and the provinces (two digits) of the first and the last place; None: unknown."""

    carrier: str
    origin: str | None
    destination: str | None


@dataclass(slots=True)
class Figures:
    """What was seen of one carrier, or of one lane. Times are µs.

    `pickup` is from the number's upload to the pickup, `gaps` the longest silence of each parcel
    from its first progress until nothing more is to come, or until now. `ended` are parcels that
    were delivered, `in_time` those of them about which no warning was breached. `heard` is when the
    newest record happened.
    """

    parcels: int = 0
    heard: int = 0
    shipped: int = 0
    ended: int = 0
    in_time: int = 0
    warned: int = 0
    pickup: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Count another's in."""
        self.parcels += other.parcels
        self.heard = max(self.heard, other.heard)
        self.shipped += other.shipped
        self.ended += other.ended
        self.in_time += other.in_time
        self.warned += other.warned
        self.pickup += other.pickup
        self.gaps += other.gaps


@dataclass(frozen=True, slots=True)
class Seen:
    """Figures by lane, carriers whose feed is silent, and whether all records were looked at."""

    lanes: dict[Lane, Figures]
    silent: dict[str, int]
    records: int
    whole: bool


def seen(connection: Connection, since: int, now: int, only_shops: Sight) -> Seen:
    """What the records since a moment (µs) say; of other shops' parcels nothing."""
    query = (
        select(
            checkpoints.c.parcel,
            checkpoints.c.at,
            checkpoints.c.status,
            checkpoints.c.province,
        )
        .where(checkpoints.c.at >= since, ~checkpoints.c.voided)
        .order_by(checkpoints.c.at.desc())
        .limit(MOST + 1)
    )
    rows = connection.execute(query).all()
    whole = len(rows) <= MOST
    by_parcel: dict[str, list[Record]] = {}
    for row in reversed(rows[:MOST]):
        by_parcel.setdefault(row.parcel, []).append(row)
    about = _warnings(connection, since, only_shops)
    mine = None if only_shops is None else _parcels_of(connection, since, only_shops)
    lanes: dict[Lane, Figures] = defaultdict(Figures)
    for parcel, records in by_parcel.items():
        if mine is not None and parcel not in mine and parcel not in about.parcels:
            continue
        lane, figures = _parcel(parcel, records, about, now)
        lanes[lane].add(figures)
    return Seen(dict(lanes), about.silent, min(len(rows), MOST), whole)


class _About(NamedTuple):
    """Parcels with warnings → how many, of which breached; carriers with silent feeds."""

    parcels: dict[str, tuple[int, int]]
    silent: dict[str, int]


def _warnings(connection: Connection, since: int, only_shops: Sight) -> _About:
    query = select(
        warnings.c.carrier,
        warnings.c.tracking_number,
        warnings.c.breached_at,
        warnings.c.feed,
        warnings.c.standing,
    ).where(
        warnings.c.detected_at >= since,
        warnings.c.tracking_number != "",
        warnings.c.state != "withdrawn",
        *within(warnings.c, only_shops),
    )
    parcels: dict[str, tuple[int, int]] = {}
    silent: dict[str, int] = {}
    newest_first = query.order_by(warnings.c.detected_at.desc(), warnings.c.id.desc()).limit(MOST)
    for carrier, number, breached_at, feed, standing in connection.execute(newest_first):
        n, late = parcels.get(f"{carrier}:{number}", (0, 0))
        parcels[f"{carrier}:{number}"] = n + 1, late + (breached_at is not None)
        if feed == "silent" and standing:
            silent[carrier] = silent.get(carrier, 0) + 1
    return _About(parcels, silent)


def _parcels_of(connection: Connection, since: int, only_shops: Sight) -> set[str]:
    """Parcels that records link with these shops' orders."""
    query = (
        select(links.c.parcel, order_versions.c.stated)
        .join(order_versions, order_versions.c.order_id == links.c.order_id)
        .where(links.c.at >= since)
        .limit(MOST)
    )
    found = ((parcel, json.loads(stated)) for parcel, stated in connection.execute(query))
    return {
        parcel
        for parcel, stated in found
        if sees(only_shops, stated.get("platform"), stated.get("shop_id"))
    }


def _parcel(
    parcel: str, records: Sequence[Record], about: _About, now: int
) -> tuple[Lane, Figures]:
    """One parcel's part; its records are in order of time."""
    places = [row.province for row in records if row.province and row.status in _MOVING]
    moving = [row for row in records if row.status in _MOVING]
    uploaded = next((row.at for row in records if row.status == _UPLOADED), None)
    picked_up = next((row.at for row in records if row.status == "picked_up"), None)
    delivered = any(row.status == "delivered" for row in records)
    figures = Figures(parcels=1, heard=records[-1].at, shipped=int(bool(moving)))
    if uploaded is not None and picked_up is not None and picked_up >= uploaded:
        figures.pickup.append(picked_up - uploaded)
    if moving:
        end = next((row.at for row in records if row.status in _STOPPING), now)
        moments = [row.at for row in moving if row.at <= end]
        gaps = [after - before for before, after in pairwise([*moments, end])]
        figures.gaps += [max(gaps)] if gaps else []
    warned, late = about.parcels.get(parcel, (0, 0))
    figures.warned = warned
    if delivered:
        figures.ended, figures.in_time = 1, int(late == 0)
    carrier = parcel.partition(":")[0]
    return Lane(
        carrier, places[0] if places else None, places[-1] if len(places) > 1 else None
    ), figures
