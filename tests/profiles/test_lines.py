"""`[meter]` and `[[lines]]` in a profile file: what is accepted, what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from streams.facts.times import HOUR
from streams.profiles.lines import LineTable, MeterTable, named_once
from streams.profiles.loader import load
from streams.rules.registry import RULES

LATE: dict[str, Any] = {
    "name": "late",
    "orders": "late",
    "among": "due",
    "percent": 12.5,
    "comparator": "ge",
}


def test_a_line_becomes_whole_basis_points() -> None:
    """Half a percent is fifty basis points, and nothing is left to floating point."""
    line = LineTable(**{**LATE, "percent": 0.5, "least": 7, "counting": "among"}).line()
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
    ],
)
def test_a_line_that_cannot_be_is_refused(changed: dict[str, Any], words: str) -> None:
    """The words say what is wrong."""
    with pytest.raises(ValidationError) as caught:
        LineTable(**{**LATE, **changed})
    assert words in str(caught.value)


def test_two_lines_of_one_name_are_refused() -> None:
    """A name stands for one line of a profile."""
    with pytest.raises(ValueError, match="'late' is the name of two lines"):
        named_once([LineTable(**LATE), LineTable(**LATE)])


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
