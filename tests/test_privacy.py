"""Personal data in every field of both inputs, and every place where it could come out again.

Each field of the contract's models, at every depth, gets a name, a phone number of each common
form, an address, an ID card and an e-mail address, each in a message of its own and each text only
once; unknown fields, record keys and headers too. The messages go through a whole worker on the
embedded broker, and through `shipsentry replay`. What comes out is searched for the texts. Where
one may be found is in `ALLOWED`, with the reason.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin

import aiohttp
import pytest
from click.testing import CliRunner
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from echo_worker import config_of, running, until
from pydantic import BaseModel
from rocksdict import Options, Rdict
from support.ports import free_port

from schemas import OrderPaid, TrackingUpdate
from streams.app import assemble
from streams.cli.replay import replay
from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.topics import Topics
from streams.profiles.loader import load

NOW = datetime.now(UTC).replace(microsecond=0)
PARTITIONS = 2

ALLOWED = {
    "order_id": "the merchant's own id of the order, published by the contract",
    "order_ids": "the same",
    "shop_id": "the merchant's own id of the shop, published by the contract",
    "platform": "a platform's name, used as it is where no table has it, by the contract",
    "carrier": "a carrier's name, used as it is where no table has it, by the contract",
    "tracking_number": "the carrier's number, published by the contract, malformed ones above all",
    "items.product_id": "the merchant's own id of the product, published in product-risk",
    "next.tracking_number": "the carrier's next number, where it has the signs of one",
    "tombstone": "the key of a tombstone is the order id",
}
"""Fields whose texts may come out again, and why. Their ids name what a warning is about."""

LETTERS = ("key", "value", "value_text")
"""Fields of a dead letter that hold the refused record as it came (docs/dead-letters.md)."""

_SIGNS = "甲乙丙丁戊己庚辛壬癸"


def plain_texts(number: int) -> dict[str, str]:
    """A person's data in every form, like those of no other `number`."""
    digits = f"{number:06}"
    chinese = "".join(_SIGNS[int(digit)] for digit in digits)
    latin = "".join("abcdefghij"[int(digit)] for digit in digits)
    return {
        "name": f"欧阳{chinese}",
        "Latin name": f"Ouyang Q{latin}",
        "mobile": f"13801{digits}",
        "mobile abroad": f"+86 137-01{digits[:2]}-{digits[2:]}",
        "landline": f"0755-29{digits}",
        "US phone": f"(415) 8{digits[:2]}-{digits[2:]}",
        "address": f"科技路{chinese}小区3栋502室",
        "ID card": f"110105{1940 + number % 60}0131{digits[2:]}",
        "e-mail": f"q{latin}@example.com",
    }


class Plant(NamedTuple):
    """A text, the field that it stands in, and the messages that carry it."""

    text: str
    field: str
    topic: str
    messages: list[dict[str, Any]]
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def leaves(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field of a message that holds no further fields, and of an unknown one."""
    for name, field in model.model_fields.items():
        inner = next(iter(models_in(field.annotation)), None)
        if inner is None:
            yield (*prefix, name)
        else:
            yield from leaves(inner, (*prefix, name))
    yield (*prefix, "remark")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, list):
        for one in get_args(annotation):
            yield from models_in(one)


def planted(message: dict[str, Any], path: tuple[str, ...], text: str) -> dict[str, Any]:
    """The message with a text at a path; where a list stands, in its only element."""
    name, rest = path[0], path[1:]
    if not rest:
        return {**message, name: [text] if name == "order_ids" else text}
    inner = message.get(name)
    if name == "items":
        return {**message, name: [planted({"product_id": "p"}, rest, text)]}
    return {**message, name: planted(inner if isinstance(inner, dict) else {}, rest, text)}


def at(hours: float) -> str:
    """So many hours ago."""
    return (NOW - timedelta(hours=hours)).isoformat()


def history() -> list[Plant]:
    """Everything that is planted; each order has a parcel that stands still."""
    plants: list[Plant] = []
    serial = 0
    for model, topic in ((OrderPaid, "orders"), (TrackingUpdate, "tracking")):
        for path in leaves(model):
            serial += 1
            for kind, text in plain_texts(serial).items():
                plants.append(_plant(topic, path, text, f"{serial}{'x'}{len(plants)}", kind))
    serial += 1
    for kind, text in plain_texts(serial).items():
        name = f"k{len(plants)}"
        sent = [order(name)]
        plants.append(Plant(text, "record key", "orders", sent, key=text.encode()))
        headers = (("remark", text.encode()),)
        plants.append(Plant(text + "1", "header", "orders", sent, None, headers))
        unknown = [{**order(name + "u"), f"{text}2": 1}]
        plants.append(Plant(f"{text}2", "unknown field's name", "orders", unknown))
        del kind
    return plants


def _plant(topic: str, path: tuple[str, ...], text: str, name: str, kind: str) -> Plant:
    field = ".".join(path)
    if topic == "orders":
        return Plant(text, field, topic, [planted(order(name), path, text)])
    # Half of the messages name their order, the others stand for themselves.
    base = {**scan("picked_up", name, 90), **({"order_ids": [name]} if len(kind) % 2 else {})}
    return Plant(text, field, topic, [planted(base, path, text)])


def order(name: str) -> dict[str, Any]:
    """An order that is overdue."""
    return {
        "order_id": name,
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": at(150),
        "promised_ship_by": at(100),
    }


def scan(status: str, name: str, hours: float) -> dict[str, Any]:
    """A record of the parcel of an order."""
    return {
        "carrier": "zto",
        "tracking_number": f"78{name.upper()}",
        "status": status,
        "occurred_at": at(hours),
    }


def upload(name: str) -> dict[str, Any]:
    """The upload of an order's number."""
    return {**scan("ordered", name, 140), "order_ids": [name]}


def spellings(text: str) -> set[bytes]:
    """How a text may stand in bytes: as it is, in lower and upper case, escaped, or its digits."""
    forms = {text, text.lower(), text.upper(), "".join(text.split())}
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) >= 9:
        forms.add(digits)
    return {form.encode() for form in forms} | {json.dumps(form)[1:-1].encode() for form in forms}


def found_in(sink: str, content: bytes, plants: list[Plant]) -> list[str]:
    """Which texts stand in a content that must not."""
    return [
        f"{sink} has the {plant.field} of a record of {plant.topic}: {plant.text!r}"
        for plant in plants
        if plant.field not in ALLOWED and any(form in content for form in spellings(plant.text))
    ]


def without_record(letter: bytes) -> bytes:
    """A dead letter without what it holds of the refused record as it came."""
    fields = json.loads(letter)
    return json.dumps({k: v for k, v in fields.items() if k not in LETTERS}).encode()


def whole(bootstrap: str, topic: str) -> list[tuple[bytes, bytes, bytes]]:
    """All records of a topic: keys, values, headers."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "privacy"})
    try:
        ends = {}
        for number in range(PARTITIONS):
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=20)
            ends[number] = end
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
        found = []
        while any(end > 0 for end in ends.values()):
            for record in consumer.consume(1000, timeout=0.2):
                assert not record.error(), record.error()
                headers = repr(record.headers() or ()).encode()
                found.append((record.key() or b"", record.value() or b"", headers))
                if record.offset() + 1 >= ends[record.partition()]:
                    ends[record.partition()] = 0
        return found
    finally:
        consumer.close()


def produce(bootstrap: str, topics: Topics, plants: list[Plant]) -> int:
    """Send everything, to partitions by turns; how many records of inputs that were."""
    producer = Producer({"bootstrap.servers": bootstrap})
    names = {"orders": topics.orders, "tracking": topics.tracking}
    count = 0

    def send(topic: str, value: Any, key: bytes | None = None, headers: Any = ()) -> None:
        nonlocal count
        raw = None if value is None else json.dumps(value, ensure_ascii=count % 2 == 0).encode()
        producer.produce(
            names[topic], raw, key, partition=count // 2 % PARTITIONS, headers=list(headers)
        )
        count += 1

    for plant in plants:
        for message in plant.messages:
            send(plant.topic, message, plant.key, plant.headers)
            if plant.topic == "orders" and isinstance(name := message.get("order_id"), str):
                send("tracking", upload(name))
                if plant.field.startswith(("recipient.", "ship_from.")):
                    send("tracking", scan("picked_up", name, 138))
                    send("tracking", scan("hub", name, 137))
    assert producer.flush(30) == 0
    return count


def counted(metrics: str, topic: str) -> int:
    """Records of a topic that were worked on, by the metrics page."""
    rows = re.findall(rf'^shipsentry_records_total{{.*topic="{topic}".*}} (\S+)$', metrics, re.M)
    return round(sum(map(float, rows)))


@pytest.mark.timeout(400)
def test_personal_data_comes_out_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every topic, store, log line at debug level, metric and page is searched."""
    caplog.set_level(logging.DEBUG)
    topics = Topics(app_id="privacy")
    names = [*topics.consumed, *topics.outputs, *topics.changelogs]
    plants = history()
    port = free_port()
    pages: dict[str, bytes] = {}

    async def run(bootstrap: str) -> None:
        config = config_of(
            {
                "app_id": topics.app_id,
                "bootstrap": bootstrap,
                "data_dir": tmp_path / "data",
                "partitions": PARTITIONS,
                "tables": ("orders", "parcels", "tracks", "meters"),
                "tick_interval": 0.1,
                "web_address": f"http://127.0.0.1:{port}",
            }
        )
        app = assemble(config, topics, load(), warnings_page=True)
        async with running(app, http_port=port), aiohttp.ClientSession() as session:

            async def page(path: str) -> bytes:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    return await answer.read()

            await until(lambda: app.engine.assigned)
            sent = produce(bootstrap, topics, plants)
            async with asyncio.timeout(90):
                while True:
                    metrics = (await page("/metrics")).decode()
                    done = counted(metrics, topics.orders) + counted(metrics, topics.tracking)
                    if done >= sent:
                        break
                    await asyncio.sleep(0.2)
                # Ticks judge what came; then the list has it, and days are published last.
                while True:
                    stalled = await page("/warnings?limit=500&format=json&rule=transit_stalled")
                    if json.loads(stalled).get("total"):
                        break
                    await asyncio.sleep(0.2)
                while True:
                    if await asyncio.to_thread(whole, bootstrap, topics.product_risk):
                        break
                    await asyncio.sleep(0.2)
            pages["/metrics"] = await page("/metrics")
            pages["/warnings of stalled parcels"] = stalled
            pages["/warnings"] = await page("/warnings?limit=500")
            pages["/warnings as JSON"] = await page("/warnings?limit=500&format=json")
            for plant in plants[:: len(plants) // 40]:
                name = str(plant.messages[0].get("order_id", "1"))
                query = f"/check?carrier=zto&tracking_number=78{name.upper()}&order_id=1"
                pages[f"/check {plant.field}"] = await page(query)

    with EmbeddedCluster(topics=dict.fromkeys(names, PARTITIONS)) as cluster:
        asyncio.run(run(cluster.bootstrap))
        leaks = []
        full = set()
        inputs = (topics.orders, topics.tracking)
        for topic in names:
            if topic in inputs:
                continue
            rows = whole(cluster.bootstrap, topic)
            if topic == topics.dead_letters:
                assert any(base64.b64decode(json.loads(v)["value"]) for _, v, _ in rows)
                rows = [(key, without_record(value), headers) for key, value, headers in rows]
            if rows:
                full.add(topic)
            content = b"\n".join(part for row in rows for part in row)
            leaks += found_in(topic, content, plants)
    assert full >= {
        *(topics.orders_rekey, topics.tracking_rekey, topics.order_facts, topics.parcel_facts),
        *(topics.warnings, topics.dead_letters, topics.shop_risk, topics.product_risk),
        *topics.changelogs[:2],
    }
    leaks += found_in("the log", caplog.text.encode(), plants)
    for name, content in pages.items():
        leaks += found_in(name, content, plants)
    for folder in sorted(path.parent for path in tmp_path.rglob("CURRENT")):
        leaks += found_in("the store", stored(folder), plants)
    assert leaks == [], f"{len(leaks)} found"


def stored(folder: Path) -> bytes:
    """Every key and value of a store."""
    options = Options(raw_mode=True)
    database = Rdict(str(folder), options, dict.fromkeys(("states", "due", "meta"), options))
    parts: list[Any] = []
    for name in ("states", "due", "meta"):
        family = database.get_column_family(name)
        parts += [part for pair in family.items() for part in pair]
    database.close()
    return b"\n".join(parts)


def test_replay_writes_none_either(tmp_path: Path) -> None:
    """Warnings, what is said on the way, and dead letters beside the refused lines themselves."""
    plants = history()
    files = {name: tmp_path / f"{name}.jsonl" for name in ("orders", "tracking", "out", "bad")}
    lines: dict[str, list[str]] = {"orders": [], "tracking": []}
    for plant in plants:
        for message in plant.messages:
            lines[plant.topic].append(json.dumps(message, ensure_ascii=False))
            if plant.topic == "orders" and isinstance(name := message.get("order_id"), str):
                extra = (upload(name), scan("picked_up", name, 138), scan("hub", name, 137))
                lines["tracking"] += [json.dumps(each) for each in extra]
    for name, texts in lines.items():
        files[name].write_text("\n".join(texts) + "\n", "utf-8")
    arguments = [f"--orders={files['orders']}", f"--tracking={files['tracking']}"]
    arguments += [f"--out={files['out']}", f"--dead-letters={files['bad']}", f"--until={at(0)}"]
    result = CliRunner().invoke(replay, arguments)
    assert result.exit_code == 3, result.output
    assert files["out"].stat().st_size > 100_000
    bad = b"\n".join(map(without_record, files["bad"].read_bytes().splitlines()))
    leaks = found_in("the warnings", files["out"].read_bytes(), plants)
    leaks += found_in("the dead letters", bad, plants)
    assert leaks == [], f"{len(leaks)} found"
