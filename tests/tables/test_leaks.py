"""No kind of object piles up while histories come, end, and others come."""

from __future__ import annotations

import gc
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from faults.workload import Sent, part
from support.two_sides import TOPICS, Loop

from streams.facts.times import from_datetime

START = datetime(2026, 11, 20, tzinfo=UTC)
SEEDS = (918_273, 827_364)
"""Digits that nothing but ids and numbers of these histories has."""
WARM_UP, ROUNDS = 2, 3
NOISE = 2
"""Objects of one type that come and go: an iterator here, a list there."""


def renamed(record: Sent, seed: int, number: int) -> bytes | None:
    """The record with ids and numbers that no other round has, and all else as it was."""
    if record.raw is None:
        return None
    return record.raw.replace(str(seed).encode(), f"{seed}{number}".encode())


def live(loop: Loop, number: int) -> None:
    """A round: the histories come, and ninety days later nothing of them is left."""
    until = START + timedelta(days=100 * number)
    loop.now = from_datetime(until)
    rng = Random(number)
    for seed in SEEDS:
        for record in part(seed, until).records:
            topic = TOPICS.orders if record.kind == "orders" else TOPICS.tracking
            key = record.key and record.key.replace(str(seed), f"{seed}{number}").encode()
            loop.produce(topic, renamed(record, seed, number), key, rng.randrange(2))
    for days in (0, 1, 3, 20, 85, 95):
        loop.now = from_datetime(until + timedelta(days=days))
        loop.drain(loop.now)
    # What the test itself keeps: topics as they were written.
    for kept in (loop.warnings, loop.risks, loop.dead_letters, loop.logs, loop.read):
        kept.clear()


def objects() -> Counter[str]:
    """How many objects of each type there are."""
    gc.collect()
    return Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())


@pytest.fixture
def silence() -> Iterator[None]:
    """pytest keeps records of the log; `disable` also has loggers forget what they may say."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("silence")
def test_no_type_of_object_grows_with_the_rounds() -> None:
    """After a warm-up that fills caches and label sets, other parcels of the same kinds leave
    nothing behind, in the tables or beside them."""
    loop = Loop(2, from_datetime(START), settle=5_000_000)
    for number in range(WARM_UP):
        live(loop, number)
    before, left = objects(), len(loop.store)
    for number in range(WARM_UP, WARM_UP + ROUNDS):
        live(loop, number)
    after = objects()
    assert len(loop.store) <= left
    grown = {kind: more for kind, more in (after - before).items() if more > NOISE}
    assert grown == {}
