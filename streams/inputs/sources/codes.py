"""Tables of a source's codes: `codes.tsv` in its folder, a row a code, with where it was seen.

What a code comes to is a status, or a word about how to find it:

- `words`: what the line's words say, else `unknown`.
- `words/STATUS`: what they say, else that status. For coarse codes: they say a bucket.
- `hub/STATUS`: `hub` where the scan was made at a hub, else that status. The code says that it is
  done, so the place that the source names is enough; where it names none, the words say both.
- `-`: no checkpoint at all.

A code `*` is any other one that begins like the row: `InTransit_Customs*`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple, cast, get_args

from schemas.tracking_update import Status
from streams.inputs.sources.wording import at_hub, at_hub_en, is_hub, status_of

STATUSES = frozenset(get_args(Status))


class Row(NamedTuple):
    """A code, what it comes to, the source's words for it, and where it was seen."""

    code: str
    rule: str
    words: str
    seen: str


class Codes(NamedTuple):
    """The codes of one source."""

    rows: tuple[Row, ...]
    exact: dict[str, str]
    prefixes: dict[str, str]

    def find(self, code: str) -> str | None:
        """What a code comes to, or None where no row has it."""
        found = self.exact.get(code)
        if found is None:
            for prefix, rule in self.prefixes.items():
                if code.startswith(prefix):
                    return rule
        return found

    def status(self, rule: str, text: str, place: str = "", hub: bool | None = None) -> Status:
        """The status by what a code comes to.

        `place` is where the source says that the scan was made, `hub` whether it says that this is
        a hub (None: it does not say).
        """
        how, _, otherwise = rule.partition("/")
        if how == "hub" and otherwise:
            if hub is None:
                hub = is_hub(place) or at_hub(text) or at_hub_en(text)
            return "hub" if hub else cast(Status, otherwise)
        if how == "words":
            said = status_of(text, place=place)
            if hub and said == "in_transit":
                return "hub"
            return said or cast(Status, otherwise or "unknown")
        return cast(Status, rule)


def is_rule(text: str) -> bool:
    """Whether a text says what a code comes to."""
    how, slash, otherwise = text.partition("/")
    if slash:
        return how in ("words", "hub") and otherwise in STATUSES
    return how in STATUSES | {"-", "words"}


def codes_of(package: str, name: str = "codes.tsv") -> Codes:
    """The table in a source's folder. Raises ValueError where a row is wrong."""
    exact: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    rows: list[Row] = []
    lines = files(package).joinpath(name).read_text("utf-8").splitlines()[1:]
    for number, line in enumerate(lines, 2):
        cells = line.split("\t")
        if len(cells) != 4:
            raise ValueError(f"{package}/{name}:{number}: four columns are needed")
        row = Row(*cells)
        if not is_rule(row.rule):
            raise ValueError(f"{package}/{name}:{number}: {row.rule!r} is no status and no rule")
        table, code = (prefixes, row.code[:-1]) if row.code.endswith("*") else (exact, row.code)
        if code in table:
            raise ValueError(f"{package}/{name}:{number}: {row.code!r} is there twice")
        table[code] = row.rule
        rows.append(row)
    return Codes(tuple(rows), exact, prefixes)
