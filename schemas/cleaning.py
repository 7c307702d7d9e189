"""Strings as people, spreadsheets and feeds write them, made comparable before all else."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = ("Cc", "Cf")
_scientific = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]+").fullmatch


def clean(text: str) -> str:
    """Return the text in NFKC, without control and format characters, trimmed."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():
        text = "".join(one for one in text if unicodedata.category(one) not in _INVISIBLE)
    return text.strip()


def clean_id(text: str) -> str:
    """Return a number or id, cleaned and without what spreadsheets put around it.

    That is one `="…"`, or else one leading apostrophe or backquote.
    """
    text = clean(text)
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip()
    if text.startswith(("'", "`")):
        return text[1:].strip()
    return text


def is_damaged(text: str) -> bool:
    """Whether a cleaned id is in scientific notation: a spreadsheet has destroyed its digits."""
    return _scientific(text) is not None
