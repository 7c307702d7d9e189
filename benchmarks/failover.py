"""How long a killed worker's partitions go unjudged, with and without copies elsewhere.

A real Kafka, two workers. The first takes in live parcels; the second joins and is given half of
the partitions. Then one is killed, while in each partition lies one new upload that is overdue at
once. The clock runs from the kill to the warnings of these uploads::

    python -m benchmarks.failover                            # 1,000,000 parcels, half an hour
    python -m benchmarks.failover --parcels 20000 --runs 1   # a first look

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer  # noqa: E402 - found by the path above

from benchmarks.programs import RunFailed  # noqa: E402 - found by the path above
from benchmarks.restart import (  # noqa: E402 - found by the path above
    APP,
    PARTITIONS,
    Broker,
    LiveParcels,
    Worker,
    take_in,
)
from benchmarks.throughput import machine  # noqa: E402 - found by the path above
from streams.engine.kafka.topic_admin import create_topics  # noqa: E402 - found by the path above
from streams.settings import Settings  # noqa: E402 - found by the path above

SESSION_S = 6.0
"""After so long without a heartbeat the brokers give a worker's partitions to another one."""


@dataclass(frozen=True, slots=True)
class Failover:
    """One killed worker. Seconds from the kill; `all` is until each partition's probe is warned of.

    `assigned` is when the survivor read the partitions, `restored` what it read of changelogs.
    """

    copies: int
    number: int
    first: float
    all: float
    assigned: float
    restored: int
    restore_seconds: float
    load: float


def settings_of(number: int, kafka: KafkaServer, folder: Path, copies: int) -> Settings:
    """Of worker `number`, the first being 1."""
    return Settings(
        bootstrap_servers=kafka.bootstrap,
        app_id=APP,
        data_dir=folder / f"state-{number}",
        group_instance_id=f"{APP}-{number}",
        http_port=0,
        settle_s=0,
        standby_replicas=copies,
        session_timeout_s=SESSION_S,
        heartbeat_s=1.0,
        delivery_timeout_s=SESSION_S / 2,
    )


def said(worker: Worker, name: str) -> list[dict[str, Any]]:
    """The events of this name in a worker's log, in order."""
    found = []
    for line in worker.log.read_text(errors="replace").splitlines():
        with suppress(json.JSONDecodeError):
            one = json.loads(line)
            if isinstance(one, dict) and one.get("event") == name:
                found.append(one)
    return found


@contextmanager
def await_share(workers: Sequence[Worker], copies: int, patience: float) -> Iterator[None]:
    """Do something that has partitions given out anew, and wait until each worker reads half of
    them, and has its copies of the others."""
    wanted = ["partitions_assigned", *(["standbys_kept"] if copies else [])]
    before = {(id(w), name): len(said(w, name)) for w in workers for name in wanted}
    yield
    give_up = time.monotonic() + patience
    while True:
        for worker in workers:
            worker.running()
        new = {
            key: said(worker, key[1])[before[key] :]
            for worker in workers
            for key in before
            if key[0] == id(worker)
        }
        if all(each and len(each[-1]["partitions"]) == PARTITIONS // 2 for each in new.values()):
            return
        if time.monotonic() > give_up:
            raise RunFailed("the partitions were not shared, or not copied, in time")
        time.sleep(0.2)


def forget(worker: Worker, data_dir: Path) -> None:
    """Delete what a running worker still has of partitions that are no longer its own: another
    worker that takes them over would have nothing."""
    own = {str(number) for number in said(worker, "partitions_assigned")[-1]["partitions"]}
    for store in (data_dir / "tables").glob("*/*"):
        if store.is_dir() and store.name not in own:
            shutil.rmtree(store)


def failover(
    dying: Worker, left: Worker, broker: Broker, copies: int, number: int, patience: float
) -> Failover:
    """Kill one of two workers and measure."""
    broker.warnings()
    before = len(said(left, "partitions_assigned")), len(said(left, "restore_done"))
    busy = os.getloadavg()[0]
    dying.end(signal.SIGKILL)
    killed = time.time()
    waiting = probes = broker.probe(int(killed) % 1_000_000)
    seen: list[float] = []
    while waiting:
        left.running()
        for warning in broker.warnings():
            judged = str(warning.get("tracking_number"))
            if judged not in probes:
                raise RunFailed(f"a warning that nothing calls for: {warning}")
            if warning["state"] == "breached" and judged in waiting:
                waiting = waiting - {judged}
                seen.append(time.time() - killed)
        if time.time() - killed > patience:
            raise RunFailed(f"nothing was judged: see {left.log}")
    assigned = said(left, "partitions_assigned")[before[0] :]
    restored = said(left, "restore_done")[before[1] :]
    if not assigned or not restored:
        raise RunFailed(f"the survivor took nothing over: see {left.log}")
    return Failover(
        copies,
        number,
        seen[0],
        seen[-1],
        datetime.fromisoformat(assigned[-1]["time"]).timestamp() - killed,
        sum(each["records"] for each in restored),
        sum(each["seconds"] for each in restored),
        busy,
    )


def measure(
    options: argparse.Namespace, logs: Path, folder: Path, copies: int
) -> Iterator[Failover]:
    """Two workers with so many copies on a broker of their own; a result for each kill."""
    with KafkaServer(
        data_dir=folder / "kafka", default_partitions=PARTITIONS, jvm_options=BENCHMARK_JVM
    ) as kafka:
        settings = [settings_of(number, kafka, folder, copies) for number in (1, 2)]
        outcome = create_topics(settings[0], wait_s=60)
        if outcome.problems:
            raise RunFailed(outcome.problems[0])
        broker = Broker(kafka.bootstrap, settings[0])
        workers = [Worker(each, logs) for each in settings]
        try:
            end = int(time.time() * 1000)
            seconds = take_in(
                workers[0], broker, LiveParcels(options.parcels, end), kafka.bootstrap
            )
            print(f"{options.parcels:,} live parcels taken in within {seconds:.0f} s", flush=True)
            for number in range(1, options.runs + 1):
                name = f"second-{copies}-{number}"
                workers[1].log = logs / f"{name}.log"
                workers[1].log.touch()
                with await_share(workers, copies, options.patience):
                    workers[1].start(name)
                broker.settle(lambda: [worker.running() for worker in workers], options.patience)
                if not copies:
                    forget(workers[0], settings[0].data_dir)
                yield failover(workers[1], workers[0], broker, copies, number, options.patience)
                broker.settle(workers[0].running, options.patience)
        finally:
            broker.close()
            for worker in workers:
                worker.end(signal.SIGKILL)


def table(runs: Sequence[Failover]) -> str:
    """Medians by number of copies."""
    lines = [
        "| copies | runs | all judged s (slowest) | first s | partitions read s | records restored"
        " | in s |",
        "|---|---|---|---|---|---|---|",
    ]
    for copies in dict.fromkeys(run.copies for run in runs):
        own = [run for run in runs if run.copies == copies]
        middle = {
            name: statistics.median(getattr(run, name) for run in own)
            for name in ("all", "first", "assigned", "restored", "restore_seconds")
        }
        lines.append(
            f"| {copies} | {len(own)} | {middle['all']:.1f} ({max(run.all for run in own):.1f})"
            f" | {middle['first']:.1f} | {middle['assigned']:.1f} | {middle['restored']:,.0f}"
            f" | {middle['restore_seconds']:.1f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure, print a table and write the result as JSON; 1 when a run failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 0], help="in turn")
    parser.add_argument("--runs", type=int, default=3, help="kills, with each number of copies")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds for one of them")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    logs = options.out / f"failover-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    logs.mkdir(parents=True)
    about = machine()
    runs: list[Failover] = []
    try:
        for copies in options.copies:
            with tempfile.TemporaryDirectory(prefix="shipsentry-failover-") as folder:
                for run in measure(options, logs, Path(folder), copies):
                    runs.append(run)
                    print(f"copies {copies}, {run.number}: {asdict(run)}", flush=True)
    except RunFailed as failure:
        print(f"failover: {failure}", file=sys.stderr)
        return 1
    target = logs / "result.json"
    result = {
        "machine": about,
        "parcels": options.parcels,
        "session_timeout_s": SESSION_S,
        "runs": [asdict(run) for run in runs],
    }
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{table(runs)}\n\n{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
