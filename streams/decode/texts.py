"""Clean strings on the hot path: what was seen lately is one look-up."""

from __future__ import annotations

from schemas.cleaning import clean, clean_id, is_damaged
from schemas.fields import MAX_ID_LENGTH
from streams.decode.bad import DoubtfulError

_MAX_TEXTS = 50_000
texts: dict[str, str] = {}
"""Codes and names seen lately, as sent → clean."""
shops: dict[str, str] = {}
"""Ids of shops seen lately, as sent → clean."""


def short(text: str) -> str:
    """Return the text clean and remember it: for values that come again, such as codes.

    Raises DoubtfulError where it is too long once it is clean.
    """
    known = texts.get(text)
    return _remember(texts, text, checked(clean(text))) if known is None else known


def shop(text: str) -> str:
    """Return the id of a shop, clean and remembered; raises DoubtfulError as `an_id` does."""
    return shops.get(text) or _remember(shops, text, an_id(text))


def an_id(text: str) -> str:
    """Return an id clean; raises DoubtfulError where it is empty, damaged or too long then."""
    if text.isascii() and text.isalnum():
        return text
    text = clean_id(text)
    if not text or is_damaged(text):
        raise DoubtfulError
    return checked(text)


def checked(text: str) -> str:
    """Return the text; raises DoubtfulError where it is too long."""
    if len(text) > MAX_ID_LENGTH:
        raise DoubtfulError
    return text


def _remember(cache: dict[str, str], sent: str, text: str) -> str:
    if len(cache) >= _MAX_TEXTS:
        cache.clear()
    cache[sent] = text
    return text
