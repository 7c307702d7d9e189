"""Saved views: filters of the warning centre that a user has given a name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from streams.desk.database.database import Database, insert
from streams.desk.database.tables import views

MOST = 50
"""Views of one user."""

LONGEST_NAME = 60
LONGEST_QUERY = 4_000


@dataclass(frozen=True, slots=True)
class SavedView:
    """A name and the query that it stands for."""

    name: str
    query: str


class TooMany(ValueError):
    """A user has as many views as are kept."""


def saved(connection: Connection, user: str) -> list[SavedView]:
    """A user's views, by name."""
    rows = connection.execute(select(views).where(views.c.user_name == user).order_by(views.c.name))
    return [SavedView(row.name, row.query) for row in rows]


def save(database: Database, user: str, name: str, query: str) -> None:
    """Keep a view; one of the same name gives way. Raises TooMany."""
    with database.writing() as connection:
        others = select(func.count()).where(views.c.user_name == user, views.c.name != name)
        if connection.execute(others).scalar_one() >= MOST:
            raise TooMany
        statement = insert(connection, views)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["user_name", "name"], set_={"query": statement.excluded.query}
            ),
            {"user_name": user, "name": name, "query": query},
        )


def remove(database: Database, user: str, name: str) -> None:
    """Forget a view."""
    with database.writing() as connection:
        connection.execute(delete(views).where(views.c.user_name == user, views.c.name == name))
