"""The frozen history through the pipeline, and what it says and stores, as documents to compare.

Everything here that knows the insides of the pipeline is in the first half: who drives it, which
type a table or topic holds, how its bytes are read and written. The rest knows only bytes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints
from unittest.mock import patch

import msgspec
from rocksdict import Options, Rdict
from support.two_sides import TOPICS, Loop

from streams.app import shadows_of
from streams.engine.kafka import offset_metadata
from streams.engine.kafka.murmur2 import partition_of, partitions_of
from streams.engine.kafka.offset_metadata import Witness
from streams.engine.kafka.types import Chunk, Effects, Output, Put, Record
from streams.engine.store.store import PartitionStore, store_memory
from streams.engine.worker import ticks
from streams.engine.worker.peers import Home
from streams.engine.worker.ticks import Tick
from streams.engine.worker.watermark import Report
from streams.facts.facts import (
    DELIVERY_METHODS,
    PRESALES,
    STATUSES,
    CloneFacts,
    OrderFacts,
    OrderVersion,
    OwedFacts,
    ParcelFacts,
    Place,
    StockFact,
    TrackFacts,
    TrackingFact,
)
from streams.facts.times import DAY, HOUR, MINUTE, SECOND, from_datetime
from streams.gauges.shops import Shops
from streams.judge.feeds import Feeds
from streams.judge.precheck import OrderWord
from streams.judge.warnings import Revision
from streams.outputs.message import encode_warning
from streams.profiles.loader import load
from streams.state.codec import (
    due_of,
    dump,
    dump_message,
    load_abnormal_days,
    load_clone_facts,
    load_contributions,
    load_order,
    load_order_facts,
    load_order_version,
    load_owed_facts,
    load_parcel,
    load_parcel_facts,
    load_shop_day,
    load_stock,
    load_stock_fact,
    load_track,
    load_track_facts,
    load_tracking_fact,
    published_of,
)
from streams.state.contributions import AbnormalDays, ContributionChange
from streams.state.shop_days import ShopDay
from streams.state.state import Finding, OrderState, ParcelState
from streams.state.stock import Stock
from streams.state.tracks import TrackState
from streams.tables import judged
from streams.web.warnings import Answer

FROZEN = Path(__file__).parents[1] / "data" / "frozen"
PARTITIONS = 2
SHADOW = "brief-2023"
"""Judges every order of the history too, so that states remember what it would have published."""

Document = dict[str, Any]


class Codec(NamedTuple):
    """What one kind of bytes holds: its type, how it is read, how it is written."""

    kind: Any
    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]


pack = msgspec.msgpack.encode

TABLES = {
    "orders": Codec(OrderState, load_order, dump),
    "parcels": Codec(ParcelState, load_parcel, dump),
    "tracks": Codec(TrackState, load_track, dump),
    "meters": Codec(ShopDay, load_shop_day, dump),
    "stock": Codec(Stock, load_stock, dump),
}
"""Every table by its name."""

MESSAGES = {
    TOPICS.order_facts: Codec(OrderFacts, load_order_facts, dump_message),
    TOPICS.parcel_facts: Codec(ParcelFacts, load_parcel_facts, dump_message),
    TOPICS.track_facts: Codec(list[TrackFacts], load_track_facts, dump_message),
    TOPICS.clone_facts: Codec(CloneFacts, load_clone_facts, dump_message),
    TOPICS.meter_facts: Codec(AbnormalDays, load_abnormal_days, pack),
    TOPICS.meter_totals: Codec(list[ContributionChange], load_contributions, pack),
    TOPICS.stock_facts: Codec(OwedFacts, load_owed_facts, dump_message),
    TOPICS.stock_rekey: Codec(StockFact, load_stock_fact, dump_message),
}
"""Every internal topic of which the messages are made by the pipeline."""


def _read_tick(value: bytes) -> Tick:
    (tick,), _ = ticks.decode([Record(0, 0, None, value)])
    return tick


def _read_feeds(value: bytes) -> Any:
    feeds = Feeds()
    feeds.load(value)
    return feeds.feeds


OTHERS = {
    "tick": Codec(Tick, _read_tick, pack),
    "feeds": Codec(get_type_hints(Feeds)["feeds"], _read_feeds, lambda heard: Feeds(heard).dump()),
    "order-word": Codec(OrderWord, msgspec.msgpack.Decoder(OrderWord).decode, pack),
    "order-version": Codec(OrderVersion, load_order_version, dump_message),
    "tracking-fact": Codec(TrackingFact, load_tracking_fact, dump_message),
    "shops-word": Codec(
        list[tuple[str, str, int]],
        msgspec.msgpack.Decoder(list[tuple[str, str, int]]).decode,
        pack,
    ),
    "warnings-answer": Codec(
        Answer, msgspec.json.Decoder(Answer).decode, msgspec.json.Encoder().encode
    ),
}
"""What workers tell each other past the pipeline, or keep in files."""

due = due_of
"""When a stored state wants to be looked at, read off its bytes."""

warnings_in = published_of
"""(table, value) → the warnings that a stored state holds, read without the rest of it."""

LISTS = {"status": STATUSES, "delivery method": DELIVERY_METHODS, "presale": PRESALES}
"""Closed lists of which states store an index: their order is in the bytes."""


def indexes(state: Any) -> Iterator[tuple[str, int]]:
    """(list, index) of everything in a state that is one."""
    if isinstance(state, ParcelState):
        yield from (("status", record[2]) for record in state.records)
        yield from (("status", fact.status) for fact in state.named)
    elif isinstance(state, OrderState):
        for version in state.versions:
            yield "delivery method", version.delivery_method
            yield "presale", version.presale


homes = partitions_of
"""(keys, partitions) → the partition of each key."""


class Recording(Loop):
    """The pipeline in memory, which writes down all that it says and stores."""

    def __init__(self, now: int) -> None:
        super().__init__(PARTITIONS, now, profiles := load([FROZEN]), stocked=True)
        self.orders.shadows = self.parcels.shadows = shadows_of(profiles, [SHADOW])
        self.said: defaultdict[str, defaultdict[int, list[Output]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.writes: defaultdict[str, defaultdict[int, list[tuple[bytes, bytes | None]]]] = (
            defaultdict(lambda: defaultdict(list))
        )
        self.assignments = 1

    def take(self, chunk: Chunk, watermark: int | None) -> Effects:
        """As `Loop.take`; the topic of a chunk has an id, as on a cluster. Partition 0 is of a
        worker that sees the states of all others too, each of the others of one that sees none."""
        chunk.topic_id = f"id-of-{chunk.topic}"
        self.apart = chunk.partition != 0
        return super().take(chunk, watermark)

    def _happen(self, effects: Effects, partition: int) -> None:
        for table, puts in effects.puts.items():
            self.writes[table][partition] += [(put.key, put.value) for put in puts]
        super()._happen(effects, partition)

    def _publish(self, output: Output) -> None:
        home = output.partition
        if home is None:
            home = partition_of(output.key or b"", PARTITIONS)
        self.said[output.topic][home].append(output)
        super()._publish(output)

    def crash(self, partition: int) -> None:
        """As `Loop.crash`; the partition is assigned anew."""
        self.assignments += 1
        super().crash(partition)


def lived(history: list[Document]) -> tuple[Recording, dict[str, Document]]:
    """The pipeline after a history, and its tables at each moment that the history names.

    The number that stands for an assignment in stored parcels is drawn at random; here it counts.
    """
    loop = Recording(_us(history[0]["clock"]))
    moments: dict[str, Document] = {}
    with patch.object(judged, "randbits", lambda _: (1 << 61) + loop.assignments):
        for step in history:
            match step:
                case {"clock": moment}:
                    loop.now = max(loop.now, _us(moment))
                case {"topic": topic, "partition": partition, "key": key, "value": value}:
                    raw = value.encode() if isinstance(value, str) else json.dumps(value).encode()
                    loop.produce(topic, raw, None if key is None else key.encode(), partition)
                case {"tombstone": topic, "partition": partition, "key": key}:
                    loop.produce(topic, None, key.encode(), partition)
                case {"drain": True}:
                    loop.drain(loop.now)
                case {"read": topic, "partition": partition, "most": most}:
                    if (topic, partition) in loop.waiting():
                        loop.step((topic, partition), most, None)
                case {"commit": partition}:
                    loop.commit(partition)
                case {"settle": seconds}:
                    loop.orders.settle = loop.parcels.settle = seconds * SECOND
                case {"crash": partition}:
                    loop.crash(partition)
                case {"tables": name}:
                    moments[name] = _tables(loop)
                case _:
                    raise ValueError(f"no step of a history: {step}")
    return loop, moments


def made() -> dict[str, bytes]:
    """What the history does not bring about, made by the code that makes it in a worker."""
    feeds, start = Feeds(), 20_780 * DAY
    for now in range(start, start + 2 * DAY + 1, 10 * MINUTE):
        for beat in range(now, now + 10 * MINUTE, MINUTE):
            feeds.listen(beat, beat)
        feeds.hear({"zto": 1} if now % (3 * HOUR) else {"zto": 2, "sf": 3}, now)
    end = start + 2 * DAY
    for now in range(end, end + 3 * HOUR, MINUTE):
        feeds.listen(now, now)
        feeds.report(now)
    finding = Finding(
        rule="transit_stalled",
        stage="serious",
        severity="critical",
        profile="tmall-2026-04-09",
        platform="tmall",
        shop_id="s-1",
        order_ids=("1", "2", "3", "4", "5", "6", "7"),
        parcel="zto:78123456789012",
        anchor=start,
        state="breached",
        opened_at=start + HOUR,
        deadline=start + 2 * HOUR,
        breached_at=start + 2 * HOUR + 1,
        resolved_at=start + 3 * HOUR,
        limit=2 * HOUR,
        lane="remote",
        exposure="compensation",
        money=("CNY", 500, 10_000, 50_000),
        exemptions=("spring-festival-2027",),
        detail="province",
        comparator="ge",
    )
    silent = Revision(
        warning_id="0d6428236fbd1db9d1c9820de21df0b2",
        revision=1_795_212_000_000,
        finding=finding,
        proof=(
            ("tracking-update", 0, 40, "picked_up", start),
            ("tracking-update", 1, 41, "hub", start + MINUTE),
        ),
        detected_at=end,
    )
    shops = Shops().word({("tmall", "s-2"): 3, ("douyin", "s-1"): 70_000})
    row = {"warning_id": silent.warning_id, "state": "open"}
    return {
        "tick": ticks.encode(
            "worker-1",
            7,
            end,
            {0: Report(7, 6, end - MINUTE, False), 3: Report(7, 2, 0, True)},
            Home("10.0.0.7:8080", "a-word"),
            shops,
        ),
        "feeds": feeds.dump(),
        "order-word": pack(
            OrderWord(OrderFacts("1", known=False, closed_at=end), (finding,), 2, 3)
        ),
        "order-version": dump_message(order_version()),
        "tracking-fact": dump_message(tracking_fact()),
        "shops-word": shops,
        "warnings-answer": msgspec.json.encode(Answer([((1, end, "0d"), row)], 12, [0, 3])),
        "warning-of-a-silent-feed": encode_warning(silent, "silent"),
        "offset-metadata": offset_metadata.encode(
            "input-id", {"orders": Witness("changelog-id", 41)}
        ).encode(),
        "offset-metadata-of-the-clock": offset_metadata.encode(
            "clock-id", {"orders": Witness("changelog-id", 41)}, end // 1_000
        ).encode(),
    }


def order_version() -> OrderVersion:
    """A version of an order, as it is repartitioned, all of whose fields say something."""
    place = Place("44", "4403", "address", "person", "51805", "粤东省")
    return OrderVersion(
        "1",
        20_780 * DAY,
        '"order_id":"1"}',
        False,
        "douyin",
        "s-1",
        *(20_780 * DAY + hour * HOUR for hour in (1, 2, 3)),
        *(1, 2, True, place, place, 12_900, "CNY", (("p", "k", 2),), 3, 41, True, 5, place),
        *(20_781 * DAY, 20_782 * DAY, 2, True, 12_000),
    )


def tracking_fact() -> TrackingFact:
    """The same of a tracking fact."""
    place = Place("33", "3301", "address", "person", "31000", "粤东省")
    return TrackingFact(
        "zto:78123456789012",
        20_780 * DAY,
        *(1, 7, ("1", "2"), "douyin", "s-1", place, place, 8, '"order_ids":["1","2"]}', 3, 41, 9),
        *(True, True, "sf:SF1"),
    )


def understood() -> Document:
    """What a worker makes of another one's words, by the names that the code has for it."""
    values = made()
    tick = _read_tick(values["tick"])
    word = OTHERS["order-word"].decode(values["order-word"])
    answer = OTHERS["warnings-answer"].decode(values["warnings-answer"])
    return {
        "tick": {
            "version": tick.version,
            "worker": tick.worker,
            "generation": tick.generation,
            "sent": tick.sent_us,
            "address": tick.address,
            "word": tick.word,
            "note": tick.note.hex(),
            "reports": [
                [number, report.generation, report.rounds_done, report.watermark_us, report.behind]
                for number, report in tick.reports()
            ],
        },
        "order-word": [word.facts.order_id, [finding.rule for finding in word.findings]],
        "warnings-answer": [len(answer.rows), answer.total, answer.partitions],
    }


def on_disk(folder: Path) -> Document:
    """What a store's files hold by column family after three states and a delete: hex to hex."""
    store = PartitionStore.open(folder, store_memory(1 << 20))
    store.note_changelog("changelog-id")
    orders = [OrderState("1", due=1_795_140_000_000_000), OrderState("2", due=2), OrderState("3")]
    store.write([Put(each.order_id.encode(), dump(each), each.due, 0) for each in orders], 40)
    store.write([Put(b"2", None, 0, 2)], 42)
    store.close()
    options = Options(raw_mode=True)
    families = dict.fromkeys(("states", "due", "meta"), options)
    database = Rdict(str(folder), options, families)
    found: Document = {}
    for name in families:
        family = database.get_column_family(name)
        found[name] = {bytes(key).hex(): bytes(value).hex() for key, value in family.items()}  # type: ignore[arg-type]  # raw mode
        family.close()
    database.close()
    return found


def _us(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text))


# ---- documents: what is compared, and what the files hold


def outputs(loop: Recording) -> Document:
    """Topic → partition → its records in order, as they would lie in Kafka."""
    return {
        topic: {
            str(partition): [
                {
                    "key": _text(output.key),
                    **({"headers": _headers(output)} if output.headers else {}),
                    **view(output.value),
                }
                for output in found
            ]
            for partition, found in sorted(partitions.items())
        }
        for topic, partitions in sorted(loop.said.items())
    }


def changelogs(loop: Recording) -> Document:
    """Table → partition → key → the digests of the values written, in order; "-" deletes it."""
    found: Document = {}
    for table, partitions in sorted(loop.writes.items()):
        for partition, writes in sorted(partitions.items()):
            keys = found.setdefault(table, {}).setdefault(str(partition), {})
            for key, value in writes:
                keys.setdefault(_text(key), []).append("-" if value is None else digest(value))
    return found


def digest(value: bytes) -> str:
    """Short enough for a line, long enough to be no other value's."""
    return blake2b(value, digest_size=8).hexdigest()


def view(value: bytes | None) -> Document:
    """Bytes as a file holds them: text where they are text, else hex and what the hex says."""
    if value is None:
        return {"text": None}
    if value[:1] in (b"{", b"[") or not value:
        try:
            return {"text": value.decode()}
        except UnicodeDecodeError:
            pass
    return {"says": says(value), "hex": value.hex()}


def says(value: bytes) -> Any:
    """What msgpack says without anybody's types; of a state first its version and its due time."""
    # No message of ours is a number, which is what so small a first byte would be.
    if value[0] < 0x80:
        head = [value[0], int.from_bytes(value[1:9], "big")]
        return [*head, _plain(msgspec.msgpack.decode(value[9:]))]
    return _plain(msgspec.msgpack.decode(value))


def bytes_of(entry: Mapping[str, Any]) -> bytes:
    """The bytes of an entry of a file."""
    if "hex" in entry:
        return bytes.fromhex(entry["hex"])
    text: str = entry["text"]
    return text.encode()


def _tables(loop: Loop) -> Document:
    return {
        table: {
            str(partition): {
                _text(key): view(value)
                for key, value in sorted(loop.store.tables[table, partition].items())
            }
            for partition in range(PARTITIONS)
        }
        for table in TABLES
    }


def _headers(output: Output) -> list[list[str | None]]:
    return [[name, _text(value)] for name, value in output.headers or ()]


def _text(value: bytes | None) -> str | None:
    """Keys and headers: text, or 0x and hex."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()
    return text if text.isprintable() else "0x" + value.hex()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(each) for name, each in value.items()}
    return value


# ---- files


def read(name: str) -> Any:
    """A file of the frozen data."""
    text = (FROZEN / name).read_text()
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def written(document: Any, indent: str = "") -> str:
    """JSON with a line for each thing that one looks at: innermost lists and texts are one line."""
    if isinstance(document, dict) and document:
        inner = indent + " "
        rows = [
            f"{inner}{json.dumps(name, ensure_ascii=False)}: "
            + (_line(each) if name in ("says", "headers") else written(each, inner))
            for name, each in document.items()
        ]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(document, list) and any(isinstance(each, dict) for each in document):
        inner = indent + " "
        rows = [inner + written(each, inner) for each in document]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return _line(document)


def _line(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


def differences(frozen: Any, found: Any, place: str = "") -> Iterator[str]:
    """Where two documents are not the same, as sentences."""
    if isinstance(frozen, dict) and isinstance(found, dict):
        for name in [*frozen, *(name for name in found if name not in frozen)]:
            where = f"{place}/{name}"
            if name not in found:
                yield f"{where}: gone, was {_line(frozen[name])}"
            elif name not in frozen:
                yield f"{where}: new, is {_line(found[name])}"
            else:
                yield from differences(frozen[name], found[name], where)
    elif isinstance(frozen, list) and isinstance(found, list):
        if len(frozen) != len(found):
            yield f"{place}: had {len(frozen)} entries, has {len(found)}"
        for number, (old, new) in enumerate(zip(frozen, found, strict=False)):
            yield from differences(old, new, f"{place}/{number}")
    elif frozen != found or type(frozen) is not type(found):
        yield f"{place}: was {_line(frozen)}\n    is {_line(found)}"


# ---- coverage


def places(kind: msgspec.inspect.Type) -> set[str]:
    """Every field of the structs that a type can hold, and every place of the tuples in them."""
    found: set[str] = set()
    _walk(kind, None, found.add, None, set())
    return found


def filled(kind: msgspec.inspect.Type, value: Any) -> set[str]:
    """Those of `places(kind)` where a value says something: no default, and no zero or nothing."""
    found: set[str] = set()
    _walk(kind, value, None, found.add, set())
    return found


def _walk(
    kind: msgspec.inspect.Type,
    value: Any,
    declare: Callable[[str], None] | None,
    tell: Callable[[str], None] | None,
    known: set[type],
    name: str = "",
) -> None:
    """Through a type (`declare`: each struct once) or through a value of it (`tell`)."""
    if tell is not None and value is None:
        return
    inspect = msgspec.inspect
    if isinstance(kind, inspect.UnionType):
        for each in kind.types:
            if not isinstance(each, inspect.NoneType):
                _walk(each, value, declare, tell, known, name)
    elif isinstance(kind, inspect.StructType | inspect.DataclassType):
        if declare is not None and kind.cls in known:
            return
        known.add(kind.cls)
        for field in kind.fields:
            place = f"{kind.cls.__name__}.{field.name}"
            its = None if tell is None else getattr(value, field.name)
            if declare is not None:
                declare(place)
            elif tell is not None and _is_telling(field, its):
                tell(place)
            _walk(field.type, its, declare, tell, known, place)
    elif isinstance(kind, inspect.TupleType):
        for number, each in enumerate(kind.item_types):
            place = f"{name}[{number}]"
            its = None if tell is None else value[number]
            if declare is not None:
                declare(place)
            elif tell is not None and its:
                tell(place)
            _walk(each, its, declare, tell, known, place)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType):
        for its in (None,) if tell is None else value:
            _walk(kind.item_type, its, declare, tell, known, name)
    elif isinstance(kind, inspect.DictType):
        for its in (None,) if tell is None else value.values():
            _walk(kind.value_type, its, declare, tell, known, name)


def _is_telling(field: msgspec.inspect.Field, value: Any) -> bool:
    if field.required:
        return bool(value)
    if field.default is not msgspec.NODEFAULT:
        return bool(value != field.default)
    return bool(value != field.default_factory())
