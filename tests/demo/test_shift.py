"""The demo's week moved to another one is the same week: same warnings, same dead letters."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from schemas.order_paid import OrderPaid
from schemas.stock_level import StockLevel
from schemas.tracking_update import TrackingUpdate
from streams.demo.history import ENDS_AT, STARTS_AT, Entry, Outcome, load, replayed
from streams.demo.shift import TIME_FIELDS, days_until, shifted
from streams.facts.times import DAY, HOUR, from_datetime
from streams.profiles.loader import load as load_profiles

TIMES = ("opened_at", "deadline", "breached_at", "resolved_at")


def at(text: str) -> int:
    """A moment in µs since the epoch."""
    return from_datetime(datetime.fromisoformat(text))


@cache
def outcome(days: int, until: int) -> Outcome:
    """What replay makes at `until` of the history moved by `days`."""
    return replayed(shifted(load(), days), load_profiles(), until)


def kinds(found: Outcome) -> Counter[tuple[str, str, str]]:
    """How many warnings of each rule and stage are in each state."""
    return Counter((one["rule"], one["stage"], one["state"]) for one in found.warnings.values())


def moved(warning: dict[str, Any], days: int) -> dict[str, Any]:
    """What of a warning should be the same in another week, its times moved back by `days`."""
    kept = {name: warning[name] for name in ("rule", "stage", "state", "severity", "order_ids")}
    for name in TIMES:
        value = warning[name]
        kept[name] = value and datetime.fromisoformat(value) - timedelta(days=days)
    return kept


@pytest.mark.parametrize(
    ("now", "days", "shown"),
    [
        ("2026-11-16T00:00:00+08:00", 0, "2026-11-16T00:00:00+08:00"),
        ("2026-11-16T23:59:59+08:00", 0, "2026-11-16T23:59:59+08:00"),
        ("2026-11-17T00:00:00+08:00", 1, "2026-11-16T00:00:00+08:00"),
        ("2026-11-15T23:59:59+08:00", -1, "2026-11-16T23:59:59+08:00"),
        ("2028-03-01T01:30:00-05:00", 471, "2026-11-16T14:30:00+08:00"),
        ("2024-02-29T00:00:00+00:00", -991, "2026-11-16T08:00:00+08:00"),
    ],
)
def test_now_falls_on_the_sixth_day_at_its_own_hour(now: str, days: int, shown: str) -> None:
    """Whole days, counted in Beijing, forward and back, over leap days and at midnight."""
    assert days_until(at(now)) == days
    assert at(now) - days * DAY == at(shown)


@pytest.mark.parametrize("days", [12, 471, -133])
def test_the_same_warnings_stand_at_the_same_moment(days: int) -> None:
    """In the middle of the sixth day each warning is the original's, its times moved."""
    then = STARTS_AT + 5 * DAY + 13 * HOUR
    original, found = outcome(0, then), outcome(days, then + days * DAY)
    assert kinds(found) == kinds(original)
    assert found.dead_letters == original.dead_letters

    def content(one: Outcome, back: int) -> list[str]:
        return sorted(repr(moved(warning, back)) for warning in one.warnings.values())

    assert content(found, days) == content(original, 0)


def test_the_whole_week_ends_as_the_original_does() -> None:
    """No difference builds up by the end; each course of revisions is the same too."""
    assert outcome(12, ENDS_AT + 12 * DAY).kinds == outcome(0, ENDS_AT).kinds


def test_the_present_has_deadlines_ahead() -> None:
    """At any hour of the sixth day several warnings are open with a deadline in the future."""
    for hour in (0, 6, 12, 18, 24):
        now = STARTS_AT + 5 * DAY + hour * HOUR
        ahead = [
            warning
            for warning in outcome(0, now).warnings.values()
            if warning["state"] == "open" and warning["deadline"] and at(warning["deadline"]) > now
        ]
        assert len(ahead) >= 5, hour


def test_nothing_but_dates_changes() -> None:
    """Topics, keys, order and every other byte stay; without a shift all of it does."""
    history = load()
    assert shifted(history, 0) == history
    for before, after in zip(history, shifted(history, 12), strict=True):
        assert after[1:3] == before[1:3]
        assert after.arrival == before.arrival + 12 * DAY
        assert len(after.value or b"") == len(before.value or b"")
    assert shifted(shifted(history, 12), -12) == history


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"occurred_at":"2026-11-12T10:00:00+08:00"', '"occurred_at":"2026-11-24T10:00:00+08:00"'),
        ('"paid_at": "2026-12-25T00:00:00Z"', '"paid_at": "2027-01-06T00:00:00Z"'),
        ('"occurred_at":"2026-11-12 10:00:00"', '"occurred_at":"2026-11-24 10:00:00"'),
        ('"occurred_at":"2027-11-14T10:00:00+08:00"', '"occurred_at":"2027-11-26T10:00:00+08:00"'),
    ],
    ids=["with an offset", "into the next year", "naive", "in the far future"],
)
def test_times_keep_their_kind(before: str, after: str) -> None:
    """The day is another one; what made a time a good or a bad one is still there."""
    (entry,) = shifted([Entry(0, "tracking-update", None, f"{{{before}}}".encode())], 12)
    assert entry.value == f"{{{after}}}".encode()


@pytest.mark.parametrize(
    "value",
    [
        b'{"occurred_at":"1970-01-01T08:00:00+08:00"}',
        b'{"occurred_at":"2026-13-41T08:00:00+08:00"}',
        b'{"paid_at":1794535200}',
        b'{"paid_at":NaN}',
        b'{"description":"2026-11-12T10:00:00+08:00"}',
        b'{"occurred_at":"2026-11-1',
        '{"description":"【杭州市】已揽收"}'.encode("gbk"),
        None,
    ],
)
def test_what_is_no_time_stays_as_it_is(value: bytes | None) -> None:
    """Sentinels, numbers, other fields, and what cannot be read at all."""
    (entry,) = shifted([Entry(0, "tracking-update", None, value)], 12)
    assert entry.value == value


def test_every_time_of_the_contract_is_moved() -> None:
    """A new field with a time must be named here, or the moved week contradicts itself."""
    for model in (OrderPaid, TrackingUpdate, StockLevel):
        fields = model.model_json_schema()["properties"].items()
        assert {name for name, field in fields if "date-time" in json.dumps(field)} <= set(
            TIME_FIELDS
        )
