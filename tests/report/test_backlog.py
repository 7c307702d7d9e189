"""Judged once at the end, a history gives the warnings that it gives judged all along."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from oracle.histories import random_history
from support.builders import PAID, Message, order, us
from support.replaying import profiles, standing
from support.replaying import replay as replayed

from streams.decode.names import BUILT_IN
from streams.inputs.cells import Reading
from streams.inputs.files import BadLine, HistoryFile
from streams.inputs.messages import ORDERS, TRACKING
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.replay import backlog
from streams.replay.backlog import Backlog, gather
from streams.replay.seen import Seen
from streams.state.orders import MOST_VERSIONS

Write = Callable[[str, list[Message]], str]


@pytest.mark.parametrize(("seed", "together"), [*((n, 2_000) for n in range(6)), (0, 7), (1, 1)])
def test_the_law_holds_for_a_backlog(
    write: Write, monkeypatch: pytest.MonkeyPatch, seed: int, together: int
) -> None:
    """Random histories, with repeats, late facts and corrections, compared as the contract does;
    however many messages are taken in at once."""
    monkeypatch.setattr(backlog, "_TOGETHER", together)
    history = random_history(seed)
    found: dict[str, Revision] = {}
    machine = Backlog(profiles(), lambda revision: found.update({revision.warning_id: revision}))
    files = [
        HistoryFile(Path(write("o.jsonl", history.orders)), ORDERS, Reading()),
        HistoryFile(Path(write("t.jsonl", history.tracking)), TRACKING, Reading()),
    ]
    gather(machine, files, us(history.until), lambda _: None, None, Seen(), BUILT_IN)
    assert not machine.failures
    ours = standing({key: warning_value(revision) for key, revision in found.items()})
    theirs = standing(replayed(history.orders, history.tracking, history.until)[0])
    assert ours == theirs
    assert ours


def test_what_finds_no_room_is_said_with_its_line() -> None:
    """Of many messages that are taken in at once, the very ones."""
    versions = [
        order("1", updated_at=(PAID + timedelta(seconds=n)).isoformat(), amount_paid=n)
        for n in range(MOST_VERSIONS + 2)
    ]
    lines = [json.dumps(each) for each in (*versions, order("2"))]
    Path("o.jsonl").write_text("\n".join(lines))
    bad: list[BadLine] = []
    machine = Backlog(profiles(), lambda _: None)
    file = HistoryFile(Path("o.jsonl"), ORDERS, Reading())
    gather(machine, [file], None, bad.append, None, Seen(), BUILT_IN)
    assert [(line.number, line.bad.reason) for line in bad] == [
        (MOST_VERSIONS + 1, "too_many_facts"),
        (MOST_VERSIONS + 2, "too_many_facts"),
    ]
    assert machine.known("orders") == ["1", "2"]
