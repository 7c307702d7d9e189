"""The benchmark of bursts counts what it says that it counts, and sends what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

from benchmarks.settling import PUSHES, TRACK, Figures, Parcels, figures, pushes, unsorted
from streams.engine.kafka.topics import Topics

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def warning(key: str, state: str, shop: str | None = "s") -> dict[str, Any]:
    """A revision, as far as it is counted."""
    return {"warning_id": key, "state": state, "shop_id": shop}


def test_what_is_taken_back_is_counted_within_one_burst() -> None:
    """Withdrawn by a later burst is the law; without a shop counts a warning's first revision."""
    first = [warning("a", "open", None), warning("b", "breached"), warning("a", "withdrawn")]
    second = [warning("b", "withdrawn"), warning("a", "open", None), warning("c", "open")]
    assert figures([first, second]) == Figures(6, 3, 1, 1)


def test_each_scene_sends_the_whole_story_of_each_parcel() -> None:
    """Nine messages of a parcel at most, unsorted; pushes repeat what was pushed before."""
    parcels = Parcels(30, NOW, Topics(), Random(1))
    (wave,) = unsorted(parcels, Random(1))
    assert {len(burst) for burst in wave} == {2, 2 + len(TRACK)}
    first, *rest = pushes(parcels, Random(1))
    assert {len(burst) for burst in first} == {2}
    assert len(rest) == PUSHES
    for earlier, later in pairwise(rest):
        assert all(set(old) <= set(new) for old, new in zip(earlier, later, strict=True))
    last = {message for burst in (*first, *rest[-1]) for message in burst}
    assert last == {message for burst in wave for message in burst}
