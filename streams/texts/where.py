"""Where in a TOML file a field is: the parser keeps no lines, and a mistake needs one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

Field = tuple[str | int, ...]
"""A field as its keys and, within arrays, positions from 0."""

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_HEADER = re.compile(r"(\[\[?)([^\[\]\n]+)\]\]?")
_KEY = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^=\n"'])+""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s."']+))\s*\.?""")
_STRING = re.compile(
    r'"""(?:\\.|.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:\\.|[^"\\])*"|' r"'[^']*'", re.DOTALL
)
_BARE = re.compile(r"[^,\]}#\n]*")


def line_of(text: str, field: Sequence[str | int]) -> int:
    """The line of the deepest part of `field` that is in a valid file, else 1."""
    best, depth = 1, 0
    for line, place in _found(text):
        if len(place) > depth and tuple(field[: len(place)]) == place:
            best, depth = line, len(place)
    return best


@lru_cache(4)
def _found(text: str) -> list[tuple[int, Field]]:
    return _Scanner(text).found


class _Scanner:
    """Walks a valid file once; `found` has (line, field) of tables, keys and array elements."""

    def __init__(self, text: str) -> None:
        self.found: list[tuple[int, Field]] = []
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0
        self._newest: dict[Field, int] = {}
        table: Field = ()
        while self._skip():
            header = _HEADER.match(text, self._at)
            if header:
                table = self._table(_parts(header[2]), repeated=header[1] == "[[")
                self._note(table)
                self._at = header.end()
            else:
                self._assignment(table)

    def _skip(self) -> bool:
        """Go past blanks, line ends and comments; whether anything is left."""
        blank = _BLANK.match(self._text, self._at)
        self._at = self._at if blank is None else blank.end()
        return self._at < len(self._text)

    def _note(self, place: Field) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self.found.append((self._line, place))

    def _table(self, keys: Field, *, repeated: bool) -> Field:
        """A header's field; a part that is an array of tables is its newest element."""
        place: Field = ()
        for depth, key in enumerate(keys):
            place += (key,)
            if repeated and depth == len(keys) - 1:
                self._newest[place] = self._newest.get(place, -1) + 1
            if place in self._newest:
                place += (self._newest[place],)
        return place

    def _assignment(self, table: Field) -> None:
        key = _KEY.match(self._text, self._at)
        if key is None:
            self._at = len(self._text)
            return
        place = table + _parts(key[0])
        self._note(place)
        self._at = key.end() + 1
        self._value(place)

    def _value(self, place: Field) -> None:
        self._skip()
        opening = self._text[self._at : self._at + 1]
        if opening in ("[", "{"):
            self._at += 1
            self._members(place, "]" if opening == "[" else "}")
            return
        end = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
        self._at = self._at if end is None else end.end()

    def _members(self, place: Field, closing: str) -> None:
        """The elements of an array or the keys of an inline table, to its closing bracket."""
        number = 0
        while self._skip() and self._text[self._at] != closing:
            if self._text[self._at] == ",":
                self._at += 1
                number += 1
            elif closing == "]":
                self._note((*place, number))
                self._value((*place, number))
            else:
                self._assignment(place)
        self._at += 1


def _parts(key: str) -> Field:
    """`a."b.c"` as its parts."""
    return tuple("".join(part) for part in _PART.findall(key))
