"""Reading what may be anybody's: topics have no lock, and bytes no author."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What reading a message may raise: no such form, no such text, nested without end."""
