"""Parcels on equal tracks: replay gives what the brute-force evaluation of the contract gives."""

from __future__ import annotations

import pytest
from oracle import brute_force
from oracle.histories import shuffled
from support.clones import clone_history
from support.replaying import COMPARED, replay, standing

RULES = frozenset(("cloned_track",))


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_replay_equals_the_brute_force_evaluation(first: int) -> None:
    """As it came and shuffled with repeats: the same warnings of equal tracks, ids too."""
    judged = 0
    for seed in range(first, first + 50):
        history = clone_history(seed)
        found = brute_force.evaluate(history.orders, history.tracking, history.until, RULES)
        wanted = [{name: warning[name] for name in COMPARED} for warning in found]
        for other in (history, shuffled(history, seed)):
            newest, _ = replay(other.orders, other.tracking, other.until)
            ours = {key: value for key, value in newest.items() if value["rule"] in RULES}
            assert standing(ours) == wanted, f"seed {seed}"
        judged += len(wanted)
    assert judged > 10, "histories without warnings show nothing"
