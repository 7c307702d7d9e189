"""A day of the demo's week as its readers have it: what each channel is told, and how often.

    .venv/bin/python -m tests.notify.day --day 2026-11-15 --channel wecom

The week goes through a desk's database by a clock, five minutes at a time; every channel takes at
once what it is sent. Nothing is sent anywhere. Without `--channel` only the figures are printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from support.desk import as_message, reads, take
from support.desk_week import judged

from streams.demo.history import ENDS_AT, STARTS_AT, load
from streams.desk.database.database import Database, sequence, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.intake.write import write
from streams.desk.notify.announce import Announcer, begin
from streams.desk.notify.passing import pass_time
from streams.desk.notify.post import Post
from streams.facts.times import BEIJING, MINUTE, from_datetime, to_datetime
from streams.notify.channels.make import make_channel, preview
from streams.notify.message import Channel, Message, Sent
from streams.notify.routes import Plan, read_routes
from streams.notify.texts.links import Links
from streams.notify.texts.texts import Texts

STEP = 5 * MINUTE
"""How far the clock goes at a time."""

ROUTES = """\
[defaults]
language = "zh"

[channels]
dingtalk = { type = "dingtalk", url_env = "URL" }
feishu = { type = "feishu", url_env = "URL" }
wecom = { type = "wecom", url_env = "URL" }
slack = { type = "slack", url_env = "URL" }

[channels.email]
type = "email"
host = "localhost"
tls = "none"
from = "desk@example.com"
to = ["li@example.com"]

# What cannot wait, when it comes up; the rest of the night waits for the morning.
[routes.urgent]
channels = ["dingtalk", "feishu", "wecom", "slack"]
severities = ["critical"]
hours_to_deadline = 6
wait_minutes = 15
group = "route"
quiet = ["22:00-08:00"]
urgent_hours = 1
follow_up = false

# Everything, twice a day.
[routes.overview]
channels = ["dingtalk", "email"]
digest = ["09:03", "17:03"]
group = "route"
"""
"""Routes that somebody with two shops might begin with."""


class Told(NamedTuple):
    """A message, and when it was sent (µs)."""

    at: int
    message: Message


def channel_of(plan: Plan, name: str) -> Channel:
    """A channel that nothing is sent by."""
    links = Links("https://desk.example.com", b"the demo's key")
    environment = {"URL": "https://robots.example.com/hook"}
    return make_channel(name, plan.channels[name], links, Texts(), environment=environment)


def week(database: Database, plan: Plan, until: int) -> tuple[list[Told], Counter[date]]:
    """All messages of the week up to `until` (µs), and how many changes of warnings a day has."""
    channels = {name: channel_of(plan, name) for name in plan.channels}
    with database.writing() as connection:
        announcer = begin(connection, plan.routes, channels, STARTS_AT)
    limits = {name: channel.limits for name, channel in channels.items()}
    post = Post(database, plan.routes, limits, "day")
    revisions, _ = judged([each for each in load() if each.arrival <= until], until)
    changes: Counter[date] = Counter()
    found: list[Told] = []
    position = 0
    for now in range(STARTS_AT, until + 1, STEP):
        first = position
        while position < len(revisions) and _detected(revisions[position]) <= now:
            changes[_day(_detected(revisions[position]))] += 1
            position += 1
        if position > first:
            _take_in(database, revisions[first:position], first, now, announcer)
        pass_time(database, announcer, now)
        for name in channels:
            while (job := post.next(name, now)) is not None:
                found.append(Told(now, job.message))
                post.settle(job, Sent(), now)
    return found, changes


def _take_in(
    database: Database, values: list[dict[str, Any]], first: int, now: int, announcer: Announcer
) -> None:
    taken = take(database)
    found = [as_message(value) for value in values]
    with database.writing() as connection:
        sequence(connection, 1)
        progress = [(taken, first, first + len(found))]
        write(connection, reads(found, first), progress, now, announcer)


def _detected(revision: dict[str, Any]) -> int:
    return from_datetime(datetime.fromisoformat(revision["detected_at"]))


def _day(us: int) -> date:
    return to_datetime(us).astimezone(BEIJING).date()


def figures(found: list[Told], changes: Counter[date]) -> list[str]:
    """Of each day and channel: messages, and how many there would be with one for each warning."""
    sent = Counter((_day(each.at), each.message.channel) for each in found)
    alone: Counter[tuple[date, str]] = Counter()
    for each in found:
        told = len(each.message.changed) + each.message.changed_more
        alone[_day(each.at), each.message.channel] += told
    channels = sorted({channel for _, channel in sent})
    lines = ["day         changes  " + "  ".join(f"{channel:>14}" for channel in channels)]
    for day in sorted(changes):
        cells = (f"{sent[day, each]:>4} of {alone[day, each]:<5}" for each in channels)
        lines.append(f"{day}  {changes[day]:>7}  " + "  ".join(f"{cell:>14}" for cell in cells))
    return lines


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 11, 15))
    parser.add_argument("--channel", action="append", default=[], help="print what it is told")
    parser.add_argument("--routes", type=Path, help="a routes file; default: one for two shops")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shipsentry-day-") as folder:
        routes = given.routes or Path(folder) / "routes.toml"
        if given.routes is None:
            routes.write_text(ROUTES, encoding="utf-8")
        database = Database(sqlite_url(Path(folder) / "desk.sqlite"))
        upgrade(database)
        end = datetime.combine(given.day, datetime.max.time(), BEIJING)
        plan = read_routes(routes)
        found, changes = week(database, plan, min(ENDS_AT, from_datetime(end)))
        shown = {name: channel_of(plan, name) for name in given.channel}
        database.close()
    for each in found:
        if _day(each.at) == given.day and each.message.channel in shown:
            moment = to_datetime(each.at).astimezone(BEIJING)
            print(f"━━━ {moment:%m-%d %H:%M} {each.message.channel}, route {each.message.route}")
            print(preview(shown[each.message.channel], each.message), end="\n\n")
    print("\n".join(figures(found, changes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
