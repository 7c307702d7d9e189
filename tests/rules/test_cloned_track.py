"""`cloned_track`: delivered on a track that another recipient's parcel has, record by record."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    ANNA,
    BORIS,
    CHINA,
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    LATER,
    MINUTE,
    PAID,
    PICKED,
    SHENZHEN,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    record,
    release,
    times,
    upload,
    us,
)
from support.parcels import life_of, proofs_of
from support.troubles import OTHER_NUMBER, travels

from streams.judge.claims import shortest_track
from streams.profiles.loader import load
from streams.rules.cloned_track import ClonedTrack
from streams.state.fingerprint import track_of
from streams.state.state import Claim

RULE = "cloned_track"
A, B, C = "78123456789001", "78123456789002", "78123456789003"
STATUSES = ("picked_up", "hub", "arrived_dest_city", "delivered")
DELIVERED = PICKED + 30 * HOUR


def story(platform: str, **fields: Any) -> list[Message]:
    """Another buyer's parcel has the same track, record by record."""
    other = order("0", platform=platform, **{**fields, "recipient": {"address_key": "elsewhere"}})
    story = [order(platform=platform, **fields), other, upload("1", platform=platform)]
    story += [upload("0", UPLOADED, OTHER_NUMBER, platform=platform)]
    return [*story, *travels(), *travels(OTHER_NUMBER)]


def track(
    number: str, statuses: tuple[str, ...] = STATUSES, shift: timedelta = timedelta(), **last: Any
) -> list[Message]:
    """A track of records ten hours apart, each in Hangzhou; `last` is said of the last one."""
    found = []
    for place, status in enumerate(statuses):
        fields = {"location": HANGZHOU, **(last if place == len(statuses) - 1 else {})}
        found.append(record(status, PICKED + place * 10 * HOUR + shift, number, **fields))
    return found


def two(
    first: Message | None = ANNA, second: Message | None = BORIS, **fields: Any
) -> list[Message]:
    """Orders 1 and 2 of two recipients, uploaded under two numbers an hour apart."""
    return [
        order("1", recipient=first, **fields),
        order("2", recipient=second, **fields),
        upload("1", UPLOADED, A),
        upload("2", UPLOADED + HOUR, B),
    ]


def cloned() -> list[Message]:
    """Both numbers are delivered on one and the same track."""
    return [*two(), *track(A), *track(B)]


def test_fires_for_both_parcels() -> None:
    """Each number has its own warning, from the delivery on, and names its own orders."""
    first, second = judge(cloned(), LATER).of(RULE)
    if first["tracking_number"] != A:
        first, second = second, first
    for warning, number, order_id in ((first, A, "1"), (second, B, "2")):
        assert (warning["tracking_number"], warning["order_ids"]) == (number, [order_id])
        assert (warning["state"], warning["severity"]) == ("open", "critical")
        assert times(warning) == {
            "opened_at": DELIVERED,
            "deadline": None,
            "breached_at": None,
            "resolved_at": None,
        }


def test_stays_quiet_before_both_are_delivered() -> None:
    """Equal tracks on the way are a lorry; the last record makes the difference."""
    assert judge(cloned()[:-1], LATER).of(RULE) == []


def test_the_anchor_is_the_upload() -> None:
    """A correction of the upload's time withdraws the warning and opens another."""
    later = [*cloned(), arriving(upload("1", UPLOADED - HOUR, A), LATER - HOUR)]
    outcome = judge(later, LATER)
    assert len(outcome.of(RULE)) == 2
    assert len(outcome.withdrawn(RULE)) == 1


@pytest.mark.parametrize(("statuses", "fires"), [(STATUSES, True), (STATUSES[1:], False)])
def test_four_records_are_a_track(statuses: tuple[str, ...], fires: bool) -> None:
    """Up to `delivered` and with it: four are compared, three may be chance."""
    story = [*two(), *track(A, statuses), *track(B, statuses)]
    assert bool(judge(story, LATER).of(RULE)) is fires


def test_records_after_the_delivery_do_not_count() -> None:
    """Neither to reach four, nor to tell two tracks apart."""
    after = record("exception", DELIVERED + US, B)
    assert len(judge([*cloned(), after], LATER).of(RULE)) == 2
    short = [*two(), *track(A, STATUSES[1:]), *track(B, STATUSES[1:])]
    more = [record("exception", PICKED + 20 * HOUR + US, number) for number in (A, B)]
    assert judge([*short, *more], LATER).of(RULE) == []


def test_a_record_of_the_same_instant_as_the_delivery_counts() -> None:
    """Up to the first `delivered`, that moment included."""
    assert judge([*cloned(), record("exception", DELIVERED, B)], LATER).of(RULE) == []


def test_only_the_first_delivery_ends_the_track() -> None:
    """A second `delivered` of one of them changes nothing."""
    again = record("delivered", DELIVERED + HOUR, B, location=HANGZHOU)
    assert len(judge([*cloned(), again], LATER).of(RULE)) == 2


@pytest.mark.parametrize(
    "other",
    [
        track(B, shift=US),
        track(B, location=GUANGZHOU),
        track(B, location={**HANGZHOU, "site": "x"}),
        track(B, location=None),
        track(B, ("picked_up", "in_transit", "arrived_dest_city", "delivered")),
        [*track(B), record("in_transit", PICKED + MINUTE, B)],
        [*track(B), record("hub", PICKED + 10 * HOUR, B, location=HANGZHOU, raw_status="2")],
    ],
    ids=["time", "place", "site", "no place", "status", "one more", "one twice"],
)
def test_any_difference_in_time_place_or_status_is_one(other: list[Message]) -> None:
    """All records, as often as each occurs: nearly equal is not equal."""
    assert judge([*two(), *track(A), *other], LATER).of(RULE) == []


def test_wording_is_not_compared() -> None:
    """The description and the carrier's own status may differ."""
    other = [
        {**message, "description": f"签收 {place}", "raw_status": str(place)}
        for place, message in enumerate(track(B))
    ]
    assert len(judge([*two(), *track(A), *other], LATER).of(RULE)) == 2


def test_what_is_no_record_is_not_compared() -> None:
    """Neither `unknown` nor `ordered` is a record of the track."""
    extra = [record("unknown", PICKED + HOUR, B), record("ordered", PICKED + HOUR, A)]
    assert len(judge([*cloned(), *extra], LATER).of(RULE)) == 2


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [
        (ANNA, ANNA, False),
        (ANNA, {**ANNA, "person_key": "another"}, False),
        (ANNA, {**ANNA, "address_key": "another"}, True),
        (ANNA, {**BORIS, "address_key": ANNA["address_key"]}, False),
        (ANNA, GUANGZHOU, True),
        (SHENZHEN, GUANGZHOU, True),
        (SHENZHEN, SHENZHEN, False),
        (SHENZHEN, {"province": "广东省"}, False),
        (ANNA, None, False),
        (None, None, False),
    ],
)
def test_recipients_differ_by_address(
    first: Message | None, second: Message | None, fires: bool
) -> None:
    """Address hashes where both are known, else province or city; unknown is not different."""
    story = [*two(first, second), *track(A), *track(B)]
    assert len(judge(story, LATER).of(RULE)) == (2 if fires else 0)


def test_the_recipient_is_that_of_the_upload() -> None:
    """A buyer who moves later accuses nobody; the lead order's recipient decides."""
    moved = order("2", recipient=ANNA, updated_at=UPLOADED + 2 * HOUR)
    assert len(judge([*cloned(), moved], LATER).of(RULE)) == 2
    before = order("2", recipient=ANNA, updated_at=UPLOADED + HOUR)
    assert judge([*cloned(), before], LATER).of(RULE) == []


def test_one_number_is_no_other_parcel() -> None:
    """A number cannot clone itself; other carriers' equal numbers are others."""
    assert judge([*two()[:3], *track(A)], LATER).of(RULE) == []
    other = [{**message, "carrier": "yto", "tracking_number": A} for message in track(B)]
    uploaded = upload("2", UPLOADED + HOUR, A, carrier="yto")
    story = [*two()[:3], uploaded, *track(A), *other]
    assert len(judge(story, LATER).of(RULE)) == 2


@pytest.mark.parametrize("platform", ["douyin", "tmall"])
def test_on_for_both_platforms(platform: str) -> None:
    """Any record's track counts alike."""
    story = [*two(platform=platform), *track(A), *track(B)]
    assert len(judge(story, LATER).of(RULE)) == 2


def test_off_in_brief_but_its_parcels_still_accuse() -> None:
    """A parcel whose own platform does not care is nevertheless another parcel with that track."""
    story = cloned()
    story[1] = order("2", recipient=BORIS, platform="brief")
    assert judge(story, LATER).one(RULE)["tracking_number"] == A


def test_parcels_without_orders_take_no_part() -> None:
    """A number that nobody uploaded, or whose order is not sent by express, accuses nobody."""
    nobody = [message for message in cloned() if message.get("order_ids") != ["2"]]
    assert judge(nobody, LATER).of(RULE) == []
    story = cloned()
    story[1] = order("2", recipient=BORIS, delivery_method="self_delivery")
    assert judge(story, LATER).of(RULE) == []


@pytest.mark.parametrize("number", [A, B])
def test_holds_from_the_latest_of_delivery_and_both_uploads(number: str) -> None:
    """An upload after the delivery, of either number, is when both begin to hold."""
    late = DELIVERED + 5 * HOUR
    story = [*two()[:2], *track(A), *track(B)]
    story += [upload("1", late if number == A else UPLOADED, A)]
    story += [upload("2", late if number == B else UPLOADED, B)]
    found = judge(story, LATER).of(RULE)
    assert [times(warning)["opened_at"] for warning in found] == [late, late]


def test_the_earliest_other_decides() -> None:
    """Of several others the one uploaded first counts, whichever came first."""
    late, later = DELIVERED + 5 * HOUR, DELIVERED + 6 * HOUR
    story = [
        order("1"),
        order("2", recipient=BORIS),
        order("3", recipient=GUANGZHOU),
        upload("1", UPLOADED, A),
        upload("3", later, C),
        upload("2", late, B),
        *(message for number in (A, B, C) for message in track(number)),
    ]
    found = {warning["tracking_number"]: warning for warning in judge(story, LATER).of(RULE)}
    opened = {number: times(warning)["opened_at"] for number, warning in found.items()}
    assert opened == {A: late, B: late, C: later}


def test_ends_with_the_parcel() -> None:
    """Released or closed: resolved; the other one's warning stands."""
    ended = DELIVERED + DAY
    story = [*cloned(), release("1", ended, A)]
    first, second = judge(story, LATER).of(RULE)
    if first["tracking_number"] != A:
        first, second = second, first
    assert (first["state"], times(first)["resolved_at"]) == ("resolved", ended)
    assert second["state"] == "open"
    closed = order("2", recipient=BORIS, state="closed", updated_at=ended)
    assert {w["state"] for w in judge([*cloned(), closed], LATER).of(RULE)} == {"open", "resolved"}


@pytest.mark.parametrize(("ended", "fires"), [(DELIVERED, False), (DELIVERED + US, True)])
def test_ended_before_it_holds_is_no_warning(ended: datetime, fires: bool) -> None:
    """Released at the delivery or before: nothing to put right."""
    story = [*cloned(), release("1", ended, A)]
    found = [w for w in judge(story, LATER).of(RULE) if w["tracking_number"] == A]
    assert bool(found) is fires


def test_a_life_of_the_number_is_compared_by_itself() -> None:
    """A number used again after its window is judged by its new track only."""
    again = PAID + 60 * DAY
    story = [
        *cloned(),
        order("3", again, recipient=GUANGZHOU),
        upload("3", again + HOUR, A),
        record("picked_up", again + 2 * HOUR, A, location=HANGZHOU),
    ]
    found = judge(story, again + DAY).of(RULE)
    assert {(w["tracking_number"], tuple(w["order_ids"])) for w in found} == {
        (A, ("1",)),
        (B, ("2",)),
    }


def test_a_late_record_withdraws() -> None:
    """A record that arrives later and was not the other's: the tracks never were equal."""
    extra = arriving(record("in_transit", PICKED + MINUTE, B), LATER - DAY)
    outcome = judge([*cloned(), extra], LATER)
    assert outcome.of(RULE) == []
    assert len(outcome.withdrawn(RULE)) == 2


def test_order_of_arrival_changes_nothing() -> None:
    """All orders of the six decisive messages, each an hour after the other."""
    story = [*two(), *track(A), *track(B)]
    rest, decisive = story[:2] + story[4:7] + story[8:11], [*story[2:4], story[7], story[11]]
    wanted = [(w["warning_id"], times(w)) for w in judge(story, LATER).of(RULE)]
    for changed in permutations(decisive):
        arrival = datetime(2026, 11, 25, tzinfo=CHINA)
        late = [arriving(m, arrival + n * HOUR) for n, m in enumerate([*changed, *rest])]
        outcome = judge(late, LATER)
        assert [(w["warning_id"], times(w)) for w in outcome.of(RULE)] == wanted
        assert outcome.withdrawn(RULE) == []


def test_repeats_publish_nothing() -> None:
    """The same facts once more: two revisions, one of each warning."""
    again = [arriving(message, LATER - DAY) for message in cloned()]
    assert judge([*cloned(), *again], LATER).states(RULE) == ["open", "open"]


def test_evidence_is_the_parcels_own() -> None:
    """The upload and the delivery; of the other parcel, which may be another shop's, nothing."""
    story = cloned()
    proofs = proofs_of(RULE, story, LATER)
    assert [[entry[3] for entry in proof] for proof in proofs] == [["ordered", "delivered"]] * 2
    assert sorted(proof[0][1] for proof in proofs) == [2, 3]
    assert sorted(proof[1][1] for proof in proofs) == [7, 11]


def test_thresholds_are_the_profiles() -> None:
    """How many records make a track, how grave it is, and the time to put it right."""
    life = life_of([order("1"), upload("1", UPLOADED, A), *track(A)])
    known = track_of(life.records)
    assert known is not None
    life.claims = (Claim(known.signature, us(UPLOADED), 0, None, us(UPLOADED)),)
    rule = ClonedTrack(at_least_records=4, severity="warning", rectify_within=7)
    (check,) = rule.episodes(life)
    assert (check.severity, check.rectify_within) == ("warning", 7)
    assert ClonedTrack(at_least_records=5).episodes(life) == ()


def test_the_shortest_track_of_all_profiles_is_claimed() -> None:
    """What no profile compares, no parcel needs to tell."""
    assert shortest_track(load()) == ClonedTrack().at_least_records == 4
    assert shortest_track(load().forced("brief-2023")) == 4
