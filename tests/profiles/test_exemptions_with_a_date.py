"""Exemptions that set a date in place of an earlier one, for orders paid or due in a window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.builders import (
    ANNA,
    HANGZHOU,
    HOUR,
    LATER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    Message,
    order,
    picked_up,
    times,
    upload,
)
from support.packs import Judging

from streams.profiles.exemptions import ExemptionTable

Judged = Callable[..., list[Message]]

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
LATE = PROMISE + 10 * HOUR


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """`judged(rows, history)`: the standing warnings, with these rows in Douyin's profile."""

    def judge(rows: str, history: list[Message], until: datetime = LATER) -> list[Message]:
        text = f'extends = "douyin-2026-07-09"\n\n{rows}'
        (tmp_path / "dated.toml").write_text(text, encoding="utf-8")
        judging = Judging(tmp_path)
        judging.feed(history, until)
        assert not judging.machine.failures
        return judging.standing()

    return judge


def dated(
    counts: str, start: datetime, end: datetime, date: datetime, more: str = "", name: str = "row"
) -> str:
    """A row that sets a date."""
    window = f"{{ from = {start.isoformat()}, to = {end.isoformat()} }}"
    head = f'[[exemptions]]\nname = "{name}"\n{counts} = {window}\n'
    return f"{head}ship_by = {date.isoformat()}\n{more}"


def ship(warnings: list[Message]) -> Message:
    """The only warning of `ship_overdue`."""
    (found,) = (each for each in warnings if each["rule"] == "ship_overdue")
    return found


@pytest.mark.parametrize("counts", ["paid", "due"])
@pytest.mark.parametrize(
    ("start", "end", "moved"),
    [
        (timedelta(), HOUR, True),
        (US, HOUR, False),
        (-HOUR, timedelta(), False),
        (-HOUR, US, True),
    ],
    ids=["from its first moment", "a microsecond later", "before its last", "within"],
)
def test_both_windows_are_half_open(
    judged: Judged, counts: str, start: timedelta, end: timedelta, moved: bool
) -> None:
    """The first moment is in it, the second is not."""
    about = PAID if counts == "paid" else PROMISE
    found = ship(judged(dated(counts, about + start, about + end, LATE), [order()]))
    assert times(found)["deadline"] == (LATE if moved else PROMISE)
    assert found["evidence"]["exemptions"] == (["row"] if moved else [])


def test_it_breaches_a_microsecond_after_the_date(judged: Judged) -> None:
    """Open at the date itself; it opens as long before as it would have before the promise."""
    row = dated("paid", PAID, PAID + HOUR, LATE)
    at_date = ship(judged(row, [order()], LATE))
    assert at_date["state"] == "open"
    assert times(at_date)["opened_at"] == LATE - 12 * HOUR
    assert at_date["evidence"]["limit_hours"] == 48
    assert times(ship(judged(row, [order()], LATE + US)))["breached_at"] == LATE


def test_the_id_stays(judged: Judged) -> None:
    """It is made of the payment."""
    plain = ship(judged("", [order()]))
    assert (
        ship(judged(dated("due", PAID, LATER, LATE), [order()]))["warning_id"]
        == (plain["warning_id"])
    )


def test_the_later_of_the_date_and_the_promise(judged: Judged) -> None:
    """A date before the promise moves nothing, and is not named."""
    found = ship(judged(dated("paid", PAID, LATER, PROMISE - HOUR), [order()]))
    assert times(found)["deadline"] == PROMISE
    assert found["evidence"]["exemptions"] == []


def test_the_latest_of_several_wins(judged: Judged) -> None:
    """Over other dates and over what pauses come to; it alone is named."""
    pause = (
        f'[[exemptions]]\nname = "closed"\nfrom = {PAID.isoformat()}\n'
        f"to = {(PAID + 5 * HOUR).isoformat()}\n"
    )
    first = dated("paid", PAID, LATER, PROMISE + 6 * HOUR, name="first")
    second = dated("due", PAID, LATER, LATE, name="second")
    found = ship(judged(pause + first + second, [order()]))
    assert (times(found)["deadline"], found["evidence"]["exemptions"]) == (LATE, ["second"])
    longer = pause.replace((PAID + 5 * HOUR).isoformat(), (PAID + 12 * HOUR).isoformat())
    held = ship(judged(longer + second, [order()]))
    assert times(held)["deadline"] == PROMISE + 12 * HOUR
    assert held["evidence"]["exemptions"] == ["closed"]


def test_a_deposit_presale_counts_from_its_final_payment(judged: Judged) -> None:
    """As its clock does."""
    final = PAID + 5 * HOUR
    presale = order(presale="deposit", final_paid_at=final, updated_at=final)
    inside, outside = dated("paid", final, final + US, LATE), dated("paid", PAID, final, LATE)
    assert times(ship(judged(inside, [presale])))["deadline"] == LATE
    assert times(ship(judged(outside, [presale])))["deadline"] == PROMISE


def test_what_was_sent_by_the_date_is_in_time(judged: Judged) -> None:
    """And a microsecond later it is not."""
    row = dated("paid", PAID, LATER, LATE)
    history = [order(), upload("1")]
    in_time = ship(judged(row, [*history, picked_up(LATE)]))
    assert (in_time["state"], in_time["breached_at"]) == ("resolved", None)
    late = ship(judged(row, [*history, picked_up(LATE + US)]))
    assert times(late)["breached_at"] == LATE


def test_other_clocks_run_on(judged: Judged) -> None:
    """A date is one to ship by."""
    found = judged(dated("paid", PAID, LATER, LATE), [order(), upload("1")])
    (pickup,) = (w for w in found if w["rule"] == "pickup_overdue" and w["stage"] == "violation")
    assert times(pickup)["deadline"] == UPLOADED + 24 * HOUR


@pytest.mark.parametrize(
    ("region", "holds"),
    [("深圳市", True), ("Shenzhen", True), (4403, True), (440305, True), ("杭州", True),
     ("广州市", False), (4401, False), ("广东", True), (44, True), (65, False)],
)  # fmt: skip
def test_a_city_at_either_end(judged: Judged, region: str | int, holds: bool) -> None:
    """By name, by code, by the code of one of its counties; a province holds all of its cities."""
    row = dated("paid", PAID, LATER, LATE, f"regions = [{region!r}]\n")
    found = ship(judged(row, [order(recipient=ANNA, ship_from=HANGZHOU)]))
    assert times(found)["deadline"] == (LATE if holds else PROMISE)


@pytest.mark.parametrize(
    ("city", "pickup", "holds"),
    [
        ("杭州市", None, True),
        ("宁波市", None, False),
        ("宁波市", "宁波市", True),
        ("杭州市", "宁波市", False),
    ],
)
def test_a_parcels_city_is_its_pickups_else_its_senders(
    judged: Judged, city: str, pickup: str | None, holds: bool
) -> None:
    """Rows that pause know cities too."""
    rule, start = (
        ("pickup_overdue", UPLOADED) if pickup is None else ("inactive_after_pickup", PICKED)
    )
    history = [order(ship_from=HANGZHOU), upload("1")]
    if pickup is not None:
        history.append(picked_up(location={"province": "浙江省", "city": pickup}))
    row = (
        f'[[exemptions]]\nname = "storm"\nfrom = {(start + HOUR).isoformat()}\n'
        f"to = {(start + 3 * HOUR).isoformat()}\nregions = ['{city}']\n"
    )
    (found,) = (w for w in judged(row, history) if (w["rule"], w["stage"]) == (rule, "violation"))
    assert times(found)["deadline"] == start + (26 if holds else 24) * HOUR


def test_the_pages_rows_are_what_the_notices_say(judged: Judged) -> None:
    """Spring Festival 2026: paid from the 10th to the 23rd, by the 26th at the earliest."""
    page = PAGE.read_text("utf-8")
    (rows,) = (b for b in page.split("```toml\n") if b.startswith('[[exemptions]]\nname = "Spring'))
    china = PAID.tzinfo
    by = datetime(2026, 2, 26, 23, 59, 59, tzinfo=china)
    for day, deadline in ((9, None), (10, by), (23, by), (24, None)):
        paid = datetime(2026, 2, day, 23, 59, 59, tzinfo=china)
        found = ship(judged(rows.partition("```")[0], [order(paid=paid)]))
        assert times(found)["deadline"] == (deadline or paid + 48 * HOUR), day
    late = order(paid=datetime(2026, 2, 23, 12, tzinfo=china), promised_ship_by=by + HOUR)
    assert times(ship(judged(rows.partition("```")[0], [late])))["deadline"] == by + HOUR


WINDOW = {"from": PAID, "to": LATER}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"ship_by": LATE}, "`ship_by` goes with one window, `paid` or `due`"),
        ({"paid": WINDOW}, "`ship_by` goes with one window"),
        ({"ship_by": LATE, "paid": WINDOW, "due": WINDOW}, "`ship_by` goes with one window"),
        ({"ship_by": LATE, "paid": {"from": LATER, "to": PAID}}, "`to` must be after `from`"),
        ({"ship_by": LATE, "paid": {"from": PAID}}, "paid.to"),
        ({"ship_by": LATE, "due": WINDOW, "from": PAID}, "`from` is for rows in which clocks"),
        ({"ship_by": LATE, "due": WINDOW, "rules": ["a"]}, "`rules` is for rows in which clocks"),
        ({"ship_by": LATE, "due": WINDOW, "promises": False}, "`promises` is for rows"),
        ({"ship_by": LATE.replace(tzinfo=None), "due": WINDOW}, "a time needs an offset"),
        ({"ship_by": LATE, "due": WINDOW, "regions": [4499]}, "4499 is no province or city"),
    ],
)
def test_a_wrong_row_is_refused(fields: dict[str, Any], problem: str) -> None:
    """And it is said what is allowed."""
    with pytest.raises(ValidationError) as caught:
        ExemptionTable.model_validate({"name": "row", **fields}, context={"rules": ("a",)})
    assert problem in str(caught.value)
