"""From nothing to today's tables and back, on both databases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from support.desk import NOON, an_id, put, warned

from streams.desk.actions.perform import Act, perform
from streams.desk.database import migrate
from streams.desk.database.database import Database, WrongUrl, shown
from streams.desk.database.sums import COUNTS
from streams.desk.database.tables import NEVER, metadata, warnings
from streams.desk.database.wanted import DIMENSIONS
from streams.facts.times import HOUR


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


def test_what_was_counted_before_is_counted_by_fewer_dimensions_too(database: Database) -> None:
    """A database of the step before has its sums, and until when somebody takes care, from then on;
    what is written afterwards goes on from there."""
    states = ("open", "breached", "resolved")
    put(database, [warned(n, state=states[n % 3], shop_id=f"s-{n % 2}") for n in range(30)])
    perform(database, [an_id(n) for n in range(9)], Act("acknowledge", "li"), NOON)
    perform(database, [an_id(n) for n in range(6, 12)], Act("snooze", "li", NOON + HOUR), NOON)
    ends = Act("acknowledge", "li", until=NOON + HOUR)
    perform(database, [an_id(20)], ends, NOON)
    before = _counted(database)
    migrate.downgrade(database, "0004")
    migrate.upgrade(database)
    assert _counted(database) == before
    put(database, [warned(n, 2, "breached") for n in range(30)])
    with database.reading() as connection:
        rows = connection.execute(select(warnings)).mappings().all()
    for table, counts in zip(COUNTS, _counted(database)[0], strict=True):
        names = [name for name in DIMENSIONS if name in table.c]
        true = Counter(tuple(row[name] for name in names) for row in rows)
        assert {key: n for key, (n, _) in counts.items() if n} == true
        cared = sum(row["cared_until"] == NEVER for row in rows)
        assert sum(each for _, each in counts.values()) == cared


def _counted(database: Database) -> tuple[list[dict[tuple[str, ...], tuple[int, int]]], list[Any]]:
    with database.reading() as connection:
        counts = [
            {
                tuple(row[name] for name in DIMENSIONS if name in table.c): (row["n"], row["cared"])
                for row in connection.execute(select(table)).mappings()
            }
            for table in COUNTS
        ]
        query = select(warnings.c.warning_id, warnings.c.cared_until).order_by(warnings.c.id)
        return counts, [tuple(row) for row in connection.execute(query)]
