"""Routes, channels and time for tests of notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from support.desk import NOON, as_message, reads, take

from streams.desk.database.database import Database, sequence
from streams.desk.database.tables import notices, offsets
from streams.desk.intake.write import write
from streams.desk.notify.announce import Announcer, begin
from streams.desk.notify.passing import pass_time
from streams.desk.notify.post import Job, Post
from streams.facts.times import SECOND
from streams.notify.message import Limits, Message, Outcome, Sent
from streams.notify.routes import Plan, read_routes

CHANNEL = '[channels.{name}]\ntype = "webhook"\n'


def plan_of(folder: Path, routes: str, channels: Iterable[str] = ("ops",)) -> Plan:
    """A routes file with these tables of routes; nothing is made of the channels."""
    path = folder / "routes.toml"
    path.write_text("".join(CHANNEL.format(name=name) for name in channels) + routes)
    return read_routes(path)


class Office:
    """A desk's notifications without its threads: a test takes revisions in and lets time pass."""

    def __init__(
        self,
        database: Database,
        plan: Plan,
        *,
        since: int = NOON,
        per_minute: int | None = None,
        owner: str = "desk-1",
    ) -> None:
        self.database = database
        self.plan = plan
        self.now = since
        limits = dict.fromkeys(plan.channels, Limits(per_minute, 4096))
        with database.writing() as connection:
            self.announcer: Announcer = begin(connection, plan.routes, plan.channels, since)
        self.post = Post(database, plan.routes, limits, owner)
        self.answer: Callable[[Job], Outcome] = lambda _job: Sent()
        self.sent: list[Message] = []
        self.attempts: list[tuple[int, str]] = []
        """When something was tried, and by which key."""

    def take(self, *values: dict[str, Any], partition: int = 0) -> None:
        """Take revisions in, in one batch."""
        taken = take(self.database, partition=partition)
        found = [as_message(value) for value in values]
        with self.database.writing() as connection:
            sequence(connection, 1)
            query = select(offsets.c.next_offset).where(offsets.c.partition == partition)
            first = connection.execute(query).scalar_one()
            progress = [(taken, first, first + len(found))]
            write(connection, reads(found, first, partition), progress, self.now, self.announcer)

    def look(self) -> None:
        """Write what time has brought, and make one attempt on each channel that may be used."""
        pass_time(self.database, self.announcer, self.now)
        for channel in self.plan.channels:
            job = self.post.next(channel, self.now)
            if job is None:
                continue
            self.attempts.append((self.now, job.message.key))
            outcome = self.answer(job)
            if isinstance(outcome, Sent):
                self.sent.append(job.message)
            self.post.settle(job, outcome, self.now)

    def pass_by(self, span: int, step: int = 10 * SECOND) -> list[Message]:
        """Let time pass, looking at each step; what was sent meanwhile."""
        before = len(self.sent)
        for _ in range(span // step):
            self.now += step
            self.look()
        return self.sent[before:]

    def outcomes(self) -> list[str]:
        """What became of each notice."""
        with self.database.reading() as connection:
            query = select(notices.c.outcome).order_by(notices.c.id)
            return list(connection.execute(query).scalars())


def told(messages: Iterable[Message]) -> list[list[tuple[str, str]]]:
    """Of each message its warnings (by their order's name) and why they are told of."""
    return [
        [(item.warning.order_ids[0].removeprefix("order-"), item.change) for item in each.changed]
        for each in messages
    ]
