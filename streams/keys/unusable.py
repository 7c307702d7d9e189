"""Values that must not become keys, since they are not the recipient's: encrypted, masked, lent."""

from __future__ import annotations

import re
from itertools import pairwise

CIPHERTEXT = (
    "is a platform's ciphertext, which differs from order to order: name the platform's combine "
    "id instead (open_address_id, oaid), or the decrypted value"
)
PLAIN = "reads as plain text: workers do not take it for a key; leave it out"
MASKED = "is masked, and so the same for different recipients"
LENT = "has the extension of a privacy number, which differs from order to order"

_SIGNS = "#$~|"
_WRAPPED = re.compile(rf"([{_SIGNS}])[\x20-\x7e]{{3,}}\1")
_DOUBLED = re.compile(r"([#$])\1\S")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_PADDED = re.compile(r"[A-Za-z0-9+/_-]{14,}={1,2}")
_HEXADECIMAL = re.compile(
    "[0-9a-f]{32,}|[0-9A-F]{32,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_KINDS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")

_MASKED = re.compile(
    r"[*∗✱⁎●•○◯█■□]|\.{3}|-{3}|_{2}|\?{2}"
    r"|[\u4e00-\u9fff0-9](?:[xX]{2,}|×+)|[\u4e00-\u9fff]某{1,2}$"
)
_EXTENSION = re.compile(r"\[\d{3,6}(?:[-,]\d{3,6})?\]\s*$")


def unusable(text: str) -> str | None:
    """Why a cleaned name, phone number or address must not become a key, as a sentence's end.

    None: nothing speaks against it. The words never hold the value.
    """
    if is_ciphertext(text):
        return CIPHERTEXT
    if _MASKED.search(text):
        return MASKED
    if _EXTENSION.search(text):
        return LENT
    return None


def is_ciphertext(text: str) -> bool:
    """Whether a text is, or ends in, what platforms put in place of a recipient.

    Signs around ASCII (`#…#`, `$…$1$`, `~…~`), doubled signs (`##…##`), long runs of base64 or of
    hexadecimal digits.
    """
    return (
        is_wrapped(text)
        or _HEXADECIMAL.search(text) is not None
        or any(_mixed(run) for run in _BASE64.findall(text))
        or _PADDED.fullmatch(text) is not None
    )


def is_wrapped(text: str) -> bool:
    """Whether a platform's signs stand around a text, or two of them before something."""
    return _WRAPPED.fullmatch(text) is not None or _DOUBLED.search(text) is not None


def _mixed(run: str) -> bool:
    """Whether a run has digits, small and capital letters mixed: words and numbers seldom do."""
    changes = sum(
        any((one in kind) != (other in kind) for kind in _KINDS) for one, other in pairwise(run)
    )
    return all(any(sign in kind for sign in run) for kind in _KINDS) and changes * 5 > len(run) * 2
