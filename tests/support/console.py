"""A browser before a desk with its console, without a network."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from fastapi.testclient import TestClient
from httpx2 import Response
from support.desk import NOON

from streams.desk.access import users
from streams.desk.access.who import Role
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.api.guard import CSRF_HEADER
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.database.database import Database
from streams.desk.database.sight import Sight
from streams.profiles.loader import load

PROFILES = load()
PASSWORD = "correct horse battery"  # noqa: S105 - of a test
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'"


class Clock:
    """The time that a test says it is."""

    now = NOON

    def __call__(self) -> int:
        """µs."""
        return self.now


def client_of(database: Database, clock: Clock, comparisons: Path | None = None) -> TestClient:
    """A browser of nobody in particular, before a desk with its console."""
    console = Console(PROFILES, comparisons=comparisons)
    app = make_app(Desk(database, clock), [partial(install, console=console)])
    found = TestClient(app, "http://localhost", follow_redirects=False)
    found.headers["Accept"] = "text/html"
    return found


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> Response:
    """As the form does."""
    return client.post("/sign-in", data={"name": name, "password": password})


def signed_in(
    database: Database,
    clock: Clock,
    role: Role,
    sight: Sight = None,
    comparisons: Path | None = None,
) -> TestClient:
    """The browser of a new user, with the page's secret in what it sends."""
    name = f"{role.name}-{len(sight or ())}"
    users.add(database, name, PASSWORD, role, sight, clock())
    client = client_of(database, clock, comparisons)
    assert sign_in(client, name).status_code == 303
    page = client.get("/warnings").text
    found = re.search(r"X-CSRF-Token&#34;: &#34;|X-CSRF-Token\": \"([^\"]+)\"", page)
    assert found is not None
    client.headers[CSRF_HEADER] = found[1]
    client.headers["HX-Request"] = "true"
    return client
