"""Databases for the tests of the desk: each test has an empty one with today's tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from support.postgres_server import PostgresServer

from streams.desk.access import secrets
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL for all tests; none, no passing test."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "desk.sqlite")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The same, with today's tables."""
    opened = Database(url)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A database of SQLite, where the kind makes no difference."""
    opened = Database(sqlite_url(tmp_path / "desk.sqlite"))
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def quick_hashes() -> Iterator[None]:
    """Passwords as argon2id, but of a kind that takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "HASHER", PasswordHasher(1, 8, 1))
        yield
