"""What a channel is given to send, what it answers, and what it says of its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from schemas import ShipmentWarning

Change = Literal["new", "breached", "reminder", "escalation", "again", "resolved", "withdrawn"]
"""Why a warning is told of. `new`: it opened, or opened again; `reminder`: its deadline nears;
`escalation`: nobody acknowledged it in time; `again`: an acknowledgement ended, it still stands."""

Kind = Literal["standing", "over", "test"]
"""What all of a message is about: what stands, what is over (resolved, withdrawn), or a trial.
One message never has both."""

Locale = Literal["zh", "en"]

MOST_ITEMS = 200
"""Items that a message carries in full; of further ones it has the number."""

URGENT = 5
"""Further warnings that a digest names."""

MERGED = "*"
"""Stands for the group of a message that was made of several."""

MERGE_ABOVE = 20
"""Groups that may wait for a channel without a limit before they become one message."""


@dataclass(frozen=True, slots=True)
class Item:
    """A warning as published, and why it is told of; `step` is which reminder, in hours before the
    deadline."""

    warning: ShipmentWarning
    change: Change
    step: int | None = None
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Whose warnings they are; `shop_id` is None where the warning names no shop."""

    platform: str
    shop_id: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands of the group when the message is made: all, those that nobody has acknowledged
    or snoozed, and all by severity, rule and state. `by_change` is of what the message is about,
    also of what it has only the number of."""

    standing: int
    unattended: int
    by_severity: Mapping[str, int] = field(default_factory=dict)
    by_rule: Mapping[str, int] = field(default_factory=dict)
    by_state: Mapping[str, int] = field(default_factory=dict)
    by_change: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is to say at one time: one card, or one digest.

    `key` is the idempotency key: 32 hexadecimal digits, the same for every attempt, another for
    every other message. `changed` is what it is about, the most urgent first, each warning once;
    `changed_more` is how many further ones there are. `since` is when this route last spoke of this
    group on this channel. `urgent` and `counts` are of digests alone: what stands besides.
    """

    key: str
    kind: Kind
    route: str
    channel: str
    locale: Locale
    zone: ZoneInfo
    made_at: datetime
    group: Group | None
    since: datetime | None
    changed: tuple[Item, ...]
    changed_more: int = 0
    urgent: tuple[Item, ...] = ()
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it, in so many messages of its own; `reference` is its name for it."""

    parts: int = 1
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many at a time: nothing is wrong with the message; again in `after_s` seconds."""

    after_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It may work later: no connection, no answer, 5xx. Whether it arrived is not known."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never work as it is: a wrong key, a robot that was removed, a text not allowed."""

    reason: str


Outcome = Sent | Throttled | Failed | Refused
"""A reason is one line, and holds no secret, no token and no address with one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel takes: messages a minute (None: no limit is known), and bytes of one."""

    per_minute: int | None
    max_bytes: int


class Channel(Protocol):
    """A place where people look. `send` raises nothing but CancelledError, and ends in 20 s."""

    @property
    def limits(self) -> Limits:
        """What it takes."""

    async def send(self, message: Message) -> Outcome:
        """Say it once; who calls decides about another attempt."""

    async def close(self) -> None:
        """Let go of connections."""
