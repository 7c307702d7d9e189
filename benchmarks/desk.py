"""How quick a desk is over many warnings: rows a second taken in, answers by HTTP, memory.

    .venv/bin/python benchmarks/desk.py --database sqlite --warnings 1000000
    .venv/bin/python benchmarks/desk.py --url sqlite:////tmp/desk.sqlite  # filled where it is empty

What is asked goes to a real `shipsentry desk serve`. PostgreSQL is Debian's, started here with its
own settings but for 512 MB of shared buffers.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from confluent_kafka import Producer
from sqlalchemy import func, insert, select, text

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.ports import free_port  # noqa: E402 - found by the path above
from support.postgres_server import PostgresServer  # noqa: E402

from streams.demo.broker import EmbeddedCluster  # noqa: E402
from streams.desk.access import tokens, users  # noqa: E402
from streams.desk.access.secrets import digest, new_secret  # noqa: E402
from streams.desk.access.who import Role  # noqa: E402
from streams.desk.actions.perform import Act, perform  # noqa: E402
from streams.desk.database.database import (  # noqa: E402
    Database,
    newest_cursor,
    sequence,
    sqlite_url,
)
from streams.desk.database.database import insert as upsert  # noqa: E402
from streams.desk.database.migrate import upgrade  # noqa: E402
from streams.desk.database.sums import COUNTS  # noqa: E402
from streams.desk.database.tables import offsets, outbox, sessions, warnings  # noqa: E402
from streams.desk.database.tables import users as user_rows  # noqa: E402
from streams.desk.intake.messages import warning  # noqa: E402
from streams.desk.intake.write import Origin, Read, Taken, write  # noqa: E402
from streams.engine.kafka.topics import Topics  # noqa: E402
from streams.facts.times import DAY, HOUR, MINUTE, iso  # noqa: E402

BATCH = 2_000
"""As many as a desk reads at a time by default."""
PARTITIONS = 12
PATIENCE_S = 120.0
AIM_MS = 150.0
TOPICS = Topics()

RULES = {
    "ship_overdue": 24, "pickup_overdue": 20, "inactive_after_pickup": 18, "transit_stalled": 12,
    "delivery_overdue": 10, "address_mismatch": 5, "recalled": 4, "duplicate_tracking_number": 3,
    "repeated_track": 2, "tracked_before_paid": 1, "cloned_track": 0.7, "reshipped_while_late": 0.3,
}  # fmt: skip
CLOCKS = frozenset(tuple(RULES)[:5])
PLATFORMS = {"douyin": 45, "taobao": 25, "tmall": 18, "pinduoduo": 8, "tiktok": 3, "ebay": 1}
CARRIERS = {
    "zto": 24, "yto": 20, "sto": 14, "yunda": 14, "jtexpress": 11, "sf": 8, "ems": 4, "deppon": 2,
    "jd": 2, "cainiao": 1,
}  # fmt: skip
SHOPS = 300
LARGEST_SHOP = 0.4
"""The part of all warnings that one shop has; the others share the rest by Zipf's law."""
ENDED = 5
"""One warning that stands no more beside so many that stand."""
ACTED = {"acknowledge": 0.03, "snooze": 0.01, "assign": 0.01, "hand_over": 0.003}
"""The part of what stands that somebody has done something about."""


def drawn(weights: Mapping[str, float], dice: random.Random) -> str:
    """One of the names, by weight."""
    return dice.choices(tuple(weights), tuple(weights.values()))[0]


_others = sum(1 / n for n in range(1, SHOPS))
SHOP_SUMS = list(
    itertools.accumulate(
        [LARGEST_SHOP, *((1 - LARGEST_SHOP) / n / _others for n in range(1, SHOPS))]
    )
)
_of_shop = random.Random(7)
SHOP_PLATFORMS = ["douyin", *(drawn(PLATFORMS, _of_shop) for _ in range(1, SHOPS))]


def shop_of(dice: random.Random) -> int:
    """The number of a shop."""
    return dice.choices(range(SHOPS), cum_weights=SHOP_SUMS)[0]


def order_id(number: int, dice: random.Random) -> str:
    """An order's id: 19 digits, or of one in twenty shops with Chinese letters before them."""
    digits = f"{dice.randrange(10**15):015d}"
    return f"网店订单-{digits}" if number % 20 == 7 else f"6920{digits}"


def made(number: int, now: int, dice: random.Random) -> dict[str, Any]:
    """A warning; few shops, rules and carriers have most of them."""
    shop = shop_of(dice)
    rule = drawn(RULES, dice)
    deadline = now + dice.randrange(-10 * DAY, 3 * DAY)
    state = "open" if deadline > now else "breached"
    if number % (ENDED + 1) == ENDED:
        state = "resolved"
    strike = dice.random() < 0.2
    exposure = {"kind": "strike"} if strike else {
        "kind": "compensation", "currency": "CNY", "least": 300,
        "most": int(dice.lognormvariate(7.5, 1.2)) + 300,
    }  # fmt: skip
    carrier = drawn(CARRIERS, dice)
    serious = rule in CLOCKS and dice.random() < 0.15
    return {
        "schema_version": 1,
        "warning_id": sha256(str(number).encode()).hexdigest()[:32],
        "revision": now // 1000 + number,
        "state": state,
        "rule": rule,
        "stage": "serious" if serious else "violation",
        "severity": "critical" if serious or strike else "warning" if rule in CLOCKS else "info",
        "profile": "douyin-2026-07-09",
        "platform": SHOP_PLATFORMS[shop],
        "shop_id": f"shop-{shop:04d}",
        "order_ids": [order_id(shop, dice) for _ in range(1 if number % 10 else 2)],
        "carrier": carrier,
        "tracking_number": f"{carrier.upper()[:2]}7{dice.randrange(10**12):012d}",
        "opened_at": iso(deadline - 6 * HOUR),
        "deadline": iso(deadline),
        "breached_at": iso(deadline) if deadline <= now else None,
        "resolved_at": iso(min(deadline + HOUR, now)) if state == "resolved" else None,
        "detected_at": iso(min(now, deadline + (HOUR if state == "resolved" else 0))),
        "exposure": exposure,
        "message": {"zh": "揽收后超过 24 小时没有更新。" * 3, "en": "No update after pickup. " * 6},
        "remedy": {"zh": "请联系快递公司。" * 3, "en": "Ask the carrier where the parcel is. " * 3},
        "evidence": {"started_at": iso(deadline - DAY), "limit_hours": 24, "records": [
            {"topic": "tracking-update", "partition": 0, "offset": number, "status": "picked_up",
             "occurred_at": iso(deadline - DAY)}]},
        "feed": "ok",
    }  # fmt: skip


def encoded(value: dict[str, Any]) -> bytes:
    """As a worker publishes it."""
    return msgspec.json.encode(value)


def fill(database: Database, standing: int, now: int) -> float:
    """Write so many warnings that stand, and those that ended, as the intake does.

    Seconds of decoding and writing.
    """
    dice = random.Random(1)
    many = standing + standing // ENDED
    taken = Taken("benchmark", 0, 1)
    with database.writing() as connection:
        connection.execute(
            upsert(connection, offsets),
            {"topic": "benchmark", "partition": 0, "topic_id": "", "next_offset": 0, "epoch": 1,
             "owner": "benchmark"},
        )  # fmt: skip
    spent = 0.0
    for begin in range(0, many, BATCH):
        end = min(many, begin + BATCH)
        values = [encoded(made(number, now, dice)) for number in range(begin, end)]
        started = time.perf_counter()
        reads = [
            Read(Origin("benchmark", 0, begin + n), len(value), warning(None, value, 1 << 20))
            for n, value in enumerate(values)
        ]
        with database.writing() as connection:
            write(connection, reads, [(taken, begin, end)], now)
        spent += time.perf_counter() - started
    return spent


_COPY = "substr(warning_id, {k} + 1) || substr(warning_id, 1, {k})"
_NUMBER = "substr(tracking_number, 1, 3) || {digits}"
_DUE = "{shift} * CASE state WHEN 'open' THEN 1 ELSE -1 END"
_COPIED = {
    "warning_id": _COPY,
    "cursor": '"cursor" + {cursors}',
    "due_at": f"due_at + {_DUE}",
    "deadline": f"deadline + {_DUE}",
    "detected_at": "detected_at - {shift}",
    "tracking_number": _NUMBER,
    "search": f"lower({_NUMBER}) || ' ' || "
    "CASE substr(search, 17, 2) WHEN '网店' THEN '网店订单-' ELSE '6920' END || {digits}",
}
_COLUMNS = [column.name for column in warnings.c if column.name != "id"]
_WARNINGS = (
    f"INSERT INTO warnings ({', '.join(_COLUMNS)}) "  # noqa: S608 - of our own words
    f"SELECT {', '.join(_COPIED.get(name, name) for name in _COLUMNS)} "
    "FROM warnings WHERE id <= {first}"
)
_REVISIONS = (
    f"INSERT INTO revisions SELECT {_COPY}, revision, state, detected_at, "  # noqa: S608 - the same
    f"replace(value, warning_id, {_COPY}) FROM revisions "
    "WHERE warning_id IN (SELECT warning_id FROM warnings WHERE id <= {first})"
)
_DIGITS = {
    # The factor is odd and no multiple of 5, so each number becomes another one.
    "sqlite": "printf('%012d', CAST(substr(tracking_number, 4) AS BIGINT) * {factor} % {end})",
    "postgresql": "lpad((CAST(substr(tracking_number, 4) AS BIGINT) * {factor} % {end})::text, "
    "12, '0')",
}


def grow(database: Database, times: int) -> None:
    """Make the database so many times as large: copies of its warnings with other ids, numbers and
    deadlines, which takes a tenth of the time that it takes to read them."""
    with database.writing() as connection:
        cursors = newest_cursor(connection)
        first = connection.execute(select(func.max(warnings.c.id))).scalar_one()
        for k in range(1, times):
            digits = _DIGITS[connection.dialect.name].format(factor=10 * k + 1, end=10**12)
            given = {"k": k, "cursors": k * cursors, "shift": k * 97_000_000, "first": first}
            for statement in (_WARNINGS, _REVISIONS):
                connection.execute(text(statement.format(digits=digits, **given)))
        for table in COUNTS:
            connection.execute(table.update().values(n=table.c.n * times))
        sequence(connection, cursors * (times - 1))


def act(database: Database, standing: int, now: int) -> None:
    """Do something about some of what stands."""
    dice = random.Random(3)
    with database.reading() as connection:
        ids = list(
            connection.execute(
                select(warnings.c.warning_id).where(warnings.c.standing).order_by(warnings.c.due_at)
            ).scalars()
        )
    for kind, part in ACTED.items():
        # What is most overdue most of all: a list of what is left to do has to pass it by.
        many = int(standing * part)
        chosen = [ids[int(len(ids) * dice.random() ** 3)] for _ in range(many)]
        for begin in range(0, len(chosen), 200):
            wish = Act(
                kind=kind,  # type: ignore[arg-type] # it is one of them
                actor=f"user-{dice.randrange(20)}",
                until=now + dice.randrange(1, 72) * HOUR + dice.randrange(60) * MINUTE
                if kind == "snooze"
                else None,
                assignee=f"user-{dice.randrange(20)}" if kind == "assign" else None,
                manifest_id=f"m-{begin}" if kind == "hand_over" else None,
            )
            perform(database, chosen[begin : begin + 200], wish, now)
    with database.writing() as connection:
        connection.execute(outbox.delete())  # it is no benchmark of the relay


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if kind == "sqlite":
        yield sqlite_url(folder / "desk.sqlite")
        return
    with PostgresServer(fast=False, settings={"shared_buffers": "512MB"}) as server:
        yield server.database()


@dataclass(frozen=True, slots=True)
class Door:
    """How the desk is asked: its port, a token, and the cookie of a session."""

    port: int
    token: str
    cookie: str


def let_in(database: Database, port: int, now: int) -> Door:
    """A token and a session."""
    _, token = tokens.add(database, f"benchmark-{now}", Role.viewer, None, now)
    secret = new_secret()
    with database.writing() as connection:
        connection.execute(
            upsert(connection, user_rows).on_conflict_do_nothing(),
            {"name": "user-1", "password_hash": "-", "role": "operator", "shops": None,
             "made_at": now},
        )  # fmt: skip
        connection.execute(
            insert(sessions),
            {"session_hash": digest(secret), "user_name": "user-1", "csrf_hash": digest("c"),
             "made_at": now, "expires_at": now + DAY},
        )  # fmt: skip
    return Door(port, token, f"{users.COOKIE}={secret}")


class Client:
    """One connection that stays."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.answer = b""
        """What was answered last."""
        self._connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE_S)

    def get(self, path: str) -> float:
        """Milliseconds until all is answered; pages by the session, all else by the token."""
        api = path.startswith("/api/")
        headers = (
            {"Authorization": f"Bearer {self._door.token}"}
            if api
            else {"Cookie": self._door.cookie}
        )
        begin = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - begin) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:500]!r}")
        self.answer = body
        return took


@dataclass(slots=True)
class Served:
    """The desk's process."""

    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        """Seconds of CPU that it has used; a hundredth is the least."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> tuple[float, float]:
        """Its resident memory now and at most, MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if "VmRSS" in
                 line or "VmHWM" in line}  # fmt: skip
        return int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024


@contextmanager
def serving(cluster: EmbeddedCluster, url: str, port: int, folder: Path) -> Iterator[Served]:
    """`shipsentry desk serve` once it is ready."""
    environment = {
        **{name: value for name, value in os.environ.items() if "SHIPSENTRY_" not in name},
        "SHIPSENTRY_BOOTSTRAP_SERVERS": cluster.bootstrap,
        "SHIPSENTRY_DATA_DIR": str(folder),
        "SHIPSENTRY_DESK_DATABASE": url,
        "SHIPSENTRY_DESK_PORT": str(port),
    }
    with (folder / "desk.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "desk", "serve"],
            env=environment, stdout=log, stderr=log, cwd=ROOT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "desk.log").read_text()[-2000:])
            time.sleep(0.2)
        yield Served(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(port: int) -> bool:
    """Whether `/readyz` says so."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def three(dice: random.Random, *, rare: bool) -> dict[str, str]:
    """Three filters of six: values as frequent as they are, or each as likely as the next."""

    def of(weights: Mapping[str, float]) -> str:
        return dice.choice(tuple(weights)) if rare else drawn(weights, dice)

    shop = dice.randrange(SHOPS) if rare else shop_of(dice)
    choices = {
        "platform": of(PLATFORMS),
        "shop_id": f"shop-{shop:04d}",
        "rule": of(RULES),
        "severity": of({"critical": 32, "warning": 54, "info": 14}),
        "carrier": of(CARRIERS),
        "state": of({"open": 23, "breached": 77}),
    }
    return {name: choices[name] for name in dice.sample(sorted(choices), 3)}


def digits(dice: random.Random, n: int) -> str:
    """So many."""
    return "".join(dice.choices("0123456789", k=n))


def questions(numbers: Sequence[tuple[str, str]], ids: Sequence[str], newest: int) -> dict[
    str, Callable[[random.Random], str]
]:  # fmt: skip
    """The path of a question, by what is asked. `numbers` are search texts that there are, of
    tracking numbers and of orders; `ids` are warnings, `newest` is the greatest cursor."""
    api = "/api/v1/warnings"

    def asked(base: str, **parameters: str) -> str:
        return f"{base}?{urlencode(parameters)}"

    def part(dice: random.Random, place: str, n: int) -> str:
        number = dice.choice(numbers)[0]
        begin = {"start": 0, "middle": (len(number) - n) // 2, "end": len(number) - n}[place]
        return number[begin : begin + n]

    def chinese(dice: random.Random) -> str:
        return f"单-{digits(dice, 3)}"

    return {
        "list: to do, first page": lambda _: asked(api, attention="needed"),
        "list: newest first": lambda _: asked(api, order="newest"),
        "list: three filters": lambda d: asked(api, **three(d, rare=False)),
        "list: three rare filters": lambda d: asked(api, **three(d, rare=True)),
        "list: three filters, 500": lambda d: asked(api, limit="500", **three(d, rare=False)),
        "list: three filters, newest": lambda d: asked(api, order="newest", **three(d, rare=False)),
        "list: what ended": lambda d: asked(api, state="resolved", shop_id="shop-0000"),
        "list: by money": lambda d: asked(
            api, currency="CNY", most_from=str(int(d.lognormvariate(8.5, 1.2)))
        ),
        "text: start of a number, 6": lambda d: asked(api, q=part(d, "start", 6)),
        "text: middle, 3": lambda d: asked(api, q=part(d, "middle", 3)),
        "text: middle, 5": lambda d: asked(api, q=part(d, "middle", 5)),
        "text: end, 4": lambda d: asked(api, q=part(d, "end", 4)),
        "text: end, 8": lambda d: asked(api, q=part(d, "end", 8)),
        "text: a whole order": lambda d: asked(api, q=d.choice(numbers)[1]),
        "text: Chinese and 3 digits": lambda d: asked(api, q=chinese(d)),
        "text: Chinese, all of a shop": lambda _: asked(api, q="网店订单"),
        "text: nothing found": lambda d: asked(api, q="XX" + digits(d, 8)),
        "text and two filters": lambda d: asked(
            api, q=part(d, "middle", 4), rule=drawn(RULES, d), carrier=drawn(CARRIERS, d)
        ),
        "counts: to do": lambda _: asked(f"{api}/counts", attention="needed"),
        "counts: three filters": lambda d: asked(f"{api}/counts", **three(d, rare=False)),
        "counts: text, middle 3": lambda d: asked(f"{api}/counts", q=part(d, "middle", 3)),
        "counts: text, middle 5": lambda d: asked(f"{api}/counts", q=part(d, "middle", 5)),
        "counts: due within a day": lambda _: asked(
            f"{api}/counts", due_to=str(iso(time.time_ns() // 1000 + DAY))
        ),
        "counts: by money": lambda _: asked(f"{api}/counts", currency="CNY", most_from="1000"),
        "feed: 200 from anywhere": lambda d: asked(f"{api}/feed", since=str(d.randrange(newest))),
        "one warning": lambda d: f"{api}/{d.choice(ids)}",
        "console: first page": lambda _: "/warnings",
        "console: three filters": lambda d: asked("/warnings", **three(d, rare=False)),
        "console: search, 5": lambda d: asked("/warnings", q=part(d, "middle", 5)),
        "console: search, 3": lambda d: asked("/warnings", q=part(d, "middle", 3)),
        "console: due within 2 h": lambda _: asked("/warnings", due="2"),
        "console: due and two filters": lambda d: asked(
            "/warnings", due="24", rule=drawn(RULES, d), carrier=drawn(CARRIERS, d)
        ),
        "console: costs at least": lambda d: asked("/warnings", cost=str(d.randrange(1, 300))),
        "console: mine": lambda _: asked("/warnings", tab="mine"),
        "console: acknowledged": lambda _: asked("/warnings", tab="acknowledged"),
        "console: ended": lambda _: asked("/warnings", tab="ended"),
        "console: all": lambda _: asked("/warnings", tab="all"),
        "console: a warning": lambda d: f"/warnings/{quote(d.choice(ids))}",
        "console: shops": lambda _: "/shops",
    }


@dataclass(slots=True)
class Took:
    """Milliseconds of each answer, and the desk's CPU seconds for all of them."""

    waits: list[float] = field(default_factory=list)
    cpu: float = 0.0


def ask(client: Client, served: Served, path: str, took: Took) -> None:
    """Ask once."""
    before = served.cpu()
    took.waits.append(client.get(path))
    took.cpu += served.cpu() - before


def measured(
    client: Client, served: Served, asked: dict[str, Callable[[random.Random], str]], times: int
) -> dict[str, Took]:
    """Each question, asked in turn; the first of each are not counted."""
    dice = random.Random(2)
    took = {name: Took() for name in asked}
    for turn in range(-2, times):
        for name, path in asked.items():
            ask(client, served, path(dice), took[name] if turn >= 0 else Took())
    return took


def shown(took: dict[str, Took]) -> None:
    """Print them."""
    print("| question | p50 ms | p99 ms | most ms | CPU ms |")
    for name, each in took.items():
        cuts = statistics.quantiles(each.waits, n=100, method="inclusive")
        cpu = each.cpu * 1000 / len(each.waits)
        mark = "" if cuts[98] <= AIM_MS else " above the aim"
        figures = f"{cuts[49]:.0f} | {cuts[98]:.0f} | {max(each.waits):.0f} | {cpu:.0f}"
        print(f"| {name} | {figures} |{mark}", flush=True)


class Publishing:
    """Revisions of warnings that there are, published and taken in while others ask."""

    def __init__(self, cluster: EmbeddedCluster, client: Client, many: int, now: int) -> None:
        self._cluster, self._client, self._many, self._now = cluster, client, many, now
        self.rate = 0.0
        """Rows a second, once all are in."""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Publishing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def is_busy(self) -> bool:
        """Whether there is more to take in."""
        return self._thread.is_alive()

    def _run(self) -> None:
        dice = random.Random(5)
        values = [
            made(number, self._now, dice) | {"revision": self._now // 1000 + 10**9 + number}
            for number in range(self._many)
        ]
        records = [(value["warning_id"], encoded(value)) for value in values]
        producer = Producer({"bootstrap.servers": self._cluster.bootstrap, "linger.ms": 5})
        begin = time.perf_counter()
        for key, value in records:
            producer.produce(TOPICS.warnings, value, key)
            producer.poll(0)
        producer.flush(PATIENCE_S)
        while self._written() < self._many:
            if time.perf_counter() - begin > 10 * PATIENCE_S:
                return  # and the rate says 0
            time.sleep(0.05)
        self.rate = self._many / (time.perf_counter() - begin)

    def _written(self) -> int:
        self._client.get("/metrics")
        name = f'shipsentry_desk_records_total{{outcome="written",topic="{TOPICS.warnings}"}} '
        return sum(
            int(float(line.removeprefix(name)))
            for line in self._client.answer.decode().splitlines()
            if line.startswith(name)
        )


def size(database: Database) -> float:
    """GiB that the database takes."""
    query = "SELECT pg_database_size(current_database())"
    if database.is_sqlite:
        query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    with database.reading() as connection:
        return float(connection.execute(text(query)).scalar_one()) / 2**30


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--url", help="a database that stays; filled where it is empty")
    parser.add_argument("--warnings", type=int, default=1_000_000, help="that stand")
    parser.add_argument(
        "--times", type=int, default=300, help="that each question is asked; 0: only fill"
    )
    parser.add_argument("--more", type=int, default=20_000, help="revisions while others ask")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = given.url or stack.enter_context(opened(given.database, folder))
        database = Database(url)
        stack.callback(database.close)
        upgrade(database)
        now = time.time_ns() // 1000
        prepare(database, given.warnings, now)
        if not given.times:
            return
        with database.reading() as connection:
            some = connection.execute(
                select(warnings.c.warning_id, warnings.c.tracking_number, warnings.c.search)
                .where(warnings.c.standing)
                .limit(5_000)
            ).all()
            newest = newest_cursor(connection)
        numbers = [(row.tracking_number, row.search.split(" ")[1]) for row in some]
        asked = questions(numbers, [row.warning_id for row in some], newest)
        names = (TOPICS.orders, TOPICS.tracking, *TOPICS.outputs, TOPICS.actions)
        cluster = stack.enter_context(EmbeddedCluster(topics=dict.fromkeys(names, PARTITIONS)))
        port = free_port()
        door = let_in(database, port, now)
        served = stack.enter_context(serving(cluster, url, port, folder))
        before, _ = served.memory()
        print(f"load {os.getloadavg()[0]:.1f} before", flush=True)
        shown(measured(Client(door), served, asked, given.times))
        after, most = served.memory()
        print(f"memory: {before:.0f} MiB ready, {after:.0f} MiB now, {most:.0f} MiB at most")
        if given.more:
            with Publishing(cluster, Client(door), given.more, now) as publishing:
                client, dice = Client(door), random.Random(4)
                took = {name: Took() for name in DURING}
                while publishing.is_busy():
                    for name, each in took.items():
                        ask(client, served, asked[name](dice), each)
            print(f"while {given.more:,} revisions were taken in, {publishing.rate:,.0f} rows/s:")
            shown(took)
            print(f"memory: at most {served.memory()[1]:.0f} MiB")
        print(f"database {size(database):.2f} GiB; load {os.getloadavg()[0]:.1f} after")


DURING = ("console: first page", "list: three filters", "text: middle, 5")
"""What is asked while revisions are taken in."""


FIRST = 100_000
"""Warnings that are read; what is beyond them is copied from them."""


def prepare(database: Database, standing: int, now: int) -> None:
    """Fill the database if it is empty, and leave it as one that has run for a while."""
    with database.reading() as connection:
        if connection.execute(select(warnings.c.id).limit(1)).first() is not None:
            return
    first = min(standing, max(FIRST, standing // 30))
    spent = fill(database, first, now)
    many = first + first // ENDED
    print(f"the first {many:,} rows: {many / spent:,.0f} rows/s", flush=True)
    grow(database, standing // first)
    act(database, standing, now)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as each:
            each.execute(text("VACUUM ANALYZE"))  # as its own daemon does after a while


if __name__ == "__main__":
    main()
