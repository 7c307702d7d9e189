"""SQLite's plans: no question looks at every warning, whatever the planner thinks of the data."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event
from support.desk import NOON, put, warned

from streams.desk.console.queries import strikes
from streams.desk.database import lists
from streams.desk.database.database import Database
from streams.desk.database.wanted import Wanted
from streams.facts.times import DAY, HOUR

QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "what is left to do": lambda c: lists.page(c, Wanted(attention=True), NOON),
    "newest first": lambda c: lists.page(c, Wanted(), NOON, order="newest"),
    "one state": lambda c: lists.page(c, Wanted(state=("open",)), NOON),
    "what ended": lambda c: lists.page(c, Wanted(state=("resolved", "withdrawn")), NOON),
    "three filters": lambda c: lists.page(
        c, Wanted(shop_id=("s-1",), rule=("recalled",), carrier=("zto",)), NOON
    ),
    "money": lambda c: lists.page(c, Wanted(currency="CNY", most_from=500), NOON),
    "text": lambda c: lists.page(c, Wanted(text="781"), NOON),
    "who": lambda c: lists.page(c, Wanted(assignee="li"), NOON),
    "all that match": lambda c: lists.matching(c, Wanted(attention=True), NOON, 100),
    "counts of what is left to do": lambda c: lists.counts(c, Wanted(attention=True), NOON),
    "counts until a time": lambda c: lists.counts(c, Wanted(due_to=NOON + DAY), NOON),
    "counts of a text": lambda c: lists.counts(c, Wanted(text="781", attention=True), NOON),
    "counts of money": lambda c: lists.counts(c, Wanted(currency="CNY", most_from=5), NOON),
    "the feed": lambda c: lists.since(c, 10, None, 20),
    "strikes": lambda c: strikes.of_shops(c, NOON - DAY, None),
}


@pytest.fixture
def filled(sqlite: Database) -> Database:
    """Some hundred warnings of a few shops."""
    dice = random.Random(5)
    put(
        sqlite,
        [
            warned(
                number,
                state=dice.choice(("open", "breached", "resolved")),
                rule=dice.choice(("recalled", "pickup_overdue")),
                shop_id=f"s-{dice.randrange(3)}",
                deadline=NOON + number * HOUR,
                exposure={"kind": "compensation", "currency": "CNY", "least": 0, "most": number},
            )
            for number in range(300)
        ],
    )
    return sqlite


@pytest.mark.parametrize("few", [20_000, 3])
@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_looks_at_every_warning(
    filled: Database, name: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few or many match, and with no statistics of the tables, as a desk has none."""
    monkeypatch.setattr(lists, "FEW", few)
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    event.listen(filled.engine, "before_cursor_execute", note)
    with filled.reading() as connection:
        QUESTIONS[name](connection)
    event.remove(filled.engine, "before_cursor_execute", note)
    assert asked
    with filled.reading() as connection:
        for statement, values in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plan = [row.detail for row in rows]
            assert "SCAN warnings" not in plan, (statement, plan)
            if "ORDER BY warnings.due_at," in statement or "ORDER BY warnings.detected_at" in (
                statement
            ):
                assert not any("TEMP B-TREE FOR ORDER BY" in each for each in plan), plan
