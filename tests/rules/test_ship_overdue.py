"""`ship_overdue`: the order was not picked up by the promised ship-by time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    MINUTE,
    NUMBER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    picked_up,
    record,
    release,
    times,
    upload,
    us,
)

from streams.decode import decode_order
from streams.judge.warnings import Revision
from streams.profiles.loader import load
from streams.replay.machine import Machine
from streams.rules.episodes import Limit, judge_clock
from streams.rules.ship_overdue import ShipOverdue
from streams.rules.snapshot import OrderSnapshot
from streams.state.orders import EXPRESS
from streams.state.state import OrderState

RULE = "ship_overdue"
LEAD = 12 * HOUR


def story(platform: str, **fields: Any) -> list[Message]:
    """Paid, and nothing more."""
    return [order(platform=platform, **fields)]


def test_fires_when_nothing_is_picked_up() -> None:
    """An order that nobody ships: at risk from the lead on, breached after the promise."""
    outcome = judge([order()], LATER)
    warning = outcome.one(RULE)
    assert warning["state"] == "breached"
    assert warning["order_ids"] == ["1"]
    assert warning["carrier"] is None
    assert warning["tracking_number"] is None
    assert times(warning) == {
        "opened_at": PROMISE - LEAD,
        "deadline": PROMISE,
        "breached_at": PROMISE,
        "resolved_at": None,
    }
    assert outcome.states(RULE) == ["open", "breached"]


def test_stays_quiet_when_picked_up_in_time() -> None:
    """Picked up before the lead begins: nothing is ever published."""
    outcome = judge([order(), upload("1"), picked_up()], LATER)
    assert outcome.states(RULE) == []


def test_lead_begins_at_its_boundary() -> None:
    """Nothing a microsecond before deadline − lead, open exactly there."""
    assert judge([order()], PROMISE - LEAD - US).of(RULE) == []
    assert judge([order()], PROMISE - LEAD).one(RULE)["state"] == "open"


def test_end_at_the_lead_is_in_time() -> None:
    """Progress exactly at deadline − lead needs no warning; a microsecond later resolves one."""
    story = [order(), upload("1")]
    assert judge([*story, picked_up(PROMISE - LEAD)], LATER).of(RULE) == []
    late = judge([*story, picked_up(PROMISE - LEAD + US)], LATER).one(RULE)
    assert late["state"] == "resolved"
    assert late["breached_at"] is None


def test_deadline_is_breached_beyond_it_only() -> None:
    """Time: still open exactly at the promise, breached one microsecond later."""
    assert judge([order()], PROMISE).one(RULE)["state"] == "open"
    assert judge([order()], PROMISE + US).one(RULE)["state"] == "breached"


def test_progress_at_the_deadline_is_in_time() -> None:
    """Progress: exactly at the promise is not too late, one microsecond later is."""
    story = [order(), upload("1")]
    exact = judge([*story, picked_up(PROMISE)], LATER).one(RULE)
    assert (exact["state"], exact["breached_at"]) == ("resolved", None)
    beyond = judge([*story, picked_up(PROMISE + US)], LATER).one(RULE)
    assert beyond["state"] == "resolved"
    assert times(beyond)["breached_at"] == PROMISE
    assert times(beyond)["resolved_at"] == PROMISE + US


@pytest.mark.parametrize(("at_least", "states"), [(False, "open"), (True, "breached")])
def test_comparator_decides_the_exact_moment(at_least: bool, states: str) -> None:
    """`ge` breaches at the deadline itself, `gt` only beyond it."""
    version = decode_order(_raw(), None, us(PAID), us(PAID))
    state = OrderState("1", versions=[version])  # type: ignore[list-item]
    snapshot = OrderSnapshot(state, version)  # type: ignore[arg-type]
    assert snapshot.version.delivery_method == EXPRESS
    (clock,) = ShipOverdue(Limit(0, at_least)).episodes(snapshot)
    assert judge_clock(clock, us(PROMISE)).state == states
    ended = clock._replace(ended_at=us(PROMISE))
    breached = judge_clock(ended, us(LATER)).breached_at
    assert breached == (us(PROMISE) if at_least else None)


def _raw() -> bytes:
    return json.dumps(order()).encode()


def test_promise_defaults_to_48_hours() -> None:
    """Without a promise the limit is 48 h from the base."""
    warning = judge([order(promised_ship_by=None)], LATER).one(RULE)
    assert times(warning)["deadline"] == PAID + 48 * HOUR
    assert warning["evidence"]["limit_hours"] == 48


@pytest.mark.parametrize("promise", [PAID, PAID - HOUR])
def test_promise_not_after_the_base_runs_no_clock(promise: datetime) -> None:
    """A promise at or before the payment cannot be judged."""
    assert judge([order(promised_ship_by=promise)], LATER).states(RULE) == []


@pytest.mark.parametrize(
    ("limit", "lead"),
    [
        (48 * HOUR, 12 * HOUR),
        (24 * HOUR, 6 * HOUR),
        (240 * HOUR, 12 * HOUR),
        (timedelta(microseconds=7), US),
        (timedelta(microseconds=3), 0 * US),
    ],
)
def test_lead_is_a_quarter_at_most_twelve_hours(limit: timedelta, lead: timedelta) -> None:
    """The lead is a quarter of the limit in whole microseconds, at most 12 h."""
    warning = judge([order(promised_ship_by=PAID + limit)], PAID + 30 * DAY).one(RULE)
    assert times(warning)["opened_at"] == PAID + limit - lead


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload and pickup in any order of arrival: one resolved warning, one id."""
    pickup = PROMISE + HOUR
    story = [order(), upload("1"), picked_up(pickup)]
    wanted = judge(story, LATER).one(RULE)
    for arrivals in permutations(range(3)):
        sent = [
            arriving(message, pickup + (1 + place) * HOUR)
            for message, place in zip(story, arrivals, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_back_filled_pickup_withdraws() -> None:
    """A pickup in time whose record comes late shows that nothing should have been said."""
    outcome = judge([order(), upload("1"), arriving(picked_up(), PROMISE + DAY)], LATER)
    assert outcome.states(RULE) == ["open", "breached", "withdrawn"]
    assert outcome.of(RULE) == []


def test_late_upload_of_a_picked_up_parcel_withdraws() -> None:
    """The number may become known last."""
    outcome = judge([order(), picked_up(), arriving(upload("1"), PROMISE + HOUR)], LATER)
    assert outcome.states(RULE)[-1] == "withdrawn"


def test_repeated_records_change_nothing() -> None:
    """Every message twice gives the revisions of every message once."""
    story = [order(), upload("1"), picked_up(PROMISE + HOUR)]
    once, twice = judge(story, LATER), judge([*story, *story], LATER)
    assert twice.newest == once.newest
    assert twice.log == once.log


def test_closing_ends_the_clock() -> None:
    """Closed before the lead: quiet; closed too late: resolved, and breached all the same."""
    early = order(updated_at=PAID + HOUR, state="closed")
    assert judge([order(), early], LATER).of(RULE) == []
    late = judge([order(), order(updated_at=PROMISE + HOUR, state="closed")], LATER).one(RULE)
    assert late["state"] == "resolved"
    assert times(late)["resolved_at"] == PROMISE + HOUR
    assert times(late)["breached_at"] == PROMISE


def test_reopened_order_runs_again() -> None:
    """Only the last unbroken run of closed versions closes an order."""
    story = [
        order(),
        order(updated_at=PAID + HOUR, state="closed"),
        order(updated_at=PAID + 2 * HOUR),
    ]
    assert judge(story, LATER).one(RULE)["state"] == "breached"


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("picked_up", True),
        ("hub", True),
        ("in_transit", True),
        ("arrived_dest_city", True),
        ("out_for_delivery", True),
        ("ready_for_pickup", True),
        ("delivered", True),
        ("attempt_failed", True),
        ("customs", True),
        ("exception", False),
        ("returning", False),
        ("returned", False),
        ("cancelled", False),
        ("ordered", False),
        ("unknown", False),
    ],
)
def test_progress_ends_it_and_nothing_else(status: str, counts: bool) -> None:
    """What shows the parcel on its way is shipped; an exception or a printed label is not."""
    outcome = judge([order(), upload("1"), record(status, PICKED)], LATER)
    assert (outcome.of(RULE) == []) is counts


@pytest.mark.parametrize(("skew", "counts"), [(5 * MINUTE, True), (5 * MINUTE + US, False)])
def test_progress_just_before_the_base_counts(skew: timedelta, counts: bool) -> None:
    """Five minutes of clock skew between payment and pickup are no former parcel."""
    story = [order(), upload("1", PAID + HOUR), picked_up(PAID - skew)]
    assert (judge(story, LATER).of(RULE) == []) is counts


def test_a_later_record_counts_where_the_first_is_too_early() -> None:
    """An old scan does not hide the real pickup behind it."""
    story = [order(), upload("1"), picked_up(PAID - DAY), record("hub", PICKED)]
    assert judge(story, LATER).of(RULE) == []


def test_progress_of_a_released_number_does_not_count() -> None:
    """What was picked up under a number that is no longer the order's is another's parcel."""
    story = [order(), upload("1"), picked_up(), release("1", PICKED + HOUR)]
    assert judge(story, LATER).one(RULE)["state"] == "breached"


def test_any_parcel_of_the_order_ends_it() -> None:
    """One order in two parcels: the first pickup counts."""
    story = [
        order(),
        upload("1", number="A1000001"),
        upload("1", number="A1000002"),
        picked_up(PICKED, number="A1000002"),
    ]
    assert judge(story, LATER).of(RULE) == []


def test_deposit_presale_runs_from_the_final_payment() -> None:
    """No clock before the final payment is known; then the 48 h start with it."""
    deposit = order(presale="deposit", promised_ship_by=None)
    assert judge([deposit], LATER).states(RULE) == []
    final = PAID + 5 * DAY
    paid = order(presale="deposit", promised_ship_by=None, updated_at=final, final_paid_at=final)
    warning = judge([deposit, paid], LATER).one(RULE)
    assert times(warning)["deadline"] == final + 48 * HOUR


@pytest.mark.parametrize("method", ["self_delivery", "self_pickup", "virtual"])
def test_what_no_carrier_ships_is_not_judged(method: str) -> None:
    """Only express orders have a carrier's pickup."""
    assert judge([order(delivery_method=method)], LATER).states(RULE) == []


@pytest.mark.parametrize(
    ("platform", "profile", "default_hours"),
    [
        ("douyin", "douyin-2026-07-09", 48),
        ("tmall", "tmall-2026-04-09", 48),
        ("brief", "brief-2023", 48),
    ],
)
def test_figures_of_each_platform(platform: str, profile: str, default_hours: int) -> None:
    """The promise decides everywhere, strictly more than; without one 48 h. All critical."""
    deadline = PAID + default_hours * HOUR
    story = [order(platform=platform, promised_ship_by=None)]
    assert judge(story, deadline).one(RULE)["state"] == "open"
    warning = judge(story, deadline + US).one(RULE)
    assert warning["state"] == "breached"
    assert warning["severity"] == "critical"
    assert warning["profile"] == profile
    assert warning["platform"] == platform
    kind = "strike" if platform == "brief" else "compensation"
    assert warning["exposure"]["kind"] == kind
    assert len(judge(story, LATER).of(RULE)) == 1, "one stage only"


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform of the profile, order and base time make the id."""
    text = "ship_overdue|violation|douyin|order:1|2026-11-20T02:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge([order()], LATER).one(RULE)["warning_id"] == wanted
    text = "ship_overdue|violation|generic|order:1|2026-11-20T02:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge([order(platform="kuaishou")], LATER).one(RULE)["warning_id"] == wanted


def test_a_moved_payment_moves_the_warning() -> None:
    """A version with another payment time withdraws the old id and opens a new one."""
    moved = order(updated_at=PROMISE + HOUR, paid_at=PAID + HOUR, promised_ship_by=PROMISE)
    outcome = judge([order(), moved], LATER)
    assert len(outcome.withdrawn(RULE)) == 1
    assert times(outcome.one(RULE))["deadline"] == PROMISE


def test_a_moved_promise_keeps_the_id() -> None:
    """The anchor is the base: another promise is another revision of the same warning."""
    first = judge([order()], LATER).one(RULE)
    moved = order(updated_at=PROMISE + HOUR, promised_ship_by=PROMISE + DAY)
    second = judge([order(), moved], LATER).one(RULE)
    assert second["warning_id"] == first["warning_id"]
    assert second["revision"] > first["revision"]
    assert times(second)["breached_at"] == PROMISE + DAY


def test_evidence_names_the_order_record() -> None:
    """Topic, partition and offset of the version that was judged."""
    log: list[Revision] = []
    machine = Machine(load(), log.append)
    version = decode_order(_raw(), None, us(PAID), us(PAID), 3, 41)
    machine.order(version, us(PAID))  # type: ignore[arg-type]
    machine.advance(us(LATER))
    assert [revision.proof for revision in log] == [(("order-paid", 3, 41, "paid", us(PAID)),)] * 2


def test_upload_alone_is_no_shipment() -> None:
    """A printed label and an uploaded number do not end the clock."""
    assert judge([order(), upload("1", UPLOADED)], LATER).one(RULE)["state"] == "breached"


SECOND, THIRD = "A1000002", "A1000003"


@pytest.mark.parametrize(
    ("expected", "end"),
    [
        (None, PROMISE - HOUR),
        (-1, PROMISE - HOUR),
        (0, PROMISE - HOUR),
        (1, PROMISE - HOUR),
        (2, PROMISE),
        (3, PROMISE + US),
        (4, None),
    ],
)
def test_as_many_parcels_as_it_takes(expected: int | None, end: datetime | None) -> None:
    """The first progress of the n-th of them; null and less than one are one."""
    story = [order(parcels_expected=expected), *(upload("1", number=n) for n in (NUMBER, SECOND))]
    story += [upload("1", number=THIRD), picked_up(PROMISE + US, THIRD)]
    story += [picked_up(PROMISE, SECOND), record("hub", PROMISE + DAY, SECOND)]
    story += [picked_up(PROMISE - HOUR), record("hub", PROMISE - US)]
    found = times(judge(story, LATER).one(RULE))
    assert found["resolved_at"] == end
    assert found["breached_at"] == (PROMISE if end is None or end > PROMISE else None)


def test_a_number_that_was_taken_off_is_no_parcel() -> None:
    """Two are linked, one of them moved: with two expected the order is late."""
    story = [order(parcels_expected=2), *(upload("1", number=n) for n in (NUMBER, SECOND, THIRD))]
    story += [picked_up(), picked_up(PICKED, SECOND), release("1", PICKED + HOUR, SECOND)]
    assert judge(story, LATER).one(RULE)["state"] == "breached"
    assert judge([*story, picked_up(PICKED + DAY, THIRD)], LATER).of(RULE) == []


def test_each_life_of_a_number_is_a_parcel() -> None:
    """One number that rested for more than 30 days, uploaded again for the same order."""
    again = UPLOADED + 31 * DAY
    story = [order(parcels_expected=2, promised_ship_by=again + 2 * DAY), upload("1"), picked_up()]
    story += [upload("1", again), picked_up(again + HOUR)]
    assert judge(story, again + 10 * DAY).of(RULE) == []


def test_handed_over_is_progress() -> None:
    """It was on its way."""
    assert judge([order(), upload("1"), record("handed_over", PICKED)], LATER).of(RULE) == []


def test_an_upload_before_the_payment_ships_where_uploads_do() -> None:
    """Whenever it was; a scan that old ships nothing."""
    story = [order(platform="douyin-instant"), upload("1", PAID - DAY)]
    assert judge(story, LATER).of(RULE) == []
    assert judge([order(), upload("1", PAID - DAY), picked_up(PAID - DAY)], LATER).of(RULE)


@pytest.mark.parametrize("platform", ["a-new-one", "generic", ""])
def test_a_platform_without_a_profile_goes_by_the_stated_promise(platform: str) -> None:
    """As a warning, whose cost is not known; without a promise there is no clock."""
    warning = judge([order(platform=platform)], LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("breached", "warning")
    assert (warning["platform"], warning["profile"]) == ("generic", "generic-2026")
    assert warning["exposure"] == {"kind": "unknown"}
    assert judge([order(platform=platform, promised_ship_by=None)], LATER).newest == {}
