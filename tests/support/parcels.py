"""Looks at single rules about parcels, and at the evidence that warnings name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from support.builders import Message, us
from support.replaying import profiles

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.facts import OrderFacts
from streams.facts.times import to_datetime
from streams.judge.warnings import Revision
from streams.replay.machine import Machine
from streams.rules.snapshot import ParcelLife
from streams.state import orders, parcels
from streams.state.links import lives
from streams.state.state import OrderState, ParcelState

_FAR = 1 << 62


def life_of(history: Iterable[Message]) -> ParcelLife:
    """The only life of the only parcel of a history, with its orders' facts."""
    state: ParcelState | None = None
    known: dict[str, OrderState] = {}
    for message in history:
        raw = json.dumps(message).encode()
        if "order_id" in message:
            version = decode_order(raw, None, _FAR, _FAR)
            assert not isinstance(version, Bad)
            place = known.setdefault(version.order_id, OrderState(version.order_id))
            orders.apply(place, (version,), version.updated_at)
        else:
            fact = decode_tracking(raw, _FAR)
            assert not isinstance(fact, Bad)
            state = state or ParcelState(fact.key)
            assert state.key == fact.key
            parcels.apply(state, (fact,), fact.at)
    assert state is not None
    facts: dict[str, OrderFacts | None] = {key: orders.facts_of(o) for key, o in known.items()}
    ((records, named),) = lives(state.records, state.named)
    return ParcelLife(state.key, records, named, facts)


def clocks_of(rule: Any, history: Iterable[Message]) -> tuple[Any, ...]:
    """The clocks that a rule sees in a history of one parcel."""
    return tuple(rule.episodes(life_of(history)))


def proofs_of(
    rule: str, history: list[Message], until: datetime, stage: str = "violation"
) -> list[list[tuple[Any, ...]]]:
    """The evidence of each revision of a rule: topic, partition, offset, status and time.

    Message n of the history (from 0) is read from partition n at offset 100 + n.
    """
    log: list[Revision] = []
    machine = Machine(profiles(), log.append)
    for place, message in enumerate(history):
        raw = json.dumps(message).encode()
        read = us(until) if "received_at" not in message else us(_at(message["received_at"]))
        if "order_id" in message:
            arrival = us(_at(message.get("updated_at", message["paid_at"])))
            version = decode_order(raw, None, read, read, place, 100 + place)
            assert not isinstance(version, Bad)
            machine.order(version, arrival)
        else:
            arrival = us(_at(message["occurred_at"]))
            fact = decode_tracking(raw, read, place, 100 + place)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, arrival)
    machine.advance(us(until))
    assert not machine.failures
    return [
        [(*place, to_datetime(at)) for *place, at in revision.proof]
        for revision in log
        if revision.finding.rule == rule and revision.finding.stage == stage
    ]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
