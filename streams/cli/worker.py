"""`shipsentry worker`: the stream processor beside one's own Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click

from streams.app import build, paths_of
from streams.cli.interpreter import is_optimised
from streams.cli.logs import configure
from streams.cli.processes import AUTO, Processes
from streams.engine.kafka.topic_admin import check_topics
from streams.engine.pages.access import Access
from streams.engine.pages.tokens import Tokens
from streams.engine.worker.ownership import DirectoryRefused, owned
from streams.engine.worker.runner import CannotServe, run_worker
from streams.processes.child import Child
from streams.processes.cores import usable_cores
from streams.processes.front import Front
from streams.processes.settings import longest_stop
from streams.processes.slot import Slot
from streams.processes.supervisor import supervise
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profiles
from streams.settings import Settings, load_settings
from streams.telemetry.events import event

log = logging.getLogger(__name__)

EPILOG = """\b
Examples:
  shipsentry topics create && shipsentry worker
  SHIPSENTRY_BOOTSTRAP_SERVERS=kafka:9092 SHIPSENTRY_DATA_DIR=/var/lib/shipsentry shipsentry worker
  shipsentry worker --processes auto

Several workers share the work: start more of them with the same SHIPSENTRY_APP_ID, each with a
data directory of its own; or, on one machine, one with --processes. Ctrl-C or SIGTERM finishes
what was begun and commits it.
"""

_SLOT = (sys.executable, "-P", "-m", "streams.cli.slot")
"""What runs as one of several processes; -P: nothing in the current directory is imported."""


@click.command(epilog=EPILOG)
@click.option(
    "--processes",
    type=Processes(),
    help="Work on several cores: so many processes, each a member of the group, behind one port; "
    "auto: as many as there are cores for, or partitions. Default: this process alone.",
)
def worker(processes: int | None) -> None:
    """Consume orders and tracking updates, publish warnings, until stopped."""
    settings = load_settings()
    configure(settings)
    with running(settings):
        status = run(settings) if processes is None else _run_several(settings, processes)
    sys.exit(status)


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Own the data directory inside the block; what keeps a worker from starting is one line."""
    try:
        with owned(settings.data_dir):
            yield
    except ProfileError as error:
        raise click.ClickException(str(error)) from error
    except DirectoryRefused as error:
        raise click.ClickException(f"{settings.named('data_dir')}: {error}") from error
    except CannotServe as error:
        place = settings.named(f"http_{error.parameter}")
        raise click.ClickException(f"{place}: {error}") from error


def run(settings: Settings, slot: Slot | None = None, listener: socket.socket | None = None) -> int:
    """The worker's exit status, once its data directory is its own.

    As one of several processes it serves the supervisor alone, by `listener`, and is found by
    others below the supervisor's address.
    """
    profiles = _profiles(settings)
    _say_starting(settings, profiles)
    app = build(settings, profiles)
    _check_topics(settings)
    if slot is not None:
        own = app.engine.peers.own
        if own.address:
            app.engine.peers.own = own._replace(address=f"{own.address}{slot.path}")
        app.access = Access(
            tokens=Tokens([slot.token]), open_pages=frozenset(), deadline=settings.http_deadline_s
        )
    return run_worker(
        app, http_host=settings.http_host, http_port=settings.http_port, listener=listener
    )


def _run_several(settings: Settings, processes: int) -> int:
    """The supervisor's exit status. What would end every process ends it before it starts one."""
    processes = _as_many_as_useful(settings, processes)
    access = settings.access()
    _profiles(settings)
    _check_topics(settings)
    children = [Child(number, _SLOT) for number in range(processes)]
    front = Front(children, access, paths_of(settings))
    log.info(
        "ShipSentry %(version)s starts %(processes)d processes",
        event("supervisor_starts", version=_version("shipsentry"), processes=processes),
    )
    return asyncio.run(
        supervise(children, front, settings.http_host, settings.http_port, longest_stop(settings))
    )


def _as_many_as_useful(settings: Settings, processes: int) -> int:
    """How many processes to start; ends with a usage error where some would have nothing to do."""
    if processes == AUTO:
        return min(usable_cores(), settings.partitions)
    if processes > settings.partitions:
        raise click.UsageError(
            f"--processes {processes}: allowed are at most as many as there are partitions "
            f"({settings.named('partitions')})"
        )
    return processes


def _profiles(settings: Settings) -> Profiles:
    return load(Path(directory) for directory in settings.profile_dirs)


def _check_topics(settings: Settings) -> None:
    problems = check_topics(settings)
    if problems:
        lines = "\n  ".join(problems)
        raise click.ClickException(
            f"the topics are not ready (`shipsentry topics create` makes them):\n  {lines}"
        )


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
