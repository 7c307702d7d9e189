"""In which encoding a text is written: UTF-8, UTF-16, else GB18030 as Excel in China saves."""

from __future__ import annotations

import codecs
import io
from typing import Literal

Encoding = Literal["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]

NAMES: dict[str, str] = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "gb18030": "GB18030 (GBK)",
}
"""As a person calls them."""

_CHUNK = 1 << 20
_MARK = "shipsentry-marked"


def _marked(error: UnicodeError) -> tuple[str, int]:
    """Put half a character where bytes are none: it can never be encoded again unnoticed."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80", error.end


codecs.register_error(_MARK, _marked)


def encoding_of(file: io.BufferedReader) -> Encoding:
    """The encoding of a text, read to its end.

    A text that is not all UTF-8 is GB18030 where more of its lines are that alone than are UTF-8
    (of those that hold more than ASCII); the others are damaged.
    """
    head = file.peek(4096)[:4096]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 > len(head) // 2 and min(even, odd) * 10 < max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    if _all_utf8(file):
        return "utf-8-sig"
    file.seek(0)
    is_utf8 = others = 0
    for line in file:
        if line.isascii():
            continue
        if _is(line, "utf-8"):
            is_utf8 += 1
        elif _is(line, "gb18030"):
            others += 1
    return "gb18030" if others > is_utf8 and not head.startswith(codecs.BOM_UTF8) else "utf-8-sig"


def _is(line: bytes, encoding: str) -> bool:
    try:
        str(line, encoding)
    except UnicodeDecodeError:
        return False
    return True


def _all_utf8(file: io.BufferedReader) -> bool:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        while chunk := file.read(_CHUNK):
            decode(chunk)
        decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def as_text(file: io.BufferedReader, encoding: Encoding) -> io.TextIOWrapper:
    """The text with its line ends as they are; bytes that are none become half characters."""
    errors = "surrogateescape" if encoding == "utf-8-sig" else _MARK
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
