"""Fields that a former release had elsewhere: files of operators may still have them there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Place = tuple[str | int, ...]

MOVED: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("rules", "transit_stalled", "remote"), ("lanes", "remote")),
    (("rules", "transit_stalled", "excluded"), ("lanes", "excluded")),
    (("rules", "transit_stalled", "near_groups"), ("lanes", "near_groups")),
    (("rules", "ship_overdue", "default_promise_hours"), ("default_promise_hours",)),
    (("rules", "reshipped_while_late", "default_promise_hours"), ("default_promise_hours",)),
)
"""Where a field was, and where it is."""


@dataclass(slots=True)
class Placed:
    """What a file says, each field where it stands today."""

    data: dict[str, Any]
    former: dict[Place, Place] = field(default_factory=dict)
    """Where a field stands today → where the file has it."""
    clashes: list[tuple[Place, Place, Any, Any]] = field(default_factory=list)
    """(place, other place, its value, the other's) where a file says a field twice, differently."""

    def said(self, place: Place) -> Place:
        """A field as the file has it."""
        for now, before in self.former.items():
            if place[: len(now)] == now:
                return before + place[len(now) :]
        return place


def placed(data: dict[str, Any]) -> Placed:
    """A parsed file with what was moved where it stands today."""
    found = Placed(data)
    for before, now in MOVED:
        table, name = before[:-1], before[-1]
        if not _has(found.data, before):
            continue
        found.data, value = _without(found.data, table, name)
        if _has(found.data, now):
            other = _get(found.data, now)
            if other != value:
                found.clashes.append((before, found.said(now), value, other))
            continue
        if any(not isinstance(part, dict) for part in _tables(found.data, now)):
            # The file has something else than a table there, which is said of that.
            continue
        found.data = _with(found.data, now, value)
        found.former[now] = before
    return found


def _tables(data: dict[str, Any], place: tuple[str, ...]) -> Iterator[Any]:
    table: Any = data
    for part in place[:-1]:
        table = table.get(part, {})
        yield table


def _has(data: Any, place: tuple[str, ...]) -> bool:
    for part in place:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _get(data: Any, place: tuple[str, ...]) -> Any:
    for part in place:
        data = data[part]
    return data


def _without(data: dict[str, Any], table: tuple[str, ...], name: str) -> tuple[dict[str, Any], Any]:
    """The data without a field, and its value; the table stays, and so the rule stays on."""
    first, *rest = table
    if rest:
        inner, value = _without(data[first], tuple(rest), name)
    else:
        inner = dict(data[first])
        value = inner.pop(name)
    return {**data, first: inner}, value


def _with(data: dict[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, *rest = place
    return {**data, first: _with(data.get(first, {}), tuple(rest), value) if rest else value}
