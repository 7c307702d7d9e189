"""From nothing to today's tables and back, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from streams.desk.database import migrate
from streams.desk.database.database import Database, WrongUrl, shown
from streams.desk.database.tables import metadata


def test_the_steps_make_the_tables_that_the_code_knows(database: Database) -> None:
    """Whoever changes a table writes a step. The index of texts is each database's own."""
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, metadata)
    differences = [
        each
        for each in found
        if not str(getattr(each[1], "name", "")).startswith("warnings_search")
    ]
    assert differences == []


def test_up_down_and_up_again(url: str) -> None:
    """Down to nothing, and a second time up to all; a step that is taken is not taken again."""
    database = Database(url)
    for _ in range(2):
        migrate.upgrade(database)
        migrate.upgrade(database)
        with database.reading() as connection:
            assert migrate.version(connection) == migrate.steps()[0]
        migrate.downgrade(database, "base")
        with database.reading() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
    database.close()


def test_a_step_that_is_not_known_is_refused(sqlite: Database) -> None:
    """An older release leaves the database of a newer one alone."""
    with sqlite.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.NewerDatabase, match="'9999'"):
        migrate.upgrade(sqlite)


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/d", "postgresql//u:secret@h", "sqlite://", "postgresql://h:x/secret"],
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    """The operator reads why, the log learns no secret."""
    with pytest.raises(WrongUrl) as caught:
        Database(url)
    assert "secret" not in str(caught.value)


def test_a_url_is_shown_without_its_password() -> None:
    """Wherever it is named."""
    assert shown("postgresql://u:secret@h/d") == "postgresql+psycopg://u:***@h/d"
