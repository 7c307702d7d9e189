"""Lines over windows, counted from the facts by brute force, against what workers publish of them.

    .venv/bin/python -m tests.oracle.windows --seeds 0:500

Each seed's history, with orders that move to another shop, are promised anew, closed and opened
again, goes through the processors by random partitions, chunks and clocks, and with crashes. Of
each shop's day the newest record is compared: what each line counts over its window, whether it is
crossed, and the counts of the day. Exit status 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from oracle.brute_force import DAY, TOLERANCE, Order, World, build_world, profile_of
from oracle.histories import HOUR, History, judged
from support.shop_days import counted, day, shipped_at
from support.travelling import RUNNING, gates_of, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop, run

from streams.facts.times import from_datetime
from streams.profiles.loader import load
from streams.profiles.model import Profiles
from streams.state.shop_days import KEPT

BASES = ("douyin-2026-07-09", "tmall-2026-04-09", "brief-2023")
SCANS = 2
RECEIVED = ("delivered", "ready_for_pickup", "attempt_failed")
FIRST = ("due", "late", "unshipped", "shipped", "abnormal")
"""What is counted of every shop's day."""


@dataclass(frozen=True)
class Drawn:
    """A line of the pack: which orders among which, over which days, and from where on."""

    name: str
    orders: str
    among: str
    window: str
    threshold: str

    def days(self, on: date) -> tuple[date, date]:
        """The first and the last day that it looks at on a day."""
        last = on - timedelta(days=self._number("lag_days"))
        if '"week"' in self.window:
            return last - timedelta(days=last.weekday()), last
        if '"month"' in self.window:
            return last.replace(day=1), last
        return last - timedelta(days=self._number("days") - 1), last

    def _number(self, name: str) -> int:
        words = self.window.replace(",", " ").split()
        return int(words[words.index(name) + 2]) if name in words else 0

    def crossed(self, part: int, whole: int) -> bool:
        """Whether so many of so many cross the line."""
        share = Fraction(part, whole) if whole else Fraction(part and 1)
        return {
            "share": part > 0 and share > Fraction(3, 10),
            "reached": part > 0 and share >= Fraction(1, 2) and whole >= 3,
            "count": part >= 2,
            "few": part >= 2 if whole <= 3 else share > Fraction(1, 4),
        }[self.threshold]


THRESHOLDS = {
    "share": 'percent = 30\ncomparator = "gt"',
    "reached": 'percent = 50\ncomparator = "ge"\nleast = 3\ncounting = "among"',
    "count": "count = 2",
    "few": 'percent = 25\ncomparator = "gt"\nfew = { up_to = 3, count = 2 }',
}
"""As a profile says them."""

LINES = (
    Drawn("late_week", "late", "due", "days = 7", "share"),
    Drawn("late_month", "late", "due", 'calendar = "month"', "count"),
    Drawn("unshipped_90", "unshipped", "due", "days = 90", "share"),
    Drawn("abnormal_10", "abnormal", "shipped", "days = 10, lag_days = 1", "count"),
    Drawn("untracked_30", "untracked", "confirmed", "days = 30, lag_days = 3", "few"),
    Drawn("untracked_week", "untracked", "confirmed", 'calendar = "week", lag_days = 2', "share"),
    Drawn("delivered_14", "delivered_late", "delivery_due", "days = 14, lag_days = 7", "reached"),
    Drawn("delivered_60", "delivered_late", "delivery_due", "days = 60", "few"),
    Drawn("cancelled_28", "cancelled", "paid", "days = 28", "share"),
)


@cache
def profiles() -> Profiles:
    """Built-in profiles that draw these lines as well."""
    lines = "".join(
        f'[[lines]]\nname = "{line.name}"\norders = "{line.orders}"\n'
        f"{THRESHOLDS[line.threshold]}\nwindow = {{ {line.window} }}\n"
        for line in LINES
    )
    with tempfile.TemporaryDirectory() as folder:
        for base in BASES:
            meter = f"[meter]\nvalid_scans = {SCANS}\ndelivered_by = {json.dumps(RECEIVED)}\n"
            text = f'extends = "{base}"\n{meter}{lines}'
            (Path(folder) / f"{base}.toml").write_text(text, encoding="utf-8")
        return load([Path(folder)])


def restless(seed: int) -> History:
    """A random history whose orders move, are promised anew, close and open again.

    Left out are those in which two versions of an order have one time: where they differ first in
    words that are not kept, the contract's is not always taken (docs/limits.md, *Ties*).
    """
    came = next(h for h in map(suitable, range(5_000 + seed, 1 << 31, 500)) if not _is_tied(h))
    rng = Random(f"windows/{seed}")
    end = came.until - 2 * HOUR
    further = []
    for value in came.orders:
        paid = _time(value.get("paid_at"))
        if paid is None or paid > end or not isinstance(value.get("order_id"), str):
            continue
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            at = min(paid + rng.random() * 6 * DAY, end)
            change = rng.choice(
                (
                    {"shop_id": rng.choice(("s1", "s2", "s9"))},
                    {"promised_delivery_by": (paid + rng.random() * 12 * DAY).isoformat()},
                    {"promised_delivery_by": (paid + rng.random() * 4 * DAY).isoformat()},
                    {"promised_ship_by": (paid + rng.random() * 5 * DAY).isoformat()},
                    {"state": "closed"},
                    {"state": "paid"},
                    {"refund_requested_at": at.isoformat()},
                    {"platform": rng.choice(("douyin", "tmall"))},
                )
            )
            said = {"order_id": value["order_id"], "partial": True, "updated_at": at.isoformat()}
            further.append({**said, **change})
    rng.shuffle(further)
    return replace(came, orders=[*came.orders, *further], tombstones=[])


def _is_tied(history: History) -> bool:
    world = build_world(history.orders, [], history.until.astimezone(UTC))
    return any(
        a.at == b.at and a.canon != b.canon
        for order in world.orders.values()
        for a, b in pairwise(order.versions)
    )


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


Shop = tuple[str, str]
Days = dict[date, Counter[str]]


def days_of_shops(history: History) -> dict[Shop, Days]:
    """What each shop's days count, of those whose counts have not ended."""
    shops: defaultdict[Shop, Days] = defaultdict(lambda: defaultdict(Counter))
    always, _ = counted(history, profiles(), judged(history))
    for (platform, shop, on), numbers in always.items():
        shops[platform, shop][date.fromisoformat(on)].update(numbers)
    world = build_world(history.orders, history.tracking, history.until.astimezone(UTC))
    for order in world.orders.values():
        if order.is_known and order.is_judged:
            known = order.known
            judge = profile_of(known.platform, known.paid_at)
            mine = shops[judge.platform, str(known.shop_id)]
            # `generic` has no lines.
            for measure, on in further(world, order) if judge.platform != "generic" else ():
                mine[date.fromisoformat(day(on))][measure] += 1
    oldest = date.fromisoformat(day(history.until - timedelta(microseconds=KEPT)))
    return {
        shop: {on: numbers for on, numbers in days.items() if on >= oldest}
        for shop, days in shops.items()
    }


def further(world: World, order: Order) -> Iterator[tuple[str, datetime]]:
    """What an order counts as beyond what is always counted, and when."""
    known, base, closed = order.known, order.base, order.closed_since
    expected = known.parcels_expected
    sent = None if base is None else shipped_at(world, order, base)
    yield "paid", known.paid_at
    if closed is not None and (sent is None or sent > closed):
        asked = known.refund_requested_at
        if asked is None or asked > closed:
            yield "cancelled", known.paid_at
    if base is None:
        return
    parcels = world.linked_now(order.order_id)
    uploads = sorted(parcel.linked[order.order_id].t for parcel in parcels)
    tracks = [
        {f.at for f in parcel.records if f.is_progress and f.at >= base - TOLERANCE}
        for parcel in parcels
    ]
    if len(uploads) >= expected and (closed is None or closed > uploads[expected - 1]):
        yield "confirmed", uploads[expected - 1]
        if sum(len(track) >= SCANS for track in tracks) < expected:
            yield "untracked", uploads[expected - 1]
    promise = known.promised_delivery_by
    if promise is None or promise <= base:
        return
    arrivals = sorted(
        min(times)
        for parcel in parcels
        if (
            times := [
                f.at for f in parcel.records if f.status in RECEIVED and f.at >= base - TOLERANCE
            ]
        )
    )
    arrived = arrivals[expected - 1] if len(arrivals) >= expected else None
    if closed is not None and closed <= promise and (arrived is None or arrived > closed):
        return
    yield "delivery_due", promise
    if (world.until if arrived is None else arrived) > promise:
        yield "delivered_late", promise


Found = dict[str, Any]
"""What a day counts, and by line (first day, last day, part, whole, crossed)."""

Key = tuple[str, str, str]


def wanted(history: History) -> dict[Key, Found]:
    """What the records must say, of each day that counts something."""
    found: dict[Key, Found] = {}
    for (platform, shop), days in days_of_shops(history).items():
        for on, numbers in days.items():
            if not any(numbers.values()):
                continue
            windows = {}
            for line in LINES if platform != "generic" else ():
                first, last = line.days(on)
                inside = [each for day, each in days.items() if first <= day <= last]
                part, whole = (
                    sum(each[name] for each in inside) for name in (line.orders, line.among)
                )
                windows[line.name] = (
                    *(first.isoformat(), last.isoformat(), part, whole),
                    line.crossed(part, whole),
                )
            counts = {name: number for name, number in numbers.items() if number}
            found[platform, shop, on.isoformat()] = {"counts": counts, "windows": windows}
    return found


def published(loop: Loop) -> dict[Key, Found]:
    """What the newest records say, of each day that counts something."""
    newest: dict[bytes, dict[str, Any]] = {}
    for topic, key, value in loop.risks:
        if topic == TOPICS.shop_risk and value["revision"] >= newest.get(key, value)["revision"]:
            newest[key] = value
    return {
        (value["platform"], value["shop_id"], value["day"]): {
            "counts": {name: number for name, number in value["counts"].items() if number},
            "windows": {
                each["name"]: (
                    *(each["first_day"], each["last_day"]),
                    *(each["counts"]["orders"], each["counts"]["among"]),
                    each["crossed"],
                )
                for each in value["windows"]
            },
        }
        for value in newest.values()
        if any(value["counts"].values())
    }


def lived(history: History, seed: int) -> Loop:
    """The history by random partitions, chunks and clocks, with crashes."""
    rng = Random(f"windows/way/{seed}")
    until = from_datetime(history.until)
    loop = Loop(rng.choice((1, 2, 3, 4)), until - RUNNING, profiles())
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng), crashes=0.08)
    loop.drain(until)
    return loop


def differences(seed: int) -> tuple[list[str], Counter[str]]:
    """Where records and facts differ, and what there was to differ in: windows by what they count,
    and how many are crossed."""
    history = restless(seed)
    theirs = wanted(history)
    ours = published(lived(history, seed))
    seen: Counter[str] = Counter(days=len(theirs))
    for found in theirs.values():
        for line in LINES:
            *_, part, _, crossed = found["windows"].get(line.name, (0, 0, False))
            seen[line.orders] += part > 0
            seen["crossed"] += crossed
    return [
        f"seed {seed} {key}: published {ours.get(key)}, counted {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ], seen


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", default="0:100", help="FIRST:BEYOND (default %(default)s)")
    options = parser.parse_args()
    first, _, beyond = options.seeds.partition(":")
    seeds = range(int(first), int(beyond or int(first) + 1))
    total: Counter[str] = Counter()
    wrong = 0
    for seed in seeds:
        told, seen = differences(seed)
        total += seen
        wrong += bool(told)
        print("\n".join(told), end="\n" if told else "", flush=True)
    print(f"{len(seeds)} histories, {wrong} differ; {dict(total)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
