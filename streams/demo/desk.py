"""The desk of the demo: the real one, on the demo's topics, clock and folder."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from streams.desk.access import users
from streams.desk.access.who import Role
from streams.desk.actions.relay import Relay
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.intake.consumer import Intake, Source
from streams.desk.service.server import Server, make_server
from streams.engine.kafka.topics import Topics
from streams.facts.times import DAY
from streams.profiles.model import Profiles

USER = "demo"
_SESSION = 365 * DAY
"""A sign-in outlasts the demo, whose days take seconds."""
_START_S = 15.0
_GOODBYE_S = 5.0


class DeskNotServed(RuntimeError):
    """The desk does not answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where it is, and who may sign in."""

    address: str
    user: str
    password: str


@contextmanager
def served(
    bootstrap: str,
    topics: Topics,
    profiles: Profiles,
    clock: Callable[[], int],
    folder: Path,
    port: int,
) -> Iterator[Served]:
    """Serve a desk on a loopback port, with one user. Raises DeskNotServed."""
    database = Database(sqlite_url(folder / "desk.sqlite"))
    upgrade(database)
    password = secrets.token_urlsafe(12)
    users.add(database, USER, password, Role.operator, None, clock())
    intake = Intake(database, Source(bootstrap, f"{topics.app_id}-desk", topics), clock)
    relay = Relay(database, bootstrap, {}, topics.actions)
    desk = Desk(database, clock, problem=lambda: intake.problem)
    app = make_app(desk, [partial(install, console=Console(profiles, _SESSION))])
    server = make_server(app, desk, "127.0.0.1", port)
    stop = threading.Event()
    threads = [
        threading.Thread(target=work, args=args, name=f"demo-desk-{name}", daemon=True)
        for name, work, args in (
            ("intake", intake.run, (stop,)),
            ("relay", relay.run, (stop,)),
            ("server", _run, (server,)),
        )
    ]
    try:
        for thread in threads:
            thread.start()
        _await(server, threads[-1])
        yield Served(f"http://127.0.0.1:{port}", USER, password)
    finally:
        stop.set()
        server.should_exit = True
        for thread in threads:
            thread.join(_GOODBYE_S)
        database.close()


def _run(server: Server) -> None:
    with suppress(SystemExit):  # how it says that it cannot listen
        server.run()


def _await(server: Server, thread: threading.Thread) -> None:
    waited = 0.0
    while not server.started:
        if not thread.is_alive() or waited > _START_S:
            raise DeskNotServed("the desk does not answer: its port may be another's")
        thread.join(0.05)
        waited += 0.05
