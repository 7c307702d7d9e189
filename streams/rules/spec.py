"""What is known of a rule beside what it sees: one `RuleSpec` each, of packs as of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from streams.rules.episodes import Limit
from streams.rules.fields import fields_of
from streams.rules.lanes import LaneLimits

Subject = Literal["order", "parcel", "parcel × order"]
Kind = Literal["clock", "check"]


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule as profiles know it: its name, what it looks at, and its class.

    `rule`, a frozen dataclass, is asked for episodes of an order (`sees` is `order`), of one life
    of a parcel (`parcel`), or of one order of such a life (`parcel × order`). `about` is the
    subject of its warnings where that is another. The fields of `rule` make its table in a profile;
    a pack that wants more than they say gives a `table` of its own instead. `extra` are stages
    that no field of the rule says; `terms` is what it asks of the profile's terms, to be shown.
    `always`: it judges by what orders themselves state, so it is on where a profile says nothing.
    """

    name: str
    sees: Subject
    table: type[Any] | None = None
    about: Subject | None = None
    rule: type[Any] | None = None
    extra: tuple[str, ...] = ()
    terms: tuple[Literal["lanes", "promise"], ...] = ()
    always: bool = False

    @property
    def subject(self) -> Subject:
        """What the rule's warnings are about."""
        return self.about or self.sees

    @property
    def kind(self) -> Kind:
        """A clock has a limit for each stage; what has none is a check."""
        return "clock" if self._limits() else "check"

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that its warnings can have, the first always `violation`."""
        return (*(self._limits() or ("violation",)), *self.extra)

    def _limits(self) -> tuple[str, ...]:
        if self.rule is None:
            return ()
        return tuple(
            field.name for field in fields_of(self.rule) if field.type in (Limit, LaneLimits)
        )
