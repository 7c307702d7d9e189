"""Whoever asks, once it is known who that is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum

from schemas.cleaning import clean
from streams.decode.names import Names
from streams.desk.database.sight import Shop, Sight


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    viewer = 1
    operator = 2
    admin = 3


@dataclass(frozen=True, slots=True)
class Who:
    """A user or a token: its name in the audit, its role, the shops it may see (None: every)."""

    name: str
    role: Role
    shops: Sight = None


def shop_named(text: str, names: Names) -> Shop:
    """A shop as an operator writes it: its platform by any name, or none for every platform.

    Raises ValueError.
    """
    sent = Shop.of(clean(text))
    if not (sent.platform and sent.shop_id):
        raise ValueError(f"{text!r} is no shop: PLATFORM/SHOP is, or SHOP for every platform")
    return Shop(names.platform_of(sent.platform), sent.shop_id)


def shops_text(shops: Sight) -> str | None:
    """Shops as the database has them."""
    return None if shops is None else json.dumps(sorted(map(str, shops)), ensure_ascii=False)


def shops_of(text: str | None) -> Sight:
    """And back."""
    return None if text is None else frozenset(map(Shop.of, json.loads(text)))
