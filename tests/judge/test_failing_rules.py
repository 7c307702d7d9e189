"""A rule that raises while it is asked is passed over, whatever it looks at; the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from support.builders import LATER, UPLOADED, Message, order, upload, us
from support.packs import feed

from streams.judge.warnings import Revision
from streams.profiles.loader import load
from streams.profiles.model import Profile, Profiles
from streams.replay.machine import Machine
from streams.rules.episodes import Check

HISTORY: list[Message] = [order(), upload("1")]


@dataclass(frozen=True, slots=True)
class Half:
    """Yields a check and then raises, as a generator does: not when called, but when read."""

    name = "half"

    def episodes(self, *_: Any) -> Iterator[Check]:
        """Half of what it wanted to say."""
        at = us(UPLOADED)
        yield Check(self.name, "violation", "critical", at, at, None, ())
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("order_rules", "order:1"),
        ("parcel_rules", "parcel:zto:78123456789012"),
        ("link_rules", "parcel:zto:78123456789012:order:1"),
    ],
)
def test_half_a_judgement_is_none(kind: str, subject: str) -> None:
    """Nothing of it is published, it is counted with its subject, and the other rules warn."""
    machine, log = judging(kind)
    feed(machine, HISTORY, LATER)
    assert {(each.rule, each.subject) for each in machine.failures} == {("half", subject)}
    assert isinstance(machine.failures[0].error, ZeroDivisionError)
    rules = {revision.finding.rule for revision in log}
    assert {"ship_overdue", "pickup_overdue"} <= rules
    assert "half" not in rules


def judging(kind: str) -> tuple[Machine, list[Revision]]:
    """A machine whose Douyin profile has `Half` before its own rules of a kind."""
    profiles = load()
    mine: Profile = profiles.at("douyin", us(datetime.fromisoformat(HISTORY[0]["paid_at"])))
    changed = replace(mine, **{kind: (Half(), *getattr(mine, kind))})
    log: list[Revision] = []
    others = [each for each in profiles.all if each is not mine]
    return Machine(Profiles([changed, *others]), log.append), log
