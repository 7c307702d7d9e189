"""Lives of a number, and which orders each life was linked to, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from streams.facts.facts import STATUS_CODE, OrderFacts
from streams.facts.times import WINDOW
from streams.state.state import Checkpoint, OrderLink

ORDERED = STATUS_CODE["ordered"]
CANCELLED = STATUS_CODE["cancelled"]
UNKNOWN = STATUS_CODE["unknown"]


class Linked(Protocol):
    """An order's link to a life of a number, as far as it says when it ended."""

    released_at: int | None


L = TypeVar("L", bound=Linked)


class Stretch:
    """The last stretch of one order's link to a life: uploaded, perhaps released.

    `first` is the earliest fact of the life that links the order, `upload` the one that began
    this stretch.
    """

    __slots__ = ("first", "order_id", "released_at", "upload", "uploaded_at")

    def __init__(self, order_id: str, upload: OrderLink) -> None:
        self.order_id = order_id
        self.uploaded_at = upload.at
        self.released_at: int | None = None
        self.first = upload
        self.upload = upload


def lives(
    records: list[Checkpoint], named: list[OrderLink], window: int = WINDOW
) -> list[tuple[Sequence[Checkpoint], Sequence[OrderLink]]]:
    """The lives of a number: its facts cut where two neighbours are more than `window` µs apart."""
    if not named:
        if not records:
            return []
        first, last = records[0].at, records[-1].at
    elif not records:
        first, last = named[0].at, named[-1].at
    else:
        first = min(records[0].at, named[0].at)
        last = max(records[-1].at, named[-1].at)
    if last - first <= window:
        return [(records, named)]
    times = sorted({record.at for record in records} | {fact.at for fact in named})
    starts = [times[0]] + [b for a, b in pairwise(times) if b - a > window]
    result: list[tuple[Sequence[Checkpoint], Sequence[OrderLink]]] = []
    for start, end in zip(starts, [*starts[1:], times[-1] + 1], strict=True):
        result.append(
            (
                [record for record in records if start <= record.at < end],
                [fact for fact in named if start <= fact.at < end],
            )
        )
    return result


def judged(linked: list[L]) -> list[L]:
    """Of the orders of a life those that it is judged for: the ones linked now, or where none is
    any more, those released last."""
    if len(linked) < 2:
        return linked
    now = [order for order in linked if order.released_at is None]
    if now:
        return now
    last = max(order.released_at or 0 for order in linked)
    return [order for order in linked if order.released_at == last]


def digits_of(key: str) -> str:
    """A parcel's number without its carrier and leading zeros: what spreadsheets leave of it."""
    return key.partition(":")[2].lstrip("0")


def same_digits(key: str, keys: Iterable[str]) -> list[str]:
    """Those of `keys` that have the digits of `key` and are others, sorted."""
    return sorted(each for each in keys if each != key and digits_of(each) == digits_of(key))


def lead_of(linked: Iterable[Stretch], known: Mapping[str, OrderFacts | None]) -> Stretch | None:
    """The lead order of a life: of those that it is judged for the one uploaded first."""
    orders = []
    for stretch in linked:
        facts = known.get(stretch.order_id)
        if facts is None or facts.express:
            orders.append(stretch)
    return min(judged(orders), key=_by_upload) if orders else None


def _by_upload(stretch: Stretch) -> tuple[int, str]:
    return stretch.uploaded_at, stretch.order_id


def stretches(named: Sequence[OrderLink]) -> list[Stretch]:
    """The last stretch of each order that the facts of one life link; `named` is in order of time.

    An upload links from its time on, a release ends what was uploaded at or before it, a later
    upload links anew. Records that name an order link it only where no upload or release does.
    """
    if len(named) == 1 and named[0].status == ORDERED:
        return [Stretch(order_id, named[0]) for order_id in named[0].order_ids]
    linked: dict[str, Stretch] = {}
    released: set[str] = set()
    by_record: dict[str, OrderLink] = {}
    for fact in sorted(named, key=_uploads_before_releases):
        if fact.status == UNKNOWN:
            continue
        if fact.status == ORDERED:
            for order_id in fact.order_ids:
                stretch = linked.get(order_id)
                if stretch is None:
                    linked[order_id] = Stretch(order_id, fact)
                elif stretch.released_at is not None:
                    stretch.upload, stretch.uploaded_at, stretch.released_at = fact, fact.at, None
        elif fact.status == CANCELLED:
            for order_id in fact.order_ids:
                released.add(order_id)
                stretch = linked.get(order_id)
                if stretch is not None and stretch.released_at is None:
                    stretch.released_at = fact.at
        else:
            for order_id in fact.order_ids:
                by_record.setdefault(order_id, fact)
    for order_id, fact in by_record.items():
        if order_id not in linked and order_id not in released:
            linked[order_id] = Stretch(order_id, fact)
    return list(linked.values())


def _uploads_before_releases(fact: OrderLink) -> tuple[int, bool, str, int]:
    return fact.at, fact.status == CANCELLED, fact.tie, fact.digest
