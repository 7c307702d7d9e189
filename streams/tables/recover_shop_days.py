"""What orders and parcels told the meters, on its way and read back after a crash.

Outputs are durable before the state that remembers them. An order that forgot what it told its
shop's meter would tell a change from something else, and the meter would count it twice. So whoever
takes over a partition reads the newest of these messages back, and states learn again what they
said; the last word stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from streams.engine.kafka.murmur2 import partition_of, partitions_of
from streams.engine.kafka.types import Output
from streams.state.meter_state import shop_key
from streams.state.shares import AbnormalDays, Share, ShareChange
from streams.state.state import OrderState, ParcelState

MOST_IN_ONE = 1_000
"""Changes in one message: some hundred kilobytes, as long as orders have few products."""

LONGEST = 1 << 20
"""Bytes of one message of several changes: far below what Kafka takes."""

Shop = tuple[str, str]
"""(platform, shop id)."""

SaidShares = dict[Shop, Share | None]
"""What an order said last to the meters of each shop."""

SaidDays = dict[str, tuple[int, ...]]
"""What a parcel said last to each order."""

Said = dict[tuple[str, int], dict[bytes, SaidShares | SaidDays]]
"""(table, partition) → key of the state → what it said."""

_encoder = msgspec.msgpack.Encoder()
decode_changes = msgspec.msgpack.Decoder(list[ShareChange]).decode
decode_days = msgspec.msgpack.Decoder(AbnormalDays).decode


def share_outputs(topic: str, partitions: int, changes: Sequence[ShareChange]) -> list[Output]:
    """The messages that carry changes to the partitions of their shops."""
    homes: dict[int, list[ShareChange]] = {}
    for change in changes:
        share = change.new or change.old
        if share is not None:
            home = home_of(share.platform, share.shop_id, partitions)
            homes.setdefault(home, []).append(change)
    return [
        Output(topic, None, value, home)
        for home, batch in homes.items()
        for start in range(0, len(batch), MOST_IN_ONE)
        for value in _values(batch[start : start + MOST_IN_ONE])
    ]


def _values(changes: Sequence[ShareChange]) -> Iterator[bytes]:
    value = _encoder.encode(changes)
    if len(value) <= LONGEST or len(changes) == 1:
        yield value
        return
    middle = len(changes) // 2
    yield from _values(changes[:middle])
    yield from _values(changes[middle:])


def days_output(topic: str, word: AbnormalDays) -> Output:
    """The message that tells an order on which days a parcel makes it abnormal."""
    return Output(topic, word.order_id.encode(), _encoder.encode(word))


@lru_cache(maxsize=65_536)
def home_of(platform: str, shop_id: str, partitions: int) -> int:
    """The partition that holds all meters of a shop."""
    return partition_of(shop_key(platform, shop_id), partitions)


def said_again(
    shares: Iterable[bytes | None],
    days: Iterable[bytes | None],
    partitions: int,
    owned: frozenset[int],
) -> Said:
    """What the states of `owned` partitions said last, from values of the two topics in order.

    What is none of our messages is passed over.
    """
    said: Said = {}
    for value in shares:
        changes = _read_changes(value)
        homes = partitions_of([change[0].encode() for change in changes], partitions)
        for (order_id, old, new), home in zip(changes, homes, strict=True):
            share = new or old
            if share is not None and home in owned:
                words = said.setdefault(("orders", home), {}).setdefault(order_id.encode(), {})
                words[share.platform, share.shop_id] = new  # type: ignore[index]  # orders say so
    for value in days:
        word = _read_days(value)
        if word is not None:
            home = partition_of(word.key.encode(), partitions)
            if home in owned:
                known = said.setdefault(("parcels", home), {}).setdefault(word.key.encode(), {})
                known[word.order_id] = word.days  # type: ignore[index]  # parcels say so
    return said


def remind_said(state: OrderState | ParcelState, said: SaidShares | SaidDays) -> bool:
    """Let a state know what it said; whether that was news to it."""
    if isinstance(state, OrderState):
        shares: dict[Shop, Share | None] = {
            (share.platform, share.shop_id): share for share in state.shares
        }
        shares.update(said)  # type: ignore[arg-type]  # orders say shares
        known = [share for share in shares.values() if share is not None]
        changed = known != state.shares
        state.shares = known
        return changed
    days: SaidDays = {**dict(state.abnormal), **said}  # type: ignore[dict-item]  # parcels, days
    left = sorted((order_id, each) for order_id, each in days.items() if each)
    changed = left != state.abnormal
    state.abnormal = left
    return changed


def _read_changes(value: bytes | None) -> list[tuple[str, Share | None, Share | None]]:
    try:
        changes = decode_changes(value or b"")
    except msgspec.MsgspecError:
        return []
    return [(change.order_id, change.old, change.new) for change in changes]


def _read_days(value: bytes | None) -> AbnormalDays | None:
    try:
        return decode_days(value or b"")
    except msgspec.MsgspecError:
        return None
