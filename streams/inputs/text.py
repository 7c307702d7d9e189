"""A file that is text: its characters and its lines, whatever the encoding."""

from __future__ import annotations

import io
from collections.abc import Iterator

from streams.inputs.encodings import Encoding, as_text, encoding_of
from streams.inputs.opened import Opened

_BOM = b"\xef\xbb\xbf"


class Text:
    """The text of a file, which can be read any number of times."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self.path = opened.path
        with opened.unpacked() as file:
            self.encoding: Encoding = encoding_of(file)
        with self.characters() as text:
            self.head = text.read(1 << 20)
            """Its first characters, all of a short one."""

    def characters(self) -> io.TextIOWrapper:
        """The characters from the beginning; bytes that are none become half characters."""
        return as_text(self._opened.unpacked(), self.encoding)

    def lines(self) -> Iterator[bytes]:
        """The lines as UTF-8, without their ends; one that holds no character keeps its bytes."""
        if self.encoding != "utf-8-sig":
            with self.characters() as text:
                for line in text:
                    yield line.rstrip("\r\n").encode(errors="surrogateescape")
            return
        with self._opened.unpacked() as file:
            if file.peek(len(_BOM)).startswith(_BOM):
                file.read(len(_BOM))
            for whole in file:
                raw = whole.rstrip(b"\r\n")
                if b"\r" in raw:
                    yield from raw.split(b"\r")
                else:
                    yield raw
