"""Mobile numbers in what is passed on: `13812345678` → `1**********`, always alike."""

from __future__ import annotations

import re

_MOBILE = re.compile(
    rb"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
    rb"((?:(?:00)?86|0)?)1[3-9][0-9]{9}(?![0-9])"
)
"""Digits before it are another number's, unless they belong to a character written as an escape, as
forms and JSON have them."""

_MASK = rb"\g<1>1**********"


def masked_bytes(body: bytes) -> bytes:
    """A body without the mobile numbers of mainland China, as long as it was."""
    return _MOBILE.sub(_MASK, body)


def masked_text(text: str) -> str:
    """The same of a text."""
    return masked_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
