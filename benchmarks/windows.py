"""What lines over days cost a large shop: bytes, and µs of CPU each time that its days are told.

The processor of shops' days over RocksDB, with a profile that draws five lines over up to 37 days,
and beside it with the same profile without them, by turns. It needs no Kafka::

    python -m benchmarks.windows
    python -m benchmarks.windows --orders 400000 --products 10000

README.md in this folder says what is sent and what is measured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Chunk, Effects, Put, Record
from streams.engine.store.store import PartitionStore, store_memory
from streams.facts.times import DAY, SECOND
from streams.profiles.loader import load
from streams.state.codec import dump, dump_message
from streams.state.contributions import (
    CONFIRMED,
    DELIVERY_DUE,
    PAID,
    Contribution,
    ContributionChange,
    Further,
)
from streams.state.shop_days import ProductCounts, ShopDay, new_row, row_key
from streams.state.shop_lines import MEASURES, Meter
from streams.tables.processor import Moment
from streams.tables.shop_days import ShopDayProcessor

TODAY = 20_779
NOW = TODAY * DAY + 4 * 3_600 * SECOND
KEPT_DAYS = 102
"""As many as are kept of a shop whose lines look back 37 days."""

AHEAD = 2
"""Days ahead on which orders are due already."""

SHOP = ("douyin", "s-1")
_METER = 'extends = "douyin-2026-07-09"\n'
LINES = """
[meter]
valid_scans = 2
[[lines]]
name = "late_10_days"
orders = "late"
percent = 4
comparator = "ge"
window = { days = 10 }
[[lines]]
name = "late_30_days"
orders = "late"
percent = 4
comparator = "ge"
window = { days = 30 }
[[lines]]
name = "untracked_30_days"
orders = "untracked"
percent = 5
comparator = "gt"
window = { days = 30, lag_days = 3 }
[[lines]]
name = "delivered_late_30_days"
orders = "delivered_late"
percent = 10
comparator = "gt"
window = { days = 30, lag_days = 7 }
[[lines]]
name = "cancelled_7_days"
orders = "cancelled"
percent = 2.5
comparator = "ge"
window = { days = 7 }
"""


class States:
    """One partition's rows in RocksDB, as the engine gives them to the processor."""

    def __init__(self, folder: Path) -> None:
        self.store = PartitionStore.open(folder, store_memory(64 << 20))

    def get_many(self, _table: str, _partition: int, keys: list[bytes]) -> list[bytes | None]:
        """The stored rows."""
        return self.store.get_many(keys)


class Scene:
    """A shop with its history, and orders that come in."""

    def __init__(self, folder: Path, lines: str, orders: int, products: int, seed: int) -> None:
        (folder / "pack").mkdir(parents=True)
        (folder / "pack" / "own.toml").write_text(_METER + lines, encoding="utf-8")
        self.further = bool(lines)
        self.products = products
        self.random = Random(seed)
        self.offset = 0
        self.now = NOW
        self.states = States(folder / "store")
        self.processor = ShopDayProcessor(Topics(), 1, load([folder / "pack"]), self.states)
        rows = [self.row(day, orders, products) for day in range(TODAY - KEPT_DAYS, TODAY + AHEAD)]
        self.states.store.write(
            [Put(row_key(*SHOP, row.day), dump(row), row.due, 0) for row in rows]
        )
        self.bytes = {
            "today": len(dump(rows[-AHEAD])),
            "past": len(dump(rows[0])),
        }

    def row(self, day: int, orders: int, products: int) -> ShopDay:
        """A day of so many orders, and of as many products."""
        row = new_row(*SHOP, day, Meter())
        number = len(MEASURES) if self.further else 5
        row.counts = [orders if n % 2 == 0 else orders // 50 for n in range(number)]
        row.revision, row.applied = 1, 0
        if row.day > TODAY - 65:
            each = max(1, orders // products)
            row.products = {f"{n:013d}": ProductCounts(each, 0) for n in range(products)}
        return row

    def change(self) -> ContributionChange:
        """An order that comes in: due tomorrow, paid, uploaded and picked up today."""
        self.offset += 1
        due = TODAY + AHEAD - 1
        further: tuple[Further, ...] = ()
        if self.further:
            further = (CONFIRMED, TODAY, True), (DELIVERY_DUE, due, False), (PAID, TODAY, False)
        product = f"{self.random.randrange(self.products):013d}"
        products = (product,)
        new = Contribution(*SHOP, due, TODAY, products=products, further=further)
        return ContributionChange(f"{self.offset:018d}", None, new)

    def told(self, changes: int) -> tuple[float, int, int, int]:
        """A chunk of changes and the tick that publishes: seconds of CPU, records, their bytes, and
        those of a change."""
        value = dump_message([self.change() for _ in range(changes)])
        self.now += SECOND // 2
        record = Record(self.offset, self.now // 1_000, None, value, ())
        chunk = Chunk(Topics().meter_totals, 0, record.offset, record.offset, [record])
        began = time.process_time()
        self.happen(self.processor.step(chunk, Moment(self.now, self.now)))
        self.now += SECOND // 2
        effects = Effects(topic="ticks", partition=0)
        due = self.states.store.due(self.now, 1_000)
        self.processor.tick(0, due, Moment(self.now, self.now), effects)
        self.happen(effects)
        took = time.process_time() - began
        shop = [output for output in effects.outputs if output.topic == Topics().shop_risk]
        size = sum(len(output.value or b"") for output in shop)
        return took, len(shop), size, len(value) // changes

    def happen(self, effects: Effects) -> None:
        """Write what the processor wants stored."""
        puts = effects.puts.get("meters", [])
        if puts:
            self.states.store.write(puts)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=40_000, help="a day (default %(default)s)")
    parser.add_argument("--products", type=int, default=2_000, help="a day (default %(default)s)")
    parser.add_argument("--changes", type=int, default=20, help="a chunk (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=200, help="chunks (default %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scenes = {
            what: Scene(Path(name) / what, lines, options.orders, options.products, 1)
            for what, lines in (("without", ""), ("with", LINES))
        }
        first = {what: scene.told(options.changes) for what, scene in scenes.items()}
        took: dict[str, list[float]] = {what: [] for what in scenes}
        last = first
        for _ in range(options.rounds):
            for what, scene in scenes.items():
                last = {**last, what: scene.told(options.changes)}
                took[what].append(last[what][0])
    for what, scene in scenes.items():
        _, records, size, change = last[what]
        print(
            f"{what:8} lines: {median(took[what]) * 1e6:8,.0f} µs of CPU a chunk and tick "
            f"(the first after an assignment {first[what][0] * 1e6:,.0f}), "
            f"{records} records of {size // max(1, records):,} B; a change of an order {change} B; "
            f"a row {scene.bytes['today']:,} B, of {KEPT_DAYS} days ago {scene.bytes['past']} B"
        )


if __name__ == "__main__":
    main()
