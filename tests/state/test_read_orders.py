"""A parcel that reads its order's facts off the order's state, and the order that hears of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.builders import PAID, us

from streams.facts.facts import STATUS_CODE, OrderFacts, OrderVersion, ParcelFacts, TrackingFact
from streams.facts.times import HOUR
from streams.state import orders, parcels
from streams.state.codec import dump, load_order
from streams.state.parcels import Told
from streams.state.state import OrderState, ParcelState

START = us(PAID)
KEY = "zto:78123456789012"


def version(at: int, text: str = "", offset: int = 0) -> OrderVersion:
    """A version of order 1, `at` µs after the payment."""
    return OrderVersion(
        "1", START + at, text or f"{at}", platform="douyin", paid_at=START, offset=offset
    )


def order_of(*versions: OrderVersion) -> OrderState:
    """An order of some versions."""
    state = OrderState("1")
    orders.apply(state, versions, START)
    return state


def uploaded(told_by: orders.Told | None) -> tuple[ParcelState, ParcelFacts]:
    """A parcel that was uploaded for order 1 and could read this of it, and its first word."""
    state = ParcelState(KEY)
    fact = TrackingFact(KEY, START + HOUR, STATUS_CODE["ordered"], 7, ("1",))
    parcels.apply(state, [fact], START)
    parcels.read_orders(state, {"1": told_by}.get)
    ((_, word),) = parcels.replies(state)
    return state, word


def test_what_was_read_is_not_told_again() -> None:
    """The order counts the parcel as told, and tells it of the next version."""
    order = order_of(version(0))
    parcel, word = uploaded(orders.told_by(order))
    assert parcel.orders[0].facts == orders.facts_of(order)
    assert not word.asks
    assert orders.apply_parcel_facts(order, [word], START)
    assert orders.replies(order) == []
    assert orders.replies(load_order(dump(order))) == []
    orders.apply(order, [version(1)], START)
    ((key, facts),) = orders.replies(order)
    assert key == KEY.encode()
    assert parcels.apply_order_facts(parcel, [facts], START)
    assert parcel.orders[0].mark == 0


def test_an_order_that_cannot_be_read_is_asked() -> None:
    """It is elsewhere, or not known yet."""
    assert orders.told_by(OrderState("1")) is None
    parcel, word = uploaded(None)
    assert parcel.orders[0].facts is None
    assert (word.asks, word.knows) == (True, 0)


def test_an_order_that_was_asked_is_not_read() -> None:
    """Its answer is on its way, and would be older than what is read."""
    parcel, _ = uploaded(None)
    parcels.read_orders(parcel, lambda _: orders.told_by(order_of(version(0))))
    assert parcel.orders[0].facts is None


def test_a_parcel_that_has_forgotten_is_told_again() -> None:
    """Its former life knew both versions, and said so; this one has read an order of the first."""
    order = order_of(version(0), version(1))
    for read in (order, order_of(version(0))):
        parcel, word = uploaded(orders.told_by(read))
        orders.apply_parcel_facts(order, [word], START)
        answers = [facts for _, facts in orders.replies(order)]
        parcels.apply_order_facts(parcel, answers, START)
        assert parcel.orders[0].facts == orders.facts_of(order)
    assert len(answers) == 1
    assert orders.replies(order) == []


any_versions = st.lists(
    st.builds(version, st.integers(0, 3), st.sampled_from("ab"), st.integers(0, 3)), max_size=4
)


@given(any_versions, any_versions)
def test_the_order_tells_what_the_parcel_does_not_know(
    read: list[OrderVersion], held: list[OrderVersion]
) -> None:
    """Whatever a crash made of the order since: told, or known already, the facts are its own."""
    parcel, word = uploaded(orders.told_by(order_of(*read)))
    order = order_of(*held)
    orders.apply_parcel_facts(order, [word], START)
    parcels.apply_order_facts(parcel, [facts for _, facts in orders.replies(order)], START)
    if order.versions:
        assert parcel.orders[0].facts == orders.facts_of(order)


def test_an_order_with_parcels_of_equal_digits_tells_it_itself() -> None:
    """A parcel hears from it alone which of its others moves."""
    order = order_of(version(0))
    one, other = (
        uploaded(orders.told_by(order))[1],
        ParcelFacts("yto:78123456789012", "1", (parcels.LinkedLife(START, None, (START,)),)),
    )
    orders.apply_parcel_facts(order, [one, other], START)
    assert orders.told_by(order) is None
    assert len(orders.replies(order)) == 2


def test_facts_that_were_told_are_no_mark() -> None:
    """What the order says itself it remembers itself."""
    parcel, _ = uploaded(Told(OrderFacts("1", known=True, base=START), 5))
    assert parcel.orders[0].mark == 5
    parcels.apply_order_facts(parcel, [OrderFacts("1", known=True, base=START + 1)], START)
    assert parcel.orders[0].mark == 0
