"""A warning as one row of a CSV file, for a spreadsheet: what a person sorts and filters by."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

COLUMNS = (
    *("warning_id", "revision", "state", "rule", "stage", "severity", "profile"),
    *("platform", "shop_id", "order_ids", "carrier", "tracking_number"),
    *("opened_at", "deadline", "breached_at", "resolved_at", "detected_at"),
    *("exposure.kind", "exposure.currency", "exposure.least", "exposure.most"),
    *("message.zh", "message.en", "remedy.zh", "remedy.en"),
    *("evidence.started_at", "evidence.limit_hours", "evidence.lane", "evidence.detail"),
    *("evidence.exemptions", "feed"),
)
"""Fields of the message, `a.b` being field `b` of its object `a`: the order of the columns."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header() -> bytes:
    """The first line of the file."""
    return _line(COLUMNS)


def row(value: Mapping[str, Any]) -> bytes:
    """A warning's line; a field that is null or is not there is empty."""
    return csv_line([_field(value, column) for column in COLUMNS])


def csv_line(values: Iterable[Any]) -> bytes:
    """Values as one line of a file for a spreadsheet; what is None is empty."""
    return _line([_cell(value) for value in values])


def _field(value: Mapping[str, Any], column: str) -> Any:
    place, _, leaf = column.partition(".")
    found = value.get(place)
    if not leaf:
        return found
    return found.get(leaf) if isinstance(found, Mapping) else None


def _cell(value: Any) -> str:
    """A field as text. A list is joined by semicolons, or JSON where a part has one of its own.

    A text that a spreadsheet would take for a formula has an apostrophe before it: ids and numbers
    come from outside.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        parts = [str(part) for part in value]
        plain = not any(";" in part or part[:1] in ("[", "{") for part in parts)
        value = ";".join(parts) if plain else json.dumps(parts, ensure_ascii=False)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value)


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8", "surrogatepass")
