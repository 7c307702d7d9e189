"""Judged once at the end, a history gives the warnings that it gives judged all along."""

from __future__ import annotations

import json

import pytest
from oracle.histories import random_history
from support.builders import us
from support.replaying import arrival_of, profiles, standing
from support.replaying import replay as replayed

from streams.decode import Bad, decode_order, decode_tracking
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.replay.backlog import Backlog


@pytest.mark.parametrize("seed", range(6))
def test_the_law_holds_for_a_backlog(seed: int) -> None:
    """Random histories, with repeats, late facts and corrections, compared as the contract does."""
    history = random_history(seed)
    until = us(history.until)
    found: dict[str, Revision] = {}
    machine = Backlog(profiles(), lambda revision: found.update({revision.warning_id: revision}))
    arrivals = [(arrival_of(value), 0, n, value) for n, value in enumerate(history.orders)]
    arrivals += [(arrival_of(value), 1, n, value) for n, value in enumerate(history.tracking)]
    for arrival, kind, _, value in sorted(arrivals, key=lambda entry: entry[:3]):
        if arrival > until:
            break
        raw = json.dumps(value, ensure_ascii=False).encode()
        if kind == 0:
            version = decode_order(raw, None, arrival, arrival)
            assert isinstance(version, Bad) or machine.order(version, arrival)
        else:
            fact = decode_tracking(raw, arrival)
            assert isinstance(fact, Bad) or machine.tracking(fact, arrival)
    assert not found
    machine.advance(until)
    assert not machine.failures
    ours = standing({key: warning_value(revision) for key, revision in found.items()})
    theirs = standing(replayed(history.orders, history.tracking, history.until)[0])
    assert ours == theirs
    assert ours
