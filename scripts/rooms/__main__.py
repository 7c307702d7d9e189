"""Writes docs/pictures/rooms.svg; a test compares it with the code.

.venv/bin/python -m scripts.rooms
"""

from __future__ import annotations

from scripts.rooms.imports import ROOT, House
from scripts.rooms.picture import drawn

FILE = ROOT / "docs" / "pictures" / "rooms.svg"

if __name__ == "__main__":
    FILE.write_text(drawn(House.found(ROOT)), encoding="utf-8")
