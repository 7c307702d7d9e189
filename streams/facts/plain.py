"""Whether a text reads as a person's data: a name, a phone, an address, an ID card, an e-mail.

No list of names is asked, only the form of the text: a Latin name in one word passes for a code.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SEEN = 1 << 14
"""Texts whose answer is remembered: a recipient's key is asked of twice in each message, and comes
again with the parcel."""

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{16,}|[0-9A-Fa-f-]{32,}")
"""A hash or UUID: one in a thousand holds the digits of a mobile number by chance."""

_FOREIGN = re.compile(r"[^\x21-\x7e]|@")
"""What no hash and no code has: letters other than a-z, blanks, the sign of an e-mail address."""

_DIALLED = re.compile(r"\+?[0-9().+-]+")
_NO_DIGIT = re.compile(r"[^0-9]+")
_SHORTEST, _LONGEST = 7, 15
"""Digits of a phone number; fifteen has an ID card of the older form, too."""

_MOBILE_WITHIN = re.compile(r"(?<![0-9])(?:\+?86-?)?1[3-9][0-9]{9}(?![0-9])")
_ID_CARD = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]")


@lru_cache(_SEEN)
def reads_as_plain(text: str) -> bool:
    """Whether a clean text is no opaque code: it has letters other than a-z, a blank or an `@`, it
    is a phone number of any common form or holds a Chinese mobile one, or it is an ID card's."""
    if _FOREIGN.search(text) or _ID_CARD.fullmatch(text):
        return True
    if _DIALLED.fullmatch(text):
        return _SHORTEST <= len(_NO_DIGIT.sub("", text)) <= _LONGEST
    return not _HEXADECIMAL.fullmatch(text) and _MOBILE_WITHIN.search(text) is not None
