"""`shipsentry worker`: the stream processor beside one's own Kafka."""

from __future__ import annotations

import sys

import click

from streams.admin import check_topics
from streams.app import build
from streams.engine.runner import run_worker
from streams.logs import configure
from streams.profiles.loader import ProfileError
from streams.settings import load_settings

EPILOG = """\b
Examples:
  shipsentry topics create && shipsentry worker
  SHIPSENTRY_BOOTSTRAP_SERVERS=kafka:9092 SHIPSENTRY_DATA_DIR=/var/lib/shipsentry shipsentry worker

Several workers share the work: start more of them with the same SHIPSENTRY_APP_ID, each with a
data directory of its own. Ctrl-C or SIGTERM finishes what was begun and commits it.
"""


@click.command(epilog=EPILOG)
def worker() -> None:
    """Consume orders and tracking updates, publish warnings, until stopped."""
    settings = load_settings()
    configure(settings)
    try:
        app = build(settings)
    except ProfileError as error:
        raise click.ClickException(str(error)) from error
    problems = check_topics(settings)
    if problems:
        lines = "\n  ".join(problems)
        raise click.ClickException(
            f"the topics are not ready (`shipsentry topics create` makes them):\n  {lines}"
        )
    sys.exit(run_worker(app, http_host=settings.http_host, http_port=settings.http_port))
