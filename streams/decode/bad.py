"""A record that cannot become a fact."""

from __future__ import annotations

import msgspec


class Bad(msgspec.Struct, frozen=True, gc=False):
    """Why a record is a dead letter: a reason of `schemas.reasons`, the field, and a sentence."""

    reason: str
    field: str | None
    message: str


class DoubtfulError(Exception):
    """A value that needs the verdict of the contract's model."""
