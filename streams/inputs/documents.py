"""The values of JSON that is laid out over many lines: of one array, or one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import TextIOBase
from typing import NamedTuple

LONGEST_VALUE = 16 << 20
"""Characters in which a value must end."""

_CHUNK = 1 << 20
_BETWEEN = re.compile(r"[\s,]*")
_read = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode


class Value(NamedTuple):
    """One value as written, the line where it begins, and why it is none (None: it is one)."""

    line: int
    text: str
    why: str | None = None


class _Text:
    """A text that is held only from where it is being read."""

    def __init__(self, source: TextIOBase) -> None:
        self._source = source
        self.held = ""
        self.at = 0
        self.line = 1
        self.indent: str | None = None
        """The blanks before what is read next, where it begins its line."""
        self.ended = False

    def more(self) -> None:
        """Hold at least as much again as is unread."""
        chunk = self._source.read(max(_CHUNK, len(self.held) - self.at))
        self.held = self.held[self.at :] + chunk
        self.at = 0
        self.ended = not chunk

    def go(self, to: int) -> str:
        """Read on to a place, and return what was passed."""
        passed = self.held[self.at : to]
        self.line += passed.count("\n") or passed.count("\r")
        self.at = to
        return passed

    def skip(self) -> str:
        """Read on to the next character that is neither blank nor comma; "" at the end."""
        passed = "\n" if self.at == 0 and self.line == 1 else ""
        while True:
            end = _BETWEEN.match(self.held, self.at).end()  # type: ignore[union-attr]
            passed += self.go(end)
            _, begins, indent = passed.rpartition("\n")
            self.indent = indent if begins else None
            if end < len(self.held):
                return self.held[end]
            if self.ended:
                return ""
            self.more()


def values(source: TextIOBase) -> Iterator[Value]:
    """Each element of an array, and each value that stands outside of one.

    After a value that is broken reading goes on at the next one that is indented as it is; where
    there is none, the value says that the rest is not read.
    """
    text = _Text(source)
    opened: int | None = None
    while char := text.skip():
        if opened is None and char == "[":
            opened = text.line
            text.go(text.at + 1)
        elif opened is not None and char == "]":
            opened = None
            text.go(text.at + 1)
        else:
            found = _value(text)
            yield found
            if found.why is not None and text.ended and text.at == len(text.held):
                return
    if opened is not None:
        yield Value(opened, "", f"the array that opens in line {opened} never closes")


def _value(text: _Text) -> Value:
    line = text.line
    while True:
        try:
            _, end = _read(text.held, text.at)
            if end < len(text.held) or text.ended:
                return Value(line, text.go(end))
            why = "it does not end"
        except RecursionError:
            why = "it nests too deep"
            break
        except json.JSONDecodeError as error:
            why = f"{error.msg}, line {line + text.held.count(chr(10), text.at, error.pos)}"
            if text.ended or len(text.held) - text.at > LONGEST_VALUE:
                break
        text.more()
    # Where a value breaks off, only its layout tells where the next one begins.
    again = -1 if text.indent is None else text.held.find(f"\n{text.indent}{{", text.at)
    if again >= 0:
        return Value(line, text.go(again + 1), f"the value is not JSON: {why}")
    passed = text.go(len(text.held))
    while not text.ended:
        text.more()
        text.go(len(text.held))
    return Value(line, passed, f"the value is not JSON, and what follows is not read: {why}")
