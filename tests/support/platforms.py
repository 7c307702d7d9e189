"""Four platforms on loopback that are asked for orders, made from descriptions of theirs.

Each proves a request in its own way here, and none by the code that is tested.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from support.ports import free_port

APP_KEY, APP_SECRET = "an-app-key", "the-secret-of-the-app"
TOKEN = "a-token+of/the=shop"  # noqa: S105  nobody's
CIPHER = "ROW_cipher"
PERSON, PHONE, STREET = "李小红", "13800138019", "某某街1号"
"""What no record, line or metric may have."""

PAID = 1795232400
"""The Unix time of each payment, 2026-11-21T11:40:00+08:00."""

EXPIRED = {
    "douyin": {"code": 40003, "msg": "非法的参数", "sub_code": "isv.access-token-expired"},
    "tiktok": {"code": 105002, "message": "Expired credentials."},
    "wechat": {"errcode": 42001, "errmsg": "access_token expired"},
    "taobao": {"error_response": {"code": 27, "msg": "Invalid session"}},
}
THROTTLED = {
    "douyin": {"code": 60000, "msg": "超过限流限制"},
    "tiktok": {"code": 36009002, "message": "Too many requests."},
    "wechat": {"errcode": 45011, "errmsg": "api minute-quota reach limit"},
    "taobao": {"error_response": {"code": 7, "msg": "App Call Limited"}},
}
ABSENT: dict[str, dict[str, Any]] = {
    "douyin": {"code": 50002, "msg": "业务处理失败", "sub_code": "isv.business-failed:4"},
    "tiktok": {"code": 0, "data": {"orders": []}},
    "wechat": {"errcode": 10020001, "errmsg": "order not found"},
    "taobao": {"error_response": {"code": 15, "sub_code": "isv.trade-not-exist"}},
}

Answer = dict[str, Any] | int | asyncio.Event
"""A body, a status, or an answer that is held back until the event."""


def signed(secret: str, text: str) -> str:
    """HMAC-SHA256, in lower hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def joined(parameters: dict[str, str]) -> str:
    """Names and values, sorted by name."""
    return "".join(name + parameters[name] for name in sorted(parameters))


class Platforms:
    """What is asked, and what is answered: first what stands in `script`, then the order."""

    def __init__(self, port: int, now: Callable[[], float]) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.token = TOKEN
        self.script: deque[Answer] = deque()
        self.asked: list[tuple[str, str]] = []
        self.province: str | None = "浙江省"
        self.paid = self.updated = PAID
        self._now = now

    async def _answer(self, platform: str, order_id: str, proved: bool) -> web.Response:
        self.asked.append((platform, order_id))
        if not proved:
            return web.json_response(EXPIRED[platform])
        found = _ORDERS[platform](self, order_id)
        answer = self.script.popleft() if self.script else found
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = found
        if isinstance(answer, int):
            return web.Response(status=answer)
        return web.Response(text=json.dumps(answer), content_type="application/json")

    async def douyin(self, request: web.Request) -> web.Response:
        """`order.orderDetail`."""
        query, body = dict(request.query), await request.text()
        sign, token = query.pop("sign"), query.pop("access_token")
        right = query.pop("sign_method") == "hmac-sha256"
        text = APP_SECRET + joined({**query, "param_json": body}) + APP_SECRET
        right &= hmac.compare_digest(sign, signed(APP_SECRET, text)) and token == self.token
        right &= query["method"] == "order.orderDetail" and query["app_key"] == APP_KEY
        right &= abs(int(query["timestamp"]) - self._now()) < 300
        return await self._answer("douyin", json.loads(body)["shop_order_id"], right)

    async def tiktok(self, request: web.Request) -> web.Response:
        """*Get Order Detail*."""
        query = dict(request.query)
        text = f"{APP_SECRET}{request.path}"
        sign = query.pop("sign")
        right = hmac.compare_digest(sign, signed(APP_SECRET, text + joined(query) + APP_SECRET))
        right &= request.headers["x-tts-access-token"] == self.token
        right &= query["shop_cipher"] == CIPHER
        return await self._answer("tiktok", query["ids"], right)

    async def wechat(self, request: web.Request) -> web.Response:
        """`/channels/ec/order/get`."""
        right = request.query["access_token"] == self.token
        return await self._answer("wechat", (await request.json())["order_id"], right)

    async def taobao(self, request: web.Request) -> web.Response:
        """`taobao.trade.fullinfo.get`."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        sign = form.pop("sign")
        right = hmac.compare_digest(sign, signed(APP_SECRET, joined(form)).upper())
        right &= form["session"] == self.token
        right &= (
            form["method"] == "taobao.trade.fullinfo.get" and "receiver_name" not in form["fields"]
        )
        return await self._answer("taobao", form["tid"], right)


def _douyin(asked: Platforms, order_id: str) -> dict[str, Any]:
    detail = {
        "order_id": order_id,
        "shop_id": "77001",
        "pay_time": str(asked.paid),
        "update_time": str(asked.updated),
        "exp_ship_time": str(asked.paid + 172800),
        "pay_amount": "2990",
        "post_addr": {
            "province": {"name": asked.province},
            "city": {"name": "杭州市"},
            "town": {"name": "余杭区"},
            "encrypt_detail": STREET,
        },
        "encrypt_post_receiver": PERSON,
        "encrypt_post_tel": PHONE,
        "sku_order_list": [{"product_id": "3001", "sku_id": "4001", "item_num": "2"}],
        "logistics_info": [],
    }
    return {"code": 10000, "data": {"shop_order_detail": detail}}


def _tiktok(asked: Platforms, order_id: str) -> dict[str, Any]:
    order = {
        "id": order_id,
        "status": "AWAITING_SHIPMENT",
        "paid_time": asked.paid,
        "update_time": asked.updated,
        "rts_sla_time": asked.paid + 172800,
        "payment": {"currency": "USD", "total_amount": "12.50"},
        "recipient_address": {"name": PERSON, "phone_number": PHONE, "address_line1": STREET},
        "line_items": [{"product_id": "1", "sku_id": "2"}],
    }
    return {"code": 0, "data": {"orders": [order]}}


def _wechat(asked: Platforms, order_id: str) -> dict[str, Any]:
    detail = {
        "pay_info": {"pay_time": asked.paid},
        "price_info": {"order_price": 10500},
        "product_infos": [{"product_id": "1", "sku_id": "2", "sku_cnt": 3}],
        "delivery_info": {
            "address_info": {
                "user_name": PERSON,
                "tel_number": PHONE,
                "detail_info": STREET,
                "province_name": asked.province,
                "city_name": "杭州",
            },
        },
    }
    order = {"order_id": order_id, "status": 20, "update_time": asked.updated}
    return {"errcode": 0, "order": {**order, "order_detail": detail}}


def _taobao(asked: Platforms, order_id: str) -> dict[str, Any]:
    trade = {
        "tid": int(order_id),
        "status": "WAIT_SELLER_SEND_GOODS",
        "payment": "30.36",
        "pay_time": "2026-11-21 11:40:00",
        "modified": "2026-11-21 11:40:00",
        "receiver_state": asked.province,
        "receiver_city": "杭州市",
        "receiver_name": PERSON,
        "orders": {"order": [{"num_iid": 7, "sku_id": "8", "num": 1}]},
    }
    return {"trade_fullinfo_get_response": {"trade": trade}}


_ORDERS: dict[str, Callable[[Platforms, str], dict[str, Any]]] = {
    "douyin": _douyin,
    "tiktok": _tiktok,
    "wechat": _wechat,
    "taobao": _taobao,
}


@asynccontextmanager
async def platforms(now: Callable[[], float] = time.time) -> AsyncIterator[Platforms]:
    """The four, while the block lasts; `now` is their clock."""
    port = free_port()
    found = Platforms(port, now)
    application = web.Application()
    application.router.add_post("/order/orderDetail", found.douyin)
    application.router.add_get("/order/202309/orders", found.tiktok)
    application.router.add_post("/channels/ec/order/get", found.wechat)
    application.router.add_post("/router/rest", found.taobao)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield found
    finally:
        await runner.cleanup()
