"""Who reads a partition, and from where: the database says it, whoever else may think otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from streams.desk.database.database import insert, sequence
from streams.desk.database.tables import offsets
from streams.desk.intake.write import Taken


@dataclass(frozen=True, slots=True)
class Seen:
    """What the brokers have of a partition: the topic's id ("": none), first and end offset."""

    topic_id: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition taken: where reading begins, and what there is to tell.

    `made_anew`: the topic is another one than was read, so it is read from its beginning. `lost`
    records were gone before they were read.
    """

    taken: Taken
    begin: int
    made_anew: bool = False
    lost: int = 0


def claim(
    connection: Connection,
    topic: str,
    partition: int,
    owner: str,
    seen: Seen,
    forget: Callable[[Connection, str], None],
) -> Claim:
    """Take a partition: from the commit on nobody else can write what they read of it.

    Where the topic was made anew all its partitions are read from the beginning, by whoever has
    them, and `forget` deletes what the former one said, once.
    """
    sequence(connection, 1)
    connection.execute(
        insert(connection, offsets).on_conflict_do_nothing(),
        {
            "topic": topic,
            "partition": partition,
            "topic_id": seen.topic_id,
            "next_offset": seen.low,
            "epoch": 0,
            "owner": owner,
        },
    )
    mine = (offsets.c.topic == topic) & (offsets.c.partition == partition)
    row = connection.execute(select(offsets).where(mine)).one()
    other = bool(row.topic_id and seen.topic_id and row.topic_id != seen.topic_id)
    made_anew = other or row.next_offset > seen.high
    lost = 0 if made_anew else max(0, seen.low - row.next_offset)
    begin = seen.low if made_anew or lost else row.next_offset
    if made_anew:
        forget(connection, topic)
        connection.execute(
            update(offsets)
            .where(offsets.c.topic == topic)
            .values(topic_id=seen.topic_id, next_offset=0, epoch=offsets.c.epoch + 1)
        )
    connection.execute(
        update(offsets)
        .where(mine)
        .values(
            topic_id=seen.topic_id or row.topic_id,
            next_offset=begin,
            epoch=row.epoch + 2,  # above what all have got that lost their partitions
            owner=owner,
        )
    )
    return Claim(Taken(topic, partition, row.epoch + 2), begin, made_anew, lost)
