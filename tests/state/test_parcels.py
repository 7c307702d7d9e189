"""The parcel's side: facts are a set, an order's last word stands, orders hear what matters."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import DAY, HOUR, MINUTE, NUMBER, PAID, order, record, upload, us

from schemas.fields import MAX_ID_LENGTH
from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.facts import STATUS_CODE, OrderFacts, Place, TrackingFact
from streams.facts.recipients import differ
from streams.facts.times import HOUR as HOUR_US
from streams.facts.times import RETENTION, WINDOW
from streams.judge import parcels as judge_parcels
from streams.profiles.loader import load
from streams.rules import duplicate_tracking_number
from streams.state import orders, parcels
from streams.state.codec import dump, load_parcel
from streams.state.parcels import MOST_FACTS
from streams.state.state import OrderState, ParcelState

KEY = f"zto:{NUMBER}"
START = us(PAID)
IDS = ("1", "2")


def fact(at: int, status: str, ids: tuple[str, ...] = (), digest: int = 0) -> TrackingFact:
    """A fact of the parcel at `at` µs after the payment; `digest` tells it from its like."""
    code = STATUS_CODE[status]
    mark = (code * 8 + len(ids) * 2 + ("2" in ids)) * 8 + digest
    return TrackingFact(KEY, START + at, code, mark, ids, tie=f"{status}{ids}{digest}")


statuses = st.sampled_from(
    ["picked_up", "hub", "in_transit", "exception", "unknown", "delivered", "ordered", "cancelled"]
)
moments = st.one_of(
    st.integers(-2, 10).map(lambda hours: hours * HOUR_US),
    st.sampled_from([WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + 5 * HOUR_US]),
)
id_sets = st.sampled_from([(), (), (), ("1",), ("2",), ("1", "2")])
any_facts = st.builds(fact, moments, statuses, id_sets, st.integers(0, 3))
bases = st.none() | st.integers(-3, 12).map(lambda hours: START + hours * HOUR_US)


@st.composite
def words(draw: st.DrawFn) -> OrderFacts:
    """What an order might say of itself; its base may be unknown or move."""
    known = draw(st.booleans())
    return OrderFacts(
        draw(st.sampled_from(IDS)),
        known=known,
        express=draw(st.booleans()) if known else True,
        base=draw(bases) if known else None,
        closed_at=draw(st.none() | st.just(START + HOUR_US)),
    )


def copy(state: ParcelState) -> ParcelState:
    """The state as it comes back from the store."""
    return load_parcel(dump(state))


@given(st.lists(any_facts, max_size=12), st.randoms(use_true_random=False))
def test_facts_are_a_set(facts: list[TrackingFact], rng: object) -> None:
    """Any order, any repeats: the same facts, links and orders."""
    one, other = ParcelState(KEY), ParcelState(KEY)
    parcels.apply(one, facts, START)
    shuffled = facts * 2
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    for single in shuffled:
        parcels.apply(other, [single], START)
    assert one.records == other.records
    assert one.named == other.named
    assert {o.order_id for o in one.orders} == {o.order_id for o in other.orders}
    assert one.newest == other.newest


@given(st.lists(any_facts, min_size=1, max_size=8))
def test_repeats_are_no_news(facts: list[TrackingFact]) -> None:
    """A second absorption adds nothing and touches nothing."""
    state = ParcelState(KEY)
    parcels.apply(state, facts, START)
    before = dump(state)
    assert parcels.apply(state, facts, START + DAY // timedelta(microseconds=1)).new == 0
    assert dump(state) == before


def test_late_facts_change_nothing() -> None:
    """Exactly retention older than the newest still counts, a microsecond more does not."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(RETENTION, "hub")], START)
    before = dump(state)
    assert parcels.apply(state, [fact(-1, "hub")], START)[:3] == (0, 1, ())
    assert dump(state) == before
    assert parcels.apply(state, [fact(0, "hub")], START).new == 1


steps = st.lists(
    st.one_of(st.lists(any_facts, min_size=1, max_size=3), words()), min_size=1, max_size=14
)


@given(steps)
def test_the_short_cut_never_hides_a_message(
    history: list[list[TrackingFact] | OrderFacts],
) -> None:
    """Where `apply` says that orders know all, `replies` would have said nothing."""
    state = ParcelState(KEY)
    for step in history:
        if isinstance(step, OrderFacts):
            if parcels.apply_order_facts(state, [step], START):
                parcels.replies(state)
            continue
        outcome = parcels.apply(state, step, START)
        if outcome.known_elsewhere:
            assert parcels.replies(copy(state)) == []
        else:
            parcels.replies(state)


@given(steps)
def test_the_order_always_knows_what_matters(
    history: list[list[TrackingFact] | OrderFacts],
) -> None:
    """What an order was last told gives it the links, and its first progress at or after its base.

    The short cut is taken as the pipeline takes it.
    """
    state = ParcelState(KEY)
    heard: dict[str, list[tuple[int, int | None, bool, tuple[int, ...]]]] = {}
    for step in history:
        if isinstance(step, OrderFacts):
            news = parcels.apply_order_facts(state, [step], START)
        else:
            outcome = parcels.apply(state, step, START)
            news = bool(outcome.new) and not outcome.known_elsewhere
        for _, said in parcels.replies(state) if news else ():
            heard[said.order_id] = [
                (life.uploaded_at, life.released_at, life.judged, life.progress)
                for life in said.lives
            ]
    fresh = copy(state)
    for known in fresh.orders:
        known.last_sent = None
    now = {
        said.order_id: [
            (life.uploaded_at, life.released_at, life.judged, life.progress) for life in said.lives
        ]
        for _, said in parcels.replies(fresh)
    }
    facts = {known.order_id: known.facts for known in state.orders}
    for order_id in heard.keys() | now.keys():
        told, actual = heard.get(order_id, []), now.get(order_id, [])
        assert [life[:3] for life in told] == [life[:3] for life in actual]
        word = facts[order_id]
        if word is not None and word.known and word.base is not None:
            since = word.base - 5 * 60 * 1_000_000
            for mine, right in zip(told, actual, strict=True):
                assert [p for p in mine[3] if p >= since][:1] == [
                    p for p in right[3] if p >= since
                ][:1]


def test_replying_twice_says_nothing_new() -> None:
    """A parcel replies once; again only to news of links or of progress that matters."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", ("1", "2"))], START)
    assert {said.order_id for _, said in parcels.replies(state)} == {"1", "2"}
    assert parcels.replies(state) == []
    parcels.apply(state, [fact(HOUR_US, "picked_up")], START)
    assert len(parcels.replies(state)) == 2
    parcels.apply(state, [fact(2 * HOUR_US, "hub")], START)
    assert parcels.replies(state) == []
    parcels.apply(state, [fact(3 * HOUR_US, "cancelled", ("1",))], START)
    assert [said.order_id for _, said in parcels.replies(state)] == ["1"]


def judged_for(state: ParcelState) -> dict[str, bool]:
    """Which orders hear that the parcel is theirs, of those that hear anything."""
    return {said.order_id: said.lives[-1].judged for _, said in parcels.replies(state)}


def test_a_released_order_hears_whether_it_is_still_judged() -> None:
    """While another is linked it is not; once none is, those that were released last are."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", IDS)], START)
    assert judged_for(state) == {"1": True, "2": True}
    parcels.apply(state, [fact(HOUR_US, "cancelled", ("1",))], START)
    assert judged_for(state) == {"1": False}
    parcels.apply(state, [fact(2 * HOUR_US, "cancelled", ("2",))], START)
    assert judged_for(state) == {"2": True}
    parcels.apply(state, [fact(2 * HOUR_US, "cancelled", ("1",))], START)
    # It was released before: the later release changes nothing.
    assert judged_for(state) == {}


def test_both_released_last_are_judged() -> None:
    """Released together, the parcel stays both's."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", IDS), fact(HOUR_US, "cancelled", IDS)], START)
    assert judged_for(state) == {"1": True, "2": True}


def test_an_order_that_is_not_judged_is_no_company() -> None:
    """What an order says of itself may make the parcel another's: that one hears of it."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", IDS), fact(HOUR_US, "cancelled", ("1",))], START)
    assert judged_for(state) == {"1": False, "2": True}
    parcels.apply_order_facts(
        state, [OrderFacts("2", known=True, express=False, base=START)], START
    )
    assert judged_for(state) == {"1": True}


def test_a_parcel_asks_until_it_knows() -> None:
    """`asks` tells the order that its facts are wanted."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", ("1",))], START)
    ((_, said),) = parcels.replies(state)
    assert said.asks
    parcels.apply_order_facts(state, [OrderFacts("1", known=True, base=START)], START)
    parcels.apply(state, [fact(HOUR_US, "cancelled", ("1",))], START)
    ((_, said),) = parcels.replies(state)
    assert not said.asks


WORDS = [
    OrderFacts("1", known=True, paid_at=START),
    OrderFacts("1", known=True, paid_at=START + 1),
    OrderFacts("1", known=True, closed_at=START + 5),
]


@pytest.mark.parametrize("arrival", [(0, 1, 2), (2, 1, 0), (1, 1, 0, 1), (2, 0, 2, 2)])
def test_the_last_word_of_an_order_stands(arrival: tuple[int, ...]) -> None:
    """An order's words come in the order in which it says them; the same again is no news."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", ("1",))], START)
    last = -1
    for n in arrival:
        assert parcels.apply_order_facts(state, [WORDS[n]], START) is (n != last)
        last = n
    assert state.orders[0].facts == WORDS[last]


def test_words_of_strangers_change_nothing() -> None:
    """An order that this parcel does not name is none of its business."""
    state = ParcelState(KEY)
    parcels.apply(state, [fact(0, "ordered", ("1",))], START)
    before = dump(state)
    assert not parcels.apply_order_facts(state, [OrderFacts("9", known=True)], START + 1)
    assert dump(state) == before


# ---- a placeholder that everybody uses


def placeholder(uploads: int, apart: timedelta, width: int = 19) -> tuple[ParcelState, int]:
    """A number uploaded for ever other orders, known and to other addresses; how many it refused.

    Ids and hashes are `width` characters long.
    """
    state = ParcelState(KEY)
    words = []
    refused = 0
    for n in range(uploads):
        at = PAID + n * apart
        order_id = f"49{n:0{width - 2}}"
        to = {"province": "广东省", "city": "深圳市", "address_key": f"{n:0{width}x}"}
        to["person_key"] = to["address_key"]
        raw = json.dumps(order(order_id, at, recipient=to)).encode()
        version = decode_order(raw, None, us(at), 0)
        claim = decode_tracking(json.dumps(upload(order_id, at)).encode(), us(at))
        assert not isinstance(version, Bad)
        assert not isinstance(claim, Bad)
        known = OrderState(order_id)
        orders.apply(known, [version], us(at))
        words.append(orders.facts_of(known))
        refused += len(parcels.apply(state, [claim], us(at)).refused)
    parcels.replies(state)
    parcels.apply_order_facts(state, words, state.newest)
    return state, refused


def facts_in(state: ParcelState) -> int:
    """How many facts and orders a parcel holds."""
    return len(state.records) + len(state.named) + len(state.orders)


def test_a_placeholder_forgets_what_is_past_retention() -> None:
    """3,000 uploads over two hundred days: it stays bounded, and the newest are never refused."""
    state, refused = placeholder(3_000, timedelta(minutes=100))
    assert refused == 0
    assert facts_in(state) <= MOST_FACTS
    assert state.named[-1].at == state.newest
    judge_parcels.judge(state, state.newest, load(), state.newest)
    assert len(state.published) <= 2 * MOST_FACTS


def test_a_busy_placeholder_refuses_what_it_cannot_hold() -> None:
    """3,000 uploads in three days: bounded, each one either held or refused by name."""
    state, refused = placeholder(3_000, MINUTE)
    assert facts_in(state) <= MOST_FACTS
    assert refused == 3_000 - len(state.named) > 0


def test_a_busy_placeholder_is_judged_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison or two for each order of the number, not one for each pair of them."""
    state, _ = placeholder(3_000, MINUTE)
    counted = 0

    def counting(a: Place | None, b: Place | None, by: str) -> bool | None:
        nonlocal counted
        counted += 1
        return differ(a, b, by)

    monkeypatch.setattr(duplicate_tracking_number, "differ", counting)
    judgement = judge_parcels.judge(state, state.newest, load(), state.newest)
    found = [r for r in judgement.revisions if r.finding.rule == "duplicate_tracking_number"]
    assert len(found) == len(state.named) - 1 > 500
    assert 0 < counted <= 2 * len(state.named)


def test_a_full_placeholder_can_be_stored() -> None:
    """With the longest ids and hashes its state stays below the greatest record that is written."""
    state, refused = placeholder(1_200, MINUTE, MAX_ID_LENGTH)
    assert refused > 0
    judge_parcels.judge(state, state.newest, load(), state.newest)
    assert len(dump(state)) < 4 << 20


def test_a_refused_fact_that_is_known_is_no_new_one() -> None:
    """A repeat is a repeat, also where the state is full."""
    state, _ = placeholder(1_200, MINUTE)
    known = decode_tracking(json.dumps(upload(f"49{0:017}", PAID)).encode(), us(PAID))
    assert not isinstance(known, Bad)
    assert parcels.apply(state, [known], state.newest) == (0, 0, (), False)


def test_status_of_a_record_decides_not_its_text() -> None:
    """`unknown` with order ids is neither a link nor a record that counts."""
    state = ParcelState(KEY)
    raw = json.dumps(record("unknown", PAID + HOUR, order_ids=["1"])).encode()
    odd = decode_tracking(raw, us(PAID + DAY))
    assert not isinstance(odd, Bad)
    parcels.apply(state, [odd], us(PAID + DAY))
    assert (state.named, state.orders) == ([], [])


def test_a_backlog_says_once_more_what_orders_heard() -> None:
    """Once for an assignment: a state that a crash took may have said otherwise."""
    state = ParcelState(KEY)
    facts = [fact(0, "ordered", ("1",)), fact(HOUR_US, "picked_up")]
    parcels.apply(state, facts, START)
    (said,) = parcels.replies(state, backlog=True)
    assert parcels.replies(state, backlog=True) == []
    parcels.resend_all(state, 7)
    assert parcels.replies(load_parcel(dump(state)), backlog=True) == [said]
    assert parcels.replies(state, backlog=True) == [said]
    parcels.resend_all(state, 7)
    assert parcels.replies(state, backlog=True) == []
    parcels.resend_all(state, 8)
    assert parcels.replies(state, backlog=True) == [said]


def test_in_a_backlog_an_order_hears_that_it_is_not_linked() -> None:
    """A record that names it does not link it once an upload and a release do not."""
    facts = [fact(0, "cancelled", ("2",)), fact(HOUR_US, "picked_up", ("2",))]
    for backlog, heard in ((False, []), (True, [()])):
        state = ParcelState(KEY)
        parcels.apply(state, facts, START)
        assert [said.lives for _, said in parcels.replies(state, backlog=backlog)] == heard
