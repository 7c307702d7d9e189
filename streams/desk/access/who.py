"""Whoever asks, once it is known who that is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum


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
    shops: frozenset[str] | None = None


def shops_text(shops: frozenset[str] | None) -> str | None:
    """Shops as the database has them."""
    return None if shops is None else json.dumps(sorted(shops), ensure_ascii=False)


def shops_of(text: str | None) -> frozenset[str] | None:
    """And back."""
    return None if text is None else frozenset(json.loads(text))
