"""Shadow profiles: what they would publish is counted, once, and nothing of it is published."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from oracle.histories import random_history
from prometheus_client import REGISTRY
from support.builders import (
    DAY,
    HOUR,
    LATER,
    PAID,
    UPLOADED,
    US,
    Message,
    order,
    picked_up,
    upload,
    us,
)
from support.replaying import arrival_of, standing
from support.two_sides import TOPICS, Loop, run

from streams.app import shadows_of
from streams.decode import Bad, decode_tracking
from streams.decode import decode_order as read_order
from streams.engine.kafka.murmur2 import partition_of
from streams.facts.times import DAY as DAY_US
from streams.facts.times import SECOND, from_datetime
from streams.judge.warnings import Revision
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profiles
from streams.replay.machine import Machine
from streams.rules.episodes import Limit
from streams.rules.pickup_overdue import PickupOverdue
from streams.state.codec import dump, load_order, load_parcel
from streams.state.state import Finding, OrderState, ParcelState

DOUYIN, TMALL, BRIEF = "douyin-2026-07-09", "tmall-2026-04-09", "brief-2023"
RUNNING = 60 * SECOND
FAR = 1 << 62


def loop_of(now: int, *shadows: str, partitions: int = 1) -> Loop:
    """Both sides with shadow profiles."""
    loop = Loop(partitions, now)
    loop.orders.shadows = loop.parcels.shadows = shadows_of(load(), shadows)
    return loop


def send(loop: Loop, *messages: Message) -> None:
    """Messages onto partition 0 of their topics, taken in long before any deadline."""
    for value in messages:
        topic = TOPICS.orders if "order_id" in value else TOPICS.tracking
        loop.produce(topic, json.dumps(value).encode(), None, 0)
    # Both sides know each other before any deadline: one revision a state from here on.
    loop.drain(us(UPLOADED))


def counted(profile: str, rule: str, stage: str = "violation") -> dict[str, float]:
    """What was counted so far, by state."""
    found = {}
    for state in ("open", "breached", "resolved", "withdrawn"):
        labels = {"profile": profile, "rule": rule, "stage": stage, "state": state}
        found[state] = REGISTRY.get_sample_value("shipsentry_shadow_revisions_total", labels) or 0
    return found


class Count:
    """How far the counters of a rule have moved since this was made."""

    def __init__(self, profile: str, rule: str, stage: str = "violation") -> None:
        self.of = (profile, rule, stage)
        self.before = counted(*self.of)

    def __call__(self) -> dict[str, int]:
        after = counted(*self.of)
        moved = {state: int(after[state] - self.before[state]) for state in after}
        return {state: number for state, number in moved.items() if number}


def remembered(loop: Loop, profile: str) -> dict[str, Finding]:
    """What states remember of a shadow profile, by warning id; what it withdrew left out."""
    states: list[OrderState | ParcelState] = []
    for (table, _), rows in loop.store.tables.items():
        if table == "orders":
            states += [load_order(value) for value in rows.values()]
        elif table == "parcels":
            states += [load_parcel(value) for value in rows.values()]
    return {
        entry.warning_id: entry.finding
        for state in states
        for entry in state.shadow
        if entry.finding.profile == profile and entry.finding.state != "withdrawn"
    }


def forced(history: Any, profile: str) -> dict[str, Finding]:
    """The warnings that stand where every order is judged by one profile."""
    newest: dict[str, Finding] = {}

    def publish(revision: Revision) -> None:
        newest[revision.warning_id] = revision.finding

    machine = Machine(load().forced(profile), publish)
    end = from_datetime(history.until)
    sent = [(arrival_of(value), 0, n, value) for n, value in enumerate(history.orders)]
    sent += [(arrival_of(value), 1, n, value) for n, value in enumerate(history.tracking)]
    for arrival, kind, _, value in sorted(sent, key=lambda entry: entry[:3]):
        raw = json.dumps(value).encode()
        if arrival > end:
            break
        if kind == 0:
            version = read_order(raw, None, arrival, arrival)
            assert not isinstance(version, Bad)
            machine.order(version, arrival)
        else:
            fact = decode_tracking(raw, arrival)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, arrival)
    machine.advance(end)
    return {key: finding for key, finding in newest.items() if finding.state != "withdrawn"}


def test_a_deadline_of_a_shadow_fires() -> None:
    """Nothing arrives any more: the shadow's own deadlines are met, to the microsecond."""
    late = Count(DOUYIN, "pickup_overdue")
    loop = loop_of(us(UPLOADED), DOUYIN)
    send(loop, order("1", platform="brief"), upload("1"))
    deadline = us(UPLOADED + 24 * HOUR)
    loop.drain(us(UPLOADED + 18 * HOUR - US))
    assert late() == {}
    loop.drain(us(UPLOADED + 18 * HOUR))
    assert late() == {"open": 1}
    loop.drain(deadline)
    assert late() == {"open": 1}
    loop.drain(deadline + 1)
    assert late() == {"open": 1, "breached": 1}
    assert {warning["rule"] for warning in loop.warnings} <= {"ship_overdue"}
    assert {warning["profile"] for warning in loop.warnings} <= {BRIEF}


def test_the_serious_stage_of_a_shadow_fires_when_the_profile_in_force_has_none() -> None:
    """Two deadlines of which the profile in force knows neither."""
    serious = Count(DOUYIN, "pickup_overdue", "serious")
    loop = loop_of(us(UPLOADED), DOUYIN)
    send(loop, order("1", platform="brief"), upload("1"))
    loop.drain(us(UPLOADED + 48 * HOUR))
    assert serious() == {"open": 1}
    loop.drain(us(UPLOADED + 48 * HOUR + US))
    assert serious() == {"open": 1, "breached": 1}


def test_nothing_is_counted_twice() -> None:
    """Repeats, ticks and a restart: states remember what was counted."""
    late = Count(TMALL, "pickup_overdue")
    loop = loop_of(us(UPLOADED), TMALL)
    story = [order("1"), upload("1")]
    send(loop, *story)
    loop.drain(us(LATER))
    assert late() == {"breached": 1}
    send(loop, *story, upload("1", UPLOADED + HOUR))
    loop.drain(us(LATER))
    again = loop_of(us(LATER), TMALL)
    again.store.tables.update(loop.store.tables)
    send(again, *story, order("1", updated_at=PAID + 3 * HOUR))
    again.drain(us(LATER))
    assert late() == {"breached": 1}
    send(again, picked_up(UPLOADED + 30 * HOUR))
    again.drain(us(LATER + DAY))
    assert late() == {"breached": 1, "resolved": 1}


def test_what_facts_disprove_is_counted_as_withdrawn() -> None:
    """As the warning would have been."""
    late = Count(TMALL, "pickup_overdue")
    loop = loop_of(us(UPLOADED), TMALL)
    send(loop, order("1"), upload("1"))
    loop.drain(us(LATER))
    send(loop, picked_up(UPLOADED + HOUR))
    loop.drain(us(LATER))
    assert late() == {"breached": 1, "withdrawn": 1}


def test_without_shadows_nothing_is_remembered() -> None:
    """The setting taken away: states lose what they kept for it when they are next judged."""
    loop = loop_of(us(UPLOADED), TMALL)
    send(loop, order("1"), upload("1"))
    loop.drain(us(LATER))
    assert remembered(loop, TMALL)
    loop.orders.shadows = loop.parcels.shadows = {}
    send(loop, order("1", updated_at=PAID + HOUR), picked_up())
    loop.drain(us(LATER))
    assert not remembered(loop, TMALL)


def test_every_state_still_ends() -> None:
    """A shadow that waits keeps a state, one that waits no more does not."""
    loop = loop_of(us(UPLOADED), DOUYIN, TMALL)
    send(loop, order("1", platform="brief"), upload("1"))
    loop.drain(us(LATER))
    assert len(loop.store) > 0
    loop.drain(us(LATER + 200 * DAY))
    assert len(loop.store) == 0


def sent(history: Any, *shadows: str) -> Loop:
    """A loop to whose two partitions everything was sent that arrived by the end."""
    until = from_datetime(history.until)
    loop = loop_of(until - RUNNING, *shadows, partitions=2)
    for topic, values in ((TOPICS.orders, history.orders), (TOPICS.tracking, history.tracking)):
        for value in sorted(values, key=arrival_of):
            if arrival_of(value) <= until:
                raw = json.dumps(value).encode()
                loop.produce(topic, raw, None, partition_of(key_of(value), 2))
    return loop


def key_of(value: Message) -> bytes:
    """The key of a message once decoded."""
    raw = json.dumps(value).encode()
    if "order_id" in value:
        version = read_order(raw, None, FAR, FAR)
        assert not isinstance(version, Bad)
        return version.order_id.encode()
    fact = decode_tracking(raw, FAR)
    assert not isinstance(fact, Bad)
    return fact.key.encode()


@pytest.mark.parametrize("seed", range(12))
def test_a_shadow_sees_what_its_profile_would_publish(seed: int) -> None:
    """Any history, any chunks, with crashes: its warnings in the end are a replay's by it."""
    for other in range(100):
        history = random_history(seed * 100 + other, ahead=False)
        until = from_datetime(history.until)
        plain = sent(history)
        plain.drain(until)
        if not plain.dead_letters:  # nothing that counts as lying in the future where we start
            break
    loop = sent(history, TMALL, BRIEF)
    run(loop, Random(seed), [None, until - DAY_US, until], crashes=0.02)
    loop.drain(until)
    assert standing(loop.newest()) == standing(plain.newest())
    for profile in (TMALL, BRIEF):
        wanted = forced(history, profile)
        assert wanted
        assert remembered(loop, profile) == wanted


def test_a_shadow_that_waits_keeps_a_state() -> None:
    """A state at its end, of which a shadow still expects something, does not end."""
    slow = replace(
        load().forced(DOUYIN).at("", 0), parcel_rules=(PickupOverdue(Limit(200 * DAY_US)),)
    )
    loop = loop_of(us(UPLOADED))
    loop.parcels.shadows = {slow.id: Profiles([slow], forced=slow)}
    send(loop, order("1", platform="brief"), upload("1"))
    seen = Count(DOUYIN, "pickup_overdue")
    loop.drain(us(UPLOADED + 199 * DAY))
    assert seen() == {}
    loop.drain(us(UPLOADED + 199 * DAY + 12 * HOUR))
    assert seen() == {"open": 1}
    loop.drain(us(UPLOADED + 200 * DAY + US))
    assert seen() == {"open": 1, "breached": 1}
    loop.drain(us(UPLOADED + 400 * DAY))
    assert len(loop.store) == 0


def test_time_never_runs_backwards_for_a_shadow() -> None:
    """A partition that moved on from further behind: a breach is not taken back."""
    late = Count(DOUYIN, "pickup_overdue")
    loop = loop_of(us(UPLOADED), DOUYIN)
    send(loop, order("1", platform="brief"), upload("1"))
    loop.drain(us(UPLOADED + 25 * HOUR))
    assert late() == {"breached": 1}
    send(loop, upload("1", UPLOADED + HOUR))
    assert late() == {"breached": 1}


def test_what_is_remembered_is_stored() -> None:
    """Both kinds of states."""
    entry = loop_entry()
    for state, decode in (
        (OrderState("1", shadow=[entry]), load_order),
        (ParcelState("zto:1", shadow=[entry]), load_parcel),
    ):
        assert decode(dump(state)) == state


def loop_entry() -> Any:
    """A revision that a shadow would have published."""
    loop = loop_of(us(UPLOADED), TMALL)
    send(loop, order("1"), upload("1"))
    loop.drain(us(LATER))
    ((_, rows),) = [item for item in loop.store.tables.items() if item[0][0] == "parcels"]
    (value,) = rows.values()
    return load_parcel(value).shadow[0]


def test_an_unknown_shadow_is_refused() -> None:
    """With the names that there are."""
    with pytest.raises(ProfileError, match=r"no profile 'tmall'; there are .*tmall-2026-04-09"):
        shadows_of(load(), ["tmall"])
