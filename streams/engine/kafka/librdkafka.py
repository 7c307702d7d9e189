"""The librdkafka that confluent_kafka brought along, for the few functions its Python side hides.

Wheels carry it as a file of its own: `confluent_kafka.libs` beside the package on Linux and
Windows, `.dylibs` inside it on macOS. A build against the system's library has none; users
of this module then do without.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import confluent_kafka

Signatures = dict[str, tuple[Any, list[Any] | None]]
"""Function name → result type, argument types (None: undeclared)."""


@cache
def path() -> Path | None:
    """The library's file, or None where there is no bundled one."""
    package = Path(confluent_kafka.__file__).parent
    for place in (package.parent / "confluent_kafka.libs", package / ".dylibs"):
        found = sorted(place.glob("*rdkafka*"))
        if found:
            return found[0]
    return None


def load(signatures: Signatures, *, release_gil: bool = True) -> ctypes.CDLL | None:
    """The library with the named functions declared, or None where it or one of them is missing.

    `release_gil` False is right for calls of well under a microsecond only.
    """
    file = path()
    if file is None:
        return None
    try:
        library = ctypes.CDLL(str(file)) if release_gil else ctypes.PyDLL(str(file))
        for name, (result, arguments) in signatures.items():
            function = getattr(library, name)
            function.restype = result
            if arguments is not None:
                function.argtypes = arguments
    except (OSError, AttributeError):
        return None
    return library
