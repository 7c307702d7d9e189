"""What one more upload costs on a number that is uploaded for ever other orders.

Such a number (a placeholder that everybody types) is one state of up to 2,000 facts and orders. No
Kafka: the state is loaded, the upload applied, rules judge, and it is dumped again::

    python -m benchmarks.placeholder

README.md in this folder has the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.times import from_datetime
from streams.judge.parcels import judge
from streams.profiles.loader import load
from streams.state import orders, parcels
from streams.state.codec import dump, load_parcel
from streams.state.state import OrderState, ParcelState

PAID = datetime(2026, 11, 1, tzinfo=UTC)
ORDERS = (1, 10, 100, 300, 600)
REPEATS = 3


def placeholder(count: int) -> ParcelState:
    """A number uploaded for `count` orders of as many recipients, a minute apart."""
    state = ParcelState("zto:78000000000000")
    words = []
    for number in range(count):
        at = PAID + timedelta(minutes=number)
        version = decode_order(_order(number, at), None, from_datetime(at), 0)
        if isinstance(version, Bad):
            raise ValueError(version)
        known = OrderState(version.order_id)
        orders.apply(known, [version], from_datetime(at))
        words.append(orders.facts_of(known))
        _apply(state, number, at)
    parcels.apply_order_facts(state, words, state.newest)
    return state


def seconds(count: int) -> tuple[float, int]:
    """Of one more upload, the least of some; and bytes of the state."""
    profiles = load()
    stored = dump(placeholder(count))
    at = PAID + timedelta(minutes=count)
    took = []
    for _ in range(REPEATS):
        began = time.process_time()
        state = load_parcel(stored)
        _apply(state, count, at)
        parcels.replies(state)
        judge(state, from_datetime(at), profiles, from_datetime(at))
        dump(state)
        took.append(time.process_time() - began)
    return min(took), len(stored)


def _apply(state: ParcelState, number: int, at: datetime) -> None:
    fact = decode_tracking(_upload(number, at), from_datetime(at))
    if isinstance(fact, Bad):
        raise ValueError(fact)
    parcels.apply(state, [fact], from_datetime(at))


def _order(number: int, at: datetime) -> bytes:
    return _json(
        order_id=f"49{number:017}",
        shop_id=f"s-{number % 500}",
        platform="douyin",
        paid_at=at.isoformat(),
        promised_ship_by=(at + timedelta(days=2)).isoformat(),
        recipient={"province": "广东省", "city": "深圳市", "address_key": f"{number:016x}"},
    )


def _upload(number: int, at: datetime) -> bytes:
    return _json(
        carrier="zto",
        tracking_number="78000000000000",
        status="ordered",
        occurred_at=at.isoformat(),
        order_ids=[f"49{number:017}"],
        platform="douyin",
        shop_id=f"s-{number % 500}",
    )


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def main() -> int:
    """Print a line for each number of orders."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, nargs="+", default=list(ORDERS))
    print("| orders of the number | bytes of its state | CPU ms, one upload more |")
    print("|---|---|---|")
    for count in parser.parse_args().orders:
        took, size = seconds(count)
        print(f"| {count:,} | {size:,} | {took * 1000:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
