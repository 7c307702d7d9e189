"""How fast `shipsentry replay` is, by one process and by several, in turn, and whether all agree.

The history is that of throughput.py, as files; every output is compared byte for byte::

    python benchmarks/replay.py                               # 20,000 parcels, 1 and 2 processes
    python benchmarks/replay.py --parcels 2000 --runs 1       # a first look
    python benchmarks/replay.py --processes 1 2 4 --runs 5

README.md in this folder says how to read the result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks import load  # noqa: E402 - found by the path above
from benchmarks.throughput import machine, peak_rss_mib  # noqa: E402 - found by the path above


@dataclass(frozen=True, slots=True)
class Run:
    """One replay. `processes` 0: without the option. `cpu` is of all its processes, in seconds."""

    processes: int
    events: int
    seconds: float
    cpu: float
    peak_rss_mib: float


def write(folder: Path, parcels: int) -> int:
    """The files; how many events they hold."""
    workload = load.Workload(parcels, load.recent_end())
    with (folder / "o.jsonl").open("w") as orders, (folder / "t.jsonl").open("w") as tracking:
        number = 0
        for number, event in enumerate(workload.events(), start=1):  # noqa: B007  counted
            (orders if event.order else tracking).write(f"{event.value}\n")
    return number


def replay(folder: Path, processes: int, events: int) -> tuple[Run, bytes]:
    """One run, and what it wrote. Raises CalledProcessError."""
    several = ["--processes", str(processes)] if processes else []
    command = [sys.executable, "-m", "streams.cli", "replay", "--orders", "o.jsonl"]
    command += ["--tracking", "t.jsonl", "--out", "w.jsonl", *several]
    before, peak = os.times(), 0.0
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            with contextlib.suppress(OSError):  # one of them has just ended
                peak = max(peak, peak_rss_mib(process.pid))
            time.sleep(0.05)
    seconds, after = time.monotonic() - began, os.times()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Run(processes, events, seconds, cpu, peak), (folder / "w.jsonl").read_bytes()


def table(runs: Sequence[Run]) -> str:
    """Medians by number of processes."""
    lines = [
        "| processes | runs | events | events/s (slowest to fastest) | beside one"
        " | CPU µs/event | peak RSS MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    rates: dict[int, float] = {}
    for processes in dict.fromkeys(run.processes for run in runs):
        own = [run for run in runs if run.processes == processes]
        each = [run.events / run.seconds for run in own]
        rates[processes] = statistics.median(each)
        cpu = statistics.median(run.cpu / run.events * 1e6 for run in own)
        beside = f"{rates[processes] / rates[0]:.2f} ×" if 0 in rates else ""
        lines.append(
            f"| {processes or 'one, which reads too'} | {len(own)} | {own[0].events:,} |"
            f" {rates[processes]:,.0f} ({min(each):,.0f} to {max(each):,.0f}) | {beside} |"
            f" {cpu:.0f} | {max(run.peak_rss_mib for run in own):.0f} |"
        )
    return "\n".join(lines)


def main(command_line: Sequence[str] | None = None) -> int:
    """Measure, print a table and write the result as JSON; 1 where outputs differ."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--parcels", type=int, default=20_000, help="about six events each")
    parser.add_argument("--processes", type=int, nargs="+", default=[2], help="beside one alone")
    parser.add_argument("--runs", type=int, default=3, help="of each, in turn")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args(command_line)
    about = machine()
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="shipsentry-bench-") as temporary:
        folder = Path(temporary)
        events = write(folder, arguments.parcels)
        wanted: bytes | None = None
        for _ in range(arguments.runs):
            for processes in (0, *arguments.processes):
                run, written = replay(folder, processes, events)
                if wanted is not None and written != wanted:
                    print(f"replay: {processes} processes wrote something else", file=sys.stderr)
                    return 1
                wanted = written
                runs.append(run)
                print(f"{processes}: {run.seconds:.1f} s, {run.cpu:.1f} s of CPU", flush=True)
    logs = arguments.out / f"replay-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    logs.mkdir(parents=True)
    target = logs / "result.json"
    result = {"machine": about, "runs": [asdict(run) for run in runs]}
    target.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\n{table(runs)}\n\n{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
