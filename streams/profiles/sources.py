"""`[[sources]]` in a profile file: where figures were read, when, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field

from streams.profiles.fields import Strict

Confidence = Literal["rule_text", "document", "second_hand", "own_choice"]
"""Read in the platform's own rule text; in an official page for sellers, or of its staff; in other
people's words; or no platform's figure at all."""

CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)


class Source(NamedTuple):
    """Where some figures come from: `figures` are fields of the profile, with all below them."""

    figures: tuple[str, ...]
    url: str
    read_on: date
    confidence: Confidence | None
    note: str = ""


class SourceTable(Strict):
    """One row: the `figures` that were read elsewhere than the profile's head says."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    figures: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    source_url: str = ""
    read_on: date
    confidence: Confidence
    note: Annotated[str, Field(max_length=120)] = ""

    def source(self) -> Source:
        """The row as the commands take it."""
        figures = tuple(self.figures)
        return Source(figures, self.source_url, self.read_on, self.confidence, self.note)


def source_of(figure: str, head: Source, rows: Iterable[Source]) -> Source:
    """Where a figure, `rules.pickup_overdue` say, comes from: the row that names most of it, else
    what the profile's head says."""
    found, depth = head, 0
    for row in rows:
        for name in row.figures:
            within = figure == name or figure.startswith(f"{name}.")
            if within and name.count(".") + 1 > depth:
                found, depth = row, name.count(".") + 1
    return found
