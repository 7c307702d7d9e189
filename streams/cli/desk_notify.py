"""`shipsentry desk notify …`: try a channel, see what routes would have sent, send again."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import click

from streams.cli.desk import errors, opened
from streams.cli.files import InputFile
from streams.cli.logs import one_line
from streams.decode.names import with_own
from streams.desk.notify.form import PARKED
from streams.desk.notify.log import listed, send_again
from streams.desk.notify.preview import preview as foreseen
from streams.desk.notify.telling import Telling
from streams.desk.service.notifying import notifying
from streams.desk.service.serve import now
from streams.facts.times import DAY, HOUR, to_datetime
from streams.notify.message import Sent
from streams.notify.routes import WrongRoutes, read_routes
from streams.profiles.loader import load
from streams.settings import Settings, load_settings
from streams.telemetry.counted import counted

_MOST_REVISIONS = 200_000
_MOST_AGAIN = 500
_LARGEST = (1 << 63) - 1
_SPAN = re.compile(r"([1-9][0-9]{0,3})([hd])")


def _span(_context: Any, _option: Any, text: str) -> int:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r}: allowed are hours and days, as in 12h or 7d")
    return int(found[1]) * (DAY if found[2] == "d" else HOUR)


TEST_EPILOG = """\b
Examples:
  shipsentry desk notify test ops

Sends one message that says that it is a trial. Exit status: 0 the channel took it; 1 it did not.
"""


@click.command("test", epilog=TEST_EPILOG)
@click.argument("channel")
def test(channel: str) -> None:
    """Send a trial message to a channel of the routes file."""
    telling = _telling(load_settings())
    if channel not in telling.plan.channels:
        known = ", ".join(telling.plan.channels)
        raise click.ClickException(f"there is no channel {channel!r}; there are {known}")
    outcome = telling.trial(channel, now())
    if not isinstance(outcome, Sent):
        raise click.ClickException(f"{channel}: {one_line(outcome.reason)}")
    click.echo(f"{channel} took it")


PREVIEW_EPILOG = """\b
Examples:
  shipsentry desk notify preview --since 7d
  shipsentry desk notify preview --since 24h --routes new.toml --list

Goes through the revisions that the desk keeps as if time passed: windows, digests, quiet hours and
reminders count, and nobody acknowledges anything. Nothing is sent.
"""


@click.command("preview", epilog=PREVIEW_EPILOG)
@click.option("--since", default="7d", show_default=True, callback=_span, help="How far back.")
@click.option(
    "--routes",
    "routes_file",
    type=InputFile(dash=False),
    help="Another routes file. Default: SHIPSENTRY_DESK_NOTIFY_FILE.",
)
@click.option("--list", "lists", is_flag=True, help="Each message on a line, too.")
def preview(since: int, routes_file: Path | None, lists: bool) -> None:
    """Say what would have been sent over the last days, by day, channel and route."""
    settings = load_settings()
    path = routes_file or settings.desk_notify_file
    if path is None:
        raise click.UsageError("--routes is needed where SHIPSENTRY_DESK_NOTIFY_FILE is not set")
    try:
        plan = read_routes(path)
    except WrongRoutes as error:
        raise click.ClickException(str(error)) from error
    at = now()
    with opened() as database, database.reading() as connection:
        found = foreseen(connection, plan.routes.values(), at - since, at, _MOST_REVISIONS)
    if lists:
        for each in found.messages:
            zone = plan.routes[each.route].tz
            moment = to_datetime(each.at).astimezone(zone).isoformat(" ", "minutes")
            changes = Counter(line.change for line in each.lines)
            said = ", ".join(f"{change} {n}" for change, n in changes.items())
            click.echo(
                one_line(f"{moment}  {each.channel}  {each.route}  {each.group_key}  {said}")
            )
    per_day: Counter[tuple[str, str, str]] = Counter()
    warnings: Counter[tuple[str, str, str]] = Counter()
    for each in found.messages:
        day = to_datetime(each.at).astimezone(plan.routes[each.route].tz).date().isoformat()
        per_day[day, each.channel, each.route] += 1
        warnings[day, each.channel, each.route] += len(each.lines)
    for (day, channel, route), n in sorted(per_day.items()):
        click.echo(
            f"{day}  {channel}  {route}  {counted(n, 'message')} of {warnings[day, channel, route]}"
        )
    before = sum(len(each.lines) for each in found.messages)
    click.echo(
        f"{counted(len(found.messages), 'message')} of {counted(found.revisions, 'revision')}; "
        f"one for each warning would have been {before}"
        + ("; older revisions were left out" if found.capped else "")
    )


RESEND_EPILOG = """\b
Examples:
  shipsentry desk notify resend --parked --channel ops
  shipsentry desk notify resend 812 813

The idempotency keys stay: a receiver that knows one has the message already.
"""


@click.command("resend", epilog=RESEND_EPILOG)
@click.argument("ids", nargs=-1, type=click.IntRange(1, _LARGEST))
@click.option("--parked", is_flag=True, help="All that were given up, 500 at a time.")
@click.option("--channel", help="With --parked: those of this channel.")
def resend(ids: tuple[int, ...], parked: bool, channel: str | None) -> None:
    """Queue notifications once more that were sent or given up."""
    if bool(ids) == parked:
        raise click.UsageError("either ids or --parked: one of them is needed")
    with opened() as database, database.writing() as connection:
        if parked:
            rows = listed(connection, channel=channel, state=PARKED, limit=_MOST_AGAIN)
            ids = tuple(row.id for row in rows)
        done = send_again(connection, ids, now())
    click.echo(f"{counted(len(done), 'notification')} queued")


def _telling(settings: Settings) -> Telling:
    if settings.desk_notify_file is None:
        raise click.ClickException("SHIPSENTRY_DESK_NOTIFY_FILE is not set: nobody is told")
    with errors():
        profiles = load(Path(directory) for directory in settings.profile_dirs)
    with opened() as database:
        found = notifying(settings, profiles, with_own(*profiles.own_names), database)
    assert found is not None  # noqa: S101 - the settings name a file
    return found
