"""The demo's week in a desk's database, as its topics would bring it; without Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from support.desk import LARGE, as_message, reads, take

from streams.decode import Bad, decode_order, decode_tracking
from streams.decode.names import BUILT_IN
from streams.demo.history import ENDS_AT, Entry, load
from streams.desk.database.database import Database, sequence
from streams.desk.intake.messages import (
    Message,
    checkpoint,
    order_version,
    product_day,
    shop_day,
)
from streams.desk.intake.write import write
from streams.judge.judgement import Revision
from streams.outputs.message import warning_value
from streams.profiles.loader import load as load_profiles
from streams.replay.machine import Machine
from streams.replay.shop_days import ShopDays


def fill(database: Database, until: int = ENDS_AT) -> int:
    """Write everything of the week up to `until` (µs); how many revisions of warnings there are."""
    entries = [entry for entry in load() if entry.arrival <= until]
    revisions, days = judged(entries, until)
    facts = [_fact(entry, offset) for offset, entry in enumerate(entries)]
    _write(database, [as_message(value) for value in revisions], 0, until)
    _write(database, [*facts, *days], 1, until)
    return len(revisions)


def judged(entries: Sequence[Entry], until: int) -> tuple[list[dict[str, Any]], list[Message]]:
    """Revisions of warnings in order of their detection, and days of shops and products."""
    profiles = load_profiles()
    revisions: list[dict[str, Any]] = []

    def publish(revision: Revision) -> None:
        revisions.append(warning_value(revision))

    meters = ShopDays(profiles)
    machine = Machine(profiles, publish, meters)
    for offset, entry in enumerate(entries):
        now = entry.arrival
        if entry.topic == "order-paid":
            version = decode_order(entry.value, entry.key, now, now, 0, offset)
            if not isinstance(version, Bad):
                machine.order(version, now)
        else:
            fact = decode_tracking(entry.value, now, 0, offset)
            if not isinstance(fact, Bad):
                machine.tracking(fact, now)
    machine.advance(until)
    shops, products = meters.written(until)
    days = [shop_day(each, LARGE) for each in shops]
    return revisions, [*days, *(product_day(each, LARGE) for each in products)]


def _fact(entry: Entry, offset: int) -> Message:
    now = entry.arrival
    if entry.topic == "order-paid":
        return order_version(entry.value, entry.key, now, now, 0, offset, LARGE, BUILT_IN)
    return checkpoint(entry.value, now, 0, offset, LARGE, BUILT_IN)


def _write(database: Database, messages: Sequence[Message], partition: int, now: int) -> None:
    taken = take(database, "week", partition)
    with database.writing() as connection:
        sequence(connection, 1)
        write(connection, reads(messages, 0, partition), [(taken, 0, len(messages))], now)
