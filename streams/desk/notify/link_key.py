"""The key that links in messages are signed with: random, and the same on all desks."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from streams.desk.database.database import Database, add
from streams.desk.database.tables import keys

_NAME = "links"
_BYTES = 32


def link_key(database: Database) -> bytes:
    """The key; made when it is first asked for."""
    with database.writing() as connection:
        add(connection, keys, [{"name": _NAME, "value": secrets.token_hex(_BYTES)}])
        found: str = connection.execute(
            select(keys.c.value).where(keys.c.name == _NAME)
        ).scalar_one()
    return bytes.fromhex(found)
