"""TOML that somebody gives: read in bounded time, whatever is in it, or refused in one sentence.

`tomllib` takes time that grows with the square of a key's parts, and raises more than its own
error; what reads a file's tables goes down into them, and must not run out of stack either.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

MOST_BYTES = 256 * 1024
"""Bytes of a file."""

DEEPEST = 32
"""Levels of tables and arrays, and parts of a key."""

MOST_VALUES = 20_000
"""Keys and elements of a file, all levels together."""

_LONG_KEY = re.compile(
    r"""(?:(?>"(?:\\.|[^"\\\n])*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)[ \t]*+\.[ \t]*+)"""
    rf"{{{DEEPEST}}}"
)


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """A file's text and what it says.

    Raises ValueError that says what is wrong, without the path, and OSError.
    """
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes: at most so many are allowed")
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start})") from error
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"line {line}: a key of more than {DEEPEST} parts: at most so many")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from error
    except RecursionError as error:
        raise ValueError(f"nests deeper than {DEEPEST} levels: at most so many") from error
    except ValueError as error:
        raise ValueError(f"not TOML: {error}") from error
    _measure(data)
    return text, data


def _measure(data: dict[str, Any]) -> None:
    """Raise ValueError where a file nests too deep or says too much."""
    level: list[Any] = [data]
    values = 0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for each in level:
            below += each.values() if isinstance(each, dict) else each
        values += len(below)
        if values > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES} keys and elements: at most so many")
        level = [each for each in below if isinstance(each, dict | list)]
        if not level:
            return
    raise ValueError(f"nests deeper than {DEEPEST} levels: at most so many")
