"""Messages that nobody is meant by: what `notify test` sends, and what templates are tried with."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from schemas import ShipmentWarning
from streams.notify.message import Change, Counts, Group, Item, Kind, Locale, Message

_STATE = {"breached": "breached", "resolved": "resolved", "withdrawn": "withdrawn"}


def samples(now: datetime, locale: Locale, zone: ZoneInfo) -> list[Message]:
    """One of each kind, the trial first: a card, a digest of several shops, what is over, and one
    that leaves out what it may."""
    card = _item(now, 1, "new")
    bare = _item(now, 2, "new", exposure=None, remedy=None, deadline=None, shop_id=None,
                 carrier=None, tracking_number=None, evidence=None)  # fmt: skip
    changes: tuple[Change, ...] = ("breached", "escalation", "again", "reminder")
    digest = tuple(
        _item(now, 3 + n, change, severity="warning" if n else "critical")
        for n, change in enumerate(changes)
    )
    over = (_item(now, 7, "resolved"), _item(now, 8, "withdrawn"))
    counts = Counts(
        standing=41,
        unattended=37,
        by_severity={"critical": 4, "warning": 37},
        by_rule={"inactive_after_pickup": 30, "pickup_overdue": 11},
        by_state={"open": 39, "breached": 2},
    )

    def message(kind: Kind, changed: tuple[Item, ...], **more: Any) -> Message:
        name = f"{kind} {len(changed)} {changed[0].warning.warning_id} {now.isoformat()}"
        return Message(
            key=sha256(name.encode()).hexdigest()[:32],
            kind=kind,
            route="sample",
            channel="sample",
            locale=locale,
            zone=zone,
            made_at=now,
            changed=changed,
            **{"group": Group("douyin", "8812345"), "since": None, **more},
        )

    return [
        message("test", (card,)),
        message("standing", (card,)),
        message("standing", (bare,), group=Group("taobao", None)),
        message(
            "standing",
            digest,
            group=None,
            since=now - timedelta(hours=8),
            changed_more=37,
            urgent=(_item(now, 9, "new"),),
            counts=counts,
        ),
        message("over", over, since=now - timedelta(hours=1)),
    ]


def _item(now: datetime, number: int, change: Change, **fields: Any) -> Item:
    deadline = now + timedelta(hours=number)
    state = _STATE.get(change, "open")
    value: dict[str, Any] = {
        "schema_version": 1,
        "warning_id": sha256(f"sample {number}".encode()).hexdigest()[:32],
        "revision": 1,
        "state": state,
        "rule": "inactive_after_pickup",
        "stage": "violation",
        "severity": "critical",
        "profile": "douyin-2026-07-09",
        "platform": "douyin",
        "shop_id": "8812345",
        "order_ids": [f"SAMPLE-{number}"],
        "carrier": "zto",
        "tracking_number": f"7812345678901{number}",
        "opened_at": now - timedelta(hours=20),
        "deadline": deadline,
        "breached_at": now if state == "breached" else None,
        "resolved_at": now if state in ("resolved", "withdrawn") else None,
        "detected_at": now,
        "exposure": {"kind": "compensation", "currency": "CNY", "least": 500, "most": 10000},
        "message": {
            "zh": "这是一条测试：揽收后超过 20 小时没有新的物流记录。",
            "en": "This is a trial: nothing was recorded for 20 hours after the pickup.",
        },
        "remedy": {"zh": "请联系快递网点催促更新。", "en": "Ask the carrier's branch to go on."},
        "evidence": {"started_at": now - timedelta(hours=20), "limit_hours": 24.0, "records": []},
        "feed": "ok",
    }
    warning = ShipmentWarning.model_validate({**value, **fields})
    step = number if change == "reminder" else None
    return Item(warning, change, step, assignee="li" if change == "again" else None)
