"""A topic that was deleted and made again: what was read of the old one is no word of the new."""

from __future__ import annotations

from sqlalchemy import Connection, delete, or_, select

from streams.desk.actions.ledger import Entry
from streams.desk.actions.ledger import write as write_actions
from streams.desk.database.sums import COUNTS
from streams.desk.database.tables import (
    product_days,
    product_stock,
    revisions,
    shop_days,
    warning_orders,
    warnings,
    work,
)
from streams.desk.intake.write import DESK
from streams.desk.notify.announce import forget_revisions
from streams.engine.kafka.topics import Topics


def forget(connection: Connection, topics: Topics, topic: str, mark: str, now: int) -> None:
    """Delete what a former topic said, where its revisions could keep out those of the new one.

    What was acknowledged or snoozed by a former revision ends, once for each `mark`. Facts of
    inputs stay: they have no revisions, and those that come again are the same rows.
    """
    tables = {
        topics.warnings: (warnings, revisions, warning_orders, *COUNTS),
        topics.shop_risk: (shop_days,),
        topics.product_risk: (product_days, product_stock),
    }.get(topic, ())
    for table in tables:
        connection.execute(delete(table))
    if topic != topics.warnings:
        return
    forget_revisions(connection)
    held = select(work).where(
        or_(work.c.acknowledged_at.is_not(None), work.c.snoozed_until.is_not(None))
    )
    write_actions(
        connection,
        [
            Entry(
                f"anew-{row.warning_id}-{mark}"[:64],
                row.warning_id,
                "lapse",
                DESK,
                now,
                row.acknowledged_state or row.snoozed_state,
                row.acknowledged_revision or row.snoozed_revision,
            )
            for row in connection.execute(held)
        ],
    )
