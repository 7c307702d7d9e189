"""How Douyin is asked for an order: `order.orderDetail`, signed by HMAC-SHA256 of all parameters.

Second hand, but for the answer: the vendor's page was not read.
"""

from __future__ import annotations

import json
from datetime import datetime

from streams.inputs.sources.asking import Api, Credentials, Query, answers_of
from streams.inputs.sources.parts import Object, text
from streams.inputs.sources.signing import hmac_sha256

_DONE = ("10000", "0")
"""`code` of an answer; older ones have `err_no`."""


def query(order_id: str, who: Credentials, at: datetime) -> Query:
    """The request for an order."""
    param = json.dumps({"shop_order_id": order_id}, separators=(",", ":"))
    public = {
        "app_key": who.app_key,
        "method": "order.orderDetail",
        "timestamp": str(int(at.timestamp())),
        "v": "2",
    }
    signed = sorted({**public, "param_json": param}.items())
    line = who.secret + "".join(name + value for name, value in signed) + who.secret
    sign = hmac_sha256(who.secret, line.encode()).hex()
    proof = {"access_token": who.token, "sign": sign, "sign_method": "hmac-sha256"}
    headers = {"Content-Type": "application/json"}
    return Query("POST", "/order/orderDetail", {**public, **proof}, headers, param.encode())


def failed(said: Object) -> tuple[str, ...]:
    """The codes of an answer that is no order."""
    code = text(said, "code", "err_no")
    if code in _DONE:
        return ()
    return tuple(filter(None, (text(said, "sub_code"), code))) or ("no_code",)


API = Api(
    address="https://openapi-fxg.jinritemai.com",
    needs=("app_key", "secret", "token"),
    says="address, promised time, goods, numbers, changes of them",
    query=query,
    failed=failed,
    answers=answers_of("streams.inputs.sources.douyin"),
)
