"""From a table of the routes' file to a channel, or to what is wrong with it."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from streams.notify.channels.dingtalk import DingTalkTable
from streams.notify.channels.feishu import FeishuTable
from streams.notify.channels.mail import MailTable
from streams.notify.channels.services import ServiceTable
from streams.notify.channels.slack import SlackTable
from streams.notify.channels.table import Around, Table, WrongChannel
from streams.notify.channels.teams import TeamsTable
from streams.notify.channels.telegram import TelegramTable
from streams.notify.channels.webhook import WebhookTable
from streams.notify.channels.wecom import WeComTable
from streams.notify.message import Channel, Message
from streams.notify.texts.links import Links
from streams.notify.texts.texts import Texts

TYPES: dict[str, type[Table]] = {
    "dingtalk": DingTalkTable,
    "feishu": FeishuTable,
    "wecom": WeComTable,
    "slack": SlackTable,
    "teams": TeamsTable,
    "telegram": TelegramTable,
    "email": MailTable,
    "webhook": WebhookTable,
    "apprise": ServiceTable,
}
"""Every `type` of a channel."""

SECRETS = ("url", "secret", "token", "password")
"""What never stands in the file itself."""

_LONGEST_SHOWN = 60


class Previewed(Protocol):
    """A channel that says what a reader would see."""

    def preview(self, message: Message) -> str:
        """The text."""


def make_channel(
    name: str,
    table: Mapping[str, object],
    links: Links | None,
    texts: Texts,
    *,
    environment: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.time,
) -> Channel:
    """The channel of a table `[channels.NAME]`; nothing is asked of its server yet.

    From now on no line of the log shows its secrets. Raises WrongChannel.
    """
    kind = table.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        given = "it is needed" if kind is None else repr(kind)[:_LONGEST_SHOWN]
        close = difflib.get_close_matches(str(kind), TYPES, 1)
        meant = f", did you mean {close[0]!r}?" if close else ""
        raise WrongChannel("type", f"{given}: allowed are {', '.join(TYPES)}{meant}")
    try:
        said = TYPES[kind].model_validate(dict(table))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise WrongChannel(where, _why(problem, TYPES[kind])) from None
    return said.make(Around(name, links, texts, clock, environment))


def preview(channel: Channel, message: Message) -> str:
    """What a reader of the channel would see of a message. Raises TooLong, WrongTemplate."""
    previewed: Previewed = channel  # type: ignore[assignment] # all that are made here are
    return previewed.preview(message)


def _why(problem: Any, table: type[Table]) -> str:
    """What is wrong with a field, in a sentence; no value of a key that is none."""
    name = str(problem["loc"][-1])
    if problem["type"] == "extra_forbidden":
        if name in SECRETS:
            files = f"name a file ({name}_file) or a variable ({name}_env)"
            return f"secrets do not stand here: {files}"
        allowed = [field.alias or key for key, field in table.model_fields.items()]
        close = difflib.get_close_matches(name, allowed, 1)
        meant = f", did you mean {close[0]}?" if close else ""
        return f"there is no such field{meant}: allowed are {', '.join(allowed)}"
    if problem["type"] == "missing":
        return "it is needed"
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = repr(problem["input"])[:_LONGEST_SHOWN]
    return message if message.startswith(value) else f"{value}: {message}"
