"""How long a killed worker's partitions are judged by nobody.

A real Kafka, two workers, each with some partitions. One is killed (SIGKILL); at once an upload
that is overdue is written to each partition. The clock runs from the kill to the last partition's
warning: the other worker's are judged all the time, the killed one's when somebody has them::

    python benchmarks/takeover.py                 # a table, about 6 minutes
    python benchmarks/takeover.py --session 10    # with a shorter session than the default

`left`: nobody starts it again, the other worker takes over once its session is over. `back`: it is
started again at once, under a new member id. `named`: the same, both with a fixed
`group_instance_id`, so that it is given its partitions back.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import BENCHMARK_JVM, KafkaServer  # noqa: E402 - found by the path above

from benchmarks.programs import RunFailed  # noqa: E402 - found by the path above
from benchmarks.restart import PARTITIONS, Broker, Worker  # noqa: E402 - found by the path above
from benchmarks.throughput import machine  # noqa: E402 - found by the path above
from streams.engine.kafka.topic_admin import create_topics  # noqa: E402 - found by the path above
from streams.settings import Settings  # noqa: E402 - found by the path above

KINDS = ("left", "back", "named")
PATIENCE = 180.0


class Takeover(NamedTuple):
    """Seconds from the kill to the first and to the last partition's warning."""

    kind: str
    first: float
    last: float


def measured(kafka: str, folder: Path, kind: str, session: float, number: int) -> Takeover:
    """Two workers of a new application, one of them killed. Raises RunFailed."""
    app = f"bench-takeover-{kind}-{number}"
    series = 2 * (number * len(KINDS) + KINDS.index(kind))
    workers = []
    for name in ("one", "two"):
        settings = Settings(
            bootstrap_servers=kafka,
            app_id=app,
            data_dir=folder / f"{app}-{name}",
            partitions=PARTITIONS,
            replication_factor=1,
            http_port=0,
            settle_s=0.0,
            session_timeout_s=session,
            group_instance_id=name if kind == "named" else None,
        )
        workers.append(Worker(settings, folder))
    create_topics(settings)
    broker = Broker(kafka, settings)
    try:
        for name, worker in zip(("one", "two"), workers, strict=True):
            worker.start(f"{app}-{name}")
        _wait(workers, broker, broker.probe(series))  # both are there, and judge
        workers[0].end(signal.SIGKILL)
        killed = time.monotonic()
        probes = broker.probe(series + 1)
        if kind != "left":
            workers[0].start(f"{app}-one-again")
        seen = _wait(workers[1:] if kind == "left" else workers, broker, probes)
        return Takeover(kind, seen[0] - killed, seen[-1] - killed)
    finally:
        for worker in workers:
            worker.end(signal.SIGKILL)
        broker.close()


def _wait(workers: list[Worker], broker: Broker, probes: set[str]) -> list[float]:
    """When each of the probes was seen breached (monotonic), in order."""
    waiting, seen = set(probes), []
    began = time.monotonic()
    while waiting:
        for worker in workers:
            worker.running()
        for warning in broker.warnings():
            if warning["state"] == "breached" and warning.get("tracking_number") in waiting:
                waiting.remove(str(warning["tracking_number"]))
                seen.append(time.monotonic())
        if time.monotonic() - began > PATIENCE:
            raise RunFailed(f"{len(waiting)} partitions were not judged within {PATIENCE:.0f} s")
    return seen


def table(found: list[Takeover], session: float) -> str:
    """Medians by kind, and the slowest."""
    lines = [
        f"Session {session:.0f} s, load {os.getloadavg()[0]:.1f}, {machine()}.",
        "",
        "| kind | runs | first partition, s | last partition, s | slowest, s |",
        "|---|---|---|---|---|",
    ]
    for kind in KINDS:
        own = [one for one in found if one.kind == kind]
        if own:
            first, last = (statistics.median(each) for each in list(zip(*own, strict=True))[1:])
            slowest = max(one.last for one in own)
            lines.append(f"| {kind} | {len(own)} | {first:.1f} | {last:.1f} | {slowest:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Measure each kind in turn, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=2, help="of each kind (default 2)")
    parser.add_argument("--session", type=float, default=45.0, help="seconds (default 45)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    chosen = parser.parse_args()
    found: list[Takeover] = []
    with (
        tempfile.TemporaryDirectory(prefix="shipsentry-takeover-") as folder,
        KafkaServer(jvm_options=BENCHMARK_JVM) as kafka,
    ):
        for number in range(chosen.runs):
            for kind in chosen.kinds:
                one = measured(kafka.bootstrap, Path(folder), kind, chosen.session, number + 1)
                print(f"{one.kind}: {one.first:.1f} s to {one.last:.1f} s", file=sys.stderr)
                found.append(one)
    print(table(found, chosen.session))
    return 0


if __name__ == "__main__":
    sys.exit(main())
