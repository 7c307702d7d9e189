"""Shops that a user or a token may see are named with their platform.

An id alone was that of every platform, and stays so: "s-1" is "*/s-1" now. There is no step 0003.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"

_EVERY = "*/"


def upgrade() -> None:
    """Say of each that it is of every platform."""
    _rewrite(lambda shops: [_EVERY + each for each in shops])


def downgrade() -> None:
    """Leave out those of one platform: an id alone would show the others' too."""
    _rewrite(lambda shops: [each[len(_EVERY) :] for each in shops if each.startswith(_EVERY)])


def _rewrite(change: Callable[[list[str]], list[str]]) -> None:
    connection = op.get_bind()
    for table, key in (("users", "name"), ("tokens", "token_id")):
        rows = sa.table(table, sa.column(key), sa.column("shops"))
        limited = sa.select(rows.c[key], rows.c.shops).where(rows.c.shops.is_not(None))
        for name, shops in connection.execute(limited).all():
            changed = json.dumps(sorted(change(json.loads(shops))), ensure_ascii=False)
            connection.execute(sa.update(rows).where(rows.c[key] == name).values(shops=changed))
