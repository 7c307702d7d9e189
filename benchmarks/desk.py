"""How quick a desk is: rows a second from bytes to the database, and answers over many warnings.

    .venv/bin/python benchmarks/desk.py --database sqlite --warnings 1000000

PostgreSQL is Debian's, started here with its own settings but for 512 MB of shared buffers.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import text

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.postgres_server import PostgresServer  # noqa: E402 - found by the path above

from streams.desk.database import lists  # noqa: E402
from streams.desk.database.database import Database, insert, sqlite_url  # noqa: E402
from streams.desk.database.migrate import upgrade  # noqa: E402
from streams.desk.database.tables import offsets  # noqa: E402
from streams.desk.database.wanted import Wanted  # noqa: E402
from streams.desk.intake.messages import warning  # noqa: E402
from streams.desk.intake.write import Origin, Read, Taken, write  # noqa: E402
from streams.facts.times import DAY, HOUR, iso  # noqa: E402

NOW = 1_795_233_600_000_000
BATCH = 2_000
RULES = (
    *("ship_overdue", "pickup_overdue", "inactive_after_pickup", "transit_stalled"),
    *("delivery_overdue", "duplicate_tracking_number", "address_mismatch", "recalled"),
)
PLATFORMS = ("douyin", "taobao", "tmall")
CARRIERS = ("zto", "yto", "sto", "yunda", "sf", "jtexpress", "ems", "deppon", "jd", "cainiao")
SHOPS = 100
ASKED = 300
"""Questions of each kind."""


def made(number: int, dice: random.Random) -> dict[str, Any]:
    """A warning that stands, of one of SHOPS shops; a few rules and carriers have most of them."""
    shop = dice.randrange(SHOPS)
    rule = RULES[min(int(dice.expovariate(0.6)), len(RULES) - 1)]
    deadline = NOW + dice.randrange(-10 * DAY, 3 * DAY)
    most = dice.randrange(300, 50_000)
    return {
        "schema_version": 1,
        "warning_id": sha256(str(number).encode()).hexdigest()[:32],
        "revision": NOW // 1000 + number,
        "state": "open" if deadline > NOW else "breached",
        "rule": rule,
        "stage": "violation",
        "severity": dice.choice(("critical", "critical", "warning", "info")),
        "profile": "douyin-2026-07-09",
        "platform": PLATFORMS[shop % len(PLATFORMS)],
        "shop_id": f"s-{shop}",
        "order_ids": [f"49{dice.randrange(10**17):017d}"],
        "carrier": CARRIERS[min(int(dice.expovariate(0.4)), len(CARRIERS) - 1)],
        "tracking_number": f"78{dice.randrange(10**12):012d}",
        "opened_at": iso(deadline - 6 * HOUR),
        "deadline": iso(deadline),
        "breached_at": iso(deadline) if deadline <= NOW else None,
        "resolved_at": None,
        "detected_at": iso(min(NOW, deadline)),
        "exposure": {"kind": "compensation", "currency": "CNY", "least": 300, "most": most},
        "message": {"zh": "揽收后超过 24 小时没有更新。" * 3, "en": "No update after pickup. " * 6},
        "remedy": {"zh": "请联系快递公司。" * 3, "en": "Ask the carrier where the parcel is. " * 3},
        "evidence": {"started_at": iso(deadline - DAY), "limit_hours": 24, "records": [
            {"topic": "tracking-update", "partition": 0, "offset": number, "status": "picked_up",
             "occurred_at": iso(deadline - DAY)}]},
        "feed": "ok",
    }  # fmt: skip


def fill(database: Database, many: int) -> float:
    """Write so many warnings as the intake does; seconds of decoding and writing."""
    dice = random.Random(1)
    taken = Taken("t", 0, 1)
    with database.writing() as connection:
        connection.execute(
            insert(connection, offsets),
            {"topic": "t", "partition": 0, "topic_id": "", "next_offset": 0, "epoch": 1,
             "owner": "benchmark"},
        )  # fmt: skip
    spent = 0.0
    for begin in range(0, many, BATCH):
        end = min(many, begin + BATCH)
        values = [json.dumps(made(n, dice), ensure_ascii=False).encode() for n in range(begin, end)]
        started = time.perf_counter()
        reads = [
            Read(Origin("t", 0, begin + n), len(value), warning(None, value, 1 << 20))
            for n, value in enumerate(values)
        ]
        with database.writing() as connection:
            write(connection, reads, [(taken, begin, end)], NOW)
        spent += time.perf_counter() - started
        if end % 100_000 == 0:
            print(f"{end:>9} rows, {end / spent:,.0f} rows/s so far", flush=True)
    return spent


def filters(dice: random.Random) -> Wanted:
    """Three things to ask for, of five."""
    choices = {
        "platform": (dice.choice(PLATFORMS),),
        "shop_id": (f"s-{dice.randrange(SHOPS)}",),
        "rule": (dice.choice(RULES),),
        "severity": (dice.choice(("critical", "warning", "info")),),
        "carrier": (dice.choice(CARRIERS),),
    }
    asked: dict[str, Any] = {name: choices[name] for name in dice.sample(sorted(choices), 3)}
    return Wanted(**asked)


def questions(dice: random.Random) -> dict[str, Callable[[Any], object]]:
    """What is asked, by name."""

    def digits(n: int) -> str:
        return "".join(dice.choices("0123456789", k=n))

    return {
        "what stands, first page": lambda c: lists.page(c, Wanted(attention=True), NOW),
        "list with three filters": lambda c: lists.page(c, filters(dice), NOW),
        "list by money": lambda c: lists.page(
            c, Wanted(currency="CNY", most_from=dice.randrange(40_000, 50_000)), NOW
        ),
        "text, 3 digits": lambda c: lists.page(c, Wanted(text=digits(3)), NOW),
        "text, 5 digits": lambda c: lists.page(c, Wanted(text=digits(5)), NOW),
        "text, 8 digits": lambda c: lists.page(c, Wanted(text=digits(8)), NOW),
        "counts, no filter": lambda c: lists.counts(c, Wanted(attention=True), NOW),
        "counts with three filters": lambda c: lists.counts(c, filters(dice), NOW),
        "counts with text, 5 digits": lambda c: lists.counts(c, Wanted(text=digits(5)), NOW),
        "feed, 200 from anywhere": lambda c: lists.since(c, dice.randrange(10**5), None, 200),
    }


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    """An empty database."""
    if kind == "sqlite":
        database = Database(sqlite_url(folder / "desk.sqlite"))
        upgrade(database)
        yield database
        database.close()
        return
    with PostgresServer(fast=False, settings={"shared_buffers": "512MB"}) as server:
        database = Database(server.database())
        upgrade(database)
        yield database
        database.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--warnings", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, opened(given.database, Path(folder)) as database:
        spent = fill(database, given.warnings)
        print(f"ingest: {given.warnings / spent:,.0f} rows/s, {given.database}")
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as each:
            each.execute(text("ANALYZE"))
        dice = random.Random(2)
        for name, ask in questions(dice).items():
            took = []
            for _ in range(ASKED):
                begin = time.perf_counter()
                with database.reading() as connection:
                    ask(connection)
                took.append((time.perf_counter() - begin) * 1000)
            cuts = statistics.quantiles(took, n=100)
            print(f"{name:28} p50 {cuts[49]:7.1f} ms   p99 {cuts[98]:7.1f} ms", flush=True)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**30
        if given.database == "postgresql":
            with database.reading() as connection:
                query = text("SELECT pg_database_size(current_database())")
                size = connection.execute(query).scalar_one() / 2**30
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(f"memory of the process at most {memory:,.0f} MiB, database {size:.2f} GiB")


if __name__ == "__main__":
    main()
