"""How Taobao is asked for an order: `taobao.trade.fullinfo.get` of TOP.

From memory and second hand: gateway, parameters and signature are unverified. Persons and streets
are not among the fields that are asked for.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from streams.inputs.sources.asking import Api, Credentials, Query, answers_of
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import Object, inner, text
from streams.inputs.sources.signing import hmac_sha256
from streams.inputs.sources.taobao.mapping import TRADE

_FIELDS = (
    "tid,status,payment,pay_time,modified,consign_time,est_con_time,step_trade_status,"
    "shipping_type,receiver_state,receiver_city,receiver_district,orders"
)


def query(order_id: str, who: Credentials, at: datetime) -> Query:
    """The request for an order."""
    signed = {
        "app_key": who.app_key,
        "fields": _FIELDS,
        "format": "json",
        "method": "taobao.trade.fullinfo.get",
        "session": who.token,
        "sign_method": "hmac-sha256",
        "tid": order_id,
        "timestamp": f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        "v": "2.0",
    }
    line = "".join(name + value for name, value in sorted(signed.items()))
    sign = hmac_sha256(who.secret, line.encode()).hex().upper()
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
    body = urlencode({**signed, "sign": sign}).encode()
    return Query("POST", "/router/rest", {}, headers, body)


def failed(said: Object) -> tuple[str, ...]:
    """The codes of an answer that is no order."""
    if TRADE in said:
        return ()
    error = inner(said, "error_response")
    return tuple(filter(None, (text(error, "sub_code"), text(error, "code")))) or ("no_code",)


API = Api(
    address="https://eco.taobao.com",
    needs=("app_key", "secret", "token"),
    says="time of payment, address, promised time, goods, numbers, changes of them",
    query=query,
    failed=failed,
    answers=answers_of("streams.inputs.sources.taobao"),
    own_secret=True,
)
