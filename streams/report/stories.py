"""What happened to each parcel that is warned of, in order of time, with its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.facts.facts import STATUSES, OrderVersion
from streams.reference.places import official_name, province_name
from streams.replay.machine import Machine
from streams.report.warned import Warned
from streams.state.state import ParcelState
from streams.state.versions import order_known

_MOST = 5
"""Orders of a parcel whose steps are told."""


class Step(NamedTuple):
    """One thing that happened: when (µs), what (a word of the report), where, and a word more."""

    at: int
    what: str
    place: str = ""
    more: str = ""


class Story(NamedTuple):
    """A parcel ("": none yet), its orders, its warnings as they are urgent, and its steps."""

    parcel: str
    order_ids: tuple[str, ...]
    warned: list[Warned]
    steps: list[Step]


def subjects(machine: Machine, warned: Iterable[Warned]) -> dict[str, list[Warned]]:
    """What each story is about (a parcel's key, `order:ID` where there is none) → its warnings,
    both in the order in which the warnings come."""
    found: dict[str, list[Warned]] = {}
    for each in warned:
        found.setdefault(_subject(machine, each), []).append(each)
    return found


def story(machine: Machine, subject: str, warned: list[Warned]) -> Story:
    """One story."""
    order_ids = tuple(dict.fromkeys(one for each in warned for one in each.finding.order_ids))
    state = None if subject.startswith("order:") else machine.parcel_state(subject)
    steps = [step for order_id in order_ids[:_MOST] for step in _of_order(machine, order_id)]
    if state is not None:
        steps += _of_parcel(state)
    steps.sort(key=lambda step: step.at)
    return Story("" if state is None else subject, order_ids, warned, steps)


def _subject(machine: Machine, warned: Warned) -> str:
    """An order that is under way with one number is told of with that."""
    if warned.finding.parcel is not None:
        return warned.finding.parcel
    order_id = warned.finding.order_ids[0]
    state = machine.order_state(order_id)
    if state is not None:
        using = [
            parcel.key
            for parcel in state.parcels
            if any(life.released_at is None for life in parcel.lives)
        ]
        if len(using) == 1 and machine.parcel_state(using[0]) is not None:
            return using[0]
    return f"order:{order_id}"


def _of_order(machine: Machine, order_id: str) -> list[Step]:
    state = machine.order_state(order_id)
    version = None if state is None else order_known(state.versions)
    if version is None:
        return []
    found = [Step(version.paid_at, "paid", _recipient(version), order_id)]
    if version.promised_ship_by is not None:
        found.append(Step(version.promised_ship_by, "promised", "", order_id))
    if version.closed:
        found.append(Step(version.updated_at, "closed", "", order_id))
    return found


def _recipient(version: OrderVersion) -> str:
    """The region that an order goes to; nothing that is nearer to a person."""
    place = version.recipient
    if place is None:
        return ""
    codes = (place.province, place.city)
    return " ".join(filter(None, (official_name(code) for code in codes if code)))


def _of_parcel(state: ParcelState) -> list[Step]:
    found = [
        Step(record.at, STATUSES[record.status], _place(record.place)) for record in state.records
    ]
    for fact in state.named:
        what = STATUSES[fact.status]
        if what in ("ordered", "cancelled"):
            what = "uploaded" if what == "ordered" else "released"
            found.append(Step(fact.at, what, "", ", ".join(fact.order_ids[:_MOST])))
    return found


def _place(code: int) -> str:
    """A place as `place_code` has it."""
    city = code % 10_000
    if city:
        return official_name(f"{city:04}") or ""
    return province_name(code // 10_000) if code else ""


def numbered(subjects: Mapping[str, list[Warned]]) -> dict[str, int]:
    """Warning id → the number of its story, counted from 1."""
    return {
        each.warning_id: number
        for number, warned in enumerate(subjects.values(), start=1)
        for each in warned
    }
