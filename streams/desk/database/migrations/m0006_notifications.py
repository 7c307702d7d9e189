"""Notifications: what routes have heard, what is to be told, and what was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; nothing is to be told yet."""
    op.create_table(
        "route_states",
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("warning_id", sa.String(32), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.BigInteger()),
        sa.Column("escalate_at", sa.BigInteger()),
        sa.Column("again", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("route", "warning_id", name="route_states_pkey"),
    )
    op.create_index("route_states_warning", "route_states", ["warning_id"])
    _partial("route_states_escalate", "route_states", ["escalate_at"], "escalate_at IS NOT NULL")
    op.create_table(
        "notices",
        sa.Column("id", _Serial, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False),
        *_texts("channel", "route", "group_key"),
        sa.Column("warning_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *_texts("state", "change"),
        sa.Column("step", sa.BigInteger()),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        *_numbers("made_at", "due_at", "ready_at"),
        *_texts("outcome"),
        sa.Column("notification_id", sa.BigInteger()),
        sa.UniqueConstraint("key", name="notices_key"),
    )
    _partial("notices_waiting", "notices", ["channel", "ready_at"], "outcome = 'waiting'")
    op.create_index("notices_warning", "notices", ["warning_id"])
    op.create_index("notices_notification", "notices", ["notification_id"])
    op.create_index("notices_made", "notices", ["made_at"])
    op.create_table(
        "notifications",
        sa.Column("id", _Serial, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False),
        *_texts("channel", "route", "group_key"),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        *_texts("value"),
        *_numbers("made_at"),
        *_texts("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_numbers("next_at"),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("problem", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.UniqueConstraint("key", name="notifications_key"),
    )
    op.create_index("notifications_state", "notifications", ["channel", "state", "id"])
    op.create_index(
        "notifications_group", "notifications", ["route", "channel", "group_key", "made_at"]
    )
    op.create_index("notifications_made", "notifications", ["made_at"])
    op.create_table(
        "notify_routes", sa.Column("name", sa.Text(), primary_key=True), *_numbers("since")
    )
    op.create_table(
        "notify_channels",
        sa.Column("name", sa.Text(), primary_key=True),
        *_texts("owner"),
        *_numbers("lease_until", "next_at"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("passed_over", sa.BigInteger()),
    )
    op.create_table("keys", sa.Column("name", sa.Text(), primary_key=True), *_texts("value"))


def downgrade() -> None:
    """As before; who was told of what is forgotten."""
    for table in (
        "keys",
        "notify_channels",
        "notify_routes",
        "notifications",
        "notices",
        "route_states",
    ):
        op.drop_table(table)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
