"""What the service does besides mapping: dead letters, limits, outages, an end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.ingesting import (
    LETTERS,
    ORDERS,
    TRACKING,
    UPLOADS,
    Service,
    feeds_of,
    outcome,
    service,
    until,
)

from schemas.dead_letter import DeadLetter
from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.murmur2 import partition_of
from streams.ingest.publisher import Outgoing, Publisher

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SALT = "a-salt-of-ours"
KUAIDI100 = '[[feed]]\nsource = "kuaidi100"\nname = "main"\nsecret_env = "SALT"\n'
CANONICAL = '[[feed]]\nsource = "canonical"\nname = "erp"\nsecret_env = "SALT"\n'
MAIN = "/in/kuaidi100/main"
TAKEN = '{"result":true,"returnCode":"200","message":"提交成功"}'


def push(number: str, times: list[str], words: str = "【杭州市】已收件", salt: str = SALT) -> bytes:
    """A push of Kuaidi100 with a line at each time, signed."""
    lines = [{"ftime": time, "context": words, "statusCode": "101"} for time in times]
    param = json.dumps(
        {
            "status": "polling",
            "lastResult": {"com": "zhongtong", "nu": number, "data": lines},
        },
        ensure_ascii=False,
    )
    sign = hashlib.md5((param + salt).encode(), usedforsecurity=False).hexdigest().upper()
    return urlencode({"param": param, "sign": sign}).encode()


def signed(body: bytes) -> dict[str, str]:
    """The header that proves our own messages."""
    return {"X-ShipSentry-Signature": hmac.new(SALT.encode(), body, hashlib.sha256).hexdigest()}


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    """A cluster with the topics that the service writes."""
    with EmbeddedCluster(topics={ORDERS: 4, TRACKING: 4, LETTERS: 1, UPLOADS: 1}) as found:
        yield found


async def letters(running: Service) -> list[DeadLetter]:
    """The dead letters, as the contract has them."""
    return [DeadLetter.model_validate(each.value) for each in await running.records(LETTERS)]


def test_what_cannot_be_mapped_is_a_letter_and_answered_as_taken(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """In part or as a whole: the source does not send it again, and the body is kept."""
    good, day = "2026-11-25 10:00:00", "2026-11-25"
    part = push("78000000000001", [good, day], "快递员 13812345678 已收件")
    sign = hashlib.md5(SALT.encode(), usedforsecurity=False).hexdigest().upper()
    nothing = f"param=&sign={sign}".encode()

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            for body in (part, nothing):
                before = outcome("kuaidi100/main", "dead_letter")
                answer = await running.send(MAIN, body)
                assert answer == (200, TAKEN, "application/json")
                assert outcome("kuaidi100/main", "dead_letter") == before + 1
            assert len(await running.records(TRACKING)) == 1
            first, second = await letters(running)
        assert first.reason == "missing_field"
        assert first.message.startswith("kuaidi100/main: no_time: 78000000000001: ")
        assert first.origin.topic == "in/kuaidi100/main"
        assert first.origin.timestamp == first.detected_at == NOW
        assert first.value is not None
        assert b"13812345678" in part
        assert first.value == part.replace(b"13812345678", b"1**********")
        assert second.reason == "wrong_type"
        assert second.message.startswith("kuaidi100/main: unreadable: param is no JSON")

    asyncio.run(scenario())


def test_without_values_a_letter_says_the_reason_alone(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """`dead_letter_values` holds here too."""

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds, dead_letter_values=False) as running:
            await running.send(MAIN, push("78000000000001", ["2026-11-25"]))
            (only,) = await letters(running)
        assert (only.value, only.truncated) == (None, True)

    asyncio.run(scenario())


def test_while_brokers_are_down_nothing_is_taken_and_a_retry_brings_all(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """The source is told to try again; what it sends again is there, and the process goes on."""
    body = push("78000000000001", ["2026-11-25 10:00:00", "2026-11-25 11:00:00"])

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds, ingest_deadline_s=0.6) as running:
            cluster.set_broker_down(True)
            before = outcome("kuaidi100/main", "failed")
            answer = await running.send(MAIN, body)
            assert answer.status == 500
            assert json.loads(answer.text)["result"] is False
            assert outcome("kuaidi100/main", "failed") == before + 1
            cluster.set_broker_down(False)

            async def taken() -> bool:
                return (await running.send(MAIN, body)).status == 200

            await until(taken)
            found = await running.records(TRACKING)
        times = {each.value["occurred_at"] for each in found}
        assert times == {"2026-11-25T10:00:00+08:00", "2026-11-25T11:00:00+08:00"}
        # What the contract would not merge is not there: equal records are one checkpoint.
        assert len({json.dumps(each.value, sort_keys=True) for each in found}) == 2

    asyncio.run(scenario())


def test_readiness_follows_kafka_and_health_does_not(
    cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no broker answers, a balancer is to send nothing here; a restart would not help."""
    monkeypatch.setattr("streams.ingest.service._LOOK_SECONDS", 0.05)
    monkeypatch.setattr("streams.ingest.publisher._ASK_SECONDS", 0.2)

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds) as running:

            async def not_ready() -> bool:
                return not await running.ready()

            cluster.set_broker_down(True)
            await until(not_ready)
            answer = await running.send("/readyz", method="GET")
            assert answer.text.startswith("no broker answers")
            assert (await running.send("/healthz", method="GET")).status == 200
            cluster.set_broker_down(False)
            await until(running.ready)

    asyncio.run(scenario())


def test_two_feeds_of_one_source_have_each_their_secret(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """What proves one does not prove the other."""
    second = KUAIDI100.replace('"main"', '"other"').replace("SALT", "OTHER")

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100 + second, SALT=SALT, OTHER="another-salt")
        async with service(cluster, feeds) as running:
            body = push("78000000000001", ["2026-11-25 10:00:00"])
            other = push("78000000000002", ["2026-11-25 10:00:00"], salt="another-salt")
            assert (await running.send(MAIN, body)).status == 200
            assert (await running.send("/in/kuaidi100/other", body)).status == 401
            assert (await running.send("/in/kuaidi100/other", other)).status == 200
            assert (await running.send("/in/kuaidi100/nobody", body)).status == 404
            assert len(await running.records(TRACKING)) == 2

    asyncio.run(scenario())


def test_records_go_to_the_partition_of_their_key(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Or the worker would have to send each of them home."""
    orders = [
        {
            "order_id": f"A-{number}",
            "shop_id": "s-1",
            "platform": "douyin",
            "paid_at": "2026-11-25T10:00:00+08:00",
        }
        for number in range(8)
    ]
    body = json.dumps(orders).encode()

    async def scenario() -> None:
        async with service(cluster, feeds_of(tmp_path, CANONICAL, SALT=SALT)) as running:
            answer = await running.send("/in/canonical/erp", body, headers=signed(body))
            assert answer.status == 200
            found = await running.records(ORDERS)
        assert len(found) == 8
        for each in found:
            assert each.partition == partition_of(each.key.encode(), 4)

    asyncio.run(scenario())


def test_ids_are_scoped_by_shop_where_the_feed_says_so(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """In orders, in what names orders, and in tombstones."""
    text = '[[feed]]\nsource = "douyin"\nname = "shop"\nsecret_env = "SALT"\napp_key = "k"\n'
    text += 'scope = "shop"\nshop_id = "s-9"\n'
    data: list[dict[str, Any]] = [
        {"tag": "101", "data": {"p_id": 1001, "pay_time": 1795600000, "pay_amount": 100}},
        {
            "tag": "102",
            "data": {
                "p_id": 1001,
                "update_time": 1795603600,
                "logistics_msg": {"express_company_id": "zhongtong", "logistics_code": "7800"},
            },
        },
        {"tag": "106", "data": {"p_id": 1001, "cancel_time": 1795607000}},
    ]
    body = json.dumps([each | {"data": json.dumps(each["data"])} for each in data]).encode()
    sign = hashlib.md5(b"k" + body + SALT.encode(), usedforsecurity=False).hexdigest()

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, text, SALT=SALT)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            headers = {"event-sign": sign, "app-id": "k"}
            assert (await running.send("/in/douyin/shop", body, headers=headers)).status == 200
            order, tombstone = await running.records(ORDERS)
            (upload,) = await running.records(TRACKING)
        assert (order.key, order.value["order_id"]) == ("s-9/1001", "s-9/1001")
        assert (tombstone.key, tombstone.value) == ("s-9/1001", None)
        assert tombstone.timestamp_ms == 1795607000_000
        assert upload.value["order_ids"] == ["s-9/1001"]

    asyncio.run(scenario())


def test_ids_are_scoped_by_the_platform_as_workers_call_it(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """However the message calls it; a replay and an import say the same id."""
    text = CANONICAL + 'scope = "platform"\nplatform = "douyin"\n'
    order = {"order_id": "1001", "shop_id": "s-1", "platform": "天猫"}
    body = json.dumps({**order, "paid_at": "2026-11-20T10:00:00+08:00"}).encode()

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, text, SALT=SALT)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            answer = await running.send("/in/canonical/erp", body, headers=signed(body))
            assert answer.status == 200
            (found,) = await running.records(ORDERS)
        assert found.key == "tmall/1001"

    asyncio.run(scenario())


def test_a_feed_that_comes_too_often_is_told_to_wait(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """429, with what the source takes for a failure; another feed is not held up by it."""
    text = KUAIDI100 + "rate_limit = 0.001\n" + CANONICAL
    body = push("78000000000001", ["2026-11-25 10:00:00"])

    async def scenario() -> None:
        async with service(cluster, feeds_of(tmp_path, text, SALT=SALT)) as running:
            assert (await running.send(MAIN, body)).status == 200
            answer = await running.send(MAIN, body)
            assert answer.status == 429
            assert json.loads(answer.text)["result"] is False
            assert (
                await running.send("/in/canonical/erp", b"[]", headers=signed(b"[]"))
            ).status == 200

    asyncio.run(scenario())


def test_a_feed_may_say_from_where_it_comes(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Elsewhere it is refused as if its proof were wrong; a proxy of ours says who asked."""
    text = KUAIDI100 + 'allow = ["203.0.113.0/24"]\n'
    body = push("78000000000001", ["2026-11-25 10:00:00"])

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, text, SALT=SALT)
        said = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
        async with service(cluster, feeds) as running:
            assert (await running.send(MAIN, body)).status == 401
            assert (await running.send(MAIN, body, headers=said)).status == 401
        async with service(cluster, feeds, ingest_proxies=("127.0.0.0/8",)) as running:
            assert (await running.send(MAIN, body, headers=said)).status == 200
            assert (await running.send(MAIN, body)).status == 401

    asyncio.run(scenario())


def test_a_body_beyond_the_limit_is_refused(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Before it is read, or while: also where it was packed small."""

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds, ingest_max_body_bytes=2048) as running:
            assert (await running.send(MAIN, b"x" * 2049)).status == 413
            assert outcome("kuaidi100/main", "too_large") >= 1

    asyncio.run(scenario())


def test_who_sends_slowly_is_cut_off_at_the_deadline(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """A body that does not come keeps nobody's place for longer."""

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds, ingest_deadline_s=0.5, ingest_at_once=1) as running:
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(f"POST {MAIN} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n".encode())
            assert b" 500 " in await reader.readline()
            writer.close()
            body = push("78000000000001", ["2026-11-25 10:00:00"])
            assert (await running.send(MAIN, body)).status == 200

    asyncio.run(scenario())


def test_beyond_those_who_wait_requests_are_turned_away(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """One is worked on, four wait, the others are told to try again."""
    body = push("78000000000001", ["2026-11-25 10:00:00"])

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds, ingest_at_once=1) as running:
            cluster.set_round_trip(200)
            answers = await asyncio.gather(*(running.send(MAIN, body) for _ in range(12)))
            cluster.set_round_trip(0)
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= 5

    asyncio.run(scenario())


def test_a_stop_answers_what_was_begun(
    cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request in hand is taken; one that comes later finds nobody."""
    body = push("78000000000001", ["2026-11-25 10:00:00"])
    begun, going_on = asyncio.Event(), asyncio.Event()
    publish = Publisher.publish

    async def held(publisher: Publisher, records: Sequence[Outgoing]) -> None:
        begun.set()
        await going_on.wait()
        await publish(publisher, records)

    monkeypatch.setattr(Publisher, "publish", held)

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, KUAIDI100, SALT=SALT)
        async with service(cluster, feeds) as running:
            asked = asyncio.create_task(running.send(MAIN, body))
            await begun.wait()
            running.stop.set()

            async def closed() -> bool:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", running.port)
                except ConnectionRefusedError:
                    return True
                writer.close()
                return False

            await until(closed)
            going_on.set()
            assert (await asked).status == 200
            assert len(await running.records(TRACKING)) == 1

    asyncio.run(scenario())


def test_wechat_asks_whether_we_are_there(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """The echo comes back where the signature is right, and only then."""
    text = '[[feed]]\nsource = "wechat"\nname = "shop"\nsecret_env = "SALT"\n'
    stamp = str(int(NOW.timestamp()))
    right = hashlib.sha1(
        "".join(sorted([SALT, stamp, "n"])).encode(), usedforsecurity=False
    ).hexdigest()
    query = {"signature": right, "timestamp": stamp, "nonce": "n", "echostr": "42"}

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, text, SALT=SALT)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            answer = await running.send("/in/wechat/shop", method="GET", query=query)
            assert answer == (200, "42", "text/plain")
            wrong = query | {"signature": "0"}
            answer = await running.send("/in/wechat/shop", method="GET", query=wrong)
            assert (answer.status, answer.text) == (401, "")

    asyncio.run(scenario())


def test_kdniao_is_answered_by_name_and_time(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Its own merchant number comes back, and Beijing's time."""
    text = '[[feed]]\nsource = "kdniao"\nname = "main"\nsecret_env = "SALT"\n'
    data = json.dumps({"EBusinessID": "1237100", "Data": []})
    digest = hashlib.md5((data + SALT).encode(), usedforsecurity=False).hexdigest()
    sign = base64.b64encode(digest.encode()).decode()
    body = urlencode({"RequestData": data, "DataSign": sign}).encode()

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, text, SALT=SALT)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            answer = await running.send("/in/kdniao/main", body)
        assert json.loads(answer.text) == {
            "EBusinessID": "1237100",
            "UpdateTime": "2026-11-25 20:00:00",
            "Success": True,
            "Reason": "",
        }

    asyncio.run(scenario())
