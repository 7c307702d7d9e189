"""Sending, as a thread of a desk: each channel by itself, and time that passes beside them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from streams.desk.database.database import Database
from streams.desk.notify.announce import Announcer
from streams.desk.notify.form import PARKED, SENT
from streams.desk.notify.passing import pass_time
from streams.desk.notify.post import Job, Post
from streams.notify.message import Channel, Failed, Message, Outcome, Throttled
from streams.telemetry.events import Limited, event
from streams.telemetry.metrics import DESK_NOTIFICATION_OUTCOMES, DESK_NOTIFICATIONS

log = logging.getLogger(__name__)

LOOKS_S = 0.5
"""Between two looks for something to send."""

TICK_S = 15.0
"""Between two looks at what time has brought."""

CUT_S = 30.0
"""How long an attempt may take; a lease is longer."""

_WORSE_PAUSE_S = 2.0


class Sender:
    """One desk's sending; `run` is its thread."""

    def __init__(
        self,
        database: Database,
        announcer: Announcer,
        post: Post,
        channels: Mapping[str, Channel],
        clock: Callable[[], int],
    ) -> None:
        """`clock` gives µs since the epoch."""
        self._database = database
        self._announcer = announcer
        self._post = post
        self._channels = channels
        self._clock = clock
        self._limited = Limited(10.0)
        for channel in channels:
            for outcome in DESK_NOTIFICATION_OUTCOMES:
                DESK_NOTIFICATIONS.labels(channel, outcome)

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop; an attempt that has begun is waited for."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._passing(stop))
                for name in self._channels:
                    tasks.create_task(self._sending(name, stop))
        finally:
            for channel in self._channels.values():
                await channel.close()
            with suppress(SQLAlchemyError):  # else the leases end by themselves
                await asyncio.to_thread(self._post.release, self._clock())

    async def _passing(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                await asyncio.to_thread(pass_time, self._database, self._announcer, self._clock())
            except SQLAlchemyError as error:
                self._say_waiting(error)
            await _pause(stop, TICK_S)

    async def _sending(self, name: str, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                job = await asyncio.to_thread(self._post.next, name, self._clock())
            except SQLAlchemyError as error:
                self._say_waiting(error)
                await _pause(stop, _WORSE_PAUSE_S)
                continue
            if job is None:
                await _pause(stop, LOOKS_S)
                continue
            outcome = await attempt(self._channels[name], job.message)
            await self._settle(job, outcome, stop)

    async def _settle(self, job: Job, outcome: Outcome, stop: threading.Event) -> None:
        """Write down what came of an attempt, as soon as the database takes it."""
        while True:
            try:
                state = await asyncio.to_thread(self._post.settle, job, outcome, self._clock())
            except SQLAlchemyError as error:
                self._say_waiting(error)
                if stop.is_set():
                    return  # it is sent again, by the same key
                await _pause(stop, _WORSE_PAUSE_S)
            else:
                self._say(job, outcome, state)
                return

    def _say(self, job: Job, outcome: Outcome, state: str) -> None:
        if state == SENT:
            DESK_NOTIFICATIONS.labels(job.channel, "sent").inc()
            return
        reason = getattr(outcome, "reason", "")
        if state == PARKED:
            DESK_NOTIFICATIONS.labels(job.channel, "parked").inc()
            log.error(
                "notification %(id)d is parked: %(channel)s says: %(problem)s",
                event("desk_notification_parked", id=job.id, channel=job.channel, problem=reason),
            )
            return
        kind = "throttled" if isinstance(outcome, Throttled) else "failed"
        DESK_NOTIFICATIONS.labels(job.channel, kind).inc()
        if (left := self._limited.admit(job.channel)) is not None:
            log.warning(
                "a notification waits: %(channel)s says: %(problem)s",
                event(
                    "desk_notification_waits",
                    channel=job.channel,
                    problem=reason,
                    left_out=left or None,
                ),
            )

    def _say_waiting(self, error: SQLAlchemyError) -> None:
        problem = str(getattr(error, "orig", error)).splitlines()[0][:200]
        if (left := self._limited.admit("database")) is not None:
            log.warning(
                "notifications wait for the database: %(problem)s",
                event("desk_notifications_wait", problem=problem, left_out=left or None),
            )


async def attempt(channel: Channel, message: Message) -> Outcome:
    """One attempt, which ends in time and raises nothing."""
    try:
        async with asyncio.timeout(CUT_S):
            return await channel.send(message)
    except TimeoutError:
        return Failed(f"no answer within {CUT_S:g} s")
    except Exception as error:
        # Its own words may hold an address with a secret.
        return Failed(f"the channel's own fault: {type(error).__name__}")


async def _pause(stop: threading.Event, seconds: float) -> None:
    """Wait, but not longer than until told to stop."""
    end = asyncio.get_running_loop().time() + seconds
    # A signal sets it in another thread.
    while not stop.is_set() and (left := end - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(min(left, LOOKS_S))
