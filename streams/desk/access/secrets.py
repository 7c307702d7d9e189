"""Secrets: passwords as argon2id, tokens and sessions as the hash of something nobody guesses."""

from __future__ import annotations

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 512

HASHER = PasswordHasher()
"""argon2id by RFC 9106's second choice: 64 MiB, three rounds, some 50 ms."""


class WeakPassword(ValueError):
    """A password is too short, too long, or the user's name."""


def new_secret() -> str:
    """256 bits, as text for a URL or a header."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret that nobody guesses: 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def hashed(name: str, password: str) -> str:
    """What is kept of a password. Raises WeakPassword."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword(
            f"the password has {len(password)} characters: {SHORTEST_PASSWORD} to "
            f"{LONGEST_PASSWORD} are allowed"
        )
    if name.lower() in password.lower():
        raise WeakPassword("the password holds the user's name")
    return HASHER.hash(password)


def fits(kept: str, password: str) -> bool:
    """Whether a password is the one of which this is kept."""
    try:
        return HASHER.verify(kept, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
