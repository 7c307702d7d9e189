"""What a routes file would have sent of the revisions of the last days. Times are µs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from schemas import ShipmentWarning
from streams.desk.database.sight import Sight, sees
from streams.desk.database.tables import revisions
from streams.desk.notify.announce import slices
from streams.notify.facts import fact_of
from streams.notify.foresee import Foreseen, foresee
from streams.notify.routes import Route


@dataclass(frozen=True, slots=True)
class Preview:
    """The messages, and how many revisions they rest on; `capped`: older ones were left out."""

    messages: Sequence[Foreseen]
    revisions: int
    capped: bool


def preview(
    connection: Connection,
    routes: Iterable[Route],
    since: int,
    until: int,
    most: int,
    only_shops: Sight = None,
) -> Preview:
    """Go through the revisions of a time, at most the newest `most` of them."""
    query = (
        select(revisions.c.warning_id, revisions.c.detected_at, revisions.c.value)
        .where(revisions.c.detected_at >= since, revisions.c.detected_at <= until)
        .order_by(revisions.c.detected_at.desc())
        .limit(most + 1)
    )
    rows = connection.execute(query).all()
    capped = len(rows) > most
    facts = [
        fact_of(ShipmentWarning.model_validate_json(row.value)) for row in reversed(rows[:most])
    ]
    facts = [fact for fact in facts if sees(only_shops, fact.platform, fact.shop_id)]
    begin = min((fact.detected_at for fact in facts), default=since)
    messages = foresee(
        routes, facts, until, _before(connection, {f.warning_id for f in facts}, begin)
    )
    return Preview(messages, len(facts), capped)


def _before(connection: Connection, ids: Iterable[str], begin: int) -> dict[str, tuple[str, str]]:
    """State and severity of warnings as they were before a moment."""
    found: dict[str, tuple[str, str]] = {}
    for some in slices(ids):
        query = (
            select(revisions.c.warning_id, revisions.c.value)
            .where(revisions.c.warning_id.in_(some), revisions.c.detected_at < begin)
            .order_by(revisions.c.revision)
        )
        for warning_id, value in connection.execute(query):
            warning = ShipmentWarning.model_validate_json(value)
            found[warning_id] = warning.state, warning.severity
    return found
