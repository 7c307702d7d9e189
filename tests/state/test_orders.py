"""The order's side: versions are a set, a parcel's last word stands, news is told once."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import PAID, us

from streams.facts.facts import LinkedLife, OrderVersion, ParcelFacts, Place
from streams.facts.times import DAY, HOUR, RETENTION
from streams.judge import orders as judge_orders
from streams.profiles.loader import load
from streams.state import orders
from streams.state.codec import dump, load_order
from streams.state.orders import MOST_PARCELS, MOST_VERSIONS
from streams.state.state import OrderState

START = us(PAID)
ANNA, BORIS = Place("44", "4403", "anna"), Place("33", "3301", "boris")


def version(at: int, text: str = "", *, closed: bool = False, **fields: object) -> OrderVersion:
    """A version of order 1, `at` µs after the payment."""
    known = bool(fields.pop("known", True))
    return OrderVersion(
        "1",
        START + at,
        text or f"{at}{closed}",
        known,
        platform="douyin" if known else "",
        paid_at=START if known else 0,
        closed=closed or not known,
        **fields,  # type: ignore[arg-type]
    )


any_versions = st.builds(
    version,
    st.integers(0, 4),
    st.sampled_from("abc"),
    closed=st.booleans(),
    recipient=st.sampled_from([ANNA, BORIS, None]),
)


@given(st.lists(any_versions, max_size=8), st.randoms(use_true_random=False))
def test_versions_are_a_set(versions: list[OrderVersion], rng: Random) -> None:
    """Any order, any repeats: the same versions. Those of one canonical text are one version."""
    seen: dict[tuple[int, str], OrderVersion] = {}
    for one in versions:
        seen.setdefault((one.updated_at, one.canonical), one)
    unique = list(seen.values())
    state, other = OrderState("1"), OrderState("1")
    orders.apply(state, unique, START)
    shuffled = unique * 2
    rng.shuffle(shuffled)
    for single in shuffled:
        orders.apply(other, [single], START)
    assert state.versions == other.versions
    assert len(state.versions) == len(other.versions) == len(unique)
    assert orders.facts_of(state) == orders.facts_of(other)


def test_repeats_touch_nothing() -> None:
    """A known version that comes again is neither new nor late, and the state does not move."""
    state = OrderState("1")
    orders.apply(state, [version(0)], START)
    before = dump(state)
    assert orders.apply(state, [version(0)], START + DAY)[:3] == (0, 0, ())
    assert dump(state) == before


def test_late_versions_change_nothing() -> None:
    """Exactly retention older than the newest still counts, a microsecond more does not."""
    state = OrderState("1")
    orders.apply(state, [version(RETENTION)], START)
    assert orders.apply(state, [version(-1)], START).late == 1
    assert orders.apply(state, [version(0)], START).new == 1


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_closed_since_the_last_run(closed: list[bool]) -> None:
    """Closed since the first version of the last unbroken run of closed ones."""
    state = OrderState("1")
    orders.apply(state, [version(n, closed=c) for n, c in enumerate(closed)], START)
    since = None
    for n, c in enumerate(closed):
        since = (n if since is None else since) if c else None
    wanted = None if since is None else START + since
    assert orders.facts_of(state).closed_at == wanted


def test_a_tombstone_closes_and_hides_nothing() -> None:
    """What was known of the order stays known; of an order never seen only the closing is."""
    state = OrderState("1")
    orders.apply(state, [version(5, known=False)], START)
    facts = orders.facts_of(state)
    assert (facts.known, facts.closed_at) == (False, START + 5)
    orders.apply(state, [version(0, recipient=ANNA)], START)
    facts = orders.facts_of(state)
    assert (facts.known, facts.closed_at) == (True, START + 5)
    assert facts.recipients == ((START, ANNA),)


def test_the_recipients_are_a_timeline() -> None:
    """Only changes are told, from when each holds."""
    state = OrderState("1")
    places = [ANNA, ANNA, BORIS, None, ANNA]
    orders.apply(state, [version(n, recipient=p) for n, p in enumerate(places)], START)
    assert orders.facts_of(state).recipients == (
        (START, ANNA),
        (START + 2, BORIS),
        (START + 3, None),
        (START + 4, ANNA),
    )


def word(progress: tuple[int, ...] = (), *, asks: bool = False) -> ParcelFacts:
    """What a parcel says of its link."""
    life = LinkedLife(START, None, progress)
    return ParcelFacts("zto:1", "1", (life,), asks)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_the_last_word_of_a_parcel_stands(arrival: list[int]) -> None:
    """A parcel's words come in the order in which it says them; the same again is no news.

    A crash may make a parcel say with fewer facts what it had said with more: the last counts.
    """
    state = OrderState("1")
    last = 0
    for n in arrival:
        news = orders.apply_parcel_facts(state, [word((START + n,))], START)
        assert news is (n != last)
        last = n
    assert state.parcels[0].lives == word((START + last,)).lives


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.booleans())
def test_learning_is_the_same_in_bulk(arrival: list[int], known: bool) -> None:
    """One by one or all at once, the state comes out alike."""
    one, other = OrderState("1"), OrderState("1")
    if known:
        orders.apply(one, [version(0)], START)
        orders.apply(other, [version(0)], START)
    words = [word((START + n,), asks=n == 1) for n in arrival]
    orders.apply_parcel_facts(one, words, START)
    for single in words:
        orders.apply_parcel_facts(other, [single], START)
    assert dump(one) == dump(other)


def test_each_parcel_is_told_once() -> None:
    """Nothing before the order is known, then each parcel once for each version."""
    state = OrderState("1")
    orders.apply_parcel_facts(state, [word()], START)
    assert orders.replies(state) == []
    orders.apply(state, [version(0)], START)
    assert [key for key, _ in orders.replies(state)] == [b"zto:1"]
    assert orders.replies(state) == []
    orders.apply(state, [version(1)], START)
    assert len(orders.replies(state)) == 1


def test_a_parcel_that_asks_is_answered_again() -> None:
    """It may have forgotten, or begun a new life of its state."""
    state = OrderState("1")
    orders.apply(state, [version(0)], START)
    orders.apply_parcel_facts(state, [word()], START)
    assert len(orders.replies(state)) == 1
    assert orders.apply_parcel_facts(state, [word(asks=True)], START)
    assert len(orders.replies(state)) == 1
    assert orders.replies(state) == []


def test_an_order_has_room_for_so_many_versions() -> None:
    """More are refused by position, repeats of known ones still are none."""
    state = OrderState("1")
    absorbed = orders.apply(state, [version(n) for n in range(MOST_VERSIONS + 2)], START)
    assert absorbed[:3] == (MOST_VERSIONS, 0, (MOST_VERSIONS, MOST_VERSIONS + 1))
    assert orders.apply(state, [version(0)], START)[:3] == (0, 0, ())


@pytest.mark.parametrize("hours", [1, 24, 24 * 400])
def test_the_state_outlives_what_is_pending(hours: int) -> None:
    """`due` is the next deadline where there is one, however far ahead."""
    state = OrderState("1")
    promise = START + hours * HOUR
    orders.apply(state, [version(0, promised_ship_by=promise)], START)
    judgement = judge_orders.judge(state, START, load(), START)
    assert not judgement.ended
    assert state.due == promise - min(hours * HOUR // 4, 12 * HOUR)
    assert load_order(dump(state)) == state


def test_an_order_listens_to_so_many_parcels() -> None:
    """A placeholder for an order id does not grow for ever; those that it knows are still heard."""
    state = OrderState("1")
    life = (LinkedLife(START, None, ()),)
    first = [ParcelFacts(f"zto:{n}", "1", life) for n in range(MOST_PARCELS)]
    assert orders.apply_parcel_facts(state, first, START)
    assert not orders.apply_parcel_facts(state, [ParcelFacts("zto:one too many", "1", life)], START)
    assert len(state.parcels) == MOST_PARCELS
    moved = (LinkedLife(START, None, (START + 1,)),)
    assert orders.apply_parcel_facts(state, [ParcelFacts("zto:7", "1", moved)], START)
