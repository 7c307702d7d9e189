"""What a desk tells people: a routes file that was read, and the channels that it names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from streams.desk.database.database import Database
from streams.desk.notify.announce import Announcer, begin
from streams.desk.notify.post import Post
from streams.desk.notify.sender import Sender, attempt
from streams.facts.times import to_datetime
from streams.notify.message import Channel, Outcome
from streams.notify.routes import Plan
from streams.notify.samples import samples
from streams.notify.texts.links import Links


@dataclass(frozen=True, slots=True)
class Telling:
    """`open` makes the channels anew: one belongs to the loop that it sends in. `links` reads what
    the links of its messages allow; None: they have none."""

    plan: Plan
    open: Callable[[], Mapping[str, Channel]]
    links: Links | None = None

    def start(
        self, database: Database, owner: str, clock: Callable[[], int]
    ) -> tuple[Announcer, Sender]:
        """What the intake tells, and what sends it. `owner` is a name that no other desk has."""
        channels = self.open()
        with database.writing() as connection:
            announcer = begin(connection, self.plan.routes, channels, clock())
        limits = {name: channel.limits for name, channel in channels.items()}
        post = Post(database, self.plan.routes, limits, owner)
        return announcer, Sender(database, announcer, post, channels, clock)

    def trial(self, name: str, now: int) -> Outcome:
        """Send a channel a message that says that it is a trial, in the language of a route."""
        route = next(
            (each for each in self.plan.routes.values() if name in each.every_channel),
            next(iter(self.plan.routes.values())),
        )
        sample = samples(to_datetime(now), route.language, route.tz)[0]
        message = replace(sample, channel=name, route=route.name)

        async def send() -> Outcome:
            channel = self.open()[name]
            try:
                return await attempt(channel, message)
            finally:
                await channel.close()

        return asyncio.run(send())
