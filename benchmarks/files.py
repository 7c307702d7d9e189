"""Measures reading files: rows/s and peak memory of each form, the reader alone and a whole replay.

    .venv/bin/python benchmarks/files.py [--rows 1000000] [--forms xlsx,gbk,jsonl]

Each figure is of a process of its own. The rows are tracking updates of parcels with ten records
each, in order of time; the replay has an order for each parcel too, as JSON Lines.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support import workbooks  # noqa: E402 - found by the path above

from streams.inputs.cells import Reading  # noqa: E402
from streams.inputs.files import HistoryFile  # noqa: E402
from streams.inputs.messages import TRACKING  # noqa: E402

START = datetime(2026, 8, 1, tzinfo=UTC)
STATUSES = ("ordered", "picked_up", "hub", "hub", "in_transit", "hub", "arrived_dest_city")
STEPS = (*STATUSES, "out_for_delivery", "ready_for_pickup", "delivered")
COLUMNS = (
    *("carrier", "tracking_number", "status", "occurred_at", "order_ids", "shop_id", "platform"),
    *("location.province", "location.city", "description"),
)
FORMS = ("xlsx", "gbk", "jsonl")


def rows(count: int) -> Iterator[list[str]]:
    """The cells of each tracking update."""
    for number in range(count):
        batch, place = divmod(number, 10_000)
        step, parcel = divmod(place, 1_000)
        parcel += batch * 1_000
        at = START + timedelta(seconds=number * 2.4)
        yield [
            *("zto", f"78{parcel:012}", STEPS[step], at.isoformat()),
            *(str(parcel) if step == 0 else "", "s-1", "douyin"),
            *("浙江省", "杭州市", "快件已到达【杭州中转部】"),
        ]


def order(parcel: int) -> dict[str, Any]:
    """The order of a parcel."""
    at = START + timedelta(seconds=parcel // 1_000 * 24_000 - 3_600)
    return {
        "order_id": str(parcel),
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": at.isoformat(),
        "recipient": {"province": "广东省", "city": "深圳市", "address_key": f"a{parcel}"},
    }


def write(folder: Path, form: str, count: int) -> Path:
    """A file of tracking updates in one form."""
    path = folder / f"tracking.{form}"
    if form == "xlsx":
        workbooks.write(path, {"Sheet1": [COLUMNS, *rows(count)]})
    elif form == "gbk":
        with path.open("w", encoding="gbk", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows(count)])
    else:
        with path.open("w", encoding="utf-8") as file:
            for cells in rows(count):
                sent: dict[str, Any] = dict(zip(COLUMNS[:7], cells[:7], strict=True))
                sent["order_ids"] = [cells[4]] if cells[4] else None
                sent |= {"location": {"province": cells[7], "city": cells[8]}}
                sent["description"] = cells[9]
                file.write(json.dumps(sent, ensure_ascii=False) + "\n")
    return path


def read(path: Path) -> int:
    """Read a file of tracking updates, and return how many messages there are."""
    file = HistoryFile(path, TRACKING, Reading())
    return sum(1 for _ in file.read(lambda bad: sys.exit(str(bad)), lambda _: None))


def measured(what: str, path: Path, count: int, *command: str) -> None:
    """Run a command over a file, and print its time, CPU and peak memory."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"{what} {path.suffix[1:]:6} {path.stat().st_size >> 20:5} MiB  {seconds:6.1f} s  "
        f"{count / seconds:9,.0f} rows/s  {cpu / count * 1e6:6.1f} µs CPU/row  "
        f"{usage.ru_maxrss >> 10:6,} MiB",
        flush=True,
    )


def main() -> None:
    """Measure each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read is not None:
        if read(arguments.read) != arguments.rows:
            sys.exit("not every row was read")
        return
    count = arguments.rows
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {count:,} rows")
    with tempfile.TemporaryDirectory(prefix="shipsentry-files-") as name:
        folder = Path(name)
        orders = folder / "orders.jsonl"
        with orders.open("w", encoding="utf-8") as file:
            for parcel in range(count // 10):
                file.write(json.dumps(order(parcel), ensure_ascii=False) + "\n")
        paths = [write(folder, form, count) for form in arguments.forms.split(",")]
        for path in paths:
            reader = [sys.executable, __file__, "--read", str(path), "--rows", str(count)]
            measured("reader", path, count, *reader)
        for path in paths:
            replay = [sys.executable, "-m", "streams.cli", "replay", "--out", "/dev/null"]
            inputs = ["--orders", str(orders), "--tracking", str(path)]
            measured("replay", path, count, *replay, *inputs)


if __name__ == "__main__":
    main()
