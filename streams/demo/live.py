"""Plays the history into one's own Kafka as if its week were this one, in real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException, Producer
from kafka import KafkaConsumer, TopicPartition

from streams.demo import view
from streams.demo.history import ENDS_AT, STARTS_AT, Entry, load
from streams.demo.levels import with_levels
from streams.demo.shift import days_until, shifted
from streams.engine.kafka.topic_admin import client_options, kafka_errors, missing_topics
from streams.facts.times import DAY, MILLISECOND, SECOND
from streams.settings import Settings
from streams.telemetry.counted import counted

PROGRESS_S = 600.0
"""How often the part in real time says how far it is."""

_STEP_S = 1.0
"""How often it asks the producer meanwhile whether something was refused."""
_FLUSH_S = 60.0

Say = Callable[[str], None]


class PlayError(RuntimeError):
    """The history cannot be played, or not to its end; the text says why, in one line."""


def play(
    settings: Settings,
    say: Say,
    *,
    backlog: bool = False,
    again: bool = False,
    clock: Callable[[], float] | None = None,
) -> None:
    """Produce what lies before now at once, the rest at its time; with `backlog` not the rest.

    Where the topic of orders has records nothing is produced, unless `again`: those of an earlier
    play then come once more with the times that they had, so that repeating changes nothing.
    `clock` tells seconds since the epoch (default: the wall's). Raises PlayError, KafkaUnavailable.
    """
    clock = clock or wall
    history = with_levels(load()) if settings.stock else load()
    _need_topics(settings)
    oldest = oldest_order(settings)
    if oldest is not None and not again:
        say(
            f"{settings.orders_topic} at {settings.bootstrap_servers} has records already: "
            "nothing is played (--again plays all the same)"
        )
        return
    now = round(clock() * SECOND)
    days = earlier(history, oldest)
    entries = shifted(history, days_until(now) if days is None else days)
    moved = entries[0].arrival - history[0].arrival
    end = view.moment(ENDS_AT + moved)
    say(
        f"A made-up week of three shops, {counted(len(entries), 'record', ',')}, "
        "as if it were this one: "
        f"{view.moment(STARTS_AT + moved)} to {end} Beijing time."
    )
    due = [entry for entry in entries if entry.arrival <= now]
    rest = entries[len(due) :]
    sender = _Sender(settings)
    began = time.monotonic()
    try:
        for entry in due:
            sender.send(entry)
        sender.flush()
        before = counted(len(due), "lies", ",", plural="lie")
        say(f"{before} before now: played in {time.monotonic() - began:.1f} s.")
        if rest and not backlog:
            others = counted(len(rest), "follows", ",", plural="follow")
            say(f"The other {others}, each at its time, until {end}; Ctrl-C ends it.")
            _in_real_time(rest, len(due), sender, say, clock)
            say("The week is over.")
    finally:
        sender.close()


def wall() -> float:
    """The wall clock: seconds since the epoch."""
    return time.time()


def oldest_order(settings: Settings) -> int | None:
    """The Kafka timestamp (ms) of the oldest record on the topic of orders; None: it is empty.

    Raises KafkaUnavailable.
    """
    with kafka_errors(settings):
        consumer = KafkaConsumer(
            **client_options(settings), group_id=None, enable_auto_commit=False
        )
        try:
            places = [
                TopicPartition(settings.orders_topic, number)
                for number in consumer.partitions_for_topic(settings.orders_topic) or ()
            ]
            ends = consumer.end_offsets(places)
            begins = consumer.beginning_offsets(places)
            times: list[int] = []
            for place in places:
                if begins[place] < ends[place]:
                    consumer.assign([place])
                    consumer.seek_to_beginning(place)
                    found = consumer.poll(timeout_ms=10_000, max_records=1)
                    times += [record.timestamp for each in found.values() for record in each]
            if times:
                return min(times)
            # Something lies there that cannot be read: transaction markers, at the least.
            return 0 if ends != begins else None
        finally:
            consumer.close()


def earlier(history: Sequence[Entry], oldest: int | None) -> int | None:
    """By how many days a play moved `history` whose first order has the timestamp `oldest` (ms).

    None where no play can have written it.
    """
    if oldest is None:
        return None
    first = next(entry.arrival for entry in history if entry.topic == "order-paid")
    days, beside = divmod(oldest * MILLISECOND - first, DAY)
    return days if beside == 0 else None


def _need_topics(settings: Settings) -> None:
    """Raise PlayError where an input topic is missing."""
    missing = missing_topics(settings, settings.topics().inputs)
    if missing:
        raise PlayError(
            f"no topic {' and '.join(missing)} at {settings.bootstrap_servers} "
            "(`shipsentry topics create` makes it)"
        )


def _in_real_time(
    entries: Sequence[Entry], before: int, sender: _Sender, say: Say, clock: Callable[[], float]
) -> None:
    """Send each entry when its time has come; `before` were sent already."""
    total = before + len(entries)
    spoke = time.monotonic()
    for count, entry in enumerate(entries):
        # The wall clock, asked again each time: a laptop that slept catches up.
        while (left := entry.arrival / SECOND - clock()) > 0:
            if time.monotonic() - spoke >= PROGRESS_S:
                spoke = time.monotonic()
                played = f"{before + count:,} of {counted(total, 'record', ',')}"
                say(f"{played}; next {view.moment(entry.arrival)}")
            sender.look()
            time.sleep(min(left, _STEP_S))
        sender.send(entry)
    sender.flush()


class _Sender:
    """Produces entries with their arrival as timestamp; raises PlayError once one was refused."""

    def __init__(self, settings: Settings) -> None:
        self._topics = {
            "order-paid": settings.orders_topic,
            "tracking-update": settings.tracking_topic,
            "stock-level": settings.stock_topic,
        }
        self._failure: str | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                **settings.librdkafka_security,
                "client.id": f"{settings.app_id}-play",
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 20,
                "log_level": 0,
            }
        )

    def send(self, entry: Entry) -> None:
        """Hand one record to the producer."""
        try:
            self._producer.produce(
                self._topics[entry.topic],
                value=entry.value,
                key=entry.key,
                timestamp=entry.arrival // MILLISECOND,
                on_delivery=self._delivered,
            )
        except (KafkaException, BufferError) as error:
            raise PlayError(f"a record cannot be produced: {error}") from error
        self.look()

    def look(self) -> None:
        """Raise PlayError where a record was refused meanwhile."""
        self._producer.poll(0)
        if self._failure is not None:
            raise PlayError(f"a record was not taken: {self._failure}")

    def flush(self) -> None:
        """Wait until everything is taken."""
        left = self._producer.flush(_FLUSH_S)
        self.look()
        if left:
            records = counted(left, "record was", plural="records were")
            raise PlayError(f"{records} not taken within {_FLUSH_S:.0f} s")

    def close(self) -> None:
        """Let go what is on its way, for a moment."""
        self._producer.flush(5)

    def _delivered(self, error: KafkaError | None, _message: object) -> None:
        if error is not None and self._failure is None:
            self._failure = error.str()
