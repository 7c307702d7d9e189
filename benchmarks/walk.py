"""Counts the walk of one record through a worker: calls, files, and hops between rooms.

    .venv/bin/python -m benchmarks.walk             # three records, a line each
    .venv/bin/python -m benchmarks.walk --verbose   # and every hop, indented, with its function

A record goes from the agent's body (step, then submit) through the worker as `assemble` builds it:
the real engine, RocksDB in a temporary directory, a consumer and a producer of this file's own. The
commit that follows in the background is not of the walk.

A *room* is the first folder below `streams/`; `schemas` is one, and so is a file that lies loose in
`streams/`. A *hop* is a change of room at a call or at a return, so a round trip is two. Frames of
libraries, and of Python's own comprehensions, are looked through: they are in no room. A generator
is one call, with one way in and one way out, however often it is resumed. Rules are called by the
*judging loop*; its hops are counted apart, since there a room for rules is what one wants.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import json
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace
from typing import Any, NamedTuple

from faust.types import TP

from streams.app import assemble
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.transport import Start
from streams.engine.kafka.types import Chunk, Effects, Output, Record
from streams.engine.worker.commit import Committer
from streams.profiles.loader import load
from streams.state.codec import stored_form

JUDGING = ("streams.judge.parcels:evaluate", "streams.judge.orders:evaluate")
"""The functions that run the rules of one state; what they call is the judging loop."""

ENGINE = "engine"
"""The room whose calls are shown apart: what it does with a chunk is not the business of rules."""

AGENT = "agents"
"""The room that a record comes from, and where its walk ends."""

REPOSITORY = Path(__file__).resolve().parents[1]
ROOTS = {REPOSITORY / "streams": None, REPOSITORY / "schemas": "schemas"}
"""Where the project's code lies; None: the folder below names the room."""

LOOKED_THROUGH = frozenset(("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"))
"""Frames that only some versions of Python make."""

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHENZHEN = {"province": "广东省", "city": "深圳市"}
GUANGZHOU = {"province": "广东省", "city": "广州市"}
HANGZHOU = {"province": "浙江省", "city": "杭州市"}

Message = dict[str, Any]


# ---- counting


class Hop(NamedTuple):
    """One change of room: into the room `to` at a call of `function`, or back out of it."""

    depth: int
    back: bool
    room: str
    to: str
    function: str
    judging: bool


@dataclass
class Walk:
    """The walk of one record; `trace` is for `sys.setprofile`."""

    judging: frozenset[CodeType]
    calls: Counter[str] = field(default_factory=Counter)
    """Calls of the project's functions, by room."""
    files: set[str] = field(default_factory=set)
    hops: list[Hop] = field(default_factory=list)
    _stack: list[tuple[str, bool, bool]] = field(default_factory=lambda: [(AGENT, False, False)])
    _seen: set[FrameType] = field(default_factory=set)
    _rooms: dict[CodeType, str | None] = field(default_factory=dict)
    _depth: int = 0

    def trace(self, frame: FrameType, event: str, _: object) -> None:
        """A profile function: looks at calls and returns of the project's own code."""
        if event not in ("call", "return"):
            return
        code = frame.f_code
        if code not in self._rooms:
            self._rooms[code] = room_of(code)
        room = self._rooms[code]
        if room is None:
            return
        if event == "call":
            self._enter(frame, code, room)
        elif len(self._stack) > 1:
            self._leave(code, room)

    def counted(self, *, judging: bool) -> int:
        """How many hops are in the judging loop, or outside of it."""
        return sum(hop.judging == judging for hop in self.hops)

    def _enter(self, frame: FrameType, code: CodeType, room: str) -> None:
        caller, _, judging = self._stack[-1]
        is_new = frame not in self._seen
        if is_new:
            # Held: the address of a frame that is gone would be another frame's.
            self._seen.add(frame)
            self.calls[room] += 1
            self.files.add(code.co_filename)
            if room != caller:
                self.hops.append(Hop(self._depth, False, caller, room, _name(code), judging))
        self._depth += room != caller
        self._stack.append((room, is_new, judging or code in self.judging))

    def _leave(self, code: CodeType, room: str) -> None:
        _, is_new, _ = self._stack.pop()
        caller, _, judging = self._stack[-1]
        self._depth -= room != caller
        if is_new and room != caller:
            self.hops.append(Hop(self._depth, True, room, caller, _name(code), judging))


def room_of(code: CodeType) -> str | None:
    """The room of a function, None where it is not the project's or only Python's own making."""
    if code.co_name in LOOKED_THROUGH:
        return None
    path = Path(code.co_filename)
    for root, room in ROOTS.items():
        if path.is_relative_to(root):
            return room or path.relative_to(root).parts[0].removesuffix(".py")
    return None


def codes_of(names: Iterable[str]) -> frozenset[CodeType]:
    """The code of functions named `module:function`; raises SystemExit where there is none."""
    found = set()
    for name in names:
        module, _, function = name.partition(":")
        try:
            code = inspect.unwrap(getattr(importlib.import_module(module), function)).__code__
        except (ImportError, AttributeError) as error:
            raise SystemExit(f"JUDGING names {name!r}, which is not there: {error}") from error
        found.add(code)
    return frozenset(found)


def _name(code: CodeType) -> str:
    path = Path(code.co_filename).relative_to(REPOSITORY)
    return f"{path.as_posix().removeprefix('streams/')}:{code.co_qualname}"


# ---- a worker without Kafka


class _Delivered:
    """A producer whose records are delivered at once."""

    def __init__(self) -> None:
        self.sent: list[Output] = []
        self._states: Counter[str] = Counter()

    def produce(self, output: Output) -> None:
        self.sent.append(output)

    def produce_states(self, topic: str, partition: int, puts: Iterable[Any]) -> None:
        """Changelogs are of no interest here, but that they grow."""
        self._states[topic] += len(list(puts))

    def delivered(self, topic: str, partition: int) -> int:
        return self._states[topic] - 1

    async def flush(self) -> None:
        """There is nothing to wait for."""


async def _commit(*_: Any, **__: Any) -> None:
    """There is no group whose offsets could be committed."""


class Worker:
    """A worker of one partition: chunks go in by hand, what it says to itself comes back."""

    def __init__(self, folder: Path) -> None:
        self.topics = Topics()
        config = EngineConfig(
            app_id=self.topics.app_id, bootstrap="127.0.0.1:1", data_dir=folder, partitions=1
        )
        self._clock = int(NOW.timestamp()) * 1_000_000
        self.app = assemble(config, self.topics, load(), clock=lambda: self._clock)
        self.engine = self.app.engine
        self.producer = _Delivered()
        self._offsets: dict[TP, PartitionOffsets] = {}

    async def start(self) -> None:
        """Assign the partition, and let its deadlines go: nothing lies there unread."""
        engine = self.engine
        log = SimpleNamespace(end=0, at=float(NOW.timestamp()))
        thread = SimpleNamespace(log_state=lambda _: log)
        consumer: Any = SimpleNamespace(
            offsets=self._offsets,
            thread=thread,
            finished=lambda offsets, chunk: offsets.ack(chunk),
            force_commit=_commit,
        )
        engine.attach(SimpleNamespace(consumer=consumer, _consumer=consumer))
        changelogs = {name: f"{name}-changelog" for name in engine.tables}
        # The engine makes its committer when it connects to Kafka, and takes samples of a clock
        # that is given to it when it sends ticks; it does neither here.
        engine._committer = Committer(
            self.producer,
            engine.tables,
            changelogs,
            may_write=lambda _topic, _partition: True,
            on_damaged=engine.fail,
            on_failure=engine.fail,
            stored_form=stored_form,
        )
        engine._samples.append((0.0, self._clock))
        await engine._committer.start()
        for table in engine.tables.values():
            table.assign(0)
        engine.on_assigned({0}, 1, Start({}, {}, {}, {}), ())
        for _ in range(engine.config.watermark_rounds):
            engine.watermark.begin_round(0, {})
            engine.watermark_us(0)
        if engine.watermark_us(0) is None:
            raise RuntimeError("the partition is held: what a record does then is another walk")

    async def stop(self) -> None:
        """Close the stores."""
        self._offsets.clear()
        await self.engine.stop()

    async def send(self, message: Message) -> None:
        """Take in one message of an input, and all that the tables then tell each other."""
        await self._take(*self._input(message))
        await self.settle()

    async def walk(self, message: Message) -> tuple[Walk, Effects]:
        """The walk of one message, and what it came to; nothing that follows is in it."""
        found = Walk(codes_of(JUDGING))
        effects = await self._take(*self._input(message), found)
        await self.settle()
        return found, effects

    async def settle(self) -> None:
        """Read what was sent to topics of the worker's own, then let what is due happen."""
        topics = set(self.topics.consumed)
        for _ in range(100):
            waiting = [output for output in self.producer.sent if output.topic in topics]
            self.producer.sent.clear()
            for output in waiting:
                await self._take(output.topic, output.key, output.value)
            if not waiting:
                await self._take(self.topics.ticks, None, b"")
                if not self.producer.sent:
                    return
        raise RuntimeError("the tables do not come to an end with each other")

    def _input(self, message: Message) -> tuple[str, bytes, bytes]:
        if "order_id" in message:
            topic, key = self.topics.orders, message["order_id"]
        else:
            topic = self.topics.tracking
            key = f"{message['carrier']}:{message['tracking_number']}"
        return topic, key.encode(), json.dumps(message, ensure_ascii=False).encode()

    async def _take(
        self, topic: str, key: bytes | None, value: bytes | None, walk: Walk | None = None
    ) -> Effects:
        """One record goes through its agent's body and becomes durable; gives its effects."""
        offsets = self._offsets.setdefault(TP(topic, 0), PartitionOffsets(0))
        offset = offsets.position
        record = Record(offset, self._clock // 1_000, key, value)
        chunk = Chunk(topic, 0, offset, offset, [record])
        offsets.deliver(chunk, offset + 1)
        taken: list[Effects] = []
        accepted = self.engine.submit

        async def submit(chunk: Chunk, effects: Effects | None = None) -> None:
            taken.append(effects or Effects())
            await accepted(chunk, effects)

        name = "on-tick" if topic == self.topics.ticks else f"on-{topic}"
        (agent,) = (each for full, each in self.app.agents.items() if full.endswith(name))
        self.engine.submit = submit  # type: ignore[method-assign]  # to see what is submitted
        try:
            await agent.fun(_stream(chunk, walk))
        finally:
            sys.setprofile(None)
            self.engine.submit = accepted  # type: ignore[method-assign]
        if not await self.engine.committer.drain({0}, 10):
            raise RuntimeError(f"a record of {topic} does not become durable")
        (effects,) = taken
        return effects


async def _stream(chunk: Chunk, walk: Walk | None) -> AsyncIterator[Chunk]:
    """What an agent reads: one chunk; the walk is what its body does with it."""
    if walk is not None:
        sys.setprofile(walk.trace)
    yield chunk
    sys.setprofile(None)


# ---- the records


def _order(order_id: str) -> Message:
    return {
        "order_id": order_id,
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": (NOW - 20 * HOUR).isoformat(),
        "promised_ship_by": (NOW + 28 * HOUR).isoformat(),
        "recipient": {**SHENZHEN, "address_key": f"address-{order_id}"},
    }


def _scan(number: str, status: str, hours_ago: float, **fields: Any) -> Message:
    message = {"carrier": "zto", "tracking_number": number, "status": status}
    return {**message, "occurred_at": (NOW - hours_ago * HOUR).isoformat(), **fields}


def _story(order_id: str, number: str) -> list[Message]:
    """An order and its parcel, on its way."""
    return [
        _order(order_id),
        _scan(number, "ordered", 18, order_ids=[order_id]),
        _scan(number, "picked_up", 12, location=GUANGZHOU),
        _scan(number, "hub", 8, location=GUANGZHOU, description="a"),
    ]


def _opens(number: str) -> Message:
    """It arrives in another city than the buyer's."""
    return _scan(number, "arrived_dest_city", 1, location=HANGZHOU)


def _quiet(number: str) -> Message:
    """It passes one more hub."""
    return _scan(number, "hub", 2, location=GUANGZHOU, description="b")


class Case(NamedTuple):
    """One kind of record, its walk, and what it came to."""

    name: str
    walk: Walk
    warnings: int
    puts: int


async def measured(folder: Path) -> list[Case]:
    """The walks of three records. Each kind has gone once before, of another parcel: what is made
    once in a worker's life is made."""
    worker = Worker(folder)
    await worker.start()
    cases: list[Case] = []
    try:
        for round_number in range(2):
            one, two = f"7812345678{round_number}012", f"7812345678{round_number}029"
            for order_id, number in ((f"{round_number}1", one), (f"{round_number}2", two)):
                for message in _story(order_id, number):
                    await worker.send(message)
            cases = [
                _case("opens a warning", worker, *await worker.walk(_opens(one))),
                _case("changes no warning", worker, *await worker.walk(_quiet(two))),
                _case("an exact repeat", worker, *await worker.walk(_quiet(two))),
            ]
    finally:
        await worker.stop()
    return cases


def _case(name: str, worker: Worker, walk: Walk, effects: Effects) -> Case:
    warnings = sum(output.topic == worker.topics.warnings for output in effects.outputs)
    return Case(name, walk, warnings, sum(map(len, effects.puts.values())))


# ---- print


def table(cases: Iterable[Case]) -> str:
    """A line a record."""
    lines = [
        f"{'':20}{'calls':>7}{'of engine':>11}{'files':>7}{'hops':>6}{'judging':>9}{'outside':>9}"
    ]
    for name, walk, _, _ in cases:
        lines.append(
            f"{name:20}{walk.calls.total():7}{walk.calls[ENGINE]:11}{len(walk.files):7}"
            f"{len(walk.hops):6}{walk.counted(judging=True):9}{walk.counted(judging=False):9}"
        )
    return "\n".join(lines)


def path(walk: Walk) -> str:
    """The calls by room; then every hop, as deep as it lies, the judging loop's marked by a bar."""
    lines = [", ".join(f"{room} {calls}" for room, calls in walk.calls.most_common())]
    for hop in walk.hops:
        mark = "|" if hop.judging else " "
        if hop.back:
            lines.append(f"{mark} {'  ' * hop.depth}<- {hop.to}")
        else:
            lines.append(f"{mark} {'  ' * hop.depth}{hop.room} -> {hop.to}  {hop.function}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--verbose", action="store_true", help="print every hop as well")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        cases = asyncio.run(measured(Path(folder)))
    if options.verbose:
        for case in cases:
            print(f"{case.name}:\n{path(case.walk)}\n")
    print(table(cases))


if __name__ == "__main__":
    main()
