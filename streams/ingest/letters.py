"""What of a request could not become a message, as a dead letter with the request's body."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.reasons import REASONS
from streams.decode import Bad
from streams.engine.kafka.origins import Origin
from streams.engine.kafka.types import Output, Record
from streams.ingest.feeds import NamedFeed
from streams.ingest.masking import masked_bytes, masked_text
from streams.inputs.sources.payload import Payload, Refusal
from streams.outputs.dead_letters import dead_letter

MOST_SAID = 5
"""Refusals of one request whose sentences a letter repeats."""

_CALLED = {
    "bad_time": "wrong_type",
    "missing": "missing_field",
    "no_carrier": "missing_field",
    "no_number": "missing_field",
    "no_order": "missing_field",
    "no_platform": "missing_field",
    "no_shop": "missing_field",
    "no_time": "missing_field",
    "too_large": "too_large",
}
"""What the contract calls the reasons of sources; all others but its own are `wrong_type`."""


def letter(
    topic: str,
    feed: NamedFeed,
    payload: Payload,
    refusals: Sequence[Refusal],
    max_message_bytes: int,
) -> Output:
    """The dead letter of a request; `refusals` say what is wrong with it, one at least.

    Its origin has the request's address for a topic, and its arrival in µs for an offset. Mobile
    numbers are masked; the digest is that of the masked body.
    """
    address = f"in/{feed.source.name}/{feed.name}"
    arrival = round(payload.arrived_at.timestamp() * 1_000_000)
    first = refusals[0].reason
    said = "; ".join(f"{reason}: {why}" for reason, why in refusals[:MOST_SAID])
    more = f"; and {len(refusals) - MOST_SAID} more" if len(refusals) > MOST_SAID else ""
    bad = Bad(
        first if first in REASONS else _CALLED.get(first, "wrong_type"),
        None,
        masked_text(f"{feed.source.name}/{feed.name}: {said}{more}"),
    )
    record = Record(arrival, arrival // 1000, None, masked_bytes(payload.body))
    origin = Origin(address, 0, arrival, arrival // 1000, arrival)
    return dead_letter(topic, record, origin, bad, max_message_bytes)
