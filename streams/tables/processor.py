"""One processor a table: a batch of records in, effects out.

`step` is what happens to every chunk, in seven calls: decode → route → load → apply → reply → judge
→ collect. Subclasses say what each of their topics holds (`Intake`) and what is to be judged.
Nothing takes place here: outputs, states and counts are effects, which the engine makes real, or
drops when the partition was taken away meanwhile.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from streams.decode import Bad
from streams.engine.kafka.murmur2 import partitions_of
from streams.engine.kafka.origins import Origin, origin_of
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Chunk, Effects, Output, Put, Record
from streams.engine.kafka.unreadable import UNREADABLE
from streams.judge.evaluate import RuleFailure
from streams.judge.warnings import Revision
from streams.outputs.dead_letters import dead_letter
from streams.state.batch import Applied
from streams.state.codec import STORED, Codec, StateUnreadable, is_fact
from streams.tables.recover_shop_days import Sent
from streams.tables.recover_warnings import Recovered
from streams.telemetry.events import Limited, event
from streams.telemetry.metrics import (
    DEAD_LETTERS,
    LATE_FACTS,
    RECORDS,
    STATES_ENDED,
    STATES_UNREADABLE,
)

TOO_MANY = Bad(
    "too_many_facts",
    None,
    "there are too many facts of this one number or order: is it a placeholder?",
)

NOT_OURS = Bad(
    "processing_failed", None, "the record is none of the application's own: who wrote it here?"
)

NO_STATE = Bad("processing_failed", None, "what is stored of its key cannot be read")

log = logging.getLogger(__name__)


class Moment(NamedTuple):
    """When a chunk is worked on: the wall clock, and how far deadlines may fire (µs).

    `watermark` None: the partition is held; facts are applied, and judged when it goes on.
    `recovering` says that what a crash may have taken is read again meanwhile. `arrived` is the
    Kafka time of the newest record of a chunk of an input, 0: it is of none. After `latest` no
    state can have been changed, 0: that is not known.
    """

    now: int
    watermark: int | None
    recovering: bool = False
    arrived: int = 0
    latest: int = 0

    @property
    def heard(self) -> int:
        """When a chunk's facts were heard (µs), by the clock that makes deadlines fire.

        Where inputs lag, that clock is behind the record in hand, which came later than it shows.
        """
        if self.watermark is None:
            return self.now
        return max(self.watermark, min(self.arrived, self.now))


class Sizes(NamedTuple):
    """Bytes: the greatest input value that is processed, the greatest record that is written."""

    max_value: int = 1 << 20
    max_message: int = 4 << 20


class StateReader(Protocol):
    """Where states are read from; see the engine for how they get there."""

    def get_many(self, table: str, partition: int, keys: list[bytes]) -> Sequence[Any]:
        """The stored values of `keys`, None for those without one."""


class Decoded(NamedTuple):
    """The facts of a chunk in order: what each is about, and the position of its record."""

    names: list[Any]
    facts: list[Any]
    places: list[int]


class Batch(NamedTuple):
    """The facts of a chunk by what they are about (`names`, as bytes `keys`), in equal order."""

    names: list[Any]
    keys: list[bytes]
    facts: list[list[Any]]
    places: list[list[int]]


class Judged(msgspec.Struct, frozen=True, gc=False):
    """A state that changed, and what is to be stored and published of it.

    `known` is what was published of it before, by what the state says itself and by what a crash
    made it forget; `before` only what the stored state said. `ended`: it is forgotten. `messages`
    are what the tables that count shops' days must hear.
    """

    key: bytes
    state: Any
    old_due: int
    ended: bool = False
    before: Sequence[Any] = ()
    known: Sequence[Any] = ()
    revisions: Sequence[Revision] = ()
    failures: Sequence[RuleFailure] = ()
    messages: Sequence[Any] = ()


class Intake(NamedTuple):
    """What a topic brings: how it is decoded, what it makes of states, and whose records they are.

    `repartition` is the topic to which records go that are not at home here; None: all are at home,
    since we wrote them. `source` is the input whose records were sent home to this topic.
    `counted`: they are inputs, counted by what became of them.
    """

    decode: Callable[[Chunk, Moment, Effects], Decoded]
    apply: Callable[[Batch, Sequence[Any], int, int], list[Applied[Any]]]
    repartition: str | None = None
    source: str | None = None
    counted: bool = False


class Processor:
    """What the processors of all tables have in common."""

    table: str
    """The name of the table that it keeps."""

    def __init__(
        self,
        topics: Topics,
        partitions: int,
        states: StateReader,
        sizes: Sizes = Sizes(),  # noqa: B008  immutable
        codec: Codec = STORED,
    ) -> None:
        self.topics = topics
        self.partitions = partitions
        self.states = states
        self.sizes = sizes
        self.codec = codec
        self.letter_values = True
        """Whether dead letters hold the keys and values of records."""
        self.lines = Limited()
        """Keeps floods out of the log: dead letters by topic, failures by rule."""
        self.intakes: dict[str, Intake] = {}
        """Topic → what it brings."""

    def step(self, chunk: Chunk, moment: Moment) -> Effects:
        """What a chunk of one of its topics changes."""
        effects = Effects(topic=chunk.topic, partition=chunk.partition)
        intake = self.intakes[chunk.topic]
        if intake.repartition is not None:
            moment = moment._replace(arrived=chunk.records[-1].timestamp_ms * 1_000)
        decoded = intake.decode(chunk, moment, effects)
        batch = self.route(decoded)
        batch, stored = self.load(batch, chunk, intake, moment, effects)
        try:
            states = self.opened(stored)
        except StateUnreadable:
            batch, stored = self.readable(batch, stored, chunk, intake, moment, effects)
            states = self.opened(stored)
        applied = self.follow(batch, states, intake, moment, effects)
        self.count(chunk, intake, batch, applied, moment, effects)
        return effects

    def follow(
        self,
        batch: Batch,
        states: Sequence[Any],
        intake: Intake,
        moment: Moment,
        effects: Effects,
    ) -> list[Applied[Any]]:
        """What facts change whose states are at hand: apply → reply → judge → collect."""
        reading = self.reading(effects.partition) if moment.recovering else 0
        applied = intake.apply(batch, states, moment.now, reading)
        self.reply(applied, effects)
        judged = self.judge(batch.keys, applied, moment, effects)
        self.collect(judged, effects)
        return applied

    # ---- the seven calls, but for `decode` and `apply`, which are the intake's

    def route(self, decoded: Decoded) -> Batch:
        """The facts by what they are about, in order of first mention."""
        groups: dict[Any, int] = {}
        batch = Batch([], [], [], [])
        names, keys, facts, places = batch
        for name, fact, place in zip(*decoded, strict=True):
            group = groups.get(name)
            if group is None:
                groups[name] = len(names)
                names.append(name)
                facts.append([fact])
                places.append([place])
            else:
                facts[group].append(fact)
                places[group].append(place)
        keys.extend(map(self.key_of, names))
        return batch

    def load(
        self, batch: Batch, chunk: Chunk, intake: Intake, moment: Moment, effects: Effects
    ) -> tuple[Batch, Sequence[Any]]:
        """What is stored of each key; facts whose key is not at home here are sent there, and not
        their records, which may hold anything; or refused where only a stranger can have put them
        here."""
        stored = self.states.get_many(self.table, chunk.partition, batch.keys)
        away = self.misrouted(batch.keys, stored, chunk.partition)
        if not away:
            return batch, stored
        home, kept, places = _without(away, batch, stored)
        if intake.repartition is None:
            gone = [place for _, _, place in places]
            self.refuse_all(gone, NOT_OURS, chunk, intake, moment, effects)
            return home, kept
        for key, fact, place in places:
            origin = origin_of(chunk, chunk.records[place], moment.now, source=None)
            effects.outputs.append(
                Output(
                    intake.repartition,
                    key,
                    self.codec.dump_message(fact),
                    headers=origin.headers(),
                )
            )
        effects.counts.add(RECORDS, chunk.topic, "sent_home", number=len(places))
        return home, kept

    def readable(
        self,
        batch: Batch,
        stored: Sequence[Any],
        chunk: Chunk,
        intake: Intake,
        moment: Moment,
        effects: Effects,
    ) -> tuple[Batch, Sequence[Any]]:
        """The batch without the keys whose states cannot be read; their records are refused."""
        unread = set()
        for key, old in zip(batch.keys, stored, strict=True):
            if old is not None and self.loaded(old, chunk.partition, effects) is None:
                unread.add(key)
        rest, kept, places = _without(unread, batch, stored)
        gone = [place for _, _, place in places]
        self.refuse_all(gone, NO_STATE, chunk, intake, moment, effects)
        return rest, kept

    def route_all(self, names: list[Any], facts: list[Any]) -> Batch:
        """Facts that came in no chunk, by what they are about."""
        return self.route(Decoded(names, facts, list(range(len(names)))))

    def reply(self, applied: Iterable[Applied[Any]], effects: Effects) -> None:
        """What other tables must hear of the applied facts."""
        raise NotImplementedError

    def judge(
        self,
        keys: Sequence[bytes],
        applied: Sequence[Applied[Any]],
        moment: Moment,
        effects: Effects,
    ) -> list[Judged]:
        """What is to be stored of changed states; of a table without rules, as they are."""
        return [
            Judged(key, each.state, each.old_due, ended=each.state is None)
            for key, each in zip(keys, applied, strict=True)
            if each.changed
        ]

    def collect(self, judged: Sequence[Judged], effects: Effects) -> None:
        """Make effects of what was judged."""
        dump = self.codec.dump
        puts = []
        for each in judged:
            if each.revisions or each.failures:
                self.publish(each, effects)
            state = each.state
            if each.ended:
                puts.append(Put(each.key, None, 0, each.old_due))
            else:
                puts.append(Put(each.key, dump(state), state.due, each.old_due))
        if puts:
            effects.puts.setdefault(self.table, []).extend(puts)

    # ---- what the calls need

    def key_of(self, name: Any) -> bytes:
        """The key of the state that a fact is about."""
        return name.encode() if isinstance(name, str) else bytes(name)

    def reading(self, partition: int) -> int:
        """A number that stands for this assignment of a partition; 0: the table needs none."""
        return 0

    def publish(self, judged: Judged, effects: Effects) -> None:
        """Add what is published of a state to the effects."""

    def load_state(self, value: Any) -> Any:
        """A stored state of this table. Raises StateUnreadable."""
        raise NotImplementedError

    def opened(self, stored: Sequence[Any]) -> list[Any]:
        """The states of a batch, all before the first is changed. Raises StateUnreadable."""
        load = self.load_state
        return [None if value is None else load(value) for value in stored]

    def loaded(self, value: Any, partition: int, effects: Effects) -> Any | None:
        """A stored state; None where it cannot be read, which is said and counted."""
        try:
            return self.load_state(value)
        except StateUnreadable as error:
            effects.counts.add(STATES_UNREADABLE, self.table)
            left_out = self.lines.admit(f"unreadable states of {self.table}")
            if left_out is not None:
                log.error(
                    "a state of %(table)s-%(partition)d cannot be read (%(error)s): it is left as "
                    "it is, and what is about it is refused",
                    event(
                        "state_unreadable",
                        table=self.table,
                        partition=partition,
                        error=error,
                        left_out=left_out,
                    ),
                )
            return None

    def all_loaded(
        self, partition: int, keys: Iterable[bytes], effects: Effects
    ) -> dict[bytes, tuple[Any, int]]:
        """The stored states of `keys` that there are and that can be read, each with its due
        time."""
        wanted = list(dict.fromkeys(keys))
        stored = self.states.get_many(self.table, partition, wanted) if wanted else ()
        found = {}
        for key, value in zip(wanted, stored, strict=True):
            state = None if value is None else self.loaded(value, partition, effects)
            if state is not None:
                found[key] = state, self.codec.due_of(value)
        return found

    def misrouted(self, keys: Sequence[bytes], stored: Sequence[Any], partition: int) -> set[bytes]:
        """The keys without a state that our partitioner would not have put on `partition`."""
        unknown = [key for key, old in zip(keys, stored, strict=True) if old is None]
        if not unknown:
            return set()
        homes = partitions_of(unknown, self.partitions)
        return {key for key, home in zip(unknown, homes, strict=True) if home != partition}

    def refuse(
        self, record: Record, origin: Origin, bad: Bad, effects: Effects, *, as_read: bool = True
    ) -> None:
        """Send what could not be processed to the dead letters, with reason and origin.

        `as_read`: the record is what was read at its origin, and not a fact made of that.
        """
        effects.counts.add(DEAD_LETTERS, origin.topic, bad.reason)
        effects.refused.append((record.offset, bad.reason))
        shown = self.letter_values and as_read
        effects.outputs.append(
            dead_letter(
                self.topics.dead_letters,
                record if as_read else record._replace(key=None, value=None),
                origin,
                bad,
                self.sizes.max_message if shown else 0,
            )
        )

    def refuse_all(
        self,
        places: Iterable[int],
        bad: Bad,
        chunk: Chunk,
        intake: Intake,
        moment: Moment,
        effects: Effects,
    ) -> None:
        """Refuse the records at some places of a chunk, each once."""
        for place in sorted(set(places)):
            record = chunk.records[place]
            origin = origin_of(chunk, record, moment.now, source=intake.source)
            as_read = intake.source is None or not is_fact(record.value)
            self.refuse(record, origin, bad, effects, as_read=as_read)

    def count(
        self,
        chunk: Chunk,
        intake: Intake,
        batch: Batch,
        applied: Sequence[Applied[Any]],
        moment: Moment,
        effects: Effects,
    ) -> None:
        """Refuse what found no room, and count an input's records by what became of them."""
        if intake.counted:
            new = late = known = 0
            for each, places in zip(applied, batch.places, strict=True):
                new += each.new
                late += each.late
                known += len(places) - each.new - each.late - len(each.refused)
                for number in each.refused:
                    record = chunk.records[places[number]]
                    origin = origin_of(chunk, record, moment.now, source=intake.source)
                    as_read = intake.source is None or not is_fact(record.value)
                    self.refuse(record, origin, TOO_MANY, effects, as_read=as_read)
            outcomes = (
                ("new", new),
                ("repeated", known),
                ("late", late),
                ("dead_letter", len(effects.refused)),
            )
            for outcome, number in outcomes:
                if number:
                    effects.counts[RECORDS, (chunk.topic, outcome)] = number
            if late:
                effects.counts[LATE_FACTS, (chunk.topic,)] = late
        if effects.refused:
            self._say_refused(chunk, effects)

    def _say_refused(self, chunk: Chunk, effects: Effects) -> None:
        """One line of the log for all that was refused of a chunk."""
        left_out = self.lines.admit(chunk.topic, len(effects.refused))
        if left_out is None:
            return
        offsets = [offset for offset, _ in effects.refused]
        log.warning(
            "%(records)d records of %(topic)s-%(partition)d, offsets %(first_offset)d to "
            "%(last_offset)d, are dead letters",
            event(
                "dead_letters",
                topic=chunk.topic,
                partition=chunk.partition,
                first_offset=min(offsets),
                last_offset=max(offsets),
                records=len(offsets),
                reasons=Counter(reason for _, reason in effects.refused),
                left_out=left_out,
            ),
        )

    def say_left_out(self) -> None:
        """What the log has left out and no line has said since; ticks ask."""
        for what, left_out in self.lines.late():
            log.warning(
                "%(left_out)d more of %(what)s were left out of the log",
                event("lines_left_out", what=what, left_out=left_out),
            )

    def messages(
        self,
        read: Callable[[bytes], Any],
        is_ours: Callable[[Record, Any], bool],
        chunk: Chunk,
        moment: Moment,
        effects: Effects,
    ) -> Iterable[tuple[int, Record, Any]]:
        """What another table sent, with its record; what it cannot have sent is refused."""
        for place, record in enumerate(chunk.records):
            value = record.value or b""
            try:
                message = read(value)
                (record.key or b"").decode()
                ours = len(value) <= self.sizes.max_message and is_ours(record, message)
            except UNREADABLE:
                ours = False
            if ours:
                yield place, record, message
            else:
                origin = origin_of(chunk, record, moment.now, source=None)
                self.refuse(record, origin, NOT_OURS, effects)

    def by_record_key(
        self, read: Callable[[bytes], Any], is_ours: Callable[[Record, Any], bool]
    ) -> Callable[[Chunk, Moment, Effects], Decoded]:
        """Decodes messages of another table that are about the key of their record."""

        def decode(chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
            decoded = Decoded([], [], [])
            names, facts, places = decoded
            for place, record, message in self.messages(read, is_ours, chunk, moment, effects):
                names.append(record.key or b"")
                facts.append(message)
                places.append(place)
            return decoded

        return decode

    def repartitioned(
        self,
        read: Callable[[bytes], Any],
        is_ours: Callable[[Record, Any], bool],
        name_of: Callable[[Any], str],
        former: Callable[[Chunk, Moment, Effects], Decoded],
    ) -> Callable[[Chunk, Moment, Effects], Decoded]:
        """Decodes facts that this table sent home; `former` the records that older releases did."""

        def decode(chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
            facts, records = _parted(chunk)
            decoded = Decoded([], [], [])
            for place, _, fact in self.messages(read, is_ours, facts.chunk, moment, effects):
                decoded.names.append(name_of(fact))
                decoded.facts.append(fact)
                decoded.places.append(facts.places[place])
            if records.places:
                names, found, places = former(records.chunk, moment, effects)
                decoded.names.extend(names)
                decoded.facts.extend(found)
                decoded.places.extend(records.places[place] for place in places)
            return decoded

        return decode

    # ---- assignments and the clock

    def recover(self, warnings: Recovered, sent: Sent, partitions: Iterable[int]) -> None:
        """Take over what was published and sent of states on `partitions`: an assignment begins."""

    def matched(self, partition: int) -> bool:
        """Whether states have taken over all that was published and sent of a partition."""
        return True

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, effects: Effects
    ) -> None:
        """Let happen what is due; a state without rules has nothing due but its end."""
        keys = [key for _, key in due]
        if moment.watermark is None or not keys:
            return
        due_of = self.codec.due_of
        stored = self.states.get_many(self.table, partition, keys)
        ended = [
            Judged(key, None, due_of(old), ended=True)
            for key, old in zip(keys, stored, strict=True)
            if old is not None and due_of(old) <= moment.watermark
        ]
        if ended:
            effects.counts.add(STATES_ENDED, self.table, number=len(ended))
        self.collect(ended, effects)


def _without(
    keys: set[bytes], batch: Batch, stored: Sequence[Any]
) -> tuple[Batch, Sequence[Any], list[tuple[bytes, Any, int]]]:
    """The batch without some keys, what is stored of the rest, and the facts of those, each with
    its key and the place of its record."""
    rest, kept = Batch([], [], [], []), []
    gone: list[tuple[bytes, Any, int]] = []
    for name, key, facts, places, old in zip(*batch, stored, strict=True):
        if key in keys:
            gone += [(key, fact, place) for fact, place in zip(facts, places, strict=True)]
            continue
        rest.names.append(name)
        rest.keys.append(key)
        rest.facts.append(facts)
        rest.places.append(places)
        kept.append(old)
    return rest, kept, gone


class _Part(NamedTuple):
    """Some records of a chunk, and where in it they are."""

    chunk: Chunk
    places: list[int]


def _parted(chunk: Chunk) -> tuple[_Part, _Part]:
    """The facts of a repartition topic, and the records as they were sent."""
    parts = []
    for wanted in (True, False):
        places = [at for at, each in enumerate(chunk.records) if is_fact(each.value) is wanted]
        records = [chunk.records[at] for at in places]
        part = Chunk(chunk.topic, chunk.partition, chunk.first_offset, chunk.last_offset, records)
        parts.append(_Part(part, places))
    return parts[0], parts[1]
