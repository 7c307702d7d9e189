"""`unreceived_after_violation`: five days from a breach of the track to the receipt."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    PICKED,
    UPLOADED,
    US,
    Message,
    order,
    picked_up,
    record,
    times,
    upload,
)
from support.packs import Judging
from support.troubles import quiet

RULE = "unreceived_after_violation"
ON = "violation = { limit_hours = 120 }"
"""Its table in a profile: no built-in one has it."""


def story(platform: str, **fields: Any) -> list[Message]:
    """A number that was uploaded and never picked up."""
    return [order(platform=platform, **fields), upload("1", platform=platform)]


def judged(folder: Path, history: list[Message], until: datetime = LATER) -> Judging:
    """A history judged where Taobao's profile has the rule too."""
    table = f'extends = "taobao-2026-04-09"\n\n[rules.{RULE}]\n{ON}\n'
    (folder / "own.toml").write_text(table, encoding="utf-8")
    judging = Judging(folder)
    judging.feed(history, until)
    assert judging.machine.failures == []
    return judging


def one(folder: Path, history: list[Message], until: datetime = LATER) -> Message | None:
    """The standing warning of the rule, if there is one."""
    found = [each for each in judged(folder, history, until).standing() if each["rule"] == RULE]
    assert len(found) < 2
    return found[0] if found else None


BREACH = UPLOADED + 24 * HOUR
DUE = BREACH + 5 * DAY


@pytest.mark.parametrize(
    ("until", "state"),
    [(BREACH, None), (BREACH + US, "open"), (DUE, "open"), (DUE + US, "breached")],
)
def test_it_opens_with_the_breach_and_lasts_five_days(
    tmp_path: Path, until: datetime, state: str | None
) -> None:
    """Anchored where the violation began."""
    found = one(tmp_path, story("taobao"), until)
    assert (found and found["state"]) == state
    if found is not None:
        assert times(found)["opened_at"] == BREACH
        assert times(found)["deadline"] == DUE
        assert found["evidence"]["started_at"] == "2026-11-20T04:00:00+00:00"
        assert found["severity"] == "critical"


@pytest.mark.parametrize(
    ("after", "state", "late"),
    [(5 * DAY, "resolved", False), (5 * DAY + US, "resolved", True), (-23 * HOUR, None, False)],
)
@pytest.mark.parametrize("status", ["delivered", "ready_for_pickup", "returned"])
def test_a_receipt_ends_it(
    tmp_path: Path, after: timedelta, state: str | None, late: bool, status: str
) -> None:
    """At the deadline in time; one before the breach leaves nothing."""
    found = one(tmp_path, [*story("taobao"), record(status, BREACH + after)])
    assert (found and found["state"]) == state
    assert (found is not None and found["breached_at"] is not None) == late


def test_a_violation_put_right_late_still_counts(tmp_path: Path) -> None:
    """The text counts from the violation; put right in time there is none."""
    hubs = [record("hub", BREACH + n * 40 * HOUR) for n in range(1, 4)]
    late = one(tmp_path, [*story("taobao"), picked_up(BREACH + US), *hubs])
    assert late is not None
    assert times(late)["deadline"] == DUE
    hubs = [record("hub", BREACH + n * 20 * HOUR) for n in range(1, 20)]
    assert one(tmp_path, [*story("taobao"), picked_up(BREACH), *hubs]) is None


def test_the_breach_that_is_first_starts_it(tmp_path: Path) -> None:
    """Of a silence after the pickup and a stall that came later, the former."""
    history = [*story("taobao"), picked_up(PICKED), record("hub", PICKED + 30 * HOUR)]
    found = one(tmp_path, history)
    assert found is not None
    assert times(found)["deadline"] == PICKED + 24 * HOUR + 5 * DAY


def test_a_violation_that_was_none_withdraws_it(tmp_path: Path) -> None:
    """A scan that comes late and names a time in time."""
    judging = judged(tmp_path, story("taobao"), BREACH + DAY)
    scan = picked_up(UPLOADED + HOUR)
    hubs = [record("hub", UPLOADED + n * 12 * HOUR) for n in range(1, 6)]
    judging.feed([scan, *hubs], BREACH + DAY)
    assert judging.states(RULE) == ["open", "withdrawn"]


def test_it_is_off_until_it_is_turned_on(tmp_path: Path) -> None:
    """In every built-in profile."""
    (tmp_path / "own.toml").write_text('extends = "taobao-2026-04-09"\n', encoding="utf-8")
    judging = Judging(tmp_path)
    judging.feed(story("taobao"), LATER)
    assert judging.states(RULE) == []


def test_stays_quiet_on_an_ordinary_journey(tmp_path: Path) -> None:
    """Nothing was broken."""
    assert one(tmp_path, quiet("taobao")) is None
