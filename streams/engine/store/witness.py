"""Whether a changelog still is what offsets were committed on: what they say of it, compared.

Each commit of an input's offset carries in its metadata (`kafka/offset_metadata.py`), of every
changelog of the same partition, the topic's id and the offset at which it went on: the *witness*.
Records that were read up to that offset are in the changelog up to there. Where it is another topic
by now, ends before, or begins later than at 0, states are missing that no input would bring back:
it is not believed.

A changelog is compacted only, so it begins at 0 for ever: compaction never moves its beginning, and
brokers refuse to delete records of it unless somebody changes its policy first.
Offsets that release 0.1.0 committed have no witness; see `problem`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.engine.kafka.offset_metadata import Witness, decode
from streams.engine.kafka.types import Committed


class Log(NamedTuple):
    """A changelog's partition as it is now."""

    topic_id: str
    start: int
    end: int


class Local(NamedTuple):
    """What a local store knows: the changelog's id (None: not noted) and up to where it read it."""

    topic_id: str | None
    next_offset: int
    too_old: bool


class Vouched(NamedTuple):
    """What the committed offsets of one partition say."""

    read: bool
    """Records of inputs were read and committed."""
    witnesses: Mapping[str, Sequence[Witness]]
    """By table; a witness for each offset that carries one."""


class Unfit(NamedTuple):
    """Why a local store is rebuilt: in a word, for the metric, and to go on after its name."""

    cause: str
    reason: str


def vouched(committed: Iterable[Committed], clock_topic: str) -> Vouched:
    """What offsets of one partition say. Those of the clock's topic tell nothing of records.

    Also one of a former topic counts: what was read of that one is in the changelogs alone.
    """
    read = False
    witnesses: dict[str, list[Witness]] = {}
    for each in committed:
        read = read or (each.offset > 0 and each.topic != clock_topic)
        for table, witness in decode(each.metadata).changelogs.items():
            witnesses.setdefault(table, []).append(witness)
    return Vouched(read, witnesses)


def problem(log: Log, table: str, vouched: Vouched, local: Local | None) -> str | None:
    """Why a changelog is not believed, to go on after its name; None: it is whole.

    Offsets without any witness are those of release 0.1.0, or were set by other tools. Then the
    local store is the only witness. Where nothing was committed, all will be read again, and any
    changelog will do.
    """
    witnesses = vouched.witnesses.get(table, ())
    for topic_id, next_offset in witnesses:
        if next_offset and _differ(topic_id, log.topic_id):
            return (
                f"is another topic than offsets were committed on (id {log.topic_id}, "
                f"was {topic_id})"
            )
        if next_offset > log.end:
            return f"ends at {log.end}, and offsets were committed when it ended at {next_offset}"
    if not vouched.witnesses and vouched.read and local is not None and local.next_offset:
        if local.topic_id is not None and _differ(local.topic_id, log.topic_id):
            return (
                f"is another topic than local state is of (id {log.topic_id}, was {local.topic_id})"
            )
        if local.next_offset > log.end:
            return f"ends at {log.end}, and local state has read it up to {local.next_offset}"
    if log.start > 0 and (vouched.read or witnesses):
        covers = (
            local is not None
            and unfit(log, vouched, local) is None
            and local.next_offset >= log.start
        )
        if not covers:
            return f"begins at {log.start}: what was before is deleted, and not in local state"
    return None


def unfit(log: Log, vouched: Vouched, local: Local) -> Unfit | None:
    """Why a local store is no copy of a changelog that is believed; None: it is one.

    Stores of release 0.1.0 have not noted which changelog they are of. They are taken for one as
    long as the offsets are that release's too.
    """
    if not local.next_offset:
        return None
    if local.topic_id is None and vouched.witnesses:
        return Unfit("other", "does not say of which changelog it is")
    if local.topic_id is not None and _differ(local.topic_id, log.topic_id):
        reason = f"is of another changelog (id {local.topic_id}, now {log.topic_id})"
        return Unfit("other", reason)
    if local.next_offset > log.end:
        return Unfit("ahead", f"is ahead of its changelog ({local.next_offset} > {log.end})")
    if local.next_offset < log.start:
        return Unfit(
            "behind",
            "has missed records that the changelog no longer has "
            f"({local.next_offset} < {log.start})",
        )
    if local.too_old:
        return Unfit("old", "was not kept up to date for too long")
    return None


def _differ(one: str, other: str) -> bool:
    """Whether these are ids of two topics; a cluster that gives none cannot tell."""
    return bool(one and other) and one != other
