"""Reading the topics: a consumer of a group of its own, whose offsets are in the database.

What a batch says and how far it reaches is committed together, so a desk that dies anywhere goes on
exactly behind what is written. Brokers are told the offsets afterwards, for whoever looks at lag.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Record
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from streams.decode.names import BUILT_IN, Names
from streams.desk.database.database import Database
from streams.desk.intake import messages
from streams.desk.intake.anew import forget
from streams.desk.intake.messages import Message, Unreadable
from streams.desk.intake.ownership import Seen, claim
from streams.desk.intake.write import Fenced, Origin, Read, Taken, write
from streams.desk.notify.announce import Announcer
from streams.engine.kafka.topic_ids import TopicIds
from streams.engine.kafka.topics import Topics
from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

_ASK_S = 10.0
"""How long brokers may take to say what they have of a topic."""

_WATCH_S = 10.0
"""How often ids of topics are looked at: one made anew may be as long as the old one by then."""

_OF_RECORDS = ("22", "23", "54")
"""Classes of SQLSTATE: data, constraints, limits. All others pass: connections, disks, locks."""

REFUSED = "refused_by_database"

OUTCOMES = ("written", "unreadable", "lost")
"""What becomes of records."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where to read: brokers and how to log in (librdkafka's words), the group, the topics."""

    bootstrap: str
    group: str
    topics: Topics
    security: Mapping[str, str] = field(default_factory=dict)
    batch_records: int = 2000
    max_value_bytes: int = 1 << 22
    session_timeout_s: float = 45.0
    names: Names = BUILT_IN

    @property
    def read(self) -> list[str]:
        """The topics to read."""
        names = self.topics
        return [names.warnings, names.shop_risk, names.product_risk, names.orders, names.tracking]


class Intake:
    """One desk's reading; `run` is its thread."""

    def __init__(
        self,
        database: Database,
        source: Source,
        clock: Callable[[], int],
        owner: str | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        """`clock` gives µs since the epoch. `announcer` writes what is to be told of revisions."""
        self._announcer = announcer
        self._database = database
        self._source = source
        self._clock = clock
        self._owner = owner or uuid.uuid4().hex
        self._ids = TopicIds({"bootstrap.servers": source.bootstrap, **source.security})
        self._partitions: list[tuple[str, int]] = []
        self._claimed = True
        self._taken: dict[tuple[str, int], Taken] = {}
        self._positions: dict[tuple[str, int], int] = {}
        self._topic_ids: dict[str, str] = {}
        self._assignments = 0
        self._limited = Limited(10.0)
        self.counts: Counter[tuple[str, str]] = Counter(
            {(topic, outcome): 0 for topic in source.read for outcome in OUTCOMES}
        )
        """Records by topic and by what became of them."""
        self.lag: dict[str, int] = {}
        """Records of each topic that are not read yet, of this desk's partitions."""
        self._ends: dict[tuple[str, int], int] = {}
        """Where partitions ended when all of them was taken."""
        self._dates: dict[tuple[str, int], int] = {}
        self.behind_since: dict[str, int] = {}
        """Of each topic of which records wait: of when the last one is that was taken (µs)."""
        self.problem: str | None = "no partition is assigned yet"
        """What keeps it from reading; None: nothing."""

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop. Raises KafkaException where the brokers refuse for good."""
        source = self._source
        consumer = Consumer(
            {
                "bootstrap.servers": source.bootstrap,
                "group.id": source.group,
                "enable.auto.commit": False,
                # Where reading goes on is in the database; an offset that is gone is told.
                "auto.offset.reset": "error",
                # What ends a partition may be no record: a transaction's mark, a gap.
                "enable.partition.eof": True,
                "session.timeout.ms": int(source.session_timeout_s * 1000),
                "max.poll.interval.ms": 600_000,
                "fetch.message.max.bytes": 4 << 20,
                "queued.max.messages.kbytes": 65_536,
                "log_level": 0,
                **source.security,
            }
        )
        consumer.subscribe(
            source.read, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        watched = 0
        try:
            while not stop.is_set():
                if not self._claimed:
                    self._claim(consumer, stop)
                records = consumer.consume(source.batch_records, 0.5)
                if records:
                    self._take(consumer, records, stop)
                self._measure(consumer)
                now = self._clock()
                if now - watched > _WATCH_S * 1_000_000:
                    watched = now
                    self._watch()
        finally:
            consumer.close()

    # -- whose partitions these are

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assignments += 1
        self._partitions = [(each.topic, each.partition) for each in partitions]
        self._claimed = False
        consumer.assign([])  # nothing is read before the database has said from where

    def _revoked(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._assignments += 1
        self._partitions, self._taken, self._positions = [], {}, {}
        self.lag, self.behind_since = {}, {}
        self._claimed = True
        consumer.unassign()

    def _claim(self, consumer: Consumer, stop: threading.Event) -> None:
        """Take what was assigned and begin where the database says; again and again if need be."""
        while not stop.is_set():
            assignments = self._assignments
            try:
                ids = self._ids.of({topic for topic, _ in self._partitions}, _ASK_S)
                seen = {
                    (topic, partition): Seen(
                        ids.get(topic, ""),
                        *consumer.get_watermark_offsets(
                            TopicPartition(topic, partition), _ASK_S, cached=False
                        ),
                    )
                    for topic, partition in self._partitions
                }
                with self._database.writing() as connection:
                    found = [
                        claim(connection, *place, self._owner, what, self._forget)
                        for place, what in seen.items()
                    ]
            except (KafkaException, SQLAlchemyError) as error:
                self._say_waiting(error)
                consumer.consume(1, 1.0)  # stay a member; nothing is assigned that could come
                if assignments != self._assignments and self._claimed:
                    return
                continue
            self._topic_ids = ids
            for each in found:
                self._say_claimed(each.taken, each.made_anew, each.lost)
            self._taken = {(e.taken.topic, e.taken.partition): e.taken for e in found}
            self._positions = {(e.taken.topic, e.taken.partition): e.begin for e in found}
            self._dates, self._ends = dict.fromkeys(self._positions, self._clock()), {}
            consumer.assign(
                [TopicPartition(e.taken.topic, e.taken.partition, e.begin) for e in found]
            )
            self._claimed = True
            self.problem = None
            return

    def _forget(self, connection: Connection, topic: str) -> None:
        now = self._clock()
        forget(connection, self._source.topics, topic, str(now), now)

    def _say_claimed(self, taken: Taken, made_anew: bool, lost: int) -> None:
        if made_anew:
            log.warning(
                "%(topic)s was made anew: partition %(partition)d is read from its beginning",
                event("desk_topic_made_anew", topic=taken.topic, partition=taken.partition),
            )
        if lost:
            self.counts[taken.topic, "lost"] += lost
            log.error(
                "%(count)d records of %(topic)s, partition %(partition)d, were gone before the "
                "desk read them",
                event(
                    "desk_records_lost", count=lost, topic=taken.topic, partition=taken.partition
                ),
            )

    def _watch(self) -> None:
        """Claim anew where a topic is another one than it was."""
        try:
            ids = self._ids.of(self._topic_ids, _ASK_S)
        except KafkaException:
            return  # whoever reads will say so
        if self._taken and any(
            found != self._topic_ids.get(topic, found) for topic, found in ids.items()
        ):
            self._claimed = False

    # -- what they hold

    def _take(self, consumer: Consumer, records: list[Record], stop: threading.Event) -> None:
        """Write a batch, and tell the brokers how far it reached."""
        reads, ends, dates = [], dict(self._positions), dict(self._dates)
        reached = {}
        for record in records:
            place = record.topic() or "", record.partition() or 0
            error = record.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                reached[place] = record.offset() or 0
                continue
            if error is not None:
                self._on_error(error)
                continue
            if place not in self._taken:
                continue
            reads.append(self._read(record))
            ends[place] = (record.offset() or 0) + 1
            dates[place] = record.timestamp()[1] * 1000
        progress = [
            (self._taken[place], self._positions[place], end)
            for place, end in ends.items()
            if end != self._positions[place]
        ]
        if progress and not self._written(consumer, reads, progress, stop):
            return
        self._ends |= reached
        if not progress:
            return
        self._positions, self._dates = ends, dates
        for read in reads:
            unreadable = isinstance(read.message, Unreadable)
            self.counts[read.origin.topic, "unreadable" if unreadable else "written"] += 1
            if unreadable:
                self._say_unreadable(read)
        with suppress(KafkaException):  # for onlookers only
            consumer.commit(
                offsets=[TopicPartition(t.topic, t.partition, end) for t, _, end in progress],
                asynchronous=True,
            )

    def _written(
        self,
        consumer: Consumer,
        reads: list[Read],
        progress: list[tuple[Taken, int, int]],
        stop: threading.Event,
    ) -> bool:
        """Write until it is written; False: the batch is somebody else's, or the end has come."""
        assignments = self._assignments
        while not stop.is_set():
            try:
                with self._database.writing() as connection:
                    write(connection, reads, progress, self._clock(), self._announcer)
            except Fenced as error:
                log.warning(
                    "%(what)s is read by another desk now: asking for it again",
                    event("desk_fenced", what=str(error)),
                )
                self._claimed = False
                return False
            except SQLAlchemyError as error:
                if is_of_a_record(error):
                    reads[:] = self._without_refused(reads)
                    continue
                self._say_waiting(error)
                self._stay(consumer)
                if assignments != self._assignments:
                    return False
            else:
                self._resume(consumer)
                return True
        return False

    def _stay(self, consumer: Consumer) -> None:
        """Remain a member of the group for a second, reading nothing."""
        assigned = consumer.assignment()
        if assigned:
            consumer.pause(assigned)
        consumer.consume(1, 1.0)
        self._measure(consumer)

    def _resume(self, consumer: Consumer) -> None:
        if self.problem is not None:
            self.problem = None
            consumer.resume(consumer.assignment())

    def _without_refused(self, reads: list[Read]) -> list[Read]:
        """The batch, records that the database does not take for themselves marked unreadable."""
        found = []
        for read in reads:
            try:
                with self._database.engine.connect() as connection:
                    write(connection, [read], (), self._clock(), self._announcer)
                    connection.rollback()
            except DBAPIError as error:
                if not is_of_a_record(error):
                    return reads
                read = Read(read.origin, read.size, Unreadable(REFUSED))
            found.append(read)
        return found

    def _read(self, record: Record) -> Read:
        value, key = _bytes(record.value()), _bytes(record.key())
        origin = Origin(record.topic() or "", record.partition() or 0, record.offset() or 0)
        timestamp = record.timestamp()[1] * 1000
        return Read(origin, len(value or b""), self._message(origin, key, value, timestamp))

    def _message(
        self, origin: Origin, key: bytes | None, value: bytes | None, timestamp: int
    ) -> Message:
        source, limit = self._source, self._source.max_value_bytes
        now = self._clock()
        if origin.topic == source.topics.warnings:
            return messages.warning(key, value, limit)
        if origin.topic == source.topics.shop_risk:
            return messages.shop_day(value, limit)
        if origin.topic == source.topics.product_risk:
            return messages.product_day(value, limit)
        place = origin.partition, origin.offset
        if origin.topic == source.topics.tracking:
            return messages.checkpoint(value, now, *place, limit, source.names)
        return messages.order_version(value, key, now, timestamp, *place, limit, source.names)

    # -- what is said of it

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._claimed = False  # the database decides where to go on, and what was lost is told
        elif error.fatal():
            raise KafkaException(error)
        elif (left := self._limited.admit(str(error.code()))) is not None:
            log.warning(
                "the brokers say: %(problem)s",
                event("desk_read_problem", problem=error.str(), left_out=left or None),
            )

    def _say_waiting(self, error: Exception) -> None:
        # An error of SQLAlchemy shows statement and parameters: rows are nobody's business.
        problem = str(getattr(error, "orig", error)).splitlines()[0][:200]
        self.problem = problem
        if (left := self._limited.admit("waits")) is not None:
            log.warning(
                "the desk waits: %(problem)s",
                event("desk_waits", problem=problem, left_out=left or None),
            )

    def _say_unreadable(self, read: Read) -> None:
        message = read.message
        reason = message.reason if isinstance(message, Unreadable) else ""
        if (left := self._limited.admit(f"{read.origin.topic} {reason}")) is not None:
            log.warning(
                "a record is no message (%(reason)s): %(topic)s, partition %(partition)d, offset "
                "%(offset)d",
                event(
                    "desk_record_unreadable",
                    reason=reason,
                    topic=read.origin.topic,
                    partition=read.origin.partition,
                    offset=read.origin.offset,
                    left_out=left or None,
                ),
            )

    def _measure(self, consumer: Consumer) -> None:
        """Note how far the brokers are ahead, by what the last fetch said."""
        lag: Counter[str] = Counter()
        since: dict[str, int] = {}
        for (topic, partition), position in self._positions.items():
            found: Any = consumer.get_watermark_offsets(
                TopicPartition(topic, partition), cached=True
            )
            taken = max(position, self._ends.get((topic, partition), 0))
            behind = max(0, found[1] - taken) if found else 0
            lag[topic] += behind
            if behind:
                date = self._dates[topic, partition]
                since[topic] = min(date, since.get(topic, date))
        self.lag, self.behind_since = dict(lag), since


def is_of_a_record(error: SQLAlchemyError) -> bool:
    """Whether a database refuses what it is given, and will whenever it is given it."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _OF_RECORDS
    return not isinstance(error, OperationalError | InterfaceError)


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
