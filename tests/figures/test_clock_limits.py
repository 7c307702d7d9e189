"""Each clock's limit and serious tier, on both sides of its boundary, as the texts say them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from figures.tables import CLOCKS, PLATFORMS, Figure, figure, read
from support.builders import (
    CHINA,
    DAY,
    HOUR,
    LATER,
    PAID,
    PICKED,
    UPLOADED,
    US,
    Message,
    judge,
    order,
    picked_up,
    record,
    times,
    upload,
)

STARTS = {"upload": UPLOADED, "picked_up": PICKED, "payment": PAID}
ROWS = [
    pytest.param(row, platform, id=f"{row['clock']}-{row['stage']}-{platform}-{row[platform]}")
    for row in read(CLOCKS)
    for platform in PLATFORMS
]
FIGURES = [param for param in ROWS if param.values[0][param.values[1]] != "–"]
ABSENT = [param for param in ROWS if param.values[0][param.values[1]] == "–"]


def started(row: dict[str, str], platform: str) -> list[Message]:
    """The clock of a row, just started; no other clock of the story has a limit near its own."""
    promise = None if row["clock"] == "ship_overdue" else PAID + 15 * DAY
    story = [order(platform=platform, promised_ship_by=promise)]
    if row["started by"] != "payment":
        story.append(upload("1", platform=platform))
    if row["started by"] == "picked_up":
        story.append(picked_up())
    return story


def ended(row: dict[str, str], platform: str, at: datetime) -> list[Message]:
    """The same, ended at `at`."""
    story = started(row, platform)
    if row["clock"] == "ship_overdue":
        story.append(upload("1", PAID + HOUR, platform=platform))
    return [*story, record(row["ended by"], at)]


def said_of(row: dict[str, str], platform: str) -> tuple[Figure, datetime]:
    """The row's figure, and the deadline that follows."""
    found = figure(row[platform])
    assert found is not None
    return found, STARTS[row["started by"]] + found.limit


@pytest.mark.parametrize(("row", "platform"), FIGURES)
def test_time_alone_breaches_at_the_limit(row: dict[str, str], platform: str) -> None:
    """`>`: open at the limit and breached a microsecond later; `≥`: breached at the limit."""
    found, deadline = said_of(row, platform)
    last_good = deadline - US if found.at_least else deadline
    before = judge(started(row, platform), last_good).one(row["clock"], row["stage"])
    assert (before["state"], times(before)["deadline"]) == ("open", deadline)
    after = judge(started(row, platform), last_good + US).one(row["clock"], row["stage"])
    assert (after["state"], times(after)["breached_at"]) == ("breached", deadline)


@pytest.mark.parametrize(("row", "platform"), FIGURES)
def test_an_end_at_the_limit(row: dict[str, str], platform: str) -> None:
    """What ends the clock is in time up to the same microsecond, too late from the next one on."""
    found, deadline = said_of(row, platform)
    last_good = deadline - US if found.at_least else deadline
    in_time = judge(ended(row, platform, last_good), LATER).one(row["clock"], row["stage"])
    assert (in_time["state"], in_time["breached_at"]) == ("resolved", None)
    late = judge(ended(row, platform, last_good + US), LATER).one(row["clock"], row["stage"])
    assert times(late)["breached_at"] == deadline
    assert times(late)["resolved_at"] == last_good + US


@pytest.mark.parametrize(("row", "platform"), FIGURES)
def test_the_warning_opens_a_lead_before(row: dict[str, str], platform: str) -> None:
    """A quarter of the limit, at most 12 h; `serious` opens where `violation` breaches."""
    found, deadline = said_of(row, platform)
    if row["stage"] == "serious":
        first = next(r for r in read(CLOCKS) if r["clock"] == row["clock"])
        opens = said_of(first, platform)[1]
        exists = opens + US  # the violation breaches when more than its limit has passed
    else:
        opens = exists = deadline - min(found.limit / 4, 12 * HOUR)
    story = started(row, platform)
    assert judge(story, exists - US).of(row["clock"], row["stage"]) == []
    assert times(judge(story, exists).one(row["clock"], row["stage"]))["opened_at"] == opens


@pytest.mark.parametrize(("row", "platform"), ABSENT)
def test_what_a_platform_does_not_have(row: dict[str, str], platform: str) -> None:
    """A dash in the table is no warning, ever."""
    assert judge(started(row, platform), LATER).of(row["clock"], row["stage"]) == []


@pytest.mark.parametrize("platform", ["tmall", "brief"])
@pytest.mark.parametrize("status", ["in_transit", "exception", "attempt_failed", "picked_up"])
def test_any_update_satisfies_but_on_douyin(platform: str, status: str) -> None:
    """After the pickup any record ends the clock of Tmall and the brief."""
    row = next(r for r in read(CLOCKS) if r["clock"] == "inactive_after_pickup")
    story = [*started(row, platform), record(status, PICKED + US)]
    assert judge(story, LATER).of("inactive_after_pickup") == []


@pytest.mark.parametrize("status", ["in_transit", "exception", "picked_up", "customs"])
def test_douyin_wants_a_hub(status: str) -> None:
    """A line-haul record, an exception, another pickup scan: none of them is a hub."""
    row = next(r for r in read(CLOCKS) if r["clock"] == "inactive_after_pickup")
    story = [*started(row, "douyin"), record(status, PICKED + HOUR)]
    assert judge(story, LATER).one("inactive_after_pickup")["state"] == "breached"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "promise",
    [
        pytest.param(datetime(2026, 11, 20, 23, 59, 59, tzinfo=CHINA), id="same-day"),
        pytest.param(datetime(2026, 11, 21, 23, 59, 59, tzinfo=CHINA), id="next-day"),
        pytest.param(PAID + 240 * HOUR, id="240-h"),
        pytest.param(PAID + 15 * DAY, id="presale-15-days"),
    ],
)
def test_an_orders_own_promise_is_its_limit(platform: str, promise: datetime) -> None:
    """The promise is the order's and is never computed anew: it holds to the microsecond."""
    story = [order(platform=platform, promised_ship_by=promise)]
    assert judge(story, promise).one("ship_overdue")["state"] == "open"
    breached = judge(story, promise + US).one("ship_overdue")
    assert times(breached)["breached_at"] == promise


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("paid_hour", [0, 9, 23])
def test_the_default_promise_counts_hours_not_days(platform: str, paid_hour: int) -> None:
    """48 h after the payment, whatever the hour of the day."""
    paid = datetime(2026, 11, 20, paid_hour, 30, tzinfo=CHINA)
    story = [order(paid=paid, platform=platform, promised_ship_by=None)]
    warning = judge(story, paid + timedelta(days=3)).one("ship_overdue")
    assert times(warning)["deadline"] == paid + 48 * HOUR
