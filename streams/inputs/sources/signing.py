"""Signatures of requests, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac


def octets(text: str) -> bytes:
    """A text's UTF-8, whatever is in it: a header can hold bytes that are none."""
    return text.encode("utf-8", "surrogatepass")


def equal(sent: str | None, right: str) -> bool:
    """Whether what was sent is right; in a time that says nothing about where they differ."""
    return hmac.compare_digest(octets(sent or ""), octets(right))


def md5(text: bytes) -> bytes:
    """The digest that older Chinese interfaces ask for; it proves what the secret proves."""
    return hashlib.md5(text, usedforsecurity=False).digest()


def hmac_sha256(secret: str, text: bytes) -> bytes:
    """HMAC-SHA256 by a secret's UTF-8."""
    return hmac.new(secret.encode(), text, hashlib.sha256).digest()


def base64_of(digest: bytes) -> str:
    """A digest as base64 text."""
    return base64.b64encode(digest).decode()
