"""An input of which too much is refused is read no more, and goes on when it is right again."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from echo_worker import REFUSED, config_of, make_app, produce, running, topics, until

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.worker import refusals

LIMIT = 50
RUBBISH = 900


def test_a_stopped_input_loses_nothing(
    app_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Rubbish in one partition: it is stopped in time, the others go on, it is tried again and
    again, and in the end every record was taken once, in order."""
    monkeypatch.setattr(refusals, "MINUTE", 0.5)
    caplog.set_level(logging.INFO)
    bad, topic = partition_of(b"k0", 4), f"{app_id}-in"
    taken: dict[int, list[int]] = {number: [] for number in range(4)}
    stopped_at: list[int] = []

    def note(chunk: Any) -> None:
        taken[chunk.partition] += [record.offset for record in chunk.records]

    async def run(bootstrap: str) -> None:
        config = {
            "bootstrap": bootstrap,
            "app_id": app_id,
            "data_dir": tmp_path,
            "inputs": frozenset((topic,)),
            "dead_letter_limit": LIMIT,
            "dead_letter_limit_share": 0.5,
        }
        await asyncio.to_thread(produce, bootstrap, app_id, range(REFUSED, REFUSED + RUBBISH), 1)
        app = make_app(config_of(config), before_submit=note)
        engine = app.engine
        async with running(app):
            await until(lambda: engine.status().stopped == {topic: 1})
            stopped_at.append(len(taken[bad]))
            await asyncio.to_thread(produce, bootstrap, app_id, range(400))
            others = {number for number in range(4) if number != bad}
            good = {n: [k for k in range(100) if partition_of(b"k%d" % k, 4) == n] for n in others}
            await until(lambda: all(len(taken[n]) == 4 * len(good[n]) for n in others))
            await until(lambda: engine.status().stopped == {topic: 0})
            await until(lambda: sum(map(len, taken.values())) == RUBBISH + 400)

    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        asyncio.run(run(cluster.bootstrap))
    # A chunk holds at most 100 records where there is a limit; four may have been on their way.
    assert LIMIT < stopped_at[0] <= LIMIT + 4 * refusals.TRIED
    assert all(offsets == list(range(len(offsets))) for offsets in taken.values())
    assert "is not read from offset" in caplog.text
    assert "is read again from offset" in caplog.text
