"""Facts that are equal: taken back, guessed, or told with another platform, shop or next number."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    NUMBER,
    PICKED,
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

from streams.decode import Bad, decode_tracking
from streams.facts.facts import ParcelFacts, TrackingFact
from streams.facts.times import RETENTION
from streams.state import parcels
from streams.state.codec import dump, load_parcel
from streams.state.links import lives
from streams.state.state import ParcelState

KEY = f"zto:{NUMBER}"
NOW = us(LATER + 100 * DAY)
SENT = {"location": {"province": "浙江省"}, "description": "已揽收", "raw_status": "103"}
PICKUP = picked_up(**SENT)


def void(message: Message, **fields: object) -> Message:
    """The message that takes a fact back."""
    return {**message, "voided": True, **fields}


def fact(message: Message) -> TrackingFact:
    """What a message says."""
    found = decode_tracking(json.dumps(message).encode(), NOW)
    assert not isinstance(found, Bad), found
    return found


def state_of(messages: Iterable[Message]) -> ParcelState:
    """The state after these messages, one by one, each time as it comes back from the store."""
    state = ParcelState(KEY)
    for message in messages:
        parcels.apply(state, [fact(message)], NOW)
        state = load_parcel(dump(state))
    return state


def heard(state: ParcelState) -> dict[str, ParcelFacts]:
    """What each order hears of the parcel."""
    return {said.order_id: said for _, said in parcels.replies(state, backlog=True)}


@pytest.mark.parametrize("message", [PICKUP, upload("1"), release("1", UPLOADED + HOUR)])
def test_a_void_fact_counts_for_nothing(message: Message) -> None:
    """Taken back before or after it came, once or twice; sent again it stays void."""
    for some in permutations([message, message, void(message), void(message)]):
        state = state_of(some)
        assert (state.records, state.named) == ([], [])
    state = state_of([void(message)])
    assert (state.records, state.named) == ([], [])


def test_taking_back_twice_is_no_news() -> None:
    """The second message of it changes nothing."""
    state = state_of([PICKUP, void(PICKUP)])
    before = dump(state)
    assert parcels.apply(state, [fact(void(PICKUP)), fact(PICKUP)], NOW).new == 0
    assert dump(state) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"raw_status": "104"},
        {"description": "揽收"},
        {"location": {"province": "浙江"}},
        {"location": None},
        {"recipient": {"city": "深圳市"}},
        {"occurred_at": (PICKED + US).isoformat()},
        {"order_ids": ["1"]},
        {"status": "hub"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_only_the_equal_fact_is_void(fields: Message) -> None:
    """One that differs in what makes facts equal stands."""
    state = state_of([PICKUP, void(PICKUP, **fields)])
    assert [each.at for each in state.records] == [us(PICKED)]


@pytest.mark.parametrize(
    "fields",
    [
        {"platform": "tmall"},
        {"shop_id": "s-9"},
        {"source": "17track"},
        {"time_quality": "estimated"},
        {"next": {"carrier": "sf"}},
        {"occurred_at": "2026-11-20T10:00:00Z"},
        {"carrier": "中通快递"},
        {"tracking_number": f" {NUMBER}\u200b"},
        {"description": " 已揽收 "},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_does_not_tell_facts_apart(fields: Message) -> None:
    """Elsewhere the message that takes it back may differ; times are instants, texts cleaned."""
    assert state_of([PICKUP, void(PICKUP, **fields)]).records == []


def test_an_order_hears_that_it_is_no_longer_linked() -> None:
    """Its upload was taken back, and a release with which nothing ended."""
    linked, released = upload("1"), release("1", UPLOADED + HOUR)
    state = state_of([linked, released])
    assert heard(state)["1"].lives[0].released_at == us(UPLOADED + HOUR)
    parcels.apply(state, [fact(void(released))], NOW)
    assert heard(state)["1"].lives[0].released_at is None
    parcels.apply(state, [fact(void(linked))], NOW)
    assert heard(state)["1"].lives == ()


def test_a_crash_that_reads_the_taking_back_first() -> None:
    """The order heard of the link from a state that is lost: in the backlog it hears otherwise."""
    for message in (upload("1"), record("hub", PICKED, order_ids=["1"])):
        for some in ([void(message)], [void(message), message]):
            state = state_of(some)
            assert parcels.replies(load_parcel(dump(state))) == []
            assert heard(state)["1"].lives == ()


def test_a_void_fact_joins_no_lives() -> None:
    """Between two facts 40 days apart it would have made one life of two."""
    ends = [upload("1"), record("hub", UPLOADED + 40 * DAY)]
    middle = record("hub", UPLOADED + 20 * DAY)
    for messages in ([*ends, middle, void(middle)], [void(middle), *ends, middle]):
        state = state_of(messages)
        assert len(lives(state.records, state.named)) == 2


@pytest.mark.parametrize(("late", "stands"), [(timedelta(0), False), (US, True)])
def test_taking_back_too_late_changes_nothing(late: timedelta, stands: bool) -> None:
    """The same retention holds for it: at exactly that age it counts, a microsecond older not."""
    newest = record("hub", PICKED + timedelta(microseconds=RETENTION) + late)
    state = state_of([PICKUP, newest])
    outcome = parcels.apply(state, [fact(void(PICKUP))], NOW)
    assert (outcome.new, outcome.late) == ((0, 1) if stands else (1, 0))
    assert len(state.records) == 1 + stands


def test_a_message_that_takes_back_makes_nothing_late() -> None:
    """It is no fact of the number: what is older than it by any time still counts."""
    far = record("hub", PICKED + timedelta(microseconds=RETENTION) + DAY)
    assert len(state_of([void(far), PICKUP]).records) == 1


def test_what_rested_on_it_is_withdrawn() -> None:
    """A delivery that never was: the clock that it ended runs on; in any order of arrival."""
    wrong = record("hub", PICKED + HOUR)
    story = [order(), upload("1"), picked_up()]
    wanted = judge(story, LATER).one("inactive_after_pickup")
    assert judge([*story, wrong], LATER).of("inactive_after_pickup") == []
    for first, second in ((wrong, void(wrong)), (void(wrong), wrong)):
        sent = [*story, arriving(first, PICKED + HOUR), arriving(second, PICKED + 2 * HOUR)]
        found = judge(sent, LATER).one("inactive_after_pickup")
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)
    late = judge([order(), upload("1"), arriving(void(upload("1")), LATER)], LATER)
    assert late.newest
    assert {one["state"] for one in late.newest.values() if one["carrier"]} == {"withdrawn"}


def test_of_names_the_least_counts() -> None:
    """Of facts equal in all else, whoever came first; unknown is not less than known."""
    said: list[Message] = [
        {"platform": "tmall", "shop_id": "s-2"},
        {"shop_id": ""},
        {"platform": "抖音", "shop_id": "s-10"},
    ]
    for some in permutations([upload("1", **each) for each in said]):
        state = state_of(some)
        (link,) = state.named
        assert (link.platform, link.shop_id) == ("douyin", "s-10")


def test_the_least_platform_judges_an_unknown_order() -> None:
    """Also where another word of it came first and was published by."""
    first, second = upload("1", platform="tmall"), upload("1", platform="douyin")
    for some in ((first, second), (second, first)):
        sent = [arriving(each, UPLOADED + n * DAY) for n, each in enumerate(some)]
        found = judge(sent, LATER)
        assert {one["platform"] for one in found.of("pickup_overdue")} == {"douyin"}


def test_of_next_numbers_the_least_counts() -> None:
    """As carrier and number are once they are normalised."""
    said: list[Message | None] = [
        {"carrier": "ZTO", "tracking_number": "1234567"},
        None,
        {"carrier": "顺丰速运", "tracking_number": "sf 9"},
    ]
    for some in permutations(record("handed_over", PICKED, next=each) for each in said):
        state = state_of(some)
        assert state.next == [((state.records[0].at, state.records[0].digest), "sf:SF9")]


def test_the_last_hand_over_says_where_it_goes_on() -> None:
    """One number, also without a carrier; in words only while there is something to do."""
    sent = [order(), upload("1"), picked_up()]
    for n, carrier in enumerate(("sf", "yto", "")):
        follows = {"carrier": carrier, "tracking_number": f"N{n}0000"}
        sent.append(record("handed_over", PICKED + (25 + n) * HOUR, next=follows))
    warning = judge(sent, LATER).one("inactive_after_pickup")
    assert warning["state"] == "resolved"
    assert warning["evidence"]["advice"] == [{"code": "goes_on_as", "value": "N20000"}]
    assert "N20000" not in warning["remedy"]["en"]


@pytest.mark.parametrize("messages", list(permutations([{}, {"time_quality": "estimated"}, {}])))
def test_a_time_is_a_guess_if_any_says_so(messages: tuple[Message, ...]) -> None:
    """Whatever a repeat does not say."""
    state = state_of({**PICKUP, **said} for said in messages)
    assert len(state.records) == len(state.estimated) == 1


def test_nothing_is_left_of_what_a_void_fact_said() -> None:
    """Neither that its time was a guess, nor where it was or goes on."""
    said = record(
        "handed_over",
        PICKED,
        time_quality="estimated",
        next={"carrier": "sf", "tracking_number": "SF1"},
    )
    place = picked_up(location={"postal_code": "94107"})
    state = state_of([said, place, void(said), void(place), said, place])
    assert (state.estimated, state.next, state.postal_codes) == ([], [], [])


def at(hours: int) -> datetime:
    """So many hours after the pickup."""
    return PICKED + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("place", "delivered"),
    [
        (None, False),
        ({"province": "广东省"}, False),
        ({"province": "广东省", "city": "广州市"}, False),
        ({"province": "广东省", "city": "深圳市"}, True),
        ({"province": "浙江省", "city": "杭州市"}, True),
    ],
)
def test_delivered_after_it_turned_back(place: Message | None, delivered: bool) -> None:
    """To the city of an accepted recipient of the lead order, the warehouse's too: delivered."""
    via = {"province": "浙江省", "city": "杭州市"}
    sent = [order(via=via), upload("1"), picked_up(), record("returning", at(10))]
    found = judge([*sent, record("delivered", at(20), location=place)], LATER).one("recalled")
    assert (found["state"] == "resolved") is delivered


@pytest.mark.parametrize("turned", ["returning", "returned"])
@pytest.mark.parametrize(("delivered", "counts"), [(at(10), True), (at(10) + US, False)])
def test_delivered_at_the_moment_it_turned_back(
    turned: str, delivered: datetime, counts: bool
) -> None:
    """Later than that, not at it: at the same moment it was delivered."""
    sent = [order(promised_delivery_by=at(100)), upload("1"), picked_up()]
    story = [*sent, record(turned, at(10)), record("delivered", delivered)]
    state = state_of(story[1:])
    said = heard(state)["1"].lives[0]
    assert (us(delivered) in said.progress) is counts


def test_what_ends_the_way_back_first_counts() -> None:
    """A void `returning` turns nothing back."""
    turned = record("returning", at(10))
    story = [upload("1"), picked_up(), turned, record("delivered", at(20)), void(turned)]
    assert us(at(20)) in heard(state_of(story))["1"].lives[0].progress
