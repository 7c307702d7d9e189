"""Carriers and platforms by the names that shops, spreadsheets and tracking services give them."""

from __future__ import annotations

from streams.reference.names.table import read

CARRIERS = read("carriers")
"""A carrier's name, clean and lower-case → its code."""

PLATFORMS = read("platforms")
"""A platform's name, clean and lower-case → its code."""

__all__ = ["CARRIERS", "PLATFORMS"]
