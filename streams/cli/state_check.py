"""`shipsentry state check`: do a stopped worker's local stores hold what they should?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from streams.engine.worker.ownership import DirectoryRefused, owned
from streams.settings import load_settings
from streams.stored.changelogs import ranges
from streams.stored.local import check as check_store
from streams.stored.local import stores
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry state check
  SHIPSENTRY_DATA_DIR=/var/lib/shipsentry shipsentry state check --offline

Every state is read, its due time looked up in the index of due times, and the changelog offset that
the store holds compared with the changelog. Nothing is changed: a worker rebuilds by itself what it
finds damaged. Exit status: 0, or 1 with a line for each fault.
"""


@click.command(epilog=EPILOG)
@click.option("--offline", is_flag=True, help="Do not ask Kafka for the changelogs' offsets.")
def check(offline: bool) -> None:
    """Read the local stores of a worker that does not run, and say what is wrong."""
    settings = load_settings()
    tables = settings.engine().tables
    found = list(stores(settings.data_dir, tables))
    if not found:
        raise click.ClickException(f"{settings.data_dir}: there is no local state")
    logs = {} if offline else ranges(settings, tables)
    bad = 0
    try:
        with owned(settings.data_dir):
            click.echo(f"{'table':8}  {'partition':>9}  {'states':>9}  {'due':>9}  {'offset':>10}")
            for table, partition, path in found:
                report = check_store(table, partition, path, logs.get((table, partition)))
                click.echo(
                    f"{table:8}  {partition:9}  {report.states:9}  {report.due:9}  {report.mark:10}"
                )
                for fault in report.faults:
                    click.echo(f"fault: {table}-{partition}: {fault}", err=True)
                bad += bool(report.faults)
    except DirectoryRefused as error:
        raise click.ClickException(str(error)) from error
    if bad:
        click.echo(f"{counted(bad, 'store')} of {len(found)} with faults", err=True)
        sys.exit(1)
    click.echo(f"{counted(len(found), 'store')} in {Path(settings.data_dir)}: no fault")
