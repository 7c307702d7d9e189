"""What the orders' side and the parcels' side of the pipeline have in common."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from secrets import randbits
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from streams.decode import Bad
from streams.engine.kafka.murmur2 import partitions_of
from streams.engine.kafka.origins import Origin, origin_of
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Chunk, Output, Record, Work, Write
from streams.judge.feeds import Feeds
from streams.judge.judgement import Judgement
from streams.judge.shadows import shadowed
from streams.judge.warnings import Revision, RuleFailure
from streams.outputs.dead_letters import dead_letter
from streams.outputs.message import encode_warning
from streams.profiles.model import Profiles
from streams.state.state import OrderState, ParcelState, Published, due_of, encode
from streams.tables.notes import Changed, firsts
from streams.tables.recover_shop_days import Said, SaidDays, SaidShares, remind_said
from streams.tables.recover_warnings import Recalled, remind
from streams.telemetry.events import Limited, event
from streams.telemetry.metrics import (
    DEAD_LETTERS,
    LATE_FACTS,
    RECORDS,
    RULE_FAILURES,
    SHADOW_REVISIONS,
    STATES_ENDED,
    WARNINGS,
)

TOO_MANY = Bad(
    "too_many_facts",
    None,
    "there are too many facts of this one number or order: is it a placeholder?",
)

NOT_OURS = Bad(
    "processing_failed", None, "the record is none of the application's own: who wrote it here?"
)

MOST_SAID = 2_000
"""States that one tick reminds of what they told the meters, beside those that are due."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Moment(NamedTuple):
    """When a chunk is worked on: the wall clock, and how far the gate lets deadlines fire (µs).

    `gate` None: the partition is held; facts are taken in and judged when it opens.
    """

    now: int
    gate: int | None


class Sizes(NamedTuple):
    """Bytes: the greatest input value that is processed, the greatest record that is written."""

    max_value: int = 1 << 20
    max_message: int = 4 << 20


class StateReader(Protocol):
    """Where states are read from; see the engine for how they get there."""

    def get_many(self, table: str, partition: int, keys: list[bytes]) -> list[bytes | None]:
        """The stored values of `keys`, None for those without one."""


class Side:
    """One table's side: subclasses decode, absorb and tell; here is what happens around it.

    `shadows` are profiles that judge every order too, and are only counted: id → profiles.
    """

    table: str

    def __init__(
        self,
        topics: Topics,
        partitions: int,
        profiles: Profiles,
        states: StateReader,
        sizes: Sizes = Sizes(),  # noqa: B008  immutable
        feeds: Feeds | None = None,
    ) -> None:
        self.topics = topics
        self.partitions = partitions
        self.profiles = profiles
        self.states = states
        self.sizes = sizes
        self.feeds = feeds or Feeds()
        """Of the whole worker, where one is given: parcels tell it, all sides ask it."""
        self.shadows: Mapping[str, Profiles] = {}
        self.lines = Limited()
        """Keeps floods out of the log: dead letters by topic, failures by rule."""
        self._rejected: list[tuple[int, str]] = []
        self._recalled: dict[int, dict[bytes, dict[str, Published]]] = {}
        self._readings: dict[int, int] = {}
        self._said: dict[int, dict[bytes, SaidShares | SaidDays]] = {}

    def strangers(
        self, keys: Sequence[bytes], values: Sequence[bytes | None], partition: int
    ) -> set[bytes]:
        """The keys without a value that our partitioner would not have put on `partition`."""
        unknown = [key for key, value in zip(keys, values, strict=True) if value is None]
        homes = partitions_of(unknown, self.partitions)
        return {key for key, home in zip(unknown, homes, strict=True) if home != partition}

    def send_home(self, work: Work, topic: str, key: bytes, record: Record, origin: Origin) -> None:
        """Send a record to the partition of its key, with its origin."""
        work.outputs.append(Output(topic, key, record.value, headers=origin.headers()))

    def reject(self, work: Work, record: Record, origin: Origin, bad: Bad) -> None:
        """Send what could not be processed to the dead letters, with reason and origin."""
        DEAD_LETTERS.labels(topic=origin.topic, reason=bad.reason).inc()
        self._rejected.append((record.offset, bad.reason))
        work.outputs.append(
            dead_letter(self.topics.dead_letters, record, origin, bad, self.sizes.max_message)
        )

    def say_rejected(self, work: Work) -> None:
        """One line of the log for all that was rejected of a chunk."""
        rejected, self._rejected = self._rejected, []
        left_out = self.lines.admit(work.topic, len(rejected)) if rejected else None
        if left_out is None:
            return
        offsets = [offset for offset, _ in rejected]
        log.warning(
            "%(records)d records of %(topic)s-%(partition)d, offsets %(first_offset)d to "
            "%(last_offset)d, are dead letters",
            event(
                "dead_letters",
                topic=work.topic,
                partition=work.partition,
                first_offset=min(offsets),
                last_offset=max(offsets),
                records=len(rejected),
                reasons=Counter(reason for _, reason in rejected),
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

    def heard(
        self, work: Work, chunk: Chunk, moment: Moment, read: Callable[[bytes], T]
    ) -> dict[bytes, list[T]]:
        """What the other side said in a chunk, by key; what it cannot have said is rejected."""
        arrived: dict[bytes, list[T]] = {}
        for record in chunk.records:
            try:
                key = record.key or b""
                key.decode()
                said = read(record.value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError):
                origin = origin_of(chunk, record, moment.now, first_hand=True)
                self.reject(work, record, origin, NOT_OURS)
            else:
                arrived.setdefault(key, []).append(said)
        self.say_rejected(work)
        return arrived

    def count(self, topic: str, *, new: int, repeated: int, late: int, bad: int, away: int) -> None:
        """Count a chunk's records by what became of them."""
        for outcome, number in (
            ("new", new),
            ("repeated", repeated),
            ("late", late),
            ("dead_letter", bad),
            ("sent_home", away),
        ):
            if number:
                RECORDS.labels(topic=topic, outcome=outcome).inc(number)
        if late:
            LATE_FACTS.labels(topic=topic).inc(late)

    def recall(self, recalled: Recalled, partitions: Iterable[int]) -> None:
        """Take over what was published of states on `partitions`; see `tables.recover_warnings`.

        It is the beginning of an assignment.
        """
        for partition in partitions:
            self._recalled[partition] = recalled.get((self.table, partition), {})
            self._readings.pop(partition, None)

    def reading(self, partition: int) -> int:
        """A number that stands for this assignment of a partition, and for no other one."""
        if partition not in self._readings:
            self._readings[partition] = randbits(62) + 1
        return self._readings[partition]

    def recall_said(self, said: Said, partitions: Iterable[int]) -> None:
        """Take over what states on `partitions` told the meters; see `tables.recover_shop_days`."""
        for partition in partitions:
            self._said[partition] = said.get((self.table, partition), {})

    def conclude(
        self,
        work: Work,
        key: bytes,
        state: ParcelState | OrderState,
        old: bytes | None,
        moment: Moment,
    ) -> None:
        """Judge a changed state, or leave that to the tick after the gate opens; then write it."""
        stored = state.published
        recalled = self._recalled.get(work.partition)
        if recalled and key in recalled:
            remind(state, recalled.pop(key).values())
        said = self._said.get(work.partition)
        if said and key in said:
            remind_said(state, said.pop(key))
        old_due = 0 if old is None else due_of(old)
        if moment.gate is None:
            # What waits for the gate already keeps its place in the due index.
            state.due = old_due if 0 < old_due < moment.now else moment.now
        else:
            known = state.published
            judgement = self.judge(state, moment.gate, moment.now)
            work.notes += firsts(known, judgement.revisions)
            self.publish(work, judgement)
        if state.published is not stored:
            work.notes.append(Changed(stored, state.published))
        work.writes.setdefault(self.table, []).append(Write(key, encode(state), state.due, old_due))

    def publish(self, work: Work, judgement: Judgement) -> None:
        """Add a judgement's revisions to the outputs; a failed rule is logged and counted."""
        for revision in judgement.revisions:
            feed = self.feeds.word(revision.finding.parcel, revision.detected_at)
            work.outputs.append(warning_output(self.topics.warnings, revision, feed))
        self._say_failed(judgement.failures, shadow=False)

    def with_shadows(
        self, state: ParcelState | OrderState, judgement: Judgement, gate: int
    ) -> Judgement:
        """The judgement of a state at `gate` (µs), after its shadow profiles were counted."""
        if not self.shadows:
            if state.shadow:
                state.shadow = []
            return judgement
        judgement, revisions, failures = shadowed(state, judgement, gate, self.shadows)
        for revision in revisions:
            found = revision.finding
            SHADOW_REVISIONS.labels(found.profile, found.rule, found.stage, found.state).inc()
        self._say_failed(failures, shadow=True)
        return judgement

    def _say_failed(self, failures: Sequence[RuleFailure], *, shadow: bool) -> None:
        """Count failed rules, and log one failure of each rule in a second."""
        for failure in failures:
            RULE_FAILURES.labels(rule=failure.rule).inc()
            left_out = self.lines.admit(f"rule {failure.rule}")
            if left_out is not None:
                log.error(
                    "rule %(rule)s failed and was passed over",
                    event("rule_failed", rule=failure.rule, shadow=shadow, left_out=left_out),
                    exc_info=failure.error,
                )

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, work: Work
    ) -> None:
        """Judge the states whose time has come; those at their end are deleted."""
        if moment.gate is None:
            return
        # Once the gate is open, every state has been read again that a crash had lost: what was
        # published of the others belongs to somebody else.
        recalled = self._recalled.pop(partition, None) or {}
        said = self._said.get(partition) or {}
        keys = list(dict.fromkeys([*(key for _, key in due), *recalled, *islice(said, MOST_SAID)]))
        if not keys:
            return
        writes = work.writes.setdefault(self.table, [])
        for key, value in zip(keys, self.states.get_many(self.table, partition, keys), strict=True):
            published, words = recalled.get(key), said.pop(key, None)
            if value is None:
                continue
            old_due = due_of(value)
            if old_due > moment.gate and published is None and words is None:
                continue
            state = self.decode(value)
            stored = state.published
            reminded = published is not None and remind(state, published.values())
            if words is not None:
                reminded = remind_said(state, words) or reminded
            if old_due > moment.gate and not reminded:
                continue
            known = state.published
            judgement = self.judge(state, moment.gate, moment.now)
            work.notes += firsts(known, judgement.revisions)
            self.publish(work, judgement)
            if judgement.ended or state.published is not stored:
                work.notes.append(Changed(stored, () if judgement.ended else state.published))
            if judgement.ended:
                STATES_ENDED.labels(table=self.table).inc()
                writes.append(Write(key, None, 0, old_due))
            else:
                writes.append(Write(key, encode(state), state.due, old_due))

    def decode(self, value: bytes) -> ParcelState | OrderState:
        """A stored state of this side."""
        raise NotImplementedError

    def judge(self, state: ParcelState | OrderState, gate: int, now: int) -> Judgement:
        """Judge a state of this side at `gate`, detected at `now` (µs)."""
        raise NotImplementedError


def warning_output(topic: str, revision: Revision, feed: str) -> Output:
    """A revision as it goes to Kafka, keyed by its warning id, with the state of its feed."""
    finding = revision.finding
    WARNINGS.labels(rule=finding.rule, stage=finding.stage, state=finding.state).inc()
    return Output(topic, revision.warning_id.encode(), encode_warning(revision, feed))
