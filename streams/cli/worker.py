"""`shipsentry worker`: the stream processor beside one's own Kafka."""

from __future__ import annotations

import logging
import platform
import sys
from importlib import metadata
from pathlib import Path

import click

from streams.app import build
from streams.cli.interpreter import is_optimised
from streams.cli.logs import configure
from streams.engine.kafka.topic_admin import check_topics
from streams.engine.worker.ownership import DirectoryRefused, owned
from streams.engine.worker.runner import CannotServe, run_worker
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profiles
from streams.settings import Settings, load_settings
from streams.telemetry.events import event

log = logging.getLogger(__name__)

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
        with owned(settings.data_dir):
            status = _run(settings)
    except ProfileError as error:
        raise click.ClickException(str(error)) from error
    except DirectoryRefused as error:
        raise click.ClickException(f"{settings.named('data_dir')}: {error}") from error
    except CannotServe as error:
        place = settings.named(f"http_{error.parameter}")
        raise click.ClickException(f"{place}: {error}") from error
    sys.exit(status)


def _run(settings: Settings) -> int:
    """The worker's exit status, once its data directory is its own."""
    profiles = load(Path(directory) for directory in settings.profile_dirs)
    _say_starting(settings, profiles)
    app = build(settings, profiles)
    problems = check_topics(settings)
    if problems:
        lines = "\n  ".join(problems)
        raise click.ClickException(
            f"the topics are not ready (`shipsentry topics create` makes them):\n  {lines}"
        )
    return run_worker(app, http_host=settings.http_host, http_port=settings.http_port)


def _say_starting(settings: Settings, profiles: Profiles) -> None:
    """What runs here, for whoever reads the log later: nothing of it is secret."""
    optimised = is_optimised()
    log.info(
        "ShipSentry %(version)s starts as a worker of %(app_id)s",
        event(
            "worker_starts",
            version=_version("shipsentry"),
            python=platform.python_version(),
            interpreter=sys.executable,
            optimised=optimised,
            faust=_version("faust-streaming"),
            app_id=settings.app_id,
            brokers=settings.bootstrap_servers,
            partition_count=settings.partitions,
            profiles=[profile.id for profile in profiles.all],
            shadow_profiles=settings.shadow_profiles,
            data_dir=settings.data_dir.absolute(),
        ),
    )
    if not optimised:
        log.warning(
            "%(interpreter)s was built without --enable-optimizations: it takes 1.2 to 1.8 times "
            "as long",
            event("interpreter_slow", interpreter=sys.executable),
        )


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None  # run from its source
