"""Bytes as they arrive broken."""

from __future__ import annotations

import random


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A body with a part cut out, doubled, turned or replaced by what often breaks readers."""
    start = chance.randrange(len(body))
    end = min(len(body), start + chance.randrange(1, 40))
    piece = chance.choice(
        [
            b"", body[start:end] * 2, bytes(chance.randrange(256) for _ in range(end - start)),
            b"null", b"[]", b"{}", b'""', b"-1", b"1e400", b"9" * 5000, b"[" * 3000, b"true",
            b"\\ud800", b"&#0;", b"%", b"\x00",
        ]
    )  # fmt: skip
    return body[:start] + piece + body[end:]
