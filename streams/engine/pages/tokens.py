"""Bearer tokens: several may be good at a time, so that one can take the place of another."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from streams.telemetry.events import event

log = logging.getLogger(__name__)

SHORTEST = 16
LONGEST = 512
MOST = 8

LOOKS = 1.0
"""Seconds between two looks at a file of tokens."""

_LEGAL = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, b64token


def parse(parts: Iterable[str]) -> tuple[str, ...]:
    """The tokens of a list, blank ones left out; raises ValueError, which shows none of them."""
    found = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if not 1 <= len(found) <= MOST:
        raise ValueError(f"it has {len(found)} tokens")
    for number, token in enumerate(found, 1):
        if not SHORTEST <= len(token) <= LONGEST:
            raise ValueError(f"token {number} has {len(token)} characters")
        if not _LEGAL.fullmatch(token):
            raise ValueError(f"token {number} has a character that is not allowed")
    return found


class Tokens:
    """Those that are good now. The first is the one that this worker shows to others."""

    def __init__(
        self,
        given: Iterable[str] = (),
        path: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`given` ones, or those of a file, one a line, which is read again when it changes.

        `clock` gives seconds. Raises OSError, ValueError.
        """
        self._path = path
        self._clock = clock
        self._looked_at = clock()
        self._stamp = None if path is None else _stamp(path)
        self._tokens = parse(given if path is None else _lines(path))

    def first(self) -> str:
        """The one to show."""
        self._look()
        return self._tokens[0]

    def good(self, token: str) -> bool:
        """Whether a token is one of them; takes the same time whatever it has in common."""
        self._look()
        digest = _digest(token)
        found = False
        for known in self._tokens:
            found |= hmac.compare_digest(digest, _digest(known))
        return found

    def _look(self) -> None:
        if self._path is None or self._clock() - self._looked_at < LOOKS:
            return
        self._looked_at = self._clock()
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._tokens = parse(_lines(self._path))
        except (OSError, ValueError) as error:
            log.warning(
                "%(path)s cannot be used (%(problem)s): the tokens that were good stay so",
                event("tokens_kept", path=self._path, problem=_reason(error)),
            )
        else:
            log.info(
                "%(path)s has changed: %(count)d tokens are good now",
                event("tokens_read", path=self._path, count=len(self._tokens)),
            )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is no text") from None  # its own words show what was read


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
