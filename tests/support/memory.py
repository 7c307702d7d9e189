"""Where tests put what they write again and again, and what nobody looks at afterwards."""

from __future__ import annotations

import os
from pathlib import Path

_SHARED = Path("/dev/shm")  # noqa: S108 - who uses it makes a directory of its own in it

IN_MEMORY = _SHARED if os.access(_SHARED, os.W_OK) else None
"""The `dir` of a temporary directory in memory, where there is one: hundreds of stores would wait
for a disk's fsync."""
