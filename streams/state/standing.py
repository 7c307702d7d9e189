"""The warnings that stand, added up: how many, until when, and what they may cost.

Sums of what is in the states and of nothing else: whoever adds up the same states gets the same
numbers, whatever happened before. Adding and taking away commute, so a count of stored states and
the changes since can be put together in any order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from streams.facts.times import MINUTE
from streams.state.state import Finding, Published

UNKNOWN_SHOP = "unknown"
"""Stands for the shop of a warning whose facts name none."""

Shop = tuple[str, str]
"""(platform, shop id)."""

Key = TypeVar("Key", bound=Hashable)

NOTICE = "notice"
"""The stage of a finding that no platform judges by: it brings no strike."""

STANDING = ("open", "breached")
"""The states of a warning that stands: it can still be put right, or its deadline has passed."""


class Standing:
    """Sums over the warnings that stand, each by what tells them apart.

    `counts`: (platform, shop, rule, stage, state). `deadlines` of open ones: (platform, shop,
    minute since 1970, rounded down). `money`: (least, most) in minor units by (platform, shop,
    state, currency). `strikes` and `unpriced`: (platform, shop, state).
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, str, str, str], int] = {}
        self.deadlines: dict[tuple[str, str, int], int] = {}
        self.money: dict[tuple[str, str, str, str], tuple[int, int]] = {}
        self.strikes: dict[tuple[str, str, str], int] = {}
        self.unpriced: dict[tuple[str, str, str], int] = {}

    def add(self, published: Iterable[Published], sign: int = 1) -> None:
        """Add the warnings of one state, or take them away (`sign` -1)."""
        for entry in published:
            if entry.finding.state in STANDING:
                self._add(entry.finding, sign)

    def change(self, before: Sequence[Published], after: Sequence[Published]) -> None:
        """Put `after` in the place of `before`: what one state had published, and has now."""
        kept = {id(entry) for entry in before} & {id(entry) for entry in after}
        self.add((entry for entry in before if id(entry) not in kept), -1)
        self.add(entry for entry in after if id(entry) not in kept)

    def merge(self, other: Standing) -> None:
        """Add everything that `other` holds."""
        for group, number in other.counts.items():
            _count(self.counts, group, number)
        for place, number in other.strikes.items():
            _count(self.strikes, place, number)
        for place, number in other.unpriced.items():
            _count(self.unpriced, place, number)
        for until, number in other.deadlines.items():
            _count(self.deadlines, until, number)
        for sums, (least, most) in other.money.items():
            self._cost(sums, least, most)

    def copy(self) -> Standing:
        """The same sums; what is added to one is not in the other."""
        found = Standing()
        found.counts = dict(self.counts)
        found.deadlines = dict(self.deadlines)
        found.money = dict(self.money)
        found.strikes = dict(self.strikes)
        found.unpriced = dict(self.unpriced)
        return found

    def shops(self) -> dict[Shop, int]:
        """How many warnings stand for each shop."""
        found: dict[Shop, int] = {}
        for (platform, shop, *_), number in self.counts.items():
            found[platform, shop] = found.get((platform, shop), 0) + number
        return found

    def _add(self, finding: Finding, sign: int) -> None:
        platform, shop, state = finding.platform, finding.shop_id or UNKNOWN_SHOP, finding.state
        _count(self.counts, (platform, shop, finding.rule, finding.stage, state), sign)
        if state == "open" and finding.deadline is not None:
            _count(self.deadlines, (platform, shop, finding.deadline // MINUTE), sign)
        if finding.exposure == "strike":
            if finding.stage != NOTICE:
                _count(self.strikes, (platform, shop, state), sign)
        elif finding.money is None:
            _count(self.unpriced, (platform, shop, state), sign)
        else:
            currency, least, most, _ = finding.money
            self._cost((platform, shop, state, currency), sign * least, sign * most)

    def _cost(self, group: tuple[str, str, str, str], least: int, most: int) -> None:
        low, high = self.money.get(group, (0, 0))
        if low + least or high + most:
            self.money[group] = low + least, high + most
        else:
            # Nothing, or sums of nothing: either way there is nothing to show.
            self.money.pop(group, None)


def _count(counts: dict[Key, int], key: Key, number: int) -> None:
    new = counts.get(key, 0) + number
    if new:
        counts[key] = new
    else:
        counts.pop(key, None)
