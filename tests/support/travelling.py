"""Random histories that travel through the pipeline in memory: by any partition, at any pace."""

from __future__ import annotations

import json
from collections import defaultdict
from random import Random
from typing import Any

from oracle.histories import History, random_history
from support.replaying import arrival_of
from support.two_sides import TOPICS, Loop

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.times import DAY as DAY_US
from streams.facts.times import RETENTION, SECOND, from_datetime

FAR = 1 << 62
RUNNING = 60 * SECOND
"""How long before `until` the wall clock starts, a millisecond a chunk: what a held partition reads
is judged once the gate has reached the moment of reading."""


def suitable(seed: int) -> History:
    """A random history without facts that count as future ones while the wall clock runs."""
    for other in range(100):
        history = random_history(seed * 100 + other)
        latest = from_datetime(history.until) - RUNNING + DAY_US
        if all(identity(topic, value)[1] <= latest for topic, value in in_order(history)):
            return history
    raise AssertionError("no suitable history")


def in_order(history: History) -> list[tuple[str, dict[str, Any]]]:
    """The messages that arrive by `until`, as (topic, value) in order of arrival."""
    end = from_datetime(history.until)
    sent = [(arrival_of(value), 0, n, value) for n, value in enumerate(history.orders)]
    sent += [(arrival_of(value), 1, n, value) for n, value in enumerate(history.tracking)]
    sent.sort(key=lambda entry: entry[:3])
    topics = (TOPICS.orders, TOPICS.tracking)
    return [(topics[kind], value) for arrival, kind, _, value in sent if arrival <= end]


def identity(topic: str, value: dict[str, Any]) -> tuple[str, int]:
    """The key of a message once decoded, and its own time (µs)."""
    raw = json.dumps(value).encode()
    if topic == TOPICS.orders:
        version = decode_order(raw, None, FAR, FAR)
        assert not isinstance(version, Bad)
        return version.order_id, version.updated_at
    fact = decode_tracking(raw, FAR)
    assert not isinstance(fact, Bad)
    return fact.key, fact.at


def sent_anywhere(loop: Loop, history: History, rng: Random) -> None:
    """Every record on whatever partition, with its key, another's, or none.

    Records of one key that lie further apart than retention stay on one partition: in another
    order the older ones would be late, which is outside the law.
    """
    messages = in_order(history)
    spans: defaultdict[str, list[int]] = defaultdict(list)
    for topic, value in messages:
        key, at = identity(topic, value)
        spans[key].append(at)
    fixed = {key: rng.randrange(loop.partitions) for key in sorted(spans)}
    for topic, value in messages:
        key, _ = identity(topic, value)
        wide = max(spans[key]) - min(spans[key]) > RETENTION
        partition = fixed[key] if wide else rng.randrange(loop.partitions)
        raw = json.dumps(value, ensure_ascii=False).encode()
        loop.produce(topic, raw, rng.choice((None, key.encode(), b"anything")), partition)


def gates_of(history: History, rng: Random) -> list[int | None]:
    """Held for a while, then rising up to `until`, often ahead of the facts that are read."""
    end = from_datetime(history.until)
    rising = sorted(end - rng.randrange(20 * DAY_US) for _ in range(8))
    held: list[int | None] = [None] * rng.randrange(6)
    return [*held, *rising, end]
