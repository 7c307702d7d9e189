"""Whether a message between tables can be one of ours, beyond its form.

The form says the bounds of each value (`streams.facts.facts`); here is what one value says of
another, and of the record that carries it.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.engine.kafka.types import Record
from streams.facts.facts import OrderFacts, ParcelFacts, Place
from streams.state.contributions import AbnormalDays, ContributionChange


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


def _is_place(place: Place) -> bool:
    return _is_code(place.province, 2) and _is_code(place.city, 4)


def _is_code(text: str | None, digits: int) -> bool:
    return text is None or (len(text) == digits and text.isascii() and text.isdigit())
