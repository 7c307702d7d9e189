"""What orders and parcels sent to the tables that count shops' days, and what a crash forgot of it.

Outputs are durable before the state that remembers them. An order that forgot what it sent to its
shop's day would send a change from something else, and the day would count it twice. So whoever
takes over a partition reads the newest of these messages back, and states take over what they had
sent; the last word stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from streams.engine.kafka.murmur2 import partition_of, partitions_of
from streams.engine.kafka.types import Output
from streams.engine.kafka.unreadable import UNREADABLE
from streams.state.codec import dump_message, load_abnormal_days, load_contributions
from streams.state.contributions import AbnormalDays, Contribution, ContributionChange
from streams.state.shop_days import shop_key
from streams.state.state import OrderState, ParcelState
from streams.tables.ours import is_of_one_shop

MOST_IN_ONE = 1_000
"""Changes in one message: some hundred kilobytes, as long as orders have few products."""

LONGEST = 1 << 20
"""Bytes of one message of several changes: far below what Kafka takes."""

Shop = tuple[str, str]
"""(platform, shop id)."""

SentContributions = dict[Shop, Contribution | None]
"""What an order sent last to the days of each shop."""

SentDays = dict[str, tuple[int, ...]]
"""What a parcel sent last to each order."""


class Sent(NamedTuple):
    """What states sent last: partition → key of the state → its last words."""

    orders: dict[int, dict[bytes, SentContributions]]
    parcels: dict[int, dict[bytes, SentDays]]


def contribution_outputs(
    topic: str,
    partitions: int,
    changes: Sequence[ContributionChange],
    dump: Callable[[Any], Any] = dump_message,
) -> list[Output]:
    """The messages that carry changes to the partitions of their shops."""
    homes: dict[int, list[ContributionChange]] = {}
    for change in changes:
        contribution = change.new or change.old
        if contribution is not None:
            home = home_of(contribution.platform, contribution.shop_id, partitions)
            homes.setdefault(home, []).append(change)
    return [
        Output(topic, None, value, home)
        for home, batch in homes.items()
        for start in range(0, len(batch), MOST_IN_ONE)
        for value in _values(batch[start : start + MOST_IN_ONE], dump)
    ]


def _values(changes: list[ContributionChange], dump: Callable[[Any], Any]) -> Iterator[Any]:
    value = dump(changes)
    if len(value) <= LONGEST or len(changes) == 1:
        yield value
        return
    middle = len(changes) // 2
    yield from _values(changes[:middle], dump)
    yield from _values(changes[middle:], dump)


@lru_cache(maxsize=65_536)
def home_of(platform: str, shop_id: str, partitions: int) -> int:
    """The partition that holds all days of a shop."""
    return partition_of(shop_key(platform, shop_id), partitions)


def recover_sent(
    contributions: Iterable[bytes | None],
    days: Iterable[bytes | None],
    partitions: int,
    owned: frozenset[int],
) -> Sent:
    """What the states of `owned` partitions sent last, from values of the two topics in order.

    What is none of our messages is passed over.
    """
    sent = Sent({}, {})
    for value in contributions:
        changes = _read_changes(value)
        homes = partitions_of([change[0].encode() for change in changes], partitions)
        for (order_id, old, new), home in zip(changes, homes, strict=True):
            contribution = new or old
            if contribution is not None and home in owned:
                of_order = sent.orders.setdefault(home, {}).setdefault(order_id.encode(), {})
                of_order[contribution.platform, contribution.shop_id] = new
    for value in days:
        word = _read_days(value)
        if word is not None:
            home = partition_of(word.key.encode(), partitions)
            if home in owned:
                of_parcel = sent.parcels.setdefault(home, {}).setdefault(word.key.encode(), {})
                of_parcel[word.order_id] = word.days
    return sent


def take_over_contributions(state: OrderState, sent: SentContributions) -> bool:
    """Let an order know what it sent; whether that was news to it."""
    contributions: SentContributions = {
        (each.platform, each.shop_id): each for each in state.contributions
    }
    contributions.update(sent)
    known = [contribution for contribution in contributions.values() if contribution is not None]
    changed = known != state.contributions
    state.contributions = known
    return changed


def take_over_days(state: ParcelState, sent: SentDays) -> bool:
    """Let a parcel know what it sent; whether that was news to it."""
    days = {**dict(state.abnormal), **sent}
    left = sorted((order_id, each) for order_id, each in days.items() if each)
    changed = left != state.abnormal
    state.abnormal = left
    return changed


def _read_changes(
    value: bytes | None,
) -> list[tuple[str, Contribution | None, Contribution | None]]:
    try:
        changes = load_contributions(value or b"")
    except UNREADABLE:
        return []
    if not is_of_one_shop(changes):
        return []
    return [(change.order_id, change.old, change.new) for change in changes]


def _read_days(value: bytes | None) -> AbnormalDays | None:
    try:
        return load_abnormal_days(value or b"")
    except UNREADABLE:
        return None
