"""Messages for channels, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from support.robots import NOW

from schemas import ShipmentWarning
from streams.notify.message import Change, Counts, Group, Item, Message

MADE_AT = datetime.fromtimestamp(NOW, UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")

HOSTILE = (
    "*b* _i_ `c` ~s~ [x](http://evil.example/) <a href='http://evil.example/'>x</a> <!channel> "
    "<@all> <at id=all></at> # h\n> q\n- l ![p](http://evil.example/p) &amp; \\* \u202eg\0 {{7*7}}"
)
"""What is markup somewhere, on several lines, with what turns text around."""


def warning(number: int = 0, **fields: Any) -> ShipmentWarning:
    """A warning with three hours left."""
    value: dict[str, Any] = {
        "warning_id": f"{number:032x}",
        "revision": 1,
        "state": "open",
        "rule": "inactive_after_pickup",
        "stage": "violation",
        "severity": "critical",
        "profile": "douyin-2026-07-09",
        "platform": "douyin",
        "shop_id": "s-1",
        "order_ids": [f"A-{number}"],
        "carrier": "zto",
        "tracking_number": f"7812345{number:06}",
        "opened_at": MADE_AT - timedelta(hours=3),
        "deadline": MADE_AT + timedelta(hours=3, minutes=5),
        "detected_at": MADE_AT,
        "exposure": {"kind": "compensation", "currency": "CNY", "least": 500, "most": 3000},
        "message": {"zh": "揽收后没有新记录。", "en": "Nothing was recorded after the pickup."},
        "remedy": {"zh": "请联系快递网点。", "en": "Ask the carrier's branch."},
    }
    return ShipmentWarning.model_validate({**value, **fields})


def item(number: int = 0, change: Change = "new", **fields: Any) -> Item:
    """The same, as told of."""
    return Item(warning(number, **fields), change)


def message(*changed: Item, **fields: Any) -> Message:
    """A message about these."""
    value: dict[str, Any] = {
        "key": "0123456789abcdef" * 2,
        "kind": "standing",
        "route": "night",
        "channel": "ops",
        "locale": "zh",
        "zone": SHANGHAI,
        "made_at": MADE_AT,
        "group": Group("douyin", "s-1"),
        "since": None,
        "changed": changed,
    }
    return Message(**{**value, **fields})


COUNTS = Counts(41, 37, {"critical": 4, "warning": 37}, {"inactive_after_pickup": 41}, {"open": 41})


def digest(*changed: Item, **fields: Any) -> Message:
    """A digest about these, and what stands besides."""
    besides = {"since": MADE_AT - timedelta(hours=8), "urgent": (item(90),), "counts": COUNTS}
    return message(*changed, **{**besides, **fields})
