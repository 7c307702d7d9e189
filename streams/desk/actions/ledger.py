"""Writing actions down: what stands of them, the audit, and the message, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from schemas.warning_action import (
    Acknowledged,
    Action,
    ActionKind,
    HandedOver,
    Snoozed,
    WarningAction,
    Work,
)
from streams.desk.database.database import insert, sequence
from streams.desk.database.sums import COUNTED_BY, change, move
from streams.desk.database.tables import NEVER, actions, outbox, warnings, work
from streams.facts.times import to_datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One action on one warning, which was in `state` at `revision`. Times are µs."""

    action_id: str
    warning_id: str
    kind: ActionKind
    actor: str
    at: int
    state: str
    revision: int
    until: int | None = None
    assignee: str | None = None
    manifest_id: str | None = None
    comment: str | None = None


def write(connection: Connection, entries: Sequence[Entry]) -> list[str]:
    """Write actions down, in their order, and return the ids of those that were new.

    An action whose id is known changes nothing. Call `sequence` before reading what `entries` rest
    on, so that nobody changes it meanwhile.
    """
    known = set(
        connection.execute(
            select(actions.c.action_id).where(
                actions.c.action_id.in_([entry.action_id for entry in entries])
            )
        ).scalars()
    )
    new = [entry for entry in entries if entry.action_id not in known]
    if not new:
        return []
    first = sequence(connection, len(new))
    standing = standing_work(connection, {entry.warning_id for entry in new})
    audit, messages = [], []
    for number, entry in enumerate(new, first):
        row = standing.setdefault(entry.warning_id, _untouched(entry.warning_id))
        row.update(_effect(entry, row), sequence=number, changed_at=entry.at)
        audit.append({**_fields(entry), "sequence": number})
        message = _message(entry, number, row).model_dump_json()
        messages.append({"key": entry.warning_id, "value": message, "made_at": entry.at})
    connection.execute(actions.insert(), audit)
    connection.execute(outbox.insert(), messages)
    statement = insert(connection, work)
    changed = {c.name: statement.excluded[c.name] for c in work.c if not c.primary_key}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["warning_id"], set_=changed),
        list(standing.values()),
    )
    _show(connection, standing)
    return [entry.action_id for entry in new]


def standing_work(connection: Connection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What stands of what was done about warnings, by id; what nobody touched is left out."""
    rows = connection.execute(select(work).where(work.c.warning_id.in_(sorted(ids)))).mappings()
    return {row["warning_id"]: dict(row) for row in rows}


def cared_until(row: Mapping[str, Any]) -> int | None:
    """Until when a row of `work` says that somebody has taken care; NEVER: without an end."""
    acknowledged = None if row["acknowledged_at"] is None else row["acknowledged_until"] or NEVER
    return max(filter(None, (acknowledged, row["snoozed_until"])), default=None)


def _show(connection: Connection, standing: Mapping[str, Mapping[str, Any]]) -> None:
    """Bring the warnings in step with what stands about them, and the counts with the warnings."""
    columns = [warnings.c[name] for name in ("warning_id", *COUNTED_BY)]
    changes = []
    for row in connection.execute(
        select(*columns).where(warnings.c.warning_id.in_(sorted(standing)))
    ):
        until = cared_until(standing[row.warning_id])
        changes += [change(row, row.cared_until, -1), change(row, until, 1)]
    connection.execute(
        warnings.update().where(warnings.c.warning_id == bindparam("of")),
        [
            {"of": warning_id, "cursor": row["sequence"], "cared_until": cared_until(row)}
            for warning_id, row in standing.items()
        ],
    )
    move(connection, changes)


def as_work(row: Mapping[str, Any]) -> Work:
    """A row of `work` as the message has it."""
    acknowledged = snoozed = handed_over = None
    if row["acknowledged_at"] is not None:
        acknowledged = Acknowledged(
            by=row["acknowledged_by"],
            at=to_datetime(row["acknowledged_at"]),
            until=_moment(row["acknowledged_until"]),
        )
    if row["snoozed_until"] is not None:
        snoozed = Snoozed(by=row["snoozed_by"], until=to_datetime(row["snoozed_until"]))
    if row["handed_over_at"] is not None:
        handed_over = HandedOver(
            at=to_datetime(row["handed_over_at"]), manifest_id=row["manifest_id"]
        )
    return Work(
        acknowledged=acknowledged,
        snoozed=snoozed,
        assignee=row["assignee"],
        handed_over=handed_over,
        known_to_platform_at=_moment(row["known_at"]),
        comments=row["comments"] or 0,
    )


def _untouched(warning_id: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(column.name for column in work.c)
    return {**row, "warning_id": warning_id, "comments": 0}


_NOT_ACKNOWLEDGED = dict.fromkeys(
    column.name for column in work.c if column.name.startswith("acknowledged_")
)
_NOT_SNOOZED = dict.fromkeys(column.name for column in work.c if column.name.startswith("snoozed_"))


def _effect(entry: Entry, row: Mapping[str, Any]) -> dict[str, Any]:
    """What an action changes of what stands."""
    match entry.kind:
        case "acknowledge":
            return {
                "acknowledged_by": entry.actor,
                "acknowledged_at": entry.at,
                "acknowledged_until": entry.until,
                "acknowledged_state": entry.state,
                "acknowledged_revision": entry.revision,
            }
        case "snooze":
            return {
                "snoozed_by": entry.actor,
                "snoozed_until": entry.until,
                "snoozed_state": entry.state,
                "snoozed_revision": entry.revision,
            }
        case "unacknowledge":
            return _NOT_ACKNOWLEDGED
        case "unsnooze":
            return _NOT_SNOOZED
        case "lapse":
            return _NOT_ACKNOWLEDGED | _NOT_SNOOZED
        case "assign" | "unassign":
            return {"assignee": entry.assignee}
        case "hand_over":
            return {"handed_over_at": entry.at, "manifest_id": entry.manifest_id}
        case "known_to_platform":
            return {"known_at": entry.at}
        case "comment":
            return {"comments": row["comments"] + 1}


def _fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


def _message(entry: Entry, number: int, row: Mapping[str, Any]) -> WarningAction:
    fields = {**_fields(entry), "at": to_datetime(entry.at), "until": _moment(entry.until)}
    action = Action.model_validate(fields)
    return WarningAction(
        warning_id=entry.warning_id, sequence=number, action=action, work=as_work(row)
    )


def _moment(us: int | None) -> Any:
    return None if us is None else to_datetime(us)
