"""Dead letters as the worker writes them, for commands to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.dead_letter import dead_letter

DETECTED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
RECORD = '{"carrier": "zto", "描述": "\\u5df2揽收"}'.encode()


def letter(offset: int = 41, value: bytes | None = RECORD, **changes: Any) -> dict[str, Any]:
    """The letter of a record of `tracking-update`, detected `offset` seconds after DETECTED."""
    fields = {
        "reason": "naive_time",
        "field": "occurred_at",
        "message": "occurred_at is '2026-11-20T18:00:00', a time without an offset",
        "topic": "tracking-update",
        "partition": 2,
        "timestamp": DETECTED,
        "key": b"zto:781",
        "detected_at": DETECTED + timedelta(seconds=offset),
        **changes,
    }
    return dead_letter(offset=offset, value=value, **fields)


def written(value: dict[str, Any]) -> tuple[bytes, bytes]:
    """Key and value of a dead letter on its topic."""
    origin = value["origin"]
    key = "{topic}-{partition}-{offset}".format(**origin)
    return key.encode(), json.dumps(value, ensure_ascii=False).encode()
