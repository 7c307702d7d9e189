"""From a cell of a spreadsheet to a value of a message, by how its column is read.

What cannot be read raises CellProblem, whose sentence names the column and the value.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.cleaning import clean, clean_id, is_damaged
from schemas.fields import MAX_ID_LENGTH
from schemas.times import NaiveTimeError, NotATimeError, parse
from streams.inputs import cells
from streams.inputs.sheets.carriers import names_carrier
from streams.inputs.sheets.sheet import Cells, Held
from streams.reference import places

LONGEST_ADDRESS = 24
"""Characters at the start of an address that are looked at: no more is ever read."""

_NUMBERED = re.compile(r"^no[:.]\s*", re.I)
_PARTS = re.compile(r"[;；\r\n]+")
_AMERICAN = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]m)?)?", re.I
)
_MASKED = re.compile(r"$|##|[$][$]|.*[*]")
"""Nothing, or what a marketplace puts in place of what is somebody's."""
_LOCAL = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d")
_YES = dict.fromkeys(("true", "yes", "1", "是"), True)
_YES |= dict.fromkeys(("false", "no", "0", "否"), False)


class CellProblem(Exception):
    """A cell that holds no value of its field; `reason` is that of a refusal."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class NoParcel(CellProblem):
    """A cell of a number and its carrier that names no carrier; the rest of its row is right."""


class When(NamedTuple):
    """A moment, and whether it stands in for one that is not known."""

    at: datetime
    estimated: bool = False


def text(row: Cells, field: str) -> str:
    """The clean text of a field; empty where its cell says nothing."""
    held = row.fields.get(field)
    return "" if held is None else _bounded(held.name, clean(_plain(held)))


def as_sent(row: Cells, field: str) -> str:
    """The text of a field as it is, but trimmed: for words, and for what has lines."""
    held = row.fields.get(field)
    return "" if held is None else _plain(held).strip()


def identity(row: Cells, field: str) -> str:
    """An id or number without what spreadsheets put around it; empty where there is none.

    Raises CellProblem (`damaged_id`) where a spreadsheet destroyed its digits.
    """
    held = row.fields.get(field)
    return "" if held is None else _identity(held.name, _plain(held))


def identities(row: Cells, field: str) -> list[str]:
    """The ids in a cell that holds one or several; raises CellProblem."""
    held = row.fields.get(field)
    if held is None:
        return []
    parts = _PARTS.split(clean_id(_lines(_plain(held))))
    return [one for one in (_identity(held.name, part) for part in parts) if one]


def parts(row: Cells, field: str) -> list[str]:
    """The clean texts in a cell that holds one or several."""
    held = row.fields.get(field)
    if held is None:
        return []
    found = map(clean, _PARTS.split(_lines(_plain(held))))
    return [_bounded(held.name, one) for one in found if one]


def when(row: Cells, field: str, zone: ZoneInfo | None) -> When | None:
    """The moment in a cell; a day alone is its first moment, estimated. Raises CellProblem."""
    held = row.fields.get(field)
    return None if held is None else _when(held, held.cell, zone)


def whens(row: Cells, field: str, zone: ZoneInfo | None) -> list[When]:
    """The moments in a cell that holds one or several; raises CellProblem."""
    held = row.fields.get(field)
    if held is None:
        return []
    if not isinstance(held.cell, str):
        return [_when(held, held.cell, zone)]
    return [_when(held, part, zone) for part in parts(row, field)]


def yes(row: Cells, field: str) -> bool | None:
    """Whether a cell says yes; None where it says neither."""
    return _YES.get(text(row, field).casefold())


def parcels(row: Cells) -> list[tuple[str, str]]:
    """The numbers of a row's parcels and their carriers, as sent; raises CellProblem.

    A cell of both is split at its last hyphen, or where the carrier stands in front at its first;
    one without a carrier raises NoParcel. One carrier is that of all the numbers beside it.
    """
    held = row.fields.get("parcel")
    found = [] if held is None else [_parcel(held.name, part) for part in parts(row, "parcel")]
    numbers, carriers = identities(row, "tracking_number"), parts(row, "carrier")
    if len(carriers) != len(numbers):
        carriers = carriers[:1] * len(numbers)
    beside = zip(numbers, carriers or [""] * len(numbers), strict=True)
    return found or list(beside)


def _parcel(name: str, part: str) -> tuple[str, str]:
    number, _, carrier = part.rpartition("-")
    if not (number and names_carrier(carrier)):
        first, _, rest = part.partition("-")
        # A number may begin with the letters of its carrier: `EMS123-1`.
        if rest and not _has_digit(first) and names_carrier(first):
            number, carrier = rest, first
        elif not _has_digit(number) or not carrier or _has_digit(carrier):
            raise NoParcel(
                "unknown_value",
                f"{name} is {part[:40]!r}, which names no carrier: NUMBER-CARRIER is expected",
            )
    return _identity(name, number), carrier


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def recipient(row: Cells) -> dict[str, str] | None:
    """Province, city and district where they stand alone, else from the start of the address.

    None where a country is named by other than its two letters: its provinces are nobody's here.
    """
    names = {
        name: text(row, f"recipient.{name}") for name in ("country", "province", "city", "district")
    }
    country = names.pop("country").upper()
    if country and not re.fullmatch("[A-Z]{2}", country):
        return None
    found = {name: each for name, each in names.items() if not _MASKED.match(each)}
    if not found:
        province, city = places.at_start(clean_id(as_sent(row, "recipient"))[:LONGEST_ADDRESS])
        found = {name: each for name, each in (("province", province), ("city", city)) if each}
    return {"country": country, **found} if country and found else found


def _when(held: Held, sent: cells.Cell, zone: ZoneInfo | None) -> When:
    cell = sent
    if isinstance(sent, str):
        cell = clean_id(sent)
        if held.read != "time":
            cell = _year_first(cell, held.read)
    try:
        found = cells.value(cell, "time", held.name, cells.Reading(zone))
        if isinstance(found, cells.Day):
            return When(parse(found.text), estimated=True)
        return When(parse(str(found)))
    except cells.CellError as error:
        raise CellProblem(error.bad.reason, error.bad.message) from None
    except NaiveTimeError:
        raise _naive(held, sent) from None
    except NotATimeError:
        if zone is None and isinstance(cell, str) and _LOCAL.match(cell):
            raise _naive(held, sent) from None
        raise CellProblem("bad_time", f"{held.name} is no time: {str(sent)[:30]!r}") from None


def _naive(held: Held, cell: cells.Cell) -> CellProblem:
    return CellProblem(
        "naive_time",
        f"{held.name} is {str(cell)[:30]!r}, a time without an offset from UTC: say its zone, such "
        "as --zone America/New_York",
    )


def _year_first(cell: str, read: str) -> str:
    """A date that begins with its month, or (`time d/m/y`) its day, written with its year first."""
    found = _AMERICAN.fullmatch(cell)
    if found is None:
        return cell
    one, _, two, year, hour, minute, second, half = found.groups()
    month, day = (one, two) if read == "time m/d/y" else (two, one)
    if hour is None:
        return f"{year}-{month}-{day}"
    at = int(hour)
    if half:
        at = at % 12 + (12 if half.lower() == "pm" else 0)
    return f"{year}-{month}-{day} {at:02}:{minute}:{second or '00'}"


def _identity(name: str, sent: str) -> str:
    short = clean_id(_NUMBERED.sub("", clean_id(sent)))
    if is_damaged(short):
        raise CellProblem(
            "damaged_id",
            f"{name} is {short[:30]!r}: a spreadsheet has destroyed its digits; format the column "
            "as text before the ids are put in",
        )
    return _bounded(name, short) if short != "-" else ""


def _bounded(name: str, found: str) -> str:
    """A text that is no longer than the contract allows of ids and names; raises CellProblem."""
    if len(found) > MAX_ID_LENGTH:
        raise CellProblem(
            "wrong_type", f"{name} has {len(found)} characters, {MAX_ID_LENGTH} are allowed"
        )
    return found


def _plain(held: Held) -> str:
    try:
        found = str(cells.value(held.cell, "text", held.name, cells.Reading()))
    except cells.CellError as error:
        raise CellProblem(error.bad.reason, error.bad.message) from None
    if not (found.isascii() or _sound(found)):
        raise CellProblem("invalid_utf8", f"{held.name} holds bytes that are no characters")
    return found


def _sound(found: str) -> bool:
    """Whether a text has no half characters, which stand for bytes that are none."""
    return not any("\ud800" <= char <= "\udfff" for char in found)


def _lines(sent: str) -> str:
    """A text in which line breaks, which cleaning would remove, part it."""
    return sent.strip().replace("\r", ";").replace("\n", ";")
