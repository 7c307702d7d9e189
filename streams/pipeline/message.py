"""A warning revision as it crosses Kafka and the command line."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import msgspec

from streams.core.times import HOUR, iso, to_datetime
from streams.core.warnings import Revision
from streams.texts import words

_BEIJING = timezone(timedelta(hours=8), "UTC+8")
_encoder = msgspec.json.Encoder()


def warning_value(revision: Revision) -> dict[str, Any]:
    """The fields of a warning in the order of the contract; times in UTC with their offset."""
    finding = revision.finding
    carrier, _, number = (finding.parcel or ":").partition(":")
    limit_hours = None if finding.limit is None else _hours(finding.limit)
    texts = words(
        finding.rule,
        finding.state,
        {
            "carrier": carrier,
            "number": number,
            "orders": ", ".join(finding.order_ids[:5]),
            "count": len(finding.order_ids),
            "deadline": _beijing(finding.deadline),
            "hours": limit_hours,
        },
    )
    return {
        "schema_version": 1,
        "warning_id": revision.warning_id,
        "revision": revision.revision,
        "state": finding.state,
        "rule": finding.rule,
        "stage": finding.stage,
        "severity": finding.severity,
        "profile": finding.profile,
        "platform": finding.platform,
        "shop_id": finding.shop_id,
        "order_ids": list(finding.order_ids),
        "carrier": carrier or None,
        "tracking_number": number or None,
        "opened_at": iso(finding.opened_at),
        "deadline": iso(finding.deadline),
        "breached_at": iso(finding.breached_at),
        "resolved_at": iso(finding.resolved_at),
        "detected_at": iso(revision.detected_at),
        "exposure": {"kind": finding.exposure},
        **texts,
        "evidence": {
            "started_at": iso(finding.anchor),
            "limit_hours": limit_hours,
            "lane": finding.lane,
            "records": [
                {
                    "topic": topic,
                    "partition": partition,
                    "offset": offset,
                    "status": status,
                    "occurred_at": iso(at),
                }
                for topic, partition, offset, status, at in revision.proof
            ],
        },
    }


def encode_warning(revision: Revision) -> bytes:
    """The JSON of a warning revision, UTF-8."""
    return _encoder.encode(warning_value(revision))


def _hours(length: int) -> float | int:
    hours = length / HOUR
    return int(hours) if hours.is_integer() else round(hours, 6)


def _beijing(us: int | None) -> str:
    """A deadline as merchants read it, to the minute."""
    if us is None:
        return ""
    return to_datetime(us).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M (UTC+8)")
