"""Measures decoding: microseconds per record from raw bytes to a fact, one core, no Kafka.

    python -m benchmarks.decode [--records 50000]

Records differ (50,000 parcels, times within a month, twenty cities), so caches work as they do
in life. The figure is the best of five rounds.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from schemas import times
from streams.decode import Bad, decode_order, decode_tracking
from streams.decode.order import by_contract as order_by_contract
from streams.decode.tracking import by_contract as tracking_by_contract

BEIJING = timezone(timedelta(hours=8))
START = datetime(2026, 11, 1, tzinfo=BEIJING)
ARRIVAL_US = times.to_us(datetime(2026, 12, 1, tzinfo=UTC))
CITIES = [
    ("浙江省", "杭州市"),
    ("广东省", "深圳市"),
    ("广东省", "广州市"),
    ("上海市", "上海市"),
    ("北京市", "北京市"),
    ("江苏省", "苏州市"),
    ("四川省", "成都市"),
    ("湖北省", "武汉市"),
    ("新疆维吾尔自治区", "乌鲁木齐市"),
    ("内蒙古自治区", "呼和浩特市"),
]
STATUSES = ["picked_up", "hub", "in_transit", "arrived_dest_city", "delivered"]


def checkpoint(rng: random.Random, micro: bool) -> dict[str, Any]:
    """Return one checkpoint as a carrier feed sends it."""
    province, city = rng.choice(CITIES)
    at = START + timedelta(seconds=rng.randrange(28 * 86400))
    if micro:
        at += timedelta(microseconds=rng.randrange(1, 10**6))
    return {
        "schema_version": 1,
        "carrier": rng.choice(["zto", "yto", "sf", "jtexpress"]),
        "tracking_number": f"78{rng.randrange(50_000):012}",
        "status": rng.choice(STATUSES),
        "occurred_at": at.isoformat(),
        "location": {"province": province, "city": city, "site": f"{city}转运中心"},
        "description": f"【{city}】快件已到达",
        "raw_status": "103",
        "shop_id": "s-1",
        "platform": "douyin",
    }


def upload(rng: random.Random) -> dict[str, Any]:
    """Return the upload of a number for one order, with the waybill's recipient."""
    province, city = rng.choice(CITIES)
    keys = {"address_key": f"a{rng.random()}", "person_key": f"p{rng.random()}"}
    return {
        **checkpoint(rng, micro=False),
        "status": "ordered",
        "order_ids": [str(rng.randrange(10**18))],
        "location": None,
        "recipient": {"province": province, "city": city, **keys},
    }


def order(rng: random.Random) -> dict[str, Any]:
    """Return one order."""
    province, city = rng.choice(CITIES)
    at = START + timedelta(seconds=rng.randrange(28 * 86400))
    return {
        "schema_version": 1,
        "order_id": str(rng.randrange(10**18)),
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": at.isoformat(),
        "updated_at": (at + timedelta(seconds=5)).isoformat(),
        "promised_ship_by": (at + timedelta(days=2)).isoformat(),
        "amount_paid": rng.randrange(10**5),
        "currency": "CNY",
        "recipient": {"province": province, "city": city, "address_key": f"a{rng.random()}"},
        "ship_from": {"province": "浙江省", "city": "杭州市"},
        "items": [{"product_id": "p1", "sku_id": "k1", "quantity": 1}],
        "state": "paid",
    }


def measure(name: str, raws: list[bytes], decode: Callable[[bytes], object]) -> None:
    """Print the best round's time per record."""
    if any(isinstance(decode(raw), Bad) for raw in raws):
        raise SystemExit(f"{name}: a record of the workload was refused")
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for raw in raws:
            decode(raw)
        best = min(best, time.process_time() - started)
    size = sum(map(len, raws)) / len(raws)
    print(f"{name:<38} {size:6.0f} bytes {best / len(raws) * 1e6:7.2f} µs")


def main() -> None:
    """Measure each kind of record."""
    parser = argparse.ArgumentParser(description="Microseconds per decoded record.")
    parser.add_argument("--records", type=int, default=50_000)
    count = parser.parse_args().records
    rng = random.Random(1)
    gc.freeze()

    def raws(make: Callable[[], dict[str, Any]], n: int = count) -> list[bytes]:
        return [json.dumps(make(), ensure_ascii=False).encode() for _ in range(n)]

    def tracking(raw: bytes) -> object:
        return decode_tracking(raw, ARRIVAL_US, 0, 0)

    def orders(raw: bytes) -> object:
        return decode_order(raw, None, ARRIVAL_US, ARRIVAL_US, 0, 0)

    plain = raws(lambda: checkpoint(rng, micro=False))
    measure("tracking-update, whole seconds", plain, tracking)
    measure("tracking-update, microseconds", raws(lambda: checkpoint(rng, micro=True)), tracking)
    measure("tracking-update, upload", raws(lambda: upload(rng)), tracking)
    extra = raws(lambda: {**checkpoint(rng, micro=False), "feed_id": 7})
    measure("tracking-update, unknown field", extra, tracking)
    measure(
        "tracking-update, contract's model",
        plain[:5000],
        lambda r: tracking_by_contract(r, ARRIVAL_US),
    )
    paid = raws(lambda: order(rng))
    measure("order-paid", paid, orders)
    measure("order-paid, contract's model", paid[:5000], lambda r: order_by_contract(r, ARRIVAL_US))


if __name__ == "__main__":
    main()
