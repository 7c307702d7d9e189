"""Carriers as spreadsheets name them: with a branch or a service around the name.

`carriers.tsv` has a row a word: a name that no table of carriers has is that of the first word that
it holds. Latin words stand alone, so that `ups` is in `UPS Ground` and not in `groups`.
"""

from __future__ import annotations

import re
from importlib.resources import files

from schemas.cleaning import clean
from streams.decode.names import BUILT_IN


def _table() -> list[tuple[re.Pattern[str], str]]:
    rows = files(__package__).joinpath("carriers.tsv").read_text("utf-8").splitlines()[1:]
    found = []
    for row in rows:
        word, code, _ = row.split("\t")
        pattern = rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word)
        found.append((re.compile(pattern, re.I), code))
    return found


WORDS = _table()


def names_carrier(text: str) -> bool:
    """Whether a text is, or holds, the name of a carrier that a table has."""
    code = carrier_in(text)
    return bool(code) and not BUILT_IN.unknown("carrier", [code])


def carrier_in(name: str) -> str:
    """Our code of the carrier that a cell names; an unknown one in lower case."""
    code = BUILT_IN.carrier_of(clean(name))
    if BUILT_IN.unknown("carrier", [code]):
        for word, known in WORDS:
            if word.search(name):
                return known
    return code
