"""Platforms by the names that merchants give them."""

from __future__ import annotations

from streams.reference.aliases import read

ALIASES = read("streams.reference.platforms")
"""A platform's name, clean and lower-case → its code."""

__all__ = ["ALIASES"]
