"""What a file is by its first bytes, never by its name, and its content, any number of times."""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import tempfile
import weakref
import zipfile
from pathlib import Path
from typing import IO, Literal, cast

Form = Literal["text", "workbook"]

HEAD = 1 << 20
"""Bytes that are looked at to tell the form."""

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How an .xls begins."""
_NAMED = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"PAR1": "a Parquet file",
    b"SQLite": "an SQLite database",
}
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|table|meta|\?xml|div)", re.I
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1e\x7f]")

ALLOWED = "allowed are JSON Lines, JSON, CSV, .xlsx and .xls, each also packed by gzip"


class Unreadable(Exception):
    """A file that cannot be read as messages at all; the sentence names file, fault and remedy.

    `why` is the sentence without the file.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Opened:
    """A file that can be read from its beginning any number of times.

    What can be read only once, a pipe, is copied to a temporary file first. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._copy: int | None = None
        if not path.is_file():
            with path.open("rb") as pipe, _copied(pipe) as copy:
                self._copy = os.dup(copy.fileno())
            weakref.finalize(self, os.close, self._copy)
        with self._stored() as file:
            self.packed = file.read(len(_GZIP)) == _GZIP
        with self.unpacked() as file:
            self.head = file.read(HEAD)

    def unpacked(self) -> io.BufferedReader:
        """The content from its beginning, unpacked; close it after use."""
        if not self.packed:
            return self._stored()
        return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(self._place())), HEAD)

    def seekable(self) -> IO[bytes]:
        """The content for whoever jumps about in it; what is packed is unpacked to a file first."""
        if not self.packed:
            return self._stored()
        with self.unpacked() as file:
            return _copied(file)

    def form(self) -> Form:
        """Whether the content is text or a workbook; raises Unreadable where it is neither."""
        head = self.head
        if head.startswith(OLE):
            return "workbook"
        if head.startswith(_ZIP):
            return self._archive()
        for start, name in _NAMED.items():
            if head.startswith(start):
                raise Unreadable(self.path, f"is {name}: {ALLOWED}")
        plain = head.replace(b"\x00", b"")
        if _MARKUP.match(plain.lstrip(b"\xff\xfe")):
            raise Unreadable(
                self.path,
                "is a web page or XML, as some shops name .xls: open it in a spreadsheet "
                "and save it as .xlsx or CSV",
            )
        if len(_BINARY.findall(plain[:4096])) * 20 > len(plain[:4096]):
            raise Unreadable(self.path, f"is no text and no spreadsheet: {ALLOWED}")
        return "text"

    def _archive(self) -> Form:
        try:
            with self.seekable() as file, zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            why = f"begins like an .xlsx or a zip archive, but is damaged ({error})"
            raise Unreadable(self.path, why) from error
        if any(name.startswith("xl/") for name in names):
            return "workbook"
        count = f"{len(names)} files" if len(names) != 1 else "one file"
        raise Unreadable(self.path, f"is a zip archive of {count}: unpack it, {ALLOWED}")

    def _stored(self) -> io.BufferedReader:
        return self._place().open("rb")

    def _place(self) -> Path:
        # Each reader has a handle and a position of its own, also of a temporary file.
        return self.path if self._copy is None else Path(f"/proc/self/fd/{self._copy}")


def _copied(file: IO[bytes]) -> IO[bytes]:
    """A temporary file with what is left of a file, at its beginning; it ends when it is closed."""
    copy = tempfile.TemporaryFile(prefix="shipsentry-input-")  # noqa: SIM115 - the caller's
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    return copy
