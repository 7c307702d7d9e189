"""Keys that read as plain text, and dead letters without values, as the settings have it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from support.builders import PAID, Message, order, picked_up, us
from support.two_sides import TOPICS, Loop

from streams.engine.kafka.types import Chunk, Record
from streams.tables.processor import Moment
from streams.telemetry.metrics import PLAIN_KEYS

PLAIN = {"province": "广东省", "address_key": "科技路1号", "person_key": "138 0013 8000"}


def loop_of(*values: Message | bytes, topic: str = TOPICS.orders, **given: Any) -> Loop:
    """A pipeline of one partition that has read these."""
    loop = Loop(1, us(PAID))
    for processor in loop.processors:
        processor.letter_values = given.get("letters", True)
    loop.orders.names.refuse_plain = loop.parcels.names.refuse_plain = given.get("refuse", False)
    for value in values:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        loop.produce(topic, raw, b"13800138000", 0)
    loop.drain(us(PAID))
    return loop


def test_plain_text_is_no_key(caplog: pytest.LogCaptureFixture) -> None:
    """The order is kept without it, and the log says so."""
    with caplog.at_level(logging.WARNING):
        loop = loop_of(order(recipient=PLAIN))
    (row,) = loop.store.tables["orders", 0].values()
    assert "广东省".encode() in row
    assert "科技路".encode() not in row
    (said,) = [line for line in caplog.messages if "plain text" in line]
    assert said == f"2 keys of recipients in {TOPICS.orders} read as plain text and are unknown"
    assert loop.dead_letters == []


def test_counts_of_plain_keys_are_effects() -> None:
    """By topic and field; they count when the engine accepts the chunk."""
    loop = Loop(1, us(PAID))
    record = Record(0, 0, None, json.dumps(picked_up(recipient=PLAIN)).encode())
    chunk = Chunk(TOPICS.tracking, 0, 0, 0, [record])
    effects = loop.parcels.step(chunk, Moment(us(PAID), us(PAID)))
    found = {key: number for key, number in effects.counts.items() if key[0] is PLAIN_KEYS}
    assert found == {
        (PLAIN_KEYS, (TOPICS.tracking, f"recipient.{name}")): 1
        for name in ("address_key", "person_key")
    }


@pytest.mark.parametrize("kind", ["orders", "tracking"])
def test_plain_text_may_be_refused(kind: str) -> None:
    """With its own reason and field, and without the text in the sentence."""
    if kind == "orders":
        loop = loop_of(order(via=PLAIN), refuse=True)
    else:
        loop = loop_of(picked_up(recipient=PLAIN), topic=TOPICS.tracking, refuse=True)
    (letter,) = loop.dead_letters
    assert (letter["reason"], letter["field"].split(".")[1]) == ("plain_text", "address_key")
    assert "科技路" not in letter["message"]
    assert len(loop.store) == 0


def test_letters_may_do_without_values() -> None:
    """Then neither key nor value is there, and the digest tells which record it was."""
    (letter,) = loop_of(b'{"name": "Wang"}', letters=False).dead_letters
    assert (letter["key"], letter["value"], letter["truncated"]) == (None, None, True)
    assert (letter["value_bytes"], len(letter["value_sha256"])) == (16, 64)
    (whole,) = loop_of(b'{"name": "Wang"}').dead_letters
    assert (whole["truncated"], whole["value_sha256"]) == (False, letter["value_sha256"])
