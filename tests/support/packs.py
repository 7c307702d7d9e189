"""Histories judged by profiles and rules from a directory of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from support.builders import Message, us

from streams.decode import Bad, decode_order, decode_tracking
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.profiles.loader import load
from streams.replay.machine import Machine

_FAR = 1 << 62


def feed(machine: Machine, history: Iterable[Message], until: datetime | None = None) -> None:
    """Messages arrive at their own times; then the clock moves on to `until`."""
    for message in history:
        raw = json.dumps(message).encode()
        if "order_id" in message:
            version = decode_order(raw, None, _FAR, _FAR)
            assert not isinstance(version, Bad)
            machine.order(version, version.updated_at)
        else:
            fact = decode_tracking(raw, _FAR)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, fact.at)
    if until is not None:
        machine.advance(us(until))


class Judging:
    """A machine that judges by a directory's profiles, and what it published."""

    def __init__(self, folder: Path) -> None:
        self.log: list[Revision] = []
        self.machine = Machine(load([folder]), self.log.append)

    def feed(self, history: Iterable[Message], until: datetime | None = None) -> None:
        """Messages arrive at their own times; then the clock moves on to `until`."""
        feed(self.machine, history, until)

    def states(self, rule: str) -> list[str]:
        """The states that were published of a rule, in order."""
        return [each.finding.state for each in self.log if each.finding.rule == rule]

    def standing(self) -> list[Message]:
        """The newest revision of each warning that is not withdrawn."""
        newest = {revision.warning_id: warning_value(revision) for revision in self.log}
        return [value for value in newest.values() if value["state"] != "withdrawn"]
