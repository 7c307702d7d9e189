"""Carriers by the names that shops, spreadsheets and tracking services give them."""

from __future__ import annotations

from streams.reference.aliases import read

ALIASES = read("streams.reference.carriers")
"""A carrier's name, clean and lower-case → its code."""

__all__ = ["ALIASES"]
