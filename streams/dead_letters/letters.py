"""Dead letters as commands read them: which there are, which are wanted, which were sent again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from streams.decode.moments import parse_time
from streams.engine.kafka.unreadable import UNREADABLE

RETRIED_HEADER = "shipsentry-retried"
"""On a record without a value beside a dead letter, under its key: when it was sent again, and the
digest of what was sent (`-`: it had no value), separated by a blank."""

NO_FIELD = "-"
"""What stands for the field of a letter whose record was refused as a whole."""


class Source(NamedTuple):
    """One record of the topic of dead letters, or one line of a file of them."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Origin(msgspec.Struct, frozen=True):
    """Where the refused record was read."""

    topic: str
    partition: int
    offset: int
    timestamp: str | None = None

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


class Letter(msgspec.Struct):
    """A dead letter without the bytes of the refused record; see `Held`."""

    reason: str
    message: str
    origin: Origin
    field: str | None = None
    value_sha256: str | None = None
    value_bytes: int = 0
    truncated: bool = False
    detected_at: str | None = None

    @property
    def where(self) -> str:
        """The field without the places in lists: `items.quantity` of `items.0.quantity`."""
        parts = (self.field or NO_FIELD).split(".")
        return ".".join(part for part in parts if not part.isdigit())

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two letters the same one: a crash may have it written twice.

        The digest is part of it: a topic that was made anew has the same offsets for other records.
        """
        return str(self.origin), self.value_sha256 or NO_FIELD


class Held(msgspec.Struct):
    """The refused record's bytes: the whole, unless the letter says that it is truncated."""

    key: bytes | None = None
    value: bytes | None = None


class Entry(NamedTuple):
    """A letter, where it lies (partition and offset, or 0 and line), and when it was sent again."""

    letter: Letter
    place: tuple[int, int]
    retried_at: str | None


class Filter(NamedTuple):
    """Which letters are wanted; an empty part wants all. Times in µs, `since` inclusive."""

    origins: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None

    def wants(self, letter: Letter) -> bool:
        """Whether the letter fits every part. A field's own fields are it too."""
        return (
            (not self.origins or str(letter.origin) in self.origins)
            and (not self.topics or letter.origin.topic in self.topics)
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.fields or any(_within(letter, field) for field in self.fields))
            and self._in_time(letter)
        )

    def _in_time(self, letter: Letter) -> bool:
        if self.since is None and self.until is None:
            return True
        moment = parse_time(letter.detected_at)
        if moment is None:
            return False
        return (self.since is None or self.since <= moment) and (
            self.until is None or moment < self.until
        )


class Letters(NamedTuple):
    """The wanted letters, earliest first, and how many records there were none."""

    found: list[Entry]
    bad: int


_letter = msgspec.json.Decoder(Letter).decode
_held = msgspec.json.Decoder(Held).decode


def letters(sources: Iterable[Source], wanted: Filter) -> Letters:
    """The wanted letters, each once, without their bytes: a flood of them fits into memory."""
    found: dict[tuple[str, str], tuple[Letter, tuple[int, int]]] = {}
    retried: dict[tuple[str, str], str] = {}
    bad = 0
    for source in sources:
        if source.value is None:
            mark = _mark(source)
            if mark is not None:
                retried[mark[0]] = mark[1]
            continue
        try:
            letter = _letter(source.value)
        except UNREADABLE:
            bad += 1
            continue
        if wanted.wants(letter):
            found.setdefault(letter.identity, (letter, (source.partition, source.offset)))
    all_of_them = [
        Entry(letter, place, retried.get(identity)) for identity, (letter, place) in found.items()
    ]
    return Letters(sorted(all_of_them, key=_order), bad)


class LetterBroken(ValueError):
    """The bytes in a letter cannot be read; the sentence names it."""


def held(source: Source, letter: Letter) -> Held:
    """The refused record's bytes, of a source that is this letter. Raises LetterBroken."""
    try:
        return _held(source.value or b"{}")
    except UNREADABLE as error:
        raise LetterBroken(f"{letter.origin}: the bytes in its letter are no base64") from error


def mark(letter: Letter, now: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Key and headers of the record that says of a letter that it was sent again."""
    origin, digest = letter.identity
    return origin.encode(), [(RETRIED_HEADER, f"{now} {digest}".encode())]


def _mark(source: Source) -> tuple[tuple[str, str], str] | None:
    value = dict(source.headers).get(RETRIED_HEADER)
    if value is None or source.key is None:
        return None
    at, _, digest = value.decode("utf-8", "replace").partition(" ")
    return (source.key.decode("utf-8", "replace"), digest), at


def _within(letter: Letter, field: str) -> bool:
    own = letter.field or NO_FIELD
    return any(name == field or name.startswith(f"{field}.") for name in (own, letter.where))


def _order(found: Entry) -> tuple[int, str, int, int]:
    origin = found.letter.origin
    moment = parse_time(found.letter.detected_at)
    return moment or 0, origin.topic, origin.partition, origin.offset
