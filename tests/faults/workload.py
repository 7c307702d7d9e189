"""What is sent: random histories moved to the present, poison, and where each record came to lie.

The same seed and beginning give the same messages. A history ends near the moment at which it is
sent, often on a deadline to the microsecond: so deadlines pass before, during and after a campaign.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException, Producer
from oracle.brute_force import (
    FIRST_PLAUSIBLE,
    RETENTION,
    DeadLetter,
    normal_carrier,
    normal_id,
    normal_number,
    read_time,
)
from oracle.histories import FURTHER, HOUR, MINUTE, PLATFORMS, History, random_history

Value = dict[str, Any]
Place = tuple[str, int, int]
"""Topic, partition, offset."""

AHEAD = timedelta(hours=20)
"""No message's own time lies further ahead: whether it is one never depends on when it is read."""

FIRST_PLATFORMS = ("douyin", "tmall", "brief")
"""Those of which both releases know the same profiles."""

_TIMES = (
    "paid_at", "updated_at", "final_paid_at", "refund_requested_at", "occurred_at", "timestamp",
)  # fmt: skip
_PROMISES = ("promised_ship_by", "promised_delivery_by", "received_at")


@dataclass(frozen=True)
class Sent:
    """One record of an input: `kind` is orders or tracking; `value` as parsed, None of a tombstone.

    `at` is the record's timestamp where it matters. `poison` is no message by its bytes alone.
    """

    kind: str
    key: str | None
    raw: bytes | None
    value: Value | None = None
    at: datetime | None = None
    poison: bool = False


@dataclass
class Part:
    """One history as it is sent, and when it was: what the oracle judges by itself."""

    seed: int
    records: list[Sent]
    sent_at: datetime | None = None


_NEWER = {
    "via", "refund_requested_at", "parcels_expected", "promised_delivery_by", "paid_at_quality",
    "time_quality", "next", "voided",
}  # fmt: skip
"""Fields that the first version of the contract has not."""


def part(seed: int, until: datetime, *, first: bool = False) -> Part:
    """The history of a seed, moved so that it ends at `until`; ids and numbers are like no other's.

    Besides it some parcels that nobody picks up, due in the two minutes around `until`. `first`:
    only what the first version of the contract says too, for a release that knows no other.
    Numbers and orders with facts further apart than the retention are left out: which of those is
    late depends on the order in which partitions are read, and is outside the law.
    """
    rng = random.Random(seed)
    platforms = FIRST_PLATFORMS if first else (*PLATFORMS, *FURTHER)
    history = random_history(seed, platforms=platforms, bad=not first, plain=first)
    by = until - history.until
    if first:
        history = _agreed(history)
    records = []
    for value in history.orders:
        value = _moved(value, by)
        value["order_id"] = _other_id(value.get("order_id"), seed)
        records.append(_record("orders", value["order_id"], value, rng))
    for value in history.tracking:
        value = _moved(value, by)
        number = value.get("tracking_number")
        if isinstance(number, str):
            value["tracking_number"] = f"{_normal(normal_number, number)}-{seed}"
        ids = value.get("order_ids")
        if isinstance(ids, list):
            value["order_ids"] = [_other_id(each, seed) for each in ids]
        records.append(_record("tracking", str(value.get("tracking_number")), value, rng))
    for line in history.tombstones:
        at = read_time(_moved(line, by)["timestamp"])
        at -= timedelta(microseconds=at.microsecond % 1000)  # all that a record's timestamp holds
        if at <= until:  # a broker takes no timestamp an hour ahead
            records.append(Sent("orders", _other_id(line["key"], seed), None, at=at))
    records += [_due(f"{seed}-due-{n}", until + rng.uniform(-1, 1) * MINUTE, rng) for n in range(6)]
    kept = _within_retention([r for r in records if _newest(r) <= until + AHEAD])
    rng.shuffle(kept)
    return Part(seed, kept)


def _agreed(history: History) -> History:
    """Of a history what every release reads and judges alike.

    Left out besides what is new: values that are not listed, platforms without a profile, versions
    of one order that only canonical JSON tells apart, and nodes that are repeated.
    """
    orders: dict[tuple[Any, datetime], Value] = {}
    for value in history.orders:
        if not value.get("partial"):
            value = _as_first(value) | {"presale": _listed(value, "presale", "none", "deposit")}
            value["delivery_method"] = _listed(value, "delivery_method", "express", "self_pickup")
            orders.setdefault((value["order_id"], read_time(value["updated_at"])), value)
    tracking = [
        _as_first(value)
        | {
            "platform": _listed(value, "platform", *FIRST_PLATFORMS),
            "description": read_time(value["occurred_at"]).isoformat(),
        }
        for value in history.tracking
        if not value.get("voided") and value["status"] != "handed_over"
    ]
    return replace(history, orders=list(orders.values()), tracking=tracking)


def _as_first(value: Value) -> Value:
    return {name: said for name, said in value.items() if name not in _NEWER}


def _listed(value: Value, name: str, *listed: str) -> str:
    found = value.get(name)
    return found if found in listed else listed[0]


def _due(name: str, at: datetime, rng: random.Random) -> Sent:
    """An upload whose parcel must be picked up by `at`."""
    value = {
        "carrier": "zto",
        "tracking_number": f"78{name}",
        "status": "ordered",
        "occurred_at": (at - 24 * HOUR).isoformat(),
        "order_ids": [name],
        "platform": "tmall",
        "shop_id": "s1",
    }
    return _record("tracking", value["tracking_number"], value, rng)


def _record(kind: str, key: str, value: Value, rng: random.Random) -> Sent:
    # A third has no key, as producers may choose.
    raw = json.dumps(value, ensure_ascii=False).encode()
    return Sent(kind, None if rng.random() < 1 / 3 else key, raw, value)


def _normal(spelled: Callable[[str], str], text: str) -> str:
    try:
        return spelled(text)
    except DeadLetter:
        return text


def _other_id(order_id: Any, seed: int) -> Any:
    return f"{seed}-{_normal(normal_id, str(order_id))}" if order_id else order_id


def _moved(value: Value, by: timedelta) -> Value:
    moved = dict(value)
    for name in (*_TIMES, *_PROMISES):
        with contextlib.suppress(TypeError, ValueError):
            at = datetime.fromisoformat(value.get(name))  # type: ignore[arg-type]
            if at >= FIRST_PLAUSIBLE:
                moved[name] = (at + by).isoformat()
    return moved


def _own_times(record: Sent) -> list[datetime]:
    if record.at is not None:
        return [record.at]
    return [
        datetime.fromisoformat(text)
        for name in _TIMES
        if isinstance(text := (record.value or {}).get(name), str)
    ]


def _newest(record: Sent) -> datetime:
    return max(_own_times(record), default=FIRST_PLAUSIBLE)


def _subject(record: Sent) -> str:
    if record.kind == "orders":
        return f"order {record.key or (record.value or {}).get('order_id')}"
    value = record.value or {}
    return f"parcel {normal_carrier(str(value.get('carrier')))} {value.get('tracking_number')}"


def _within_retention(records: list[Sent]) -> list[Sent]:
    times: dict[str, list[datetime]] = defaultdict(list)
    for record in records:
        times[_subject(record)] += [at for at in _own_times(record) if at >= FIRST_PLAUSIBLE]
    wide = {who for who, found in times.items() if found and max(found) - min(found) > RETENTION}
    return [record for record in records if _subject(record) not in wide]


def poison(rng: random.Random, count: int) -> list[Sent]:
    """Records that are no messages, whoever reads them."""
    cut = json.dumps({"order_id": "p", "carrier": "zto", "items": [{"quantity": 1}] * 20}).encode()
    kinds: list[Callable[[], bytes]] = [
        lambda: b"\xff" + rng.randbytes(rng.randrange(1, 200)),
        lambda: b"\x00" * rng.randrange(1, 9),
        lambda: cut[: rng.randrange(1, len(cut) - 1)],
        lambda: b'["an", "array"]',
        lambda: b'{"carrier": NaN}',
        lambda: b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        lambda: b"",
        lambda: b"{}",
        lambda: b'{"carrier": "\xff\xfe"}',
    ]
    return [
        Sent(rng.choice(("orders", "tracking")), f"poison-{n}", rng.choice(kinds)(), poison=True)
        for n in range(count)
    ]


GIVEN_UP_S = 300
"""How long a record is tried."""


@dataclass
class Producing:
    """Sends records from a thread of its own, also while brokers fail, and knows where each lies.

    `placed` holds what was acknowledged. What is refused is sent again; a record that is not taken
    in the end is a failure of the campaign, not of the product.
    """

    bootstrap: str
    topics: dict[str, str]
    placed: dict[Place, Sent] = field(default_factory=dict)
    failed: list[KafkaError] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A record and how long to wait after it; "anew": by another producer; None: that was all.
        self._waiting: queue.Queue[tuple[Sent, float] | Literal["anew"] | None] = queue.Queue()
        self._refused: list[tuple[Sent, KafkaError]] = []
        # Kept to the end: librdkafka 2.16 may end the process where a producer is destroyed whose
        # topic was made anew.
        self._producers: list[Producer] = []
        self._thread = threading.Thread(target=self._run, name="producing", daemon=True)
        self._thread.start()

    def send(self, records: list[Sent], seconds: float = 0.0) -> None:
        """Send in the background, spread over some seconds."""
        for record in records:
            self._waiting.put((record, seconds / len(records)))

    def raw(self, topic: str, partition: int, value: bytes) -> None:
        """Send bytes to one partition of any topic, remembered as poison."""
        self.topics.setdefault(topic, topic)
        self._waiting.put((Sent(f"{topic}\n{partition}", "poison", value, poison=True), 0))

    def begin_anew(self) -> None:
        """A topic was made anew: what comes is sent by another producer.

        The former one holds on to the leaders of the topic that is gone, whose epochs were higher,
        and sends nothing more to their partitions.
        """
        self._waiting.put("anew")

    def finish(self) -> None:
        """Wait until everything is acknowledged, or is in `failed`."""
        self._waiting.put(None)
        self._thread.join()

    def locate(self, lying: Iterable[tuple[str, int, int, bytes | None, bytes | None]]) -> None:
        """Learn from what lies in topics where records lie that were sent twice, because nobody
        had said that the first one was taken: reports know the second alone."""
        known = {
            (place[0], record.key, record.raw): record for place, record in self.placed.items()
        }
        for topic, partition, offset, key, value in lying:
            record = known.get(
                (topic, None if key is None else key.decode(errors="replace"), value)
            )
            if record is not None:
                self.placed.setdefault((topic, partition, offset), record)

    def _run(self) -> None:
        producer = self._made()
        while (item := self._waiting.get()) is not None:
            if item == "anew":
                producer = self._another(producer)
                continue
            producer = self._produce(producer, item[0])
            if item[1]:
                time.sleep(item[1])
        deadline = time.monotonic() + GIVEN_UP_S
        while producer.flush(5) or self._refused:
            if time.monotonic() > deadline:
                _give_up(producer)
                self.failed = [error for _, error in self._refused]
                return
            producer = self._produce(producer)

    def _made(self) -> Producer:
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                # Not idempotent: what is sent twice is one fact, and librdkafka 2.16 ended
                # campaigns by segmentation faults after a topic was made anew, probably by that.
                "acks": "all",
                "partitioner": "murmur2_random",
                "message.timeout.ms": GIVEN_UP_S * 1000,
                "linger.ms": 5,
                "log_level": 0,
                "error_cb": lambda _error: None,  # brokers come and go here
            }
        )
        self._producers.append(producer)
        return producer

    def _produce(self, producer: Producer, *records: Sent) -> Producer:
        """Send records, those before them that were refused; by another producer where this one
        has ended: one whose topic was made anew may."""
        refused, self._refused = self._refused, []
        if any(error.fatal() or error.code() == KafkaError._FATAL for _, error in refused):
            producer = self._another(producer)
        for record in (*(record for record, _ in refused), *records):
            topic, _, partition = record.kind.partition("\n")
            more: dict[str, Any] = {"partition": int(partition)} if partition else {}
            if record.at is not None:
                more["timestamp"] = int(record.at.timestamp() * 1000)
            try:
                producer.produce(
                    self.topics[topic],
                    record.raw,
                    record.key,
                    on_delivery=self._noted(record),
                    **more,
                )
            except KafkaException as error:
                self._refused.append((record, error.args[0]))
        producer.poll(0)
        return producer

    def _another(self, producer: Producer) -> Producer:
        """Another producer; what the former one could not send is refused, and not gone with it."""
        producer.flush(5)
        _give_up(producer)
        return self._made()

    def _noted(self, record: Sent) -> Callable[[Any, Any], None]:
        def noted(error: Any, message: Any) -> None:
            if error is not None:
                self._refused.append((record, error))
            else:
                self.placed[message.topic(), message.partition(), message.offset()] = record

        return noted


def _give_up(producer: Producer) -> None:
    """Have what was not acknowledged refused now."""
    producer.purge()
    producer.flush(5)


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def seeds_of(seed: int) -> Iterator[int]:
    """The seeds of a campaign's histories."""
    rng = random.Random(f"histories/{seed}")
    while True:
        yield rng.randrange(10**6)
