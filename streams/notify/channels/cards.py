"""What channels have in common that say a card by one HTTP request."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Any

from streams.notify.channels.http import Answer, Poster, Request, Unanswered, retry_after, said
from streams.notify.channels.table import Around, Table
from streams.notify.message import Failed, Limits, Message, Outcome, Refused, Sent, Throttled
from streams.notify.texts.dialects import PLAIN, Dialect
from streams.notify.texts.texts import Card, TooLong, WrongTemplate
from streams.telemetry.events import event

log = logging.getLogger(__name__)

WAIT_S = 60.0
"""After a server found us too many and does not say for how long: limits are those of a minute."""


class CardChannel:
    """Says a card by one request. A kind of channel says in which markup, how, and what it takes an
    answer for."""

    dialect: Dialect
    has_buttons = True

    def __init__(self, table: Table, around: Around) -> None:
        self.limits: Limits = table.limits
        self.around = around
        self._poster = Poster(table.timeout_s)

    def __repr__(self) -> str:
        """No address and no secret."""
        return f"<{type(self).__name__} {self.around.name}>"

    def request(self, card: Card, message: Message, now: float) -> Request:
        """What to post; `now` in seconds since the epoch."""
        raise NotImplementedError

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """What an answer says."""
        raise NotImplementedError

    def size(self, card: Card, message: Message) -> int:
        """How large a card is, as its limit counts."""
        return len(self.request(card, message, 0.0).body)

    def card(self, message: Message) -> Card:
        """As much of a message as the channel takes. Raises TooLong, WrongTemplate."""
        return self.around.texts.card(
            message,
            self.dialect,
            self.around.links,
            lambda card: self.size(card, message) <= self.limits.max_bytes,
            buttons=self.has_buttons,
        )

    async def send(self, message: Message) -> Outcome:
        """Say it once."""
        now = self.around.clock()
        try:
            request = self.request(self.card(message), message, now)
            answer = await self._poster.post(request)
            return self.verdict(answer, now)
        except Unanswered as error:
            return Failed(str(error))
        except (TooLong, WrongTemplate) as error:
            return Refused(str(error))
        except Exception as error:
            return fault(self.around.name, error)

    def preview(self, message: Message) -> str:
        """What a reader would see of it, without its markup."""
        size = self.card(message).size
        card = self.around.texts.sized(message, PLAIN, self.around.links, size, buttons=True)
        buttons = "  ".join(f"[{button.text}]" for button in card.buttons)
        return "\n\n".join(filter(None, (card.title, card.text, buttons)))

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def fault(name: str, error: Exception) -> Failed:
    """A fault of ours: told by its place, as its words may have what was to be sent."""
    place = extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    log.error(
        "channel %(channel)s: %(error)s at %(place)s",
        event("notify_channel_broken", channel=name, error=type(error).__name__, place=where),
    )
    return Failed(f"a fault of ShipSentry's own: {type(error).__name__} at {where}")


def encoded(value: Any) -> bytes:
    """JSON as it is sent: characters as they are, since limits count bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def by_code(
    answer: Answer, code: object, words: object, too_many: Sequence[int], refused: Mapping[int, str]
) -> Outcome:
    """What the code in an answer's body says, 0 for success; one that nobody knows may pass."""
    if code is None:
        status = f"HTTP {answer.status}"
        return Refused(status) if answer.status >= 400 else Failed("the answer is no robot's")
    reason = f"code {said(code)}: {said(words)}"
    if code == 0:
        return Sent()
    if code in too_many:
        return Throttled(WAIT_S, reason)
    if code in refused:
        return Refused(f"{refused[code]} ({reason})")  # type: ignore[index] # it is one of them
    return Failed(reason)


def by_status(answer: Answer, now: float) -> Outcome | None:
    """What the status alone says; None: the body has the word."""
    status = f"HTTP {answer.status}"
    if answer.status == 429:
        return Throttled(retry_after(answer, WAIT_S, now), status)
    if answer.status == 503 and "Retry-After" in answer.headers:
        return Throttled(retry_after(answer, WAIT_S, now), status)
    if answer.status in (408, 425) or answer.status >= 500:
        return Failed(status)
    if 300 <= answer.status < 400:
        return Failed(f"{status}: redirections are not followed")
    return None
