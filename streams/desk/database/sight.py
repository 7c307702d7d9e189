"""Which shops somebody may see. A platform numbers its shops by itself, so a shop is both: its
platform and its id. Decision 0132."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_

EVERY = "*"
"""In place of a platform: the shops of an id on every platform."""


class Shop(NamedTuple):
    """A shop that somebody may see; its text is `platform/id`."""

    platform: str
    shop_id: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.shop_id}"

    @classmethod
    def of(cls, text: str) -> Shop:
        """From its text: up to the first slash it is the platform, and without one every one."""
        platform, slash, shop_id = text.partition("/")
        return cls(platform, shop_id) if slash else cls(EVERY, text)


Sight = frozenset[Shop] | None
"""The shops that somebody may see; None: every shop."""


def sees(sight: Sight, platform: str | None, shop_id: str | None) -> bool:
    """Whether a shop is one of them; who may see a platform's sees nothing without a platform."""
    if sight is None:
        return True
    return (platform, shop_id) in sight or (EVERY, shop_id) in sight


def within(columns: Any, sight: Sight) -> list[ColumnElement[bool]]:
    """The same as a condition on `platform` and `shop_id`; none where every shop may be seen."""
    if sight is None:
        return []
    ids: dict[str, list[str]] = {EVERY: []}
    for platform, shop_id in sorted(sight):
        ids.setdefault(platform, []).append(shop_id)
    anywhere = columns.shop_id.in_(ids.pop(EVERY))
    here = [
        and_(columns.platform == platform, columns.shop_id.in_(some))
        for platform, some in ids.items()
    ]
    return [or_(anywhere, *here)]
