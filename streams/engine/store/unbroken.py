"""Whether a store holds every write up to its newest: writes are numbered, the last ones are kept.

RocksDB replays the logs that it finds. Where one between two others is missing, or an older list of
files is believed, what it held is a hole that no checksum shows, behind a newer changelog offset.
Write *n* puts *n* into place *n* mod KEPT, in the batch of its states; so does a hole show as a
number that is missing, as long as less than KEPT writes lie in logs. Decision 0100.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

KEPT = 4096
"""Numbers that are kept."""

FLUSH_EVERY = KEPT // 2
"""Writes after which what lies in logs is brought into checked files."""

PREFIX = b"write-"
_PLACE = Struct(">H")
_NUMBER = Struct(">Q")


class Numbers:
    """The numbers of a store's writes; 0: none was numbered yet."""

    def __init__(self, stored: Iterable[tuple[bytes, bytes]]) -> None:
        """`stored`: what is found under PREFIX."""
        found = {place: _NUMBER.unpack(value)[0] for place, value in stored}
        self.last: int = max(found.values(), default=0)
        first = max(1, self.last - KEPT + 1)
        self.missing: int = sum(
            found.get(_place(number)) != number for number in range(first, self.last + 1)
        )
        """Writes up to the newest that the store should have and has not."""

    def entry(self) -> tuple[bytes, bytes]:
        """Key and value that the next write brings along; call `written` once it is."""
        number = self.last + 1
        return _place(number), _NUMBER.pack(number)

    def written(self) -> bool:
        """The entry is written; says whether it is time to flush."""
        self.last += 1
        return self.last % FLUSH_EVERY == 0


def _place(number: int) -> bytes:
    return PREFIX + _PLACE.pack(number % KEPT)
