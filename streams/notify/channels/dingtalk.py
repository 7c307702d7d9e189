"""A custom robot of a DingTalk group.

https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages (messages, signature, 20
a minute), custom-bot-send-message-type (Markdown, action cards). Codes: the table of errors there,
and of Alibaba Cloud's alerts, https://help.aliyun.com/zh/sls/error-codes. 20,000 bytes are what the
robot itself says in its error 460101.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote_plus

from streams.notify.channels.cards import WAIT_S, CardChannel, by_code, by_status, encoded
from streams.notify.channels.http import Answer, Request
from streams.notify.channels.table import Around, SignedTable
from streams.notify.message import Limits, Message, Outcome, Throttled
from streams.notify.texts.dialects import DINGTALK
from streams.notify.texts.texts import Card

LIMITS = Limits(per_minute=20, max_bytes=20_000)

_TOO_MANY = (130101, 130102, 410100, 90018, 90030)
_REFUSED = {
    310000: "its security settings do not let the message pass (keyword, signature, address)",
    300001: "there is no such robot",
    300005: "there is no such robot",
    400013: "the group was dissolved",
    400101: "there is no such robot",
    400102: "the robot was switched off",
    400105: "messages of this type are not allowed",
    400106: "there is no such robot",
    430101: "its link is not allowed",
    430102: "its text is not allowed",
    430103: "its picture is not allowed",
    430104: "its text is not allowed",
    460101: "it is too long",
    101002: "it is too long",
    40035: "it is malformed",
    43004: "it is malformed",
}


def signature(secret: str, timestamp_ms: int) -> str:
    """What proves a request: HMAC-SHA256 of "timestamp\\nsecret" by the secret, as Base64."""
    text = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


class DingTalk(CardChannel):
    """Says an action card with the links of the one warning that it is about, else Markdown."""

    dialect = DINGTALK

    def __init__(self, table: DingTalkTable, around: Around) -> None:
        super().__init__(table, around)
        self._url = table.address(around)
        self._secret = table.secret("secret", around, needed=False)
        self._keyword = table.keyword

    def request(self, card: Card, message: Message, now: float) -> Request:
        """The card, signed where the robot asks for that."""
        text = f"### {self.dialect.marked(card.title)}\n\n{card.text}"
        if self._keyword not in card.title + card.text:
            text += f"\n\n{self.dialect.marked(self._keyword)}"
        value: dict[str, object]
        if card.buttons:
            buttons = [{"title": each.text, "actionURL": each.url} for each in card.buttons]
            side_by_side = {"btnOrientation": "1", "btns": buttons}
            value = {
                "msgtype": "actionCard",
                "actionCard": {"title": card.title, "text": text, **side_by_side},
            }
        else:
            value = {"msgtype": "markdown", "markdown": {"title": card.title, "text": text}}
        url = self._url
        if self._secret:
            stamp = int(now * 1000)
            proof = quote_plus(signature(self._secret, stamp))
            url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={proof}"
        return Request(url, encoded(value))

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """By `errcode`: an error comes with status 200."""
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        found = answer.json()
        if found.get("punish"):
            # The gateway before the robots turns away whoever asks too often.
            wait = found.get("wait")
            seconds = wait if isinstance(wait, int | float) and wait > 0 else WAIT_S
            return Throttled(min(float(seconds), 600.0), "turned away by the gateway")
        words = found.get("errmsg", "")
        return by_code(answer, found.get("errcode"), words, _TOO_MANY, _REFUSED)


class DingTalkTable(SignedTable):
    """`type = "dingtalk"`."""

    most = LIMITS

    def make(self, around: Around) -> DingTalk:
        """The channel. Raises WrongChannel."""
        return DingTalk(self, around)
