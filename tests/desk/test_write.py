"""What a batch leaves in the database: newest revisions, counts, offsets; or nothing of it."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from support.desk import LARGE, NOON, an_id, as_message, put, reads, stock, take, warned

from schemas.warning_action import WarningAction
from streams.desk.actions.perform import Act, perform
from streams.desk.database import days
from streams.desk.database.database import Database
from streams.desk.database.keep import prune
from streams.desk.database.tables import (
    actions,
    cells,
    offsets,
    outbox,
    product_days,
    product_stock,
    revisions,
    unreadable,
    warning_orders,
    warnings,
    work,
)
from streams.desk.database.wanted import DIMENSIONS
from streams.desk.intake.anew import forget
from streams.desk.intake.messages import Deletion, Unreadable, product_day, warning
from streams.desk.intake.write import Fenced, write
from streams.engine.kafka.topics import Topics
from streams.facts.times import DAY, HOUR


def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    """All of a table."""
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def in_cells(database: Database) -> Counter[tuple[str, ...]]:
    """What the cells say, without empty ones."""
    return Counter(
        {
            tuple(row[name] for name in DIMENSIONS): row["n"]
            for row in rows(database, cells)
            if row["n"]
        }
    )


def counted(database: Database) -> Counter[tuple[str, ...]]:
    """What the cells should say."""
    return Counter(tuple(row[name] for name in DIMENSIONS) for row in rows(database, warnings))


def test_the_newest_revision_stands_whatever_the_order(database: Database) -> None:
    """Shuffled, repeated, in batches of any size: the same rows, counts and orders."""
    history = [
        warned(
            number % 7,
            revision,
            ["open", "breached", "resolved", "withdrawn"][(number + revision) % 4],
            shop_id=f"s-{revision % 3}",
            order_ids=[f"o-{number % 7}-{revision % 2}"],
        )
        for number in range(7)
        for revision in range(1, 9)
    ]
    dice = random.Random(14)
    sent = history * 2
    dice.shuffle(sent)
    while sent:
        some, sent = sent[: (cut := dice.randrange(1, 20))], sent[cut:]
        put(database, some)
    assert {(row["warning_id"], row["revision"]) for row in rows(database, warnings)} == {
        (an_id(number), 8) for number in range(7)
    }
    assert len(rows(database, revisions)) == len(history)
    assert in_cells(database) == counted(database)
    assert {row["order_id"] for row in rows(database, warning_orders)} == {
        f"o-{number}-0" for number in range(7)
    }
    cursors = [row["cursor"] for row in rows(database, warnings)]
    assert len(set(cursors)) == len(cursors)


def test_a_revision_that_comes_again_is_one_row_and_no_news(database: Database) -> None:
    """Not even its cursor rises, so nobody is told twice."""
    put(database, [warned("a"), warned("a", 2)])
    before = rows(database, warnings)
    assert put(database, [warned("a", 2), warned("a", 1)]).changed == 0
    assert rows(database, warnings) == before
    assert len(rows(database, revisions)) == 2


def test_who_lost_a_partition_writes_nothing(database: Database) -> None:
    """Neither with an older epoch nor from another offset than the one that is next."""
    put(database, [warned("a")])
    taken = take(database)
    found = reads([as_message(warned("b"))], 1)
    for wrong, begin in ((taken, 0), (taken, 2), (type(taken)("t", 0, 7), 1)):
        with pytest.raises(Fenced, match="t, partition 0"), database.writing() as connection:
            write(connection, found, [(wrong, begin, begin + 1)], NOON)
    assert [row["warning_id"] for row in rows(database, warnings)] == [an_id("a")]
    assert rows(database, offsets)[0]["next_offset"] == 1


def test_a_batch_that_fails_leaves_nothing(database: Database) -> None:
    """Rows and offsets are one transaction."""
    taken = take(database)
    with database.engine.connect() as connection:
        write(connection, reads([as_message(warned("a"))]), [(taken, 0, 1)], NOON)
        connection.rollback()
    assert rows(database, warnings) == rows(database, revisions) == []
    assert rows(database, offsets)[0]["next_offset"] == 0


def test_an_error_does_not_repeat_what_was_to_be_written(database: Database) -> None:
    """Errors are logged, and a log names no order."""
    row = {"order_id": "o-of-somebody", "warning_id": an_id("a")}
    twice = warning_orders.insert().values([row, row])
    with pytest.raises(IntegrityError) as failed, database.writing() as connection:
        connection.execute(twice)
    assert "parameters hidden" in str(failed.value)


def test_a_deletion_takes_the_warning_and_leaves_what_was_done(database: Database) -> None:
    """What comes after it on the topic begins anew."""
    put(database, [warned("a", 5), warned("b")])
    perform(database, [an_id("a")], Act("comment", "li", comment="called"), NOON)
    taken = take(database)
    with database.writing() as connection:
        found = reads([Deletion(an_id("a")), as_message(warned("a", 3))], 2)
        write(connection, found, [(taken, 2, 4)], NOON)
    found_now = {row["warning_id"]: row["revision"] for row in rows(database, warnings)}
    assert found_now == {an_id("a"): 3, an_id("b"): 1}
    assert in_cells(database) == counted(database)
    assert [row["kind"] for row in rows(database, actions)] == ["comment"]


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"warning_id": "x" * 32}, "wrong_type", "warning_id"),
        ({"revision": 1 << 63}, "wrong_type", "revision"),
        ({"revision": -1}, "wrong_type", "revision"),
        ({"shop_id": "a\0b"}, "wrong_type", "shop_id"),
        ({"order_ids": ["a", "b\0"]}, "wrong_type", "order_ids"),
        ({"tracking_number": "9" * 3_000}, "too_large", "tracking_number"),
        ({"order_ids": ["9" * 3_000]}, "too_large", "order_ids"),
        ({"deadline": "2026-11-21T12:00:00"}, "naive_time", "deadline"),
        ({"exposure": {"kind": "compensation", "most": 1 << 70}}, "wrong_type", "most"),
    ],
)
def test_a_hostile_revision_is_unreadable(change: dict[str, Any], reason: str, field: str) -> None:
    """It is none of ours, so no database is asked to take it."""
    value = {**warned("a"), **change}
    assert warning(None, json.dumps(value).encode(), LARGE) == Unreadable(reason, field)


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"warning_id"', b"\xff", b'{"a":"\\ud800"}'])
def test_what_is_no_message_is_unreadable(raw: bytes) -> None:
    """Whatever stands on the topic."""
    assert isinstance(warning(None, raw, LARGE), Unreadable)


def test_the_longest_that_is_let_in_fits_the_indexes(database: Database) -> None:
    """The bound is that of PostgreSQL's indexes, in bytes, for texts that do not compress."""
    dice = random.Random(1)
    text = "".join(chr(dice.randrange(0x4E00, 0x9FFF)) for _ in range(400))
    more = "".join(chr(dice.randrange(0x4E00, 0x9FFF)) for _ in range(800))
    value = warned("a", carrier=text, tracking_number=text, order_ids=[more])
    put(database, [value])
    assert rows(database, warnings)[0]["tracking_number"] == text


def test_unreadable_records_are_kept_by_place_and_reason(database: Database) -> None:
    """Once, and nothing of what they hold."""
    taken = take(database)
    for begin, end in ((0, 1), (1, 1)):
        with database.writing() as connection:
            write(connection, reads([Unreadable("not_json")]), [(taken, begin, end)], NOON)
    assert rows(database, unreadable) == [
        {"topic": "t", "partition": 0, "offset": 0, "reason": "not_json", "field": None,
         "size": 100, "seen_at": NOON}
    ]  # fmt: skip


def test_days_keep_the_greatest_revision(database: Database) -> None:
    """Of shops and of products alike."""
    day = {
        "schema_version": 1, "platform": "douyin", "shop_id": "s-1", "product_id": "p-1",
        "day": "2026-11-22", "detected_at": "2026-11-22T18:00:01+08:00", "profile": "p",
        "counts": {"due": 1, "late": 0}, "rates": {"late": 0},
    }  # fmt: skip
    taken = take(database)
    for offset, revision in enumerate((2, 3, 1)):
        message = product_day(json.dumps({**day, "revision": revision}).encode(), LARGE)
        with database.writing() as connection:
            write(connection, reads([message], offset), [(taken, offset, offset + 1)], NOON)
    (row,) = rows(database, product_days)
    assert row["revision"] == json.loads(row["value"])["revision"] == 3


def test_what_products_lack_is_kept_beside_their_days(database: Database) -> None:
    """The greatest revision of each product, what lacks most first; a topic that was made anew
    says it anew, and what nobody speaks of any more is pruned."""
    taken = take(database)
    records = [stock("p-1", 5, 2), stock("p-1", 9), stock("p-2", 7), stock("p-3", 0)]
    messages = [product_day(record, LARGE) for record in records]
    with database.writing() as connection:
        write(connection, reads(messages, 0), [(taken, 0, 4)], NOON)
    assert rows(database, product_days) == []
    with database.reading() as connection:
        found = days.of_stock(connection, None)
        assert [(each["product_id"], each["short_by"]) for each in found] == [
            *(("p-2", 7), ("p-1", 5), ("p-3", 0))
        ]
        assert days.of_stock(connection, None, "douyin", "s-2") == []
    gone = prune(database, NOON + 31 * DAY, 30, 365, 30, lambda *_: None)
    assert gone["product_stock"] == 3
    with database.writing() as connection:
        write(connection, reads(messages, 4), [(taken, 4, 8)], NOON)
        forget(connection, Topics(), "product-risk", "mark", NOON)
    assert rows(database, product_stock) == []


@pytest.mark.parametrize(
    ("name", "value"), [("short_by", 1 << 63), ("available", -(1 << 63)), ("product_id", "\0")]
)
def test_a_stock_that_no_database_takes_is_unreadable(name: str, value: object) -> None:
    """It says which field."""
    record = json.dumps({**json.loads(stock("p-1", 0)), name: value}).encode()
    assert product_day(record, LARGE) == Unreadable("wrong_type", name)


def test_an_acknowledgement_hides_no_new_breach(database: Database) -> None:
    """It holds for the state that it was given for; a new text of the same state is no new one."""
    put(database, [warned("a", 1)])
    act = Act("acknowledge", "li")
    perform(database, [an_id("a")], act, NOON)
    put(database, [warned("a", 2)])
    assert rows(database, work)[0]["acknowledged_by"] == "li"
    put(database, [warned("a", 3, "breached")], NOON + HOUR)
    (row,) = rows(database, work)
    assert row["acknowledged_by"] is row["acknowledged_at"] is None
    messages = [WarningAction.model_validate_json(row["value"]) for row in rows(database, outbox)]
    assert [each.action.kind for each in messages] == ["acknowledge", "lapse"]
    assert [each.work.acknowledged is None for each in messages] == [False, True]
    assert messages[1].action.actor == "desk"
    assert rows(database, warnings)[0]["cursor"] == messages[1].sequence


def test_a_reopened_warning_asks_for_attention_again(database: Database) -> None:
    """Also where its end and its return came in one batch; assignment and comments stay."""
    put(database, [warned("a", 1)])
    for act in (Act("snooze", "li", until=NOON + HOUR), Act("assign", "li", assignee="wang")):
        perform(database, [an_id("a")], act, NOON)
    put(database, [warned("a", 2, "resolved"), warned("a", 3)])
    (row,) = rows(database, work)
    assert (row["snoozed_until"], row["assignee"]) == (None, "wang")


def test_what_was_acknowledged_since_stays_when_all_is_read_again(database: Database) -> None:
    """A rebuild brings the old states by again: none of them is newer than the acknowledgement."""
    history = [
        warned("a", 1),
        warned("a", 2, "breached"),
        warned("a", 3, "resolved"),
        warned("a", 4),
    ]
    put(database, history)
    perform(database, [an_id("a")], Act("acknowledge", "li"), NOON)
    with database.writing() as connection:
        for table in (warnings, revisions, cells, warning_orders):
            connection.execute(table.delete())
    put(database, history)
    assert rows(database, work)[0]["acknowledged_by"] == "li"
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(actions)).scalar_one() == 1
