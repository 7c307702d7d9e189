"""Numbers that were uploaded and never moved, while the same digits did.

Somebody, or a spreadsheet, has changed the name of a carrier or left out leading zeros.
"""

from __future__ import annotations

from collections import defaultdict

from streams.facts.statuses import PROGRESS
from streams.replay.machine import Machine
from streams.state.links import digits_of, same_digits


def moving_as(machine: Machine, key: str) -> list[str]:
    """The parcels that move under the digits of `key`, other than itself."""
    return [other for other in same_digits(key, machine.known("parcels")) if _moves(machine, other)]


def namesakes(machine: Machine) -> list[tuple[str, str]]:
    """(A parcel that waits for its first progress, one that moves under its digits), sorted."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key in machine.known("parcels"):
        groups[digits_of(key)].append(key)
    return [
        (waiting, moving)
        for keys in groups.values()
        if len(keys) > 1
        for waiting in keys
        if _waits(machine, waiting)
        for moving in keys
        if _moves(machine, moving)
    ]


def _moves(machine: Machine, key: str) -> bool:
    state = machine.parcel_state(key)
    return state is not None and any(record.status in PROGRESS for record in state.records)


def _waits(machine: Machine, key: str) -> bool:
    state = machine.parcel_state(key)
    return state is not None and bool(state.named) and not _moves(machine, key)
