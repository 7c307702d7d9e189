"""Numbers that were uploaded and never moved, while the same digits did.

Somebody, or a spreadsheet, has changed the name of a carrier or left out leading zeros.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.facts.statuses import PROGRESS
from streams.replay.machine import Machine
from streams.state.links import digits_of, same_digits


class Numbered(NamedTuple):
    """A parcel, whether it waits for its first progress, and whether it moves."""

    key: str
    waits: bool
    moves: bool


def moving_as(machine: Machine, key: str) -> list[str]:
    """The parcels that move under the digits of `key`, other than itself."""
    return [other for other in same_digits(key, machine.known("parcels")) if _moves(machine, other)]


def numbered(machine: Machine) -> Iterator[Numbered]:
    """Every parcel that there is, sorted by its key."""
    for key in machine.known("parcels"):
        yield Numbered(key, _waits(machine, key), _moves(machine, key))


def namesakes(parcels: Iterable[Numbered]) -> list[tuple[str, str]]:
    """(A parcel that waits for its first progress, one that moves under its digits), of parcels
    sorted by their keys."""
    groups: defaultdict[str, list[Numbered]] = defaultdict(list)
    for parcel in parcels:
        groups[digits_of(parcel.key)].append(parcel)
    return [
        (waiting.key, moving.key)
        for group in groups.values()
        if len(group) > 1
        for waiting in group
        if waiting.waits
        for moving in group
        if moving.moves
    ]


def _moves(machine: Machine, key: str) -> bool:
    state = machine.parcel_state(key)
    return state is not None and any(record.status in PROGRESS for record in state.records)


def _waits(machine: Machine, key: str) -> bool:
    state = machine.parcel_state(key)
    return state is not None and bool(state.named) and not _moves(machine, key)
