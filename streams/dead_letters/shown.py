"""A dead letter for a person to read: nothing in it steers a terminal, and nothing is left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from streams.dead_letters.letters import Entry, Held, Letter
from streams.telemetry.counted import counted

_ROW = 16
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-fA-F]{4})+)")


def text_of(value: bytes) -> str | None:
    """Bytes as text: JSON indented, with its characters unescaped, else as it is; None: no text.

    JSON stays what was sent: a field that is there twice, or a number of any size, is shown so.
    """
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    with suppress(msgspec.DecodeError, RecursionError):
        text = _unescaped(msgspec.json.format(value, indent=2).decode())
    return visible(text)


def visible(text: str) -> str:
    """A text with control characters written as escapes; line ends and tabs stay."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else _escape(character)
        for character in text
    )


def hex_dump(value: bytes) -> Iterator[str]:
    """Bytes sixteen a line: where, in hexadecimal, and those that are ASCII as such."""
    for start in range(0, len(value), _ROW):
        row = value[start : start + _ROW]
        signs = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{start:08x}  {row.hex(' '):{3 * _ROW - 1}}  |{signs}|"


def value_lines(value: bytes | None) -> Iterator[str]:
    """A record's value: text where it is text, else a hex dump."""
    text = None if value is None else text_of(value)
    if value is None:
        yield "(the record has no value)"
    elif text is None:
        yield from hex_dump(value)
    else:
        yield from text.split("\n")


def key_text(key: bytes | None) -> str:
    """A record's key on one line."""
    if key is None:
        return "none"
    text = text_of(key)
    return key.hex(" ") if text is None else " ".join(text.split())


def described(found: Entry, held: Held, shown_time: str) -> Iterator[str]:
    """Everything about one letter but the value; `shown_time` is when it was detected."""
    letter = found.letter
    size = counted(letter.value_bytes, "byte")
    if letter.truncated:
        size += (
            f", of which the first {len(held.value or b'')} are here; the whole is at its origin"
        )
    rows = {
        "origin": str(letter.origin),
        "reason": letter.reason,
        "field": letter.field or "the record as a whole",
        "message": letter.message,
        "detected": shown_time,
        "timestamp": letter.origin.timestamp or "none",
        "sent again": found.retried_at or "no",
        "key": key_text(held.key),
        "value": size,
        "sha256": letter.value_sha256 or "none",
    }
    width = max(len(name) for name in rows)
    for name, text in rows.items():
        yield visible(f"{name:{width}}  {text}").replace("\n", " ")


def summary(found: Iterable[Entry]) -> Iterator[str]:
    """How many letters there are by reason, field and topic, the most frequent first."""
    letters: list[Letter] = []
    again = 0
    for each in found:
        letters.append(each.letter)
        again += each.retried_at is not None
    yield f"{counted(len(letters), 'dead letter')}, {again} of them sent again"
    for title, names in (
        ("reason", [letter.reason for letter in letters]),
        ("field", [letter.where for letter in letters]),
        ("topic", [letter.origin.topic for letter in letters]),
    ):
        counts = sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))
        if counts:
            yield visible(f"  by {title}: " + ", ".join(f"{name} {n}" for name, n in counts))


def _unescaped(text: str) -> str:
    """JSON with the characters that a person can read in place of their escapes."""

    def plain(found: re.Match[str]) -> str:
        units = found[2].split("\\u")[1:]
        raw = b"".join(int(unit, 16).to_bytes(2, "big") for unit in units)
        try:
            characters = raw.decode("utf-16-be")
        except UnicodeDecodeError:
            return found[0]
        keep = (
            character if character.isprintable() and not character.isascii() else _escape(character)
            for character in characters
        )
        return found[1] + "".join(keep)

    return _ESCAPED.sub(plain, text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
