"""Which warnings are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from streams.desk.database.sight import Sight

STANDING = ("open", "breached")
"""States of a warning that somebody can still act upon."""

STATES = (*STANDING, "resolved", "withdrawn")

DIMENSIONS = ("platform", "shop_id", "rule", "stage", "severity", "state", "carrier")
"""What is counted by, and how each combination of them is called in `cells`."""

SHORTEST_TEXT = 3
"""Characters of a text to look for: the indexes know every three that follow each other."""

ATTENTION = "needed"
"""Neither acknowledged nor snoozed now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter. An empty tuple and None ask for nothing in particular; several values are any.

    `shop_id` is what somebody looks for, `only_shops` what they may see. `text` is part of an order
    or tracking number, at least SHORTEST_TEXT characters. `most_from`, `most_to` bound what a
    warning may cost, in minor units of `currency`. Times are µs; `due_to` and `most_to` are
    included.
    """

    platform: tuple[str, ...] = ()
    shop_id: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    state: tuple[str, ...] = STANDING
    carrier: tuple[str, ...] = ()
    only_shops: Sight = None
    text: str | None = None
    due_from: int | None = None
    due_to: int | None = None
    currency: str | None = None
    most_from: int | None = None
    most_to: int | None = None
    attention: bool = False
    acknowledged: bool | None = None
    snoozed: bool | None = None
    handed_over: bool | None = None
    known: bool | None = None
    assignee: str | None = None

    @property
    def only_standing(self) -> bool:
        """Whether it asks for nothing but what can still be acted upon."""
        return bool(self.state) and set(self.state) <= set(STANDING)

    @property
    def by_work(self) -> bool:
        """Whether it asks for what was done about a warning, `attention` left aside."""
        marks = (self.acknowledged, self.snoozed, self.handed_over, self.known)
        return self.assignee is not None or any(mark is not None for mark in marks)

    @property
    def by_cells(self) -> bool:
        """Whether the counts in `cells` answer how many there are, `attention` left aside."""
        bounds = (self.text, self.due_from, self.due_to, self.most_from, self.most_to)
        return not self.by_work and all(bound is None for bound in (*bounds, self.currency))
