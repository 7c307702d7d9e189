"""Whether a worker stays the same for as long as it runs: memory, files, state, the broker's disk.

A real Kafka, one worker. The records of sixty days are written at a steady pace, and now and then
the worker is looked at from outside. What must not grow is fitted with a line after a warm-up::

    python benchmarks/soak.py                    # ten minutes
    python benchmarks/soak.py --minutes 60 --parcels 200000 --out soak.json

No state ends within 60 days (they are kept for 65), so what grows with the parcels is divided by
them. README.md in this folder says how to read the result; exit status 1: something is not flat.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import KafkaServer  # noqa: E402 - found by the path above
from support.ports import free_port  # noqa: E402 - found by the path above
from support.running import wait_for  # noqa: E402 - found by the path above

from benchmarks import load, programs  # noqa: E402 - found by the path above
from benchmarks.throughput import machine, running  # noqa: E402 - found by the path above

DAYS = 60.0
WARM_UP = 0.3
"""Share of the run that is not judged: buffers fill, code is first used."""
ALLOWED = 0.05
"""Growth over the judged part, as a share of the median, that still counts as flat."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of the worker at one moment; `at` is in seconds since the first record."""

    at: float
    records: int
    """Written to the inputs by then."""
    states: int
    rss_mib: float
    files: int
    threads: int
    store_mib: float
    broker_mib: float


FLAT: dict[str, Callable[[Sample], float]] = {
    "memory, MiB": lambda s: s.rss_mib,
    "open files": lambda s: float(s.files),
    "threads": lambda s: float(s.threads),
    "states per 1,000 records": lambda s: 1000 * s.states / s.records,
    "local state, bytes per state": lambda s: s.store_mib * MIB / s.states,
    "broker's disk, bytes per record": lambda s: s.broker_mib * MIB / s.records,
}
"""What must be flat."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A line through the samples after the warm-up."""

    median: float
    growth: float
    """From the first judged sample to the last, along the line, as a share of the median."""

    @property
    def is_flat(self) -> bool:
        """Whether it did not grow. What shrinks is no leak."""
        return self.growth <= ALLOWED


def fitted(samples: Sequence[Sample], value: Callable[[Sample], float]) -> Fit:
    """The line through what is judged of the samples; at least three are needed for that."""
    judged = samples[int(len(samples) * WARM_UP) :]
    if len(judged) < 3:
        raise ValueError(f"{len(judged)} samples after the warm-up, at least 3 are needed")
    times, values = [s.at for s in judged], [value(s) for s in judged]
    slope = statistics.linear_regression(times, values).slope
    median = statistics.median(values)
    return Fit(median, slope * (times[-1] - times[0]) / median)


def size(folder: Path) -> int:
    """Bytes that the files below a folder take on disk."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a compaction took it away
                total += os.stat(os.path.join(parent, name)).st_blocks * 512
    return total


def metric(text: str, name: str) -> float:
    """The sum of a metric's samples over all labels, in Prometheus' text format."""
    lines = (line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def page(port: int, name: str) -> str | None:
    """What a worker serves under a name; None where it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=30) as answer:
            text: str = answer.read().decode()
    except OSError:
        return None
    return text


class Writing(threading.Thread):
    """Writes a workload's records, evenly spread over some seconds."""

    def __init__(self, bootstrap: str, workload: load.Workload, seconds: float) -> None:
        super().__init__(name="writing", daemon=True)
        self.written = 0
        self._servers = bootstrap
        self._events = list(workload.events())
        self._seconds = seconds

    def run(self) -> None:
        """Write all of them."""
        producer = Producer({"bootstrap.servers": self._servers, "partitioner": "murmur2_random"})
        began = time.monotonic()
        for number, event in enumerate(self._events):
            ahead = began + number * self._seconds / len(self._events) - time.monotonic()
            if ahead > 0.02:
                producer.poll(0)
                time.sleep(ahead)
            producer.produce(
                "order-paid" if event.order else "tracking-update", event.value, event.key
            )
            self.written = number + 1
        producer.flush(60)


def soak(parcels: int, minutes: float, every: float, folder: Path) -> list[Sample]:
    """Run it; a sample each `every` seconds while records are written."""
    workload = load.Workload(parcels, load.recent_end(), span_days=DAYS - load.LIFE / load.DAY)
    port = free_port()
    samples: list[Sample] = []
    with KafkaServer(data_dir=folder / "kafka") as kafka:
        for topic in ("order-paid", "tracking-update"):
            kafka.create_topic(topic, programs.PARTITIONS)
        program = programs.worker(kafka, 0, folder, load.Expected())
        program = replace(program, env={**program.env, "SHIPSENTRY_HTTP_PORT": str(port)})
        with running(program, folder / "worker.log") as process:
            wait_for(lambda: page(port, "readyz") is not None, 120, "a ready worker")
            writing = Writing(kafka.bootstrap, workload, minutes * 60)
            began = time.monotonic()
            writing.start()
            while writing.is_alive():
                writing.join(every)
                if process.poll() is not None:
                    raise programs.RunFailed(f"the worker ended with status {process.returncode}")
                states = metric(page(port, "metrics") or "", "shipsentry_states")
                if not states:  # it has not counted yet
                    continue
                proc = Path(f"/proc/{process.pid}")
                status = (proc / "status").read_text()
                samples.append(
                    Sample(
                        at=time.monotonic() - began,
                        records=writing.written,
                        states=int(states),
                        rss_mib=_field(status, "VmRSS:") / 1024,
                        files=len(os.listdir(proc / "fd")),
                        threads=_field(status, "Threads:"),
                        store_mib=size(Path(program.env["SHIPSENTRY_DATA_DIR"])) / MIB,
                        broker_mib=size(folder / "kafka") / MIB,
                    )
                )
    return samples


def _field(status: str, name: str) -> int:
    return int(status.partition(name)[2].split()[0])


def main() -> int:
    """Run it, and say what is flat."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--parcels", type=int, default=30_000, help="in sixty days")
    parser.add_argument("--every", type=float, default=0.0, help="seconds (default: a 40th)")
    parser.add_argument("--out", type=Path, help="write all samples there, as JSON")
    options = parser.parse_args()
    about = machine()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        every = options.every or options.minutes * 1.5
        samples = soak(options.parcels, options.minutes, every, Path(folder))
    fits = {name: fitted(samples, value) for name, value in FLAT.items()}
    if options.out:
        figures = {name: {**asdict(fit), "flat": fit.is_flat} for name, fit in fits.items()}
        result = {"machine": about, "fits": figures, "samples": [asdict(s) for s in samples]}
        options.out.write_text(json.dumps(result, indent=1))
    last = samples[-1]
    print(f"{last.records:,} records, {last.states:,} states, {len(samples)} samples")
    for name, fit in fits.items():
        print(
            f"{name:34} median {fit.median:10,.1f}  growth {fit.growth:+7.1%}"
            f"  {'flat' if fit.is_flat else 'NOT flat'}"
        )
    return 0 if all(fit.is_flat for fit in fits.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
