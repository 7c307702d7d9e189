"""Exemptions in a profile file, and the warnings of orders and parcels that they hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.builders import (
    ANNA,
    BORIS,
    CHINA,
    HANGZHOU,
    HOUR,
    LATER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    Message,
    moment,
    order,
    picked_up,
    record,
    times,
    upload,
    us,
)
from support.packs import Judging

from streams.facts.times import iso
from streams.profiles.exemptions import ExemptionTable
from streams.profiles.loader import ProfileError, load

Judged = Callable[..., list[Message]]

HELD = """\
extends = "douyin-2026-07-09"

[[exemptions]]
name = "closed"
"""


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """`judged(rows, history)`: the standing warnings, with these rows in Douyin's profile."""

    def judge(rows: str, history: list[Message], until: datetime = LATER) -> list[Message]:
        (tmp_path / "held.toml").write_text(HELD + rows, encoding="utf-8")
        judging = Judging(tmp_path)
        judging.feed(history, until)
        assert not judging.machine.failures
        return judging.standing()

    return judge


def one(warnings: list[Message], rule: str, stage: str = "violation") -> Message:
    """The only warning of a rule and stage."""
    (found,) = (each for each in warnings if (each["rule"], each["stage"]) == (rule, stage))
    return found


def span(start: datetime, end: datetime) -> str:
    """`from` and `to` of a row."""
    return f"from = {start.isoformat()}\nto = {end.isoformat()}\n"


TEN_HOURS = span(UPLOADED + 5 * HOUR, UPLOADED + 15 * HOUR)
UNSHIPPED = [order(recipient=ANNA, ship_from=HANGZHOU), upload("1")]


def test_a_held_clock_is_the_same_warning_later(judged: Judged) -> None:
    """Opening, deadline and breach move by ten hours; the id, made of the start, does not."""
    plain = one(judged(span(PAID - 48 * HOUR, PAID - 47 * HOUR), UNSHIPPED), "pickup_overdue")
    held = one(judged(TEN_HOURS, UNSHIPPED), "pickup_overdue")
    assert held["warning_id"] == plain["warning_id"]
    assert times(plain)["deadline"] == UPLOADED + 24 * HOUR
    assert times(held) == {
        "opened_at": UPLOADED + 28 * HOUR,
        "deadline": UPLOADED + 34 * HOUR,
        "breached_at": UPLOADED + 34 * HOUR,
        "resolved_at": None,
    }


def test_both_stages_are_held(judged: Judged) -> None:
    """Serious opens at the moved breach of the violation and has its own moved deadline."""
    serious = one(judged(TEN_HOURS, UNSHIPPED), "pickup_overdue", "serious")
    assert times(serious)["opened_at"] == UPLOADED + 34 * HOUR
    assert times(serious)["deadline"] == UPLOADED + 58 * HOUR


def test_the_evidence_names_the_row(judged: Judged) -> None:
    """A seller sees why the clock stood still; the limit is said as it is in the profile."""
    warnings = judged(TEN_HOURS, UNSHIPPED)
    held = one(warnings, "pickup_overdue")
    assert held["evidence"]["exemptions"] == ["closed"]
    assert held["evidence"]["limit_hours"] == 24
    plain = one(judged(span(PAID - 48 * HOUR, PAID - 47 * HOUR), UNSHIPPED), "pickup_overdue")
    assert plain["evidence"]["exemptions"] == []


@pytest.mark.parametrize(
    ("picked", "state", "late"),
    [
        (timedelta(hours=28), None, False),
        (timedelta(hours=28, microseconds=1), "resolved", False),
        (timedelta(hours=34), "resolved", False),
        (timedelta(hours=34, microseconds=1), "resolved", True),
    ],
)
def test_an_end_is_compared_with_the_moved_times(
    judged: Judged, picked: timedelta, state: str | None, late: bool
) -> None:
    """A pickup in the hours that the row gave leaves no warning, or one that was not too late."""
    history = [*UNSHIPPED, picked_up(UPLOADED + picked)]
    found = [w for w in judged(TEN_HOURS, history) if w["rule"] == "pickup_overdue"]
    violation = [w for w in found if w["stage"] == "violation"]
    assert [w["state"] for w in violation] == ([] if state is None else [state])
    assert all((w["breached_at"] is not None) == late for w in violation)


@pytest.mark.parametrize(
    ("narrowed", "holds"),
    [
        ("", True),
        ("rules = ['pickup_overdue']\n", True),
        ("rules = ['ship_overdue']\n", False),
        ("carriers = [' ZTO ']\n", True),
        ("carriers = ['sf']\n", False),
        ("regions = [44]\n", True),
        ("regions = ['浙江']\n", True),
        ("regions = [65, 54]\n", False),
    ],
)
def test_a_row_is_about_what_it_names(judged: Judged, narrowed: str, holds: bool) -> None:
    """Of a parcel: its carrier, where it comes from (ship_from here) and where it goes."""
    warning = one(judged(TEN_HOURS + narrowed, UNSHIPPED), "pickup_overdue")
    hours = 34 if holds else 24
    assert times(warning)["deadline"] == UPLOADED + hours * HOUR


def test_the_pickup_decides_where_a_parcel_comes_from(judged: Judged) -> None:
    """The province of the pickup goes before that of the sender; that of the recipient stays."""
    history = [*UNSHIPPED, picked_up(location={"province": "新疆维吾尔自治区"})]
    during = span(PICKED + HOUR, PICKED + 11 * HOUR)
    for region, hours in ((65, 34), (33, 24), (44, 34)):
        warning = one(judged(f"{during}regions = [{region}]\n", history), "inactive_after_pickup")
        assert times(warning)["deadline"] == PICKED + hours * HOUR, region


def test_every_node_is_a_clock_of_its_own(judged: Judged) -> None:
    """A stall is held in the pause that it meets; the next one is not."""
    hub = PICKED + 4 * HOUR
    history = [
        *UNSHIPPED,
        picked_up(location=HANGZHOU),
        record("hub", hub),
        record("hub", hub + 85 * HOUR),
    ]
    found = [
        w
        for w in judged(span(hub + HOUR, hub + 11 * HOUR), history)
        if w["rule"] == "transit_stalled"
    ]
    deadlines = sorted(w["deadline"] for w in found)
    assert [moment(each) for each in deadlines] == [hub + 82 * HOUR, hub + 157 * HOUR]
    assert sorted(len(w["evidence"]["exemptions"]) for w in found) == [0, 1]


def test_an_order_is_held_by_its_provinces_and_the_carriers_of_its_numbers(
    judged: Judged,
) -> None:
    """A stretch holds the promise, too; of an order without a number no carrier is known."""
    during = span(PAID + HOUR, PAID + 11 * HOUR)
    for narrowed, history, hours in (
        ("", UNSHIPPED[:1], 58),
        ("regions = ['广东']\n", UNSHIPPED[:1], 58),
        ("regions = ['浙江']\n", UNSHIPPED[:1], 58),
        ("regions = ['新疆']\n", UNSHIPPED[:1], 48),
        ("carriers = ['zto']\n", UNSHIPPED[:1], 48),
        ("carriers = ['zto']\n", UNSHIPPED, 58),
    ):
        warning = one(judged(during + narrowed, history), "ship_overdue")
        assert times(warning)["deadline"] == PAID + hours * HOUR, narrowed


def test_business_days_hold_the_default_promise_only(judged: Judged) -> None:
    """An order paid on a Friday has until Tuesday; one with a promise has that."""
    weekends = 'weekdays = ["sat", "sun"]\nzone = "Asia/Shanghai"\n'
    assert PAID.strftime("%a %H") == "Fri 10"
    unpromised = order(promised_ship_by=None)
    assert times(one(judged(weekends, [unpromised]), "ship_overdue"))["deadline"] == datetime(
        2026, 11, 24, 10, tzinfo=CHINA
    )
    assert times(one(judged(weekends, [order()]), "ship_overdue"))["deadline"] == PROMISE
    both = weekends + "promises = true\n"
    assert times(one(judged(both, [order()]), "ship_overdue"))["deadline"] == datetime(
        2026, 11, 24, 10, tzinfo=CHINA
    )


def test_checks_are_not_clocks(judged: Judged) -> None:
    """What holds at a time holds then, exempt or not."""
    history = [order("1"), order("2", recipient=BORIS), upload("1"), upload("2", UPLOADED + HOUR)]
    warning = one(judged(TEN_HOURS, history), "duplicate_tracking_number")
    assert times(warning)["opened_at"] == UPLOADED + HOUR


# ---- rows


def row(**fields: Any) -> ExemptionTable:
    """A row of a file."""
    return ExemptionTable.model_validate({"name": "row", **fields}, context={"rules": ("a", "b")})


def at(*day: int) -> datetime:
    """A moment in China."""
    return datetime(*day, tzinfo=CHINA)  # type: ignore[misc, arg-type]
    # Year, month, day and hour, as many as are given.


def test_single_days_are_whole_days_of_their_zone() -> None:
    """Days that follow one another are one pause."""
    days = [at(2026, 10, day).date() for day in (3, 1, 2, 8)]
    pauses = row(days=days, zone="Asia/Shanghai").exemption().pauses
    assert [(iso(a), iso(b)) for a, b in pauses] == [
        ("2026-09-30T16:00:00+00:00", "2026-10-03T16:00:00+00:00"),
        ("2026-10-07T16:00:00+00:00", "2026-10-08T16:00:00+00:00"),
    ]


def test_a_day_on_which_clocks_change_is_not_24_hours() -> None:
    """The weekend of the change in New York has 49 hours, and begins by summer time."""
    autumn = row(
        weekdays=["sat", "sun"],
        zone="America/New_York",
        **{"from": at(2026, 10, 30), "to": at(2026, 11, 4)},
    ).exemption()
    assert [(iso(a), iso(b)) for a, b in autumn.pauses] == [
        ("2026-10-31T04:00:00+00:00", "2026-11-02T05:00:00+00:00")
    ]


def test_weekdays_can_be_bounded() -> None:
    """`from` and `to` cut the first and the last."""
    bounded = row(
        weekdays=["sun"],
        zone="+08:00",
        **{"from": at(2026, 11, 22, 12), "to": at(2026, 11, 29, 6)},
    ).exemption()
    assert bounded.pauses == (
        (us(at(2026, 11, 22, 12)), us(at(2026, 11, 23))),
        (us(at(2026, 11, 29)), us(at(2026, 11, 29, 6))),
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "when? allowed: `from` and `to`, or `days`, or `weekdays`"),
        ({"from": at(2026, 1, 2)}, "when? allowed"),
        ({"from": at(2026, 1, 2), "to": at(2026, 1, 2)}, "`to` must be after `from`"),
        ({"from": datetime(2026, 1, 2), "to": at(2026, 1, 3)}, "a time needs an offset"),  # noqa: DTZ001 - the naive time is what is refused
        ({"weekdays": ["sat"]}, "need a `zone`"),
        ({"weekdays": ["saturday"], "zone": "+08:00"}, "'saturday' is no weekday; allowed: mon, "),
        ({"weekdays": [], "zone": "+08:00"}, "at least 1 item"),
        (
            {"weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "zone": "+08:00"},
            "never ends",
        ),
        ({"weekdays": ["sat"], "zone": "Mars/Base"}, "'Mars/Base' is no time zone; allowed: "),
        ({"from": at(2026, 1, 1), "to": at(2026, 1, 3), "rules": ["c"]}, "allowed: a, b"),
        ({"from": at(2026, 1, 1), "to": at(2026, 1, 3), "regions": [99]}, "99 is no province"),
        ({"from": at(2026, 1, 1), "to": at(2026, 1, 3), "regions": ["Mars"]}, "'Mars' is no prov"),
        ({"from": at(2026, 1, 1), "to": at(2026, 1, 3), "regions": "65"}, "a list of provinces"),
    ],
)
def test_a_wrong_row_is_refused(fields: dict[str, Any], problem: str) -> None:
    """And it is said what is allowed."""
    with pytest.raises(ValidationError) as caught:
        row(**fields)
    assert problem in str(caught.value)


def test_a_row_is_named_by_its_line(tmp_path: Path) -> None:
    """Of several rows, the one that is wrong."""
    text = HELD + span(PAID, LATER) + '[[exemptions]]\nname = "b"\nregions = [\n  65,\n  100,\n]\n'
    path = tmp_path / "held.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    (problem,) = caught.value.problems
    assert problem.startswith(
        f"{path}:9: exemptions.1.regions: 100 is no province or city; allowed: "
    )


def test_two_rows_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    """The evidence of a warning could not tell them apart."""
    rows = span(PAID, LATER) + '[[exemptions]]\nname = "closed"\n' + span(PAID, LATER)
    (tmp_path / "held.toml").write_text(HELD + rows, encoding="utf-8")
    with pytest.raises(ProfileError, match="'closed' is the name of two rows"):
        load([tmp_path])
