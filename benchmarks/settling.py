"""What is published of facts that come in bursts, at once and after they have settled.

One worker on the in-process broker, with the wall clock, once for each `--settle`. It needs no
Kafka::

    python -m benchmarks.settling                       # 0 and 5 seconds: about three minutes
    python -m benchmarks.settling --parcels 50 --settle 0 2

README.md in this folder says what is sent and what is counted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from streams.app import assemble
from streams.demo.background import Background
from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.profiles.loader import load

PARTITIONS = 4
WITHIN = 1.0
"""Seconds within which all that is sent of one parcel comes."""

OVER = 5.0
"""Seconds over which the bursts of the parcels begin."""

QUIET = 3.0
"""Seconds after which nothing more is published of what has settled."""

PUSHES = 3
TRACK = (
    ("picked_up", 8.0, "浙江省", "杭州市"),
    ("hub", 12.0, "浙江省", "杭州市"),
    ("in_transit", 30.0, "江西省", "南昌市"),
    ("hub", 44.0, "广东省", "广州市"),
    ("arrived_dest_city", 52.0, "广东省", "深圳市"),
    ("out_for_delivery", 60.0, "广东省", "深圳市"),
    ("delivered", 66.0, "广东省", "深圳市"),
)
"""Status, hours after the upload, province and city."""

STANDING = ("open", "breached")

Sent = tuple[str, bytes, bytes]
"""(topic, key, value)."""


class Figures(NamedTuple):
    """What a scene published: revisions, warnings, those that stood and were withdrawn within one
    wave, and those whose first revision named no shop."""

    revisions: int
    warnings: int
    taken_back: int
    without_shop: int


class Parcels:
    """Parcels of a seed: what each of them sends, as of `now`."""

    def __init__(self, number: int, now: datetime, topics: Topics, rng: random.Random) -> None:
        self._topics, self._now = topics, now
        self.numbers = range(number)
        # Of ten parcels one was never scanned, and one is picked up two days late.
        self._kinds = [rng.choice(["never", "late"] + ["fine"] * 8) for _ in self.numbers]

    def order(self, number: int) -> Sent:
        """A paid order, three days before the upload's track ended."""
        key = f"{number:019}"
        value = {
            "order_id": key,
            "shop_id": f"s-{number % 7}",
            "platform": "douyin",
            "paid_at": self._at(-2),
            "promised_ship_by": self._at(46),
            "recipient": {"province": "广东省", "city": "深圳市", "address_key": f"a{number}"},
        }
        return self._topics.orders, key.encode(), json.dumps(value).encode()

    def upload(self, number: int) -> Sent:
        """The upload, which knows the platform and no shop."""
        return self._record(number, "ordered", 0, order_ids=[f"{number:019}"], platform="douyin")

    def track(self, number: int) -> list[Sent]:
        """All records of the track."""
        kind = self._kinds[number]
        late = 60 if kind == "late" else 0
        return [
            self._record(number, status, hours + late, location={"province": one, "city": other})
            for status, hours, one, other in (() if kind == "never" else TRACK)
        ]

    def _record(self, number: int, status: str, hours: float, **fields: Any) -> Sent:
        key = f"zto:78{number:012}"
        value = {
            "carrier": "zto",
            "tracking_number": key[4:],
            "status": status,
            "occurred_at": self._at(hours),
            **fields,
        }
        return self._topics.tracking, key.encode(), json.dumps(value).encode()

    def _at(self, hours: float) -> str:
        return (self._now - timedelta(hours=150 - hours)).isoformat()


def unsorted(parcels: Parcels, rng: random.Random) -> list[list[list[Sent]]]:
    """One wave: of each parcel the order, its upload and its track, in any order."""
    wave = []
    for number in parcels.numbers:
        burst = [parcels.order(number), parcels.upload(number), *parcels.track(number)]
        rng.shuffle(burst)
        wave.append(burst)
    return [wave]


def pushes(parcels: Parcels, rng: random.Random) -> list[list[list[Sent]]]:
    """Orders and uploads first; then feeds push the whole track so far.

    Every other feed begins with the oldest record, the others with the newest.
    """
    waves = [[[parcels.order(number), parcels.upload(number)] for number in parcels.numbers]]
    for push in range(1, PUSHES + 1):
        wave = []
        for number in parcels.numbers:
            track = parcels.track(number)
            so_far = track[: len(track) * push // PUSHES]
            wave.append(so_far if number % 2 else so_far[::-1])
        waves.append(wave)
    return waves


SCENES: dict[str, Callable[[Parcels, random.Random], list[list[list[Sent]]]]] = {
    "unsorted": unsorted,
    "pushes": pushes,
}


def send(producer: Producer, wave: Iterable[list[Sent]], rng: random.Random) -> None:
    """Send the bursts of a wave side by side, each within WITHIN seconds, in its order."""
    planned: list[tuple[float, Sent]] = []
    for burst in wave:
        begin = rng.uniform(0, OVER)
        moments = sorted(begin + rng.uniform(0, WITHIN) for _ in burst)
        planned += zip(moments, burst, strict=True)
    began = time.monotonic()
    for moment, (topic, key, value) in sorted(planned):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        producer.produce(topic, value, key)
        producer.poll(0)
    producer.flush(10)


def figures(waves: Iterable[list[dict[str, Any]]]) -> Figures:
    """Count what was published in each wave, in order."""
    revisions = taken_back = without = 0
    known: set[str] = set()
    for published in waves:
        states: dict[str, list[str]] = {}
        for value in published:
            key = value["warning_id"]
            without += key not in known and value["shop_id"] is None
            known.add(key)
            states.setdefault(key, []).append(value["state"])
        revisions += len(published)
        taken_back += sum(
            seen[-1] == "withdrawn" and any(state in STANDING for state in seen)
            for seen in states.values()
        )
    return Figures(revisions, len(known), taken_back, without)


def standing(waves: Iterable[list[dict[str, Any]]]) -> list[tuple[str, str]]:
    """Rule and state of the warnings that are not withdrawn in the end, sorted."""
    newest = {value["warning_id"]: value for published in waves for value in published}
    kept = (value for value in newest.values() if value["state"] != "withdrawn")
    return sorted((value["rule"], value["state"]) for value in kept)


def lived(scene: str, settle: float, number: int, seed: int) -> list[list[dict[str, Any]]]:
    """Everything that a worker publishes of a scene, by waves, each in order."""
    rng = random.Random(seed)
    topics = Topics()
    waves = SCENES[scene](Parcels(number, datetime.now(UTC), topics, rng), rng)
    names = dict.fromkeys((*topics.consumed, *topics.outputs, *topics.changelogs), PARTITIONS)
    with tempfile.TemporaryDirectory() as folder, EmbeddedCluster(topics=names) as cluster:
        config = EngineConfig(
            app_id=topics.app_id,
            bootstrap=cluster.bootstrap,
            data_dir=Path(folder),
            partitions=PARTITIONS,
        )
        background = Background(
            lambda: assemble(config, topics, load(), settle=round(settle * 1_000_000)), 0
        )
        background.start()
        try:
            if not background.ready.wait(60):
                raise RuntimeError(f"the worker is not ready: {background.failure!r}")
            quiet = {"bootstrap.servers": cluster.bootstrap, "log_level": 0}
            producer = Producer({**quiet, "linger.ms": 2})
            consumer = Consumer({**quiet, "group.id": "benchmark"})
            consumer.assign(
                [
                    TopicPartition(topics.warnings, number, OFFSET_BEGINNING)
                    for number in range(PARTITIONS)
                ]
            )
            published = []
            for wave in waves:
                send(producer, wave, rng)
                published.append(_read(consumer, settle + QUIET))
            consumer.close()
            return published
        finally:
            background.stop()


def _read(consumer: Consumer, quiet: float) -> list[dict[str, Any]]:
    """What is published until nothing came for so many seconds."""
    found: list[dict[str, Any]] = []
    while messages := consumer.consume(1, quiet):
        found += [json.loads(message.value() or b"") for message in messages]
    return found


def main() -> int:
    """Run every scene for every wait; 1 where they do not end with the same warnings."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--parcels", type=int, default=400)
    parser.add_argument("--settle", type=float, nargs="+", default=[0.0, 5.0])
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("| scene | settle_s | revisions | warnings | taken back | without shop | standing |")
    print("|---|---|---|---|---|---|---|")
    status = 0
    for scene in given.scenes:
        ends = []
        for settle in given.settle:
            published = lived(scene, settle, given.parcels, given.seed)
            ends.append(standing(published))
            counted = " | ".join(map(str, figures(published)))
            print(f"| {scene} | {settle:g} | {counted} | {len(ends[-1])} |", flush=True)
        if any(end != ends[0] for end in ends):
            print(f"{scene}: the waits do not end with the same warnings", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
