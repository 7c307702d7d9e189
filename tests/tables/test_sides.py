"""What each side makes of a chunk: re-keying, dead letters, repeats, the gate, ticks, messages."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from support.builders import (
    BORIS,
    DAY,
    HOUR,
    NUMBER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    Message,
    order,
    picked_up,
    record,
    upload,
    us,
)
from support.two_sides import TOPICS, Loop

from schemas.dead_letter import DeadLetter
from schemas.shipment_warning import ShipmentWarning
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.origins import ORIGIN_HEADER, Origin
from streams.engine.kafka.types import Chunk, Effects, Record
from streams.facts.times import STATE_KEPT
from streams.profiles.loader import load
from streams.rules.episodes import Clock
from streams.rules.ship_overdue import ShipOverdue
from streams.state import parcels
from streams.state.codec import (
    load_order,
    load_order_facts,
    load_order_version,
    load_parcel,
    load_parcel_facts,
    load_tracking_fact,
)

PARTITIONS = 4
PARCEL = f"zto:{NUMBER}".encode()
NOW = us(PAID + 10 * HOUR)


def loop_at(now: int = NOW) -> Loop:
    """An empty pipeline of four partitions."""
    return Loop(PARTITIONS, now)


def chunk_of(
    topic: str, partition: int, *values: Message | bytes | None, key: bytes | None = None
) -> Chunk:
    """A chunk whose records have offsets from 10 on, all with the same key."""
    raw = [json.dumps(v).encode() if isinstance(v, dict) else v for v in values]
    records = [Record(10 + n, NOW // 1_000, key, value) for n, value in enumerate(raw)]
    return Chunk(topic, partition, 10, 9 + len(records), records)


def tracking(*values: Message | bytes | None, partition: int | None = None) -> Chunk:
    """A chunk of tracking updates, at home unless said otherwise."""
    home = partition_of(PARCEL, PARTITIONS)
    return chunk_of(TOPICS.tracking, home if partition is None else partition, *values)


def orders(*values: Message | bytes | None, key: bytes | None = b"1") -> Chunk:
    """A chunk of versions of order 1, at home."""
    return chunk_of(TOPICS.orders, partition_of(b"1", PARTITIONS), *values, key=key)


def outputs(effects: Effects, topic: str) -> list[Any]:
    """The outputs of a chunk to one topic."""
    return [output for output in effects.outputs if output.topic == topic]


@pytest.mark.parametrize("kind", ["orders", "tracking"])
def test_a_record_not_at_home_is_sent_there_with_its_origin(kind: str) -> None:
    """Nothing is stored where it was read; key, fact, origin and arrival travel with it."""
    is_order = kind == "orders"
    topic, rekey = (
        (TOPICS.orders, TOPICS.orders_rekey)
        if is_order
        else (TOPICS.tracking, TOPICS.tracking_rekey)
    )
    key = b"1" if is_order else PARCEL
    away = (partition_of(key, PARTITIONS) + 1) % PARTITIONS
    value = order() if is_order else picked_up()
    loop = loop_at()
    effects = loop.take(chunk_of(topic, away, value, key=b"wrong"), NOW)
    assert effects.puts == {}
    (output,) = effects.outputs
    assert (output.topic, output.key) == (rekey, key)
    read = load_order_version if is_order else load_tracking_fact
    fact = read(output.value)
    assert (fact.partition, fact.offset) == (away, 10)
    origin = Origin(topic, away, 10, NOW // 1_000, NOW + 1_000)
    assert output.headers == origin.headers()


def test_a_record_sent_home_keeps_origin_and_arrival() -> None:
    """At home it counts as read where and when it was first read, in the evidence too."""
    loop = loop_at()
    home = partition_of(b"1", PARTITIONS)
    away = (home + 1) % PARTITIONS
    loop.produce(TOPICS.orders, json.dumps(order()).encode(), None, away)
    loop.drain(us(PROMISE - HOUR))
    state = load_order(loop.store.tables["orders", home][b"1"])
    assert (state.versions[0].partition, state.versions[0].offset) == (away, 0)
    (warning,) = loop.newest().values()
    assert warning["evidence"]["records"][0]["partition"] == away
    assert warning["evidence"]["records"][0]["topic"] == TOPICS.orders


def test_arrival_decides_what_lies_in_the_future() -> None:
    """A re-keyed record is judged by its first reading, not by the later one."""
    ahead = json.dumps(picked_up(PAID + 40 * HOUR)).encode()
    arrived = us(PAID + 10 * HOUR)
    origin = Origin(TOPICS.tracking, 1, 7, arrived // 1_000, arrived)
    home = partition_of(PARCEL, PARTITIONS)
    sent = Record(0, 0, PARCEL, ahead, tuple(origin.headers()))
    loop = loop_at(us(PAID + 60 * HOUR))
    effects = loop.take(Chunk(TOPICS.tracking_rekey, home, 0, 0, [sent]), loop.now)
    assert effects.puts == {}
    (letter,) = loop.dead_letters
    assert letter["reason"] == "time_in_future"
    assert letter["origin"]["topic"] == TOPICS.tracking
    assert (letter["origin"]["partition"], letter["origin"]["offset"]) == (1, 7)


def test_a_known_key_is_processed_where_its_state_is() -> None:
    """Once a state is found the partitioner is not asked again: both ways give one state."""
    loop = loop_at()
    loop.take(tracking(upload("1")), NOW)
    effects = loop.take(tracking(picked_up()), NOW)
    assert outputs(effects, TOPICS.tracking_rekey) == []
    assert len(effects.puts["parcels"]) == 1


def test_a_foreign_origin_header_on_an_input_is_ignored() -> None:
    """Only our own re-key topics carry origins; a producer's header of that name means nothing."""
    loop = loop_at()
    home = partition_of(b"1", PARTITIONS)
    header = ((ORIGIN_HEADER, b"not an origin"),)
    good = Record(5, NOW // 1_000, b"1", json.dumps(order()).encode(), header)
    bad = Record(6, NOW // 1_000, b"1", b"{", header)
    loop.take(Chunk(TOPICS.orders, home, 5, 6, [good, bad]), NOW)
    assert b"1" in loop.store.tables["orders", home]
    (letter,) = loop.dead_letters
    assert (letter["origin"]["topic"], letter["origin"]["offset"]) == (TOPICS.orders, 6)


BAD = [
    (b"{", "not_json", None),
    (b"[1]", "not_an_object", None),
    (b"\xff\xfe", "invalid_utf8", None),
    (b'{"carrier":"zto"}', "missing_field", None),
    (b"[" * 10_000, "too_deep", None),
]


@pytest.mark.parametrize(("raw", "reason", "field"), BAD)
@pytest.mark.parametrize("kind", ["orders", "tracking"])
def test_a_bad_record_becomes_a_dead_letter_between_good_ones(
    kind: str, raw: bytes, reason: str, field: str | None
) -> None:
    """Its neighbours are processed; the letter has reason, origin and the original bytes."""
    loop = loop_at()
    values: tuple[Message | bytes, ...]
    if kind == "orders":
        values = (order(), raw, order(updated_at=PAID + HOUR))
        effects = loop.take(orders(*values), NOW)
        topic, place = TOPICS.orders, partition_of(b"1", PARTITIONS)
    else:
        values = (upload("1"), raw, picked_up())
        effects = loop.take(tracking(*values), NOW)
        topic, place = TOPICS.tracking, partition_of(PARCEL, PARTITIONS)
    assert sum(map(len, effects.puts.values())) == 1, "one write for the key, with both neighbours"
    (output,) = outputs(effects, TOPICS.dead_letters)
    assert output.key == f"{topic}-{place}-11".encode()
    (letter,) = loop.dead_letters
    assert letter["reason"] == reason
    assert letter["origin"]["offset"] == 11
    assert base64.b64decode(letter["value"]) == raw
    DeadLetter.model_validate(letter)


def test_a_tracking_update_without_a_value_is_a_dead_letter() -> None:
    """A parcel has no tombstones."""
    loop = loop_at()
    loop.take(tracking(None), NOW)
    assert [letter["reason"] for letter in loop.dead_letters] == ["null_value"]


def test_a_tombstone_closes_its_order() -> None:
    """A null value under the order's id closes it at the record's timestamp; away from home too."""
    loop = loop_at()
    loop.take(orders(order()), NOW)
    away = (partition_of(b"1", PARTITIONS) + 1) % PARTITIONS
    loop.produce(TOPICS.orders, None, b"1", away)
    loop.drain(NOW)
    state = load_order(loop.store.tables["orders", partition_of(b"1", PARTITIONS)][b"1"])
    assert [version.closed for version in state.versions] == [False, True]
    assert state.versions[1].updated_at == NOW // 1_000 * 1_000 + 1_000
    loop.drain(us(PAID + 10 * DAY))
    assert loop.newest() == {}


def test_a_repeated_chunk_gives_no_writes_and_no_outputs() -> None:
    """Redelivery of what is known already costs nothing."""
    loop = loop_at()
    chunks = [orders(order()), tracking(upload("1"), picked_up())]
    for chunk in chunks:
        loop.take(chunk, NOW)
    loop.drain(NOW)
    for chunk in chunks:
        effects = loop.take(chunk, NOW + HOUR.seconds * 1_000_000)
        assert effects.outputs == []
        assert not any(effects.puts.values())


def test_a_chunk_writes_each_key_once() -> None:
    """All records of a key in one chunk make one write, all keys their own."""
    loop = Loop(1, NOW)
    other = "78000000000001"
    effects = loop.take(
        chunk_of(
            TOPICS.tracking,
            0,
            upload("1"),
            picked_up(),
            upload("2", number=other),
            record("hub", PICKED),
        ),
        NOW,
    )
    assert [write.key for write in effects.puts["parcels"]] == [PARCEL, f"zto:{other}".encode()]


def test_a_held_partition_takes_facts_in_and_publishes_nothing() -> None:
    """Gate None: states and messages go on, warnings wait; the tick after it opens judges."""
    loop = loop_at(us(PROMISE + DAY))
    effects = loop.take(orders(order()), None)
    assert outputs(effects, TOPICS.warnings) == []
    (write,) = effects.puts["orders"]
    assert write.due == loop.now
    partition = partition_of(b"1", PARTITIONS)
    assert loop.tick(partition, None).puts == {}
    assert loop.newest() == {}
    loop.tick(partition, loop.now)
    (warning,) = loop.newest().values()
    assert (warning["rule"], warning["state"]) == ("ship_overdue", "breached")


def test_facts_read_while_held_are_judged_together() -> None:
    """A backlog that disproves a warning is read before anything is said."""
    loop = loop_at(us(PROMISE + 5 * DAY))
    on_its_way = record("hub", PICKED + HOUR), record("delivered", PICKED + DAY)
    for value in (order(), upload("1"), picked_up(), *on_its_way):
        topic = TOPICS.orders if "order_id" in value else TOPICS.tracking
        loop.produce(topic, json.dumps(value).encode(), None, 2)
    while loop.waiting():
        loop.step(loop.waiting()[0], 1, None)
    loop.drain(loop.now + 60_000_000)
    assert loop.warnings == []


def test_a_tick_fires_exactly_what_is_due() -> None:
    """Nothing a microsecond before the state's own due time, the revision at it."""
    loop = loop_at()
    loop.take(orders(order()), NOW)
    partition = partition_of(b"1", PARTITIONS)
    opens = us(PROMISE - 12 * HOUR)
    ((due, key),) = loop.store.due("orders", partition, opens)
    assert (due, key) == (opens, b"1")
    assert loop.tick(partition, opens - 1).outputs == []
    assert len(loop.tick(partition, opens).outputs) == 1
    assert loop.tick(partition, opens).outputs == []


def test_a_stale_due_entry_does_nothing() -> None:
    """The due index may name a state that was put off, judged or deleted meanwhile."""
    loop = loop_at()
    loop.take(orders(order()), NOW)
    partition = partition_of(b"1", PARTITIONS)
    effects = Effects()
    from streams.tables.processor import Moment

    moment = Moment(NOW, NOW)
    loop.orders.tick(partition, [(NOW - 1, b"1"), (NOW - 1, b"gone")], moment, effects)
    assert effects.outputs == []
    assert not any(effects.puts.values())


def test_a_tick_deletes_states_at_their_end() -> None:
    """After retention all tables are empty again, each key with a tombstone."""
    loop = loop_at()
    for value in (order(), upload("1"), picked_up(), record("delivered", PICKED + HOUR)):
        topic = TOPICS.orders if "order_id" in value else TOPICS.tracking
        loop.produce(topic, json.dumps(value).encode(), None, 0)
    loop.drain(NOW)
    # The order, its parcel, and the days of its shop: the one it is due on, the one it shipped on.
    days = {b"douyin|s-1|2026-11-20", b"douyin|s-1|2026-11-22"}
    assert len(loop.store) == 4
    # The order outlives its promise.
    end = NOW + STATE_KEPT + 12 * (us(PAID + DAY) - us(PAID))
    deleted = [
        write
        for partition in range(PARTITIONS)
        for puts in loop.tick(partition, end).puts.values()
        for write in puts
    ]
    assert {write.key for write in deleted} == {b"1", PARCEL, *days}
    assert len(deleted) == 4
    assert all(write.value is None and write.due == 0 for write in deleted)
    assert len(loop.store) == 0


def test_messages_reach_the_other_side() -> None:
    """The parcel tells and asks its order, the order answers; both know each other then."""
    loop = loop_at()
    effects = loop.take(tracking(upload("1"), picked_up()), NOW)
    (asked,) = outputs(effects, TOPICS.parcel_facts)
    assert asked.key == b"1"
    said = load_parcel_facts(asked.value)
    assert said.asks
    assert said.lives[0].progress == (us(PICKED),)
    loop.drain(NOW)
    effects = loop.take(orders(order(recipient=BORIS)), NOW)
    (answer,) = outputs(effects, TOPICS.order_facts)
    assert answer.key == PARCEL
    assert load_order_facts(answer.value).known
    loop.drain(NOW)
    parcel = load_parcel(loop.store.tables["parcels", partition_of(PARCEL, PARTITIONS)][PARCEL])
    assert parcel.orders[0].facts is not None
    assert parcel.orders[0].facts.recipients[0][1].address_key == "address-boris"


def test_facts_for_a_parcel_that_ended_are_dropped() -> None:
    """An order may answer a parcel that is gone: nothing is made of it."""
    loop = loop_at()
    effects = loop.take(orders(order()), NOW)
    state = load_order(effects.puts["orders"][0].value or b"")
    from streams.state.codec import dump_message
    from streams.state.orders import facts_of

    message = Record(0, 0, b"zto:GONE", dump_message(facts_of(state)))
    done = loop.take(Chunk(TOPICS.order_facts, 0, 0, 0, [message]), NOW)
    assert done.outputs == []
    assert not any(done.puts.values())


def test_a_rule_that_raises_stops_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, the state is written, other rules publish, what it had published stays."""

    def broken(self: ShipOverdue, snapshot: object) -> list[Clock]:
        raise RuntimeError("broken rule")

    loop = loop_at(us(PROMISE + DAY))
    loop.take(orders(order()), us(PROMISE))
    (before,) = loop.newest().values()
    monkeypatch.setattr(ShipOverdue, "episodes", broken)
    loop.take(orders(order(updated_at=PAID + HOUR, state="closed")), us(PROMISE))
    effects = loop.take(tracking(upload(["1", "2"], UPLOADED)), us(PROMISE))
    assert "ship_overdue" in caplog.text
    loop.drain(us(PROMISE))
    assert loop.newest()[before["warning_id"]] == before
    assert [json.loads(o.value)["rule"] for o in outputs(effects, TOPICS.warnings)] != []


def test_warnings_keep_the_published_schema() -> None:
    """Every warning of every rule and state is what the contract's model accepts."""
    loop = Loop(1, us(PAID))
    story = [
        order("1"),
        order("2", recipient=BORIS),
        upload("1"),
        upload("2", UPLOADED + HOUR),
        picked_up(PROMISE + HOUR),
    ]
    loop.now = us(PROMISE + DAY)
    for value in story:
        topic = TOPICS.orders if "order_id" in value else TOPICS.tracking
        loop.produce(topic, json.dumps(value).encode(), None, 0)
        loop.drain(us(PROMISE + DAY))
    loop.drain(us(PROMISE + 5 * DAY))
    assert {value["rule"] for value in loop.warnings} == {
        "ship_overdue",
        "pickup_overdue",
        "inactive_after_pickup",
        "duplicate_tracking_number",
    }
    for value in loop.warnings:
        ShipmentWarning.model_validate_json(json.dumps(value))
        assert "{" not in value["message"]["zh"] + value["message"]["en"]


def test_the_profiles_can_be_replaced() -> None:
    """A side judges by the profiles it is given."""
    loop = Loop(1, us(PROMISE + DAY), load().forced("brief-2023"))
    loop.produce(TOPICS.tracking, json.dumps(upload("1")).encode(), None, 0)
    loop.drain(us(PROMISE + DAY))
    assert loop.newest() == {}, "the brief does not judge uploads"


def test_what_a_full_state_cannot_hold_becomes_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refused record itself, with its origin and reason; the others of its chunk count."""
    monkeypatch.setattr(parcels, "MOST_FACTS", 4)
    loop = loop_at()
    uploads = [upload(str(n), UPLOADED + n * HOUR) for n in range(3)]
    effects = loop.take(tracking(*uploads), NOW)
    (letter,) = loop.dead_letters
    DeadLetter.model_validate(letter)
    assert (letter["reason"], letter["origin"]["offset"]) == ("too_many_facts", 12)
    state = load_parcel(effects.puts["parcels"][0].value or b"")
    assert [known.order_id for known in state.orders] == ["0", "1"]


@pytest.mark.parametrize("topic", [TOPICS.order_facts, TOPICS.parcel_facts])
@pytest.mark.parametrize("value", [None, b"", b"{}", b"\x93\x01\x02\x03"])
def test_what_is_none_of_our_facts_is_a_dead_letter(topic: str, value: bytes | None) -> None:
    """A stranger's record on an internal topic does not stop the worker, and is not lost."""
    loop = loop_at()
    stranger = Record(7, NOW // 1_000, b"1", value, ())
    loop.take(Chunk(topic, 0, 7, 7, [stranger]), NOW)
    (letter,) = loop.dead_letters
    assert letter["reason"] == "processing_failed"
    assert (letter["origin"]["topic"], letter["origin"]["offset"]) == (topic, 7)
