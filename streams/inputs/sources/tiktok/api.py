"""How TikTok Shop is asked for an order: *Get Order Detail* of version 202309.

Second hand: its signature as several programs make it.
"""

from __future__ import annotations

from datetime import datetime

from streams.inputs.sources.asking import Api, Credentials, Query, answers_of
from streams.inputs.sources.parts import Object, text
from streams.inputs.sources.signing import hmac_sha256

_PATH = "/order/202309/orders"


def query(order_id: str, who: Credentials, at: datetime) -> Query:
    """The request for an order."""
    signed = {
        "app_key": who.app_key,
        "ids": order_id,
        "shop_cipher": who.shop_cipher,
        "timestamp": str(int(at.timestamp())),
    }
    line = _PATH + "".join(name + value for name, value in sorted(signed.items()))
    sign = hmac_sha256(who.secret, f"{who.secret}{line}{who.secret}".encode()).hex()
    headers = {"Content-Type": "application/json", "x-tts-access-token": who.token}
    return Query("GET", _PATH, {**signed, "sign": sign}, headers)


def failed(said: Object) -> tuple[str, ...]:
    """The code of an answer that is no order."""
    code = text(said, "code")
    return () if code == "0" else (code or "no_code",)


API = Api(
    address="https://open-api.tiktokglobalshop.com",
    needs=("app_key", "secret", "token", "shop_cipher"),
    says="the order itself: time of payment, amount, promised time, goods, numbers",
    query=query,
    failed=failed,
    answers=answers_of("streams.inputs.sources.tiktok"),
)
