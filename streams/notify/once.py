"""A digest of warnings in a file, for whoever runs no desk: what stands, against what was told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from schemas import Refusal, ShipmentWarning, parse
from streams.facts.times import HOUR, to_datetime
from streams.notify.decide import OVER, Fact, RouteState, covered, group_key, heard, matches
from streams.notify.facts import fact_of, message_key, notice_key, urgency
from streams.notify.message import (
    MERGED,
    MOST_ITEMS,
    URGENT,
    Change,
    Counts,
    Group,
    Item,
    Message,
)
from streams.notify.routes import Route

MAX_LINE = 4 << 20
"""Bytes of a warning."""


class WrongFile(ValueError):
    """A file cannot be used; the message names it and the line."""


class Remembered(msgspec.Struct):
    """What was told of each warning, and when each group was last spoken of (µs), by channel and
    route: the names with a slash between."""

    version: int = 1
    states: dict[str, dict[str, RouteState]] = msgspec.field(default_factory=dict)
    spoken: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be sent, and what to remember once its channel has it."""

    message: Message
    group_key: str
    states: Mapping[str, RouteState]

    def remember(self, memory: Remembered, now: int) -> None:
        """Note that it was sent."""
        place = _place(self.message.channel, self.message.route)
        memory.states.setdefault(place, {}).update(self.states)
        memory.spoken.setdefault(place, {})[self.group_key] = now


def read_warnings(path: Path) -> dict[str, ShipmentWarning]:
    """The newest revision of each warning in a file of JSON lines, as `replay` and `warnings
    export` write them. Raises WrongFile, OSError."""
    found: dict[str, ShipmentWarning] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            parsed = parse(ShipmentWarning, line, 0, MAX_LINE)
            if isinstance(parsed, Refusal):
                where = "" if parsed.field is None else f" ({parsed.field})"
                raise WrongFile(f"{path}:{number}: is no warning: {parsed.reason}{where}")
            warning = parsed[0]
            known = found.get(warning.warning_id)
            if known is None or warning.revision > known.revision:
                found[warning.warning_id] = warning
    return found


def remembered(path: Path) -> Remembered:
    """What an earlier run has written; nothing where there is no such file. Raises WrongFile,
    OSError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Remembered()
    try:
        found = msgspec.json.decode(raw, type=Remembered)
    except msgspec.DecodeError as error:
        raise WrongFile(f"{path}: is no memory of notifications: {error}") from None
    if found.version != 1:
        raise WrongFile(f"{path}: is of version {found.version}: this release reads 1")
    return found


def keep(path: Path, memory: Remembered) -> None:
    """Write it down for the next run, whole or not at all. Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(memory))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@dataclass(frozen=True, slots=True)
class _Part:
    """A warning that is told of, and what is known of it from then on."""

    fact: Fact
    change: Change
    becomes: RouteState
    item: Item


@dataclass(slots=True)
class _Mail:
    """What one route has for one channel, by group and by whether it is over."""

    route: Route
    groups: dict[tuple[bool, str], list[_Part]] = field(default_factory=dict)


def letters(
    routes: Iterable[Route],
    limits: Mapping[str, int],
    warnings: Sequence[ShipmentWarning],
    memory: Remembered,
    now: int,
) -> list[Letter]:
    """What is to be sent of the newest revisions of warnings, in the order of the routes.

    `limits` are the messages that each channel takes in a minute: where a channel would get more, a
    route's groups become one message. What is not told of but has changed is noted in `memory` at
    once.
    """
    known = [(fact_of(warning), warning) for warning in warnings]
    found: list[Letter] = []
    for channel, limit in limits.items():
        mails = []
        for route in routes:
            if channel in route.channels:
                mail = _Mail(route)
                _fill(mail, memory.states.setdefault(_place(channel, route.name), {}), known, now)
                mails.append(mail)
        merges = sum(len(mail.groups) for mail in mails) > limit
        for mail in mails:
            spoken = memory.spoken.get(_place(channel, mail.route.name), {})
            for (is_over, group), parts in (_merged(mail) if merges else mail.groups).items():
                found.append(_letter(channel, mail, is_over, group, parts, known, spoken, now))
    return found


def _fill(
    mail: _Mail,
    states: dict[str, RouteState],
    known: Sequence[tuple[Fact, ShipmentWarning]],
    now: int,
) -> None:
    route = mail.route
    for fact, warning in known:
        was = states.get(fact.warning_id)
        # Histories are judged anew each time: their states count, not the numbers of revisions.
        compared = None if was is None else replace(was, revision=-1)
        result = heard(route, compared, fact, now, old=False)
        becomes, change = (was, None) if result is None else (result.becomes, result.change)
        if was is not None and was.state in OVER and fact.state in OVER:
            change = None  # of one end or another it was told
        if becomes is None:
            continue
        reminded = covered(route, fact, now)
        is_due = reminded is not None and (becomes.reminded is None or reminded < becomes.reminded)
        if change is None and becomes.state == fact.state and is_due:
            becomes, change = replace(becomes, reminded=reminded), "reminder"
        if change is None:
            states[fact.warning_id] = becomes
            continue
        step = round(reminded / HOUR) if change == "reminder" and reminded is not None else None
        part = _Part(fact, change, becomes, Item(warning, change, step))
        group = fact.state in OVER, group_key(route, fact)
        mail.groups.setdefault(group, []).append(part)


def _merged(mail: _Mail) -> dict[tuple[bool, str], list[_Part]]:
    """All groups of a route as one, what is over apart."""
    found: dict[tuple[bool, str], list[_Part]] = {}
    for (is_over, _), parts in mail.groups.items():
        found.setdefault((is_over, MERGED), []).extend(parts)
    return found


def _letter(
    channel: str,
    mail: _Mail,
    is_over: bool,
    group: str,
    parts: list[_Part],
    known: Sequence[tuple[Fact, ShipmentWarning]],
    spoken: Mapping[str, int],
    now: int,
) -> Letter:
    route = mail.route
    parts = sorted(parts, key=lambda part: _urgency(part.fact))
    shops = {(part.fact.platform, part.fact.shop_id) for part in parts}
    whose = None
    if len(shops) == 1:
        platform, shop_id = shops.pop()
        whose = Group(platform, shop_id or None)
    stands = sorted(
        (
            (fact, warning)
            for fact, warning in known
            if matches(route, fact)
            and (
                whose is None
                or (fact.platform, fact.shop_id or None) == (whose.platform, whose.shop_id)
            )
        ),
        key=lambda each: _urgency(each[0]),
    )
    told_of = {part.fact.warning_id for part in parts}
    urgent = [
        Item(warning, "new")
        for fact, warning in stands
        if fact.state == "open" and fact.warning_id not in told_of
    ]
    at = spoken.get(_spoken(is_over, group))
    message = Message(
        key=message_key(
            channel,
            (
                notice_key(
                    channel, route.name, each.fact, each.becomes.turn, each.change, each.item.step
                )
                for each in parts
            ),
        ),
        kind="over" if is_over else "standing",
        route=route.name,
        channel=channel,
        locale=route.language,
        zone=route.tz,
        made_at=to_datetime(now),
        group=whose,
        since=None if at is None else to_datetime(at),
        changed=tuple(each.item for each in parts[:MOST_ITEMS]),
        changed_more=max(0, len(parts) - MOST_ITEMS),
        urgent=() if is_over else tuple(urgent[:URGENT]),
        counts=None if is_over else _counts([fact for fact, _ in stands], parts),
    )
    states = {each.fact.warning_id: each.becomes for each in parts}
    return Letter(message, _spoken(is_over, group), states)


def _counts(stands: Sequence[Fact], parts: Sequence[_Part]) -> Counts:
    return Counts(
        standing=len(stands),
        unattended=len(stands),
        by_severity=dict(Counter(fact.severity for fact in stands)),
        by_rule=dict(Counter(fact.rule for fact in stands)),
        by_state=dict(Counter(fact.state for fact in stands)),
        by_change=dict(Counter(part.change for part in parts)),
    )


def _urgency(fact: Fact) -> tuple[bool, bool, int, str]:
    return urgency(fact.state, fact.deadline, fact.warning_id)


def _place(channel: str, route: str) -> str:
    return f"{channel}/{route}"


def _spoken(is_over: bool, group: str) -> str:
    return f"{'over' if is_over else 'standing'} {group}"
