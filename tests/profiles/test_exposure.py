"""`[exposure]` in a profile file: what can be said, and the mistakes that are named."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import ValidationError

from streams.facts.times import HOUR
from streams.profiles.exposure import basis_points, exposure_table
from streams.profiles.money import Exposure, Scale, Step, Together
from streams.profiles.registry import SPECS

GOOD = """\
currency = "EUR"
round_to = 10
cap_per_buyer_day = 9000
days_ahead_of_utc_hours = 1

[together]
rules = ["pickup_overdue", "transit_stalled"]
percent = 12.5
cap = 7000

[ship_overdue]
violation = [
  { presale = true, promise_up_to_hours = 36, tiers = [{ percent = 0, cap = 0 }, { percent = 0.01, cap = 1 }] },
  { tiers = [{ percent = 33.33, floor = 1, cap = 1 }] },
]

[pickup_overdue]
violation = { percent = 5, floor = 500, cap = 5000 }
serious = { percent = 100, cap = 5000 }

[transit_stalled]
notice = { percent = 1, cap = 5000 }
"""  # noqa: E501  an inline table of TOML is one line


def read(text: str) -> Exposure:
    """The exposure that a table says."""
    table = exposure_table(tuple(SPECS.values()))
    return table.model_validate(tomllib.loads(text)).exposure()


def test_all_that_can_be_said() -> None:
    """Percentages become basis points, hours microseconds; a floor that is left out is none."""
    assert read(GOOD) == Exposure(
        sums={
            ("ship_overdue", "violation"): (
                Scale((Step(0, 0, 0), Step(1, 0, 1)), 36 * HOUR, frozenset({1, 2})),
                Scale((Step(3333, 1, 1),)),
            ),
            ("pickup_overdue", "violation"): (Scale((Step(500, 500, 5000),)),),
            ("pickup_overdue", "serious"): (Scale((Step(10_000, 0, 5000),)),),
            ("transit_stalled", "notice"): (Scale((Step(100, 0, 5000),)),),
        },
        currency="EUR",
        round_to=10,
        together=Together(frozenset(("pickup_overdue", "transit_stalled")), 1250, 7000),
        cap_per_buyer_day=9000,
        day_offset=HOUR,
    )


@pytest.mark.parametrize("rule", SPECS)
def test_every_rule_may_have_a_sum(rule: str) -> None:
    """The table has a place for each rule that there is, whatever it looks at."""
    one = "{ percent = 5, cap = 5000 }"
    said = f"[{{ tiers = [{one}] }}]" if rule == "ship_overdue" else one
    found = read(f'currency = "CNY"\n{rule}.violation = {said}')
    assert found.sums == {(rule, "violation"): (Scale((Step(500, 0, 5000),)),)}


def test_without_sums_all_is_a_strike() -> None:
    """An empty table, or one that says so."""
    for text in ("", 'kind = "strike"'):
        assert read(text).of("ship_overdue", "violation", 1, ()) == ("strike", None)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('currency = "EUR"\n', "", "sums need a currency"),
        ('"EUR"', '"euro"', "pattern"),
        ("percent = 12.5", "percent = 12.345", "at most two decimals"),
        ("percent = 12.5", "percent = 100.01", "less than or equal to 100"),
        ("percent = 12.5", "percent = -1", "greater than or equal to 0"),
        ("percent = 12.5", "percent = nan", "finite"),
        ("percent = 12.5", 'percent = "5"', "number"),
        ("cap = 7000", "cap = 70.00", "integer"),
        ("cap = 7000", "cap = -1", "greater than or equal to 0"),
        ("floor = 500, cap = 5000", "floor = 5001, cap = 5000", "floor must not be above cap"),
        ("floor = 500, cap = 5000", "floor = 500", "required"),
        ("tiers = [{ percent = 33.33, floor = 1, cap = 1 }]", "tiers = []", "at least 1"),
        ("{ tiers", "{ presale = false, tiers", "must fit every order"),
        ("{ tiers", "{ promise_up_to_hours = 1, tiers", "must fit every order"),
        ('"transit_stalled"]', '"repeated_track"]', "'repeated_track' has no sum here"),
        ("[transit_stalled]", "[transit_stale]", "Extra inputs"),
        ("notice =", "warning =", "Extra inputs"),
        ("round_to = 10", "round_to = 0", "greater than or equal to 1"),
    ],
)
def test_each_mistake_is_named(good: str, bad: str, said: str) -> None:
    """A sum that cannot be meant is refused, not guessed at."""
    assert good in GOOD
    with pytest.raises(ValidationError, match=said):
        read(GOOD.replace(good, bad, 1))


def test_every_percentage_is_whole_basis_points() -> None:
    """No rounding error of a decimal fraction gets into a sum."""
    texts = {points: f"{points // 100}.{points % 100:02d}" for points in range(10_001)}
    read = tomllib.loads("\n".join(f"{points} = {text}" for points, text in texts.items()))
    assert [basis_points(value) for value in read.values()] == list(texts)
