"""What must never be shown, by its value: whatever library says it, in whatever spelling.

Settings that are secrets are hidden here when they are loaded; whatever writes lines for people
asks `masked`. Libraries show a password in more ways than one: kafka-python's log at debug level
has its settings and the bytes on the wire, a URL has it percent-encoded, a header of HTTP in
Base64.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MASK = "(secret)"

_SHORT = 4
"""Characters below which a secret is hidden as a word of its own only, or no text would be left."""

_spellings: dict[str, dict[str, str]] = {}
"""Of each secret its spellings, each with its regular expression."""
_owners: Counter[str] = Counter()
"""How often each was hidden, and not forgotten since."""
_pattern: re.Pattern[str] | None = None


def hide(secret: str) -> None:
    """From now on `masked` takes this out of every text; an empty one is none."""
    if not secret:
        return
    _owners[secret] += 1
    if len(secret) < _SHORT:
        _spellings[secret] = {secret: rf"(?<!\w){re.escape(secret)}(?!\w)"}
    else:
        _spellings[secret] = {spelling: re.escape(spelling) for spelling in _spelled(secret)}
    _compile()


def forget(secret: str) -> None:
    """Whoever hid this has no use for it any more, such as a token that has expired.

    Each secret costs every text time. One that others hid too stays hidden.
    """
    _owners[secret] -= 1
    if _owners[secret] <= 0:
        del _owners[secret]
        if _spellings.pop(secret, None) is not None:
            _compile()


def _compile() -> None:
    global _pattern
    every: dict[str, str] = {}
    for spellings in _spellings.values():
        every |= spellings
    # The longest first: a spelling may begin as another one does.
    longest_first = sorted(every, key=len, reverse=True)
    _pattern = re.compile("|".join(map(every.__getitem__, longest_first))) if every else None


def masked(text: str) -> str:
    """The text without any secret in it."""
    return text if _pattern is None else _pattern.sub(MASK, text)


def _spelled(secret: str) -> Iterator[str]:
    """The ways in which a text may have a secret."""
    raw = secret.encode()
    yield secret
    # Line ends and the like become blanks, see streams/cli/logs.py.
    yield " ".join(secret.split())
    yield json.dumps(secret)[1:-1]
    # As Python shows a text or bytes that it is a part of: which quotes stand escaped depends on
    # the rest.
    for shown in (
        "".join(repr(character)[1:-1] for character in secret),
        "".join(repr(bytes((byte,)))[2:-1] for byte in raw),
    ):
        yield shown
        yield shown.replace("'", "\\'")
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield raw.hex()
    # Alone, or behind something else (`user:password`, `\0user\0password`): by where it begins,
    # three bytes being four characters. The characters at both ends hold their neighbours' bits.
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode()
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        yield text[first:last]
        yield text[first:last].translate(str.maketrans("+/", "-_"))
