"""`shipsentry desk serve`: threads that read, publish and prune, and a server that answers."""

from __future__ import annotations

import logging
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from streams.decode.names import BUILT_IN, Names, with_own
from streams.desk.access.oidc.person import Claims
from streams.desk.access.users import end_sessions
from streams.desk.access.who import Role
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
from streams.desk.service.notifying import notifying
from streams.desk.service.server import GOODBYE_S, make_server
from streams.evidence.from_kafka import originals_on
from streams.facts.times import HOUR
from streams.profiles.model import Profiles
from streams.settings import Settings, SettingsError
from streams.telemetry.events import event
from streams.telemetry.metrics import DESK_PRUNED
from streams.telemetry.secrets import hide

if TYPE_CHECKING:
    # Its packages are an extra of their own.
    from streams.desk.access.oidc.flow import SignIn

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


def _by_https(settings: Settings) -> bool:
    """Whether browsers reach the desk by HTTPS alone."""
    if settings.desk_url is not None:
        return settings.desk_url.startswith("https:")
    return not _is_loopback(settings.desk_host)


def single_sign_on(settings: Settings, names: Names = BUILT_IN) -> SignIn | None:
    """The way to the provider that the settings name; None: they name none. Raises SettingsError.

    `names` are those that platforms of shops go by. The provider itself is asked when somebody
    signs in.
    """
    if settings.desk_oidc_issuer is None:
        return None
    try:
        from streams.desk.access.oidc.flow import SignIn
        from streams.desk.access.oidc.provider import Client, Provider
    except ModuleNotFoundError as error:
        raise SettingsError(
            [
                f"{settings.named('desk_oidc_issuer')} needs {error.name}: "
                "pip install 'shipsentry[desk,desk-oidc]'"
            ]
        ) from error
    pairs = (each.rpartition("=") for each in settings.desk_oidc_roles)
    claims = Claims(
        user=settings.desk_oidc_user_claim,
        roles=tuple((value, Role[role]) for value, _, role in pairs),
        role=settings.desk_oidc_role_claim,
        shops=settings.desk_oidc_shops_claim,
        names=names,
    )
    client = Client(
        settings.desk_oidc_issuer, settings.desk_oidc_client_id or "", _client_secret(settings)
    )
    authorities = settings.desk_oidc_cafile
    try:
        tls = ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl.SSLError is one
        problem = f"{settings.named('desk_oidc_cafile')} is not usable ({error.strerror or error})"
        raise SettingsError([f"{problem}: allowed is a file of certificates (PEM)"]) from error
    return SignIn(Provider(client, tls), claims, settings.desk_url or "", settings.desk_oidc_scopes)


def _client_secret(settings: Settings) -> str | None:
    if settings.desk_oidc_client_secret is not None:
        return settings.desk_oidc_client_secret.get_secret_value()
    if settings.desk_oidc_client_secret_file is None:
        return None
    named = settings.named("desk_oidc_client_secret_file")
    try:
        found = settings.desk_oidc_client_secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{named} cannot be read"]) from error
    if not found:
        raise SettingsError([f"{named} is empty: allowed is the desk's secret at the provider"])
    hide(found)
    return found


def prune_now(database: Database, settings: Settings) -> dict[str, int]:
    """Delete what is older than the settings say; how many rows of each table."""
    done = prune(
        database,
        now(),
        settings.desk_retention_d,
        settings.desk_audit_d,
        settings.desk_notify_log_d,
        forget,
    )
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
    owner = uuid.uuid4().hex
    telling = notifying(settings, profiles, source.names, database)
    announcer, sender = None, None
    if telling is not None:
        announcer, sender = telling.start(database, owner, now)
    intake = Intake(database, source, now, owner, announcer)
    relay = Relay(database, source.bootstrap, settings.librdkafka_security, settings.actions_topic)
    own = (urlsplit(settings.desk_url or "").hostname or "", *settings.http_allowed_hosts)
    desk = Desk(
        database,
        now,
        known_hosts(settings.desk_host, own),
        problem=lambda: intake.problem,
    )
    if settings.desk_acknowledge_h is not None:
        desk.acknowledge = round(settings.desk_acknowledge_h * HOUR)
    desk.telling = telling
    plan = None if telling is None else telling.plan
    measured = DeskMetrics(database, intake, now, lambda: desk.news.streams, plan)
    desk.metrics = measured.render
    console = Console(
        profiles,
        round(settings.desk_session_h * HOUR),
        partial(originals_on, settings),
        secure=_by_https(settings),
        single_sign_on=single_sign_on(settings, source.names),
        local_users=settings.desk_local_users,
        comparisons=settings.desk_what_if_dir or settings.data_dir / "what-if",
        links=None if telling is None else telling.links,
    )
    if console.single_sign_on is None:
        end_sessions(database, external=True)
    if not console.local_users:
        end_sessions(database, external=False)
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

    parts: list[tuple[str, Callable[[threading.Event], None]]] = [
        ("intake", intake.run),
        ("relay", relay.run),
        ("prune", pruning),
        ("measure", measured.run),
    ]
    if sender is not None:
        parts.append(("notify", sender.run))
    threads = [
        threading.Thread(target=ending_all, args=(work,), name=f"desk-{name}", daemon=True)
        for name, work in parts
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
