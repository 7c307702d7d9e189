"""What a request only refers to is known from former ones, whichever service took them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.ingesting import LETTERS, ORDERS, TRACKING, UPLOADS, Service, feeds_of, service

from streams.demo.broker import EmbeddedCluster

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)

SECRET = "a-secret-of-ours"  # noqa: S105  of these tests
FEEDS = """
[[feed]]
source = "douyin"
name = "shop"
secret_env = "SECRET"
app_key = "k"
shop_id = "s-1"

[[feed]]
source = "shopify"
name = "shop"
secret_env = "SECRET"
shop_id = "s-2"
"""
FIRST, SECOND, THIRD = "78000000000001", "78000000000002", "78000000000003"
T1, T2, T3 = 1795600000, 1795603600, 1795607200


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    """A cluster with all topics of the service."""
    with EmbeddedCluster(topics={ORDERS: 1, TRACKING: 1, LETTERS: 1, UPLOADS: 2}) as found:
        yield found


def shipped(tag: str, number: str, at: int) -> dict[str, Any]:
    """A message of Douyin: a package of the order has this number, since then."""
    logistics = {
        "express_company_id": "zhongtong",
        "logistics_code": number,
        "pack_id": "P1",
    }
    data = {"p_id": 69176, "shop_id": 1, "update_time": at, "logistics_msg": logistics}
    return {"tag": tag, "data": json.dumps(data)}


async def douyin(running: Service, *messages: dict[str, Any]) -> None:
    """Push messages, signed; they are taken."""
    body = json.dumps(messages).encode()
    sign = hashlib.md5(b"k" + body + SECRET.encode(), usedforsecurity=False).hexdigest()
    headers = {"event-sign": sign, "app-id": "k"}
    answer = await running.send("/in/douyin/shop", body, headers=headers)
    assert answer.status == 200


async def uploads(running: Service) -> set[tuple[str, str, float]]:
    """Number, status and Unix time of all that was published; equal ones are one."""
    return {
        (
            each.value["tracking_number"],
            each.value["status"],
            datetime.fromisoformat(each.value["occurred_at"]).timestamp(),
        )
        for each in await running.records(TRACKING)
    }


RIGHT = {
    (FIRST, "ordered", T1),
    (FIRST, "cancelled", T2),
    (SECOND, "ordered", T2),
    (SECOND, "cancelled", T3),
    (THIRD, "ordered", T3),
}


def test_a_correction_releases_the_number_that_another_service_was_told(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """Also after all services were started anew; and one that comes twice releases nothing more."""

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, FEEDS, SECRET=SECRET)
        async with (
            service(cluster, feeds, now=lambda: NOW) as one,
            service(cluster, feeds, now=lambda: NOW) as other,
        ):
            await douyin(one, shipped("102", FIRST, T1))
            await douyin(other, shipped("104", SECOND, T2))
            await douyin(one, shipped("104", SECOND, T2))
        async with service(cluster, feeds, now=lambda: NOW) as anew:
            await douyin(anew, shipped("104", THIRD, T3))
            await douyin(anew, shipped("104", THIRD, T3))
            assert await uploads(anew) == RIGHT

    asyncio.run(scenario())


def test_a_number_that_is_told_after_its_correction_is_released_when_that_was_made(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """Sources keep no order; within one push neither."""

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, FEEDS, SECRET=SECRET)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            await douyin(running, shipped("104", SECOND, T2), shipped("102", FIRST, T1))
            await douyin(running, shipped("104", THIRD, T3))
            assert await uploads(running) == RIGHT

    asyncio.run(scenario())


def test_a_fulfillments_events_are_about_its_number(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """Shopify names it once, with the fulfillment."""
    fulfillment = {
        "id": 7,
        "order_id": 42,
        "status": "success",
        "created_at": "2026-11-25T10:00:00Z",
        "tracking_company": "UPS",
        "tracking_number": "1Z88A01Y0300000004",
    }
    event = {
        "id": 9,
        "fulfillment_id": 7,
        "order_id": 42,
        "status": "delivered",
        "happened_at": "2026-11-25T11:00:00Z",
    }

    async def scenario() -> None:
        feeds = feeds_of(tmp_path, FEEDS, SECRET=SECRET)
        async with service(cluster, feeds, now=lambda: NOW) as running:
            for topic, said in (
                ("fulfillments/create", fulfillment),
                ("fulfillment_events/create", event),
            ):
                body = json.dumps(said).encode()
                sign = b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
                headers = {"X-Shopify-Hmac-Sha256": sign, "X-Shopify-Topic": topic}
                answer = await running.send("/in/shopify/shop", body, headers=headers)
                assert answer.status == 200
            found = {(key, status) for key, status, _ in await uploads(running)}
        number = fulfillment["tracking_number"]
        assert found == {(number, "ordered"), (number, "delivered")}

    asyncio.run(scenario())
