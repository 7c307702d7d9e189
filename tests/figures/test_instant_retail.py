"""Douyin's instant retail: 12 h for each of the first two clocks; and orders by limits of your own,
as docs/rules.md says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import replaying
from support.builders import (
    HOUR,
    LATER,
    PAID,
    PICKED,
    UPLOADED,
    US,
    judge,
    order,
    picked_up,
    times,
    upload,
)

from streams.profiles.loader import load

RULES_PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
PLATFORMS = ("douyin-instant", "douyin-fresh")
FIGURES = {"pickup_overdue": UPLOADED, "inactive_after_pickup": PICKED}


@pytest.fixture(autouse=True)
def _with_the_pages_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged with the profile that the page tells an operator to write."""
    page = RULES_PAGE.read_text("utf-8")
    (text,) = re.findall(r"```toml\n(extends = [^`]*douyin-fresh[^`]*)```", page)
    (tmp_path / "douyin-fresh.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(replaying, "profiles", lambda: load([tmp_path]))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("rule", FIGURES)
def test_twelve_hours_for_each_of_two_clocks(rule: str, platform: str) -> None:
    """Open at 12 h, breached a microsecond later, and no second stage."""
    story = [order(platform=platform), upload("1")]
    if rule == "inactive_after_pickup":
        story.append(picked_up())
    deadline = FIGURES[rule] + 12 * HOUR
    assert judge(story, deadline).one(rule)["state"] == "open"
    breached = judge(story, deadline + US).one(rule)
    assert times(breached)["breached_at"] == deadline
    assert breached["platform"] == platform
    assert judge(story, LATER).of(rule, "serious") == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_other_orders_of_the_marketplace_keep_their_limits(platform: str) -> None:
    """24 h for what is not instant; everything else is inherited."""
    warning = judge([order(), upload("1")], LATER).one("pickup_overdue")
    assert times(warning)["deadline"] == UPLOADED + 24 * HOUR
    inherited = judge([order(platform=platform)], LATER).one("ship_overdue")
    assert times(inherited)["deadline"] == PAID + 48 * HOUR
