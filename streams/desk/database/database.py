"""Opening the database: SQLite in a file by default, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    Table,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from streams.desk.database.tables import sequencer
from streams.telemetry.metrics import DESK_DATABASE_ERRORS

BUSY_S = 30
"""How long a writer waits for another one before it is an error, in seconds."""

_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}


_BUSY = ("55P03", "40P01", "40001", "57014")
"""Of PostgreSQL's SQLSTATEs those of locks, deadlocks and statements that took too long."""


class WrongUrl(ValueError):
    """The URL of the database cannot be used; the message shows no password."""


class Database:
    """One database, open; its connections are pooled and may be used from any thread."""

    def __init__(self, url: str, pool: int = 8) -> None:
        """`url` as SQLAlchemy writes it: `sqlite:////path`, `postgresql://user:password@host/name`.

        Raises WrongUrl. Connects when first used.
        """
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.file = Path(parsed.database or "") if self.is_sqlite else None
        """Where SQLite keeps it; None: it is PostgreSQL."""
        self._most = 2 * pool
        options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": pool, "max_overflow": pool}
        options["pool_timeout"] = 10
        # Errors are logged: what was to be written is nothing for a log.
        options["hide_parameters"] = True
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_S, "check_same_thread": False}
        else:
            # A connection that a restart of the server has cut is told when it is taken.
            options["pool_pre_ping"] = True
            options["connect_args"] = {"connect_timeout": 10}
        try:
            self.engine: Engine = create_engine(parsed, **options)
        except ModuleNotFoundError as error:
            raise WrongUrl(
                "PostgreSQL needs psycopg: pip install 'shipsentry[desk-postgresql]'"
            ) from error
        event.listen(self.engine, "handle_error", _count_error)
        self._writer = self.engine.execution_options(shipsentry_writes=True)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads; nothing of it stays."""
        with _connected(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, undone where it raises."""
        with _connected(self._writer) as connection, connection.begin():
            yield connection

    def connections(self) -> tuple[int, int, int]:
        """How many connections are in use, how many idle, and how many there may be."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)  # noqa: S101 - made above
        return pool.checkedout(), pool.checkedin(), self._most

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """The URL of a file."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def shown(url: str) -> str:
    """The URL without its password, for logs and errors."""
    return _parsed(url).render_as_string(hide_password=True)


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what a conflict does: both databases have the same words for it."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def add(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose key is there already are passed over."""
    if rows:
        connection.execute(insert(connection, table).on_conflict_do_nothing(), rows)


def sequence(connection: Connection, number: int) -> int:
    """Take the next `number` values and return the first; nobody else gets any until the commit.

    Whoever changes warnings asks for this before all else: so writers wait here, in one order, and
    what was committed later has greater cursors.
    """
    last: int = connection.execute(
        sequencer.update().values(value=sequencer.c.value + number).returning(sequencer.c.value)
    ).scalar_one()
    return last - number + 1


def newest_cursor(connection: Connection) -> int:
    """The greatest value that was given and committed."""
    value: int = connection.execute(select(sequencer.c.value)).scalar_one()
    return value


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except PoolTimeout:
        DESK_DATABASE_ERRORS.labels("pool").inc()
        raise


def _count_error(context: ExceptionContext) -> None:
    DESK_DATABASE_ERRORS.labels(_kind(context)).inc()


def _kind(context: ExceptionContext) -> str:
    """What kind of trouble an error is, as metrics call it."""
    error = context.original_exception
    state, said = str(getattr(error, "sqlstate", None)), str(error)
    if state == "53100" or "disk is full" in said:
        return "full"
    if state in _BUSY or "is locked" in said:
        return "busy"
    if context.connection is None or context.is_disconnect:
        return "connection"
    return "other"


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        driver = _DRIVERS.get(parsed.get_backend_name())
    except (ArgumentError, ValueError):
        # Its own words repeat the URL, password and all.
        raise WrongUrl("it is no URL, such as postgresql://user:password@host/name") from None
    if driver is None:
        raise WrongUrl(f"databases are sqlite and postgresql, not {parsed.get_backend_name()}")
    if driver == "sqlite" and not parsed.database:
        raise WrongUrl("the URL of SQLite names a file: sqlite:////var/lib/shipsentry/desk.sqlite")
    return parsed.set(drivername=driver)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in (
        "journal_mode = WAL",
        # In WAL mode this loses nothing when the process dies; NORMAL would when the machine does.
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins as a reader may find, too late, that somebody else wrote meanwhile.
    writes = connection.get_execution_options().get("shipsentry_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
