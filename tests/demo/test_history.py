"""The bundled history is the one its script makes, and shows what the demo promises."""

from __future__ import annotations

import gzip
from functools import cache

import pytest
from support.stories import on

from streams.demo import make_history
from streams.demo.history import ENDS_AT, FILE, STARTS_AT, Outcome, load, replayed
from streams.profiles.loader import load as load_profiles
from streams.rules.registry import SPECS

HOUR = 3_600_000_000
PLATFORMS = ("douyin", "tmall")
"""Whose orders the demo plays."""


def has(rule: object, stage: str) -> bool:
    """Whether a profile's rule has a stage; a check has its first one always."""
    return bool(getattr(rule, stage, stage == "violation"))


SHOWN = {
    (name, stage, profile.platform)
    for profile in load_profiles().all
    if profile.platform in PLATFORMS
    for name, rule in on(profile).items()
    for stage in SPECS[name].stages
    if has(rule, stage)
}
"""Every rule and stage on every platform that has it."""

PROMISED = sorted(
    (rule, stage, state)
    for rule, stage in {(rule, stage) for rule, stage, _ in SHOWN}
    for state in ("open", "breached", "resolved", "withdrawn")
    # a check has no deadline: nothing to breach
    if state != "breached" or SPECS[rule].kind == "clock"
)


@cache
def outcome(until: int = ENDS_AT) -> Outcome:
    """What replay makes of the bundled history."""
    return replayed(load(), load_profiles(), until)


def test_the_file_is_what_its_script_makes() -> None:
    """Same seed, same history; compared unpacked, because zlib versions pack differently."""
    made = gzip.decompress(make_history.encode(make_history.records()))
    assert gzip.decompress(FILE.read_bytes()) == made


def test_the_script_writes_the_same_bytes_each_time() -> None:
    """Nothing of the machine or the moment is in the file."""
    history = make_history.records()
    assert make_history.encode(history) == make_history.encode(make_history.records())


def test_the_file_is_small_enough_to_ship() -> None:
    """It is part of the package."""
    assert FILE.stat().st_size < 300_000


def test_records_are_in_order_of_arrival_within_the_history() -> None:
    """The player never has to go back, and nothing arrives after the clock has stopped."""
    arrivals = [entry.arrival for entry in load()]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= STARTS_AT
    assert arrivals[-1] < ENDS_AT


@pytest.mark.parametrize(("rule", "stage", "state"), PROMISED)
def test_each_promised_kind_occurs(rule: str, stage: str, state: str) -> None:
    """Each rule and stage is seen to open, to breach, to resolve and to withdraw."""
    assert outcome().kinds[rule, stage, state] > 0


def test_each_rule_and_stage_is_seen_on_each_platform() -> None:
    """Profiles differ, so each is shown, and nothing that a platform does not have."""
    warnings = outcome().warnings.values()
    assert {(one["rule"], one["stage"], one["platform"]) for one in warnings} == SHOWN


def test_no_rule_is_left_out() -> None:
    """The demo plays every rule that a built-in profile has."""
    rules = {rule for profile in load_profiles().all for rule in on(profile)}
    assert {rule for rule, _, _ in SHOWN} == rules


@pytest.mark.parametrize("lane", ["near", "cross_province", "remote"])
def test_each_lane_is_seen(lane: str) -> None:
    """Parcels stand still in the neighbourhood, across provinces, and far away."""
    assert lane in {
        one["evidence"]["lane"]
        for one in outcome().warnings.values()
        if one["rule"] == "transit_stalled"
    }


def test_clones_come_in_pairs() -> None:
    """Whoever copied from whom: both parcels are warned of."""
    cloned = [one for one in outcome().warnings.values() if one["rule"] == "cloned_track"]
    opened = [one["opened_at"] for one in cloned]
    assert len(cloned) >= 4
    assert all(opened.count(at) == 2 for at in opened)


def test_some_mismatch_is_strong_and_some_is_not() -> None:
    """Another province is critical, another address in the city is not."""
    found = [one for one in outcome().warnings.values() if one["rule"] == "address_mismatch"]
    assert {one["severity"] for one in found} == {"critical", "warning"}


def test_a_warning_that_was_withdrawn_can_come_back() -> None:
    """A moved promise withdraws a warning and the new date brings it back, under the same id."""
    kinds = outcome().kinds
    ids = [one for one in outcome().warnings.values() if one["rule"] == "ship_overdue"]
    assert kinds["ship_overdue", "violation", "open"] > len(ids)


def test_most_orders_are_fine() -> None:
    """An honest week: four of five orders never have a warning."""
    orders = {entry.key for entry in load() if entry.topic == "order-paid" and entry.key}
    warned = {number for one in outcome().warnings.values() for number in one["order_ids"]}
    assert len(orders) >= 300
    assert len(warned) < len(orders) / 5


def test_poison_of_many_kinds_is_refused() -> None:
    """Dead letters are part of the show."""
    expected = {
        "not_json",
        "not_an_object",
        "invalid_utf8",
        "missing_field",
        "wrong_type",
        "unknown_value",
        "naive_time",
        "implausible_time",
        "time_in_future",
        "null_value",
    }
    assert set(outcome().dead_letters) == expected


def test_something_is_left_to_act_on() -> None:
    """At the end some warnings are open, with a deadline ahead, and some have breached."""
    states = [one["state"] for one in outcome().warnings.values()]
    assert states.count("open") >= 5
    assert states.count("breached") >= 5


def test_nothing_changes_in_the_last_minute() -> None:
    """The clock stops at the end: what is due in the very last moment would be in doubt."""
    before = outcome(ENDS_AT - HOUR // 60)
    assert before.kinds == outcome().kinds


def test_some_records_come_twice_and_some_without_key() -> None:
    """The demo takes the paths of repeats and of records that are not at home."""
    tracking = [entry for entry in load() if entry.topic == "tracking-update"]
    assert sum(entry.key is None for entry in tracking) > len(tracking) / 5
    assert len({entry.value for entry in tracking}) < len(tracking) - 50
