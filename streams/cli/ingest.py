"""`shipsentry ingest`: takes what sources push, and puts it on Kafka."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import click

from streams.cli.files import InputFile
from streams.cli.logs import configure
from streams.engine.pages.serving import CannotServe
from streams.ingest.feeds import FeedsError, load_feeds
from streams.ingest.service import run
from streams.settings import load_settings
from streams.telemetry.events import event

log = logging.getLogger(__name__)

EPILOG = """\b
Examples:
  shipsentry ingest --feeds feeds.toml
  SHIPSENTRY_INGEST_HOST=0.0.0.0 SHIPSENTRY_HTTP_CERTFILE=tls.crt \\
    SHIPSENTRY_HTTP_KEYFILE=tls.key shipsentry ingest --feeds feeds.toml

\b
A feed in the file is a table; its address is /in/SOURCE/NAME:
  [[feed]]
  source = "kuaidi100"
  name = "main"
  secret_env = "KUAIDI100_SALT"

Several services share the work behind one address. Ctrl-C or SIGTERM answers what was begun.
"""


@click.command(epilog=EPILOG)
@click.option("--feeds", required=True, type=InputFile(), help="The feeds, a TOML file.")
def ingest(feeds: Path) -> None:
    """Take pushes of carriers, aggregators, marketplaces and shops by HTTP, until stopped.

    A request is answered as taken once Kafka has acknowledged all records of it; else its source
    is told to try again.
    """
    settings = load_settings()
    configure(settings)
    try:
        found = load_feeds(feeds, os.environ)
    except (FeedsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    log.info(
        "takes requests of %(feeds)d feeds",
        event("ingest_starts", feeds=len(found), brokers=settings.bootstrap_servers),
    )
    try:
        asyncio.run(run(settings, found, signals=True))
    except CannotServe as error:
        place = settings.named(f"ingest_{error.parameter}")
        raise click.ClickException(f"{place}: {error}") from error
