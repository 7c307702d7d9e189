"""A workload for benchmarks: parcels that live side by side, the same for the same seed and end.

Each parcel is an order, an upload of its number and about four checkpoints over a few days. A few
per cent go wrong, in known numbers, so that a benchmark can check what it measured::

    python benchmarks/load.py --bootstrap localhost:9092 --parcels 100000
    python benchmarks/load.py --jsonl folder --parcels 1000
"""

from __future__ import annotations

import argparse
import heapq
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple, Protocol

from confluent_kafka import KafkaError, Message, Producer

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""Milliseconds, as Kafka counts them."""

SEED = 2026_11_20

BEIJING = timezone(timedelta(hours=8))

LIFE = 8 * DAY
"""Every parcel has gone its way, and every deadline has passed, so long after its payment."""

CITIES = (
    ("浙江省", "杭州市", "330100"),
    ("浙江省", "金华市", "330700"),
    ("广东省", "广州市", "440100"),
    ("广东省", "深圳市", "440300"),
    ("江苏省", "苏州市", "320500"),
    ("上海市", "上海市", "310100"),
    ("北京市", "北京市", "110100"),
    ("河北省", "石家庄市", "130100"),
    ("四川省", "成都市", "510100"),
    ("湖北省", "武汉市", "420100"),
    ("福建省", "泉州市", "350500"),
    ("新疆维吾尔自治区", "乌鲁木齐市", "650100"),
)
CARRIERS = ("zto", "yto", "sto", "yunda", "sf", "jd", "ems", "jtexpress")


class Event(NamedTuple):
    """One Kafka record: `arrival` is its timestamp in ms, `order` tells the two inputs apart."""

    arrival: int
    order: bool
    key: str
    value: str


@dataclass(slots=True)
class Expected:
    """What was written of a workload, and how many warnings a judge of it must find."""

    orders: int = 0
    tracking: int = 0
    bytes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, event: Event) -> None:
        """Count a record as written."""
        if event.order:
            self.orders += 1
        else:
            self.tracking += 1
        self.bytes += len(event.value.encode())

    @property
    def mean_bytes(self) -> float:
        """Mean size of a value."""
        return self.bytes / max(1, self.orders + self.tracking)

    @property
    def duplicates(self) -> int:
        """Orders whose number another recipient's order had used within the window."""
        return self.kinds["reused"]

    @property
    def inactive(self) -> int:
        """Parcels without any record for more than 24 h after pickup, later ones included."""
        return self.kinds["silent"] + self.kinds["stalled"]


class Source(Protocol):
    """What can be written: records in order of arrival, counted as they are made."""

    def events(self, expected: Expected | None = None) -> Iterator[Event]:
        """All records."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What to generate.

    `end` (ms since the epoch) is when the last parcel's life is over; it must lie in the past, and
    not by more than the product's retention, or states end while they are made.
    """

    parcels: int
    end: int
    seed: int = SEED
    span_days: float = 12.0
    """From the first payment to the last one."""
    reused: float = 0.02
    """Share of orders whose seller uploads the number of somebody else's parcel."""
    silent: float = 0.02
    """Share of parcels with no record after pickup."""
    stalled: float = 0.02
    """Share of parcels whose first record after pickup comes late, and then all others."""
    unshipped: float = 0.01
    """Share of orders that are never shipped."""
    repeated: float = 0.02
    """Share of tracking events that come a second time, as sources of webhooks do."""

    def events(self, expected: Expected | None = None) -> Iterator[Event]:
        """All records in order of arrival; the kinds of parcels are counted in `expected`."""
        count = expected if expected is not None else Expected()
        rng = random.Random(self.seed)
        start = self.end - LIFE - int(self.span_days * DAY)
        spacing = self.span_days * DAY / max(1, self.parcels)
        waiting: list[tuple[int, int, Event]] = []
        tie = 0
        usable: deque[tuple[str, str, int]] = deque(maxlen=2_000)
        for number in range(self.parcels):
            paid = start + int(number * spacing)
            while waiting and waiting[0][0] <= paid:
                yield heapq.heappop(waiting)[2]
            for event in self._parcel(rng, number, paid, usable, count):
                heapq.heappush(waiting, (event.arrival, tie, event))
                tie += 1
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _parcel(
        self,
        rng: random.Random,
        number: int,
        paid: int,
        usable: deque[tuple[str, str, int]],
        count: Expected,
    ) -> Iterator[Event]:
        kind = self._kind(rng.random())
        if kind == "reused" and not usable:
            kind = "normal"
        count.kinds[kind] += 1
        origin, target = rng.sample(CITIES, 2)
        order_id = str(4_920_000_000_000_000_000 + number)
        shop = f"s-{rng.randrange(500)}"
        # Like a keyed hash: as long, and no two orders alike.
        address = f"{(number * 0x9E3779B97F4A7C15 + self.seed) % 2**64:016x}"
        yield Event(
            paid + rng.randrange(30 * SECOND),
            True,
            order_id,
            f'{{"schema_version":1,"order_id":"{order_id}","shop_id":"{shop}","platform":"douyin",'
            f'"paid_at":"{_text(paid)}","promised_ship_by":"{_text(paid + 2 * DAY)}",'
            f'"amount_paid":{rng.randrange(900, 90_000)},"currency":"CNY",'
            f'"recipient":{{"province":"{target[0]}","city":"{target[1]}",'
            f'"region_code":"{target[2]}","address_key":"{address}"}},'
            f'"ship_from":{{"province":"{origin[0]}","city":"{origin[1]}"}},"state":"paid"}}',
        )
        uploaded = paid + rng.randrange(1 * HOUR, 20 * HOUR)
        if kind == "unshipped":
            return
        if kind == "reused":
            carrier, tracking_number, before = rng.choice(usable)
            uploaded = max(uploaded, before + HOUR)
        else:
            carrier = rng.choice(CARRIERS)
            # Odd step: all numbers differ, and neighbours do not look alike.
            tracking_number = f"78{(number * 7_368_787 + self.seed) % 10**11:011d}"
            usable.append((carrier, tracking_number, uploaded))
        head = f'{{"schema_version":1,"carrier":"{carrier}","tracking_number":"{tracking_number}",'
        key = f"{carrier}:{tracking_number}"

        def tracking(at: int, body: str) -> Iterator[Event]:
            value = f'{head}"occurred_at":"{_text(at)}",{body}}}'
            arrival = at + rng.randrange(5 * MINUTE)
            yield Event(arrival, False, key, value)
            if rng.random() < self.repeated:
                count.kinds["repeated"] += 1
                yield Event(arrival + rng.randrange(HOUR), False, key, value)

        yield from tracking(
            uploaded,
            f'"status":"ordered","order_ids":["{order_id}"],"shop_id":"{shop}",'
            f'"platform":"douyin","source":"seller","recipient":{{"province":"{target[0]}",'
            f'"city":"{target[1]}","address_key":"{address}"}}',
        )
        if kind == "reused":
            return
        at = uploaded + rng.randrange(1 * HOUR, 12 * HOUR)
        yield from tracking(at, _checkpoint("picked_up", origin, "已揽收", "103"))
        if kind == "silent":
            return
        at += rng.randrange(26 * HOUR, 60 * HOUR) if kind == "stalled" else (
            rng.randrange(2 * HOUR, 12 * HOUR)
        )  # fmt: skip
        yield from tracking(at, _checkpoint("hub", origin, "已到达中转中心", "1002"))
        at += rng.randrange(12 * HOUR, 36 * HOUR)
        yield from tracking(
            at, _checkpoint("arrived_dest_city", target, "已到达目的地城市", "1001")
        )
        at += rng.randrange(4 * HOUR, 20 * HOUR)
        yield from tracking(at, _checkpoint("delivered", target, "已签收,感谢使用", "301"))

    def _kind(self, draw: float) -> str:
        for kind in ("reused", "silent", "stalled", "unshipped"):
            share: float = getattr(self, kind)
            if draw < share:
                return kind
            draw -= share
        return "normal"


def _text(milliseconds: int) -> str:
    # The length of a source's usual time stamp: seconds, with Beijing's offset.
    return datetime.fromtimestamp(milliseconds // 1000, BEIJING).isoformat()


def _checkpoint(status: str, place: tuple[str, str, str], said: str, code: str) -> str:
    province, city, region = place
    return (
        f'"status":"{status}","location":{{"province":"{province}","city":"{city}",'
        f'"region_code":"{region}","site":"{city[:-1]}转运中心"}},'
        f'"description":"【{city}】{said}","raw_status":"{code}","source":"kuaidi100"'
    )


def recent_end(now: float | None = None) -> int:
    """The last full hour, in ms: an end for a workload that is judged now."""
    seconds = time.time() if now is None else now
    return int(seconds // 3600) * HOUR


def produce(
    workload: Source,
    bootstrap: str,
    *,
    orders: str | None = "order-paid",
    tracking: str | None = "tracking-update",
) -> Expected:
    """Write a workload to a broker, in order of arrival, and return what it holds.

    Records are keyed and placed as the contract says, and carry their arrival as timestamp. A
    topic given as None is left out.
    """
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "acks": "all",
            "enable.idempotence": True,
            "log_level": 3,  # a new broker's first answer is a warning
            "linger.ms": 50,
            "batch.size": 512 * 1024,
            "queue.buffering.max.messages": 200_000,
            "delivery.report.only.error": True,
            "on_delivery": delivered,
        }
    )
    expected = Expected()
    for event in workload.events(expected):
        topic = orders if event.order else tracking
        if topic is None:
            continue
        expected.add(event)
        while True:
            try:
                producer.produce(topic, event.value, event.key, timestamp=event.arrival)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(120) or failed:
        raise RuntimeError(f"records were not delivered: {failed[:1] or 'time-out'}")
    return expected


def write_jsonl(workload: Source, folder: Path) -> Expected:
    """Write a workload as `orders.jsonl` and `tracking.jsonl`, as `shipsentry replay` reads."""
    expected = Expected()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "orders.jsonl").open("w", encoding="utf-8") as orders,
        (folder / "tracking.jsonl").open("w", encoding="utf-8") as tracking,
    ):
        for event in workload.events(expected):
            expected.add(event)
            arrived = datetime.fromtimestamp(event.arrival / 1000, UTC).isoformat()
            line = f'{event.value[:-1]},"received_at":"{arrived}"}}\n'
            (orders if event.order else tracking).write(line)
    return expected


def main() -> None:
    """Write a workload to Kafka or to files, and say what it holds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--bootstrap", help="host:port of a broker; the topics must be there")
    target.add_argument("--jsonl", type=Path, help="a folder for orders.jsonl and tracking.jsonl")
    parser.add_argument("--parcels", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--end", type=int, default=recent_end(), help="ms since the epoch (default: the last hour)"
    )
    arguments = parser.parse_args()
    workload = Workload(arguments.parcels, arguments.end, arguments.seed)
    if arguments.jsonl:
        expected = write_jsonl(workload, arguments.jsonl)
    else:
        expected = produce(workload, arguments.bootstrap)
    print(
        f"{expected.orders} orders, {expected.tracking} tracking updates,"
        f" {expected.mean_bytes:.0f} bytes each; {dict(sorted(expected.kinds.items()))}"
    )


if __name__ == "__main__":
    main()
