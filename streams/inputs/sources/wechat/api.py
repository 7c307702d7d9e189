"""How WeChat is asked for an order of a shop: `/channels/ec/order/get`, proved by the token alone.

Path and answer are of test data after the vendor's document; that the token stands in the address
is second hand; the codes of answers are the vendor's own list.
"""

from __future__ import annotations

import json
from datetime import datetime

from streams.inputs.sources.asking import Api, Credentials, Query, answers_of
from streams.inputs.sources.parts import Object, text


def query(order_id: str, who: Credentials, at: datetime) -> Query:
    """The request for an order; nothing in it is of its time."""
    return Query(
        "POST",
        "/channels/ec/order/get",
        {"access_token": who.token},
        {"Content-Type": "application/json"},
        json.dumps({"order_id": order_id}).encode(),
    )


def failed(said: Object) -> tuple[str, ...]:
    """The code of an answer that is no order."""
    code = text(said, "errcode")
    return () if code == "0" or (not code and "order" in said) else (code or "no_code",)


API = Api(
    address="https://api.weixin.qq.com",
    needs=("token",),
    says="address, amount, goods, numbers, changes of the address",
    query=query,
    failed=failed,
    answers=answers_of("streams.inputs.sources.wechat"),
)
