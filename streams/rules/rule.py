"""What a rule is: thresholds, a name, and the episodes that it sees in a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from streams.rules.episodes import Check, Clock
from streams.rules.snapshot import LinkedOrder, OrderSnapshot, ParcelLife


class Rule(Protocol):
    """Thresholds and a name; what it sees in a snapshot, it says without knowing the time."""

    @property
    def name(self) -> str: ...


class OrderRule(Rule, Protocol):
    """A rule that looks at one order with its parcels."""

    def episodes(self, order: OrderSnapshot, /) -> Iterable[Clock | Check]: ...


class ParcelRule(Rule, Protocol):
    """A rule that looks at one parcel with its orders."""

    def episodes(self, parcel: ParcelLife, /) -> Iterable[Clock | Check]: ...


class LinkRule(Rule, Protocol):
    """A rule that looks at one order of one parcel."""

    def episodes(self, parcel: ParcelLife, order: LinkedOrder, /) -> Iterable[Check]: ...
