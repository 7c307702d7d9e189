"""`shipsentry topics create`: make every topic that is missing."""

from __future__ import annotations

import sys

import click

from streams.engine.kafka.topic_admin import create_topics
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry topics create
  SHIPSENTRY_PARTITIONS=12 SHIPSENTRY_REPLICATION_FACTOR=3 shipsentry topics create

Topics that are there stay as they are, so it is safe to repeat; only ticks that release 0.1 made
are dated by the brokers from then on. Where one of them has a partition count that does not fit,
nothing is made and the exit status is 1.
"""


@click.command(epilog=EPILOG)
def create() -> None:
    """Make every topic that is missing: inputs, outputs, internal ones and changelogs."""
    outcome = create_topics(load_settings())
    rows = [("made", *row) for row in outcome.made] + [("found", *row) for row in outcome.there]
    width = max((len(name) for _, name, _, _ in rows), default=0)
    for what, name, partitions, role in rows:
        click.echo(f"{what:5}  {name:{width}}  {counted(partitions, 'partition')}  {role}")
    for note in outcome.notes:
        click.echo(f"note: {note}", err=True)
    for problem in outcome.problems:
        click.echo(f"problem: {problem}", err=True)
    if outcome.problems:
        sys.exit(1)
