"""Bad lines of a history, kept with the reason and their original bytes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import IO, Any

import msgspec

from schemas.dead_letter import dead_letter
from streams.facts.times import to_datetime
from streams.inputs.files import BadLine

UNSHOWN = frozenset(("description", "closed_reason", "address_key", "person_key"))
"""Fields whose values are not repeated to anybody: people put into them what is personal."""

_PERSONAL = re.compile(r"@|(?:[0-9][ ()-]?){7,}")
"""In a value that is none of its field's: an e-mail address, a phone number, an ID card."""

_QUOTED = re.compile(r"'[^']*'")

LONGEST_SHOWN = 40
"""Characters of a value that are shown."""


class Counted:
    """Counts bad lines by reason, and keeps the first of each."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.first: dict[str, BadLine] = {}

    @property
    def count(self) -> int:
        """How many there were."""
        return self.reasons.total()

    def take(self, line: BadLine) -> None:
        """One more bad line."""
        self.reasons[line.bad.reason] += 1
        self.first.setdefault(line.bad.reason, line)


class Rejected(Counted):
    """Writes bad lines as they come; `opened` gives the file, asked when there is one."""

    def __init__(self, opened: Callable[[], AbstractContextManager[IO[bytes]]]) -> None:
        super().__init__()
        self._opened = opened
        self._open = ExitStack()
        self._file: IO[bytes] | None = None
        self._encoder = msgspec.json.Encoder()

    def take(self, line: BadLine) -> None:
        """Write one bad line; raises OSError."""
        if self._file is None:
            self._file = self._open.enter_context(self._opened())
        super().take(line)
        value = dead_letter(
            reason=line.bad.reason,
            field=line.bad.field,
            message=line.bad.message,
            topic=line.path.name,
            partition=0,
            offset=line.number - 1,
            timestamp=None,
            key=None,
            value=line.raw,
            detected_at=to_datetime(line.arrival),
        )
        letter = {"line": line.number, **value, "value_text": _text(line.raw)}
        self._file.write(self._encoder.encode(letter) + b"\n")

    def close(self) -> None:
        """Close the file, if there is one."""
        self._open.close()


def shown_value(line: BadLine) -> str | None:
    """What the field of a bad line holds, as a person reads it, cut short; None: nothing to show.

    The message of the refusal may say the value already.
    """
    if line.bad.field is None or not UNSHOWN.isdisjoint(line.bad.field.split(".")):
        return None
    try:
        found: Any = msgspec.json.decode(line.raw)
        for part in line.bad.field.split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, LookupError, TypeError):
        return None
    except ValueError:
        return None
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    if text in line.bad.message:
        return None
    if _PERSONAL.search(text):
        return None
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def without_personal(sentence: str) -> str:
    """A sentence in which quoted values that look personal are left out: others may read it."""
    return _QUOTED.sub(lambda found: "'…'" if _PERSONAL.search(found[0]) else found[0], sentence)


def _text(raw: bytes) -> str | None:
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        return None
