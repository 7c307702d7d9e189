"""What a parcel tells an order whose profile's lines look at deliveries, or at further scans."""

from __future__ import annotations

import pytest

from streams.facts.facts import (
    NOT_ASKED,
    NOT_YET,
    STATUS_CODE,
    LinkedLife,
    OrderFacts,
    TrackingFact,
)
from streams.facts.times import HOUR, MINUTE
from streams.state import parcels
from streams.state.codec import dump, load_parcel
from streams.state.shop_lines import Meter
from streams.state.state import ParcelState

PAID = 1_795_000_000_000_000
UPLOADED = PAID + HOUR
METER = Meter(valid_scans=2, further=frozenset({"confirmed", "delivery_due"}))
KNOWN = OrderFacts("1", True, platform="amazon", paid_at=PAID, base=PAID)


def asking(facts: OrderFacts) -> Meter | None:
    """Amazon's orders ask."""
    return METER if facts.platform == "amazon" else None


def fact(status: str, at: int, order_ids: tuple[str, ...] = ()) -> TrackingFact:
    """A record, or an upload."""
    return TrackingFact("ups:1Z", at, STATUS_CODE[status], at, order_ids=order_ids)


def parcel(facts: OrderFacts = KNOWN) -> ParcelState:
    """One that was uploaded for an order, which has answered."""
    state = ParcelState("ups:1Z")
    parcels.apply(state, [fact("ordered", UPLOADED, ("1",))], UPLOADED, asking)
    assert len(parcels.replies(state, asking=asking)) == 1
    parcels.apply_order_facts(state, [facts], UPLOADED)
    return state


def told(state: ParcelState, *facts: TrackingFact) -> list[LinkedLife]:
    """What the order hears of each of some facts that it hears of."""
    lives = []
    for each in facts:
        if not parcels.apply(state, [each], each.at, asking).known_elsewhere:
            for _, message in parcels.replies(state, asking=asking):
                lives += message.lives
    return lives


def test_an_order_that_asks_hears_of_two_scans_and_of_its_delivery_and_no_more() -> None:
    """Three messages of seven facts; the last one has the arrival."""
    state = parcel()
    statuses = ("picked_up", "hub", "in_transit", "hub", "out_for_delivery", "delivered", "unknown")
    lives = told(state, *(fact(s, UPLOADED + n * HOUR) for n, s in enumerate(statuses, 1)))
    assert [(len(life.progress), life.received_at) for life in lives] == [
        (1, NOT_YET),
        (2, NOT_YET),
        (6, UPLOADED + 6 * HOUR),
    ]
    assert told(state, fact("ready_for_pickup", UPLOADED + 9 * HOUR)) == []
    # An earlier arrival, or an earlier scan, is news.
    assert [life.received_at for life in told(state, fact("delivered", UPLOADED + 5 * HOUR + 1))]
    assert told(state, fact("hub", UPLOADED + MINUTE))


def test_an_order_that_does_not_ask_hears_what_it_heard() -> None:
    """Its first progress, and of that only."""
    state = parcel(OrderFacts("1", True, platform="douyin", paid_at=PAID, base=PAID))
    lives = told(
        state,
        *(fact(s, UPLOADED + n * HOUR) for n, s in enumerate(("picked_up", "hub", "delivered"), 1)),
    )
    assert lives == [LinkedLife(UPLOADED, None, (UPLOADED + HOUR,))]
    assert lives[0].received_at == NOT_ASKED


def test_nothing_before_the_base_is_an_arrival() -> None:
    """A number that was used before: what was delivered then is another's."""
    state = parcel()
    (life,) = told(state, fact("delivered", PAID - 6 * MINUTE))
    assert life.received_at == NOT_YET
    (life,) = told(state, fact("delivered", PAID - 5 * MINUTE))
    assert life.received_at == PAID - 5 * MINUTE


def test_what_comes_back_did_not_arrive() -> None:
    """Delivered to the sender, after a return."""
    state = parcel()
    told(state, fact("picked_up", UPLOADED + HOUR), fact("returning", UPLOADED + 2 * HOUR))
    assert told(state, fact("delivered", UPLOADED + 3 * HOUR)) == []


@pytest.mark.parametrize("scans", [1, 2])
def test_a_state_of_before_the_question_answers_when_it_is_heard_of_again(scans: int) -> None:
    """What it had told last stands below: it differs, so the next fact tells all."""
    state = ParcelState("ups:1Z")
    parcels.apply(state, [fact("ordered", UPLOADED, ("1",))], UPLOADED)
    parcels.apply_order_facts(state, [KNOWN], UPLOADED)
    for number in range(scans):
        parcels.apply(state, [fact("hub", UPLOADED + number + 1)], UPLOADED)
    parcels.replies(state)
    parcels.apply(state, [fact("delivered", UPLOADED + HOUR)], UPLOADED)
    state = load_parcel(dump(state))
    (life,) = told(state, fact("unknown", UPLOADED + 2 * HOUR))
    assert life.received_at == UPLOADED + HOUR
