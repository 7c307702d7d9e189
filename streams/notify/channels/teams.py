"""A channel of Microsoft Teams, by a workflow "when a Teams webhook request is received".

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
(adaptive cards, four requests a second, 28 KB of a message). Others measured that 21 KB already are
too much (https://rubydoc.info/gems/msteams_hermes/MsTeamsHermes/Message); 20,000 bytes are sent.
The older connectors answer 200 to a message that failed, and say so in the body.
"""

from __future__ import annotations

import re

from streams.notify.channels.cards import WAIT_S, CardChannel, by_status, encoded
from streams.notify.channels.http import Answer, Request, said
from streams.notify.channels.table import AddressTable, Around
from streams.notify.message import Failed, Limits, Message, Outcome, Refused, Sent, Throttled
from streams.notify.texts.dialects import TEAMS
from streams.notify.texts.texts import Card

LIMITS = Limits(per_minute=240, max_bytes=20_000)

_COLOURS = {"critical": "attention", "warning": "warning", "info": "accent", "over": "good"}
_WITHIN = re.compile(r"HTTP error (\d{3})")


class Teams(CardChannel):
    """Says an adaptive card."""

    dialect = TEAMS

    def __init__(self, table: TeamsTable, around: Around) -> None:
        super().__init__(table, around)
        self._url = table.address(around)

    def request(self, card: Card, message: Message, now: float) -> Request:
        """The card."""
        title = {
            "type": "TextBlock",
            "text": self.dialect.marked(card.title),
            "weight": "bolder",
            "size": "large",
            "wrap": True,
            "color": _COLOURS[card.tone],
        }
        text = {"type": "TextBlock", "text": card.text, "wrap": True}
        actions = [
            {"type": "Action.OpenUrl", "title": each.text, "url": each.url} for each in card.buttons
        ]
        content = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [title, text],
            "actions": actions,
            "msteams": {"width": "Full"},
        }
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": content,
        }
        return Request(self._url, encoded({"type": "message", "attachments": [attachment]}))

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """202 of a workflow; of a connector 200 with `1`, or with words of what failed."""
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        if answer.status >= 400:
            return Refused(f"HTTP {answer.status}")
        if (within := _WITHIN.search(answer.text())) is None:
            return Sent()
        status = int(within[1])
        reason = said(f"HTTP {answer.status}, within it HTTP error {status}")
        if status == 429:
            return Throttled(WAIT_S, reason)
        return Refused(reason) if status in (400, 404, 410, 413) else Failed(reason)


class TeamsTable(AddressTable):
    """`type = "teams"`."""

    most = LIMITS

    def make(self, around: Around) -> Teams:
        """The channel. Raises WrongChannel."""
        return Teams(self, around)
