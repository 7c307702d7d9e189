"""Lists and counts are what a look at every row would give, whatever finds the rows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.desk import NOON, an_id, put, shops, warned
from support.postgres_server import PostgresServer

from streams.desk.actions.perform import Act, perform
from streams.desk.database import lists
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.database.tables import NEVER
from streams.desk.database.wanted import DIMENSIONS, STANDING, Wanted
from streams.facts.times import HOUR, MINUTE, from_datetime

HOW_MANY = 400
RULES = ("inactive_after_pickup", "pickup_overdue", "recalled")


def made() -> list[dict[str, Any]]:
    """Warnings of all kinds; deadlines are shared, so that pages end within one."""
    dice = random.Random(3)
    found = []
    for number in range(HOW_MANY):
        most = dice.choice((None, dice.randrange(100, 10_000)))
        exposure = {"kind": "strike"}
        if most is not None:
            exposure = {"kind": "compensation", "currency": "CNY", "least": 0, "most": most}
        value = warned(
            number,
            dice.randrange(1, 50),
            dice.choice(("open", "breached", "resolved", "open")),
            rule=dice.choice(RULES),
            severity=dice.choice(("critical", "warning")),
            platform=dice.choice(("douyin", "taobao")),
            shop_id=dice.choice(("s-1", "s-2", None)),
            carrier=dice.choice(("zto", "yto", None)),
            tracking_number=f"7{dice.randrange(1000):03}ab%_{number}",
            order_ids=[f"O-{dice.randrange(1000):03}" for _ in range(2)],
            deadline=NOON + dice.randrange(8) * HOUR,
            exposure=exposure,
        )
        if dice.random() < 0.1:
            value["deadline"] = None
        found.append(value)
    return found


WARNINGS = made()
ACTS = dict(
    zip(
        range(0, 120, 3),
        [
            Act("acknowledge", "li"),
            Act("acknowledge", "li", until=NOON + MINUTE),
            Act("snooze", "li", until=NOON + HOUR),
            Act("assign", "li", assignee="wang"),
            Act("hand_over", "li", manifest_id="m-1"),
            Act("known_to_platform", "li"),
            Act("comment", "li", comment="called"),
            Act("snooze", "li", until=NOON + MINUTE),
        ]
        * 5,
        strict=True,
    )
)
NOW = NOON + 2 * MINUTE


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """All of them, and what was done about some."""
    folder: Path = tmp_path_factory.mktemp("desk")
    url = sqlite_url(folder / "desk.sqlite")
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.database()
    database = Database(url)
    upgrade(database)
    put(database, WARNINGS)
    for number, act in ACTS.items():
        perform(database, [an_id(number)], act, NOON)
    yield database
    database.close()


def due(value: dict[str, Any]) -> int:
    """The deadline in µs, or what stands for none."""
    text = value["deadline"]
    return NEVER if text is None else from_datetime(datetime.fromisoformat(text))


def suits(number: int, value: dict[str, Any], wanted: Wanted, dimensions: bool = True) -> bool:
    """Whether a warning is asked for, by the plain reading of the filter."""
    if dimensions and not all(
        not getattr(wanted, name) or (value[name] or "") in getattr(wanted, name)
        for name in DIMENSIONS
    ):
        return False
    act = ACTS.get(number)
    kind = None if act is None else act.kind
    until = None if act is None else act.until
    lasts = until is None or until > NOW
    most = value["exposure"].get("most")
    text = " ".join((value["tracking_number"], *value["order_ids"])).lower()
    return all(
        (
            wanted.only_shops is None
            or any(
                f"{platform}/{value['shop_id'] or ''}" in map(str, wanted.only_shops)
                for platform in (value["platform"], "*")
            ),
            wanted.text is None or wanted.text.lower() in text,
            wanted.due_from is None or due(value) >= wanted.due_from,
            wanted.due_to is None or due(value) <= wanted.due_to,
            wanted.currency is None or value["exposure"].get("currency") == wanted.currency,
            wanted.most_from is None or (most is not None and most >= wanted.most_from),
            wanted.most_to is None or (most is not None and most <= wanted.most_to),
            not (wanted.attention and kind in ("acknowledge", "snooze") and lasts),
            wanted.acknowledged in (None, kind == "acknowledge" and lasts),
            wanted.snoozed in (None, kind == "snooze" and lasts),
            wanted.handed_over in (None, kind == "hand_over"),
            wanted.known in (None, kind == "known_to_platform"),
            wanted.assignee in (None, "wang" if kind == "assign" else ""),
        )
    )


def random_filter(dice: random.Random) -> Wanted:
    """One or a few things to ask for."""
    choices: list[dict[str, Any]] = [
        {"platform": ("douyin",)},
        {"shop_id": ("s-1", "s-2")},
        {"shop_id": ("",)},
        {"rule": (dice.choice(RULES),)},
        {"severity": ("critical",)},
        {"state": ()},
        {"state": ("resolved",)},
        {"state": ("breached",)},
        {"carrier": ("zto", "none")},
        {"only_shops": shops("*/s-2")},
        {"only_shops": shops("douyin/s-1", "douyin/s-2", "taobao/s-2")},
        {"only_shops": shops("taobao/s-1", "*/s-2")},
        {"text": dice.choice(("AB%", "_1", "o-1", "o-12", "7" + "0", "zzzz", "ab\\", "789"))},
        {"due_from": NOON + 2 * HOUR, "due_to": NOON + 5 * HOUR},
        {"currency": "CNY", "most_from": 5_000},
        {"currency": "CNY", "most_to": 700},
        {"attention": True},
        {"acknowledged": dice.choice((True, False))},
        {"snoozed": dice.choice((True, False))},
        {"handed_over": dice.choice((True, False)), "known": False},
        {"known": True},
        {"assignee": "wang"},
    ]
    found: dict[str, Any] = {}
    for each in dice.sample(choices, dice.randrange(0, 4)):
        found |= each
    if len(found.get("text", "abc")) < 3:
        found["text"] = "o-1"
    return Wanted(**found)


@pytest.mark.parametrize("few", [5_000, 20])
@pytest.mark.parametrize("order", ["due", "newest"])
def test_pages_and_counts_are_those_of_all_rows(
    filled: Database, few: int, order: lists.Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether few rows drive or the order does; page by page, each warning once."""
    monkeypatch.setattr(lists, "FEW", few)
    dice = random.Random(f"{few} {order}")
    for _ in range(12):
        wanted = random_filter(dice)
        expected = {
            an_id(number): value
            for number, value in enumerate(WARNINGS)
            if suits(number, value, wanted)
        }
        seen: list[Any] = []
        after = None
        with filled.reading() as connection:
            while True:
                page = lists.page(
                    connection, wanted, NOW, order=order, after=after, limit=dice.randrange(1, 60)
                )
                seen += page.rows
                after = page.next
                if after is None:
                    break
            counts = lists.counts(connection, wanted, NOW)
            ids = lists.matching(connection, wanted, NOW, HOW_MANY)
        assert Counter(row.warning_id for row in seen) == Counter(list(expected)), wanted
        assert Counter(ids) == Counter(list(expected)), wanted
        keys = [(row.due_at, row.id) if order == "due" else (-row.detected_at, -row.id)
                for row in seen]  # fmt: skip
        assert keys == sorted(keys), wanted
        assert not counts.capped
        assert counts.total == len(expected), wanted
        for name in DIMENSIONS:
            others = STANDING if name == "state" and wanted.only_standing else ()
            loose = replace(wanted, **{name: others})
            facet = Counter(
                value[name] or ""
                for number, value in enumerate(WARNINGS)
                if suits(number, value, loose)
            )
            assert counts.by[name] == facet, (wanted, name)


def test_a_row_says_all_that_a_list_shows(filled: Database) -> None:
    """The revision's own JSON, and what was done."""
    with filled.reading() as connection:
        page = lists.page(connection, Wanted(assignee="wang", state=()), NOW)
        row = page.rows[0]
        assert '"zh"' in row.value
        assert (row.work_assignee, row.work_comments) == ("wang", 0)
        assert lists.one(connection, row.warning_id, None) == row
        assert lists.one(connection, row.warning_id, shops("*/s-9")) is None
        assert lists.one(connection, "0" * 32, None) is None


def test_no_answer_goes_beyond_what_it_may_count(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for what no cell knows reads that there are more."""
    monkeypatch.setattr(lists, "COUNTED", 50)
    with filled.reading() as connection:
        counts = lists.counts(connection, Wanted(text="ab%"), NOW)
    assert (counts.total, counts.capped) == (50, True)


def test_the_feed_brings_every_change_once(filled: Database) -> None:
    """From any cursor on, in pieces of any size; a shop's, its own alone."""
    with filled.reading() as connection:
        for sight in (None, shops("*/s-2"), shops("taobao/s-2")):
            seen: list[str] = []
            cursor = 0
            while some := lists.since(connection, cursor, sight, 7):
                assert [row.cursor for row in some] == sorted(row.cursor for row in some)
                assert some[0].cursor > cursor
                cursor = some[-1].cursor
                seen += [row.warning_id for row in some]
            wanted = Wanted(state=(), only_shops=sight)
            assert sorted(seen) == sorted(
                an_id(number)
                for number, value in enumerate(WARNINGS)
                if suits(number, value, wanted)
            )
