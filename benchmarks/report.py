"""Measures `shipsentry report`: seconds, CPU and peak memory for a made-up fortnight of orders.

    .venv/bin/python benchmarks/report.py [--orders 100000] [--replay]

An order has a parcel of six records, as JSON Lines; some are never shipped, some stand still. With
`--replay` the same files go through `shipsentry replay` too, for comparison.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2026, 11, 1, tzinfo=UTC)
PLACES = (("广东省", "深圳市"), ("浙江省", "杭州市"), ("四川省", "成都市"), ("江苏省", "南京市"))
CARRIERS = ("zto", "yto", "sf", "jd", "sto", "yunda")
STEPS = ("picked_up", "hub", "in_transit", "out_for_delivery", "delivered")


def write(folder: Path, count: int) -> tuple[Path, Path, int]:
    """Orders and tracking updates, and how many of the latter there are."""
    rng = random.Random(19)
    orders, tracking = folder / "orders.jsonl", folder / "tracking.jsonl"
    updates = 0
    with (
        orders.open("w", encoding="utf-8") as first,
        tracking.open("w", encoding="utf-8") as second,
    ):
        for number in range(count):
            paid = START + timedelta(days=14 * number / count)
            place = rng.choice(PLACES)
            first.write(json.dumps(order(number, paid, place, rng), ensure_ascii=False) + "\n")
            for record in parcel(number, paid, place, rng):
                second.write(json.dumps(record, ensure_ascii=False) + "\n")
                updates += 1
    return orders, tracking, updates


def order(
    number: int, paid: datetime, place: tuple[str, str], rng: random.Random
) -> dict[str, Any]:
    """One order, of one of five shops on three platforms."""
    return {
        "order_id": str(4_920_000_000_000_000_000 + number),
        "shop_id": f"s-{number % 5}",
        "platform": ("douyin", "tmall", "taobao")[number % 3],
        "paid_at": paid.isoformat(),
        "promised_ship_by": (paid + timedelta(hours=48)).isoformat(),
        "amount_paid": rng.randrange(1_000, 50_000),
        "currency": "CNY",
        "recipient": {
            "province": place[0],
            "city": place[1],
            "address_key": f"a{number}",
            "person_key": f"p{number}",
        },
        "ship_from": {"province": "浙江省", "city": "杭州市"},
        "items": [{"product_id": f"p{number % 200}", "quantity": 1}],
    }


def parcel(
    number: int, paid: datetime, place: tuple[str, str], rng: random.Random
) -> list[dict[str, Any]]:
    """The records of an order's parcel: one in fifty has none, one in thirty is never picked up."""
    if rng.random() < 0.02:
        return []
    at = paid + timedelta(hours=rng.uniform(1, 20))
    head = {"carrier": CARRIERS[number % 6], "tracking_number": f"78{number:012}"}
    order_id = str(4_920_000_000_000_000_000 + number)
    records: list[dict[str, Any]] = [
        {**head, "status": "ordered", "occurred_at": at.isoformat(), "order_ids": [order_id]}
    ]
    if rng.random() < 1 / 30:
        return records
    for step in STEPS:
        at += timedelta(hours=min(rng.expovariate(1 / 9) + 1, 60))
        where = ("浙江省", "杭州市") if step in ("picked_up", "hub") else place
        location = {"province": where[0], "city": where[1]}
        records.append(
            {**head, "status": step, "occurred_at": at.isoformat(), "location": location}
        )
    return records


def measured(name: str, events: int, *command: str) -> None:
    """Run a command, and print its time, CPU and peak memory."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"{name:14} {seconds:6.1f} s  {cpu:6.1f} s CPU  {cpu / events * 1e6:6.1f} µs CPU/message  "
        f"{usage.ru_maxrss >> 10:6,} MiB",
        flush=True,
    )


def main() -> None:
    """Measure the page alone, and with the workbook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--replay", action="store_true", help="Also measure a replay of the files.")
    arguments = parser.parse_args()
    count: int = arguments.orders
    with tempfile.TemporaryDirectory(prefix="shipsentry-report-") as name:
        folder = Path(name)
        orders, tracking, updates = write(folder, count)
        print(
            f"Python {platform.python_version()}, {os.cpu_count()} cores, {count:,} orders, "
            f"{updates:,} tracking updates"
        )
        command = [sys.executable, "-m", "streams.cli"]
        page, book = folder / "report.html", folder / "report.xlsx"
        made = [*command, "report", str(orders), str(tracking), "--out", str(page)]
        measured("page", count + updates, *made)
        measured("page, workbook", count + updates, *made, "--xlsx", str(book))
        print(f"page {page.stat().st_size >> 10:,} KiB, workbook {book.stat().st_size >> 10:,} KiB")
        if arguments.replay:
            inputs = ["--orders", str(orders), "--tracking", str(tracking)]
            measured("replay", count + updates, *command, "replay", *inputs, "--out", "/dev/null")


if __name__ == "__main__":
    main()
