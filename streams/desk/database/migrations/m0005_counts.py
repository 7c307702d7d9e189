"""Until when somebody has taken care of a warning; counts by fewer dimensions; indexes as asked.

SQLite takes a partial index only for a condition that is written like the index's own, and queries
write `standing = 1`: the two indexes that said `standing` were never used.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NEVER = 1 << 62
_ALL_SHOPS = ("platform", "rule", "stage", "severity", "state", "carrier")
_BY_SHOP = ("platform", "shop_id", "state")

_CARED_UNTIL = f"""
    UPDATE warnings SET cared_until = (
        SELECT CASE
            WHEN acknowledged_at IS NOT NULL AND acknowledged_until IS NULL THEN {NEVER}
            WHEN coalesce(acknowledged_until, 0) > coalesce(snoozed_until, 0)
            THEN acknowledged_until ELSE snoozed_until END
        FROM work WHERE work.warning_id = warnings.warning_id)
    WHERE warning_id IN (
        SELECT warning_id FROM work
        WHERE acknowledged_at IS NOT NULL OR snoozed_until IS NOT NULL)
"""  # noqa: S608 - of our own words
_CARED = f"""
    UPDATE cells SET cared = (
        SELECT count(*) FROM warnings
        WHERE warnings.cell_id = cells.cell_id AND warnings.cared_until = {NEVER})
    WHERE cell_id IN (SELECT cell_id FROM warnings WHERE cared_until = {NEVER})
"""  # noqa: S608 - the same


def upgrade() -> None:
    """Make them, and fill them from what is there."""
    op.add_column("warnings", sa.Column("cared_until", sa.BigInteger(), nullable=True))
    op.add_column(
        "cells", sa.Column("cared", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.execute(_CARED_UNTIL)
    op.drop_index("warnings_due", "warnings")
    op.drop_index("warnings_most", "warnings")
    op.create_index("warnings_due", "warnings", ["state", "due_at", "id", "cell_id", "cared_until"])
    _partial("warnings_most", ["currency", "most"], "standing = 1", "standing")
    _partial("warnings_cared", ["cared_until", "cell_id"], "cared_until IS NOT NULL")
    _partial(
        "warnings_strikes", ["platform", "shop_id", "breached_at", "state"], "exposure = 'strike'"
    )
    op.create_index("cells_shop", "cells", ["shop_id"])
    op.execute(_CARED)
    for name, dimensions in (("sums", _ALL_SHOPS), ("shop_sums", _BY_SHOP)):
        op.create_table(
            name,
            *(sa.Column(dimension, sa.Text(), nullable=False) for dimension in dimensions),
            sa.Column("n", sa.BigInteger(), nullable=False),
            sa.Column("cared", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint(*dimensions, name=f"{name}_pkey"),
        )
        by = ", ".join(dimensions)
        op.execute(
            f"INSERT INTO {name} SELECT {by}, sum(n), sum(cared) FROM cells "  # noqa: S608 - the same
            f"WHERE n > 0 GROUP BY {by}"
        )


def downgrade() -> None:
    """As they were."""
    for table in ("sums", "shop_sums"):
        op.drop_table(table)
    op.drop_index("cells_shop", "cells")
    for index in ("warnings_due", "warnings_most", "warnings_cared", "warnings_strikes"):
        op.drop_index(index, "warnings")
    _partial("warnings_due", ["due_at", "id"], "standing")
    _partial("warnings_most", ["currency", "most"], "standing")
    op.drop_column("cells", "cared")
    op.drop_column("warnings", "cared_until")


def _partial(name: str, columns: list[str], where: str, on_postgresql: str | None = None) -> None:
    op.create_index(
        name,
        "warnings",
        columns,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(on_postgresql or where),
    )
