"""`shipsentry notify`: a digest of warnings in a file, sent from here; no desk, no Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import click

from streams.cli.files import InputFile
from streams.facts.times import MINUTE, SECOND
from streams.notify.message import MERGE_ABOVE, Channel, Refused, Sent, Throttled
from streams.notify.once import (
    Letter,
    Remembered,
    WrongFile,
    keep,
    letters,
    read_warnings,
    remembered,
)
from streams.notify.routes import WrongRoutes, read_routes
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry replay --orders orders.csv --tracking tracking.csv --out warnings.jsonl &&
    shipsentry notify --once --warnings warnings.jsonl --routes notify.toml
  shipsentry notify --once --warnings warnings.jsonl --routes notify.toml --print

For cron, where no desk runs: what has changed since the last run, and what is most urgent, by the
routes of a file (docs/notifications.md). What was told is remembered in --memory, beside the
warnings by default. Digest times, quiet hours and escalations are a desk's; this sends at once.
Exit status: 0 all was sent, or nothing was new; 1 a channel did not take something, which the next
run sends again; 2 wrong usage or routes.
"""

_TRIES = 3
"""How often a channel is asked that takes no more for now."""

_LONGEST_WAIT_S = 60.0


@click.command(epilog=EPILOG)
@click.option("--once", is_flag=True, required=True, help="Send what is new now, and end.")
@click.option(
    "--warnings",
    "warnings_file",
    type=InputFile(dash=False),
    required=True,
    help="What `replay` or `warnings export` wrote, JSON lines.",
)
@click.option(
    "--routes",
    "routes_file",
    type=InputFile(dash=False),
    required=True,
    help="The routes file.",
)
@click.option(
    "--memory",
    type=InputFile(dash=False, exists=False),
    help="Where it is kept what was told. Default: beside the warnings, .told.json at the end.",
)
@click.option("--print", "prints", is_flag=True, help="Print what would be sent; send nothing.")
def notify(
    once: bool, warnings_file: Path, routes_file: Path, memory: Path | None, prints: bool
) -> None:
    """Send a digest of the warnings in a file to the channels of a routes file."""
    from streams.notify.channels.make import preview
    from streams.notify.open_channels import open_channels

    now = time.time_ns() // 1_000
    place = memory or warnings_file.with_name(f"{warnings_file.name}.told.json")
    try:
        plan = read_routes(routes_file)
        channels = open_channels(plan, None)
        known = remembered(place)
        warnings = list(read_warnings(warnings_file).values())
    except WrongRoutes as error:
        raise click.UsageError(str(error)) from error
    except (WrongFile, OSError) as error:
        raise click.ClickException(str(error)) from error
    limits = {name: channel.limits.per_minute or MERGE_ABOVE for name, channel in channels.items()}
    found = letters(plan.routes.values(), limits, warnings, known, now)
    if prints:
        for letter in found:
            message = letter.message
            click.echo(f"--- {message.channel}, route {message.route}")
            click.echo(preview(channels[message.channel], message))
        click.echo(counted(len(found), "message"), err=True)
        return
    failed = asyncio.run(_send(channels, found, known, place, now))
    click.echo(f"{counted(len(found) - failed, 'message')} sent", err=True)
    if failed:
        raise SystemExit(1)


async def _send(
    channels: Mapping[str, Channel],
    found: list[Letter],
    memory: Remembered,
    place: Path,
    now: int,
) -> int:
    """Send them one after the other, within each channel's limit; how many were not taken."""
    failed = 0
    try:
        for letter in found:
            channel = channels[letter.message.channel]
            problem, parts = await _attempt(channel, letter)
            if problem is None:
                letter.remember(memory, now)
                keep(place, memory)
            else:
                failed += 1
                click.echo(f"{letter.message.channel}: {problem}", err=True)
            per_minute = channel.limits.per_minute
            if per_minute is not None and letter is not found[-1]:
                await asyncio.sleep(parts * MINUTE / SECOND / per_minute)
        keep(place, memory)
    finally:
        for each in channels.values():
            await each.close()
    return failed


async def _attempt(channel: Channel, letter: Letter) -> tuple[str | None, int]:
    """What is wrong (None: it was sent), and how many messages of the channel it took."""
    for tries_left in reversed(range(_TRIES)):
        outcome = await channel.send(letter.message)
        if isinstance(outcome, Sent):
            return None, outcome.parts
        if isinstance(outcome, Refused) or not tries_left:
            return outcome.reason, 1
        wait = outcome.after_s if isinstance(outcome, Throttled) else 1.0
        await asyncio.sleep(min(wait, _LONGEST_WAIT_S))
    raise AssertionError("unreachable")
