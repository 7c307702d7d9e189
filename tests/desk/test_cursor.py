"""The feed skips nothing while several desks write."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from support.desk import NOON, an_id, as_message, reads, take, warned
from support.postgres_server import PostgresServer

from streams.desk.actions.perform import Act, perform
from streams.desk.database import lists
from streams.desk.database.database import Database
from streams.desk.database.keep import prune
from streams.desk.database.migrate import upgrade
from streams.desk.database.tables import (
    actions,
    cells,
    checkpoints,
    revisions,
    shop_days,
    warnings,
    work,
)
from streams.desk.intake import write as writing
from streams.facts.times import DAY

WRITERS, BATCHES, ROWS = 4, 12, 5


@pytest.fixture
def shared(postgres: PostgresServer) -> Iterator[Database]:
    """A PostgreSQL that several desks share."""
    database = Database(postgres.database())
    upgrade(database)
    yield database
    database.close()


def test_no_row_is_skipped_by_who_reads_while_others_commit(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each writer stays a while between taking its cursors and the commit, some longer."""
    real = writing._lapse
    entered = 0

    def lapse(*arguments: object) -> None:
        nonlocal entered
        entered += 1
        time.sleep(0.002 * (entered % 4))  # no condition is waited for: commits are to be late
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "_lapse", lapse)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            taken = take(shared, partition=number)
            for batch in range(BATCHES):
                begin = batch * ROWS
                found = [as_message(warned(f"{number}-{begin + row}")) for row in range(ROWS)]
                with shared.writing() as connection:
                    writing.write(
                        connection,
                        reads(found, begin, number),
                        [(taken, begin, begin + ROWS)],
                        NOON,
                    )
                perform(shared, [an_id(f"{number}-{begin}")], Act("acknowledge", "li"), NOON)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    seen: dict[str, int] = {}
    cursor = 0
    while True:
        alive = any(thread.is_alive() for thread in threads)
        with shared.reading() as connection:
            found = lists.since(connection, cursor, None, 7)
        for row in found:
            assert row.cursor > cursor
            cursor = row.cursor
            seen[row.warning_id] = cursor
        if not alive and not found:
            break
    assert failures == []
    with shared.reading() as connection:
        rows = connection.execute(select(warnings.c.warning_id, warnings.c.cursor)).all()
    assert len(rows) == WRITERS * BATCHES * ROWS
    assert seen == {row.warning_id: row.cursor for row in rows}


def test_what_is_old_goes_and_what_stands_stays(database: Database) -> None:
    """By its last news; what was done about it stays as long as the audit is kept."""
    taken = take(database)
    old = NOON - 100 * DAY
    found = [
        as_message(warned(name, revision, state, detected_at=when))
        for revision, (name, state, when) in enumerate(
            [
                ("stands", "breached", "2026-08-01T00:00:00+00:00"),
                ("ended", "resolved", "2026-08-01T00:00:00+00:00"),
                ("lately", "resolved", "2026-11-20T00:00:00+00:00"),
            ],
            1,
        )
    ]
    with database.writing() as connection:
        writing.write(connection, reads(found), [(taken, 0, 3)], old)
        connection.execute(
            checkpoints.insert(),
            [
                {"parcel": "zto:1", "digest": n, "voided": False, "at": at, "status": "hub",
                 "estimated": False, "order_ids": "[]", "partition": 0, "offset": n}
                for n, at in enumerate((old, NOON))
            ],
        )  # fmt: skip
        connection.execute(
            shop_days.insert(),
            [
                {"platform": "douyin", "shop_id": "s", "day": day, "revision": 1,
                 "detected_at": 1, "value": "{}"}
                for day in ("2026-08-01", "2026-11-20")
            ],
        )  # fmt: skip
    everything = [an_id(name) for name in ("stands", "ended")]
    perform(database, everything, Act("comment", "li", comment="x"), old)
    done = prune(database, NOON, 90, 730, 90, writing.forget)
    assert {name: n for name, n in done.items() if n} == {
        "warnings": 1, "checkpoints": 1, "shop_days": 1, "work": 1,
    } | ({"cells": done["cells"]} if done["cells"] else {})  # fmt: skip
    with database.reading() as connection:
        kept = set(connection.execute(select(warnings.c.warning_id)).scalars())
        assert kept == {an_id("stands"), an_id("lately")}
        assert len(connection.execute(select(revisions)).all()) == 2
        assert len(connection.execute(select(actions)).all()) == 2
        assert set(connection.execute(select(work.c.warning_id)).scalars()) == {an_id("stands")}
        assert sum(connection.execute(select(cells.c.n)).scalars()) == 2
    assert prune(database, NOON, 90, 90, 90, writing.forget)["actions"] == 2
