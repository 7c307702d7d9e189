"""Links of a message: to a warning's page, and to pages on which one act is confirmed.

What a link allows stands in it, signed: one act, on one warning, while it is in one state, until a
moment. Opening it does nothing, as chat programs open links to show what is behind them; the page
that it leads to has the button.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

from itsdangerous import BadSignature, Signer

from schemas import ShipmentWarning
from streams.notify.message import Message

PATH = "/linked/"
"""Under which the desk has the pages."""

LASTS = timedelta(days=3)
"""How long a link is good, from when its message was made."""

LinkedAct = Literal["acknowledge", "snooze"]

_PARTS = 5


class Urls(NamedTuple):
    """Where a warning's links lead."""

    open: str
    acknowledge: str
    snooze: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a link allows: an act on a warning while it is in `state`. `route` sent the link."""

    act: LinkedAct
    warning_id: str
    state: str
    route: str
    until: datetime


class Links:
    """Makes links and reads them. `key` is secret, and the same at every desk of a database."""

    def __init__(self, base_url: str, key: bytes) -> None:
        self._base = base_url.rstrip("/")
        self._signer = Signer(
            key, salt="shipsentry.links", key_derivation="hmac", digest_method=hashlib.sha256
        )

    def of(self, warning: ShipmentWarning, message: Message) -> Urls:
        """The links of a warning in a message."""
        until = int((message.made_at + LASTS).timestamp())

        def url(act: LinkedAct) -> str:
            # Names of routes have no full stop; the signer puts its own last.
            said = ".".join((act, warning.warning_id, warning.state, message.route, str(until)))
            return self._base + PATH + self._signer.sign(said).decode()

        page = f"{self._base}/warnings/{warning.warning_id}"
        return Urls(page, url("acknowledge"), url("snooze"))

    def listed(self) -> str:
        """Where the list of all warnings is."""
        return f"{self._base}/warnings"

    def read(self, token: str, now: datetime) -> Allowed | None:
        """What a link allows, also once it is too late (`until`); None: we made no such link."""
        try:
            parts = self._signer.unsign(token).decode().split(".")
        except (BadSignature, UnicodeError):
            return None
        if len(parts) != _PARTS or parts[0] not in get_args(LinkedAct):
            return None
        act, warning_id, state, route, until = parts
        end = datetime.fromtimestamp(int(until), now.tzinfo)
        return Allowed(act, warning_id, state, route, end)  # type: ignore[arg-type] # it is one
