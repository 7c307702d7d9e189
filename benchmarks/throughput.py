"""How fast one worker is, beside an ordinary Faust app and what else users would pick instead.

All run on one real Kafka with the same records, in turn. They read a backlog: the clock runs from
the moment the group has its partitions until every record, those of internal topics too, is
processed and committed and the last deadline has fired::

    python benchmarks/throughput.py              # 100,000 parcels, two runs of each
    python benchmarks/throughput.py --alternatives  # also Quix Streams and Kafka Streams
    python benchmarks/throughput.py --processes 2 --baseline-parcels 0  # one process beside two
    python benchmarks/throughput.py --parcels 5000 --baseline-parcels 1000 --runs 1  # a first look

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import json
import os
import platform
import pstats
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaException,
)
from confluent_kafka import TopicPartition as Partition
from confluent_kafka.admin import AdminClient, OffsetSpec

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer, kafka_jars  # noqa: E402 - found by the path above

from benchmarks import load, programs  # noqa: E402 - found by the path above
from benchmarks.programs import (  # noqa: E402 - found by the path above
    ALTERNATIVES,
    FEW,
    PARTITIONS,
    USUAL,
    WORKER,
    Program,
    RunFailed,
)

POLL = 0.2
"""Seconds between two looks at the group; also the resolution of the times."""
QUIET = 4.0
"""Seconds without any change after which a run is over; not counted."""
IDLE = 0.2
"""Cores; a program that uses less waits."""
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run. `cpu` is user + system seconds of the process while it was measured.

    `waited` is how long a program that was done waited to commit; it is not in `seconds`.
    """

    program: str
    events: int
    seconds: float
    waited: float
    cpu: float
    broker_cpu: float
    peak_rss_mib: float
    duplicates: int
    inactive: int

    @property
    def rate(self) -> float:
        """Input events per second."""
        return self.events / self.seconds

    @property
    def cpu_per_event(self) -> float:
        """Microseconds of CPU per input event."""
        return self.cpu / self.events * 1e6


# -- watching a run ------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads, and the processes that it started."""
    return sum(map(_cpu_seconds, _family(pid)))


def peak_rss_mib(pid: int) -> float:
    """The greatest resident size of a process so far, and of each that it started."""
    return sum(map(_peak_rss_mib, _family(pid)))


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def _peak_rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Group:
    """A consumer group as the broker sees it."""

    def __init__(self, bootstrap: str, program: Program) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._group = program.group
        self._members = program.members
        self._inputs = [Partition(t, p) for t in program.inputs for p in range(PARTITIONS)]
        known = self._admin.list_topics(program.warnings, timeout=10).topics[program.warnings]
        self._warnings = [Partition(program.warnings, p) for p in known.partitions]

    def stable(self) -> bool:
        """Whether the group has its partitions, and all its members."""
        described = self._admin.describe_consumer_groups([self._group])[self._group]
        try:
            group = described.result(10)
            stable = group.state == ConsumerGroupState.STABLE
            return bool(stable and len(group.members) >= self._members)
        except (KafkaException, TimeoutError):  # not there yet, or its coordinator is still loading
            return False

    def _ends(self, partitions: Sequence[Partition]) -> dict[tuple[str, int], int]:
        give_up = time.monotonic() + 20
        while True:
            futures = self._admin.list_offsets({each: OffsetSpec.latest() for each in partitions})
            try:
                return {(p.topic, p.partition): f.result(10).offset for p, f in futures.items()}
            except KafkaException:
                # A topic that was made a moment ago may have no leader yet.
                if time.monotonic() > give_up:
                    raise
                time.sleep(POLL)

    def look(self) -> tuple[bool, tuple[int, ...]]:
        """Whether all inputs are committed to their ends, and figures that change with progress."""
        ends = self._ends(self._inputs)
        asked = [ConsumerGroupTopicPartitions(self._group)]
        answer = self._admin.list_consumer_group_offsets(asked)[self._group].result(10)
        committed = {(p.topic, p.partition): p.offset for p in answer.topic_partitions or []}
        done = all(end == 0 or committed.get(key, -1) >= end for key, end in ends.items())
        progress = (
            *ends.values(),
            *(max(0, committed.get(key, 0)) for key in ends),
            *self.warning_ends().values(),
        )
        return done, progress

    def warning_ends(self) -> dict[tuple[str, int], int]:
        """The end offsets of the output."""
        return self._ends(self._warnings)


def read_warnings(
    bootstrap: str, begin: Mapping[tuple[str, int], int], end: Mapping[tuple[str, int], int]
) -> list[dict[str, object]]:
    """The newest value of every warning written between two sets of offsets."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "benchmark-reader"})
    newest: dict[bytes, dict[str, object]] = {}
    left = {key: offset for key, offset in end.items() if offset > begin[key]}
    consumer.assign([Partition(topic, p, begin[topic, p]) for topic, p in left])
    try:
        while left:
            messages = consumer.consume(2000, timeout=10)
            if not messages:
                raise RunFailed("the warnings could not be read again")
            for message in messages:
                raw, key, place = message.value(), message.key(), message.partition()
                if raw is not None and key is not None:
                    newest[key] = json.loads(raw)
                where = (message.topic() or "", place if place is not None else -1)
                if where in left and (message.offset() or 0) + 1 >= left[where]:
                    del left[where]
    finally:
        consumer.close()
    return list(newest.values())


def found(warnings: Sequence[Mapping[str, object]]) -> tuple[int, int]:
    """How many duplicates and how many breached 24-hour clocks the warnings tell of."""
    duplicates = inactive = 0
    for warning in warnings:
        if warning.get("state") == "withdrawn" or warning.get("stage", "violation") != "violation":
            continue
        if warning["rule"] == "duplicate_tracking_number":
            duplicates += 1
        elif warning["rule"] == "inactive_after_pickup":
            # The baseline's warnings have no state: each says that the clock has run out.
            inactive += "state" not in warning or warning.get("breached_at") is not None
    return duplicates, inactive


@contextlib.contextmanager
def running(program: Program, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program as a process of its own, ended in good order on the way out."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(program.command),
            cwd=ROOT,
            env={**os.environ, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Sample(NamedTuple):
    """Seconds: of the clock, and of CPU used by the program and by the broker."""

    at: float
    cpu: float
    broker: float


def waiting(samples: Sequence[Sample], limit: float) -> Sample:
    """What passed, from the end back to `limit` seconds of it, while next to no CPU was used.

    With a backlog to read, a program uses all it gets: it waits when it is done.
    """
    idle = Sample(0.0, 0.0, 0.0)
    for before, after in reversed(list(itertools.pairwise(samples))):
        if idle.at >= limit:
            break
        spent = Sample(*(b - a for a, b in zip(before, after, strict=True)))
        if spent.cpu < IDLE * spent.at:
            idle = Sample(*(a + b for a, b in zip(idle, spent, strict=True)))
    return idle


@dataclass(frozen=True, slots=True)
class Watched:
    """What a program did from having its partitions to the last change."""

    samples: Sequence[Sample]
    peak_rss_mib: float
    warnings: Sequence[Mapping[str, object]]


def watch(program: Program, kafka: KafkaServer, log: Path, patience: float) -> Watched:
    """Run a program through its backlog; no progress for `patience` seconds is a failure."""
    group = Group(kafka.bootstrap, program)
    before = group.warning_ends()
    with running(program, log) as process:

        def check(since: float, what: str) -> None:
            if process.poll() is not None:
                raise RunFailed(f"{program.name} ended with {process.returncode} {what}: see {log}")
            if time.monotonic() - since > patience:
                raise RunFailed(f"{program.name} stood still {what}: see {log}")

        begun = time.monotonic()
        while not group.stable():
            check(begun, "before it had partitions")
            time.sleep(POLL / 4)
        progress: tuple[int, ...] = ()
        samples: list[Sample] = []
        last = 0
        while True:
            now = time.monotonic()
            samples.append(Sample(now, cpu_seconds(process.pid), cpu_seconds(kafka.pid(1))))
            try:
                done, figures = group.look()
            except (KafkaException, TimeoutError):  # a busy broker answers the next time
                done, figures = False, progress
            if figures != progress:
                progress, last = figures, len(samples) - 1
            elif done and now - samples[last].at > QUIET:
                break
            check(samples[last].at, "with records left to read")
            time.sleep(POLL)
        rss = peak_rss_mib(process.pid)
    warnings = read_warnings(kafka.bootstrap, before, group.warning_ends())
    return Watched(samples[: last + 1], rss, warnings)


def measure(program: Program, kafka: KafkaServer, log: Path, patience: float) -> Run:
    """Run a program through its backlog; finding other warnings than were made is a failure."""
    watched = watch(program, kafka, log, patience)
    duplicates, inactive = found(watched.warnings)
    start, end = watched.samples[0], watched.samples[-1]
    waited = waiting(watched.samples, program.commit_s)
    run = Run(
        program.name,
        program.events,
        end.at - start.at - waited.at,
        waited.at,
        end.cpu - start.cpu - waited.cpu,
        end.broker - start.broker - waited.broker,
        watched.peak_rss_mib,
        duplicates,
        inactive,
    )
    wanted = (program.expected.duplicates, program.expected.inactive)
    if (duplicates, inactive) != wanted:
        raise RunFailed(
            f"{program.name} found {duplicates} duplicates and {inactive} silences,"
            f" the workload holds {wanted[0]} and {wanted[1]}: see {log}"
        )
    return run


# -- results -------------------------------------------------------------------------------


def machine() -> dict[str, str | int | float | None]:
    """What the figures depend on besides the code."""
    model = "unknown"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git the user has
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "kafka": kafka_jars().name.split("-")[1],
        "commit": commit.stdout.strip() or None,
    }


def summary(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Medians by program."""
    result = {}
    for name in dict.fromkeys(run.program for run in runs):
        own = [run for run in runs if run.program == name]
        result[name] = {
            "runs": len(own),
            "events": own[0].events,
            "events_per_second": statistics.median(run.rate for run in own),
            "slowest": min(run.rate for run in own),
            "fastest": max(run.rate for run in own),
            "cpu_us_per_event": statistics.median(run.cpu_per_event for run in own),
            "peak_rss_mib": max(run.peak_rss_mib for run in own),
        }
    return result


def table(medians: Mapping[str, Mapping[str, float]]) -> str:
    """The medians as a table, and the ratios of the programs."""
    lines = [
        "| program | runs | events | events/s (slowest to fastest) | CPU µs/event | peak RSS MiB |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['runs']:.0f} | {row['events']:,.0f} | {row['events_per_second']:,.0f}"
        f" ({row['slowest']:,.0f} to {row['fastest']:,.0f}) | {row['cpu_us_per_event']:.1f}"
        f" | {row['peak_rss_mib']:.0f} |"
        for name, row in medians.items()
    ]
    rates = {name: row["events_per_second"] for name, row in medians.items()}
    cpu = {name: row["cpu_us_per_event"] for name, row in medians.items()}
    ours = [name for name in rates if name.startswith(WORKER)]
    others = [name for name in rates if name not in ours]
    if ours and others:
        lines += ["", f"| events/s, CPU | {' | '.join(ours)} |", f"|---{'|---' * len(ours)}|"]
        lines += [
            f"| beside {other} | "
            + " | ".join(
                f"{rates[o] / rates[other]:.2f} ×, {cpu[o] / cpu[other]:.2f} ×" for o in ours
            )
            + " |"
            for other in others
        ]
    lines += [
        f"\n{name}: {rates[name] / rates[WORKER]:.2f} × the events/s of one, "
        f"{cpu[name] / cpu[WORKER]:.2f} × its CPU an event"
        for name in rates
        if name.startswith(f"{WORKER}, ") and name != FEW and WORKER in rates
    ]
    if WORKER in rates and FEW in rates:
        slower, dearer = rates[FEW] / rates[WORKER] - 1, cpu[WORKER] / cpu[FEW] - 1
        lines += [
            "",
            f"With all rules an event takes {slower:.0%} more time than with four and {dearer:.0%}"
            " more CPU.",
        ]
    return "\n".join(lines)


def write_profile(raw: Path) -> Path:
    """The profile of a worker as text, the 40 dearest functions by their own time."""
    text = raw.with_suffix(".txt")
    with text.open("w", encoding="utf-8") as output:
        pstats.Stats(str(raw), stream=output).sort_stats("tottime").print_stats(40)
    return text


def arguments_of(command_line: Sequence[str] | None = None) -> argparse.Namespace:
    """What to measure."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--parcels",
        type=int,
        default=100_000,
        help="about six events each; 0 leaves out the worker and the alternatives",
    )
    parser.add_argument(
        "--baseline-parcels", type=int, default=20_000, help="for the Faust app; 0 leaves it out"
    )
    parser.add_argument(
        "--four-rules", action="store_true", help="also the worker with the first four rules alone"
    )
    parser.add_argument(
        "--processes",
        type=int,
        nargs="*",
        default=[],
        help="also the worker with so many processes",
    )
    parser.add_argument(
        "--alternatives",
        nargs="*",
        choices=ALTERNATIVES,
        metavar="NAME",
        help=f"also what users would pick instead: {', '.join(ALTERNATIVES)}"
        f" (without a name: {', '.join(USUAL)})",
    )
    parser.add_argument(
        "--no-worker", action="store_true", help="leave out the worker, for the alternatives alone"
    )
    parser.add_argument("--runs", type=int, default=2, help="of each program, in turn")
    parser.add_argument(
        "--profile", action="store_true", help="one more run of the worker, under cProfile"
    )
    parser.add_argument("--patience", type=float, default=120.0, help="seconds without progress")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args(command_line)
    if arguments.alternatives is None:
        arguments.alternatives = []
    elif not arguments.alternatives:
        arguments.alternatives = list(USUAL)
    if not arguments.parcels:
        arguments.no_worker = True
        if arguments.alternatives:
            parser.error("the alternatives read the worker's workload: --parcels must not be 0")
    return arguments


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program to be run several times: what its logs are called, and how run `number` is made."""

    log: str
    make: Callable[[int], Program]


def contestants(
    arguments: argparse.Namespace,
    kafka: KafkaServer,
    folder: Path,
    work: load.Expected,
    sample: load.Expected,
) -> list[Contestant]:
    """The programs, in the order of the table."""
    result = []
    if not arguments.no_worker:
        result.append(Contestant("worker", lambda n: programs.worker(kafka, n, folder, work)))
        if arguments.four_rules:
            pack = programs.four_rules(folder)
            result.append(
                Contestant(
                    "four-rules", lambda n: programs.worker(kafka, n, folder, work, pack=pack)
                )
            )
    for count in dict.fromkeys(arguments.processes):
        several = functools.partial(
            programs.worker, kafka, folder=folder, expected=work, processes=count
        )
        result.append(Contestant(f"worker-{count}", several))
    for name in dict.fromkeys(arguments.alternatives):
        make = functools.partial(ALTERNATIVES[name], kafka, folder, work)
        result.append(Contestant(name, make))
    if arguments.baseline_parcels:
        result.append(Contestant("baseline", lambda n: programs.baseline(kafka, n, folder, sample)))
    return result


def write_workload(
    arguments: argparse.Namespace, kafka: KafkaServer
) -> tuple[load.Expected, load.Expected]:
    """Write the records; what was written for the worker and the alternatives, and for Faust."""
    end = load.recent_end()
    work, sample = load.Expected(), load.Expected()
    if arguments.parcels:
        programs.create_topics({"SHIPSENTRY_BOOTSTRAP_SERVERS": kafka.bootstrap})
        work = load.produce(load.Workload(arguments.parcels, end), kafka.bootstrap)
    if arguments.baseline_parcels:
        topic = kafka.create_topic("baseline-tracking-update", PARTITIONS, {"retention.ms": -1})
        part = load.Workload(arguments.baseline_parcels, end)
        sample = load.produce(part, kafka.bootstrap, orders=None, tracking=topic)
    print(
        f"workload: {work.orders + work.tracking:,} events of {work.mean_bytes:.0f} bytes,"
        f" {work.tracking:,} of them tracking updates;"
        f" Faust app: {sample.tracking:,} of {sample.mean_bytes:.0f}",
        flush=True,
    )
    return work, sample


def note(run: Run) -> None:
    """Print a run."""
    waited = f" (and {run.waited:.1f} waiting to commit)" if run.waited >= POLL else ""
    print(
        f"{run.program}: {run.events:,} events in {run.seconds:.1f} s{waited}, {run.rate:,.0f}/s,"
        f" {run.cpu_per_event:.1f} µs CPU/event (broker"
        f" {run.broker_cpu / run.events * 1e6:.1f}), {run.peak_rss_mib:.0f} MiB",
        flush=True,
    )


def main() -> int:
    """Measure, print a table and write the result as JSON; 1 when a run failed."""
    arguments = arguments_of()
    logs = arguments.out / f"throughput-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    logs.mkdir(parents=True)
    runs: list[Run] = []
    try:
        programs.prepare(arguments.alternatives)
        about = machine() | programs.versions(arguments.alternatives)
        with (
            tempfile.TemporaryDirectory(prefix="shipsentry-bench-") as temporary,
            KafkaServer(default_partitions=PARTITIONS, jvm_options=BENCHMARK_JVM) as kafka,
        ):
            folder = Path(temporary)
            work, sample = write_workload(arguments, kafka)
            measured = contestants(arguments, kafka, folder, work, sample)
            for number in range(1, arguments.runs + 1):
                for each in measured:
                    log = logs / f"{each.log}-{number}.log"
                    runs.append(measure(each.make(number), kafka, log, arguments.patience))
                    note(runs[-1])
            if arguments.profile and not arguments.no_worker:
                raw = logs / "worker.prof"
                profiled = programs.worker(kafka, arguments.runs + 1, folder, work, raw)
                measure(profiled, kafka, logs / "profiled.log", arguments.patience)
                print(f"profile: {write_profile(raw)}")
    except RunFailed as failure:
        print(f"throughput: {failure}", file=sys.stderr)
        return 1
    medians = summary(runs)
    result = {
        "machine": about,
        "workload": {
            "parcels": arguments.parcels,
            "events": work.orders + work.tracking,
            "tracking_events": work.tracking,
            "bytes_per_event": work.mean_bytes,
            "partitions": PARTITIONS,
            "kinds": dict(work.kinds),
            "baseline_parcels": arguments.baseline_parcels,
            "baseline_events": sample.tracking,
        },
        "medians": medians,
        "runs": [asdict(run) for run in runs],
    }
    target = logs / "result.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\n{table(medians)}\n\n{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
