"""Keyed hashes: without the secret nobody can try all phone numbers to see whose key this is."""

from __future__ import annotations

import hashlib
import hmac

SHORTEST_SECRET = 16
"""Bytes that a secret has at least."""

DIGITS = 32
"""Hexadecimal digits of a key: 128 bits."""


class Keys:
    """Keys made with one secret. The same text gives different keys as an address and as a person.

    A key is the first 32 hexadecimal digits of HMAC-SHA256(secret, domain, 0x00, text). Raises
    ValueError where the secret is too short; the words do not hold it.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"has {len(secret)} bytes: at least {SHORTEST_SECRET} are needed")
        self._secret = secret

    def address(self, text: str) -> str:
        """The key of an address in one spelling."""
        return self._key("address", text)

    def address_id(self, platform_id: str) -> str:
        """The key of an address that a platform names by an id of its own."""
        return self._key("address-id", platform_id)

    def person(self, text: str) -> str:
        """The key of a person in one spelling."""
        return self._key("person", text)

    def _key(self, domain: str, text: str) -> str:
        message = f"shipsentry:{domain}:1\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()[:DIGITS]
