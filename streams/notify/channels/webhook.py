"""A webhook, signed by the Standard Webhooks scheme: for programs.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: headers,
signature, what each status means.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook as Signer

from streams.notify.channels.cards import WAIT_S, by_status, encoded, fault
from streams.notify.channels.http import Poster, Request, Unanswered, retry_after
from streams.notify.channels.table import AddressTable, Around, WrongChannel
from streams.notify.message import (
    Failed,
    Item,
    Limits,
    Message,
    Outcome,
    Refused,
    Sent,
    Throttled,
)
from streams.telemetry.secrets import hide

LIMITS = Limits(per_minute=None, max_bytes=1 << 20)

SHORTEST_KEY = 24
LONGEST_KEY = 64
"""Bytes of a secret."""

TYPES = {
    "standing": "shipment_warnings.standing",
    "over": "shipment_warnings.over",
    "test": "shipment_warnings.test",
}
"""What a message is called to programs."""


class Webhook:
    """Says the message itself, warnings as they were published."""

    def __init__(self, table: WebhookTable, around: Around) -> None:
        self.limits = table.limits
        self._around = around
        self._url = table.address(around)
        self._signers = table.signers(around)
        self._poster = Poster(table.timeout_s)

    def __repr__(self) -> str:
        """No address and no secret."""
        return f"<Webhook {self._around.name}>"

    def request(self, message: Message, now: float) -> Request:
        """The message, signed by each secret."""
        body = encoded(value_of(message))
        at = datetime.fromtimestamp(int(now), UTC)
        proofs = [each.sign(message.key, at, body.decode()) for each in self._signers]
        return Request(
            self._url,
            body,
            {
                "webhook-id": message.key,
                "webhook-timestamp": str(int(now)),
                "webhook-signature": " ".join(proofs),
            },
        )

    async def send(self, message: Message) -> Outcome:
        """Say it once. 410 is a wish to hear no more; every other failure may be a passing one."""
        now = self._around.clock()
        try:
            answer = await self._poster.post(self.request(message, now))
        except Unanswered as error:
            return Failed(str(error))
        except Exception as error:
            return fault(self._around.name, error)
        if 200 <= answer.status < 300:
            return Sent()
        if answer.status == 410:
            return Refused("HTTP 410: whoever listened there wants no more")
        if (outcome := by_status(answer, now)) is not None:
            return outcome
        if "Retry-After" in answer.headers:
            return Throttled(retry_after(answer, WAIT_S, now), f"HTTP {answer.status}")
        return Failed(f"HTTP {answer.status}")

    def preview(self, message: Message) -> str:
        """What is sent."""
        return encoded(value_of(message)).decode()

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def value_of(message: Message) -> dict[str, Any]:
    """A message as programs are given it."""
    group = message.group
    counts = message.counts
    return {
        "type": TYPES[message.kind],
        "timestamp": message.made_at.astimezone(UTC).isoformat(),
        "data": {
            "route": message.route,
            "channel": message.channel,
            "group": group and {"platform": group.platform, "shop_id": group.shop_id},
            "since": message.since and message.since.astimezone(UTC).isoformat(),
            "changed": [_item(each) for each in message.changed],
            "changed_more": message.changed_more,
            "urgent": [_item(each) for each in message.urgent],
            "counts": counts
            and {
                "standing": counts.standing,
                "unattended": counts.unattended,
                "by_severity": dict(counts.by_severity),
                "by_rule": dict(counts.by_rule),
                "by_state": dict(counts.by_state),
            },
        },
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "change": item.change,
        "step": item.step,
        "assignee": item.assignee,
        "warning": item.warning.model_dump(mode="json"),
    }


class WebhookTable(AddressTable):
    """`type = "webhook"`. A file may hold two secrets, a line each: both sign while who listens
    changes from one to the other."""

    most = LIMITS

    secret_file: str = ""
    secret_env: str = ""

    def signers(self, around: Around) -> list[Signer]:
        """What signs. Raises WrongChannel."""
        field = "secret_file" if self.secret_file else "secret_env"
        found = []
        for line in self.secret("secret", around).split():
            hide(line)
            text = line.removeprefix("whsec_")
            try:
                key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            except ValueError:
                key = b""
            if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
                why = f"whsec_ and Base64 of {SHORTEST_KEY} to {LONGEST_KEY} bytes is allowed"
                raise WrongChannel(field, f"what it holds is no secret: {why}")
            found.append(Signer(key))
        return found

    def make(self, around: Around) -> Webhook:
        """The channel. Raises WrongChannel."""
        return Webhook(self, around)
