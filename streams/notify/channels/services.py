"""Any service that Apprise knows, as plain text: https://appriseit.com/services/.

Apprise says of a message only whether it worked, and of several services takes an error that comes
with status 200 for success. So what has a channel of its own here is not sent through it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streams.notify.channels.cards import fault
from streams.notify.channels.table import Around, Table, WrongChannel
from streams.notify.message import Failed, Limits, Message, Outcome, Refused, Sent
from streams.notify.texts.dialects import PLAIN
from streams.notify.texts.texts import Card, TooLong, WrongTemplate
from streams.telemetry.secrets import hide

if TYPE_CHECKING:
    from apprise import NotifyBase

LIMITS = Limits(per_minute=60, max_bytes=4_000)
"""Services differ; Apprise divides what is too long for one."""

OWN = {
    "dingtalk": "dingtalk",
    "feishu": "feishu",
    "lark": "feishu",
    "wecombot": "wecom",
    "slack": "slack",
    "msteams": "teams",
    "workflow": "teams",
    "workflows": "teams",
    "tgram": "telegram",
    "mailto": "email",
    "mailtos": "email",
    "json": "webhook",
    "jsons": "webhook",
}
"""Kinds of Apprise's URLs → the channels that do this better here."""


class Service:
    """Says the text by Apprise, in a thread: Apprise waits."""

    def __init__(self, table: ServiceTable, around: Around) -> None:
        self.limits = table.limits
        self._around = around
        self._service = table.service(around)

    def __repr__(self) -> str:
        """No URL."""
        return f"<Service {self._around.name}>"

    def _card(self, message: Message) -> Card:
        return self._around.texts.card(
            message,
            PLAIN,
            self._around.links,
            lambda card: len((card.title + card.text).encode()) <= self.limits.max_bytes,
        )

    async def send(self, message: Message) -> Outcome:
        """Say it once."""
        try:
            card = self._card(message)
            worked = await asyncio.to_thread(
                self._service.notify, body=card.text, title=card.title, body_format="text"
            )
        except (TooLong, WrongTemplate) as error:
            return Refused(str(error))
        except Exception as error:
            return fault(self._around.name, error)
        return Sent() if worked else Failed("Apprise says that it failed, and not why")

    def preview(self, message: Message) -> str:
        """What a reader would see of it."""
        card = self._card(message)
        return f"{card.title}\n\n{card.text}"

    async def close(self) -> None:
        """Nothing is kept open."""


class ServiceTable(Table):
    """`type = "apprise"`."""

    most = LIMITS

    url_file: str = ""
    url_env: str = ""

    def service(self, around: Around) -> NotifyBase:
        """The service of a URL. Raises WrongChannel."""
        field = "url_file" if self.url_file else "url_env"
        url = self.secret("url", around)
        hide(url)
        scheme = url.partition("://")[0].lower()
        if scheme in OWN:
            raise WrongChannel(field, f"{scheme}:// has a channel here: type = {OWN[scheme]!r}")
        try:
            from apprise import Apprise
        except ModuleNotFoundError as error:
            why = f"'apprise' needs {error.name}: pip install 'shipsentry[notify-apprise]'"
            raise WrongChannel("type", why) from None
        found = Apprise.instantiate(url, suppress_exceptions=True)
        if found is None:
            raise WrongChannel(field, "what it holds is no URL that Apprise knows")
        return found

    def make(self, around: Around) -> Service:
        """The channel. Raises WrongChannel."""
        return Service(self, around)
