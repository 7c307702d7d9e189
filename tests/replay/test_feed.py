"""`shipsentry replay` says whose feed was silent, the same in every run."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.builders import DAY, HOUR, MINUTE, PICKED, Message, order, picked_up, record, upload

from streams.cli.group import main

NAME = "inactive_after_pickup"


def feed(stop: timedelta) -> list[Message]:
    """Another parcel of the carrier reports every five minutes, from three days before PICKED."""
    steps = (3 * DAY + stop) // (5 * MINUTE)
    moments = (PICKED - 3 * DAY + n * 5 * MINUTE for n in range(steps + 1))
    return [record("in_transit", moment, "78999999999999") for moment in moments]


def run(tracking: list[Message], *arguments: str) -> str:
    """What the command writes for our parcel and the feed around it."""
    lines = sorted([upload("1"), picked_up(), *tracking], key=lambda value: value["occurred_at"])
    Path("o.jsonl").write_text(json.dumps(order()))
    Path("t.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    until = (PICKED + 30 * HOUR).isoformat()
    done = CliRunner().invoke(
        main,
        ["replay", "--orders", "o.jsonl", "--tracking", "t.jsonl", "--until", until, *arguments],
    )
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("stop", "said"), [(timedelta(0), "silent"), (23 * HOUR, "silent"), (24 * HOUR, "ok")]
)
def test_the_newest_revision_says_how_the_feed_was_then(
    stop: timedelta, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed at the time of the revision decides, not that at the end of the history."""
    monkeypatch.chdir(tmp_path)
    text = run(feed(stop))
    found: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    (warning,) = [w for w in found if w["rule"] == NAME and w["stage"] == "violation"]
    assert (warning["state"], warning["feed"]) == ("breached", said)
    assert run(feed(stop)) == text


def test_the_log_says_it_for_each_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened while the feed was heard, breached while it was not."""
    monkeypatch.chdir(tmp_path)
    log = [json.loads(line) for line in run(feed(20 * HOUR), "--log").splitlines()]
    ours = [w for w in log if w["rule"] == NAME and w["stage"] == "violation"]
    assert [(w["state"], w["feed"]) for w in ours] == [("open", "ok"), ("breached", "silent")]
