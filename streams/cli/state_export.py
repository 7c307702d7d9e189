"""`shipsentry state export`: the states of tables as lines of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import click

from streams.cli.files import OutputFile, Target
from streams.engine.store.errors import StoreError
from streams.engine.worker.ownership import DirectoryRefused, owned
from streams.settings import Settings, load_settings
from streams.stored import changelogs, local
from streams.stored.lines import LOAD, Header, Stored, encode_header, problem_of, written
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry state export --out states.jsonl.gz
  shipsentry state export orders parcels --out states.jsonl
  shipsentry state export --local --out states.jsonl.gz

Without tables, all that a worker of these settings keeps. The first line says which stores follow;
each other one is a state: table, partition, key, due (for readers), value (the stored bytes in
base64). It has order and tracking numbers and hashed recipients, and no names, phones or addresses.
--local reads the stores of a worker that does not run, for when the changelogs are lost: it has the
partitions that this worker had. Exit status: 0, or 1 where a record is no state.
"""


@click.command(epilog=EPILOG)
@click.argument("tables", nargs=-1, type=click.Choice(tuple(LOAD)))
@click.option("--local", "from_disk", is_flag=True, help="From the data directory, not from Kafka.")
@click.option(
    "--out",
    type=OutputFile(),
    default="-",
    help="A .jsonl file, or one with .gz. Default: standard output, as with `-`.",
)
def export(tables: tuple[str, ...], from_disk: bool, out: Target) -> None:
    """Write the states of tables as their changelogs have them now."""
    settings = load_settings()
    tables = tuple(dict.fromkeys(tables))
    count, bad = 0, 0
    with ExitStack() as stack:
        try:
            if from_disk:
                stack.enter_context(owned(settings.data_dir))
            with out.opened(in_one_step=True) as file:
                wanted = tables or settings.engine().tables
                stores = _stores(settings, wanted, from_disk)
                file.write(encode_header(Header(settings.partitions, stores)) + b"\n")
                for stored in _states(settings, stores, from_disk):
                    problem = problem_of(stored.table, stored.value)
                    if problem is not None:
                        bad += 1
                        click.echo(
                            f"fault: {stored.table}-{stored.partition}: {stored.key!r} is no "
                            f"state: {problem}",
                            err=True,
                        )
                        continue
                    file.write(written(stored) + b"\n")
                    count += 1
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(f"{out}: {error.strerror}") from error
        except (DirectoryRefused, StoreError) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{counted(count, 'state')} written to {out}", err=True)
    if bad:
        sys.exit(1)


def _stores(settings: Settings, tables: Iterable[str], from_disk: bool) -> dict[str, list[int]]:
    """By table, the partitions whose states are written."""
    if not from_disk:
        return {table: list(range(settings.partitions)) for table in tables}
    found: dict[str, list[int]] = {}
    for table, partition, _ in local.stores(settings.data_dir, tables):
        found.setdefault(table, []).append(partition)
    return found


def _states(settings: Settings, tables: Iterable[str], from_disk: bool) -> Iterator[Stored]:
    if from_disk:
        for table, partition, path in local.stores(settings.data_dir, tables):
            yield from local.states(table, partition, path)
        return
    for table in tables:
        yield from changelogs.states(settings, table)
