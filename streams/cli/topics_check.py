"""`shipsentry topics check`: is everything there that a worker needs?"""

from __future__ import annotations

import sys

import click

from streams.engine.kafka.topic_admin import COMMAND_WAIT_S, inspect_topics, topic_specs
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry topics check
  shipsentry topics check && shipsentry worker

A worker makes the same check when it starts. Exit status: 0, or 1 with a line for each problem.
Notes do not keep a worker from starting.
"""


@click.command(epilog=EPILOG)
def check() -> None:
    """Check that every topic is there, with partition counts and policies that fit."""
    settings = load_settings()
    problems, notes = inspect_topics(settings, COMMAND_WAIT_S)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    for problem in problems:
        click.echo(f"problem: {problem}", err=True)
    if problems:
        click.echo("`shipsentry topics create` makes topics that are missing", err=True)
        sys.exit(1)
    click.echo(
        f"{counted(len(topic_specs(settings)), 'topic')} of {settings.app_id!r} are there and fit "
        f"({counted(settings.partitions, 'partition')})"
    )
