"""What the processors of orders and parcels have in common: their states are judged by rules."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from secrets import randbits
from typing import Any, Generic, TypeVar

from streams.decode.names import with_own
from streams.engine.kafka.murmur2 import partitions_of
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Effects, Output
from streams.judge.evaluate import Evaluation, RuleFailure
from streams.judge.feeds import Feeds
from streams.judge.judgement import Judgement, conclude
from streams.judge.settling import hear
from streams.judge.shadows import shadowed
from streams.judge.warnings import Revision
from streams.outputs.message import encode_warning
from streams.profiles.model import Profile, Profiles
from streams.state.amends import amend
from streams.state.batch import Applied
from streams.state.codec import STORED, Codec, touched_of
from streams.state.state import OrderState, ParcelState, Published
from streams.tables.observations import Changed, firsts
from streams.tables.processor import Judged, Moment, Processor, Sizes, StateReader
from streams.tables.recover_shop_days import Sent
from streams.tables.recover_warnings import Recovered, take_over
from streams.tables.unknown_names import UnknownNames
from streams.telemetry.events import event
from streams.telemetry.metrics import (
    PLAIN_KEYS,
    RULE_FAILURES,
    SHADOW_REVISIONS,
    STATES_ENDED,
    WARNINGS,
)

MOST_AMENDED = 2_000
"""States that are judged anew in one tick because a wrong clock had changed them."""

MOST_SENT = 2_000
"""States that take over in one tick what they had sent, beside those that are due."""

S = TypeVar("S", OrderState, ParcelState)

W = TypeVar("W")
"""What a state of this table sends to those that count shops' days, as it is read back."""

log = logging.getLogger(__name__)


class JudgedProcessor(Processor, Generic[S, W]):
    """Keeps a table whose states are judged.

    `shadows` are profiles that judge every order too, and are only counted: id → profiles.
    """

    def __init__(
        self,
        topics: Topics,
        partitions: int,
        profiles: Profiles,
        states: StateReader,
        sizes: Sizes = Sizes(),  # noqa: B008  immutable
        feeds: Feeds | None = None,
        codec: Codec = STORED,
    ) -> None:
        super().__init__(topics, partitions, states, sizes, codec)
        self.profiles = profiles
        self.feeds = feeds or Feeds()
        """Of the whole worker, where one is given: parcels tell it, all processors ask it."""
        self.names = with_own(*profiles.own_names)
        self.unknown_names = UnknownNames(self.names)
        self.shadows: Mapping[str, Profiles] = {}
        self.settle = 0
        """How long (µs) nothing of a state is published after news of it; 0: it is at once."""
        self.contributes = True
        """Whether anybody counts shops' days."""
        self._published: dict[int, dict[bytes, dict[str, Published]]] = {}
        self._sent: dict[int, dict[bytes, W]] = {}
        self._readings: dict[int, int] = {}
        self._amiss: dict[int, deque[bytes]] = {}

    def note_plain_keys(self, topic: str, effects: Effects) -> None:
        """Let the keys of a chunk be counted and said that read as plain text."""
        found = self.names.plain
        if not found:
            return
        for field, number in found.items():
            effects.counts.add(PLAIN_KEYS, topic, field, number=number)
        left_out = self.lines.admit(f"plain keys in {topic}", found.total())
        if left_out is not None:
            log.warning(
                "%(keys)d keys of recipients in %(topic)s read as plain text and are unknown",
                event(
                    "plain_keys",
                    topic=topic,
                    keys=found.total(),
                    fields=dict(found),
                    left_out=left_out,
                ),
            )
        found.clear()

    # ---- what a table says of its states

    def load_state(self, value: Any) -> S:
        """A stored state."""
        raise NotImplementedError

    def evaluate(self, state: S, watermark: int, now: int) -> Judgement:
        """Judge a state at `watermark`, detected at `now` (µs)."""
        raise NotImplementedError

    def foresee(self, state: S, now: int) -> Evaluation | None:
        """What rules see in a state of which nothing more is to come, most likely; None: more is.

        Where they see nothing, and nothing that time alone brings, that holds for any time: an
        episode that has begun and not ended before its warning would open is one or the other.
        """
        raise NotImplementedError

    def contribute(self, state: S, judgement: Judgement, watermark: int) -> Sequence[Any]:
        """What the tables that count shops' days must hear of a state that was judged."""
        raise NotImplementedError

    def give_up(self, state: S) -> Sequence[Any]:
        """What they must hear of a state that is about to be forgotten."""
        return ()

    def is_behind(self, state: S) -> bool:
        """Whether a state has yet to say what was not asked for when it was judged last."""
        return False

    def take_over_sent(self, state: S, sent: W) -> bool:
        """Let a state know what it had sent; whether that was news to it."""
        raise NotImplementedError

    # ---- judge, collect

    def judge(
        self,
        keys: Sequence[bytes],
        applied: Sequence[Applied[Any]],
        moment: Moment,
        effects: Effects,
    ) -> list[Judged]:
        """Judge the states that changed, or leave that to the tick after the partition is held."""
        published = self._published.get(effects.partition)
        sent = self._sent.get(effects.partition)
        judged = []
        for key, each in zip(keys, applied, strict=True):
            if not each.changed:
                continue
            state: Any = each.state
            before = state.published
            if moment.latest:
                amend(state, moment.latest, moment.now)
            if self.settle and each.judged:
                hear(state, moment.heard, self.settle)
            if published and key in published:
                take_over(state, published.pop(key).values())
            if sent and key in sent:
                self.take_over_sent(state, sent.pop(key))
            if moment.watermark is None:
                judged.append(self._held(key, state, each.old_due, before, moment))
            else:
                judged.append(
                    self._judged(key, state, each.old_due, before, moment, effects, may_end=False)
                )
        return judged

    def _held(
        self, key: bytes, state: S, old_due: int, before: Sequence[Published], moment: Moment
    ) -> Judged:
        """A state that changed while nothing may be published: it is judged later, but where rules
        see nothing in it and would at no time."""
        if moment.recovering and not (state.published or state.shadow or self.shadows):
            seen = self.foresee(state, max(moment.now, state.judged))
            if seen is not None and not (seen.candidates or seen.failures or seen.next_change):
                judgement = conclude(state, seen, moment.now, moment.now)
                messages: Sequence[Any] = ()
                if self.contributes:
                    messages = self.contribute(state, judgement, moment.now)
                return Judged(key, state, old_due, before=before, messages=messages)
        # What waits for the watermark already keeps its place in the due index.
        state.due = old_due if 0 < old_due < moment.now else moment.now
        return Judged(key, state, old_due, before=before)

    def _judged(
        self,
        key: bytes,
        state: S,
        old_due: int,
        before: Sequence[Published],
        moment: Moment,
        effects: Effects,
        *,
        may_end: bool = True,
    ) -> Judged:
        known = state.published
        watermark = moment.watermark or 0
        judgement = self.evaluate(state, watermark, moment.now)
        if self.shadows:
            judgement, revisions, failures = shadowed(state, judgement, watermark, self.shadows)
            for revision in revisions:
                found = revision.finding
                effects.counts.add(
                    SHADOW_REVISIONS, found.profile, found.rule, found.stage, found.state
                )
            self.fail(failures, effects, shadow=True)
        elif state.shadow:
            state.shadow = []
        messages: Sequence[Any] = ()
        if self.contributes:
            if judgement.ended:
                messages = self.give_up(state)
            else:
                messages = self.contribute(state, judgement, watermark)
        return Judged(
            key,
            state,
            old_due,
            judgement.ended and may_end,
            before,
            known,
            judgement.revisions,
            judgement.failures,
            messages,
        )

    def collect(self, judged: Sequence[Judged], effects: Effects) -> None:
        """Make effects of what was judged; the observer hears what changed."""
        super().collect(judged, effects)
        messages = [message for each in judged for message in each.messages]
        if messages:
            self.send(messages, effects)
        for each in judged:
            if each.revisions:
                effects.observations += firsts(each.known, each.revisions)
            after = () if each.ended else each.state.published
            if each.ended or after is not each.before:
                effects.observations.append(Changed(each.before, after))

    def publish(self, judged: Judged, effects: Effects) -> None:
        """Add a state's revisions to the outputs; a failed rule is logged and counted."""
        for revision in judged.revisions:
            feed = self.feeds.word(revision.finding.parcel, revision.detected_at)
            finding = revision.finding
            profile = self.profiles.named(finding.profile)
            effects.outputs.append(warning_output(self.topics.warnings, revision, feed, profile))
            effects.counts.add(WARNINGS, finding.rule, finding.stage, finding.state)
        self.fail(judged.failures, effects, shadow=False)

    def send(self, messages: list[Any], effects: Effects) -> None:
        """Send what the tables that count shops' days must hear."""
        raise NotImplementedError

    def fail(self, failures: Iterable[RuleFailure], effects: Effects, *, shadow: bool) -> None:
        """Count failed rules, and log one failure of each rule in a second."""
        for failure in failures:
            effects.counts.add(RULE_FAILURES, failure.rule)
            left_out = self.lines.admit(f"rule {failure.rule}")
            if left_out is not None:
                log.error(
                    "rule %(rule)s failed and was passed over",
                    event("rule_failed", rule=failure.rule, shadow=shadow, left_out=left_out),
                    exc_info=failure.error,
                )

    # ---- assignments and the clock

    def recover(self, warnings: Recovered, sent: Sent, partitions: Iterable[int]) -> None:
        """Take over what was published and sent of states on `partitions`: an assignment begins."""
        for partition in partitions:
            self._published[partition] = warnings.get((self.table, partition), {})
            self._sent[partition] = self.sent_of(sent).get(partition, {})
            self._readings.pop(partition, None)
            self._amiss.pop(partition, None)

    def matched(self, partition: int) -> bool:
        """Whether states have taken over all that was published and sent of a partition."""
        return not self._published.get(partition) and not self._sent.get(partition)

    def touched_at(self, value: bytes) -> int:
        """When a stored state was changed last (µs), by the clock of whoever did it."""
        return touched_of(self.table, value)

    def look_again(self, keys: Sequence[bytes]) -> None:
        """Judge these states in the next ticks, where a wrong clock had changed them or they are
        behind."""
        for key, partition in zip(keys, partitions_of(keys, self.partitions), strict=True):
            self._amiss.setdefault(partition, deque()).append(key)

    def sent_of(self, sent: Sent) -> dict[int, dict[bytes, W]]:
        """The part of what was read back that is of this table: by partition and key."""
        raise NotImplementedError

    def reading(self, partition: int) -> int:
        """A number that stands for this assignment of a partition, and for no other one."""
        if partition not in self._readings:
            self._readings[partition] = randbits(62) + 1
        return self._readings[partition]

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, effects: Effects
    ) -> None:
        """Judge the states whose time has come; those at their end are deleted."""
        if moment.watermark is None:
            return
        # Once deadlines may fire, every state has been read again that a crash had lost: what was
        # published of the others belongs to somebody else.
        published: dict[bytes, dict[str, Published]] = self._published.pop(partition, {})
        sent: dict[bytes, W] = self._sent.setdefault(partition, {})
        amiss: set[bytes] = self._next_amiss(partition)
        keys = list(
            dict.fromkeys([*(key for _, key in due), *published, *islice(sent, MOST_SENT), *amiss])
        )
        if not keys:
            return
        judged = []
        stored = self.states.get_many(self.table, partition, keys)
        for key, value in zip(keys, stored, strict=True):
            entries = published.get(key)
            words = sent.pop(key, None)
            if value is None:
                continue
            old_due = self.codec.due_of(value)
            is_due = old_due <= moment.watermark
            if not is_due and entries is None and words is None and key not in amiss:
                continue
            state = self.loaded(value, partition, effects)
            if state is None:
                continue
            before = state.published
            news = entries is not None and take_over(state, entries.values())
            if words is not None:
                news = self.take_over_sent(state, words) or news
            news = news or (key in amiss and self.is_behind(state))
            if amend(state, moment.latest, moment.now) or is_due or news:
                judged.append(self._judged(key, state, old_due, before, moment, effects))
        ended = sum(each.ended for each in judged)
        if ended:
            effects.counts.add(STATES_ENDED, self.table, number=ended)
        self.collect(judged, effects)

    def _next_amiss(self, partition: int) -> set[bytes]:
        waiting = self._amiss.get(partition)
        if not waiting:
            return set()
        return {waiting.popleft() for _ in range(min(MOST_AMENDED, len(waiting)))}


def warning_output(topic: str, revision: Revision, feed: str, profile: Profile | None) -> Output:
    """A revision as it goes to Kafka, keyed by its warning id, with the state of its feed and what
    the profile that judged says besides."""
    return Output(topic, revision.warning_id.encode(), encode_warning(revision, feed, profile))
