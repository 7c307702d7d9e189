"""What an answer comes to: records of the order, or why there are none."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import NamedTuple

from streams.decode import Bad
from streams.engine.kafka.origins import Origin
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Record
from streams.ingest.asks.wishes import Wish
from streams.ingest.feeds import NamedFeed
from streams.ingest.masking import masked_text
from streams.ingest.publisher import Outgoing
from streams.inputs.sources.payload import Canonical, Outcome, Payload, Refusal, Unreadable
from streams.outputs.dead_letters import dead_letter
from streams.telemetry.events import event

log = logging.getLogger(__name__)


class Standing(NamedTuple):
    """A wish where it stands on the topic."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes
    wish: Wish


def read(feed: NamedFeed, wish: Wish, body: bytes, now: datetime) -> Outcome:
    """What the feed's source makes of an answer; of another order than the one that was asked for
    nothing is used."""
    knowing = replace(feed.feed, shop_id=wish.shop_id or feed.feed.shop_id)
    try:
        outcome = feed.source.read(Payload(body, now), knowing)
    except Unreadable as error:
        return Outcome(refusals=[Refusal("unreadable", str(error))])
    except Exception as error:
        # A fault of ours: asking again would meet it again. What it says may be out of the answer.
        place = extract_tb(error.__traceback__)[-1]
        log.error(
            "%(source)s/%(feed)s: an answer could not be read: %(error)s at %(place)s",
            event(
                "ingest_answer_failed",
                source=feed.source.name,
                feed=feed.name,
                error=type(error).__name__,
                place=f"{Path(place.filename).name}:{place.lineno}",
            ),
        )
        return Outcome(refusals=[Refusal("processing_failed", type(error).__name__)])
    if any(_other(message, wish.order_id) for message in outcome.messages):
        return Outcome(refusals=[Refusal("unreadable", "the answer is about another order")])
    return outcome


def _other(message: Canonical, order_id: str) -> bool:
    if message.topic == "order-paid":
        return message.key != order_id
    return message.value is None or message.value.get("order_ids") != [order_id]


def versions(messages: Sequence[Canonical], wishes: Sequence[Wish]) -> list[Canonical]:
    """The messages of an answer, and what makes them count beside what pushes said.

    An answer was given after each of the pushes that wished for it, but an order's own time may lie
    before theirs: then it is published as a partial version of the newest push's time too, which is
    later than a full version and earlier than an end of that time.
    """
    newest = max((wish.at for wish in wishes if wish.at is not None), default=None)
    found = list(messages)
    for message in messages:
        value = message.value
        if newest is None or message.topic != "order-paid" or value is None:
            continue
        said = datetime.fromisoformat(value.get("updated_at") or value["paid_at"])
        if said <= newest:
            partial = {**value, "partial": True, "updated_at": newest.isoformat()}
            found.append(message._replace(value=partial))
    return found


def letter(
    topics: Topics, standing: Standing, refusals: Sequence[Refusal], now: datetime, most_bytes: int
) -> Outgoing:
    """The dead letter of a wish: `shipsentry dead-letters retry` wishes again.

    It has the wish and never the answer, which has people's addresses.
    """
    wish = standing.wish
    reason = "processing_failed"
    said = "; ".join(f"{each.reason}: {each.message}" for each in refusals)
    bad = Bad(reason, None, masked_text(f"{wish.source}/{wish.feed}: {said}"))
    arrival = round(now.timestamp() * 1_000_000)
    place = standing.partition, standing.offset, standing.timestamp_ms
    record = Record(standing.offset, standing.timestamp_ms, standing.key, wish.value())
    made = dead_letter(
        topics.dead_letters, record, Origin(topics.wanted, *place, arrival), bad, most_bytes
    )
    return Outgoing(made.topic, made.key or b"", made.value)
