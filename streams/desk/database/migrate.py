"""Bringing a database to today's tables, step by step; harmless when it is there already."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from streams.desk.database.database import Database
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_STEPS = Path(__file__).parent / "migrations"
_LOCK = 0x736869707365  # "shipse": any number that nobody else locks in this database


class NewerDatabase(RuntimeError):
    """The database was made by a later release; this one would not understand it."""


def upgrade(database: Database) -> None:
    """Take every step that was not taken yet, all of them or none. Raises NewerDatabase."""
    with database.writing() as connection:
        _lock(connection)
        before = version(connection)
        if before is not None and before not in steps():
            raise NewerDatabase(
                f"the database is at step {before!r}, which this release does not know: it was "
                "made by a later one"
            )
        _run(connection, "head")
        after = version(connection)
    if after != before:
        log.info(
            "the desk's database is at step %(step)s now",
            event("desk_database_upgraded", step=after, before=before),
        )


def downgrade(database: Database, step: str) -> None:
    """Undo steps until `step` is the newest one, or all of them for "base": data go with tables."""
    with database.writing() as connection:
        _lock(connection)
        _run(connection, step, down=True)


def version(connection: Connection) -> str | None:
    """The newest step that was taken; None: the database is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def steps() -> list[str]:
    """The names of all steps, the newest first."""
    return [step.revision for step in _scripts().walk_revisions()]


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.set_main_option("version_locations", str(_STEPS))
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config)


def _run(connection: Connection, target: str, *, down: bool = False) -> None:
    scripts: Any = _scripts()
    move = scripts._downgrade_revs if down else scripts._upgrade_revs
    context = MigrationContext.configure(
        connection, opts={"fn": lambda revision, _: move(target, revision)}
    )
    with Operations.context(context):
        context.run_migrations()


def _lock(connection: Connection) -> None:
    """Let one desk at a time do this; in SQLite the transaction itself sees to it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
