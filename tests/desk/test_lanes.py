"""How carriers do, from the records that the desk has."""

from __future__ import annotations

import pytest
from support.desk import NOON

from streams.desk.console.queries.lanes import Lane, seen
from streams.desk.database.database import Database, add
from streams.desk.database.tables import checkpoints
from streams.facts.times import HOUR


def keep(database: Database, records: list[tuple[str, int]]) -> None:
    """Records of one parcel: status, and hours after NOON."""
    rows = [
        {
            "parcel": "zto:1",
            "digest": number,
            "voided": False,
            "status": status,
            "at": NOON + hours * HOUR,
            "estimated": False,
            "order_ids": "[]",
            "partition": 0,
            "offset": number,
        }
        for number, (status, hours) in enumerate(records)
    ]
    with database.writing() as connection:
        add(connection, checkpoints, rows)


@pytest.mark.parametrize(
    ("last", "gap"),
    [
        (("in_transit", 9), 91),
        (("delivered", 9), 5),
        (("handed_over", 9), 5),
        (("returned", 9), 5),
        (("returning", 9), 5),
        (("cancelled", 9), 5),
        (("exception", 9), 96),
    ],
)
def test_a_silence_ends_where_nothing_more_is_to_come(
    database: Database, last: tuple[str, int], gap: int
) -> None:
    """A parcel that was sent back or goes on under another number is not silent for ever."""
    keep(database, [("ordered", 0), ("picked_up", 2), ("hub", 4), last])
    with database.reading() as connection:
        found = seen(connection, 0, NOON + 100 * HOUR, None)
    figures = found.lanes[Lane("zto", None, None)]
    assert [each // HOUR for each in figures.gaps] == [gap]
    assert [each // HOUR for each in figures.pickup] == [2]
    assert (figures.parcels, figures.shipped) == (1, 1)


def test_what_was_handed_over_was_shipped(database: Database) -> None:
    """As the rules have it: its progress is a record of its own."""
    keep(database, [("ordered", 0), ("handed_over", 3)])
    with database.reading() as connection:
        (figures,) = seen(connection, 0, NOON + 100 * HOUR, None).lanes.values()
    assert (figures.parcels, figures.shipped) == (1, 1)
