"""`shipsentry state import`: states from a file into the changelogs of a stopped application."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from streams.cli.files import InputFile
from streams.inputs.opened import Opened
from streams.settings import load_settings
from streams.stored.changelogs import StillRunning, WriteFailed, refuse_while_running, replace
from streams.stored.lines import BadLine, Header, Stored, read
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry state import states.jsonl.gz --dry-run
  shipsentry state import states.jsonl.gz

The stores (partitions of tables) that the file's first line names are as the file says afterwards:
other states in them are deleted. All lines are looked at first: where one is wrong, nothing is
written. Refused while a worker runs; workers must start with empty data directories. Where the
changelogs were made anew, `shipsentry state accept --execute` comes before that: workers refuse
them otherwise. Safe to repeat, and to be repeated where it was broken off.
"""

_SHOWN = 20


@click.command("import", epilog=EPILOG)
@click.argument("file", type=InputFile(dash=False))
@click.option("--dry-run", is_flag=True, help="Look at the file, and write nothing.")
def import_states(file: Path, dry_run: bool) -> None:
    """Write the states of an export back into the changelogs."""
    settings = load_settings()
    stores, counts = _look_at(file, settings.partitions)
    if dry_run:
        for table in stores:
            click.echo(f"{table}: {counted(counts[table], 'state')}; nothing is written")
        return
    try:
        refuse_while_running(settings)
        for table, numbers in stores.items():
            wanted = (one for one in _states(file, settings.partitions) if one.table == table)
            deleted = replace(settings, table, numbers, wanted)
            click.echo(
                f"{table}: {counted(counts[table], 'state')} written, {deleted} others deleted"
            )
    except (StillRunning, WriteFailed) as error:
        raise click.ClickException(str(error)) from error


def _look_at(file: Path, partitions: int) -> tuple[dict[str, list[int]], Counter[str]]:
    """The stores that the file has, and how many states of each table; a bad line ends it."""
    stores: dict[str, list[int]] = {}
    counts: Counter[str] = Counter()
    bad = 0
    for found in _lines(file, partitions):
        if isinstance(found, Header):
            stores = found.stores
        elif isinstance(found, Stored):
            counts[found.table] += 1
        else:
            bad += 1
            if bad <= _SHOWN:
                click.echo(f"{file}: {found}", err=True)
    if bad:
        raise click.ClickException(
            f"{file}: {counted(bad, 'line is', plural='lines are')} wrong; nothing is written"
        )
    return stores, counts


def _states(file: Path, partitions: int) -> Iterator[Stored]:
    """The states of a file that was looked at."""
    for found in _lines(file, partitions):
        if isinstance(found, BadLine):
            raise click.ClickException(f"{file}: {found}; it has changed meanwhile")
        if isinstance(found, Stored):
            yield found


def _lines(file: Path, partitions: int) -> Iterator[Header | Stored | BadLine]:
    try:
        with Opened(file).unpacked() as lines:
            yield from read(lines, partitions)
    except (OSError, EOFError, zlib.error) as error:
        raise click.ClickException(f"{file}: cannot be read ({error})") from error
