"""How long a worker with many live parcels takes, after a restart, to judge a new record.

A real Kafka, one worker. It takes in live parcels (paid and uploaded some hours ago, no deadline
due yet), ends, and starts again, while in each partition lies one new upload that is overdue at
once. The clock runs from the start of the process to the warnings of these uploads::

    python benchmarks/restart.py                            # 1,000,000 parcels, 10 to 15 minutes
    python benchmarks/restart.py --parcels 50000 --runs 1   # a first look

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer
from confluent_kafka import TopicPartition as Partition
from confluent_kafka.admin import AdminClient, OffsetSpec

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer  # noqa: E402 - found by the path above

from benchmarks import load  # noqa: E402 - found by the path above
from benchmarks.programs import RunFailed  # noqa: E402 - found by the path above
from benchmarks.throughput import cpu_seconds, machine, peak_rss_mib  # noqa: E402
from streams.engine.kafka.murmur2 import partition_of  # noqa: E402 - found by the path above
from streams.engine.kafka.topic_admin import create_topics  # noqa: E402 - found by the path above
from streams.settings import Settings, variable  # noqa: E402 - found by the path above

PARTITIONS = 4
APP = "bench-restart"
KINDS = ("killed", "warm", "changelog")
"""kill -9 with the local state kept; SIGTERM with it kept; SIGTERM with it deleted."""
OVERDUE_H = 30
"""Age of a probe's upload: past the 24 h limit of `pickup_overdue`, before the serious stage."""
QUIET = 3.0
"""Seconds without a new record anywhere after which everything is taken in and judged."""
POLL = 0.02
PHASES = ("program", "joining", "restoring", "opening", "judging")
"""What the seconds of a restart are made of, in this order; README.md says what each one is."""


@dataclass(frozen=True, slots=True)
class LiveParcels(load.Workload):
    """Parcels that wait: paid 4 to 8 hours before `end`, uploaded 1 to 4 hours before it.

    Nothing is due before ten hours after `end`: until then, whatever warns of them is wrong.
    """

    with_order: float = 1.0
    """Share of parcels whose order is known."""

    def events(self, expected: load.Expected | None = None) -> Iterator[load.Event]:
        """An order (for its share of parcels) and an upload, one after the other."""
        del expected  # nothing here is of a kind that is counted
        cities = load.CITIES
        for number in range(self.parcels):
            origin, target = cities[number % 5], cities[number % 7 + 5]
            address = f"{(number * 0x9E3779B97F4A7C15 + self.seed) % 2**64:016x}"
            recipient = (
                f'"recipient":{{"province":"{target[0]}","city":"{target[1]}",'
                f'"region_code":"{target[2]}","address_key":"{address}"}}'
            )
            order_id = str(4_920_000_000_000_000_000 + number)
            if number * self.with_order % 1 < self.with_order:
                paid = self.end - 4 * load.HOUR - number * 7_919 % (4 * load.HOUR)
                yield load.Event(
                    paid,
                    True,
                    order_id,
                    f'{{"schema_version":1,"order_id":"{order_id}","shop_id":"s-{number % 500}",'
                    f'"platform":"douyin","paid_at":"{_text(paid)}",'
                    f'"promised_ship_by":"{_text(paid + 2 * load.DAY)}","amount_paid":12900,'
                    f'"currency":"CNY",{recipient},"ship_from":{{"province":"{origin[0]}",'
                    f'"city":"{origin[1]}"}},"state":"paid"}}',
                )
            uploaded = self.end - load.HOUR - number * 6_007 % (3 * load.HOUR)
            key, value = upload(
                load.CARRIERS[number % len(load.CARRIERS)],
                f"78{(number * 7_368_787 + self.seed) % 10**11:011d}",
                order_id,
                uploaded,
                recipient,
            )
            yield load.Event(uploaded, False, key, value)


def upload(
    carrier: str, tracking_number: str, order_id: str, at: int, recipient: str
) -> tuple[str, str]:
    """Key and value of an upload at `at` (ms)."""
    return (
        f"{carrier}:{tracking_number}",
        f'{{"schema_version":1,"carrier":"{carrier}","tracking_number":"{tracking_number}",'
        f'"status":"ordered","occurred_at":"{_text(at)}","order_ids":["{order_id}"],'
        f'"shop_id":"s-1","platform":"douyin","source":"seller",{recipient}}}',
    )


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, load.BEIJING).isoformat()


@dataclass(frozen=True, slots=True)
class Restart:
    """One measured restart; times in seconds from the start of the process.

    `phases` has a time for each of PHASES, `first` is the first probe's warning, `all` the last
    one's, each partition having one. `cpu` is user + system time until then.
    """

    kind: str
    number: int
    phases: dict[str, float]
    first: float
    all: float
    cpu: float
    restored_records: int
    restore_seconds: float
    peak_rss_mib: float
    load: float


# -- the worker ----------------------------------------------------------------------------


class Worker:
    """The worker as a process; each start has a log of its own."""

    def __init__(self, settings: Settings, logs: Path) -> None:
        chosen = settings.model_dump(exclude_defaults=True)
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SHIPSENTRY_")},
            **{variable(name): str(value) for name, value in chosen.items()},
            # Events have names that stay (docs/logs.md); sentences do not.
            variable("log_format"): "json",
        }
        self._logs = logs
        self._process: subprocess.Popen[bytes] | None = None
        self.log = logs

    def start(self, name: str) -> float:
        """Start it; returns the Unix time of that."""
        self.log = self._logs / f"{name}.log"
        with self.log.open("wb") as output:
            started = time.time()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "worker"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return started

    def running(self) -> int:
        """Its process id; fails when it has ended."""
        if self._process is None or self._process.poll() is not None:
            raise RunFailed(f"the worker is not running: see {self.log}")
        return self._process.pid

    def end(self, number: int) -> None:
        """Send a signal and wait for the end; harmless when there is no process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            status = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RunFailed(f"the worker did not end: see {self.log}") from None
        if number == signal.SIGTERM and status:
            raise RunFailed(f"the worker ended with {status}: see {self.log}")


# -- the broker's view ---------------------------------------------------------------------


class Broker:
    """End offsets, commits, and a consumer that stands at the end of the warnings."""

    def __init__(self, bootstrap: str, settings: Settings) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "log_level": 0})
        self._topics = topics = settings.topics()
        self._inputs = [t for t in topics.consumed if t != topics.ticks]
        self._changelogs = list(topics.changelogs)
        self._warnings = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": f"{APP}-reader", "log_level": 0}
        )
        known = self._admin.list_topics(topics.warnings, timeout=20).topics[topics.warnings]
        ends = self._first_ends(topics.warnings, len(known.partitions))
        self._warnings.assign([Partition(topic, n, end) for (topic, n), end in ends.items()])

    def _first_ends(self, name: str, count: int) -> dict[tuple[str, int], int]:
        """`ends`, when the partitions of a topic that was just made have their leaders."""
        give_up = time.monotonic() + 30
        while True:
            try:
                return self.ends([name], count)
            except KafkaException:
                if time.monotonic() > give_up:
                    raise
            time.sleep(0.2)

    def ends(self, names: Sequence[str], count: int = PARTITIONS) -> dict[tuple[str, int], int]:
        """End offsets of topics of `count` partitions."""
        wanted = {Partition(topic, n): OffsetSpec.latest() for topic in names for n in range(count)}
        futures = self._admin.list_offsets(wanted)
        return {(p.topic, p.partition): f.result(20).offset for p, f in futures.items()}

    def changelog_records(self) -> int:
        """Records ever written to the changelogs, those that compaction took included."""
        return sum(self.ends(self._changelogs).values())

    def look(self) -> tuple[int, tuple[int, ...]]:
        """Records that are not committed yet, and figures that change as long as work is done."""
        ends = self.ends(self._inputs)
        asked = [ConsumerGroupTopicPartitions(APP)]
        answer = self._admin.list_consumer_group_offsets(asked)[APP].result(20)
        known = {(p.topic, p.partition): max(0, p.offset) for p in answer.topic_partitions or []}
        committed = [known.get(place, 0) for place in ends]
        lag = sum(ends.values()) - sum(committed)
        return lag, (*ends.values(), *committed, *self.ends(self._changelogs).values())

    def settle(self, running: Callable[[], object], patience: float) -> None:
        """Wait until every record is committed and nothing has moved for QUIET seconds."""
        seen: tuple[int, ...] = ()
        moved = time.monotonic()
        while True:
            running()
            with contextlib.suppress(KafkaException, TimeoutError):  # busy: it answers next time
                lag, figures = self.look()
                if figures != seen:
                    seen, moved = figures, time.monotonic()
                elif not lag and time.monotonic() - moved > QUIET:
                    return
            if time.monotonic() - moved > patience:
                raise RunFailed("the worker stood still with records left to read")
            time.sleep(0.2)

    def warnings(self) -> list[dict[str, object]]:
        """The warnings that came within 20 ms."""
        found = []
        message = self._warnings.poll(POLL)
        while message is not None:
            if message.error():
                raise RunFailed(f"the warnings cannot be read: {message.error()}")
            found.append(json.loads(message.value() or b"{}"))
            message = self._warnings.poll(0)
        return found

    def probe(self, series: int) -> set[str]:
        """Write an upload that is overdue to each partition; returns their numbers."""
        at = int(time.time() * 1000) - OVERDUE_H * load.HOUR
        numbers: dict[int, str] = {}
        candidate = series * 10_000
        while len(numbers) < PARTITIONS:
            candidate += 1
            number = f"99{candidate:011d}"
            key, value = upload("zto", number, f"P{candidate}", at, '"recipient":null')
            home = partition_of(key.encode(), PARTITIONS)
            if home not in numbers:
                numbers[home] = number
                self._producer.produce(self._topics.tracking, value, key, home)
        if self._producer.flush(30):
            raise RunFailed("the probes were not delivered")
        return set(numbers.values())

    def close(self) -> None:
        self._warnings.close()


# -- one restart ---------------------------------------------------------------------------


def restart(
    worker: Worker, broker: Broker, settings: Settings, kind: str, number: int, patience: float
) -> Restart:
    """End the running worker, write the probes, start it again and measure."""
    worker.end(signal.SIGKILL if kind == "killed" else signal.SIGTERM)
    if kind == "changelog":
        shutil.rmtree(settings.data_dir)
    broker.warnings()
    probes = broker.probe(int(time.time()) % 1_000_000)
    waiting = set(probes)
    name = f"{kind}-{number}"
    before = os.getloadavg()[0]
    started = worker.start(name)
    seen: list[float] = []
    while waiting:
        pid = worker.running()
        for warning in broker.warnings():
            judged = str(warning.get("tracking_number"))
            if judged not in probes:
                raise RunFailed(f"{name}: a warning that nothing calls for: {warning}")
            # A breach is told with the serious stage that it opens: two warnings a probe.
            if warning["state"] == "breached" and judged in waiting:
                waiting.remove(judged)
                seen.append(time.time() - started)
        if time.time() - started > patience:
            raise RunFailed(f"{name}: nothing was judged: see {worker.log}")
    cpu, rss = cpu_seconds(pid), peak_rss_mib(pid)
    log = worker.log.read_text(errors="replace")
    records, seconds = restored(log)
    phases = split(log, started, seen[0])
    result = Restart(kind, number, phases, seen[0], seen[-1], cpu, records, seconds, rss, before)
    broker.settle(worker.running, patience)
    for warning in broker.warnings():
        if warning.get("tracking_number") not in probes:
            raise RunFailed(f"{name}: a warning that nothing calls for: {warning}")
    return result


MARKS = ("worker_starts", "restore_done", "partitions_assigned")
"""The events between the phases of a start."""


def events(log: str) -> dict[str, dict[str, Any]]:
    """The first line of each of MARKS in a worker's log, as far as they are there."""
    found: dict[str, dict[str, Any]] = {}
    for line in log.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            said = json.loads(line)
            if isinstance(said, dict) and said.get("event") in MARKS:
                found.setdefault(said["event"], said)
    return found


def restored(log: str) -> tuple[int, float]:
    """Changelog records that a worker read, and its seconds for opening and reading them."""
    said = events(log).get("restore_done")
    if said is None:
        raise RunFailed("the log does not say that anything was restored")
    return said["records"], said["seconds"]


def split(log: str, started: float, judged: float) -> dict[str, float]:
    """The phases of a restart from the worker's log and the Unix time of its start, in seconds."""
    found = events(log)
    if len(found) != len(MARKS):
        missing = ", ".join(mark for mark in MARKS if mark not in found)
        raise RunFailed(f"the log does not say {missing}")
    program, done, reading = (
        datetime.fromisoformat(found[mark]["time"]).timestamp() - started for mark in MARKS
    )
    restoring = restored(log)[1]
    times = (program, done - restoring - program, restoring, reading - done, judged - reading)
    return {phase: round(seconds, 3) for phase, seconds in zip(PHASES, times, strict=True)}


def import_seconds() -> float:
    """Seconds in which Python starts and imports the worker, the median of three."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import streams.cli.worker"], cwd=ROOT, check=True)
        times.append(time.monotonic() - began)
    return statistics.median(times)


# -- results -------------------------------------------------------------------------------


def summary(runs: Sequence[Restart]) -> dict[str, dict[str, float]]:
    """Medians by kind of restart."""
    result: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(run.kind for run in runs):
        own = [run for run in runs if run.kind == kind]
        row: dict[str, float] = {"runs": len(own)}
        for name in ("first", "all", "cpu", "restored_records", "restore_seconds", "load"):
            row[name] = statistics.median(getattr(run, name) for run in own)
        for phase in PHASES:
            row[phase] = statistics.median(run.phases[phase] for run in own)
        row["slowest"] = max(run.first for run in own)
        row["peak_rss_mib"] = max(run.peak_rss_mib for run in own)
        row["restored_per_second"] = row["restored_records"] / max(0.1, row["restore_seconds"])
        result[kind] = row
    return result


def table(medians: dict[str, dict[str, float]]) -> str:
    """The medians as a table."""
    lines = [
        "| restart | first judged s (slowest) | last partition s | " + " | ".join(PHASES)
        + " | records restored | records/s | CPU s | peak RSS MiB | load |",
        "|---" * (len(PHASES) + 8) + "|",
    ]  # fmt: skip
    for kind, row in medians.items():
        phases = " | ".join(f"{row[phase]:.2f}" for phase in PHASES)
        lines.append(
            f"| {kind} | {row['first']:.2f} ({row['slowest']:.2f}) | {row['all']:.2f} | {phases}"
            f" | {row['restored_records']:,.0f} | {row['restored_per_second']:,.0f}"
            f" | {row['cpu']:.1f} | {row['peak_rss_mib']:.0f} | {row['load']:.1f} |"
        )
    return "\n".join(lines)


def take_in(worker: Worker, broker: Broker, workload: LiveParcels, kafka: str) -> float:
    """Have the worker take in all parcels; returns the seconds. It starts first, so that it judges
    each parcel as it comes and none is left for later."""
    worker.start("loading")
    began = time.monotonic()
    while "partitions_assigned" not in events(worker.log.read_text(errors="replace")):
        worker.running()
        if time.monotonic() - began > 60:
            raise RunFailed(f"the worker did not begin to read: see {worker.log}")
        time.sleep(0.1)
    began = time.monotonic()
    load.produce(workload, kafka)
    broker.settle(worker.running, 120)
    wrong = broker.warnings()
    if wrong:
        raise RunFailed(f"a warning of a parcel that is in time: {wrong[0]}")
    return time.monotonic() - began - QUIET


def size_mib(folder: Path) -> float:
    """Size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def measure(arguments: argparse.Namespace, logs: Path, folder: Path) -> dict[str, object]:
    """The whole benchmark; `folder` holds the broker's data and the local state."""
    runs: list[Restart] = []
    about = machine()
    loaded = folder / "loaded.json"
    with KafkaServer(
        data_dir=folder / "kafka", default_partitions=PARTITIONS, jvm_options=BENCHMARK_JVM
    ) as kafka:
        settings = Settings(
            bootstrap_servers=kafka.bootstrap,
            app_id=APP,
            data_dir=folder / "state",
            # A fixed name: the broker lets the restarted worker in at once, also after kill -9.
            group_instance_id=f"{APP}-1",
            http_port=0,
            # Nothing but the restart is timed.
            settle_s=0,
        )
        outcome = create_topics(settings, wait_s=60)
        if outcome.problems:
            raise RunFailed(outcome.problems[0])
        broker = Broker(kafka.bootstrap, settings)
        worker = Worker(settings, logs)
        try:
            if loaded.exists():
                worker.start("loading")
                broker.settle(worker.running, 120)
                facts = json.loads(loaded.read_text())
            else:
                end = int(time.time() * 1000)
                workload = LiveParcels(arguments.parcels, end, with_order=arguments.with_order)
                seconds = take_in(worker, broker, workload, kafka.bootstrap)
                facts = {
                    "parcels": arguments.parcels,
                    "with_order": arguments.with_order,
                    "take_in_seconds": seconds,
                    "changelog_records": broker.changelog_records(),
                    "local_state_mib": size_mib(settings.data_dir),
                }
                loaded.write_text(json.dumps(facts))
            print(
                f"{facts['parcels']:,} live parcels taken in within"
                f" {facts['take_in_seconds']:.0f} s;"
                f" {facts['changelog_records']:,} changelog records",
                flush=True,
            )
            facts["import_seconds"] = import_seconds()
            for number in range(1, arguments.runs + 1):
                for kind in arguments.kinds:
                    run = restart(worker, broker, settings, kind, number, arguments.patience)
                    runs.append(run)
                    print(f"{kind} {number}: {run.first:.2f} s, {run.phases}", flush=True)
            worker.end(signal.SIGTERM)
        finally:
            broker.close()
            worker.end(signal.SIGKILL)
    return {
        "machine": about,
        "workload": {**facts, "partitions": PARTITIONS},
        "medians": summary(runs),
        "runs": [asdict(run) for run in runs],
    }


def main() -> int:
    """Measure, print a table and write the result as JSON; 1 when a run failed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument(
        "--with-order", type=float, default=1.0, help="share of parcels whose order is known"
    )
    parser.add_argument("--runs", type=int, default=3, help="of each kind, in turn")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--patience", type=float, default=300.0, help="seconds for one restart")
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder for broker and state; given again within ten hours, it is used again",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    logs = arguments.out / f"restart-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    logs.mkdir(parents=True)
    try:
        with contextlib.ExitStack() as stack:
            folder = arguments.keep
            if folder is None:
                made = tempfile.TemporaryDirectory(prefix="shipsentry-restart-")
                folder = Path(stack.enter_context(made))
            folder.mkdir(parents=True, exist_ok=True)
            result = measure(arguments, logs, folder)
    except RunFailed as failure:
        print(f"restart: {failure}", file=sys.stderr)
        return 1
    target = logs / "result.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    medians: dict[str, dict[str, float]] = result["medians"]  # type: ignore[assignment]
    print(f"\n{table(medians)}\n\n{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
