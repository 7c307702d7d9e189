"""Whether a message between tables can be one of ours, beyond its form.

The form says the bounds of each value (`streams.facts.facts`); here is what one value says of
another, and of the record that carries it.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.engine.kafka.types import Record
from streams.facts.facts import (
    LATEST,
    LATEST_PROMISE,
    OrderFacts,
    OrderVersion,
    ParcelFacts,
    Place,
    TrackingFact,
)
from streams.state.contributions import AbnormalDays, ContributionChange

_WHOLE = 1 << 63


def is_about_its_key(record: Record, message: ParcelFacts | AbnormalDays) -> bool:
    """What is said to an order lies under the order's id."""
    return record.key == message.order_id.encode()


def has_places(record: Record, message: OrderFacts) -> bool:
    """An order's places are codes, and it says them to somebody."""
    places = (*(place for _, place in message.recipients), *message.vias)
    return (
        bool(record.key)
        and _is_code(message.ship_from, 2)
        and all(place is None or _is_place(place) for place in places)
    )


def is_version(record: Record, version: OrderVersion) -> bool:
    """A version of an order lies under its id, and its times and sums are some."""
    times = (
        version.updated_at,
        version.paid_at,
        version.final_paid_at,
        version.refund_requested_at,
    )
    promises = (version.promised_ship_by, version.promised_delivery_by)
    numbers = (
        version.amount_paid,
        version.amount_goods,
        version.parcels_expected,
        *(item[2] for item in version.items),
    )
    return (
        record.key == version.order_id.encode()
        and all(time is None or 0 <= time <= LATEST for time in times)
        and all(time is None or 0 <= time <= LATEST_PROMISE for time in promises)
        and all(number is None or abs(number) < _WHOLE for number in numbers)
        and all(map(_may_be_place, (version.recipient, version.ship_from, version.via)))
    )


def is_checkpoint(record: Record, fact: TrackingFact) -> bool:
    """A fact of a parcel lies under its key, and its time is one."""
    return (
        record.key == fact.key.encode()
        and ":" in fact.key
        and 0 <= fact.at <= LATEST
        and 0 <= fact.digest < 2 * _WHOLE
        and _may_be_place(fact.location)
        and _may_be_place(fact.recipient)
    )


def has_key(record: Record, _message: object) -> bool:
    """It is said to somebody."""
    return bool(record.key)


def is_of_one_shop(changes: Iterable[ContributionChange]) -> bool:
    """What an order contributed before and what it does now is of one and the same shop."""
    return all(
        change.old is None
        or change.new is None
        or (change.old.platform, change.old.shop_id) == (change.new.platform, change.new.shop_id)
        for change in changes
    )


def _may_be_place(place: Place | None) -> bool:
    return place is None or _is_place(place)


def _is_place(place: Place) -> bool:
    return _is_code(place.province, 2) and _is_code(place.city, 4)


def _is_code(text: str | None, digits: int) -> bool:
    return text is None or (len(text) == digits and text.isascii() and text.isdigit())
