"""Bad lines of a history, kept with the reason and their original bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import IO

import msgspec

from schemas.dead_letter import dead_letter
from streams.facts.times import to_datetime
from streams.inputs.files import BadLine


class Rejected:
    """Writes bad lines as they come; `opened` gives the file, asked when there is one."""

    def __init__(self, opened: Callable[[], AbstractContextManager[IO[bytes]]]) -> None:
        self.count = 0
        self._opened = opened
        self._open = ExitStack()
        self._file: IO[bytes] | None = None
        self._encoder = msgspec.json.Encoder()

    def take(self, line: BadLine) -> None:
        """Write one bad line; raises OSError."""
        if self._file is None:
            self._file = self._open.enter_context(self._opened())
        self.count += 1
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
        self._file.write(self._encoder.encode({"line": line.number, **value}) + b"\n")

    def close(self) -> None:
        """Close the file, if there is one."""
        self._open.close()
