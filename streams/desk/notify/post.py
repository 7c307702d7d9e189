"""Who sends what next, and what came of it. A channel has one desk and one message at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from streams.desk.database.database import Database, sequence
from streams.desk.database.tables import notifications, notify_channels
from streams.desk.notify.form import PARKED, QUEUED, SENT, anything_ready, form
from streams.facts.times import HOUR, MINUTE, SECOND
from streams.notify.message import (
    MERGE_ABOVE,
    Failed,
    Limits,
    Message,
    Outcome,
    Refused,
    Sent,
    Throttled,
)
from streams.notify.routes import Route
from streams.notify.stored import from_json

RETRIES = 14
"""How often a message that failed is sent again before it is parked."""

FIRST_RETRY = 30 * SECOND
"""After how long the first time; each further one waits twice as long."""

PROBE = 10 * MINUTE
"""How long a channel that fails is left alone at most, however long its message waits."""

SUSPECT = 3
"""Attempts after which it may be the message: another one is tried beside it."""

LEASE = 60 * SECOND
"""How long a channel stays with a desk that is not heard of: longer than an attempt takes."""

_LONGEST_PAUSE = HOUR
_LONGEST_PROBLEM = 300


@dataclass(frozen=True, slots=True)
class Job:
    """An attempt to be made. `counts`: one of the message's own, not just a look at the channel."""

    id: int
    channel: str
    message: Message
    made_at: int
    attempts: int
    counts: bool


class Post:
    """One desk's part in sending. `owner` is a name that no other desk has."""

    def __init__(
        self,
        database: Database,
        routes: Mapping[str, Route],
        limits: Mapping[str, Limits],
        owner: str,
    ) -> None:
        self._database = database
        self._routes = routes
        self._limits = limits
        self._owner = owner

    def next(self, channel: str, now: int) -> Job | None:
        """What this desk is to send on a channel now; None: nothing, or another desk does."""
        with self._database.reading() as connection:
            state = _channel(connection, channel)
            if not self._may(state, now) or not (
                _anything_queued(connection, state, now)
                or anything_ready(connection, channel, self._routes, now)
            ):
                return None
        with self._database.writing() as connection:
            sequence(connection, 1)
            state = _channel(connection, channel)
            if not self._may(state, now):
                return None
            job = self._choose(connection, state, now)
            changed: dict[str, Any] = {}
            if job is not None:
                changed = {"owner": self._owner, "lease_until": now + LEASE}
            elif state.passed_over is not None:
                # Nothing stands beside the one that failed: it is tried when its time has come.
                changed = {"passed_over": None, "next_at": now + _pause(state.failures)}
            if changed:
                _set(connection, channel, **changed)
            return job

    def settle(self, job: Job, outcome: Outcome, now: int) -> str:
        """Write down what came of an attempt; the notification's state from now on."""
        with self._database.writing() as connection:
            sequence(connection, 1)
            state = _channel(connection, job.channel)
            if isinstance(outcome, Sent):
                return self._sent(connection, state, job, outcome, now)
            if isinstance(outcome, Throttled):
                pause = min(max(round(outcome.after_s * SECOND), SECOND), _LONGEST_PAUSE)
                _set(connection, job.channel, next_at=now + pause)
                _note(connection, job, problem=outcome.reason[:_LONGEST_PROBLEM])
                return QUEUED
            if isinstance(outcome, Refused):
                _set(connection, job.channel, next_at=now + self._interval(job.channel))
                _note(
                    connection,
                    job,
                    state=PARKED,
                    attempts=job.attempts + 1,
                    problem=outcome.reason[:_LONGEST_PROBLEM],
                )
                return PARKED
            return _failed(connection, state, job, outcome, now)

    def release(self, now: int) -> None:
        """Leave the channels to others at once."""
        with self._database.writing() as connection:
            connection.execute(
                update(notify_channels)
                .where(notify_channels.c.owner == self._owner)
                .values(lease_until=now)
            )

    def _may(self, state: Row[Any], now: int) -> bool:
        mine = state.owner == self._owner or state.lease_until <= now
        return bool(mine and state.next_at <= now)

    def _choose(self, connection: Connection, state: Row[Any], now: int) -> Job | None:
        """The oldest that may be sent; something new only where nothing older waits for the
        channel."""
        query = (
            select(notifications)
            .where(notifications.c.channel == state.name, notifications.c.state == QUEUED)
            .order_by(notifications.c.id)
        )
        if state.passed_over is not None:
            query = query.where(notifications.c.id != state.passed_over)
        if not state.failures:
            query = query.where(notifications.c.next_at <= now)
        found = connection.execute(query.limit(1)).first()
        if found is None:
            limits = self._limits[state.name]
            made = form(connection, state.name, self._routes, limits.per_minute or MERGE_ABOVE, now)
            if made is None:
                return None
            found = connection.execute(
                select(notifications).where(notifications.c.id == made)
            ).one()
        return Job(
            found.id,
            state.name,
            from_json(found.value),
            found.made_at,
            found.attempts,
            found.next_at <= now,
        )

    def _sent(
        self, connection: Connection, state: Row[Any], job: Job, outcome: Sent, now: int
    ) -> str:
        if state.failures:
            # The channel is back: what failed because of it is sent now, in order.
            others = update(notifications).where(
                notifications.c.channel == job.channel, notifications.c.state == QUEUED
            )
            if state.passed_over is not None:
                others = others.where(notifications.c.id != state.passed_over)
            connection.execute(others.values(next_at=now))
        pause = self._interval(job.channel) * max(1, outcome.parts)
        _set(connection, job.channel, failures=0, passed_over=None, next_at=now + pause)
        _note(
            connection,
            job,
            state=SENT,
            attempts=job.attempts + 1,
            sent_at=now,
            problem=None,
            reference=outcome.reference,
        )
        return SENT

    def _interval(self, channel: str) -> int:
        per_minute = self._limits[channel].per_minute
        return 0 if per_minute is None else -(-MINUTE // per_minute)


def _failed(connection: Connection, state: Row[Any], job: Job, outcome: Failed, now: int) -> str:
    attempts = job.attempts + job.counts
    failures = state.failures + 1
    is_over = attempts > RETRIES
    is_suspect = attempts >= SUSPECT and state.passed_over is None
    _set(
        connection,
        job.channel,
        failures=failures,
        passed_over=job.id if is_suspect and not is_over else None,
        next_at=now if is_suspect else now + _pause(failures),
    )
    changed: dict[str, Any] = {"problem": outcome.reason[:_LONGEST_PROBLEM]}
    if job.counts:
        changed |= {"attempts": attempts, "next_at": now + (FIRST_RETRY << (attempts - 1))}
    if is_over:
        changed["state"] = PARKED
    _note(connection, job, **changed)
    return PARKED if is_over else QUEUED


def _pause(failures: int) -> int:
    """How long a channel is left alone after so many failures."""
    return min(FIRST_RETRY << min(max(failures - 1, 0), 10), PROBE)


def _channel(connection: Connection, name: str) -> Row[Any]:
    query = select(notify_channels).where(notify_channels.c.name == name)
    return connection.execute(query).one()


def _anything_queued(connection: Connection, state: Row[Any], now: int) -> bool:
    query = select(notifications.c.id).where(
        notifications.c.channel == state.name, notifications.c.state == QUEUED
    )
    if not state.failures:
        query = query.where(notifications.c.next_at <= now)
    return connection.execute(query.limit(1)).first() is not None


def _set(connection: Connection, channel: str, **values: Any) -> None:
    connection.execute(
        update(notify_channels).where(notify_channels.c.name == channel).values(**values)
    )


def _note(connection: Connection, job: Job, **values: Any) -> None:
    connection.execute(
        update(notifications)
        # What another desk has sent meanwhile stays sent.
        .where(notifications.c.id == job.id, notifications.c.state == QUEUED)
        .values(**values)
    )
