"""Secrets that somebody configures: a file or a variable has them, never the file that names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streams.telemetry.secrets import forget, hide


class NoSecret(ValueError):
    """A secret that is not there; `field` is what was to say where ("": neither does)."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def secret_of(
    name: str, file: str, variable: str, environment: Mapping[str, str], whose: str = "the feed's"
) -> str:
    """The secret `name`; from now on no line of the log shows it.

    `file` or `variable` says where it is, one of them; `whose` it is, errors say. Raises NoSecret.
    """
    if bool(file) == bool(variable):
        both = f"either {name}_file or {name}_env is needed, and only one of them"
        raise NoSecret("", both)
    if file:
        return SecretFile(name, file, whose).read()
    secret = environment.get(variable, "").strip()
    if not secret:
        why = f"the variable {variable} is not set: it is to hold {whose} {name}"
        raise NoSecret(f"{name}_env", why)
    hide(secret)
    return secret


class SecretFile:
    """A secret in a file that is written anew; `name` is what it is, `whose` for errors."""

    def __init__(self, name: str, file: str, whose: str = "the feed's") -> None:
        self._name = name
        self._whose = whose
        self._file = file
        self._last = ""

    def read(self) -> str:
        """What stands there now; from now on no line of the log shows it. Raises NoSecret."""
        field = f"{self._name}_file"
        try:
            secret = Path(self._file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise NoSecret(field, f"{self._file} cannot be read: {reason}") from None
        if not secret:
            why = f"{self._file} is empty: it is to hold {self._whose} {self._name}"
            raise NoSecret(field, why)
        if secret != self._last:
            hide(secret)
            forget(self._last)
            self._last = secret
        return secret
