"""The command that prints a day of the demo's week."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from notify import day

from streams.demo.history import STARTS_AT
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.facts.times import DAY, HOUR
from streams.notify.routes import read_routes


def test_a_day_is_told_in_fewer_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each channel by its routes; what is due is told before it is."""
    monkeypatch.setattr(day, "STEP", HOUR)
    (tmp_path / "routes.toml").write_text(day.ROUTES, encoding="utf-8")
    database = Database(sqlite_url(tmp_path / "desk.sqlite"))
    upgrade(database)
    plan = read_routes(tmp_path / "routes.toml")
    found, changes = day.week(database, plan, STARTS_AT + DAY)
    database.close()
    assert changes[date(2026, 11, 11)] > 0
    assert {each.message.channel for each in found} == set(plan.channels)
    lines = day.figures(found, changes)
    assert lines[1].startswith("2026-11-11")
    assert "dingtalk" in lines[0]
