"""Whether the programs of equal work judge as `shipsentry replay` does, on a real Kafka.

A history with scans that come days late, orders closed, numbers taken back and given again goes to
a broker and to files; what each program leaves on its topic of warnings must be, id by id, what
`replay` says with the same four rules::

    python benchmarks/equal.py                       # 2,000 parcels, all programs, seed 1
    python benchmarks/equal.py --parcels 300 --seed 2 --programs streams-equal

The exit status is 1 where a program differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import KafkaServer  # noqa: E402 - found by the path above

from benchmarks import load, programs  # noqa: E402 - found by the path above
from benchmarks.programs import RunFailed  # noqa: E402 - found by the path above
from benchmarks.throughput import watch  # noqa: E402 - found by the path above

TIMES = ("opened_at", "deadline", "breached_at", "resolved_at")
FLUSHES = 64
"""Of each input; so many keys reach every partition."""

Compared = tuple[object, ...]


def history(parcels: int, end: int, seed: int) -> Iterator[load.Event]:
    """A workload of `load` with what makes warnings come back and go, in order of arrival."""
    rng = random.Random(seed)
    events = list(load.Workload(parcels, end, seed).events())
    further = []
    for place, event in enumerate(events):
        draw, value = rng.random(), json.loads(event.value)
        if event.order and draw < 0.05:
            further.append(_closed(event, value, rng))
        elif not event.order and value["status"] == "ordered" and draw < 0.06:
            further += _released(event, value, rng)
        elif not event.order and value["status"] != "ordered" and draw < 0.15:
            late = event.arrival + rng.randrange(3 * load.DAY)
            events[place] = event._replace(arrival=late)
    yield from sorted((each for each in events + further if each.arrival < end), key=_arrival)
    for number in range(FLUSHES):
        yield from _last(number, end)


def _arrival(event: load.Event) -> int:
    return event.arrival


def _closed(event: load.Event, value: Mapping[str, Any], rng: random.Random) -> load.Event:
    at = event.arrival + rng.randrange(4 * load.DAY)
    closed = {**value, "state": "closed", "updated_at": _text(at)}
    return event._replace(arrival=at, value=json.dumps(closed, ensure_ascii=False))


def _released(
    event: load.Event, value: Mapping[str, Any], rng: random.Random
) -> Iterator[load.Event]:
    """The number taken back; in half of the cases given to the order again."""
    at = event.arrival + rng.randrange(load.HOUR, 2 * load.DAY)
    for status in ("cancelled", "ordered")[: rng.randrange(1, 3)]:
        again = {**value, "status": status, "occurred_at": _text(at)}
        yield event._replace(arrival=at, value=json.dumps(again, ensure_ascii=False))
        at += rng.randrange(load.HOUR, load.DAY)


def _last(number: int, end: int) -> Iterator[load.Event]:
    """Records that warn of nothing and bring event time to the end, for who has no timers."""
    order, parcel = f"last-{number}", f"9000000000{number:03d}"
    paid = {"order_id": order, "shop_id": "s", "platform": "douyin", "paid_at": _text(end)}
    seen = {
        "carrier": "zto", "tracking_number": parcel, "status": "unknown", "occurred_at": _text(end),
    }  # fmt: skip
    yield load.Event(end, True, order, json.dumps(paid))
    yield load.Event(end, False, f"zto:{parcel}", json.dumps(seen))


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


class Ready:
    """Events that are there already, for what writes a workload."""

    def __init__(self, events: Iterable[load.Event]) -> None:
        self._events = list(events)

    def events(self, expected: load.Expected | None = None) -> Iterator[load.Event]:
        """Them, in their order."""
        yield from self._events


def judged(folder: Path, until: str) -> dict[str, Compared]:
    """What replay says of the files in a folder, with four rules."""
    out = folder / "warnings.jsonl"
    subprocess.run(
        [sys.executable, "-m", "streams.cli", "replay", "--orders", str(folder / "orders.jsonl"),
         "--tracking", str(folder / "tracking.jsonl"), "--until", until, "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "SHIPSENTRY_PROFILE_DIRS": str(programs.four_rules(folder))},
        check=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    return standing(lines)


def standing(warnings: Iterable[Mapping[str, Any]]) -> dict[str, Compared]:
    """State and times (ms) of the warnings that are not withdrawn, by id."""
    return {
        each["warning_id"]: (each["rule"], each["stage"], each["state"],
                             *(_millis(each[name]) for name in TIMES))
        for each in warnings
        if each["state"] != "withdrawn"
    }  # fmt: skip


def _millis(time_: str | float | None) -> int | None:
    if isinstance(time_, str):
        return round(datetime.fromisoformat(time_).timestamp() * 1000)
    return None if time_ is None else round(time_)


def differences(wanted: Mapping[str, Compared], got: Mapping[str, Compared]) -> list[str]:
    """A line for each id that differs."""
    return [
        f"{name}: {got.get(name, 'missing')}, and replay says {wanted.get(name, 'nothing')}"
        for name in sorted(wanted.keys() | got.keys())
        if wanted.get(name) != got.get(name)
    ]


def main() -> int:
    """Compare, and say what differs; 1 where anything does."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--parcels", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--programs", nargs="*", choices=programs.EQUAL, default=list(programs.EQUAL)
    )
    parser.add_argument("--keep", type=Path, help="a folder for the logs and the history")
    arguments = parser.parse_args()
    now = load.recent_end(time.time())
    status = 0
    programs.prepare(arguments.programs)
    with (
        tempfile.TemporaryDirectory(prefix="shipsentry-equal-") as temporary,
        KafkaServer(default_partitions=programs.PARTITIONS) as kafka,
    ):
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        events = Ready(history(arguments.parcels, now, arguments.seed))
        programs.create_topics({"SHIPSENTRY_BOOTSTRAP_SERVERS": kafka.bootstrap})
        expected = load.produce(events, kafka.bootstrap)
        load.write_jsonl(events, folder)
        wanted = judged(folder, _text(now))
        print(
            f"{expected.orders} orders, {expected.tracking} tracking updates:"
            f" {len(wanted)} warnings"
        )
        for name in arguments.programs:
            program = programs.ALTERNATIVES[name](kafka, folder, expected, 1)
            try:
                watched = watch(program, kafka, folder / f"{name}.log", 60)
            except RunFailed as failure:
                print(f"equal: {failure}", file=sys.stderr)
                return 1
            wrong = differences(wanted, standing(watched.warnings))
            print(f"{program.name}: {len(wrong)} of {len(wanted)} differ", flush=True)
            for line in wrong[:10]:
                print(f"  {line}")
            status |= bool(wrong)
    return status


if __name__ == "__main__":
    sys.exit(main())
