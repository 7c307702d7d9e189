"""Two desks on one PostgreSQL, killed again and again: does the database equal the topic?

    .venv/bin/python -m tests.faults.desk --seed 14 --revisions 100000 --kills 10

The seed chooses revisions, actions, whom a kill strikes and when. While revisions are published and
taken in, and somebody acts on warnings by the API, desks are ended by kill -9 and the broker is
restarted. In the end database, `warning-actions` and what was answered are compared. Exit status 1
where they differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from confluent_kafka import Consumer, Producer, TopicPartition
from faults.cluster import PROGRAM, SMALL_JVM, wait_for
from faults.workers import Supervisor, Worker
from kafka_server import KafkaServer
from sqlalchemy import Table, func, select
from support.desk import an_id, warned
from support.ports import free_port
from support.postgres_server import PostgresServer

from schemas.warning_action import WarningAction
from streams.desk.access import tokens
from streams.desk.access.who import Role
from streams.desk.actions.ledger import as_work
from streams.desk.actions.perform import Act, _action_id
from streams.desk.database.database import Database
from streams.desk.database.migrate import upgrade
from streams.desk.database.sums import COUNTS
from streams.desk.database.tables import actions, offsets, outbox, revisions, warnings, work
from streams.desk.database.wanted import DIMENSIONS
from streams.engine.kafka.topics import Topics
from streams.facts.times import HOUR, iso

TOPICS = Topics()
PARTITIONS = 4
DESKS = ("d1", "d2")
Kind = Literal["acknowledge", "snooze", "comment", "assign"]
KINDS: tuple[Kind, ...] = ("acknowledge", "acknowledge", "snooze", "comment", "assign")
ACTOR = "token:faults"
READY_S = 120.0
END_S = 300.0
STATES = ("open", "breached", "resolved")
REPEATED = 0.02
"""The part of revisions that are published twice, as a worker does that was killed."""


@dataclass(frozen=True)
class Options:
    """What a campaign is made of."""

    seed: int
    revisions: int = 100_000
    kills: int = 10
    session_s: int = 6


@dataclass
class Result:
    """What came of it: figures, and what differed, by kind."""

    options: Options
    figures: dict[str, Any] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing differed."""
        return not any(self.found.values())


class Acting:
    """Somebody who acts on warnings by the API of any desk, and asks again where none answers."""

    def __init__(
        self, ports: list[int], token: str, known: Callable[[], int], dice: random.Random
    ) -> None:
        self._ports, self._token, self._known, self._dice = ports, token, known, dice
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="acting", daemon=True)
        self.done: set[str] = set()
        """The ids of all actions that were answered."""
        self.asked = self.again = 0

    def __enter__(self) -> Acting:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            known = self._known()
            if known:
                self._act(known)

    def _act(self, known: int) -> None:
        dice = self._dice
        kind: Kind = dice.choice(KINDS)
        now = time.time_ns() // 1_000
        wish: dict[str, Any] = {
            "kind": kind,
            "request_id": f"r-{self.asked}",
            "warning_ids": [an_id(dice.randrange(known)) for _ in range(dice.randrange(1, 6))],
        }
        if kind == "snooze":
            wish["until"] = iso(now + HOUR)
        elif kind == "comment":
            wish["comment"] = f"comment {self.asked}"
        elif kind == "assign":
            wish["assignee"] = "li"
        self.asked += 1
        while True:  # until it is answered: whether it was done is not known before
            answer = self._post(dice.choice(self._ports), wish)
            if answer is not None:
                act = Act(kind, ACTOR, request_id=wish["request_id"])
                self.done |= {_action_id(wish["request_id"], act, each) for each in answer["done"]}
                return
            self.again += 1
            time.sleep(0.2)

    def _post(self, port: int, wish: dict[str, Any]) -> dict[str, Any] | None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/actions",
            json.dumps(wish).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as got:  # noqa: S310 - loopback
                answer: dict[str, Any] = json.load(got)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            return None
        except (OSError, ValueError):
            return None
        return answer


def history(many: int, dice: random.Random) -> list[dict[str, Any]]:
    """Revisions in the order in which they are published: three of each warning, some twice."""
    third = max(1, many // 3)
    now = time.time_ns() // 1_000
    made = [
        warned(
            number % third,
            1 + number // third,
            STATES[number // third % 3],
            shop_id=f"s-{number % 5}",
            deadline=now + (number % 48 - 24) * HOUR,
        )
        for number in range(many)
    ]
    return [
        value for each in made for value in ([each, each] if dice.random() < REPEATED else [each])
    ]


def run(options: Options, folder: Path, say: Callable[[str], object]) -> Result:
    """Run a campaign; `folder` keeps the desks' logs."""
    dice = random.Random(options.seed)
    result = Result(options)
    values = history(options.revisions, dice)
    began = time.monotonic()
    with ExitStack() as stack:
        kafka = KafkaServer(data_dir=folder / "kafka", jvm_options=SMALL_JVM)
        stack.enter_context(kafka)
        for topic in (TOPICS.orders, TOPICS.tracking, *TOPICS.outputs, TOPICS.actions):
            kafka.create_topic(topic, PARTITIONS)
        server = stack.enter_context(PostgresServer())
        url = server.database()
        database = Database(url)
        stack.callback(database.close)
        upgrade(database)
        _, token = tokens.add(database, "faults", Role.operator, None, time.time_ns() // 1_000)
        supervisor = stack.enter_context(Supervisor())
        for name in DESKS:
            supervisor.workers[name] = _desk(name, kafka, url, folder, options)
            supervisor.workers[name].start()
        desks = list(supervisor.workers.values())
        wait_for(lambda: all(each.is_ready() for each in desks), READY_S, "desks to be ready")
        producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 5, "log_level": 0,
                             "error_cb": lambda _error: None})  # fmt: skip
        sent = 0
        acting = Acting(
            [each.port for each in desks],
            token,
            lambda: min(sent, options.revisions // 3),
            random.Random(options.seed + 1),
        )
        steps = options.kills + 1
        with acting:
            for step in range(steps):
                begin, end = sent, len(values) * (step + 1) // steps
                for value in values[begin:end]:
                    producer.produce(
                        TOPICS.warnings, json.dumps(value).encode(), value["warning_id"]
                    )
                    producer.poll(0)
                sent = end
                if step == steps // 2:
                    say(f"{time.monotonic() - began:7.1f} s  the broker is restarted")
                    kafka.kill_node(1)
                    kafka.restart_node(1)
                if step == options.kills:
                    break
                goal = begin + dice.randrange((end - begin) // 10, (end - begin) // 2)
                wait_for(lambda goal=goal: _read(database) >= goal, END_S, f"{goal} to be read")
                desk = dice.choice(desks)
                say(f"{time.monotonic() - began:7.1f} s  {desk.name} is killed")
                desk.kill()
                time.sleep(dice.uniform(0, options.session_s / 2))
                desk.start()
            left = producer.flush(END_S)
            if left:
                raise RuntimeError(f"{left} records were not published")
            wait_for(lambda: _read(database) >= len(values), END_S, "all to be read")
        wait_for(lambda: _count(database, outbox) == 0, END_S, "actions to be published")
        statuses = {each.name: each.stop() for each in desks}
        result.figures = {
            "seconds": round(time.monotonic() - began),
            "revisions": options.revisions,
            "kills": options.kills,
            "desks that ended by themselves": len(supervisor.ends),
            "requests": acting.asked,
            "asked again": acting.again,
            "actions answered": len(acting.done),
        }
        result.found = {
            "ended": [f"{end.worker}: {end.said}" for end in supervisor.ends]
            + [f"{name}: status {status}" for name, status in statuses.items() if status != 0]
        }
        # What is on the topic, and no more than that: a record may be there twice.
        values = [json.loads(value) for value in _published(kafka, TOPICS.warnings)]
        messages = [
            WarningAction.model_validate_json(value) for value in _published(kafka, TOPICS.actions)
        ]
        _compare_warnings(database, values, result)
        _compare_actions(database, acting.done, messages, result)
    return result


def _desk(name: str, kafka: KafkaServer, url: str, folder: Path, options: Options) -> Worker:
    port = free_port()
    settings = {
        "SHIPSENTRY_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "SHIPSENTRY_DESK_DATABASE": url,
        "SHIPSENTRY_DESK_PORT": str(port),
        "SHIPSENTRY_DESK_BATCH_RECORDS": "500",
        "SHIPSENTRY_SESSION_TIMEOUT_S": str(options.session_s),
        "SHIPSENTRY_DELIVERY_TIMEOUT_S": str(options.session_s - 1),
        "SHIPSENTRY_HEARTBEAT_S": "1",
    }
    return Worker(name, PROGRAM, settings, folder / name, port=port, arguments=("desk", "serve"))


def _read(database: Database) -> int:
    """How many records of warnings are in the database."""
    query = select(func.coalesce(func.sum(offsets.c.next_offset), 0))
    with database.reading() as connection:
        return int(connection.execute(query.where(offsets.c.topic == TOPICS.warnings)).scalar_one())


def _count(database: Database, table: Any) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _published(kafka: KafkaServer, topic: str) -> list[bytes]:
    """All that is on a topic, partition by partition."""
    reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "verdict"})
    places = [TopicPartition(topic, number, 0) for number in range(PARTITIONS)]
    left = sum(reader.get_watermark_offsets(place, 30)[1] for place in places)
    reader.assign(places)
    found: list[bytes] = []
    while len(found) < left:
        records = reader.consume(5_000, 30.0)
        if not records:
            raise RuntimeError(f"{len(found)} of {left} records of {topic} could be read")
        found += [record.value() or b"" for record in records]
    reader.close()
    return found


def _compare_warnings(database: Database, values: list[dict[str, Any]], result: Result) -> None:
    newest: dict[str, tuple[int, str]] = {}
    every = set()
    for value in values:
        every.add((value["warning_id"], value["revision"]))
        newest[value["warning_id"]] = max(
            newest.get(value["warning_id"], (0, "")), (value["revision"], value["state"])
        )
    with database.reading() as connection:
        rows = connection.execute(select(warnings)).mappings().all()
        kept = [
            tuple(row)
            for row in connection.execute(select(revisions.c.warning_id, revisions.c.revision))
        ]
        counts = {
            table.name: Counter(
                {
                    tuple(row[name] for name in _dimensions(table)): row["n"]
                    for row in connection.execute(select(table).where(table.c.n != 0)).mappings()
                }
            )
            for table in COUNTS
        }
    stands = {row["warning_id"]: (row["revision"], row["state"]) for row in rows}
    found = result.found
    found["newest revision is another"] = sorted(
        each for each in newest.keys() | stands.keys() if newest.get(each) != stands.get(each)
    )
    found["revision missing"] = [f"{each}" for each in every - set(kept)]
    found["revision twice or of nothing"] = [
        f"{each}" for each, n in Counter(kept).items() if n > 1 or each not in every
    ]
    found["records read"] = [] if _read(database) == len(values) else [str(_read(database))]
    for table in COUNTS:
        true = Counter(tuple(row[name] for name in _dimensions(table)) for row in rows)
        found[f"counts of {table.name}"] = [] if counts[table.name] == true else [table.name]
    result.figures |= {"records": len(values), "warnings": len(stands)}


def _dimensions(table: Table) -> list[str]:
    return [name for name in DIMENSIONS if name in table.c]


def _compare_actions(
    database: Database, answered: set[str], messages: list[WarningAction], result: Result
) -> None:
    with database.reading() as connection:
        audit = connection.execute(select(actions)).mappings().all()
        standing = {row["warning_id"]: row for row in connection.execute(select(work)).mappings()}
    found = result.found
    mine = {row["action_id"] for row in audit if row["kind"] != "lapse"}
    found["action answered and not in the audit"] = sorted(answered - mine)
    found["action in the audit that nobody asked for"] = sorted(mine - answered)
    ids = Counter(str(message.action.action_id) for message in messages)
    known = {row["action_id"] for row in audit}
    found["action not published"] = sorted(known - ids.keys())
    found["published and in no audit"] = sorted(ids.keys() - known)
    newest: dict[str, WarningAction] = {}
    backwards = []
    first: set[str] = set()
    for message in messages:
        before = newest.get(message.warning_id)
        if before is None or message.sequence > before.sequence:
            newest[message.warning_id] = message
        elif str(message.action.action_id) not in first:
            backwards.append(str(message.action.action_id))
        first.add(str(message.action.action_id))
    found["action overtaken by a later one"] = backwards
    found["what stands is another than the newest message says"] = [
        each
        for each, row in standing.items()
        if each not in newest or newest[each].work != as_work(row)
    ]
    result.figures |= {
        "actions in the audit": len(audit),
        "of them lapses": sum(row["kind"] == "lapse" for row in audit),
        "messages on warning-actions": len(messages),
        "published a second time": sum(ids.values()) - len(ids),
    }


def summary(result: Result) -> str:
    """What to read of it."""
    lines = [f"{name}: {value:,}" for name, value in result.figures.items()]
    for kind, each in result.found.items():
        if each:
            lines.append(f"NOT CLEAN, {kind}: {len(each)}, such as {', '.join(each[:3])}")
    lines.append("the database equals the topic" if result.is_clean else "they differ")
    return "\n".join(lines)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--revisions", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="where logs stay (default: a new folder)")
    given = parser.parse_args()
    folder = (given.keep or Path(tempfile.mkdtemp(prefix="faults-desk-"))).resolve()
    result = run(
        Options(given.seed, given.revisions, given.kills),
        folder,
        say=lambda line: print(line, flush=True),
    )
    (folder / "result.json").write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False))
    print(f"{summary(result)}\nload {os.getloadavg()[0]:.1f}; kept in {folder}")
    return 0 if result.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
