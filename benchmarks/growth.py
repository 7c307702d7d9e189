"""What a worker costs as its live parcels become more: time, memory, disk, lateness, restarts.

A real Kafka, one worker that lives through the whole ladder. At each rung parcels are added until
there are so many; then random ones of them are scanned, deadlines run out beside a steady feed, and
the worker is restarted in three ways::

    python -m benchmarks.growth                          # 10,000, 100,000 and 1,000,000 parcels
    python -m benchmarks.growth --ladder 1000 --runs 1   # does it work here?
    python -m benchmarks.growth --record                 # and keep it for the plot

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer  # noqa: E402 - found by the path above

from benchmarks import load, restart  # noqa: E402 - found by the path above
from benchmarks.programs import RunFailed  # noqa: E402 - found by the path above
from benchmarks.restart import Broker, LiveParcels, Worker  # noqa: E402 - found by the path above
from benchmarks.soak import size  # noqa: E402 - found by the path above
from benchmarks.throughput import cpu_seconds, machine, peak_rss_mib  # noqa: E402
from streams.engine.kafka.topic_admin import create_topics  # noqa: E402 - found by the path above
from streams.settings import Settings  # noqa: E402 - found by the path above

RECORD = ROOT / "benchmarks" / "measured" / "growth.json"
LADDER = (10_000, 100_000, 1_000_000)
LIMIT_MS = 24 * load.HOUR
"""Of `pickup_overdue`: that long after an upload its warning breaches."""
DUE_OVER_S = 20
"""Seconds over which the deadlines of a rung run out."""
IDLE_S = 4.0
MIB = 1024 * 1024


class Lateness(NamedTuple):
    """Milliseconds from a deadline to its warning in a consumer's hands."""

    p50: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Rung:
    """What was measured with so many live parcels. Sizes of disk are bytes a parcel."""

    parcels: int
    filled_per_second: float
    """Events, while parcels were added."""
    scans: int
    events_per_second: float
    us_per_event: float
    """User and system time of the worker, of scans."""
    idle_cores: float
    rss_mib: float
    peak_rss_mib: float
    store_bytes: float
    changelog_bytes: float
    changelog_records: float
    """A parcel, all states of it that the changelogs have been told."""
    lateness: Lateness
    restarts: dict[str, dict[str, float]]
    load: float
    """Of the machine, when the rung was begun."""


class Parcels:
    """Live parcels, made in order: each rung takes up where the one before has stopped."""

    def __init__(self, end: int) -> None:
        self._all = LiveParcels(2**40, end).events()
        self._end = end
        self.number = 0
        self._round = 0

    def upto(self, number: int) -> Iterator[load.Event]:
        """Orders and uploads of those that are missing."""
        missing, self.number = number - self.number, number
        return islice(self._all, 2 * missing)

    def scans(self, most: int, rng: random.Random) -> Iterator[load.Event]:
        """A record of each of `most` parcels that are there, chosen anew at each call.

        Each parcel has times of its own: those with one track would be compared with each other.
        """
        self._round += 1
        begun = self._end - 50 * load.MINUTE + self._round * load.SECOND
        status = "picked_up" if self._round == 1 else "hub"
        for number in rng.sample(range(self.number), min(most, self.number)):
            at = begun + number * 7_919 % 2_400 * load.SECOND
            carrier, tracking_number = parcel(number)
            province, city, _ = load.CITIES[number % 5]
            yield load.Event(
                at,
                False,
                f"{carrier}:{tracking_number}",
                f'{{"schema_version":1,"carrier":"{carrier}","tracking_number":"{tracking_number}",'
                f'"status":"{status}","occurred_at":"{_text(at)}","location":{{"province":'
                f'"{province}","city":"{city}","site":"{self._round}号转运中心"}},'
                f'"source":"kuaidi100"}}',
            )


def parcel(number: int) -> tuple[str, str]:
    """Carrier and tracking number of a live parcel."""
    return (
        load.CARRIERS[number % len(load.CARRIERS)],
        f"78{(number * 7_368_787 + load.SEED) % 10**11:011d}",
    )


def _text(milliseconds: float) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, load.BEIJING).isoformat()


class Written:
    """Events that are made somewhere else, for what writes a workload."""

    def __init__(self, events: Iterable[load.Event]) -> None:
        self._events = events

    def events(self, expected: load.Expected | None = None) -> Iterator[load.Event]:
        """Them, once."""
        yield from self._events


# -- one rung --------------------------------------------------------------------------------


class Ladder:
    """A worker and its broker, on the way up."""

    def __init__(self, kafka: KafkaServer, settings: Settings, folder: Path, logs: Path) -> None:
        self._bootstrap = kafka.bootstrap
        self._settings = settings
        self._folder = folder
        self._parcels = Parcels(int(time.time() * 1000))
        self._rng = random.Random(load.SEED)
        self._broker = Broker(kafka.bootstrap, settings)
        self._worker = Worker(settings, logs)
        self._patience = 180.0

    def begin(self) -> None:
        """Start the worker: it judges each parcel as it comes, none is left for later."""
        self._worker.start("growing")
        began = time.monotonic()
        # Asked for its offsets before the group is there, librdkafka may end the process.
        while "partitions_assigned" not in restart.events(self._worker.log.read_text()):
            self._worker.running()
            if time.monotonic() - began > self._patience:
                raise RunFailed(f"the worker did not begin to read: see {self._worker.log}")
            time.sleep(0.1)

    def end(self) -> None:
        """Stop it."""
        self._broker.close()
        self._worker.end(signal.SIGKILL)

    def rung(
        self, number: int, scans: int, rate: int, due: int, kinds: Sequence[str], runs: int
    ) -> Rung:
        """Grow to so many parcels, and measure."""
        busy = os.getloadavg()[0]
        missing = 2 * (number - self._parcels.number)
        filling, _ = self._take(self._parcels.upto(number))
        idle = self._idle()
        events = list(chain.from_iterable(self._parcels.scans(scans, self._rng) for _ in range(2)))
        seconds, cpu = self._take(events)
        pid = self._worker.running()
        rss = _field(pid, "VmRSS:") / 1024
        lateness = self._late(due, self._parcels.scans(rate * DUE_OVER_S, self._rng), rate)
        result = Rung(
            parcels=number,
            filled_per_second=missing / filling,
            scans=len(events),
            events_per_second=len(events) / seconds,
            us_per_event=(cpu - idle * restart.QUIET) / len(events) * 1e6,
            idle_cores=idle,
            rss_mib=rss,
            peak_rss_mib=peak_rss_mib(pid),
            store_bytes=size(self._settings.data_dir) / number,
            changelog_bytes=sum(map(size, self._folder.rglob("*-changelog-*"))) / number,
            changelog_records=self._broker.changelog_records() / number,
            lateness=lateness,
            restarts={},
            load=busy,
        )
        patience = self._patience + number / 10_000
        found = [
            restart.restart(self._worker, self._broker, self._settings, kind, count, patience)
            for count in range(runs)
            for kind in kinds
        ]
        result.restarts.update(restart.summary(found))
        return result

    def _take(self, events: Iterable[load.Event]) -> tuple[float, float]:
        """Write events; seconds until all is done, and the worker's CPU until it is quiet."""
        cpu = cpu_seconds(self._worker.running())
        began = time.monotonic()
        topics = self._settings.topics()
        load.produce(
            Written(events), self._bootstrap, orders=topics.orders, tracking=topics.tracking
        )
        self._broker.settle(self._worker.running, self._patience)
        done = time.monotonic() - restart.QUIET
        wrong = self._broker.warnings()
        if wrong:
            raise RunFailed(f"a warning of a parcel that is in time: {wrong[0]}")
        return done - began, cpu_seconds(self._worker.running()) - cpu

    def _idle(self) -> float:
        pid = self._worker.running()
        cpu = cpu_seconds(pid)
        time.sleep(IDLE_S)
        return (cpu_seconds(pid) - cpu) / IDLE_S

    def _late(self, due: int, feed: Iterator[load.Event], rate: int) -> Lateness:
        """Uploads whose time runs out one after the other, while records come at a steady rate."""
        producer = Producer(
            {"bootstrap.servers": self._bootstrap, "partitioner": "murmur2_random", "linger.ms": 5}
        )
        topic = self._settings.topics().tracking
        begin = time.time() + 5
        waiting = set()
        for count in range(due):
            at = int((begin + count * DUE_OVER_S / due) * 1000) - LIMIT_MS
            number = f"991{int(begin) % 10**5:05d}{count:05d}"
            key, value = restart.upload("zto", number, f"D{number}", at, '"recipient":null')
            producer.produce(topic, value, key)
            waiting.add(number)
        late: list[float] = []
        sent = 0
        while waiting:
            self._worker.running()
            now = time.time()
            for event in islice(feed, max(0, int((now - begin) * rate) - sent)):
                producer.produce(topic, event.value, event.key)
                sent += 1
            producer.poll(0)
            for warning in self._broker.warnings():
                number = str(warning.get("tracking_number"))
                if warning["state"] == "breached" and number in waiting:
                    waiting.remove(number)
                    deadline = datetime.fromisoformat(str(warning["deadline"]))
                    late.append(1000 * (time.time() - deadline.timestamp()))
            if now > begin + DUE_OVER_S + self._patience:
                raise RunFailed(f"{len(waiting)} deadlines were not judged")
        producer.flush(30)
        self._broker.settle(self._worker.running, self._patience)
        self._broker.warnings()
        return lateness(late)


def lateness(milliseconds: Sequence[float]) -> Lateness:
    """The middle, the 99th of a hundred, and the greatest."""
    ordered = sorted(milliseconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Lateness(statistics.median(ordered), p99, ordered[-1])


def _field(pid: int, name: str) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition(name)[2].split()[0])


# -- all of it -------------------------------------------------------------------------------


def grown(
    kafka: KafkaServer, settings: Settings, folder: Path, logs: Path, options: argparse.Namespace
) -> list[Rung]:
    """All rungs; `folder` has the broker's data, where they are to be counted. Raises RunFailed."""
    outcome = create_topics(settings, wait_s=60)
    if outcome.problems:
        raise RunFailed(outcome.problems[0])
    ladder = Ladder(kafka, settings, folder, logs)
    rungs = []
    try:
        ladder.begin()
        for number in sorted(options.ladder):
            rung = ladder.rung(
                number, options.scans, options.rate, options.due, options.kinds, options.runs
            )
            rungs.append(rung)
            print(table([rung]).splitlines()[-1], flush=True)
    finally:
        ladder.end()
    return rungs


def settings_of(kafka: KafkaServer, folder: Path) -> Settings:
    """Of the worker that grows."""
    return Settings(
        bootstrap_servers=kafka.bootstrap,
        app_id=restart.APP,
        data_dir=folder / "state",
        # A fixed name: the broker lets the restarted worker in at once, also after kill -9.
        group_instance_id=f"{restart.APP}-1",
        http_port=0,
        settle_s=0,
    )


def table(rungs: Sequence[Rung]) -> str:
    """A line a rung."""
    kinds = list(dict.fromkeys(kind for rung in rungs for kind in rung.restarts))
    lines = [
        "| live parcels | events/s | CPU µs/event | RSS MiB (peak) | disk, bytes/parcel"
        " | changelog, bytes/parcel (records) | late p50, p99 ms |"
        + "".join(f" {kind} s (slowest) |" for kind in kinds)
        + " load |",
        "|---" * (8 + len(kinds)) + "|",
    ]
    for rung in rungs:
        restarts = "".join(
            f" {rung.restarts[kind]['first']:.1f} ({rung.restarts[kind]['slowest']:.1f}) |"
            for kind in kinds
        )
        lines.append(
            f"| {rung.parcels:,} | {rung.events_per_second:,.0f} | {rung.us_per_event:.1f}"
            f" | {rung.rss_mib:.0f} ({rung.peak_rss_mib:.0f}) | {rung.store_bytes:,.0f}"
            f" | {rung.changelog_bytes:,.0f} ({rung.changelog_records:.1f})"
            f" | {rung.lateness.p50:.0f}, {rung.lateness.p99:.0f} |{restarts} {rung.load:.1f} |"
        )
    return "\n".join(lines)


def arguments_of(command_line: Sequence[str] | None = None) -> argparse.Namespace:
    """What to measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--ladder", type=int, nargs="+", default=list(LADDER), help="live parcels at each rung"
    )
    parser.add_argument("--scans", type=int, default=50_000, help="at a rung, twice")
    parser.add_argument("--rate", type=int, default=500, help="records/s beside the deadlines")
    parser.add_argument("--due", type=int, default=1_000, help="deadlines of a rung")
    parser.add_argument("--runs", type=int, default=2, help="restarts of each kind at a rung")
    parser.add_argument("--kinds", nargs="*", choices=restart.KINDS, default=list(restart.KINDS))
    parser.add_argument("--record", action="store_true", help=f"keep the result in {RECORD.name}")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    return parser.parse_args(command_line)


def main() -> int:
    """Measure, print a table and write the result as JSON; 1 when a run failed."""
    options = arguments_of()
    logs = options.out / f"growth-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    logs.mkdir(parents=True)
    about = machine()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="shipsentry-growth-") as temporary,
            KafkaServer(
                data_dir=Path(temporary) / "kafka",
                default_partitions=restart.PARTITIONS,
                jvm_options=BENCHMARK_JVM,
            ) as kafka,
        ):
            folder = Path(temporary)
            rungs = grown(kafka, settings_of(kafka, folder), folder, logs, options)
    except RunFailed as failure:
        print(f"growth: {failure}", file=sys.stderr)
        return 1
    result = {
        "machine": about,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "rungs": [{**asdict(rung), "lateness": rung.lateness._asdict()} for rung in rungs],
    }
    for target in [logs / "result.json", *([RECORD] if options.record else [])]:
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(result, indent=1) + "\n")
        print(target)
    print(f"\n{table(rungs)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
