"""Two desks on one PostgreSQL tell people; they are killed again and again, channels misbehave.

    .venv/bin/python -m tests.faults.notify --seed 16 --revisions 100000 --kills 10
    .venv/bin/python -m tests.faults.notify --latency 40
    .venv/bin/python -m tests.faults.notify --outage 3600

While revisions are published and taken in, desks are ended by kill -9, and servers of webhooks
fail, ask to wait, hang, or answer when nobody listens any more. In the end each channel must have
been told of all that the routes ask for, and of nothing twice but by an equal key. `--latency`
measures instead how long a warning takes from Kafka to a card, by a robot like DingTalk's.
`--outage` lets that robot fail for so many seconds while warnings open and are resolved, and looks
at what comes once it works again. Exit status 1 where something differs.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from confluent_kafka import Producer
from faults.cluster import PROGRAM, SMALL_JVM, wait_for
from faults.desk import DESKS, END_S, PARTITIONS, READY_S, STATES, TOPICS, _count, _read
from faults.workers import Supervisor, Worker
from kafka_server import KafkaServer
from sqlalchemy import func, select
from support.desk import an_id, warned
from support.ports import free_port
from support.postgres_server import PostgresServer

from streams.desk.database.database import Database
from streams.desk.database.migrate import upgrade
from streams.desk.database.tables import notices, notifications
from streams.facts.times import HOUR, iso

SHOPS = 60
OUTAGE_SHOPS = 5
OUTAGE_EVERY_S = 5
MOST_A_MINUTE = 20
"""What DingTalk takes of a robot."""
OVER = "resolved"
TIMEOUT_S = 2
WAYS = ("steady", "failing", "throttling", "hanging", "late")
"""How servers behave: a tenth of requests fail, a fifth have to wait, a twentieth is never
answered, a tenth is taken and answered too late."""
DRAIN_S = 3_000.0


@dataclass
class Taken:
    """What servers took: of each channel its keys in order, and the bodies by key."""

    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    bodies: dict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))
    changed: list[str] = field(default_factory=list)
    """Keys that came again with another body."""
    asked: Counter[str] = field(default_factory=Counter)
    broken: set[str] = field(default_factory=set)
    """Ways on which every request fails now."""
    at: list[tuple[float, bytes]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, way: str, key: str, body: bytes) -> None:
        """A message was taken."""
        with self.lock:
            self.at.append((time.time(), body))
            self.keys[way].append(key)
            known = self.bodies[way].setdefault(key, body)
            if known != body:
                self.changed.append(f"{way} {key}")


@contextmanager
def serving(taken: Taken, dice: random.Random) -> Iterator[int]:
    """Servers of webhooks and a robot, at `/WAY` and `/robot`; the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            way = self.path.partition("?")[0].strip("/")
            with taken.lock:
                taken.asked[way] += 1
                luck = dice.random()
            if way in taken.broken or (way == "failing" and luck < 0.1):
                self._answer(502)
            elif way == "throttling" and luck < 0.2:
                self._answer(429)
            elif way == "hanging" and luck < 0.05:
                time.sleep(TIMEOUT_S * 2)
            else:
                taken.note(way, self.headers.get("webhook-id", ""), body)
                if way == "late" and luck < 0.1:
                    time.sleep(TIMEOUT_S * 1.5)
                self._answer(200)

        def _answer(self, status: int) -> None:
            said = b'{"errcode":0,"errmsg":"ok"}'
            try:
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                pass  # nobody waits for it any more

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def routes_file(folder: Path, port: int) -> Path:
    """Each way is told of everything by shop, the robot of each warning of `s-card` by itself."""
    (folder / "secret").write_text("whsec_" + base64.b64encode(bytes(range(32))).decode())
    lines = []
    for way in WAYS:
        (folder / way).write_text(f"http://127.0.0.1:{port}/{way}")
        lines += [
            f"[channels.{way}]",
            'type = "webhook"',
            f'url_file = "{folder / way}"',
            f'secret_file = "{folder / "secret"}"',
            f"timeout_s = {TIMEOUT_S}",
            "per_minute = 6000",
        ]
    (folder / "robot").write_text(f"http://127.0.0.1:{port}/robot?access_token=made-up-by-a-test")
    lines += ["[channels.robot]", 'type = "dingtalk"', f'url_file = "{folder / "robot"}"']
    lines += [
        "[routes.all]",
        f"channels = {json.dumps(list(WAYS))}",
        "wait_minutes = 0.1",
        f"shops = {json.dumps([f'douyin/s-{n}' for n in range(SHOPS)])}",
        "[routes.card]",
        'channels = ["robot"]',
        'shops = ["douyin/s-card"]',
        'group = "warning"',
        "wait_minutes = 0",
        "[routes.outage]",
        'channels = ["robot"]',
        f"shops = {json.dumps([f'douyin/o-{n}' for n in range(OUTAGE_SHOPS)])}",
        "wait_minutes = 0.1",
    ]
    path = folder / "routes.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def revision(number: int, third: int) -> dict[str, Any]:
    """The revisions in the order in which they are published: three of each warning."""
    now = time.time_ns() // 1_000
    return warned(
        number % third,
        1 + number // third,
        STATES[number // third % 3],
        shop_id=f"s-{number % third % SHOPS}",
        deadline=now + (1 + number % 48) * HOUR,
        detected_at=iso(now),
    )


@dataclass
class Office:
    """What a campaign works with."""

    kafka: KafkaServer
    database: Database
    desks: list[Worker]
    supervisor: Supervisor
    taken: Taken

    def producer(self) -> Producer:
        """Writes warnings."""
        return Producer({"bootstrap.servers": self.kafka.bootstrap, "linger.ms": 5, "log_level": 0})


@contextmanager
def opened(folder: Path, seed: int) -> Iterator[Office]:
    """Kafka, PostgreSQL, servers and two desks, all ready."""
    with ExitStack() as stack:
        kafka = KafkaServer(data_dir=folder / "kafka", jvm_options=SMALL_JVM)
        stack.enter_context(kafka)
        for topic in (TOPICS.orders, TOPICS.tracking, *TOPICS.outputs, TOPICS.actions):
            kafka.create_topic(topic, PARTITIONS)
        url = stack.enter_context(PostgresServer()).database()
        database = Database(url)
        stack.callback(database.close)
        upgrade(database)
        taken = Taken()
        port = stack.enter_context(serving(taken, random.Random(seed + 2)))
        file = routes_file(folder, port)
        supervisor = stack.enter_context(Supervisor())
        for name in DESKS:
            desk_port = free_port()
            settings = {
                "SHIPSENTRY_BOOTSTRAP_SERVERS": kafka.bootstrap,
                "SHIPSENTRY_DESK_DATABASE": url,
                "SHIPSENTRY_DESK_PORT": str(desk_port),
                "SHIPSENTRY_DESK_NOTIFY_FILE": str(file),
                "SHIPSENTRY_SESSION_TIMEOUT_S": "6",
                "SHIPSENTRY_DELIVERY_TIMEOUT_S": "5",
                "SHIPSENTRY_HEARTBEAT_S": "1",
            }
            supervisor.workers[name] = Worker(
                name, PROGRAM, settings, folder / name, port=desk_port, arguments=("desk", "serve")
            )
            supervisor.workers[name].start()
        desks = list(supervisor.workers.values())
        wait_for(lambda: all(each.is_ready() for each in desks), READY_S, "desks to be ready")
        yield Office(kafka, database, desks, supervisor, taken)


def campaign(
    seed: int, many: int, kills: int, folder: Path, say: Callable[[str], object]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Figures, and what differed by kind."""
    dice = random.Random(seed)
    began = time.monotonic()
    third = max(1, many // 3)
    many = 3 * third
    with opened(folder, seed) as office:
        producer = office.producer()
        for step in range(kills + 1):
            begin, end = many * step // (kills + 1), many * (step + 1) // (kills + 1)
            for number in range(begin, end):
                value = revision(number, third)
                producer.produce(TOPICS.warnings, json.dumps(value).encode(), value["warning_id"])
                producer.poll(0)
            if step == kills:
                break
            goal = begin + dice.randrange((end - begin) // 10, (end - begin) // 2)
            producer.flush(END_S)
            wait_for(lambda goal=goal: _read(office.database) >= goal, END_S, f"{goal} to be read")
            time.sleep(dice.uniform(0, 8))
            desk = dice.choice(office.desks)
            say(f"{time.monotonic() - began:7.1f} s  {desk.name} is killed")
            desk.kill()
            time.sleep(dice.uniform(0, 3))
            desk.start()
        producer.flush(END_S)
        wait_for(lambda: _read(office.database) >= many, END_S, "all to be read")
        say(f"{time.monotonic() - began:7.1f} s  all {many} revisions are read")
        wait_for(lambda: _left(office.database) == 0, DRAIN_S, "all to be told")
        statuses = {each.name: each.stop() for each in office.desks}
        figures = {
            "seconds": round(time.monotonic() - began),
            "revisions": many,
            "kills": kills,
            "notices": _count(office.database, notices),
            "notifications": _count(office.database, notifications),
            "requests": dict(office.taken.asked),
            "taken": {way: len(keys) for way, keys in office.taken.keys.items()},
            "taken again by an equal key": {
                way: len(keys) - len(set(keys)) for way, keys in office.taken.keys.items()
            },
        }
        found = {
            "desk ended": [f"{end.worker}: {end.said}" for end in office.supervisor.ends]
            + [f"{name}: status {status}" for name, status in statuses.items() if status != 0],
            "key with two bodies": office.taken.changed,
            **_compared(office.database, office.taken, third),
        }
        return figures, found


def _left(database: Database) -> int:
    """What is not told yet."""
    with database.reading() as connection:
        waiting = select(func.count()).where(notices.c.outcome == "waiting")
        queued = select(func.count()).where(notifications.c.state == "queued")
        return sum(int(connection.execute(each).scalar_one()) for each in (waiting, queued))


def _compared(database: Database, taken: Taken, third: int) -> dict[str, list[str]]:
    """What routes ask for against what servers took. Every warning is resolved in the end: whoever
    was told that it stood must have been told that it is over, and last."""
    found: dict[str, list[str]] = defaultdict(list)
    with database.reading() as connection:
        rows = connection.execute(
            select(
                notices.c.channel,
                notices.c.warning_id,
                notices.c.revision,
                notices.c.state,
                notices.c.outcome,
                notifications.c.key,
                notifications.c.state.label("sending"),
            )
            .join_from(
                notices,
                notifications,
                notifications.c.id == notices.c.notification_id,
                isouter=True,
            )
            .order_by(notices.c.id)
        ).all()
    told: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    first = {
        way: {key: n for n, key in reversed(list(enumerate(keys)))}
        for way, keys in taken.keys.items()
    }
    known: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.outcome == "in_notification":
            known[row.channel].add(row.key)
            if row.key not in taken.bodies[row.channel] or row.sending != "sent":
                found["asked for and not taken"].append(f"{row.channel} {row.key}")
            else:
                place = first[row.channel][row.key]
                told[row.channel, row.warning_id].append((place, row.state))
        elif row.outcome != "overtaken":
            found["neither told nor overtaken"].append(f"{row.channel} {row.warning_id}")
    for (channel, warning_id), states in told.items():
        said = [state for _, state in sorted(states)]
        if said != [state for state in STATES if state in said] or said[-1:] != [OVER]:
            found["told in another order, or not to the end"].append(
                f"{channel} {warning_id} {said}"
            )
        if len({place for place, _ in states}) != len(states):
            found["two states in one message"].append(f"{channel} {warning_id}")
    for way in WAYS:
        strangers = taken.bodies[way].keys() - known[way]
        found["taken and not asked for"] += [f"{way} {key}" for key in strangers]
        items: dict[tuple[str, int], set[str]] = defaultdict(set)
        for key, body in taken.bodies[way].items():
            for item in json.loads(body)["data"]["changed"]:
                warning = item["warning"]
                items[warning["warning_id"], warning["revision"]].add(key)
        twice = [f"{way} {item}" for item, keys in items.items() if len(keys) > 1]
        found["told twice by two keys"] += twice
    with database.reading() as connection:
        heard = connection.execute(select(func.count(func.distinct(notices.c.warning_id))))
        if (number := int(heard.scalar_one())) != third:
            found["warnings without a notice"].append(str(third - number))
    return dict(found)


def latency(many: int, folder: Path, say: Callable[[str], object]) -> dict[str, Any]:
    """From the moment that a warning is given to Kafka until the robot has its card, in seconds."""
    dice = random.Random(many)
    with opened(folder, many) as office:
        producer = office.producer()
        sent: dict[str, float] = {}
        for number in range(many):
            value = warned(
                f"card-{number}",
                shop_id="s-card",
                tracking_number=f"7900000000{number:04}",
                deadline=time.time_ns() // 1_000 + 6 * HOUR,
                detected_at=iso(time.time_ns() // 1_000),
            )
            sent[value["tracking_number"]] = time.time()
            producer.produce(TOPICS.warnings, json.dumps(value).encode(), value["warning_id"])
            producer.flush(END_S)
            time.sleep(dice.uniform(3.2, 5.2))
        wait_for(lambda: len(office.taken.at) >= many, END_S, "all cards")
        spans = []
        for at, body in office.taken.at:
            text = body.decode()
            (number_of,) = [each for each in sent if each in text]
            spans.append(at - sent[number_of])
        for each in office.desks:
            each.stop()
    cuts = quantiles(spans, n=100, method="inclusive")
    say(f"{many} cards")
    return {
        "cards": len(spans),
        "p50 s": round(cuts[49], 2),
        "p99 s": round(cuts[98], 2),
        "greatest s": round(max(spans), 2),
    }


def outage(
    seconds: int, folder: Path, say: Callable[[str], object]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Figures, and what differed: a robot fails for so many seconds, then works again.

    Every few seconds one warning opens, and every second of them is resolved a minute later.
    """
    found: dict[str, list[str]] = defaultdict(list)
    with opened(folder, seconds) as office:
        producer = office.producer()
        taken, opens = office.taken, max(2, seconds // OUTAGE_EVERY_S)
        plan = [(n * OUTAGE_EVERY_S, n, 1, "open") for n in range(opens)]
        plan += [(n * OUTAGE_EVERY_S + 60, n, 2, OVER) for n in range(0, opens, 2)]
        plan = [step for step in sorted(plan) if step[0] <= seconds]
        taken.broken.add("robot")
        began = time.monotonic()
        for at_s, number, turn, state in plan:
            time.sleep(max(0.0, began + at_s - time.monotonic()))
            now = time.time_ns() // 1_000
            value = warned(
                f"out-{number}",
                turn,
                state,
                shop_id=f"o-{number % OUTAGE_SHOPS}",
                tracking_number=f"7900000000{number:04}",
                deadline=now + 6 * HOUR,
                detected_at=iso(now),
            )
            producer.produce(TOPICS.warnings, json.dumps(value).encode(), value["warning_id"])
            producer.flush(END_S)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        failed = taken.asked["robot"]
        say(f"{failed} requests failed in {seconds} s; {len(plan)} revisions were published")
        if taken.at:
            found["taken while it failed"].append(str(len(taken.at)))
        taken.broken.clear()
        back = time.time()
        wait_for(lambda: _left(office.database) == 0, DRAIN_S, "all to be told")
        statuses = {each.name: each.stop() for each in office.desks}
        found["desk ended"] = [f"{name}: {status}" for name, status in statuses.items() if status]
        told = _told_of(office.database)
        latest = {an_id(f"out-{number}"): state for _, number, _, state in plan}
        for warning, state in latest.items():
            said = told.get(warning, [])
            if said[-1:] != [state] and not (state == OVER and not said):
                found["told in another order, or not to the end"].append(f"{warning} {said}")
        times = [at for at, _ in taken.at]
        most = max((sum(at <= each < at + 60 for each in times) for at in times), default=0)
        if most > MOST_A_MINUTE:
            found["more in a minute than the robot takes"].append(str(most))
        if not times:
            found["no card"].append("the robot works again")
    return {
        "revisions": len(plan),
        "requests that failed": failed,
        "cards afterwards": len(times),
        "most in a minute": most,
        "first card after s": round(min(times, default=back) - back, 1),
        "last card after s": round(max(times, default=back) - back, 1),
    }, found


def _told_of(database: Database) -> dict[str, list[str]]:
    """The states of each warning of which messages were sent, in the order in which they were."""
    query = (
        select(notices.c.warning_id, notices.c.state)
        .join(notifications, notifications.c.id == notices.c.notification_id)
        .where(notifications.c.state == "sent")
        .order_by(notifications.c.sent_at, notices.c.id)
    )
    told: dict[str, list[str]] = defaultdict(list)
    with database.reading() as connection:
        for row in connection.execute(query):
            told[row.warning_id].append(row.state)
    return told


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--revisions", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--latency", type=int, help="measure so many cards instead")
    parser.add_argument("--outage", type=int, help="let a robot fail for so many seconds instead")
    parser.add_argument("--keep", type=Path, help="where logs stay (default: a new folder)")
    given = parser.parse_args()
    folder = (given.keep or Path(tempfile.mkdtemp(prefix="faults-notify-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)

    def say(line: str) -> None:
        print(line, flush=True)

    if given.latency:
        say(json.dumps(latency(given.latency, folder, say)))
        say(f"load {os.getloadavg()[0]:.1f}; kept in {folder}")
        return 0
    figures, found = (
        outage(given.outage, folder, say)
        if given.outage
        else campaign(given.seed, given.revisions, given.kills, folder, say)
    )
    for name, value in figures.items():
        say(f"{name}: {value}")
    wrong = {kind: each for kind, each in found.items() if each}
    for kind, each in wrong.items():
        say(f"NOT CLEAN, {kind}: {len(each)}, such as {', '.join(each[:3])}")
    say("all that routes ask for was told, once" if not wrong else "something differs")
    (folder / "result.json").write_text(json.dumps({"figures": figures, "found": found}, indent=1))
    say(f"load {os.getloadavg()[0]:.1f}; kept in {folder}")
    return 0 if not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
