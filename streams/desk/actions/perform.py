"""Actions that somebody takes, on one warning or on many."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import select

from schemas.warning_action import ActionKind
from streams.desk.actions.ledger import Entry, write
from streams.desk.database.database import Database, sequence
from streams.desk.database.sight import Sight, within
from streams.desk.database.tables import warnings
from streams.facts.times import DAY

MOST = 1_000
"""Warnings that one request acts on."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done, by whom; `until` is in µs. `request_id` repeated by an actor does
    nothing twice. Warnings in another state than `only_state` are not acted on."""

    kind: ActionKind
    actor: str
    until: int | None = None
    assignee: str | None = None
    manifest_id: str | None = None
    comment: str | None = None
    request_id: str | None = None
    only_state: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Ids of the warnings that an act is written down for, and of those that there are not."""

    warning_ids: tuple[str, ...]
    missing: tuple[str, ...]


class WrongAct(ValueError):
    """An act lacks something or says too much; `field` is which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def perform(
    database: Database,
    warning_ids: Sequence[str],
    act: Act,
    now: int,
    only_shops: Sight = None,
    holds: int | None = None,
) -> Done:
    """Do it to each warning, all of them in one transaction; those of other shops, or in
    another state than the act is for, are missing.

    `holds` is how long an acknowledgement that says no end holds (µs; None: as long as the state of
    its warning). Raises WrongAct.
    """
    if act.kind == "acknowledge" and act.until is None and holds is not None:
        act = replace(act, until=now + holds)
    check(act, now)
    ids = list(dict.fromkeys(warning_ids))
    if len(ids) > MOST:
        raise WrongAct("warning_ids", f"has {len(ids)} ids: at most {MOST} are allowed")
    request_id = act.request_id or uuid.uuid4().hex
    with database.writing() as connection:
        # Before the warnings are read: nobody changes them from here on.
        sequence(connection, 1)
        query = select(warnings.c.warning_id, warnings.c.state, warnings.c.revision).where(
            warnings.c.warning_id.in_(ids), *within(warnings.c, only_shops)
        )
        if act.only_state is not None:
            query = query.where(warnings.c.state == act.only_state)
        there = {row.warning_id: row for row in connection.execute(query)}
        entries = [
            Entry(
                action_id=_action_id(request_id, act, each),
                warning_id=each,
                kind=act.kind,
                actor=act.actor,
                at=now,
                state=there[each].state,
                revision=there[each].revision,
                until=act.until,
                assignee=act.assignee,
                manifest_id=act.manifest_id,
                comment=act.comment,
            )
            for each in ids
            if each in there
        ]
        write(connection, entries)
    return Done(
        tuple(entry.warning_id for entry in entries),
        tuple(each for each in ids if each not in there),
    )


def _action_id(request_id: str, act: Act, warning_id: str) -> str:
    """The same for what the same actor sends again; another's `request_id` is another one."""
    parts = (act.actor, request_id, act.kind, warning_id)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


_NEEDS = {
    "snooze": "until",
    "assign": "assignee",
    "comment": "comment",
}
_TAKES = {
    "until": ("acknowledge", "snooze"),
    "assignee": ("assign",),
    "manifest_id": ("hand_over",),
}
_UNKEPT = re.compile("[\0\ud800-\udfff\ufffe\uffff]")

LONGEST = 3_650 * DAY
"""How far ahead an act may hold."""

LONGEST_COMMENT = 2_000
LONGEST_NAME = 128


def can_be_kept(text: str) -> bool:
    """Whether each character is one that databases, messages and workbooks take: no U+0000, no
    half of one, which JSON can spell, and none that Unicode never assigns."""
    return not _UNKEPT.search(text)


def check(act: Act, now: int) -> None:
    """Raise WrongAct where an act cannot be taken."""
    if act.kind == "lapse":
        raise WrongAct("kind", "lapse is the desk's own")
    needed = _NEEDS.get(act.kind)
    if needed is not None and not getattr(act, needed):
        raise WrongAct(needed, f"is required of {act.kind}")
    for field, kinds in _TAKES.items():
        if getattr(act, field) is not None and act.kind not in kinds:
            raise WrongAct(field, f"has no meaning for {act.kind}: allowed with {', '.join(kinds)}")
    if act.until is not None and not now < act.until <= now + LONGEST:
        raise WrongAct(
            "until", f"is not in the future, or beyond {LONGEST // DAY} days: neither is allowed"
        )
    for field, longest in (
        ("comment", LONGEST_COMMENT),
        ("assignee", LONGEST_NAME),
        ("manifest_id", LONGEST_NAME),
        ("request_id", LONGEST_NAME),
    ):
        text = getattr(act, field)
        if text is None:
            continue
        if len(text) > longest:
            raise WrongAct(field, f"has {len(text)} characters: at most {longest} are allowed")
        if not can_be_kept(text):
            raise WrongAct(field, "holds a character that cannot be kept")
