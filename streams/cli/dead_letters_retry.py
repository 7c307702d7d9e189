"""`shipsentry dead-letters retry`: refused records to their topics again, each once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import click

from streams.cli.dead_letters_filter import filters, opened, say_bad
from streams.cli.logs import one_line
from streams.cli.moments import beijing
from streams.dead_letters.letters import Entry, Filter, Held, Letter, letters
from streams.dead_letters.retry import Sender, SendFailed, batches, open_sender, refusal
from streams.dead_letters.rows import line
from streams.dead_letters.shown import summary
from streams.dead_letters.sources import Read, with_bytes
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry dead-letters retry --reason too_large --dry-run
  shipsentry dead-letters retry --topic order-paid --since 2026-11-20T00:00:00+08:00
  shipsentry dead-letters retry tracking-update-2-41 --yes

For when what refused them was mended: a setting, or this software. Records that are wrong
themselves become dead letters again; their producer must send them anew. Key and value are sent as
they came, with the header `shipsentry-retry-of`; a letter that was sent again is not sent a second
time, whatever happens meanwhile (docs/dead-letters.md). Exit status: 0, or 3 when some could not be
sent, or 1 when one that was named is not there or Kafka refused, or 2 for wrong usage.
"""


@click.command(epilog=EPILOG)
@click.argument("origins", nargs=-1, metavar="[ORIGIN]...")
@filters
@click.option("--all", "everything", is_flag=True, help="All that were not sent again yet.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retry(
    origins: tuple[str, ...],
    topics: tuple[str, ...],
    reasons: tuple[str, ...],
    fields: tuple[str, ...],
    since: int | None,
    until: int | None,
    everything: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Send the records of dead letters again: those at ORIGIN, or those that fit the options."""
    wanted = Filter(origins, topics, reasons, fields, since, until)
    if everything != (wanted == Filter()):
        raise click.UsageError("name ORIGINs or options that choose, or --all without them")
    settings = load_settings()
    with ExitStack() as stack:
        read = stack.enter_context(opened(None))
        # Before anything is read: what another one sends from now on is not sent here too.
        sender = None if dry_run else stack.enter_context(open_sender(settings))
        found, bad = letters(read(), wanted)
        say_bad(bad)
        _need(origins, found)
        pending = [each for each in found if each.retried_at is None]
        refused = {each.place: refusal(each.letter, settings) for each in pending}
        chosen = [each for each in pending if refused[each.place] is None]
        if len(found) > len(pending):
            click.echo(f"sent again before: {len(found) - len(pending)}", err=True)
        for reason, number in Counter(filter(None, refused.values())).items():
            click.echo(f"cannot be sent again: {number}, {reason}", err=True)
        if sender is None:
            for each in chosen:
                click.echo(one_line(line(each, beijing(each.letter.detected_at))))
            click.echo(f"would be sent again: {counted(len(chosen), 'record')}", err=True)
        elif chosen:
            _send(sender, chosen, read, ask=not yes)
        else:
            click.echo("nothing to send again", err=True)
    if len(chosen) < len(pending):
        sys.exit(3)


def _need(origins: tuple[str, ...], found: list[Entry]) -> None:
    there = {str(each.letter.origin) for each in found}
    missing = [origin for origin in origins if origin not in there]
    if missing:
        raise click.ClickException(f"there is no dead letter of {', '.join(map(repr, missing))}")


def _send(sender: Sender, chosen: list[Entry], read: Read, *, ask: bool) -> None:
    """Send the chosen ones, after a question; what was sent is said, also where not all was."""
    for text in summary(chosen):
        click.echo(text, err=True)
    if ask:
        click.confirm("Send them again?", abort=True, err=True)
    sent = 0
    try:
        for batch in batches(_bytes_of(chosen, read)):
            sender.send(batch, datetime.now(UTC).isoformat(timespec="seconds"))
            sent += len(batch)
    except SendFailed as error:
        raise click.ClickException(
            f"{error}; {sent} of {counted(len(chosen), 'record')} sent again"
        ) from error
    click.echo(f"sent again: {counted(sent, 'record')}")


def _bytes_of(chosen: list[Entry], read: Read) -> Iterator[tuple[Letter, Held]]:
    for each, _, held in with_bytes(read(), {each.place: each for each in chosen}):
        yield each.letter, held
