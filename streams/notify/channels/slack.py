"""An incoming webhook of Slack, or of what speaks as it does (Mattermost).

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (answers and errors),
https://docs.slack.dev/apis/web-api/rate-limits (one message a second),
https://docs.slack.dev/reference/block-kit/blocks/section-block (3,000 characters of a section).
All blocks together are refused from some 13,000 characters on
(https://github.com/slackapi/bolt-js/issues/2509); 12,000 are sent.
"""

from __future__ import annotations

from streams.notify.channels.cards import WAIT_S, CardChannel, by_status, encoded
from streams.notify.channels.http import Answer, Request, retry_after, said
from streams.notify.channels.table import AddressTable, Around
from streams.notify.message import Failed, Limits, Message, Outcome, Refused, Sent, Throttled
from streams.notify.texts.dialects import SLACK
from streams.notify.texts.texts import Card

LIMITS = Limits(per_minute=60, max_bytes=12_000)

LONGEST_SECTION = 3_000
_LONGEST_HEADER = 150
_TOO_MANY = ("rate_limited", "ratelimited", "message_limit_exceeded")
_LATER = ("rollup_error", "internal_error", "fatal_error", "service_unavailable")


class Slack(CardChannel):
    """Says blocks. Its links are in the text: Slack reports a press of a button to an app's own
    address, and shows a mark where there is none."""

    dialect = SLACK
    has_buttons = False

    def __init__(self, table: SlackTable, around: Around) -> None:
        super().__init__(table, around)
        self._url = table.address(around)

    def request(self, card: Card, message: Message, now: float) -> Request:
        """The blocks; `text` is what notifications show."""
        header = {"type": "plain_text", "text": card.title[:_LONGEST_HEADER], "emoji": False}
        blocks: list[dict[str, object]] = [{"type": "header", "text": header}]
        blocks += [
            {"type": "section", "text": {"type": "mrkdwn", "text": each, "verbatim": True}}
            for each in sections(card.text)
        ]
        value = {"text": self.dialect.marked(card.title), "blocks": blocks, "unfurl_links": False}
        return Request(self._url, encoded(value))

    def size(self, card: Card, message: Message) -> int:
        """Slack counts characters; a paragraph that no section takes fits nowhere."""
        if any(len(each) > LONGEST_SECTION for each in card.text.split("\n\n")):
            return self.limits.max_bytes + 1
        return len(card.title) + len(card.text)

    def verdict(self, answer: Answer, now: float) -> Outcome:
        """`ok`, or a word for what is wrong."""
        found = answer.json()
        word = str(found.get("error", "")) if found else said(answer.text().strip())
        if word in _TOO_MANY:
            return Throttled(retry_after(answer, WAIT_S, now), said(word))
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        if answer.status < 300 and (found.get("ok") is True if found else word == "ok"):
            return Sent()
        if word in _LATER:
            return Failed(said(word))
        if answer.status >= 400 or found.get("ok") is False:
            return Refused(said(f"HTTP {answer.status}: {word}"))
        return Failed("the answer is not Slack's")


def sections(text: str) -> list[str]:
    """A text as sections that are not too long, divided between its paragraphs."""
    found: list[str] = []
    for paragraph in text.split("\n\n"):
        joined = f"{found[-1]}\n\n{paragraph}" if found else paragraph
        if found and len(joined) <= LONGEST_SECTION:
            found[-1] = joined
        else:
            found.append(paragraph)
    return found


class SlackTable(AddressTable):
    """`type = "slack"`."""

    most = LIMITS

    def make(self, around: Around) -> Slack:
        """The channel. Raises WrongChannel."""
        return Slack(self, around)
