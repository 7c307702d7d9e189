"""The oracle itself: the contract's example, and sentences with answers worked out by hand."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from oracle.brute_force import (
    SLICE,
    arrival_of,
    city_of,
    evaluate,
    is_malformed,
    judge_message,
    normal_number,
    profile_of,
    province_of,
)
from oracle.histories import US, bad_lines, random_history, shuffled
from oracle.histories import judged as judged_history

EXAMPLE = Path(__file__).parent.parent / "data" / "example"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATER = NOON + 40 * DAY
SHENZHEN = {"province": "广东省", "city": "深圳市"}
SHANGHAI = {"province": "上海市", "city": "上海市"}


def order(order_id: str = "1", paid: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """An order paid at `paid`, received when it was updated; datetimes become text."""
    value = {"order_id": order_id, "shop_id": "s1", "platform": "douyin", "paid_at": paid, **fields}
    return _texts(value)


def fact(status: str, at: datetime, **fields: Any) -> dict[str, Any]:
    """A fact of `zto:78123456789012`, received when it happened."""
    value = {"carrier": "zto", "tracking_number": "78123456789012", "status": status}
    return _texts({**value, "occurred_at": at, **fields})


def upload(at: datetime, *order_ids: str, **fields: Any) -> dict[str, Any]:
    """The seller uploads the number for these orders."""
    return fact("ordered", at, order_ids=list(order_ids), **fields)


def release(at: datetime, *order_ids: str, **fields: Any) -> dict[str, Any]:
    """The number no longer belongs to these orders."""
    return fact("cancelled", at, order_ids=list(order_ids), **fields)


def _texts(value: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in value.items()}


def judged(
    rule: str,
    orders: list[dict[str, Any]],
    tracking: list[dict[str, Any]],
    until: datetime = LATER,
    **more: Any,
) -> list[dict[str, Any]]:
    """The rule's warnings, their times as hours after `NOON`, by time and stage."""
    found = evaluate(orders, tracking, until, {rule}, **more)
    for warning in found:
        for name in ("opened_at", "deadline", "breached_at", "resolved_at"):
            if warning[name] is not None:
                warning[name] = (datetime.fromisoformat(warning[name]) - NOON) / HOUR
    return sorted(found, key=lambda w: (w["opened_at"], w["stage"] != "violation"))


def course(warning: dict[str, Any]) -> tuple[Any, ...]:
    """(state, opened, deadline, breached, resolved) in hours after `NOON`."""
    return tuple(
        warning[n] for n in ("state", "opened_at", "deadline", "breached_at", "resolved_at")
    )


def partial(at: datetime, order_id: str = "1", **stated: Any) -> dict[str, Any]:
    """A version that says no more than it carries."""
    return _texts({"order_id": order_id, "partial": True, "updated_at": at, **stated})


def strangers(**second: Any) -> list[dict[str, Any]]:
    """Two open orders of different addresses."""
    return [
        order("1", recipient={"address_key": "a"}),
        order("2", recipient={"address_key": "b"}, **second),
    ]


def duplicates(orders: list[Any], tracking: list[Any], **more: Any) -> list[tuple[Any, ...]]:
    """(accused order, state, opened, resolved) of each duplicate warning."""
    found = judged("duplicate_tracking_number", orders, tracking, **more)
    return [(w["order_ids"], w["state"], w["opened_at"], w["resolved_at"]) for w in found]


# ------------------------------------------------------------------------------- the example


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLE / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("rules", [SLICE, None], ids=["these rules", "all rules"])
def test_the_example_is_reproduced_with_ids(rules: frozenset[str] | None) -> None:
    """The contract's own history gives the contract's own warnings, nothing more or less."""
    until = datetime.fromisoformat((EXAMPLE / "until.txt").read_text().strip())
    expected = [w for w in _lines("expected.jsonl") if rules is None or w["rule"] in rules]
    found = evaluate(_lines("orders.jsonl"), _lines("tracking.jsonl"), until, rules)
    compared = [{name: w[name] for name in expected[0]} for w in found]
    assert compared == sorted(expected, key=lambda w: w["warning_id"])


# ------------------------------------------------------------------------------------ clocks


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (24 * HOUR - 6 * HOUR - US, None),
        (18 * HOUR, ("open", 18, 24, None, None)),
        (24 * HOUR, ("open", 18, 24, None, None)),
        (24 * HOUR + US, ("breached", 18, 24, 24, None)),
    ],
)
def test_a_clock_without_end_opens_at_its_lead_and_breaches_beyond_its_deadline(
    at: timedelta, expected: tuple[Any, ...] | None
) -> None:
    """24 h from the upload, lead 6 h, `gt`: at the deadline still open."""
    found = judged("pickup_overdue", [order()], [upload(NOON, "1")], NOON + at)
    assert [course(w) for w in found if w["stage"] == "violation"] == (
        [expected] if expected else []
    )


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (18 * HOUR, None),
        (18 * HOUR + US, ("resolved", 18, 24, None)),
        (24 * HOUR, ("resolved", 18, 24, None)),
        (24 * HOUR + US, ("resolved", 18, 24, 24)),
    ],
)
def test_a_clock_with_an_end_is_resolved_and_says_whether_too_late(
    end: timedelta, expected: tuple[Any, ...] | None
) -> None:
    """An end at deadline - lead leaves no warning; one at the deadline is in time."""
    tracking = [upload(NOON, "1"), fact("picked_up", NOON + end)]
    found = judged("pickup_overdue", [order()], tracking)
    assert [course(w)[:4] for w in found if w["stage"] == "violation"] == (
        [expected] if expected else []
    )


def test_serious_exists_from_the_breach_of_violation_on() -> None:
    """Opened at 24 h without a lead, breached at 48 h."""
    tracking = [upload(NOON, "1")]
    at_24, at_30, at_49 = (
        [course(w) for w in judged("pickup_overdue", [order()], tracking, NOON + h)][1:]
        for h in (24 * HOUR, 30 * HOUR, 49 * HOUR)
    )
    assert at_24 == []
    assert at_30 == [("open", 24, 48, None, None)]
    assert at_49 == [("breached", 24, 48, 48, None)]


def test_a_limit_of_ge_is_breached_at_its_very_moment() -> None:
    """Tmall, inactive: serious at 72 h exactly, violation only beyond 24 h."""
    tracking = [upload(NOON, "1"), fact("picked_up", NOON), fact("exception", NOON + 72 * HOUR)]
    found = judged("inactive_after_pickup", [order(platform="tmall")], tracking)
    assert [course(w) for w in found] == [
        ("resolved", 18, 24, 24, 72),
        ("resolved", 24, 72, 72, 72),
    ]


def test_the_lead_is_at_most_twelve_hours_and_floored_to_microseconds() -> None:
    """A promise of 7 d opens 12 h before; one of 7 µs opens 1 µs before."""
    week = judged("ship_overdue", [order(promised_ship_by=NOON + 7 * DAY)], [])
    tiny = evaluate([order(promised_ship_by=NOON + 7 * US)], [], LATER, {"ship_overdue"})
    assert week[0]["opened_at"] == 7 * 24 - 12
    assert tiny[0]["opened_at"] == (NOON + 6 * US).isoformat()


# ----------------------------------------------------------------------------- ship_overdue


def test_a_promise_not_after_the_base_starts_no_clock_and_a_missing_one_is_48_hours() -> None:
    """At the base: none; absent or before 2015: base + 48 h."""
    sentinel = datetime(1970, 1, 1, tzinfo=UTC)
    assert judged("ship_overdue", [order(promised_ship_by=NOON)], []) == []
    for fields in ({}, {"promised_ship_by": None}, {"promised_ship_by": sentinel}):
        (found,) = judged("ship_overdue", [order(**fields)], [])
        assert course(found) == ("breached", 36, 48, 48, None)


@pytest.mark.parametrize(("early", "state"), [(5, None), (5 + 1 / 60, "breached")])
def test_progress_counts_from_base_minus_five_minutes(early: float, state: str | None) -> None:
    """At base - 5 min it ships the order, a second earlier it does not."""
    tracking = [upload(NOON, "1"), fact("picked_up", NOON - timedelta(minutes=early))]
    assert [w["state"] for w in judged("ship_overdue", [order()], tracking)] == (
        [state] if state else []
    )


def test_only_a_parcel_linked_now_ships_an_order() -> None:
    """A released number's pickup is worth nothing."""
    tracking = [upload(NOON, "1"), fact("picked_up", NOON + HOUR), release(NOON + DAY, "1")]
    assert judged("ship_overdue", [order()], tracking[:2]) == []
    assert judged("ship_overdue", [order()], tracking)[0]["state"] == "breached"


def test_a_deposit_presale_has_no_base_until_its_final_payment() -> None:
    """No clock before; then 48 h from the final payment, and the id's anchor is that."""
    unpaid = order(presale="deposit")
    paid = order(presale="deposit", updated_at=NOON + DAY, final_paid_at=NOON + DAY)
    assert judged("ship_overdue", [unpaid], []) == []
    (found,) = judged("ship_overdue", [unpaid, paid], [])
    text = "ship_overdue|violation|douyin|order:1|2026-11-02T12:00:00.000000Z"
    assert found["deadline"] == 72
    assert found["warning_id"] == hashlib.sha256(text.encode()).hexdigest()[:32]


# --------------------------------------------------------------------------- orders as known


def test_closed_since_the_first_version_of_the_last_unbroken_run() -> None:
    """Closed at 1 h, reopened at 2 h, closed at 40 h and 41 h: since 40 h, in any arrival."""
    versions = [
        order(updated_at=NOON + h * HOUR, state=state, received_at=NOON + (60 - h / 2) * HOUR)
        for h, state in ((0, "paid"), (1, "closed"), (2, "paid"), (40, "closed"), (41, "closed"))
    ]
    (found,) = judged("ship_overdue", versions, [])
    assert course(found) == ("resolved", 36, 48, None, 40)


def test_versions_of_one_time_tie_by_partial_then_closed_then_the_greater_canonical_json() -> None:
    """A closed one is later than an open one; of two open ones the one with null is the greater."""
    paid, closed = order(state="paid"), order(state="closed")
    assert judged("ship_overdue", [closed, paid], []) == []
    reopened = [order(state="closed"), partial(NOON, state="paid")]
    assert len(judged("ship_overdue", reopened, [])) == 1
    soon, late = (order(promised_ship_by=NOON + h * HOUR) for h in (24, 30))
    for first, deadline in (({"currency": "CNY"}, 30), ({"currency": None}, 24)):
        found = judged("ship_overdue", [{**soon, **first}, {**late, "currency": "CNY"}], [])
        assert found[0]["deadline"] == deadline


def test_a_tombstone_closes_the_order_at_its_own_time() -> None:
    """A later version reopens it."""
    gone = [("1", NOON + 40 * HOUR, NOON + 41 * HOUR)]
    (found,) = judged("ship_overdue", [order()], [], tombstones=gone)
    assert course(found) == ("resolved", 36, 48, None, 40)
    again = order(updated_at=NOON + 42 * HOUR)
    assert judged("ship_overdue", [order(), again], [], tombstones=gone)[0]["state"] == "breached"


def test_an_order_not_express_is_seen_by_no_rule_nor_are_its_links() -> None:
    """It neither accuses nor leads: the parcel's clock starts with the other order's upload."""
    orders = [
        order("1", delivery_method="virtual", recipient=SHENZHEN),
        order("2", recipient=SHANGHAI),
    ]
    tracking = [upload(NOON, "1"), upload(NOON + HOUR, "2")]
    assert duplicates(orders, tracking) == []
    found = judged("pickup_overdue", orders, tracking)[0]
    assert (found["order_ids"], found["deadline"]) == (["2"], 25)


def test_the_recipient_is_that_of_the_last_version_up_to_the_upload() -> None:
    """A change at the upload counts, one after it accuses nobody; all later: the earliest."""
    first = order("1", recipient={"address_key": "a"})
    second = order("2", recipient={"address_key": "a"})
    tracking = [upload(NOON + HOUR, "1"), upload(NOON + 2 * HOUR, "2")]
    for change, accused in ((2 * HOUR, True), (2 * HOUR + US, False)):
        moved = order("2", recipient={"address_key": "b"}, updated_at=NOON + change)
        assert bool(duplicates([first, second, moved], tracking)) is accused
    late = order("2", recipient={"address_key": "b"}, updated_at=NOON + 3 * HOUR)
    assert duplicates([first, late], tracking) == [(["2"], "open", 2, None)]


# ------------------------------------------------------------------------------ links, lives


def test_a_repeated_upload_keeps_the_earliest_and_a_later_one_links_anew() -> None:
    """Uploads at 0, 1, release at 1 (it ends both), upload at 3: the last stretch begins at 3."""
    kept = [upload(NOON, "1"), upload(NOON + HOUR, "1")]
    assert judged("pickup_overdue", [order()], kept)[0]["deadline"] == 24
    anew = [*kept, release(NOON + HOUR, "1"), upload(NOON + 3 * HOUR, "1")]
    found = judged("pickup_overdue", [order()], anew)[0]
    assert course(found) == ("breached", 21, 27, 27, None)


def test_a_release_ends_what_was_uploaded_at_its_very_time() -> None:
    """Upload and release of one time: released, so the clock has ended before it began."""
    assert judged("pickup_overdue", [order()], [upload(NOON, "1"), release(NOON, "1")]) == []
    after = [upload(NOON + US, "1"), release(NOON, "1")]
    assert judged("pickup_overdue", [order()], after)[0]["state"] == "breached"


def test_the_parcels_orders_where_none_is_linked_are_those_released_last() -> None:
    """Released at 20 h and 30 h: the second alone; its upload is *s*, its release the end."""
    tracking = [
        upload(NOON, "1"),
        upload(NOON + HOUR, "2"),
        release(NOON + 20 * HOUR, "1"),
        release(NOON + 30 * HOUR, "2"),
    ]
    found = judged("pickup_overdue", [order("1"), order("2")], tracking)[0]
    assert found["order_ids"] == ["2"]
    assert course(found) == ("resolved", 19, 25, 25, 30)


def test_the_parcels_end_is_the_latest_of_the_ends_and_none_while_one_is_missing() -> None:
    """Two orders, one closed: runs on; both closed: ends with the later."""
    orders = [order("1"), order("2"), order("1", updated_at=NOON + 20 * HOUR, state="closed")]
    tracking = [upload(NOON, "1", "2")]
    assert judged("pickup_overdue", orders, tracking)[0]["state"] == "breached"
    orders.append(order("2", updated_at=NOON + 23 * HOUR, state="closed"))
    found = judged("pickup_overdue", orders, tracking)[0]
    assert course(found) == ("resolved", 18, 24, None, 23)


def test_records_link_only_orders_that_no_upload_and_no_release_names() -> None:
    """A pickup naming the order links it; `unknown` is no record; a release forbids it."""
    picked = fact("picked_up", NOON, order_ids=["1"])
    rule = "inactive_after_pickup"
    assert judged(rule, [order()], [picked])[0]["order_ids"] == ["1"]
    assert judged(rule, [order()], [picked, release(NOON - DAY, "1")]) == []
    unknown = fact("unknown", NOON, order_ids=["1"])
    assert judged(rule, [order()], [unknown, fact("picked_up", NOON)]) == []


def test_an_unknown_order_takes_the_platform_of_the_earliest_fact_that_links_it() -> None:
    """Of any stretch; not of a later fact; without a platform it is generic."""
    two = [upload(NOON, "9", platform="tmall"), upload(NOON + HOUR, "9", platform="douyin")]
    assert [w["platform"] for w in judged("pickup_overdue", [], two)] == ["tmall"]
    anew = [two[0], release(NOON + HOUR, "9"), upload(NOON + 2 * HOUR, "9", platform="douyin")]
    assert [w["platform"] for w in judged("pickup_overdue", [], anew)] == ["tmall"]
    bare = [upload(NOON, "9"), upload(NOON + HOUR, "9", platform="douyin")]
    (found,) = judged("pickup_overdue", [], bare)
    assert (found["platform"], found["deadline"]) == ("generic", 48)


@pytest.mark.parametrize(("gap", "accused"), [(30 * DAY, True), (30 * DAY + US, False)])
def test_a_new_life_begins_beyond_the_window(gap: timedelta, accused: bool) -> None:
    """Exactly 30 d apart is one life; a microsecond more is a recycled number."""
    orders = [*strangers(), order("2", NOON + gap, recipient={"address_key": "b"})]
    tracking = [upload(NOON, "1"), upload(NOON + gap, "2")]
    assert bool(duplicates(orders, tracking)) is accused


def test_a_fact_between_two_lives_joins_them_but_the_window_still_bounds_a_reuse() -> None:
    """One life over 40 d: its pickup is the first one, yet 40 d is no reuse."""
    orders = strangers()
    tracking = [
        upload(NOON - 40 * DAY, "1"),
        fact("picked_up", NOON - 40 * DAY + HOUR),
        upload(NOON, "2"),
    ]
    assert len(judged("pickup_overdue", orders, tracking)) == 2
    bridged = [*tracking, fact("unknown", NOON - 20 * DAY, received_at=NOON + DAY)]
    assert judged("pickup_overdue", orders, bridged) == []
    assert duplicates(orders, bridged) == []


@pytest.mark.parametrize(("age", "counts"), [(35 * DAY, True), (35 * DAY + US, False)])
def test_a_fact_older_than_the_retention_on_arrival_changes_nothing(
    age: timedelta, counts: bool
) -> None:
    """35 d older than the newest of its key still counts; a voiding message is held to the same."""
    old = upload(NOON - age, "2", platform="douyin", received_at=NOON)
    assert len(judged("pickup_overdue", [], [fact("hub", NOON), old], NOON)) == 2 * counts
    first = {**old, "received_at": (NOON - age).isoformat()}
    tracking = [first, fact("hub", NOON), {**old, "voided": True}]
    assert len(judged("pickup_overdue", [], tracking, NOON)) == 2 * (not counts)


# --------------------------------------------------------------------- inactive_after_pickup


def test_douyin_wants_a_hub_or_later_while_tmall_takes_any_record() -> None:
    """`in_transit` an hour after the pickup: enough for Tmall, not for Douyin."""
    tracking = [upload(NOON, "1"), fact("picked_up", NOON), fact("in_transit", NOON + HOUR)]
    rule = "inactive_after_pickup"
    assert judged(rule, [order(platform="tmall")], tracking) == []
    assert [w["stage"] for w in judged(rule, [order()], tracking)] == ["violation", "serious"]
    same_time = [*tracking[:2], fact("hub", NOON)]
    assert judged(rule, [order()], same_time) == []
    assert judged(rule, [order(platform="tmall")], same_time) != []


def test_no_inactivity_clock_where_the_stop_lies_before_the_pickup() -> None:
    """The carrier cancelled, then a stray pickup scan."""
    tracking = [
        upload(NOON, "1"),
        fact("cancelled", NOON + HOUR),
        fact("picked_up", NOON + 2 * HOUR),
    ]
    assert judged("inactive_after_pickup", [order()], tracking) == []


def test_the_brief_has_no_pickup_clock_and_one_stage_of_inactivity() -> None:
    """The table's column *brief 2023*."""
    tracking = [upload(NOON, "1"), fact("picked_up", NOON + 30 * HOUR)]
    brief = [order(platform="brief")]
    assert judged("pickup_overdue", brief, tracking) == []
    assert [w["stage"] for w in judged("inactive_after_pickup", brief, tracking)] == ["violation"]


# ----------------------------------------------------------------- duplicate_tracking_number


def test_a_duplicate_accuses_the_later_upload_and_on_a_tie_the_greater_id() -> None:
    """Only one of the two is accused."""
    assert duplicates(strangers(), [upload(NOON, "1"), upload(NOON + HOUR, "2")]) == [
        (["2"], "open", 1, None)
    ]
    assert duplicates(strangers(), [upload(NOON, "1", "2")]) == [(["2"], "open", 0, None)]
    assert duplicates(strangers(), [upload(NOON, "1"), upload(NOON - HOUR, "2")]) == [
        (["1"], "open", 0, None)
    ]


def test_a_duplicate_ends_when_the_last_such_order_was_released() -> None:
    """Not with the first release, nor with a later closing of the earlier order."""
    orders = [*strangers(), order("3", recipient={"address_key": "c"})]
    orders.append(
        order("1", updated_at=NOON + 5 * HOUR, state="closed", recipient={"address_key": "a"})
    )
    tracking = [upload(NOON, "1"), upload(NOON + HOUR, "2"), upload(NOON + 2 * HOUR, "3")]
    tracking += [release(NOON + 6 * HOUR, "1"), release(NOON + 9 * HOUR, "2")]
    assert duplicates(orders, tracking) == [
        (["3"], "resolved", 2, 9),
    ]


@pytest.mark.parametrize("moment", [HOUR, 2 * HOUR, 2 * HOUR + US])
def test_an_earlier_order_released_or_closed_by_then_accuses_nobody(moment: timedelta) -> None:
    """At or before the second upload (2 h) nobody is accused; a microsecond later, yes."""
    tracking = [upload(NOON, "1"), upload(NOON + 2 * HOUR, "2")]
    closed = order("1", updated_at=NOON + moment, state="closed", recipient={"address_key": "a"})
    accused = moment > 2 * HOUR
    assert bool(duplicates([*strangers(), closed], tracking)) is accused
    if not accused:
        assert duplicates(strangers(), [*tracking, release(NOON + moment, "1")]) == []


@pytest.mark.parametrize(
    ("one", "two", "accused"),
    [
        ({"address_key": "a", **SHENZHEN}, {"address_key": "a", **SHANGHAI}, False),
        ({"address_key": "a", **SHENZHEN}, {"address_key": "b", **SHENZHEN}, True),
        ({"address_key": "a", **SHENZHEN}, SHANGHAI, True),
        ({"address_key": "a", **SHENZHEN}, {"province": "广东"}, False),
        ({"province": "广东"}, {"city": "上海"}, True),
        ({"province": "某省"}, {"city": "上海"}, False),
        ({"region_code": "440305", **SHANGHAI}, SHENZHEN, False),
        (None, {"address_key": "b", **SHENZHEN}, False),
    ],
)
def test_unknown_is_not_different_by_address(one: Any, two: Any, accused: bool) -> None:
    """Both keys decide; else a province or city known on both sides."""
    orders = [order("1", recipient=one), order("2", recipient=two)]
    assert bool(duplicates(orders, [upload(NOON, "1"), upload(NOON + HOUR, "2")])) is accused


def test_the_brief_compares_persons_and_the_accused_orders_profile_decides() -> None:
    """One person at two addresses: nothing for the brief, a duplicate for Douyin."""
    one, two = ({"address_key": key, "person_key": "p"} for key in "ab")
    tracking = [upload(NOON, "1"), upload(NOON + HOUR, "2")]
    for platform, accused in (("brief", False), ("douyin", True)):
        orders = [order("1", recipient=one), order("2", recipient=two, platform=platform)]
        assert bool(duplicates(orders, tracking)) is accused


# ------------------------------------------------------------------- facts, names, dead letters


def test_repeats_in_any_writing_are_one_fact() -> None:
    """Another offset, spelling, unknown field and null for absent change nothing."""
    once = [upload(NOON, "1", "2"), fact("picked_up", NOON + 30 * HOUR)]
    again = {
        **fact("picked_up", NOON, description=None, extra={"x": 1}, order_ids=[]),
        "occurred_at": "2026-11-03T02:00:00+08:00",
        "carrier": " ZTO ",
        "tracking_number": "\uff17\uff18123456 789012",
        "received_at": (NOON + 35 * HOUR).isoformat(),
    }
    assert evaluate([order()], once, LATER) == evaluate([order()], [*once, again], LATER)
    assert evaluate([order()], once, LATER) != []


def test_a_fact_counts_from_its_arrival_on_even_where_it_lies_ahead() -> None:
    """A pickup at 29 h, received at 20 h, resolves at once; one received later is not there."""
    picked = fact("picked_up", NOON + 29 * HOUR, received_at=NOON + 20 * HOUR)
    tracking = [upload(NOON, "1"), picked]
    before, after = (
        judged("pickup_overdue", [order()], tracking, NOON + h) for h in (20 * HOUR - US, 20 * HOUR)
    )
    assert [course(w) for w in before] == [("open", 18, 24, None, None)]
    assert [course(w) for w in after] == [("resolved", 18, 24, 24, 29)]


def test_names_and_numbers_are_normalised() -> None:
    """NFKC, no white space, upper-case, hyphens stay; codes before names; short aliases."""
    assert normal_number("\u3000\uff4ad00 12-1\t-2 ") == "JD0012-1-2"
    assert province_of({"province": "内蒙"}) == province_of({"province": "内蒙古自治区"}) == "15"
    assert city_of({"region_code": "440305", "city": "上海"}) == "4403"
    assert city_of({"region_code": "99", "city": "上海"}) == "3101"
    assert province_of({"province": "某省"}) is None


@pytest.mark.parametrize(
    ("number", "bad"),
    [("12345", True), ("123456", True), ("1-2345-6", True), ("1234568", False), ("777-777", True),
     ("XTEST99", True), ("A" * 34 + "B1", True), ("A" * 34 + "B", False), ("AB#4567", True)],
)  # fmt: skip
def test_malformed_numbers(number: str, bad: bool) -> None:
    """Length, characters, TEST, one character, the run from 1."""
    assert is_malformed(number) is bad


def test_profiles_go_by_platform_and_one_without_is_generic() -> None:
    """Before the first one in force, the first."""
    assert profile_of("brief", NOON).name == "brief-2023"
    assert profile_of("tmall", datetime(2026, 1, 1, tzinfo=UTC)).name == "tmall-2026-04-09"
    assert profile_of("pinduoduo", NOON).name == profile_of(None, NOON).name == "generic-2026"


@pytest.mark.parametrize(("kind", "line", "reason"), bad_lines())
def test_bad_lines_are_dead_letters(kind: str, line: str, reason: str) -> None:
    """Each gets its reason, and the evaluation passes over it."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        assert reason == "not_json"
        return
    arrival = datetime.fromisoformat(value["received_at"]) if isinstance(value, dict) else NOON
    assert judge_message(kind, value, arrival) == reason
    lists = ([value, order()], []) if kind == "order" else ([order()], [value])
    assert evaluate(*lists, LATER) == evaluate([order()], [], LATER)


@pytest.mark.parametrize("ahead", [timedelta(hours=24), timedelta(hours=24) + US])
def test_a_time_more_than_a_day_ahead_of_its_arrival_is_no_time(ahead: timedelta) -> None:
    """Required: a dead letter; optional: null; a promise may lie ahead."""
    far = NOON + ahead
    too_far = ahead > DAY
    reason = judge_message("order", order(paid=far), NOON)
    assert reason == ("time_in_future" if too_far else None)
    final = order(presale="deposit", final_paid_at=far, promised_ship_by=NOON + 30 * DAY)
    assert judge_message("order", final, NOON) is None
    assert bool(judged("ship_overdue", [final], [], order_arrivals=[NOON])) is not too_far


# ----------------------------------------------------------------------------------- the law


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_arrival_order_and_repeats_change_nothing(first: int) -> None:
    """Two hundred histories, each also in another order of arrival with repeats."""
    for seed in range(first, first + 20):
        history = random_history(seed, bad=True)
        again = shuffled(history, 1)
        assert again.tracking != history.tracking
        expected = judged_history(history)
        assert judged_history(again) == expected, seed
        ids = [w["warning_id"] for w in expected]
        assert len(set(ids)) == len(ids), seed


def test_a_history_is_the_same_for_ever_and_free_of_dead_letters() -> None:
    """One seed, one history; every message in it is one, unless bad ones are asked for."""
    for bad in (False, True):
        history = random_history(7, bad=bad)
        assert random_history(7, bad=bad) == history
        refused = []
        for kind, values in (("order", history.orders), ("tracking", history.tracking)):
            for value in values:
                arrival = arrival_of(kind, value, None)
                assert arrival is not None
                refused.append(judge_message(kind, value, arrival))
        assert any(refused) is bad


def test_histories_meet_every_rule_and_state() -> None:
    """What these rules can say is said by some of sixty histories."""
    seen = set()
    for seed in range(60):
        history = random_history(seed)
        for w in evaluate(history.orders, history.tracking, history.until):
            seen.add((w["rule"], w["state"]))
    clocks = ("ship_overdue", "pickup_overdue", "inactive_after_pickup")
    wanted = {(rule, state) for rule in clocks for state in ("open", "breached", "resolved")}
    wanted |= {("duplicate_tracking_number", "open"), ("duplicate_tracking_number", "resolved")}
    assert wanted <= seen
