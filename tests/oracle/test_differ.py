"""The tool that finds the smallest history in which replay and the oracle differ."""

from __future__ import annotations

from oracle import differ
from oracle.histories import History, judged, random_history


def test_what_is_left_of_a_shrunk_history_is_what_the_difference_needs() -> None:
    """An open recall needs an order, an upload or a naming record, and the way back."""

    def recalls(history: History) -> bool:
        return any(w["rule"] == "recalled" and w["state"] == "open" for w in judged(history))

    came = next(h for h in map(random_history, range(50)) if recalls(h))
    small = differ.shrunk(came, recalls)
    assert recalls(small)
    assert len(small.orders) <= 1
    assert 1 <= len(small.tracking) <= 2
    assert small.tombstones == []
    assert not any("description" in m or "location" in m for m in small.tracking)


def test_a_difference_is_seen_and_told() -> None:
    """Replay agrees with itself; a warning that one side lacks is named with both sides."""
    came = random_history(1)
    ours = differ.replayed(came)
    key, lost = next((k, w) for k, w in ours.items() if w["rule"] == "ship_overdue")
    theirs = {k: w for k, w in ours.items() if k != key}
    found = differ.compared(ours, theirs)
    assert found == [(lost, None)]
    assert differ.rules_of(found) == {"ship_overdue"}
    assert differ.compared(ours, ours) == []
    told = differ.told(came, found)
    assert f"warning_id={key}" in told
    assert "oracle:  none" in told
