"""What is believed of a changelog, by what offsets and local state say: both sides of each line."""

from __future__ import annotations

import pytest

from streams.engine.kafka.offset_metadata import Witness, encode
from streams.engine.kafka.types import Committed
from streams.engine.store.witness import (
    Local,
    Log,
    Vouched,
    problem,
    unfit,
    vouched,
)

TICKS = "app-ticks"
LOG = Log("id-1", 0, 10)


def said(*witnesses: Witness, read: bool = True) -> Vouched:
    return Vouched(read, {"orders": witnesses} if witnesses else {})


def store(topic_id: str | None, next_offset: int, too_old: bool = False) -> Local:
    return Local(topic_id, next_offset, too_old)


def test_what_offsets_say_together() -> None:
    """Each one is a witness: an input that has been quiet was committed on older changelogs."""
    one, other = Witness("id-1", 7), Witness("id-1", 9)
    found = vouched(
        [
            Committed("order-paid", 0, 5, encode("order-paid-id", {"orders": one})),
            Committed("tracking-update", 0, 0, encode("", {"orders": other})),
            Committed(TICKS, 0, 99, ""),
        ],
        TICKS,
    )
    assert found == Vouched(True, {"orders": [one, other]})
    assert vouched([Committed(TICKS, 0, 99, "")], TICKS) == Vouched(False, {})
    assert vouched([Committed("order-paid", 0, 0, "")], TICKS) == Vouched(False, {})


@pytest.mark.parametrize(
    ("log", "vouched", "local", "expected"),
    [
        # Witnesses.
        (LOG, said(Witness("id-1", 10)), None, None),
        (LOG, said(Witness("id-1", 11)), None, "ends at 10, and offsets were"),
        (LOG, said(Witness("id-1", 3), Witness("id-1", 11)), None, "ends at 10"),
        (LOG, said(Witness("id-0", 3)), None, "is another topic than offsets"),
        (LOG, said(Witness("id-0", 1)), None, "is another topic than offsets"),
        (LOG, said(Witness("id-0", 0)), None, None),  # nothing was in it
        (LOG, said(Witness("", 10)), None, None),
        (Log("", 0, 10), said(Witness("id-1", 10)), None, None),
        # The offsets know better than local state: what they vouch for is whole.
        (LOG, said(Witness("id-1", 10)), store("id-1", 12), None),
        (LOG, said(Witness("id-1", 10)), store("id-0", 12), None),
        # Records of it were deleted.
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), None, "begins at 4"),
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), store("id-1", 3), "begins at 4"),
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), store("id-1", 4), None),
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), store("id-1", 10), None),
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), store("id-1", 10, True), "begins at 4"),
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), store("id-0", 10), "begins at 4"),
        (Log("id-1", 4, 10), said(Witness("id-1", 10)), store(None, 10), "begins at 4"),
        (Log("id-1", 4, 10), said(), None, "begins at 4"),
        (Log("id-1", 4, 10), said(), store(None, 10), None),
        # Offsets of release 0.1.0: the store alone knows.
        (LOG, said(), None, None),
        (LOG, said(), store(None, 10), None),
        (LOG, said(), store(None, 11), "ends at 10, and local state"),
        (LOG, said(), store("id-0", 9), "is another topic than local state"),
        (LOG, said(), store("id-0", 0), None),
        # Nothing was committed: all is read from the beginning.
        (LOG, said(read=False), store(None, 11), None),
        (LOG, said(read=False), store("id-0", 9), None),
        (Log("id-1", 4, 10), said(read=False), None, None),
    ],
)
def test_whether_a_changelog_is_believed(
    log: Log, vouched: Vouched, local: Local | None, expected: str | None
) -> None:
    found = problem(log, "orders", vouched, local)
    assert found is None if expected is None else found is not None and expected in found


@pytest.mark.parametrize(
    ("log", "vouched", "local", "expected"),
    [
        (LOG, said(Witness("id-1", 10)), store("id-1", 10), None),
        (LOG, said(Witness("id-1", 10)), store("id-1", 11), "is ahead of its changelog"),
        (LOG, said(Witness("id-1", 10)), store("id-0", 10), "is of another changelog"),
        (LOG, said(Witness("id-1", 10)), store(None, 10), "does not say of which"),
        (LOG, said(Witness("id-1", 10)), store("id-1", 10, True), "not kept up to date"),
        (LOG, said(Witness("id-1", 10)), store(None, 0, True), None),
        (LOG, said(), store(None, 10), None),
        (LOG, said(), store("", 10), None),
        (Log("id-1", 4, 10), said(), store("id-1", 4), None),
        (Log("id-1", 4, 10), said(), store("id-1", 3), "has missed records"),
    ],
)
def test_whether_local_state_is_a_copy(
    log: Log, vouched: Vouched, local: Local, expected: str | None
) -> None:
    found = unfit(log, vouched, local)
    assert found is None if expected is None else found is not None and expected in found.reason
