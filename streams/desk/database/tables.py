"""The tables. Times are µs since the epoch (UTC), money is in minor units of its currency.

A text that may be missing is empty where an index needs it: `shop_id`, `carrier`,
`tracking_number`. Whatever a message says as a whole is kept as the JSON that it was (`value`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

# SQLite counts rows by themselves only in a column that it calls INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")

NEVER = 1 << 62
"""Stands for the deadline of a warning that has none: it comes last."""

IS_STRIKE = text("exposure = 'strike'")
"""The condition of an index, as queries have to say it too."""

sequencer = Table(
    "sequencer",
    metadata,
    # One row. Who changes warnings holds it until the commit, so cursors become visible in order.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)

warnings = Table(
    "warnings",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("warning_id", String(32), nullable=False),
    # Rises with every change of the row, by a revision or by an action.
    Column("cursor", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("cell_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("rule", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("deadline", BigInteger),
    # The deadline, or NEVER.
    Column("due_at", BigInteger, nullable=False),
    Column("breached_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("detected_at", BigInteger, nullable=False),
    Column("exposure", Text),
    Column("currency", Text),
    Column("least", BigInteger),
    Column("most", BigInteger),
    Column("feed", Text),
    # Numbers and order ids in lower case, with a blank between.
    Column("search", Text, nullable=False),
    # Until when it is acknowledged or snoozed; NEVER: for as long as its state lasts.
    Column("cared_until", BigInteger),
    UniqueConstraint("warning_id", name="warnings_warning_id"),
    UniqueConstraint("cursor", name="warnings_cursor"),
)
Index("warnings_cell", warnings.c.cell_id, warnings.c.due_at, warnings.c.id)
# All that the order by deadline is asked for with, so that a count reads no row.
Index(
    "warnings_due",
    warnings.c.state,
    warnings.c.due_at,
    warnings.c.id,
    warnings.c.cell_id,
    warnings.c.cared_until,
)
Index("warnings_detected", warnings.c.detected_at, warnings.c.id)
# SQLite takes a partial index only where the query has the same words as it has.
Index(
    "warnings_most",
    warnings.c.currency,
    warnings.c.most,
    sqlite_where=text("standing = 1"),
    postgresql_where=text("standing"),
)
Index(
    "warnings_cared",
    warnings.c.cared_until,
    warnings.c.cell_id,
    sqlite_where=text("cared_until IS NOT NULL"),
    postgresql_where=text("cared_until IS NOT NULL"),
)
Index(
    "warnings_strikes",
    warnings.c.platform,
    warnings.c.shop_id,
    warnings.c.breached_at,
    warnings.c.state,
    sqlite_where=IS_STRIKE,
    postgresql_where=IS_STRIKE,
)
Index("warnings_parcel", warnings.c.tracking_number, warnings.c.carrier)

cells = Table(
    "cells",
    metadata,
    # How many warnings there are of each combination of what can be filtered by.
    Column("cell_id", BigInteger, primary_key=True, autoincrement=False),
    Column("platform", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    # Those of them that are acknowledged for as long as their state lasts.
    Column("cared", BigInteger, nullable=False, server_default=text("0")),
)
Index("cells_shop", cells.c.shop_id)

# The same by fewer dimensions: some hundred rows where there are ten thousands of cells.
sums = Table(
    "sums",
    metadata,
    Column("platform", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("cared", BigInteger, nullable=False),
    PrimaryKeyConstraint(
        "platform", "rule", "stage", "severity", "state", "carrier", name="sums_pkey"
    ),
)

shop_sums = Table(
    "shop_sums",
    metadata,
    Column("platform", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("cared", BigInteger, nullable=False),
    PrimaryKeyConstraint("platform", "shop_id", "state", name="shop_sums_pkey"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("warning_id", String(32), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("warning_id", "revision", name="revisions_pkey"),
)

warning_orders = Table(
    "warning_orders",
    metadata,
    Column("order_id", Text, nullable=False),
    Column("warning_id", String(32), nullable=False),
    PrimaryKeyConstraint("order_id", "warning_id", name="warning_orders_pkey"),
)
Index("warning_orders_warning", warning_orders.c.warning_id)

checkpoints = Table(
    "checkpoints",
    metadata,
    # A fact that comes again is the same row; one that is taken back has a row beside it.
    Column("parcel", Text, nullable=False),
    Column("digest", BigInteger, nullable=False),
    Column("voided", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("province", Text),
    Column("city", Text),
    Column("platform", Text),
    Column("shop_id", Text),
    Column("order_ids", Text, nullable=False),
    Column("next", Text),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("parcel", "digest", "voided", name="checkpoints_pkey"),
)
Index("checkpoints_at", checkpoints.c.at)

links = Table(
    "links",
    metadata,
    Column("order_id", Text, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("order_id", "parcel", name="links_pkey"),
)
Index("links_parcel", links.c.parcel)
Index("links_at", links.c.at)

order_versions = Table(
    "order_versions",
    metadata,
    Column("order_id", Text, nullable=False),
    Column("digest", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # What the version states, as JSON; nothing of a recipient.
    Column("stated", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("order_id", "digest", name="order_versions_pkey"),
)
Index("order_versions_at", order_versions.c.updated_at)

shop_days = Table(
    "shop_days",
    metadata,
    Column("platform", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("day", String(10), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("platform", "shop_id", "day", name="shop_days_pkey"),
)
Index("shop_days_day", shop_days.c.day)

product_days = Table(
    "product_days",
    metadata,
    Column("platform", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("product_id", Text, nullable=False),
    Column("day", String(10), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("platform", "shop_id", "product_id", "day", name="product_days_pkey"),
)
Index("product_days_day", product_days.c.day)

product_stock = Table(
    "product_stock",
    metadata,
    # What `product-risk` says of a product's stock, which is of no day.
    Column("platform", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("product_id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("unshipped", BigInteger, nullable=False),
    Column("available", BigInteger, nullable=False),
    Column("short_by", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("platform", "shop_id", "product_id", name="product_stock_pkey"),
)
Index("product_stock_short", product_stock.c.short_by)

work = Table(
    "work",
    metadata,
    # What is being done about a warning. It outlives its revisions and a rebuild.
    Column("warning_id", String(32), primary_key=True),
    Column("acknowledged_by", Text),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_until", BigInteger),
    Column("acknowledged_state", Text),
    Column("acknowledged_revision", BigInteger),
    Column("snoozed_by", Text),
    Column("snoozed_until", BigInteger),
    Column("snoozed_state", Text),
    Column("snoozed_revision", BigInteger),
    Column("assignee", Text),
    Column("handed_over_at", BigInteger),
    Column("manifest_id", Text),
    Column("known_at", BigInteger),
    Column("comments", Integer, nullable=False),
    # The cursor of the newest action: of two messages of an id the greater one counts.
    Column("sequence", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
Index("work_assignee", work.c.assignee)

actions = Table(
    "actions",
    metadata,
    # Only ever added to: who did what, when, and of which revision.
    Column("action_id", String(64), primary_key=True),
    Column("warning_id", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("assignee", Text),
    Column("manifest_id", Text),
    Column("comment", Text),
    Column("state", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    UniqueConstraint("sequence", name="actions_sequence"),
)
Index("actions_warning", actions.c.warning_id, actions.c.sequence)
Index("actions_at", actions.c.at)

outbox = Table(
    "outbox",
    metadata,
    # What is to be published, in this order; a row goes once the brokers have it.
    Column("id", _Serial, primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

offsets = Table(
    "offsets",
    metadata,
    # What is in the database of each partition: the truth about where reading goes on.
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("topic_id", Text, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    # Rises when a desk takes the partition: who has an older one cannot write.
    Column("epoch", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("topic", "partition", name="offsets_pkey"),
)

unreadable = Table(
    "unreadable",
    metadata,
    # Records that are no message: where they are and why, never what they hold.
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("size", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "partition", "offset", name="unreadable_pkey"),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    # Of whom a provider signs in: `oidc:` and a hash of who it says it is.
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    # A JSON array of `platform/id`, "*/id" on every platform; null: every shop.
    Column("shops", Text),
    Column("made_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", String(64), primary_key=True),
    Column("user_name", Text, nullable=False),
    Column("csrf_hash", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("sessions_user", sessions.c.user_name)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("shops", Text),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    UniqueConstraint("token_hash", name="tokens_token_hash"),
)

attempts = Table(
    "attempts",
    metadata,
    # Failed sign-ins of one user, or from one address.
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("blocked_until", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "name", name="attempts_pkey"),
)

views = Table(
    "views",
    metadata,
    # Filters that a user of the console has given a name; `query` is as in its address.
    Column("user_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    PrimaryKeyConstraint("user_name", "name", name="views_pkey"),
)

route_states = Table(
    "route_states",
    metadata,
    # What a route has heard of a warning last. It outlives a rebuild, so nothing is told again.
    Column("route", Text, nullable=False),
    Column("warning_id", String(32), nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("turn", Integer, nullable=False),
    # How near a deadline was spoken of last (µs).
    Column("reminded", BigInteger),
    # When somebody else is told, unless somebody has taken care by then.
    Column("escalate_at", BigInteger),
    # The acknowledgement (its end) after which it was told again.
    Column("again", BigInteger),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("route", "warning_id", name="route_states_pkey"),
)
Index("route_states_warning", route_states.c.warning_id)
Index(
    "route_states_escalate",
    route_states.c.escalate_at,
    sqlite_where=text("escalate_at IS NOT NULL"),
    postgresql_where=text("escalate_at IS NOT NULL"),
)

notices = Table(
    "notices",
    metadata,
    # One thing that one channel is to be told of one warning.
    Column("id", _Serial, primary_key=True),
    Column("key", String(32), nullable=False),
    Column("channel", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("warning_id", String(32), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("change", Text, nullable=False),
    # Which reminder: so long before the deadline (µs).
    Column("step", BigInteger),
    # It is over: such a notice is never in one message with what stands.
    Column("is_over", Boolean, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("ready_at", BigInteger, nullable=False),
    # waiting, in a notification, overtaken by a later state, attended to by somebody.
    Column("outcome", Text, nullable=False),
    Column("notification_id", BigInteger),
    UniqueConstraint("key", name="notices_key"),
)
IS_WAITING = text("outcome = 'waiting'")
Index(
    "notices_waiting",
    notices.c.channel,
    notices.c.ready_at,
    sqlite_where=IS_WAITING,
    postgresql_where=IS_WAITING,
)
Index("notices_warning", notices.c.warning_id)
Index("notices_notification", notices.c.notification_id)
Index("notices_made", notices.c.made_at)

notifications = Table(
    "notifications",
    metadata,
    # What is sent as one message: it and its key are the same for every attempt.
    Column("id", _Serial, primary_key=True),
    Column("key", String(32), nullable=False),
    Column("channel", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("is_over", Boolean, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    # queued, sent, parked.
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("problem", Text),
    Column("reference", Text),
    UniqueConstraint("key", name="notifications_key"),
)
Index("notifications_state", notifications.c.channel, notifications.c.state, notifications.c.id)
Index(
    "notifications_group",
    notifications.c.route,
    notifications.c.channel,
    notifications.c.group_key,
    notifications.c.made_at,
)
Index("notifications_made", notifications.c.made_at)

notify_routes = Table(
    "notify_routes",
    metadata,
    # Since when each route listens: what was so before is not announced.
    Column("name", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
)

notify_channels = Table(
    "notify_channels",
    metadata,
    # Who sends on a channel, and when it may be used again.
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    # Attempts that failed since one went well.
    Column("failures", Integer, nullable=False),
    # The notification that the next attempt is not for: it failed, and may be to blame itself.
    Column("passed_over", BigInteger),
)

keys = Table(
    "keys",
    metadata,
    # Random bytes (hexadecimal) that all desks sign with.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
