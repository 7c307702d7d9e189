"""How long a warning takes from the record that calls for it, at 10, 50 and 80 % of the load.

A real Kafka for each program, in turn: the worker, and Quix Streams and Kafka Streams at the work
of its four rules. Each reads a backlog, then records of now come, faster from step to step, until
it does not keep up any more; last they come at shares of the most that it kept up with. Among them
are uploads of numbers that another recipient's order has used. The clock of each runs from its
record's Kafka timestamp until a consumer of ours has the warning::

    python -m benchmarks.latency                                  # about half an hour
    python -m benchmarks.latency --programs worker --seconds 10   # a first look

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer, TopicPartition

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer  # noqa: E402 - found by the path above

from benchmarks import load, programs  # noqa: E402 - found by the path above
from benchmarks.programs import PARTITIONS, Program, RunFailed  # noqa: E402
from benchmarks.throughput import (  # noqa: E402 - found by the path above
    machine,
    running,
    waiting,
    watch,
)

SHARES = (0.1, 0.5, 0.8)
PROBES_A_SECOND = 20
WARM_UP_S = 10.0
"""Of each load: a JVM compiles, caches fill. Its warnings are not counted."""
BEHIND = 200
"""Parcels between one and the next step of its life; a number is used again after as many."""
AHEAD_S = 2.0
"""From a probe's order to its upload."""
WAKING = 0.1
"""Share of a backlog's events/s with which a program that was started again is woken."""
KEEPS_UP_MS = 3_000.0
"""A program keeps up while 99 of 100 warnings take no longer than this."""
LOWEST, STEP = 0.2, 1.25
"""The first load that is tried, as a share of a backlog's events/s, and what follows each."""
STEP_S = 10.0
"""Of each step, after the warm-up."""
PATIENCE_S = 120.0
"""After the last probe; what is not warned of by then is missing."""

_LIFE = (
    # Status, hours before now, place of its parcel's two.
    ("picked_up", 8.0, 0),
    ("hub", 6.0, 0),
    ("arrived_dest_city", 3.0, 1),
    ("delivered", 1.0, 1),
)
_PROBE = re.compile(rb"P(\d{9})\b")
_RULE = b"duplicate_tracking_number"


def steady(now: int, first: int = 0) -> Iterator[load.Event]:
    """Parcels of now (ms) that nothing warns of: order, upload and four records of each.

    All of these of one parcel lie BEHIND parcels apart, so that joins find what they join. Each
    has times of its own: parcels with one track would be compared with each other.
    """
    number = first
    while True:
        yield _order(str(4_920_000_000_000_000_000 + number), number, now)
        of = number - BEHIND
        if of >= first:
            yield _upload(of, str(4_920_000_000_000_000_000 + of), now - _ago(of), 9)
        for step, (status, hours, place) in enumerate(_LIFE, 2):
            of = number - step * BEHIND
            if of >= first:
                yield _scan(of, status, now - _ago(of * step) - int(hours * load.HOUR), place)
        number += 1


def _ago(number: int) -> int:
    """By how many ms, less than 55 minutes, something lies further back than of others."""
    return number * 7_919 % 3_300 * 1_000


def probe(series: int, of: int, now: int) -> tuple[load.Event, load.Event]:
    """An order, and its upload of a number that parcel `of` has used for somebody else."""
    order_id = f"P{series:09d}"
    return _order(order_id, -series, now), _upload(of, order_id, now, 0.5, address=-series)


def _order(order_id: str, number: int, now: int) -> load.Event:
    paid = _text(now - 10 * load.HOUR)
    province, city, _ = load.CITIES[number % 7 + 5]
    return load.Event(
        now,
        True,
        order_id,
        f'{{"schema_version":1,"order_id":"{order_id}","shop_id":"s-{number % 500}","platform":'
        f'"douyin","paid_at":"{paid}","promised_ship_by":"{_text(now + 38 * load.HOUR)}",'
        f'"amount_paid":12900,"currency":"CNY","recipient":{{"province":"{province}","city":'
        f'"{city}","address_key":"{_address(number)}"}},"state":"paid"}}',
    )


def _upload(
    number: int, order_id: str, now: int, hours: float, address: int | None = None
) -> load.Event:
    address = number if address is None else address
    province, city, _ = load.CITIES[address % 7 + 5]
    return _record(
        number,
        "ordered",
        now - int(hours * load.HOUR),
        f'"order_ids":["{order_id}"],"shop_id":"s-{address % 500}","platform":"douyin","source":'
        f'"seller","recipient":{{"province":"{province}","city":"{city}","address_key":'
        f'"{_address(address)}"}}',
    )


def _scan(number: int, status: str, at: int, place: int) -> load.Event:
    province, city, _ = load.CITIES[number % 7 + 5 if place else number % 5]
    return _record(
        number,
        status,
        at,
        f'"location":{{"province":"{province}","city":"{city}"}},"source":"kuaidi100"',
    )


def _record(number: int, status: str, at: int, rest: str) -> load.Event:
    carrier = load.CARRIERS[number % len(load.CARRIERS)]
    tracking_number = f"78{number * 7_368_787 % 10**11:011d}"
    return load.Event(
        at,
        False,
        f"{carrier}:{tracking_number}",
        f'{{"schema_version":1,"carrier":"{carrier}","tracking_number":"{tracking_number}",'
        f'"status":"{status}","occurred_at":"{_text(at)}",{rest}}}',
    )


def _address(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, load.BEIJING).isoformat()


# -- a load ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """One program at one load. Milliseconds; `missing` are probes that were not warned of."""

    program: str
    share: float
    """Of the highest load; 0 of a step of the climb to it."""
    highest: float
    """Events/s that it kept up with; of a step of the climb what was to be written."""
    rate: float
    """Events/s that were written."""
    probes: int
    missing: int
    p50: float
    p99: float
    most: float
    load: float


class Reader(threading.Thread):
    """Notes when each probe is first warned of."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(name="reading", daemon=True)
        self.seen: dict[int, float] = {}
        self.over = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "latency",
                "fetch.wait.max.ms": 10,
                "log_level": 0,
            }
        )
        ends = [
            TopicPartition(topic, n, self._consumer.get_watermark_offsets(
                TopicPartition(topic, n), timeout=20)[1])
            for n in range(PARTITIONS)
        ]  # fmt: skip
        self._consumer.assign(ends)

    def run(self) -> None:
        """Read until it is over."""
        while not self.over.is_set():
            message = self._consumer.poll(0.1)
            if message is None or message.error():
                continue
            value = message.value() or b""
            found = _PROBE.search(value)
            if found is not None and _RULE in value:
                self.seen.setdefault(int(found[1]), time.time())
        self._consumer.close()


def level(
    program: Program, kafka: KafkaServer, share: float, highest: float, seconds: float, first: int
) -> tuple[Level, int]:
    """Load a running program; the result, and the first parcel of the next load."""
    busy = os.getloadavg()[0]
    reader = Reader(kafka.bootstrap, program.warnings)
    reader.start()
    sent, written, passed = write(program, kafka, share * highest, seconds, first)
    give_up = time.monotonic() + PATIENCE_S
    while len(reader.seen.keys() & sent.keys()) < len(sent) and time.monotonic() < give_up:
        time.sleep(0.1)
    reader.over.set()
    reader.join()
    took = sorted(
        1000 * (reader.seen[each] - at) for each, at in sent.items() if each in reader.seen
    )
    if not took:
        raise RunFailed(f"{program.name} warned of none of {len(sent)} probes")
    found = Level(
        program.name,
        share,
        highest,
        written / passed,
        len(sent),
        len(sent) - len(took),
        statistics.median(took),
        took[min(len(took) - 1, int(len(took) * 0.99))],
        took[-1],
        busy,
    )
    return found, first + written


def write(
    program: Program, kafka: KafkaServer, rate: float, seconds: float, first: int
) -> tuple[dict[int, float], int, float]:
    """Write records at a rate, with probes once it is warm.

    When each probe was written (Unix time, Kafka's), how many other records were, and in how many
    seconds.
    """
    sent: dict[int, float] = {}

    def delivered(error: object, message: Message) -> None:
        found = _PROBE.search(message.value() or b"")
        if error is None and found is not None:
            sent[int(found[1])] = message.timestamp()[1] / 1000

    producer = Producer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 2,
            "log_level": 0,
        }
    )
    orders, tracking = program.inputs[:2]
    now = int(time.time() * 1000)
    events = steady(now, first)
    began = time.monotonic()
    passed, written, probes = 0.0, 0, 0
    warm: float | None = None
    uploads: deque[tuple[float, load.Event]] = deque()
    while warm is None or passed < warm + seconds or uploads:
        passed = time.monotonic() - began
        for event in islice(events, max(0, int(passed * rate) - written)):
            producer.produce(orders if event.order else tracking, event.value, event.key)
            written += 1
        # Six records a parcel: at least so many were begun.
        parcels = written // 6
        if warm is None and passed >= WARM_UP_S and parcels > 3 * BEHIND:
            warm = passed
        while warm is not None and probes / PROBES_A_SECOND < min(passed - warm, seconds):
            of = first + parcels - 2 * BEHIND - probes % BEHIND
            order, upload = probe(first + probes, of, now)
            producer.produce(orders, order.value, order.key)
            uploads.append((passed + AHEAD_S, upload))
            probes += 1
        while uploads and uploads[0][0] < passed:
            _, upload = uploads.popleft()
            producer.produce(tracking, upload.value, upload.key, on_delivery=delivered)
        producer.poll(0)
        time.sleep(0.001)
    producer.flush(30)
    return sent, written, passed


def climb(
    program: Program, kafka: KafkaServer, lowest: float, first: int
) -> tuple[list[Level], float, int]:
    """Load a running program more and more until it does not keep up.

    The steps, the most events/s that it kept up with, and the first parcel of the next load.
    Raises RunFailed where it does not keep up with `lowest`, or the writer not with it.
    """
    steps: list[Level] = []
    rate = lowest
    while True:
        found, first = level(program, kafka, 1.0, rate, STEP_S, first)
        steps.append(replace(found, share=0.0))
        if found.rate < 0.95 * rate:
            raise RunFailed(f"{found.rate:,.0f} in place of {rate:,.0f} events/s were written")
        if found.missing or found.p99 > KEEPS_UP_MS:
            break
        rate *= STEP
    if len(steps) < 2:
        raise RunFailed(f"{program.name} does not keep up with {lowest:,.0f} events/s")
    return steps, steps[-2].rate, first


# -- a program -------------------------------------------------------------------------------


class Backlog:
    """The first of the steady records, for what writes a workload."""

    def __init__(self, count: int) -> None:
        self.count = count

    def events(self, expected: load.Expected | None = None) -> Iterator[load.Event]:
        """Them, in order."""
        now = int(time.time() * 1000)
        for event in islice(steady(now), self.count):
            yield event._replace(arrival=now)


def backlog_rate(program: Program, kafka: KafkaServer, log: Path) -> float:
    """Events/s at which a program reads the backlog that lies there."""
    watched = watch(program, kafka, log, 120)
    idle = waiting(watched.samples, program.commit_s)
    return program.events / (watched.samples[-1].at - watched.samples[0].at - idle.at)


def levels(
    name: str, kafka: KafkaServer, options: argparse.Namespace, folder: Path, logs: Path
) -> Iterator[Level]:
    """A program at each step and load, on a broker that nothing else has used."""
    programs.create_topics({"SHIPSENTRY_BOOTSTRAP_SERVERS": kafka.bootstrap})
    expected = load.produce(Backlog(options.events), kafka.bootstrap)
    program = PROGRAMS[name](kafka, folder, expected)
    backlog = backlog_rate(program, kafka, logs / f"{name}-backlog.log")
    first = options.events
    with running(program, logs / f"{name}.log"):
        # Its former member may hold the partitions for a session; nothing counts before it is over.
        _, first = level(program, kafka, WAKING, backlog, 1.0, first)
        steps, highest, first = climb(program, kafka, LOWEST * backlog, first)
        yield from steps
        for share in options.shares:
            found, first = level(program, kafka, share, highest, options.seconds, first)
            yield found


def _ours(kafka: KafkaServer, folder: Path, expected: load.Expected) -> Program:
    return programs.worker(kafka, 1, folder, expected)


def _four(kafka: KafkaServer, folder: Path, expected: load.Expected) -> Program:
    return programs.worker(kafka, 1, folder, expected, pack=programs.four_rules(folder))


def _other(name: str) -> Callable[[KafkaServer, Path, load.Expected], Program]:
    return lambda kafka, folder, expected: programs.ALTERNATIVES[name](kafka, folder, expected, 1)


PROGRAMS: Mapping[str, Callable[[KafkaServer, Path, load.Expected], Program]] = {
    "worker": _ours,
    "four-rules": _four,
    "quix-equal": _other("quix-equal"),
    "streams-equal": _other("streams-equal"),
}


def table(found: Sequence[Level]) -> str:
    """A line for each step of the climb and each load."""
    return "\n".join(
        [
            "| program | highest, events/s | load | events/s | p50 ms | p99 ms | most ms"
            " | probes | missing |",
            "|---|---|---|---|---|---|---|---|---|",
            *(
                f"| {each.program} | {each.highest:,.0f} | {_share(each.share)} | {each.rate:,.0f}"
                f" | {each.p50:.0f} | {each.p99:.0f} | {each.most:.0f} | {each.probes:,}"
                f" | {each.missing} |"
                for each in found
            ),
        ]
    )


def _share(share: float) -> str:
    return f"{share:.0%}" if share else "step"


def main() -> int:
    """Measure, print a table and write the result as JSON; 1 when a run failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--events", type=int, default=150_000, help="of the backlog")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each load, after a warm-up")
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    logs = options.out / f"latency-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    logs.mkdir(parents=True)
    about = machine()
    found: list[Level] = []
    try:
        programs.prepare(options.programs)
        for name in options.programs:
            with (
                tempfile.TemporaryDirectory(prefix="shipsentry-latency-") as folder,
                KafkaServer(default_partitions=PARTITIONS, jvm_options=BENCHMARK_JVM) as kafka,
            ):
                for each in levels(name, kafka, options, Path(folder), logs):
                    found.append(each)
                    print(table([each]).splitlines()[-1], flush=True)
    except RunFailed as failure:
        print(f"latency: {failure}", file=sys.stderr)
        return 1
    target = logs / "result.json"
    result = {"machine": about, "levels": [asdict(each) for each in found]}
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{table(found)}\n\n{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
