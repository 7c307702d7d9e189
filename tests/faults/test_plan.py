"""A seed chooses the faults, their order and every message; the table says what each is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from faults import campaign
from faults.table import BY_NAME, FAULTS, KILL
from faults.verifier import expected, is_dead_letter
from faults.workload import AHEAD, part

UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_same_seed_gives_the_same_plan() -> None:
    """And another seed another one."""
    options = campaign.Options(seed=7)
    faults, _ = campaign.chosen(())
    assert campaign.plan(options, faults) == campaign.plan(options, faults)
    assert campaign.plan(options, faults) != campaign.plan(campaign.Options(seed=8), faults)


def test_every_fault_comes_in_turn() -> None:
    """A hundred kills, and thirty others: each of them at least once."""
    faults, _ = campaign.chosen(())
    counts = Counter(step.fault for step in campaign.plan(campaign.Options(seed=7), faults))
    assert counts.pop(KILL.name) == 100
    assert sum(counts.values()) == 30
    assert set(counts) == {fault.name for fault in faults}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_an_earlier_release_meets_kills_alone() -> None:
    """It promised less of other faults; they come after the deploy, a third of the way in."""
    faults, _ = campaign.chosen(())
    options = campaign.Options(seed=8, kills=9, faults=3, release="earlier")
    steps = [step.fault for step in campaign.plan(options, faults)]
    assert steps[:5] == ["kill_worker"] * 4 + ["deploy"]
    assert Counter(steps)["kill_worker"] == 9
    assert len(steps) == 13


def test_faults_are_asked_for_by_name() -> None:
    """And no others come then."""
    found, impossible = campaign.chosen(("flip_byte", "clock_ahead"))
    assert {fault.name for fault in found} | set(impossible) == {"flip_byte", "clock_ahead"}


def test_names_are_one_fault_each() -> None:
    """And each row says what happens, how it ends and what must be seen."""
    assert len(BY_NAME) == len(FAULTS) + 2
    for fault in BY_NAME.values():
        assert fault.does
        assert fault.undone
        assert fault.seen
        assert 0 <= fault.seconds[0] <= fault.seconds[1]


def test_a_part_is_the_same_again() -> None:
    """Its messages, whenever it is sent, but for its times."""
    one, other = part(5, UNTIL), part(5, UNTIL)
    assert one.records == other.records
    assert len(part(5, UNTIL + timedelta(hours=1)).records) == len(one.records)


def test_parts_have_warnings_of_every_state_poison_and_deadlines_to_come() -> None:
    """Over a few seeds; nothing lies so far ahead that its arrival would decide what it is."""
    states: Counter[str] = Counter()
    bad = 0
    for seed in range(6):
        one = part(seed, UNTIL)
        one.sent_at = UNTIL - timedelta(minutes=1)
        later = expected([one], UNTIL + timedelta(minutes=2))
        states += Counter(warning["state"] for warning in later.values())
        breached = {
            name
            for side in (expected([one], UNTIL - timedelta(minutes=1)), later)
            for name, warning in side.items()
            if warning["state"] == "breached"
        }
        sooner = expected([one], UNTIL - timedelta(minutes=1))
        assert any(sooner[name]["state"] == "open" for name in breached if name in sooner)
        for moment in (one.sent_at, one.sent_at + timedelta(hours=4)):
            letters = [is_dead_letter(record, moment) for record in one.records]
            assert letters == [is_dead_letter(record, one.sent_at) for record in one.records]
        bad += sum(letters)
        for record in one.records:
            for name in ("occurred_at", "paid_at"):
                text = (record.value or {}).get(name)
                if isinstance(text, str):
                    assert datetime.fromisoformat(text) <= UNTIL + AHEAD
    assert set(states) == {"open", "breached", "resolved"}
    assert bad
