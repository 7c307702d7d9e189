"""`[meter]` and `[[lines]]` in a profile file: what is accepted, what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from streams.facts.times import HOUR
from streams.profiles.lines import LineTable, MeterTable, named_once
from streams.profiles.loader import load
from streams.rules.registry import RULES
from streams.state.contributions import CONFIRMED, DELIVERY_DUE, PAID
from streams.state.shop_lines import FURTHER, MEASURES, PAIRS
from streams.state.windows import Window

LATE: dict[str, Any] = {
    "name": "late",
    "orders": "late",
    "among": "due",
    "percent": 12.5,
    "comparator": "ge",
}


def test_a_line_becomes_whole_basis_points() -> None:
    """Half a percent is fifty basis points, and nothing is left to floating point."""
    (line,) = LineTable(**{**LATE, "percent": 0.5, "least": 7, "counting": "among"}).lines()
    assert (line.share, line.at_least, line.least, line.counting) == (50, True, 7, "due")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"among": "shipped"}, "late among shipped is not counted"),
        ({"percent": 0}, "percent: above 0"),
        ({"percent": 100, "comparator": "gt"}, "percent: above 0, and below 100"),
        ({"percent": 12.345}, "at most two decimals"),
        ({"subject": "product", "orders": "unshipped"}, "of a product"),
        ({"subject": "product", "days": 2}, "of a product"),
        ({"orders": "abnormal", "among": "shipped", "counting": "among"}, "are no part of those"),
        ({"least": 0}, "greater than or equal to 1"),
        ({"percent": None}, "one of percent, count and grades"),
        ({"count": 5}, "one of percent, count and grades"),
        ({"comparator": None}, "comparator"),
        ({"percent": None, "count": 5}, "without comparator"),
        ({"percent": None, "grades": [{"percent": 5}, {"percent": 5}]}, "5 after 5"),
        ({"percent": None, "grades": [{"percent": 5}, {"count": 5}]}, "in all of them"),
        ({"percent": None, "grades": [{"percent": 5, "count": 5}]}, "either percent or count"),
        ({"window": {"days": 91}}, "less than or equal to 90"),
        ({"window": {"days": 7, "lag_days": 31}}, "less than or equal to 30"),
        ({"window": {}}, "either days or calendar"),
        ({"window": {"days": 7, "calendar": "week"}}, "either days or calendar"),
        ({"window": {"calendar": "year"}}, "'week' or 'month'"),
        ({"window": {"days": 7}, "days": 2}, "without days running"),
        ({"window": {"days": 7}, "subject": "product"}, "of a shop only"),
        ({"few": {"up_to": 2, "count": 3}}, "count is 3, more than the 2 of up_to"),
        ({"consequence": {"en": "closed"}}, "consequence.zh"),
    ],
)
def test_a_line_that_cannot_be_is_refused(changed: dict[str, Any], words: str) -> None:
    """The words say what is wrong."""
    with pytest.raises(ValidationError) as caught:
        LineTable(**{**LATE, **changed})
    assert words in str(caught.value)


def test_two_lines_of_one_name_are_refused() -> None:
    """A name stands for one line of a profile, a grade's too."""
    with pytest.raises(ValueError, match="'late' is the name of two lines"):
        named_once([LineTable(**LATE), LineTable(**LATE)])
    graded = {**LATE, "percent": None, "grades": [{"percent": 2.5}, {"percent": 10}]}
    with pytest.raises(ValueError, match="'late_2_5' is the name of two lines"):
        named_once([LineTable(**graded), LineTable(**{**LATE, "name": "late_2_5"})])


def test_grades_are_lines_with_a_consequence_each() -> None:
    """What one grade does not say of what follows, its line says."""
    table = LineTable(
        name="late",
        orders="late",
        grades=[{"count": 100, "consequence": {"zh": "一", "en": "one"}}, {"count": 1000}],
        consequence={"zh": "二", "en": "two"},
        window={"calendar": "month", "lag_days": 1},
    )
    assert [(line.name, line.least, line.consequence) for line in table.lines()] == [
        ("late_100", 100, ("一", "one")),
        ("late_1000", 1000, ("二", "two")),
    ]
    assert {line.window for line in table.lines()} == {Window(calendar="month", lag=1)}
    assert {(line.among, line.share, line.at_least) for line in table.lines()} == {("due", 0, True)}


def test_each_further_measure_stands_before_its_part() -> None:
    """What is stored is the place of the first."""
    places = (CONFIRMED, DELIVERY_DUE, PAID)
    assert tuple(MEASURES[place] for place in places) == FURTHER
    assert all((MEASURES[place + 1], MEASURES[place]) in PAIRS for place in places)


def test_a_meter_counts_further_what_its_lines_look_at() -> None:
    """And asks parcels for more only where it must."""
    late, untracked, delivered = (
        LineTable(**{**LATE, "name": name, "orders": name, "among": None}).lines()[0]
        for name in ("late", "untracked", "delivered_late")
    )
    meter = MeterTable().meter((late, untracked))
    assert (meter.further, meter.asks_parcels) == ({"confirmed"}, False)
    assert MeterTable(valid_scans=2).meter((late, untracked)).asks_parcels
    assert not MeterTable(valid_scans=2).meter((late,)).asks_parcels
    assert MeterTable().meter((delivered,)).counted()[5:] == ("delivery_due", "delivered_late")


@pytest.mark.parametrize("statuses", ["any_record", [], ["ordered"], ["delivered", "returned"]])
def test_what_does_not_arrive_is_no_delivery(statuses: Any) -> None:
    """A list of statuses of a parcel on its way is needed."""
    with pytest.raises(ValidationError, match="delivered_by"):
        MeterTable(delivered_by=statuses)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pickup_overdue.later", "one of its stages"),
        (".serious", "one of its stages"),
        ("ship_overdue", "counted as late"),
    ],
)
def test_a_finding_that_cannot_count_is_refused(name: str, words: str) -> None:
    """Late orders are counted as late; a stage is one of three."""
    with pytest.raises(ValidationError) as caught:
        MeterTable(abnormal=[name])
    assert words in str(caught.value)


def test_a_rule_without_a_stage_means_all_but_the_notice() -> None:
    """The notice only informs."""
    meter = MeterTable(abnormal=["recalled", "pickup_overdue.serious"]).meter(())
    assert meter.abnormal == {
        ("recalled", "violation"),
        ("recalled", "serious"),
        ("pickup_overdue", "serious"),
    }
    assert meter.day_offset == 8 * HOUR


def test_built_in_meters_name_rules_that_there_are() -> None:
    """A misspelt rule would never count."""
    for profile in load().all:
        assert profile.meter is not None
        assert {rule for rule, _ in profile.meter.abnormal} <= set(RULES)
