"""Whether the file system inside of an .xls ends: the reader of workbooks would follow a circle."""

from __future__ import annotations

import struct
from typing import IO

_HEADER = 512
_LAST = 0xFFFFFFFA
"""Sector numbers from here on mean an end, or no sector."""


def runs_in_circles(file: IO[bytes]) -> bool:
    """Whether a chain of sectors comes back to itself, or the tables of chains cannot be read.

    Of the compound file format [MS-CFB]: the header, the table of chains, that of small chains.
    """
    file.seek(0)
    header = file.read(_HEADER)
    try:
        (shift,) = struct.unpack_from("<H", header, 30)
        (small,) = struct.unpack_from("<I", header, 60)
        (more,) = struct.unpack_from("<I", header, 68)
        tables = list(struct.unpack_from("<109I", header, 76))
    except struct.error:
        return True
    if shift not in (9, 12):
        return True
    size = 1 << shift
    seen: set[int] = set()

    def sector(number: int) -> tuple[int, ...]:
        file.seek((number + 1) * size if size > _HEADER else _HEADER + number * size)
        content = file.read(size)
        return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])

    while more < _LAST:
        if more in seen or not (held := sector(more)):
            return True
        seen.add(more)
        tables += held[:-1]
        more = held[-1]
    chains: list[int] = []
    for number in dict.fromkeys(table for table in tables if table < _LAST):
        chains += sector(number)
    if _circles(chains):
        return True
    smalls: list[int] = []
    while small < len(chains):
        smalls += sector(small)
        small = chains[small]
    return _circles(smalls)


def _circles(chains: list[int]) -> bool:
    """Whether following any entry of a table comes back to it."""
    checked = bytearray(len(chains))
    for start in range(len(chains)):
        at, path = start, []
        while at < len(chains) and not checked[at]:
            checked[at] = 1
            path.append(at)
            at = chains[at]
        if at < len(chains) and checked[at] == 1:
            return True
        for each in path:
            checked[each] = 2
    return False
