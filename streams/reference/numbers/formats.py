"""The formats of tracking numbers, read from the data files in `couriers/`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from streams.reference.numbers.check_digits import Computes, check_digit

_BLANKS = re.compile(r"\\s\*")
_NAMED = re.compile(r"\(\?<(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of tracking number of one carrier."""

    courier: str
    name: str
    pattern: re.Pattern[str]
    check: Computes | None
    """Computes the check digit; None where the format has none."""
    known: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]
    """Parts of the number, with the values they may have (S10: a country that has a post)."""
    telling: bool
    """A number that fits says something: it has a check digit, or letters that belong to it."""
    valid: tuple[str, ...]
    invalid: tuple[str, ...]

    def shape(self, number: str) -> re.Match[str] | None:
        """The number's parts if it has this format's letters and digits in their places."""
        return self.pattern.fullmatch(number)

    def fits(self, number: str) -> bool:
        """Whether the number has the format's shape, its check digit and only known parts."""
        parts = self.shape(number)
        if parts is None:
            return False
        if self.check is not None and self.check(parts["SerialNumber"]) != parts["CheckDigit"]:
            return False
        return all(any(v.fullmatch(parts[part]) for v in values) for part, values in self.known)


def load() -> tuple[Format, ...]:
    """All formats, sorted by file name."""
    folder = files("streams.reference.numbers").joinpath("couriers")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return tuple(
        read(courier["courier_code"], entry)
        for name in names
        for courier in [json.loads(folder.joinpath(name).read_text(encoding="utf-8"))]
        for entry in courier["tracking_numbers"]
    )


def read(courier: str, entry: Mapping[str, Any]) -> Format:
    """One entry of a courier's `tracking_numbers`."""
    written = entry["regex"] if isinstance(entry["regex"], str) else "".join(entry["regex"])
    validation = entry["validation"]
    check = check_digit(validation)
    return Format(
        courier=courier,
        name=entry["name"],
        pattern=re.compile(_python(written), re.ASCII),
        check=check,
        known=tuple(_known(entry, validation.get("additional", {}).get("exists", ()))),
        telling=check is not None or _has_letters(written),
        valid=tuple(entry["test_numbers"]["valid"]),
        invalid=tuple(entry["test_numbers"]["invalid"]),
    )


def _python(written: str) -> str:
    """A pattern of the data as Python writes it, for numbers without blanks.

    The data allows blanks between any two characters. Ours are normalised and have none, and it is
    the many `\\s*` that could make such a pattern backtrack without end.
    """
    return _NAMED.sub("(?P<", _BLANKS.sub("", written))


def _has_letters(written: str) -> bool:
    """Whether a format asks for letters outside the names of its groups and escapes."""
    return re.search(r"[A-Z]", re.sub(r"\\.|\(\?<\w+>", "", written)) is not None


def _known(
    entry: Mapping[str, Any], wanted: tuple[str, ...]
) -> Iterator[tuple[str, tuple[re.Pattern[str], ...]]]:
    for table in entry.get("additional", ()):
        if table["name"] in wanted:
            values = (
                re.compile(row.get("matches_regex") or re.escape(row["matches"]))
                for row in table["lookup"]
            )
            yield table["regex_group_name"], tuple(values)
