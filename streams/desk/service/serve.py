"""`shipsentry desk serve`: threads that read, publish and prune, and a server that answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address

from sqlalchemy.exc import DBAPIError

from streams.decode.names import with_own
from streams.desk.actions.relay import Relay
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk, known_hosts
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.database.database import Database, WrongUrl, shown, sqlite_url
from streams.desk.database.keep import prune
from streams.desk.database.migrate import upgrade
from streams.desk.intake.consumer import Intake, Source
from streams.desk.intake.write import forget
from streams.desk.service.metrics import DeskMetrics
from streams.desk.service.server import GOODBYE_S, make_server
from streams.evidence.from_kafka import originals_on
from streams.facts.times import HOUR
from streams.profiles.model import Profiles
from streams.settings import Settings, SettingsError
from streams.telemetry.events import event
from streams.telemetry.metrics import DESK_PRUNED

log = logging.getLogger(__name__)

GROUP = "{app_id}-desk"
"""The consumer group of all desks of an application."""

_PRUNE_S = 3600.0


def now() -> int:
    """The time, in µs since the epoch."""
    return time.time_ns() // 1_000


def open_database(settings: Settings) -> Database:
    """The desk's database with today's tables. Raises SettingsError for a URL that is none."""
    if settings.desk_database is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        url = sqlite_url(settings.data_dir / "desk.sqlite")
    else:
        url = settings.desk_database.get_secret_value()
    try:
        database = Database(url)
    except WrongUrl as error:
        raise SettingsError([f"{settings.named('desk_database')}: {error}"]) from error
    upgrade(database)
    log.info("the desk keeps %(url)s", event("desk_database", url=shown(url)))
    return database


def _is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches it, so that there is no HTTPS to ask for."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def prune_now(database: Database, settings: Settings) -> dict[str, int]:
    """Delete what is older than the settings say; how many rows of each table."""
    done = prune(database, now(), settings.desk_retention_d, settings.desk_audit_d, forget)
    for table, rows in done.items():
        DESK_PRUNED.labels(table).inc(rows)
    return done


def serve(settings: Settings, profiles: Profiles) -> int:
    """Serve until a signal ends it; the exit status. Raises SettingsError, DBAPIError."""
    database = open_database(settings)
    source = Source(
        bootstrap=settings.bootstrap_servers,
        group=GROUP.format(app_id=settings.app_id),
        topics=settings.topics(),
        security=settings.librdkafka_security,
        batch_records=settings.desk_batch_records,
        max_value_bytes=settings.message_max_bytes,
        session_timeout_s=settings.session_timeout_s,
        names=with_own(*profiles.own_names),
    )
    intake = Intake(database, source, now)
    relay = Relay(database, source.bootstrap, settings.librdkafka_security, settings.actions_topic)
    desk = Desk(
        database,
        now,
        known_hosts(settings.desk_host, settings.http_allowed_hosts),
        problem=lambda: intake.problem,
    )
    measured = DeskMetrics(database, intake, now, lambda: desk.news.streams)
    desk.metrics = measured.render
    console = Console(
        profiles,
        round(settings.desk_session_h * HOUR),
        partial(originals_on, settings),
        secure=not _is_loopback(settings.desk_host),
    )
    app = make_app(desk, [partial(install, console=console)])
    server = make_server(app, desk, settings.desk_host, settings.desk_port)
    stop = threading.Event()
    failed = threading.Event()

    def ending_all(work: Callable[[threading.Event], None]) -> None:
        try:
            work(stop)
        except Exception:
            log.exception(
                "the desk ends: %(part)s failed", event("desk_ends", part=work.__qualname__)
            )
            failed.set()
        finally:
            server.should_exit = True

    def pruning(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                prune_now(database, settings)
            except DBAPIError as error:
                problem = str(error.orig).splitlines()[0]
                log.warning(
                    "nothing was pruned: %(problem)s", event("desk_not_pruned", problem=problem)
                )
            stop.wait(_PRUNE_S)

    threads = [
        threading.Thread(target=ending_all, args=(work,), name=f"desk-{name}", daemon=True)
        for name, work in (
            ("intake", intake.run),
            ("relay", relay.run),
            ("prune", pruning),
            ("measure", measured.run),
        )
    ]
    for thread in threads:
        thread.start()
    log.info(
        "the desk is served at http://%(host)s:%(port)d",
        event("desk_serving", host=settings.desk_host, port=settings.desk_port),
    )
    try:
        server.run()
    finally:
        stop.set()
        for thread in threads:
            thread.join(GOODBYE_S)
        database.close()
    return 1 if failed.is_set() or not server.started else 0
