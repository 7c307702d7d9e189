"""A robot of a WeCom group.

https://developer.work.weixin.qq.com/document/path/99110: Markdown of 4,096 bytes, 20 messages a
minute. Codes: https://developer.work.weixin.qq.com/document/path/90313.
"""

from __future__ import annotations

from streams.notify.channels.cards import CardChannel, by_code, by_status, encoded
from streams.notify.channels.http import Answer, Request
from streams.notify.channels.table import AddressTable, Around
from streams.notify.message import Limits, Message, Outcome
from streams.notify.texts.dialects import WECOM
from streams.notify.texts.texts import Card

LIMITS = Limits(per_minute=20, max_bytes=4_096)

_TOO_MANY = (45009, 45033)
_REFUSED = {
    40008: "messages of this type are not allowed",
    40058: "it is malformed or too long",
    44004: "it is empty",
    45002: "it is too long",
    93000: "there is no such robot",
    93004: "the robot was switched off",
    93008: "the robot is not in the group",
    93017: "the robot may not post there",
}


class WeCom(CardChannel):
    """Says Markdown, with its links in the text: a robot's messages have no buttons."""

    dialect = WECOM
    has_buttons = False

    def __init__(self, table: WeComTable, around: Around) -> None:
        super().__init__(table, around)
        self._url = table.address(around)

    def request(self, card: Card, message: Message, now: float) -> Request:
        """The text."""
        value = {"msgtype": "markdown", "markdown": {"content": self._content(card)}}
        return Request(self._url, encoded(value))

    def size(self, card: Card, message: Message) -> int:
        """The limit is that of the text, not of the request."""
        return len(self._content(card).encode())

    def _content(self, card: Card) -> str:
        return f"### {self.dialect.marked(card.title)}\n{card.text}"

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """By `errcode`: an error comes with status 200."""
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        found = answer.json()
        words = found.get("errmsg", "")
        return by_code(answer, found.get("errcode"), words, _TOO_MANY, _REFUSED)


class WeComTable(AddressTable):
    """`type = "wecom"`."""

    most = LIMITS

    def make(self, around: Around) -> WeCom:
        """The channel. Raises WrongChannel."""
        return WeCom(self, around)
