"""Publishing what was done: from the outbox to the topic, in order, at least once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer
from sqlalchemy import Connection, Row, delete, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from streams.desk.database.database import Database
from streams.desk.database.tables import outbox
from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

_AT_ONCE = 500
_PAUSE_S = 0.2
_WORSE_PAUSE_S = 2.0
_DELIVERY_S = 30.0
_LOCK = 0x72656C6179  # "relay": one desk at a time, or messages of an id could overtake each other


class Relay:
    """One desk's relay; `run` is its thread. Of several desks on PostgreSQL one at a time works."""

    def __init__(
        self, database: Database, bootstrap: str, security: Mapping[str, str], topic: str
    ) -> None:
        self._database = database
        self._topic = topic
        self._limited = Limited(10.0)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "message.timeout.ms": int(_DELIVERY_S * 1000),
                "log_level": 0,
                "error_cb": lambda _error: None,  # what was not delivered says so
                **security,
            }
        )

    def run(self, stop: threading.Event) -> None:
        """Publish until told to stop, and what is there then."""
        while not stop.is_set():
            try:
                published = self.publish()
            except (KafkaException, SQLAlchemyError) as error:
                self._say(error)
                stop.wait(_WORSE_PAUSE_S)
            else:
                if not published:
                    stop.wait(_PAUSE_S)

    def publish(self) -> int:
        """Publish the oldest of the outbox and return how many the brokers have now.

        Raises KafkaException where they do not take all: what they took is published again.
        """
        with self._database.reading() as guard:
            if not _alone(guard):
                return 0
            rows = guard.execute(select(outbox).order_by(outbox.c.id).limit(_AT_ONCE)).all()
            if not rows:
                return 0
            # Nobody waits for the brokers: no row is locked meanwhile.
            self._send(rows)
            with self._database.writing() as connection:
                done = [row.id for row in rows]
                connection.execute(delete(outbox).where(outbox.c.id.in_(done)))
        return len(rows)

    def _send(self, rows: Sequence[Row[Any]]) -> None:
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                failures.append(error)

        for row in rows:
            self._producer.produce(
                self._topic, row.value.encode(), row.key.encode(), on_delivery=delivered
            )
        left = self._producer.flush(_DELIVERY_S + 5)
        if failures:
            raise KafkaException(failures[0])
        if left:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    def _say(self, error: Exception) -> None:
        problem = str(getattr(error, "orig", error)).splitlines()[0][:200]
        if (left := self._limited.admit("relay")) is not None:
            log.warning(
                "actions wait for publication: %(problem)s",
                event("desk_actions_wait", problem=problem, left_out=left or None),
            )


class Waiting(NamedTuple):
    """How many actions wait for publication, and since when the oldest (µs; None: none waits)."""

    actions: int
    since: int | None


def waiting(connection: Connection) -> Waiting:
    """What waits for publication."""
    query = select(func.count(), func.min(outbox.c.made_at)).select_from(outbox)
    return Waiting(*connection.execute(query).one())


def _alone(connection: Connection) -> bool:
    """Whether this is the only relay until the end of the transaction. Desks on one file of SQLite
    may both publish: of an id the greatest `sequence` counts."""
    if connection.dialect.name == "sqlite":
        return True
    answer = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    return bool(answer.scalar_one())
