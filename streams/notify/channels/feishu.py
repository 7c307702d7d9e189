"""A custom robot of a Feishu or Lark group.

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: cards, signature, 100 messages a
minute and 5 a second, 20 KB a request, codes of errors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from streams.notify.channels.cards import WAIT_S, CardChannel, by_code, by_status, encoded
from streams.notify.channels.http import Answer, Request, retry_after, said
from streams.notify.channels.table import Around, SignedTable
from streams.notify.message import Limits, Message, Outcome, Throttled
from streams.notify.texts.dialects import FEISHU
from streams.notify.texts.texts import Card

LIMITS = Limits(per_minute=100, max_bytes=20_000)

_TOO_MANY = (11232, 99991400)
_MALFORMED = 9499
"""Of a malformed request, and also of too many: then the text says so."""
_REFUSED = {
    _MALFORMED: "it is malformed",
    19001: "there is no such robot, or it is malformed",
    19002: "it is malformed",
    19007: "the robot was switched off",
    19021: "the signature is wrong, or the clock is off by an hour",
    19022: "its security settings do not allow this address",
    19024: "its security settings ask for a keyword",
    19036: "it is malformed",
}
_COLOURS = {"critical": "red", "warning": "orange", "info": "blue", "over": "green"}


def signature(secret: str, timestamp_s: int) -> str:
    """What proves a request: HMAC-SHA256 of nothing by "timestamp\\nsecret", as Base64."""
    key = f"{timestamp_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class Feishu(CardChannel):
    """Says an interactive card."""

    dialect = FEISHU

    def __init__(self, table: FeishuTable, around: Around) -> None:
        super().__init__(table, around)
        self._url = table.address(around)
        self._secret = table.secret("secret", around, needed=False)
        self._keyword = table.keyword

    def request(self, card: Card, message: Message, now: float) -> Request:
        """The card, signed where the robot asks for that."""
        text = card.text
        if self._keyword not in card.title + text:
            text += f"\n\n{self.dialect.marked(self._keyword)}"
        elements: list[dict[str, object]] = [
            {"tag": "div", "text": {"tag": "lark_md", "content": text}}
        ]
        if card.buttons:
            actions = [
                {
                    "tag": "button",
                    "text": {"tag": "plain_text", "content": each.text},
                    "url": each.url,
                    "type": "default" if number else "primary",
                }
                for number, each in enumerate(card.buttons)
            ]
            elements.append({"tag": "action", "actions": actions})
        value: dict[str, object] = {
            "msg_type": "interactive",
            "card": {
                "config": {"wide_screen_mode": True},
                "header": {
                    "template": _COLOURS[card.tone],
                    "title": {"tag": "plain_text", "content": card.title},
                },
                "elements": elements,
            },
        }
        if self._secret:
            stamp = int(now)
            value = {"timestamp": str(stamp), "sign": signature(self._secret, stamp), **value}
        return Request(self._url, encoded(value))

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """By `code`: an error comes with status 200 or 400."""
        found = answer.json()
        code = found.get("code", found.get("StatusCode"))
        words = found.get("msg", found.get("StatusMessage", ""))
        if code in _TOO_MANY or (code == _MALFORMED and "too many" in str(words).lower()):
            # Its gateway says in a header for how long, whatever the status.
            return Throttled(retry_after(answer, WAIT_S, now), f"code {code}: {said(words)}")
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        return by_code(answer, code, words, (), _REFUSED)


class FeishuTable(SignedTable):
    """`type = "feishu"`, for Lark too: the address says which."""

    most = LIMITS

    def make(self, around: Around) -> Feishu:
        """The channel. Raises WrongChannel."""
        return Feishu(self, around)
