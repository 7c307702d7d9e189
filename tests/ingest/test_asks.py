"""Platforms are asked for orders of which pushes say too little, and nothing wished for is lost."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prometheus_client import REGISTRY, generate_latest
from support.ingesting import (
    LETTERS,
    ORDERS,
    TRACKING,
    UPLOADS,
    WANTED,
    Sent,
    Service,
    feeds_of,
    service,
    until,
)
from support.platforms import (
    ABSENT,
    APP_KEY,
    APP_SECRET,
    CIPHER,
    PAID,
    PERSON,
    PHONE,
    STREET,
    THROTTLED,
    TOKEN,
    Platforms,
    platforms,
)

from schemas.dead_letter import DeadLetter
from streams.dead_letters.letters import Filter, Source, letters
from streams.dead_letters.retry import refusal
from streams.decode import Bad, decode_order
from streams.demo.broker import EmbeddedCluster
from streams.facts.facts import OrderVersion, Place
from streams.ingest.asks.wishes import Wish
from streams.ingest.publisher import Outgoing, Publisher
from streams.inputs.sources.registry import SOURCES
from streams.settings import Settings
from streams.state import orders
from streams.state.state import OrderState
from streams.state.versions import closed_since, order_known

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FOUR = ("douyin", "tiktok", "wechat", "taobao")
IDS = {
    "douyin": "4781320682406083640",
    "tiktok": "576461413038785752",
    "wechat": "3705115058471208928",
    "taobao": "4586070597376760123",
}
"""Each beyond 2^53."""

LATER = PAID + 3600

QUICK = {"session_timeout_s": 1.5, "delivery_timeout_s": 1.0, "heartbeat_s": 0.5}
"""The embedded broker lets the next member in when the last one's session might be over."""


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    """A cluster with all topics of the service."""
    topics = {ORDERS: 1, TRACKING: 1, LETTERS: 1, UPLOADS: 1, WANTED: 1}
    with EmbeddedCluster(topics=topics) as found:
        yield found


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a minute here."""
    monkeypatch.setattr("streams.ingest.asks.line.FIRST_BACKOFF_S", 0.02)
    monkeypatch.setattr("streams.ingest.asks.line.LONGEST_BACKOFF_S", 0.1)
    monkeypatch.setattr("streams.ingest.asks.asker.LOOK_S", 0.05)


def feed(source: str, address: str, more: str = "") -> str:
    """A feed whose platform is asked there."""
    app = "" if source == "wechat" else f'app_key = "{APP_KEY}"\n'
    own = 'secret_env = "APP_SECRET"\n' if source == "taobao" else ""
    cipher = f'shop_cipher = "{CIPHER}"\n' if source == "tiktok" else ""
    return f"""
[[feed]]
source = "{source}"
name = "shop"
secret_env = "APP_SECRET"
shop_id = "s-1"
app_key = "{APP_KEY}"
[feed.api]
address = "{address}"
token_env = "TOKEN"
rate = 100
{app}{own}{cipher}{more}"""


def paid(source: str, order_id: str, at: int = PAID) -> Any:
    """What a platform pushes of an order at a time."""
    number = int(order_id)
    if source == "douyin":
        data = {"p_id": number, "shop_id": 77001, "pay_time": at, "pay_amount": 2990}
        return [{"tag": "101", "msg_id": "1", "data": json.dumps({**data, "update_time": at})}]
    if source == "tiktok":
        data = {"order_id": order_id, "order_status": "AWAITING_SHIPMENT", "update_time": at}
        return {"type": 1, "shop_id": "749", "timestamp": at, "data": data}
    if source == "wechat":
        info = {"order_id": number, "pay_time": at}
        event = {"Event": "channels_ec_order_pay", "order_info": info}
        return {"ToUserName": "gh_shop", "CreateTime": at, "MsgType": "event", **event}
    return {
        "topic": "taobao_trade_TradeBuyerPay",
        "pub_time": f"{datetime.fromtimestamp(at + 28800, UTC):%Y-%m-%d %H:%M:%S}",
        "user_id": 174265168,
        "content": json.dumps({"tid": number, "payment": "30.36"}),
    }


async def push(running: Service, source: str, said: Any) -> None:
    """Push it, with its proof; it is taken."""
    body = json.dumps(said).encode()
    headers, query = {}, {}
    if source == "douyin":
        text = APP_KEY.encode() + body + APP_SECRET.encode()
        sign = hashlib.md5(text, usedforsecurity=False).hexdigest()
        headers = {"event-sign": sign, "app-id": APP_KEY}
    elif source == "tiktok":
        text = APP_KEY.encode() + body
        headers = {"Authorization": hmac.new(APP_SECRET.encode(), text, "sha256").hexdigest()}
    elif source == "wechat":
        stamp = str(round(NOW.timestamp()))
        line = "".join(sorted((APP_SECRET, stamp, "n")))
        sign = hashlib.sha1(line.encode(), usedforsecurity=False).hexdigest()
        query = {"signature": sign, "timestamp": stamp, "nonce": "n"}
    else:
        query = {"token": APP_SECRET}
    answer = await running.send(f"/in/{source}/shop", body, headers=headers, query=query)
    assert answer.status == 200


@asynccontextmanager
async def asking(
    cluster: EmbeddedCluster, directory: Path, asked: Platforms, *sources: str, more: str = ""
) -> AsyncIterator[Service]:
    """A service whose feeds of these sources are asked for."""
    text = "".join(feed(source, asked.address, more) for source in sources)
    feeds = feeds_of(directory, text, APP_SECRET=APP_SECRET, TOKEN=TOKEN)
    async with service(cluster, feeds, now=lambda: NOW, **QUICK) as running:
        yield running


async def waiting(running: Service) -> set[str]:
    """The wishes that were not ended."""
    found: dict[str, Any] = {}
    for each in await running.records(WANTED):
        found[each.key] = each.value
    return {key for key, value in found.items() if value is not None}


async def answered(running: Service, number: int = 1) -> None:
    """Return once this many wishes were made and all of them are ended."""

    async def ended() -> bool:
        made = {each.key for each in await running.records(WANTED)}
        return len(made) >= number and not await waiting(running)

    await until(ended)


def state_of(records: list[Sent], order_id: str, *, backwards: bool = False) -> OrderState:
    """What a worker keeps of an order by these records, in their order or the other."""
    state, now = OrderState(order_id), round(NOW.timestamp() * 1_000_000)
    mine = [each for each in records if each.key == order_id]
    for each in reversed(mine) if backwards else mine:
        value = None if each.value is None else json.dumps(each.value).encode()
        stamp = each.timestamp_ms * 1000
        version = decode_order(value, order_id.encode(), now, stamp, 0, 0)
        assert not isinstance(version, Bad), version
        orders.apply(state, (version,), 0)
    return state


def known(records: list[Sent], order_id: str, *, backwards: bool = False) -> OrderVersion:
    """The order as it is known by them."""
    found = order_known(state_of(records, order_id, backwards=backwards).versions)
    assert found is not None
    return found


def asks(feed: str, outcome: str) -> float:
    """How many questions about a feed's orders ended so, since the process began."""
    source, name = feed.split("/")
    labels = {"source": source, "feed": name, "outcome": outcome}
    return REGISTRY.get_sample_value("shipsentry_ingest_asks_total", labels) or 0.0


def test_the_four_are_asked_and_what_they_say_counts(
    cluster: EmbeddedCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each in its own way and proved; ids stay exact; of people nothing is anywhere but places."""
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with (
            platforms(NOW.timestamp) as asked,
            asking(cluster, tmp_path, asked, *FOUR) as running,
        ):
            for source in FOUR:
                await push(running, source, paid(source, IDS[source]))
            await answered(running, 4)
            assert sorted(asked.asked) == sorted(IDS.items())
            found = await running.records(ORDERS)
            said = [found, *[await running.records(each) for each in (WANTED, TRACKING, LETTERS)]]
        assert all(key.split(" ")[0] == f"{source}/shop" for source, key in _keys(said[1]))
        for source, order_id in IDS.items():
            for backwards in (False, True):
                order = known(found, order_id, backwards=backwards)
                assert order.paid_at == PAID * 1_000_000
                assert len(order.items) == 1, source
                if source != "tiktok":
                    assert (order.recipient or Place()).city == "3301", source
                if source in ("douyin", "tiktok"):
                    assert order.promised_ship_by == (PAID + 172800) * 1_000_000
        assert known(found, IDS["taobao"]).shop_id == "174265168"
        everything = json.dumps([[each.value for each in records] for records in said])
        everything += caplog.text + generate_latest().decode()
        for secret in (PERSON, PHONE, STREET, TOKEN, quote(TOKEN, safe="/"), APP_SECRET):
            assert secret not in everything
            assert json.dumps(secret)[1:-1] not in everything

    asyncio.run(scenario())


def _keys(wishes: list[Sent]) -> list[tuple[str, str]]:
    return [(each.value["source"], each.key) for each in wishes if each.value is not None]


def test_what_the_platform_could_not_say_is_asked_again(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """Too many, an error of theirs, no answer in time, no HTTP; then the order."""
    never = asyncio.Event()

    async def scenario() -> None:
        more = "timeout_s = 0.2\nretries = 3\n"
        async with (
            platforms(NOW.timestamp) as asked,
            asking(cluster, tmp_path, asked, *FOUR, more=more) as running,
        ):
            for source in FOUR:
                before = {each: asks(f"{source}/shop", each) for each in OUTCOMES}
                asked.asked.clear()
                asked.script.extend([THROTTLED[source], 429, 503, never, 500])
                await push(running, source, paid(source, IDS[source]))

                async def said(source: str = source) -> bool:
                    return any(each.key == IDS[source] for each in await running.records(ORDERS))

                await until(said)
                await answered(running)
                assert asked.asked == [(source, IDS[source])] * 6
                after = {each: asks(f"{source}/shop", each) for each in OUTCOMES}
                assert {each: after[each] - before[each] for each in OUTCOMES} == {
                    "answered": 1,
                    "throttled": 2,
                    "failed": 2,
                    "unanswered": 1,
                    "given_up": 0,
                    "not_found": 0,
                }
            assert await running.records(LETTERS) == []

    asyncio.run(scenario())


OUTCOMES = ("answered", "throttled", "failed", "unanswered", "given_up", "not_found")


def test_what_asking_again_would_not_change_is_a_letter(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """No such order, another order, no answer after all: the wish, the reason, no person."""
    detail = {"pay_info": {"pay_time": PAID}}
    other = {"errcode": 0, "order": {"order_id": "1", "order_detail": detail}}

    async def scenario() -> None:
        async with (
            platforms(NOW.timestamp) as asked,
            asking(cluster, tmp_path, asked, *FOUR, more="retries = 1\n") as running,
        ):
            for number, source in enumerate(FOUR, 1):
                asked.script.append(ABSENT[source])
                await push(running, source, paid(source, IDS[source]))
                await answered(running, number)
            for at, answers in enumerate(([other], [{}], [500, 500]), PAID + 1):
                asked.script.extend(answers)
                await push(running, "wechat", paid("wechat", IDS["wechat"], at))
                await answered(running, 4 + at - PAID)
            assert len(asked.asked) == 8
            sent = await running.records(LETTERS)
        found = [DeadLetter.model_validate(each.value) for each in sent]
        assert [each.message.split(": ", 1)[1] for each in found] == [
            "refused: the answer was isv.business-failed:4",
            "not_found: the answer has no order",
            "refused: the answer was 10020001",
            "not_found: the answer was isv.trade-not-exist",
            "unreadable: the answer is about another order",
            "refused: the answer was no_code",
            "given_up: asked for 2 times, the last answer was http_500",
        ]
        assert {each.origin.topic for each in found} == {WANTED}
        assert found[0].value is not None
        assert json.loads(found[0].value)["order_id"] == IDS["douyin"]
        (entry,) = letters([Source(0, 0, None, json.dumps(sent[0].value).encode())], Filter()).found
        assert refusal(entry.letter, Settings()) is None, "it can be wished for again"

    asyncio.run(scenario())


def test_a_token_that_is_refused_is_waited_for(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """No order is lost by it, the platform is left alone, and a new one in its file is used."""
    file = tmp_path / "token"
    file.write_text("token-9d1-f")
    ids = {source: [str(int(IDS[source]) + each) for each in range(20)] for source in FOUR}
    before = {source: asks(f"{source}/shop", "denied") for source in FOUR}

    async def scenario(asked: Platforms) -> None:
        text = "".join(feed(source, asked.address) for source in FOUR)
        text = text.replace('token_env = "TOKEN"', f'token_file = "{file}"')
        feeds = feeds_of(tmp_path, text, APP_SECRET=APP_SECRET)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            for source in FOUR:
                for order_id in ids[source]:
                    await push(running, source, paid(source, order_id))

            async def refused() -> bool:
                return all(asks(f"{source}/shop", "denied") > before[source] for source in FOUR)

            await until(refused)
            assert len(await waiting(running)) == 80
            file.write_text(TOKEN)
            await answered(running, 80)
            assert await running.records(LETTERS) == []
            found = await running.records(ORDERS)
        for source, each in ids.items():
            assert all(known(found, order_id).items for order_id in each)
            # Of twenty that waited one at a time tried whether it is let in again.
            assert asks(f"{source}/shop", "denied") - before[source] < 20

    async def with_platforms() -> None:
        async with platforms(NOW.timestamp) as asked:
            await scenario(asked)

    asyncio.run(with_platforms())


def test_an_answer_that_comes_after_the_next_push_ends_no_other_wish(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """The first answer is held back until the address has changed, and that was pushed."""
    order_id = IDS["douyin"]
    changed = {"p_id": int(order_id), "shop_id": 77001, "update_time": LATER}
    message = {"tag": "105", "msg_id": "2", "data": json.dumps(changed)}

    async def scenario() -> None:
        held = asyncio.Event()
        async with (
            platforms(NOW.timestamp) as asked,
            asking(cluster, tmp_path, asked, "douyin") as running,
        ):
            asked.script.append(held)
            await push(running, "douyin", paid("douyin", order_id))

            async def first() -> bool:
                return bool(asked.asked)

            await until(first)
            await push(running, "douyin", [message])
            asked.province = "广东省"
            held.set()
            await answered(running, 2)
            assert len(asked.asked) == 2
            found = await running.records(ORDERS)
        for backwards in (False, True):
            order = known(found, order_id, backwards=backwards)
            assert (order.recipient or Place()).province == "44"
            assert order.updated_at == LATER * 1_000_000

    asyncio.run(scenario())


def test_an_end_that_was_pushed_stays(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """An answer that was given before it, and comes after it, opens nothing again."""
    order_id = IDS["wechat"]
    info = {"order_id": int(order_id)}
    cancel = {"CreateTime": PAID, "Event": "channels_ec_order_cancel", "order_info": info}

    async def scenario() -> None:
        held = asyncio.Event()
        async with (
            platforms(NOW.timestamp) as asked,
            asking(cluster, tmp_path, asked, "wechat") as running,
        ):
            asked.script.append(held)
            await push(running, "wechat", paid("wechat", order_id))
            assert len(await waiting(running)) == 1, "the push is answered, and it is wished for"
            await push(running, "wechat", {"ToUserName": "gh_shop", **cancel})
            held.set()
            await answered(running)
            found = await running.records(ORDERS)
        for backwards in (False, True):
            versions = state_of(found, order_id, backwards=backwards).versions
            assert closed_since(versions) == PAID * 1_000_000
            assert (known(found, order_id).recipient or Place()).city == "3301"

    asyncio.run(scenario())


def test_what_a_service_did_not_end_another_one_asks_for(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """One that was stopped while it asked, or killed: then what it left on the topic is all."""
    ids = [str(int(IDS["douyin"]) + each) for each in range(3)]

    async def scenario() -> None:
        never = asyncio.Event()
        async with platforms(NOW.timestamp) as asked:
            asked.script.append(never)
            async with asking(cluster, tmp_path, asked, "douyin") as running:
                await push(running, "douyin", paid("douyin", ids[0]))

                async def begun() -> bool:
                    return bool(asked.asked)

                await until(begun)
            left = [Wish("douyin", "shop", each, "77001", None) for each in ids[1:]]
            publisher = Publisher(cluster.bootstrap, {}, timeout=10, message_max_bytes=1 << 20)
            await publisher.publish(
                [Outgoing(WANTED, each.order_id.encode(), each.value()) for each in left]
            )
            await publisher.close()
            async with asking(cluster, tmp_path, asked, "douyin") as running:
                await answered(running, 3)
                found = await running.records(ORDERS)
        assert all(known(found, order_id).items for order_id in ids)

    asyncio.run(scenario())


def test_more_wishes_than_fit_wait_on_the_topic(
    cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read on when there is room; wishes of a feed that is not here take none of it."""
    monkeypatch.setattr("streams.ingest.asks.asker.MOST", 3)
    monkeypatch.setattr("streams.ingest.asks.follower._AT_ONCE", 2)
    ids = [str(int(IDS["tiktok"]) + each) for each in range(15)]
    strange = [Wish("tiktok", "gone", each, "s-1", None) for each in ids]

    async def scenario() -> None:
        publisher = Publisher(cluster.bootstrap, {}, timeout=10, message_max_bytes=1 << 20)
        await publisher.publish(
            [Outgoing(WANTED, each.order_id.encode(), each.value()) for each in strange]
        )
        await publisher.close()
        async with (
            platforms(NOW.timestamp) as asked,
            asking(cluster, tmp_path, asked, "tiktok") as running,
        ):
            for order_id in ids:
                await push(running, "tiktok", paid("tiktok", order_id))

            async def ended() -> bool:
                return len(await waiting(running)) == len(strange) == len(ids)

            async def said() -> bool:
                found = await running.records(ORDERS)
                return {each.key for each in found} == set(ids)

            await until(said)
            await until(ended)
            labels = {"source": "other", "feed": "other"}
            name = "shipsentry_ingest_asks_waiting"

            async def counted() -> bool:
                return REGISTRY.get_sample_value(name, labels) == 3

            await until(counted)

    asyncio.run(scenario())


def test_who_is_not_asked_is_said_once(
    cluster: EmbeddedCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With what is missing; the push is published, and nothing is wished for."""
    text = feed("wechat", "https://nobody.example").partition("[feed.api]")[0]

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, text, APP_SECRET=APP_SECRET)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            await push(running, "wechat", paid("wechat", IDS["wechat"]))
            assert len(await running.records(ORDERS)) == 1
            assert await running.records(WANTED) == []

    asyncio.run(scenario())
    (line,) = [each.getMessage() for each in caplog.records if "not asked" in each.getMessage()]
    assert line.startswith("wechat/shop: its platform is not asked for orders: ")
    api = SOURCES["wechat"].api
    assert api is not None
    assert line.endswith(api.says)
