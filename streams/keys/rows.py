"""A row of recipients: its keys in place of what they are made from, all else as it is."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from streams.keys.columns import PLAIN, Column, columns_of, folded
from streams.keys.hashing import Keys
from streams.keys.recipient import ADDRESS, PERSON, Made, Refused, checked, made

PLACES = ("recipient", "via", "ship_from")
"""Objects of a message in which a recipient may stand; in a table `recipient.name` and so on."""

_SHORTEST_REPEATED = 6
"""Characters of a phone number or address that are looked for in the cells that stay."""

_MOST_LAYOUTS = 1_000


class Layout(NamedTuple):
    """What becomes of a recipient's columns: those read, those that stay, and new ones for keys.

    `plain` are left out; the new ones come where the first of them stood.
    """

    read: list[Column]
    plain: list[str]
    kept: list[str]
    keys: list[str]

    def written(self, names: Iterable[str]) -> list[str]:
        """What is written of the columns, in the order of `names`, which are all there are."""
        found: list[str] = []
        for name in names:
            if name in self.kept:
                found.append(name)
            elif name in self.plain:
                found += [key for key in self.keys if key not in found]
        return found


class Maker:
    """Makes the keys of rows. `wanted`: which; `more`: column → role; `drop`: columns left out."""

    def __init__(
        self,
        keys: Keys,
        wanted: Collection[str] = (ADDRESS, PERSON),
        more: Mapping[str, str] | None = None,
        drop: Iterable[str] = (),
    ) -> None:
        self.lacking: dict[str, int] = dict.fromkeys(wanted, 0)
        """Key → recipients of whom it could not be made, because something is blank or unknown."""
        self._keys = keys
        self._wanted = wanted
        self._more = {folded(name): role for name, role in (more or {}).items()}
        self._drop = {folded(name) for name in drop}
        self._layouts: dict[tuple[str, tuple[str, ...]], Layout] = {}

    def layout(self, place: str, names: Iterable[str]) -> Layout:
        """What becomes of the columns of a recipient at a place (`""`: the row itself)."""
        known = tuple(names)
        found = self._layouts.get((place, known))
        if found is None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            found = self._layouts[place, known] = self._laid_out(place, known)
        return found

    def row(self, row: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The columns of each place in the row, made into what is written; raises Refused.

        A value that stays must not repeat what became a key.
        """
        written: dict[str, dict[str, Any]] = {}
        plain: list[str] = []
        read: dict[str, list[str]] = {}
        for place, values in row.items():
            for key in (ADDRESS, PERSON):
                checked(named(place, key), values.get(key))
            layout = self.layout(place, values)
            read[place] = [name for name, _ in layout.read]
            keys: Mapping[str, Any] = {}
            if layout.plain:
                found = self._made(place, values, layout)
                keys, plain = found.keys, [*plain, *found.plain]
            written[place] = {
                name: keys[name] if name in keys else values[name]
                for name in layout.written(values)
            }
        self._refuse_repeats(written, read, plain)
        return written

    def _laid_out(self, place: str, names: tuple[str, ...]) -> Layout:
        def known(name: str, column: str) -> bool:
            return folded(name) in (column, f"{place}.{column}")

        dropped = {name for name in names if any(known(name, each) for each in self._drop)}
        more = {column.removeprefix(f"{place}."): role for column, role in self._more.items()}
        read = columns_of((name for name in names if name not in dropped), more)
        plain = [name for name, role in read if role in PLAIN]
        kept = [name for name in names if name not in dropped and name not in plain]
        keys = [key for key in self._wanted if key not in kept] if plain else []
        return Layout(read, plain, kept, keys)

    def _made(self, place: str, values: Mapping[str, Any], layout: Layout) -> Made:
        try:
            found = made(values, layout.read, self._keys, self._wanted)
            for key in self._wanted:
                if found.keys[key] is None:
                    found.keys[key] = values.get(key) or None
                    self.lacking[key] += found.keys[key] is None
        except Refused as error:
            raise Refused(named(place, error.field), error.why) from None
        return found

    def _refuse_repeats(
        self,
        written: Mapping[str, Mapping[str, Any]],
        read: Mapping[str, list[str]],
        plain: Iterable[str],
    ) -> None:
        texts = {_compact(text) for text in plain} - {""}
        for place, values in written.items():
            for name, value in values.items():
                if name in read[place] or name in (ADDRESS, PERSON) or value in (None, ""):
                    continue
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                if _repeats(_compact(text), texts):
                    raise Refused(
                        named(place, name),
                        "repeats the recipient's name, phone number or address: leave it out with "
                        "--drop",
                    )


def named(place: str, column: str) -> str:
    """A column as an error names it."""
    return f"{place}.{column}" if place else column


def _compact(text: str) -> str:
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))


def _repeats(cell: str, texts: Iterable[str]) -> bool:
    """Whether a cell is one of the texts, or holds a longer one; a name may be part of a word."""
    return any(cell == text or (len(text) >= _SHORTEST_REPEATED and text in cell) for text in texts)
