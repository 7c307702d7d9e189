"""The tables of the desk as it began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STANDING = sa.text("standing")

TABLES = (
    "actions",
    "attempts",
    "cells",
    "checkpoints",
    "links",
    "offsets",
    "order_versions",
    "outbox",
    "product_days",
    "revisions",
    "sequencer",
    "sessions",
    "shop_days",
    "tokens",
    "unreadable",
    "users",
    "warning_orders",
    "warnings",
    "work",
)

# SQLite: text in order and tracking numbers, by every three letters. The triggers keep it in step.
_SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE warnings_search USING fts5("
    "search, content='warnings', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER warnings_search_insert AFTER INSERT ON warnings BEGIN "
    "INSERT INTO warnings_search(rowid, search) VALUES (new.id, new.search); END",
    "CREATE TRIGGER warnings_search_delete AFTER DELETE ON warnings BEGIN "
    "INSERT INTO warnings_search(warnings_search, rowid, search) "
    "VALUES ('delete', old.id, old.search); END",
    "CREATE TRIGGER warnings_search_update AFTER UPDATE OF search ON warnings "
    "WHEN old.search <> new.search BEGIN "
    "INSERT INTO warnings_search(warnings_search, rowid, search) "
    "VALUES ('delete', old.id, old.search); "
    "INSERT INTO warnings_search(rowid, search) VALUES (new.id, new.search); END",
)
_POSTGRESQL_SEARCH = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    # Without the list of pending entries: a search would go through all of it.
    "CREATE INDEX warnings_search ON warnings USING gin (search gin_trgm_ops) "
    "WITH (fastupdate = off)",
)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "actions",
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("warning_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("manifest_id", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("action_id"),
        sa.UniqueConstraint("sequence", name="actions_sequence"),
    )
    op.create_index("actions_at", "actions", ["at"])
    op.create_index("actions_warning", "actions", ["warning_id", "sequence"])
    op.create_table(
        "attempts",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="attempts_pkey"),
    )
    op.create_table(
        "cells",
        sa.Column("cell_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cell_id"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("parcel", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("province", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("shop_id", sa.Text(), nullable=True),
        sa.Column("order_ids", sa.Text(), nullable=False),
        sa.Column("next", sa.Text(), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("parcel", "digest", "voided", name="checkpoints_pkey"),
    )
    op.create_index("checkpoints_at", "checkpoints", ["at"])
    op.create_table(
        "links",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("parcel", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "parcel", name="links_pkey"),
    )
    op.create_index("links_at", "links", ["at"])
    op.create_index("links_parcel", "links", ["parcel"])
    op.create_table(
        "offsets",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="offsets_pkey"),
    )
    op.create_table(
        "order_versions",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "digest", name="order_versions_pkey"),
    )
    op.create_index("order_versions_at", "order_versions", ["updated_at"])
    op.create_table(
        "outbox",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "product_days",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "platform", "shop_id", "product_id", "day", name="product_days_pkey"
        ),
    )
    op.create_index("product_days_day", "product_days", ["day"])
    op.create_table(
        "revisions",
        sa.Column("warning_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("warning_id", "revision", name="revisions_pkey"),
    )
    op.create_table(
        "sequencer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sessions",
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("csrf_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_hash"),
    )
    op.create_index("sessions_user", "sessions", ["user_name"])
    op.create_table(
        "shop_days",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "shop_id", "day", name="shop_days_pkey"),
    )
    op.create_index("shop_days_day", "shop_days", ["day"])
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("shops", sa.Text(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_id"),
        sa.UniqueConstraint("token_hash", name="tokens_token_hash"),
    )
    op.create_table(
        "unreadable",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name="unreadable_pkey"),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("shops", sa.Text(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "warning_orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("warning_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "warning_id", name="warning_orders_pkey"),
    )
    op.create_index("warning_orders_warning", "warning_orders", ["warning_id"])
    op.create_table(
        "warnings",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("warning_id", sa.String(length=32), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("cell_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("breached_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("exposure", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("least", sa.BigInteger(), nullable=True),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("feed", sa.Text(), nullable=True),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cursor", name="warnings_cursor"),
        sa.UniqueConstraint("warning_id", name="warnings_warning_id"),
    )
    op.create_index("warnings_cell", "warnings", ["cell_id", "due_at", "id"])
    op.create_index("warnings_detected", "warnings", ["detected_at", "id"])
    op.create_index(
        "warnings_due",
        "warnings",
        ["due_at", "id"],
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_index(
        "warnings_most",
        "warnings",
        ["currency", "most"],
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_index("warnings_parcel", "warnings", ["tracking_number", "carrier"])
    op.create_table(
        "work",
        sa.Column("warning_id", sa.String(length=32), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_until", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_state", sa.Text(), nullable=True),
        sa.Column("acknowledged_revision", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_by", sa.Text(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_state", sa.Text(), nullable=True),
        sa.Column("snoozed_revision", sa.BigInteger(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("handed_over_at", sa.BigInteger(), nullable=True),
        sa.Column("manifest_id", sa.Text(), nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=True),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("warning_id"),
    )
    op.create_index("work_assignee", "work", ["assignee"])
    op.execute("INSERT INTO sequencer (id, value) VALUES (1, 0)")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE_SEARCH if is_sqlite else _POSTGRESQL_SEARCH:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, and what is in them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE warnings_search")
    for table in TABLES:
        op.drop_table(table)
