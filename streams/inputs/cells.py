"""From a cell of a table to the value of a field, by the kind of its column."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.decode import Bad
from streams.inputs.messages import Kind

Cell = str | int | float | bool | date | datetime | time | timedelta
"""What stands in a cell: text, and in a workbook also numbers, dates and truth values."""

EXACT = 10**15
"""A spreadsheet keeps 15 digits of a number: from here on an id may have lost its last ones."""

ERROR = "\x00error"
"""Stands in a cell of a workbook whose formula failed (#N/A)."""

_SEPARATORS = re.compile(r"[;；,，、|\r\n]")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_MONEY = re.compile(r"-?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,9})?")
_BLANK_BEFORE_OFFSET = re.compile(r"(.*[0-9])[ \t]+([+-][0-9]{2}:?[0-9]{2}|[Zz]|UTC)")
_NAIVE = re.compile(
    r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[Tt ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?"
)


class Reading(NamedTuple):
    """What a user says of the tables that are read.

    `zone`: of times that name no offset; None: such times are refused. `decimals`: of a currency;
    given, the money in tables is in major units (yuan); None: in minor units, as in messages.
    """

    zone: ZoneInfo | None = None
    decimals: Callable[[str], int] | None = None


class CellError(Exception):
    """A cell that holds no value of its column; `bad` says why."""

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(message)
        self.bad = Bad(reason, field, f"{field} {message}")


class Day(NamedTuple):
    """A time of which only the day was given: its first moment."""

    text: str


def blank(cell: Cell) -> bool:
    """Whether nothing stands in a cell: no character, or only blanks."""
    return cell.__class__ is str and (not cell or cell.isspace())


def value(cell: Cell, kind: Kind, field: str, reading: Reading) -> Any:
    """The value of a cell that is not blank; raises CellError.

    What is text and can be no value of the kind stays text, and the contract's models refuse it.
    Of `money` the sum is not worked out here: it depends on the row's currency. A `time` of which
    only the day is known is a Day.
    """
    if kind == "text" and cell.__class__ is str and cell != ERROR:
        return cell
    if cell == ERROR:
        raise CellError("wrong_type", field, "is an error of a formula, such as #N/A")
    if kind == "time":
        return _time(cell, field, reading.zone)
    if kind in ("integer", "money"):
        return _number(cell)
    if kind == "boolean":
        return _boolean(cell)
    text = _text(cell, field)
    if kind == "list":
        return _list(text)
    if kind in ("object", "objects"):
        return _json(text)
    return text


def money(found: Any, currency: Any, field: str, reading: Reading) -> Any:
    """A sum in minor units; raises CellError where it is none, naming what is allowed.

    A currency that is not named has two decimals.
    """
    text = str(found).strip()
    if reading.decimals is None:
        if isinstance(found, int):
            return found
        raise CellError(
            "wrong_type",
            field,
            f"is {text[:30]!r}: a whole number of minor units (fen, cents) is allowed; "
            "--money major reads major units",
        )
    places = reading.decimals(currency.strip().upper() if isinstance(currency, str) else "")
    if _MONEY.fullmatch(text):
        sum_ = Decimal(text.replace(",", "")) * 10**places
        if sum_ == sum_.to_integral_value():
            return int(sum_)
    raise CellError(
        "wrong_type", field, f"is {text[:30]!r}: a number with at most {places} decimals is allowed"
    )


def _text(cell: Cell, field: str) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        if abs(cell) >= EXACT:
            raise CellError(
                "damaged_id",
                field,
                f"is the number {cell!r}, damaged by a spreadsheet, which keeps 15 digits: "
                "format the column as text before the ids are put in",
            )
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    raise CellError(
        "damaged_id",
        field,
        f"is the date or time {str(cell)[:30]!r}: the spreadsheet took the text for one; "
        "format the column as text",
    )


def _number(cell: Cell) -> Any:
    if isinstance(cell, str):
        text = cell.strip()
        return int(text) if _INTEGER.fullmatch(text) else cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return int(cell)
    return cell if isinstance(cell, bool | int | float) else str(cell)


def _boolean(cell: Cell) -> Any:
    if isinstance(cell, str):
        return {"true": True, "false": False}.get(cell.strip().casefold(), cell)
    return cell if isinstance(cell, bool | int | float) else str(cell)


def _list(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _json(text)
    return [part.strip(" ") for part in _SEPARATORS.split(text) if not blank(part)]


def _json(text: str) -> Any:
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _time(cell: Cell, field: str, zone: ZoneInfo | None) -> Any:
    if isinstance(cell, str):
        return _from_text(cell, zone)
    if not isinstance(cell, date):  # a datetime is a date too
        return str(cell)
    if zone is None:
        raise CellError(
            "naive_time",
            field,
            f"is {cell}, a date cell of a spreadsheet, which has no offset from UTC: "
            "say its zone, such as --zone Asia/Shanghai",
        )
    if isinstance(cell, datetime):
        return _placed(cell, zone)
    return Day(_placed(datetime(cell.year, cell.month, cell.day), zone))  # noqa: DTZ001 - placed


def _from_text(cell: str, zone: ZoneInfo | None) -> Any:
    text = cell if cell.isascii() else unicodedata.normalize("NFKC", cell)
    text = text.strip()
    if match := _BLANK_BEFORE_OFFSET.fullmatch(text):
        return match[1] + ("Z" if match[2] == "UTC" else match[2])
    match = None if zone is None else _NAIVE.fullmatch(text)
    if match is None or zone is None:
        return text
    year, _, month, day, hour, minute, second, fraction = match.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    clock = int(hour or 0), int(minute or 0), int(second or 0), micros
    try:
        moment = datetime(int(year), int(month), int(day), *clock)  # noqa: DTZ001 - placed below
    except ValueError:
        return text
    placed = _placed(moment, zone)
    return Day(placed) if hour is None else placed


def _placed(moment: datetime, zone: ZoneInfo) -> str:
    return moment.replace(tzinfo=zone).isoformat()
