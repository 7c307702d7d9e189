"""The verifier finds each kind of fault, and nothing where there is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faults import shop_days
from faults.observer import Seen
from faults.verifier import Verdict, verify
from faults.workload import Place, Sent

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCAN = {"carrier": "zto", "tracking_number": "781", "status": "picked_up"}
PICKED_UP = Sent("tracking", None, b"", {**SCAN, "occurred_at": "2026-11-19T00:00:00Z"})
POISON = Sent("orders", None, b"\xff", poison=True)
PLACED: dict[Place, Sent] = {("tracking-update", 0, 4): PICKED_UP, ("order-paid", 1, 7): POISON}


def warning(**fields: Any) -> dict[str, Any]:
    """A breached warning as it is published."""
    return {
        "warning_id": "a",
        "revision": 2,
        "rule": "pickup_overdue",
        "stage": "violation",
        "platform": "tmall",
        "carrier": "zto",
        "tracking_number": "781",
        "order_ids": ["o"],
        "state": "breached",
        "opened_at": "2026-11-20T05:00:00+00:00",
        "deadline": "2026-11-20T11:00:00+00:00",
        "breached_at": "2026-11-20T11:00:00+00:00",
        "resolved_at": None,
        "evidence": {"records": [
            {"topic": "tracking-update", "partition": 0, "offset": 4, "status": "picked_up"}
        ]},
        **fields,
    }  # fmt: skip


def seen(values: list[dict[str, Any]], at: datetime = NOW) -> list[Seen]:
    """Warnings as they are seen, and the dead letter of the one poison."""
    records = [
        Seen(
            at.timestamp(),
            "warnings",
            0,
            n,
            value["warning_id"].encode(),
            json.dumps(value).encode(),
        )
        for n, value in enumerate(values)
    ]
    return [*records, Seen(at.timestamp(), "letters", 0, 0, b"order-paid-1-7", b"{}")]


def judged(
    values: list[dict[str, Any]],
    before: list[dict[str, Any]] | None = None,
    after: list[dict[str, Any]] | None = None,
    at: datetime = NOW,
) -> Verdict:
    """The verdict on warnings where others must hold; by default the one above."""
    wanted = [{w["warning_id"]: w for w in (side or [warning()])} for side in (before, after)]
    return verify(
        seen(values, at), PLACED, *wanted, NOW, warnings="warnings", dead_letters="letters"
    )


def test_what_is_right_is_clean() -> None:
    """Also an earlier revision, a repeat of either, and instants in another zone."""
    first = warning(revision=1, state="open", breached_at=None)
    other_zone = warning(opened_at="2026-11-20T13:00:00+08:00")
    verdict = judged([first, other_zone, first, other_zone])
    assert verdict.is_clean, verdict.counts()
    assert verdict.figures["published_again"] == 2


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "lost"),
        ([warning(state="withdrawn")], "lost"),
        ([warning(deadline="2026-11-20T11:00:00.000001+00:00")], "wrong"),
        ([warning(state="resolved", resolved_at="2026-11-20T11:30:00+00:00")], "wrong"),
        ([warning(), warning(warning_id="b")], "unsupported"),
        ([warning(), warning(message="other")], "conflicting"),
        ([warning(), warning(revision=1)], "backwards"),
        ([warning(evidence={"records": [
            {"topic": "tracking-update", "partition": 0, "offset": 5, "status": "picked_up"}
        ]})], "unproven"),
        ([warning(evidence={"records": [
            {"topic": "tracking-update", "partition": 0, "offset": 4, "status": "hub"}
        ]})], "unproven"),
    ],
)  # fmt: skip
def test_each_fault_is_found(values: list[dict[str, Any]], kind: str) -> None:
    """One of its kind, and none of another."""
    counts = judged(values).counts()
    assert counts.pop(kind) == 1
    assert not any(counts.values())


def test_a_breach_that_is_seen_before_its_deadline_is_early() -> None:
    """By the clock of who looks, whatever the worker's says."""
    late = NOW + timedelta(hours=-1, microseconds=-1)
    assert len(judged([warning()], at=late).early) == 1
    assert not judged([warning()], at=NOW - timedelta(hours=1)).early


def test_what_time_alone_changes_may_be_either() -> None:
    """It was open when the topic was read, and breached when that was judged, or not yet there."""
    before = warning(state="open", breached_at=None)
    assert judged([before], before=[before]).is_clean
    assert judged([warning()], before=[before]).is_clean
    assert judged([], before=[warning(warning_id="b")], after=[warning()]).counts()["lost"] == 0


def test_dead_letters_are_those_of_the_poison() -> None:
    """One that is missing, and one of a good record."""
    letters = [Seen(NOW.timestamp(), "letters", 0, 0, b"tracking-update-0-4", b'{"reason": "x"}')]
    verdict = verify(letters, PLACED, {}, {}, NOW, warnings="warnings", dead_letters="letters")
    assert [each["origin"] for each in verdict.letters_lost] == ["order-paid-1-7"]
    assert [each["origin"] for each in verdict.letters_unsupported] == ["tracking-update-0-4"]


def test_days_of_shops_are_compared_without_their_revisions() -> None:
    """Counts differ or do not."""
    one = {"counts": {"due": 1}, "revision": 1, "detected_at": "x"}
    same, other = {**one, "revision": 2}, {**one, "counts": {"due": 2}}
    assert shop_days.differing({"k": same}, {"k": one}, {"k": one}) == []
    assert shop_days.differing({"k": other}, {"k": one}, {"k": other}) == []
    assert len(shop_days.differing({"k": other}, {"k": one}, {"k": one})) == 1
    assert len(shop_days.differing({}, {"k": one}, {"k": one})) == 1
