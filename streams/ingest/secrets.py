"""Secrets of feeds: a file or a variable has them, never the file of feeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streams.telemetry.secrets import hide


class NoSecret(ValueError):
    """A secret that is not there; `field` is what was to say where ("": neither does)."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def secret_of(name: str, file: str, variable: str, environment: Mapping[str, str]) -> str:
    """The secret `name`; from now on no line of the log shows it.

    `file` or `variable` says where it is, one of them. Raises NoSecret.
    """
    if bool(file) == bool(variable):
        both = f"either {name}_file or {name}_env is needed, and only one of them"
        raise NoSecret("", both)
    if file:
        return read_secret(name, file)
    secret = environment.get(variable, "").strip()
    if not secret:
        why = f"the variable {variable} is not set: it is to hold the feed's {name}"
        raise NoSecret(f"{name}_env", why)
    hide(secret)
    return secret


def read_secret(name: str, file: str) -> str:
    """The secret `name` in a file; from now on no line of the log shows it. Raises NoSecret."""
    field = f"{name}_file"
    try:
        secret = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise NoSecret(field, f"{file} cannot be read: {reason}") from None
    if not secret:
        raise NoSecret(field, f"{file} is empty: it is to hold the feed's {name}")
    hide(secret)
    return secret
