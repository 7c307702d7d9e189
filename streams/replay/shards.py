"""A replay by several processes, each with a machine of its own for some of the components.

One process reads, as a replay always does, and hands each arrival to the process that judges it;
the others are told whose feed it was. So all machines together do what one would do, arrival by
arrival, and nothing crosses between them.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from heapq import merge
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import msgspec

from streams.decode.names import Names
from streams.facts.facts import OrderVersion, StockFact, TrackingFact
from streams.inputs.files import NO_TIME, BadLine
from streams.inputs.sources.scope import Scope
from streams.judge.evaluate import RuleFailure
from streams.judge.warnings import Revision
from streams.profiles.model import Profiles
from streams.replay.components import Components, order_key, parcel_key
from streams.replay.history import Arrival, Source, arrivals
from streams.replay.machine import Machine, carrier_of, is_heard
from streams.replay.namesakes import Numbered, numbered
from streams.replay.seen import Seen

_TOGETHER = 2_000
"""Arrivals that are handed over at once."""

_AHEAD = 4
"""Batches that a process has been handed and has not answered yet, at most: neither it nor the
reader ever waits for the other to take an answer."""

Encode = Callable[[Revision, str], bytes]
"""A warning as it is written, with what it says of its carrier's feed."""

_Item = tuple[int, OrderVersion | None, TrackingFact | None, str]
"""When something arrives (µs), and what: an order's version, a fact, or another's carrier."""


class _Batch(msgspec.Struct):
    items: list[_Item]
    until: int | None = None
    """Given: nothing comes after these, and the clock ends here."""


class _Warning(msgspec.Struct):
    id: str
    line: bytes


class _Judged(msgspec.Struct):
    """What a process has found in the end, part by part; `more`: there is another part."""

    warnings: list[_Warning]
    numbers: list[Numbered]
    failures: list[str]
    more: bool


_dump = msgspec.msgpack.Encoder().encode
_load_batch = msgspec.msgpack.Decoder(_Batch).decode
_load_places = msgspec.msgpack.Decoder(list[int]).decode
_load_judged = msgspec.msgpack.Decoder(_Judged).decode


class ShardFailed(RuntimeError):
    """A process of the replay has ended before its time."""


class Shards:
    """The processes, which wait for a history from the start; `close` ends them."""

    def __init__(self, number: int, profiles: Profiles, encode: Encode) -> None:
        context = multiprocessing.get_context("fork")
        self._shards: list[tuple[Connection, BaseProcess]] = []
        self.failures: list[str] = []
        """The rules that raised, in words."""
        self.numbers: list[Numbered] = []
        """The parcels that there are in the end."""
        for _ in range(number):
            ours, theirs = context.Pipe()
            # Held by another process too, the end of ours would be noticed by nobody.
            others = [ours, *(connection for connection, _ in self._shards)]
            process = context.Process(
                target=_judge, args=(theirs, others, profiles, encode), daemon=True
            )
            process.start()
            theirs.close()
            self._shards.append((ours, process))

    def close(self) -> None:
        """End them, however far they are."""
        for connection, process in self._shards:
            connection.close()
            process.terminate()
            process.join()

    def play(
        self,
        files: Iterable[Source],
        until: int | None,
        reject: Callable[[BadLine], None],
        progress: Callable[[int], None],
        components: Components,
        *,
        scope: Scope | None,
        seen: Seen,
        names: Names,
    ) -> None:
        """What `streams.replay.history.play` does. Raises OSError, Unreadable and ShardFailed."""
        waiting: deque[_Handed] = deque()
        batch = _Handed(len(self._shards), components)

        def bad(line: BadLine) -> None:
            batch.entries.append(line)

        last = NO_TIME
        for each in arrivals(files, until, bad, progress, scope, seen, names):
            last = each.at
            batch.add(each)
            if batch.arrivals == _TOGETHER:
                self._hand_over(batch, None)
                waiting.append(batch)
                batch = _Handed(len(self._shards), components)
                if len(waiting) == _AHEAD:
                    self._take_answers(waiting.popleft(), reject)
        self._hand_over(batch, last if until is None else until)
        waiting.append(batch)
        for each_batch in waiting:
            self._take_answers(each_batch, reject)

    def warnings(self) -> Iterator[bytes]:
        """The newest of each warning, by id, after `play`; then `failures` and `numbers` are whole.
        Raises ShardFailed."""
        for found in merge(*(self._found(each) for each in self._shards), key=lambda each: each.id):
            yield found.line

    def _hand_over(self, batch: _Handed, until: int | None) -> None:
        for (connection, process), items in zip(self._shards, batch.items, strict=True):
            try:
                connection.send_bytes(_dump(_Batch(items, until)))
            except OSError as error:
                raise _ended(process) from error

    def _take_answers(self, batch: _Handed, reject: Callable[[BadLine], None]) -> None:
        """Reject what was no message, and what the processes had no room for, as it came."""
        refused = {
            places[number]
            for shard, places in zip(self._shards, batch.places, strict=True)
            for number in _load_places(_received(shard))
        }
        for place, entry in enumerate(batch.entries):
            if isinstance(entry, BadLine):
                reject(entry)
            elif place in refused:
                reject(entry.refused())

    def _found(self, shard: _Shard) -> Iterator[_Warning]:
        more = True
        while more:
            part = _load_judged(_received(shard))
            yield from part.warnings
            self.numbers += part.numbers
            self.failures += part.failures
            more = part.more


_Shard = tuple[Connection, BaseProcess]


class _Handed:
    """Arrivals on their way to the processes that judge them.

    `entries` has all that was read, in its order; `items` what each process is handed, `places`
    where that stands among the entries.
    """

    def __init__(self, shards: int, components: Components) -> None:
        self._components = components
        self.entries: list[BadLine | Arrival] = []
        self.arrivals = 0
        self.items: list[list[_Item]] = [[] for _ in range(shards)]
        self.places: list[list[int]] = [[] for _ in range(shards)]

    def add(self, arrival: Arrival) -> None:
        """One more."""
        fact, place = arrival.fact, len(self.entries)
        if isinstance(fact, StockFact):
            return  # no warning looks at stock; what does, one process counts
        self.entries.append(arrival)
        self.arrivals += 1
        carrier = ""
        item: _Item
        if isinstance(fact, OrderVersion):
            key = order_key(fact.order_id)
            item = arrival.at, fact, None, ""
        else:
            key = parcel_key(fact.key)
            item = arrival.at, None, fact, ""
            if is_heard(fact):
                carrier = carrier_of(fact)
        mine = self._components.shard(key, len(self.items))
        for shard, (items, places) in enumerate(zip(self.items, self.places, strict=True)):
            if shard == mine:
                items.append(item)
                places.append(place)
            elif carrier:
                items.append((arrival.at, None, None, carrier))
                places.append(place)


def said(failure: RuleFailure) -> str:
    """A rule that raised, in words."""
    return f"rule {failure.rule} failed on {failure.subject}: {failure.error!r}"


def _received(shard: _Shard) -> bytes:
    connection, process = shard
    try:
        return connection.recv_bytes()
    except (OSError, EOFError) as error:
        raise _ended(process) from error


def _ended(process: BaseProcess) -> ShardFailed:
    process.join()
    return ShardFailed(f"one of its processes has ended (status {process.exitcode})")


def _judge(
    connection: Connection, others: Sequence[Connection], profiles: Profiles, encode: Encode
) -> None:
    """What a process does."""
    # Ctrl-C ends the reader, and its end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Live states are thousands of objects without cycles; looking for some costs a tenth.
    gc.freeze()
    gc.disable()
    for other in others:
        other.close()
    newest: dict[str, tuple[Revision, str]] = {}

    def publish(revision: Revision) -> None:
        word = machine.feeds.word(revision.finding.parcel, revision.detected_at)
        newest[revision.warning_id] = revision, word

    machine = Machine(profiles, publish)
    with suppress(EOFError, OSError):  # the reader is gone
        until = None
        while until is None:
            batch = _load_batch(connection.recv_bytes())
            refused = [place for place, item in enumerate(batch.items) if not _taken(machine, item)]
            if batch.until is not None:
                machine.advance(batch.until)
            connection.send_bytes(_dump(refused))
            until = batch.until
        latest = sorted(newest.items())
        found = (_Warning(key, encode(revision, word)) for key, (revision, word) in latest)
        while some := list(islice(found, _TOGETHER)):
            connection.send_bytes(_dump(_Judged(some, [], [], True)))
        numbers = iter(numbered(machine))
        while several := list(islice(numbers, _TOGETHER)):
            connection.send_bytes(_dump(_Judged([], several, [], True)))
        failures = [*map(said, machine.failures)]
        connection.send_bytes(_dump(_Judged([], [], failures, False)))


def _taken(machine: Machine, item: _Item) -> bool:
    """Let something arrive; False where there is no room for it."""
    now, version, fact, carrier = item
    if version is not None:
        return machine.order(version, now)
    if fact is not None:
        return machine.tracking(fact, now)
    machine.advance(now - 1)
    machine.feeds.hear({carrier: 1}, now)
    return True
