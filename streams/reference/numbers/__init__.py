"""Does a tracking number look like one of its carrier's? By international formats only.

The formats, check digits included, are data (`couriers/`). Carriers of which they are not known,
all Chinese ones among them, are never judged: *not known* is not *does not fit*.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from streams.reference.numbers.formats import Format, load

MAX_LENGTH = 35
"""No carrier's number is longer; what is, is not looked at."""


class _Carrier(NamedTuple):
    formats: tuple[Format, ...]
    whole: bool
    """The data holds every kind of number that this carrier uses."""


@lru_cache(maxsize=1 << 14)
def fits(carrier: str, number: str) -> bool | None:
    """Whether a normalised number fits one of its carrier's formats; None where nobody can say.

    That is a carrier the data does not hold, or a kind of number it does not hold of a carrier
    that has others: there only a wrong check digit tells.
    """
    known = _carriers().get(carrier.replace("-", "_").replace(" ", "_"))
    if known is None:
        return None
    spellings = _spellings(number)
    if any(format_.fits(s) for format_ in known.formats for s in spellings):
        return True
    if known.whole or any(format_.shape(s) for format_ in known.formats for s in spellings):
        return False
    return None


def guess(number: str) -> tuple[str, ...]:
    """The couriers that a normalised number may be of: those with a check digit that fits first.

    A format of digits alone without a check digit says nothing and is left out.
    """
    spellings = _spellings(number)
    found = [f for f in _formats() if f.telling and any(f.fits(s) for s in spellings)]
    found.sort(key=lambda format_: format_.check is None)
    return tuple(dict.fromkeys(format_.courier for format_ in found))


def _spellings(number: str) -> tuple[str, ...]:
    """The number, and without its hyphens if it has any: some are part of it, some are not."""
    if len(number) > MAX_LENGTH:
        return ()
    return (number, number.replace("-", "")) if "-" in number else (number,)


@cache
def _formats() -> tuple[Format, ...]:
    return load()


@cache
def _carriers() -> dict[str, _Carrier]:
    """A carrier's names, with underscores, as shops and tracking services write them → it."""
    table: dict[str, _Carrier] = {}
    lines = files("streams.reference.numbers").joinpath("carriers.tsv").read_text(encoding="utf-8")
    for line in lines.splitlines()[1:]:
        names, whole, couriers = line.split("\t")
        wanted = couriers.split()
        formats = tuple(f for courier in wanted for f in _formats() if f.courier == courier)
        table.update(dict.fromkeys(names.split(), _Carrier(formats, whole == "yes")))
    return table


__all__ = ["fits", "guess"]
