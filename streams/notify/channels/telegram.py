"""A bot of Telegram, in one chat.

https://core.telegram.org/bots/api#sendmessage (4,096 characters, HTML, keyboards),
#making-requests (answers, `retry_after`), https://core.telegram.org/bots/faq (20 messages a minute
to a group, one a second to a chat).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from streams.notify.channels.cards import WAIT_S, CardChannel, by_status, encoded
from streams.notify.channels.http import Answer, Request, retry_after, said, web_address
from streams.notify.channels.table import Around, Table
from streams.notify.message import Failed, Limits, Message, Outcome, Refused, Sent, Throttled
from streams.notify.texts.dialects import TELEGRAM
from streams.notify.texts.texts import Card
from streams.telemetry.secrets import hide

LIMITS = Limits(per_minute=20, max_bytes=4_096)

_MOST_WAIT_S = 3600.0


class Telegram(CardChannel):
    """Says HTML of Telegram's few tags."""

    dialect = TELEGRAM

    def __init__(self, table: TelegramTable, around: Around) -> None:
        super().__init__(table, around)
        self._token = table.secret("token", around)
        self._address = table.address.rstrip("/")
        self._chat_id = table.chat_id
        hide(f"bot{self._token}")

    def request(self, card: Card, message: Message, now: float) -> Request:
        """The text, with links as a keyboard below it."""
        value: dict[str, object] = {
            "chat_id": self._chat_id,
            "text": self._text(card),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        if card.buttons:
            row = [{"text": each.text, "url": each.url} for each in card.buttons]
            value["reply_markup"] = {"inline_keyboard": [row]}
        return Request(f"{self._address}/bot{self._token}/sendMessage", encoded(value))

    def size(self, card: Card, message: Message) -> int:
        """Telegram counts what is left once tags are read, in units of UTF-16: fewer than here."""
        return len(self._text(card).encode("utf-16-le")) // 2

    def _text(self, card: Card) -> str:
        return f"{self.dialect.bold(card.title)}\n\n{card.text}"

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """By `ok`; errors have a code like HTTP's."""
        found = answer.json()
        parameters = found.get("parameters")
        parameters = parameters if isinstance(parameters, dict) else {}
        if found.get("ok") is True:
            result = found.get("result")
            number = result.get("message_id") if isinstance(result, dict) else None
            return Sent(reference=None if number is None else said(number))
        reason = f"error {said(found.get('error_code'))}: {said(found.get('description', ''))}"
        wait = parameters.get("retry_after")
        if isinstance(wait, int) and wait > 0:
            return Throttled(min(float(wait), _MOST_WAIT_S), reason)
        if answer.status == 429:
            return Throttled(retry_after(answer, WAIT_S, now), reason)
        if (moved := parameters.get("migrate_to_chat_id")) is not None:
            return Refused(f"the group has become another one: its chat_id is {said(moved)} now")
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        if answer.status >= 400:
            return Refused(reason if found else f"HTTP {answer.status}")
        return Failed("the answer is not Telegram's")


class TelegramTable(Table):
    """`type = "telegram"`. `address` is that of a Bot API server of one's own."""

    most = LIMITS

    token_file: str = ""
    token_env: str = ""
    chat_id: Annotated[str, Field(min_length=1, max_length=64)]
    address: Annotated[str, AfterValidator(web_address)] = "https://api.telegram.org"

    def make(self, around: Around) -> Telegram:
        """The channel. Raises WrongChannel."""
        return Telegram(self, around)
