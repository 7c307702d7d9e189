"""Up to which time the deadlines of a partition may fire.

A deadline is about something that did not happen, so it may fire only when all that had arrived by
then has been read: by this partition, and by every other one whose facts come here. A partition is
held from its assignment on, until all partitions together have been through `rounds` rounds: one
for everything that lay in its inputs, then one per hop on which facts travel between partitions. In
each round a partition notes where its inputs end, and has done when everything before is durable
(so what it caused lies in the others' inputs); the next begins when all have done.

Afterwards the gate is the wall clock while the inputs are read to their ends, else the time of the
last processed record of the input furthest behind. A partition elsewhere that says it is behind,
or of which nothing is heard, holds the gate too. It never goes back, but where the clock was set
back by so much that it had been wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.telemetry.events import event

log = logging.getLogger(__name__)

_SECOND = 1_000_000
_BEHIND = 2 * _SECOND
"""A gate that lags by less does not hold other partitions: reports are older than that at times."""


class Input(NamedTuple):
    """State of one input of a partition, when looked at.

    `processed` and `durable` are offsets; `end` the end of its log as last heard, at `end_at_us`
    (None: not heard yet); `last_us` the Kafka time of the last processed record (0: none).
    """

    name: str
    processed: int
    durable: int
    end: int | None
    end_at_us: int
    last_us: int


class Report(NamedTuple):
    """What a partition tells the others: rounds done, its gate, and whether it lags behind."""

    generation: int
    rounds_done: int
    watermark_us: int
    behind: bool


@dataclass(slots=True)
class _Own:
    targets: dict[str, int]
    rounds_done: int = 0
    waiting_for_targets: bool = False
    seen_end_us: dict[str, int] = field(default_factory=dict)
    watermark_us: int = 0
    shown_us: int = 0
    is_open: bool = False


@dataclass(slots=True)
class _Peer:
    report: Report | None = None
    heard_us: int = 0
    silent: bool = False


class Watermark:
    """The gates of the partitions of this worker. All times are given; nothing here is awaited."""

    def __init__(
        self,
        partitions: int,
        *,
        rounds: int = 4,
        patience_us: int = 60 * _SECOND,
        quiet_us: int = 3 * _SECOND,
        ahead_us: int = 300 * _SECOND,
    ) -> None:
        """`partitions` of the application; not heard of for `quiet_us` counts as being behind.

        A gate that is further ahead of the clock than `ahead_us` was never true.
        """
        self._all = range(partitions)
        self._rounds = rounds
        self._patience_us = patience_us
        self._quiet_us = quiet_us
        self._ahead_us = ahead_us
        self._own: dict[int, _Own] = {}
        self._peers: dict[int, _Peer] = {}
        self._generation = -1
        self._held_since_us = 0
        self.set_us = 0
        """How far the clock was set, in all: what has passed is measured without it."""

    def assign(self, generation: int, ends: Mapping[int, Mapping[str, int]], now_us: int) -> None:
        """Hold the partitions that `ends` names until everything before those ends is read."""
        self._generation = generation
        self._held_since_us = self._passed(now_us)
        self._own = {partition: _Own(dict(targets)) for partition, targets in ends.items()}
        self._peers = {
            partition: _Peer(heard_us=self._passed(now_us))
            for partition in self._all
            if partition not in ends
        }

    def revoke(self) -> None:
        """Nothing is owned any more."""
        self._own = {}

    def partitions(self) -> list[int]:
        return list(self._own)

    def hear(self, partition: int, report: Report, now_us: int) -> None:
        """A partition's report arrived; those of former generations are ignored."""
        peer = self._peers.get(partition)
        if peer is None or report.generation < self._generation:
            return
        passed = self._passed(now_us)
        unheard_us, peer.heard_us = passed - peer.heard_us, passed
        peer.report = report
        if peer.silent:
            peer.silent = False
            log.info(
                "partition %(partition)d is heard of again, after %(seconds)d s",
                event("partition_heard", partition=partition, seconds=unheard_us // _SECOND),
            )

    def need_targets(self, now_us: int) -> list[int]:
        """Partitions whose next round may begin: give each its inputs' ends by `begin_round`."""
        done = self._rounds_of_all(now_us)
        return [
            partition
            for partition, own in self._own.items()
            if own.waiting_for_targets and done >= own.rounds_done
        ]

    def begin_round(self, partition: int, targets: Mapping[str, int]) -> None:
        """The inputs of a held partition end here now."""
        own = self._own.get(partition)
        if own is not None and own.waiting_for_targets:
            own.targets = dict(targets)
            own.waiting_for_targets = False

    def observe(self, partition: int, inputs: Iterable[Input], now_us: int) -> bool:
        """Look at a partition's inputs. True when a round was done: tell the others soon."""
        own = self._own.get(partition)
        if own is None:
            return False
        inputs = list(inputs)
        finished = False
        if own.rounds_done < self._rounds:
            if own.waiting_for_targets:
                return False
            if any(one.durable < own.targets.get(one.name, 0) for one in inputs):
                return False
            own.rounds_done += 1
            own.waiting_for_targets = own.rounds_done < self._rounds
            if own.waiting_for_targets:
                return True
            finished = True  # the gate opens, and has its time at once: nobody may read a 0
        if own.watermark_us > now_us + self._ahead_us:
            # It was believed before anybody bore witness against it.
            own.watermark_us = own.shown_us = 0
            own.seen_end_us.clear()
        bound = now_us
        for one in inputs:
            bound = min(bound, self._bound(own, one, now_us))
        own.watermark_us = max(own.watermark_us, bound)
        return finished

    def report(self, partition: int, now_us: int) -> Report:
        """What to tell the others of an owned partition."""
        own = self._own[partition]
        is_open = own.rounds_done >= self._rounds
        behind = is_open and own.watermark_us < now_us - _BEHIND
        return Report(self._generation, own.rounds_done, own.watermark_us, behind)

    def watermark_us(self, partition: int, now_us: int) -> int | None:
        """Deadlines up to this time may fire; None while the partition is held."""
        own = self._own.get(partition)
        if own is None or own.rounds_done < self._rounds or not own.watermark_us:
            return None
        if self._rounds_of_all(now_us) < self._rounds:
            return None
        watermark = own.watermark_us
        for number, other in self._own.items():
            if number != partition and other.watermark_us < now_us - _BEHIND:
                watermark = min(watermark, other.watermark_us)
        for peer in self._peers.values():
            if peer.report is None or peer.silent:
                continue
            quiet_us = self._passed(now_us) - peer.heard_us
            if peer.report.behind or quiet_us > self._quiet_us:
                watermark = min(watermark, peer.report.watermark_us)
        own.shown_us = max(own.shown_us, watermark)
        if not own.is_open:
            own.is_open = True
            log.info(
                "the deadlines of partition %(partition)d go: all that lay there is read",
                event(
                    "gate_opened",
                    partition=partition,
                    rounds=self._rounds,
                    seconds=round((self._passed(now_us) - self._held_since_us) / _SECOND, 3),
                ),
            )
        return own.shown_us

    def last_watermark_us(self, partition: int) -> int:
        """What `gate_us` said last of an owned partition; 0 while it is held."""
        own = self._own.get(partition)
        return own.shown_us if own else 0

    def rounds_done(self, partition: int) -> int:
        own = self._own.get(partition)
        return own.rounds_done if own else 0

    def _passed(self, now_us: int) -> int:
        return now_us - self.set_us

    def _bound(self, own: _Own, one: Input, now_us: int) -> int:
        # Read to the end as of the broker's last answer: nothing that had arrived by then is
        # missing. That moment is remembered, for when new records keep the input from its end.
        if one.end is not None and one.processed >= one.end:
            own.seen_end_us[one.name] = max(own.seen_end_us.get(one.name, 0), one.end_at_us)
        return max(own.seen_end_us.get(one.name, 0), min(one.last_us, now_us))

    def _rounds_of_all(self, now_us: int) -> int:
        """Rounds that every partition of the application has done, as far as is known."""
        done = [own.rounds_done for own in self._own.values()]
        for partition, peer in self._peers.items():
            quiet_us = self._passed(now_us) - peer.heard_us
            if not peer.silent and quiet_us > self._patience_us:
                peer.silent = True
                log.warning(
                    "nothing was heard of partition %(partition)d for %(seconds)d s: deadlines go "
                    "on without it",
                    event(
                        "partition_unheard",
                        partition=partition,
                        seconds=self._patience_us // _SECOND,
                    ),
                )
            if not peer.silent:
                done.append(peer.report.rounds_done if peer.report else 0)
        return min(done, default=self._rounds)
