"""No record of an internal topic ends a worker or leaves a state that cannot be judged."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest
from support.builders import PAID, order, picked_up, upload, us
from support.hostile import ENCODED, spoilt
from support.travelling import sent_anywhere, suitable
from support.two_sides import TOPICS, Loop

from streams.dead_letters.letters import Filter, Source, letters
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.origins import ORIGIN_HEADER
from streams.engine.kafka.types import Chunk, Record
from streams.engine.kafka.warning_records import newest, parse
from streams.engine.worker import ticks
from streams.engine.worker.peers import Home, Peers
from streams.engine.worker.watermark import Report, Watermark
from streams.evidence.find import urgency
from streams.evidence.shown import wanted
from streams.facts.facts import CloneFacts, LinkedLife, OrderFacts, ParcelFacts, Place, TrackFacts
from streams.facts.times import DAY, from_datetime
from streams.gauges.shops import Shops
from streams.state.codec import dump_message, load_track_facts
from streams.state.contributions import AbnormalDays, Contribution, ContributionChange
from streams.state.shop_days import shop_key
from streams.tables.recover_shop_days import recover_sent
from streams.tables.recover_warnings import recover_published

PARTITIONS = 4
SEEDS = (0, 3, 4, 7, 9)
SPOILT = 320
"""Spoilt records of each topic."""

BETWEEN_TABLES = (
    TOPICS.order_facts,
    TOPICS.parcel_facts,
    TOPICS.track_facts,
    TOPICS.clone_facts,
    TOPICS.meter_facts,
    TOPICS.meter_totals,
)
SENT_HOME = (TOPICS.orders_rekey, TOPICS.tracking_rekey)
ALL = frozenset(range(PARTITIONS))


def unpack(topic: str) -> Callable[[bytes], Any] | None:
    """Reads a message of a topic as a document, where it is msgpack."""
    return msgspec.msgpack.decode if topic in BETWEEN_TABLES else None


@pytest.fixture(scope="module")
def lived() -> Loop:
    """A pipeline that has lived through some histories; tracks answered every claim."""
    histories = [suitable(seed) for seed in SEEDS]
    loop = Loop(PARTITIONS, max(from_datetime(history.until) for history in histories))
    loop.apart = True  # or orders would have little to say
    for seed, history in enumerate(histories):
        sent_anywhere(loop, history, Random(seed))
    loop.drain(loop.now)
    for record in [r for (t, _), log in loop.logs.items() if t == TOPICS.track_facts for r in log]:
        for claim in load_track_facts(record.value or b""):
            if claim.uploaded_at is not None:
                answer = CloneFacts(claim.signature, claim.uploaded_at, *claim_of(claim))
                home = partition_of(claim.key.encode(), PARTITIONS)
                loop.produce(TOPICS.clone_facts, dump_message(answer), claim.key.encode(), home)
    loop.drain(loop.now)
    return loop


def claim_of(claim: TrackFacts) -> tuple[int, int, int | None]:
    """A claim as a track answers it."""
    return claim.uploaded_at or 0, claim.place, claim.address


def again(lived: Loop) -> Loop:
    """A copy of the pipeline, to be spoilt."""
    loop = copy.copy(lived)
    loop.store = copy.deepcopy(lived.store)
    for processor in loop.processors:
        processor.states = loop.store
    loop.logs = defaultdict(list, {place: list(log) for place, log in lived.logs.items()})
    loop.read = defaultdict(int, lived.read)
    loop.dead_letters = []
    return loop


def records_of(loop: Loop, topic: str) -> list[tuple[int, Record]]:
    """Everything on a topic, each with its partition."""
    return [(n, each) for (t, n), log in loop.logs.items() if t == topic for each in log]


def let_all_pass(loop: Loop) -> None:
    """Every deadline that anybody may have set, and the end of every state."""
    for _ in range(3):
        loop.now += 40 * DAY
        loop.drain(loop.now)


@pytest.mark.parametrize("topic", [*BETWEEN_TABLES, *SENT_HOME])
def test_spoilt_records_are_refused_or_can_be_judged(lived: Loop, topic: str) -> None:
    """Alone and among others, to held partitions and others; then all deadlines pass."""
    rng, loop = Random(topic), again(lived)
    real = records_of(loop, topic)
    assert len(real) > 2
    others = [record for _, record in real]
    for number in range(SPOILT // 4):
        chosen = [rng.choice(real) for _ in range(4)]
        records = [
            spoilt(record, others, rng, unpack(topic))._replace(offset=1_000_000 + 4 * number + n)
            for n, (_, record) in enumerate(chosen)
        ]
        home = rng.choice(chosen)[0]
        chunk = Chunk(topic, home, records[0].offset, records[-1].offset, records)
        loop.take(chunk, None if rng.random() < 0.2 else loop.now)
        if number % 10 == 9:
            loop.drain(loop.now)
    let_all_pass(loop)
    assert len(loop.dead_letters) > SPOILT // 4


def test_what_is_read_back_is_as_hostile(lived: Loop) -> None:
    """Spoilt contributions, days and warnings, taken over by states that are judged again."""
    rng, loop = Random(1), again(lived)
    totals, facts = (
        [record for _, record in records_of(loop, topic)]
        for topic in (TOPICS.meter_totals, TOPICS.meter_facts)
    )
    said = [Record(0, 0, None, json.dumps(value).encode()) for value in loop.warnings]
    decode: Callable[[bytes], Any] = json.loads
    for _ in range(40):
        sent = recover_sent(
            [
                spoilt(rng.choice(totals), totals, rng, unpack(TOPICS.meter_totals)).value
                for _ in range(8)
            ],
            [
                spoilt(rng.choice(facts), facts, rng, unpack(TOPICS.meter_facts)).value
                for _ in range(8)
            ],
            PARTITIONS,
            ALL,
        )
        warnings = [bent_json(rng.choice(said), said, rng) for _ in range(8)]
        published = recover_published(warnings, PARTITIONS, ALL)
        for processor in loop.processors:
            processor.recover(published, sent, range(PARTITIONS))
        for partition in range(PARTITIONS):
            loop.tick(partition, loop.now)
        loop.drain(loop.now)
        for value in warnings:
            found, _ = newest([parse(None, value)], lambda _: True)
            for read in found:
                if read.warning is not None:
                    urgency(read.warning)
            try:
                document = decode(value or b"")
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict):
                wanted(document)
    let_all_pass(loop)


def bent_json(record: Record, others: list[Record], rng: Random) -> bytes | None:
    """A spoilt record of JSON, well-formed more often than not."""
    as_msgpack = record._replace(value=msgspec.msgpack.encode(json.loads(record.value or b"")))
    if rng.random() < 0.3:
        return spoilt(record, others, rng, None).value
    value = spoilt(as_msgpack, [as_msgpack], rng, msgspec.msgpack.decode).value
    try:
        return msgspec.json.encode(msgspec.msgpack.decode(value or b""))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError):
        return value


def test_ticks_and_what_they_carry_are_as_hostile() -> None:
    """Neither the gate nor who listens for homes and shops is ended by a tick."""
    rng = Random(2)
    shops = Shops()
    word = shops.word({("tmall", "s"): 3})
    report = Report(1, 6, 1_790_000_000_000_000, False)
    value = ticks.encode("w2", 1, 5, {1: report, 3: report}, Home("http://h:1", "word"), word)
    real = Record(0, 0, None, value)
    watermark = Watermark(PARTITIONS)
    watermark.assign(1, {0: {}}, 0)
    peers = Peers(PARTITIONS, "", 10.0)
    foreign = 0
    for _ in range(600):
        record = spoilt(real, [real], rng, msgspec.msgpack.decode)
        found, others = ticks.decode([record])
        assert len(found) + others == 1
        foreign += others
        for tick in found:
            shops.hear(tick.worker, tick.note, 0.0)
            for number, said in tick.reports():
                watermark.hear(number, said, 0)
                peers.hear(number, tick.generation, Home(tick.address, tick.word))
        watermark.watermark_us(0, 10)
    shops.choose(0.0)
    assert foreign > 100


def test_dead_letters_are_as_hostile(lived: Loop) -> None:
    """Commands pass over what is no letter."""
    rng, loop = Random(3), again(lived)
    for value in ENCODED:
        loop.take(Chunk(TOPICS.meter_totals, 0, 0, 0, [Record(0, 0, None, value)]), loop.now)
    real = [Record(0, 0, None, json.dumps(value).encode()) for value in loop.dead_letters]
    values = [bent_json(rng.choice(real), real, rng) for _ in range(500)]
    found = letters((Source(0, n, None, value) for n, value in enumerate(values)), Filter())
    assert found.bad > 50


# ---- values that no worker says, one by one

HOME = "zto:78123456789012"
PAID_US = us(PAID)
YEAR_10000 = 253_402_300_800_000_000


def order_facts(**other: Any) -> OrderFacts:
    """What an order says, but for one thing."""
    fields = {"known": True, "platform": "tmall", "shop_id": "s", "paid_at": PAID_US, **other}
    return OrderFacts("A-1", **fields)


def life(uploaded_at: int, released_at: int | None = None, *progress: int) -> ParcelFacts:
    """What a parcel says of one life."""
    return ParcelFacts(HOME, "A-1", (LinkedLife(uploaded_at, released_at, progress),))


def share(**other: Any) -> list[ContributionChange]:
    """What an order contributes to a shop's day, but for one thing."""
    fields = {"platform": "tmall", "shop_id": "s", "due": 20_000, **other}
    return [ContributionChange("A-1", None, Contribution(**fields))]


SIGNATURE = bytes(16)
FORGED: dict[str, tuple[str, Any, bytes | None]] = {
    "paid in the year 10000": (TOPICS.order_facts, order_facts(paid_at=YEAR_10000), None),
    "paid before 1970": (TOPICS.order_facts, order_facts(base=-1), None),
    "promised beyond the calendar": (
        TOPICS.order_facts,
        order_facts(promised_ship_by=YEAR_10000 + 2 * DAY),
        None,
    ),
    "closed in the year 10000": (TOPICS.order_facts, order_facts(closed_at=YEAR_10000), None),
    "a sum of 64 bits": (TOPICS.order_facts, order_facts(amount_paid=1 << 63), None),
    "a recipient since 10000": (
        TOPICS.order_facts,
        order_facts(recipients=((YEAR_10000, None),)),
        None,
    ),
    "a province of no digits": (
        TOPICS.order_facts,
        order_facts(recipients=((PAID_US, Place("ab")),)),
        None,
    ),
    "a sender of other digits": (TOPICS.order_facts, order_facts(ship_from="²²"), None),
    "a record before all offsets": (
        TOPICS.order_facts,
        order_facts(sources=((0, -2, PAID_US),)),
        None,
    ),
    "a platform without end": (TOPICS.order_facts, order_facts(platform="x" * 40_000), None),
    "an order without id": (TOPICS.parcel_facts, ParcelFacts(HOME, "", ()), b""),
    "another order's key": (TOPICS.parcel_facts, life(PAID_US), b"A-2"),
    "uploaded in the year 10000": (TOPICS.parcel_facts, life(YEAR_10000), None),
    "uploaded before 1970": (TOPICS.parcel_facts, life(-1), None),
    "released before 1970": (TOPICS.parcel_facts, life(PAID_US, -5), None),
    "moved in the year 10000": (TOPICS.parcel_facts, life(PAID_US, None, YEAR_10000), None),
    "more progress than facts": (TOPICS.parcel_facts, life(PAID_US, None, *range(2_001)), None),
    "a day before 1970": (TOPICS.meter_facts, AbnormalDays(HOME, "A-1", (-1,)), None),
    "a day beyond 9999": (TOPICS.meter_facts, AbnormalDays(HOME, "A-1", (3_000_001,)), None),
    "days of another order": (TOPICS.meter_facts, AbnormalDays(HOME, "A-1", (1,)), b"A-3"),
    "due before 1970": (TOPICS.meter_totals, share(due=-1), None),
    "shipped beyond 9999": (TOPICS.meter_totals, share(shipped=1 << 60), None),
    "a thousand products": (TOPICS.meter_totals, share(products=("p",) * 1_001), None),
    "two shops in one change": (
        TOPICS.meter_totals,
        [ContributionChange("A-1", Contribution("tmall", "t"), Contribution("tmall", "s"))],
        None,
    ),
    "a signature of one byte": (TOPICS.track_facts, [TrackFacts(b"x", HOME, 1)], None),
    "a claim in the year 10000": (
        TOPICS.track_facts,
        [TrackFacts(SIGNATURE, HOME, YEAR_10000)],
        None,
    ),
    "a place beyond all codes": (
        TOPICS.track_facts,
        [TrackFacts(SIGNATURE, HOME, 1, 1_000_000)],
        None,
    ),
    "a claim of nobody": (TOPICS.track_facts, [TrackFacts(SIGNATURE, "", 1)], None),
    "a clone before 1970": (TOPICS.clone_facts, CloneFacts(SIGNATURE, -1, 1, 0, None), None),
    "a clone in the year 10000": (
        TOPICS.clone_facts,
        CloneFacts(SIGNATURE, YEAR_10000, 1, 0, None),
        None,
    ),
    "a clone of nobody": (TOPICS.clone_facts, CloneFacts(SIGNATURE, 1, 1, 0, None), b""),
}
ABOUT = {
    TOPICS.order_facts: HOME.encode(),
    TOPICS.clone_facts: HOME.encode(),
    TOPICS.parcel_facts: b"A-1",
    TOPICS.meter_facts: b"A-1",
}


def home_of(topic: str, key: bytes | None) -> int:
    """The partition on which a message would be ours."""
    if topic == TOPICS.meter_totals:
        return partition_of(shop_key("tmall", "s"), PARTITIONS)
    return partition_of(SIGNATURE if topic == TOPICS.track_facts else key or b"", PARTITIONS)


def known_loop() -> Loop:
    """A pipeline that knows one order and its parcel."""
    loop = Loop(PARTITIONS, us(PAID) + 10 * DAY)
    for topic, message in (
        (TOPICS.orders, order("A-1")),
        (TOPICS.tracking, upload("A-1")),
        (TOPICS.tracking, picked_up()),
    ):
        loop.produce(topic, json.dumps(message).encode(), None, 0)
    loop.drain(loop.now)
    return loop


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_value_is_refused_and_changes_nothing(name: str) -> None:
    """A dead letter with the record's bytes; every state stays byte by byte as it was."""
    topic, message, key = FORGED[name]
    loop = known_loop()
    before = copy.deepcopy(loop.store.tables)
    key = ABOUT.get(topic) if key is None else key
    value = dump_message(message)
    home = home_of(topic, key)
    effects = loop.take(
        Chunk(topic, home, 7, 7, [Record(7, loop.now // 1_000, key, value)]), loop.now
    )
    assert effects.refused == [(7, "processing_failed")]
    assert loop.store.tables == before
    (letter,) = loop.dead_letters
    assert letter["origin"]["topic"] == topic


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (TOPICS.parcel_facts, life(PAID_US)),
        (TOPICS.meter_facts, AbnormalDays(HOME, "A-1", (20_000,))),
        (TOPICS.meter_totals, share()),
        (TOPICS.track_facts, [TrackFacts(SIGNATURE, HOME, 1)]),
        (TOPICS.order_facts, order_facts()),
        (TOPICS.clone_facts, CloneFacts(SIGNATURE, 1, 1, 0, None)),
    ],
)
def test_a_message_on_another_partition_than_its_key_s_is_refused(topic: str, message: Any) -> None:
    """A state there would be a second one of the same order; on the right one it is taken."""
    key = ABOUT.get(topic)
    home = home_of(topic, key)
    loop = Loop(PARTITIONS, PAID_US + DAY)
    record = Record(7, loop.now // 1_000, key, dump_message(message))
    wrong = loop.take(Chunk(topic, (home + 1) % PARTITIONS, 7, 7, [record]), loop.now)
    assert wrong.refused == [(7, "processing_failed")]
    assert not wrong.puts
    assert not loop.take(Chunk(topic, home, 7, 7, [record]), loop.now).refused


def test_six_bytes_among_what_is_read_back_are_passed_over() -> None:
    """A list of one change whose order is no text: it once ended every start."""
    poison = b"\x91\x93\xa1\xff\xc0\xc0"
    assert poison in ENCODED
    sent = recover_sent([poison], [b"\x93\xa1\xff\xa1o\x90", poison], PARTITIONS, ALL)
    assert sent == ({}, {})


@pytest.mark.parametrize(
    "said",
    [
        b"order-paid 1 2 3 %d" % YEAR_10000,
        b"order-paid 1 %d 3 4" % (1 << 64),
        b"order-paid -1 2 3 4",
        b"another-topic 1 2 3 4",
    ],
)
def test_a_forged_origin_is_the_record_s_own(said: bytes) -> None:
    """Neither a place that is none, nor an arrival that lets an order be paid in a year to come."""
    loop = Loop(1, PAID_US + DAY)
    raw = json.dumps(order("A-1", paid_at="9998-01-01T00:00:00Z")).encode()
    record = Record(7, loop.now // 1_000, None, raw, ((ORIGIN_HEADER, said),))
    effects = loop.take(Chunk(TOPICS.orders_rekey, 0, 7, 7, [record]), loop.now)
    assert effects.refused == [(7, "time_in_future")]
    (letter,) = loop.dead_letters
    assert letter["origin"] == {
        "topic": TOPICS.orders_rekey,
        "partition": 0,
        "offset": 7,
        "timestamp": letter["origin"]["timestamp"],
    }


def test_a_state_that_cannot_be_read_is_left_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """What is about it is refused, its neighbours are judged, and no tick ends over it."""
    loop = known_loop()
    home = partition_of(b"A-1", PARTITIONS)
    value = loop.store.tables["orders", home][b"A-1"]
    broken = value[:9] + b"\xc1" + value[10:]
    loop.store.tables["orders", home][b"A-1"] = broken
    neighbour = next(
        name for name in map("B-{}".format, range(99)) if partition_of(name.encode(), 4) == home
    )
    for name in ("A-1", neighbour):
        message = json.dumps(order(name, platform="taobao")).encode()
        loop.produce(TOPICS.orders, message, None, home)
    loop.drain(loop.now)
    assert [letter["message"] for letter in loop.dead_letters] == [
        "what is stored of its key cannot be read"
    ]
    assert neighbour.encode() in loop.store.tables["orders", home]
    loop.now += 100 * DAY
    loop.tick(home, loop.now)
    assert loop.store.tables["orders", home][b"A-1"] == broken
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("at", [-1, (1 << 63) - 1, 1 << 62])
def test_any_timestamp_of_kafka_s_is_one_of_a_dead_letter(at: int) -> None:
    """Producers choose it, of inputs too; what is no time is left out of the letter."""
    loop = Loop(1, PAID_US)
    record = Record(0, at, b"k", b"rubbish")
    loop.take(Chunk(TOPICS.tracking, 0, 0, 0, [record]), loop.now)
    (letter,) = loop.dead_letters
    assert letter["origin"]["timestamp"] is None


def test_a_key_of_any_length_leaves_a_letter_that_kafka_takes() -> None:
    """The letter holds its beginning and says that it is cut."""
    loop = Loop(1, PAID_US)
    most = loop.orders.sizes.max_message
    record = Record(0, 0, bytes(most), bytes(most))
    effects = loop.take(Chunk(TOPICS.meter_totals, 0, 0, 0, [record]), loop.now)
    (output,) = effects.outputs
    assert len(output.value or b"") <= most
    assert loop.dead_letters[0]["truncated"]
