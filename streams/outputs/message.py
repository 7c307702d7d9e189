"""A warning revision as it crosses Kafka and the command line."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.facts.times import HOUR, iso, to_datetime
from streams.judge.warnings import Revision
from streams.profiles.exemptions import zone_of
from streams.profiles.model import Profile
from streams.profiles.money import spelled
from streams.state.standing import STANDING
from streams.state.state import Finding
from streams.texts import advised, words

BEIJING_ZONE = "+08:00"
_BEIJING = 8 * HOUR
"""Ahead of UTC, all year."""
_encoder = msgspec.json.Encoder()


def warning_value(
    revision: Revision, feed: str = "ok", profile: Profile | None = None
) -> dict[str, Any]:
    """The fields of a warning in the order of the contract; times in UTC with their offset.

    `feed` is "silent" where nothing at all is heard of the carrier. `profile` is the one that
    judged: its texts say deadlines in its zone, and how long the platform takes an appeal.
    """
    finding = revision.finding
    carrier, _, number = (finding.parcel or ":").partition(":")
    limit_hours = None if finding.limit is None else _hours(finding.limit)
    texts = warning_texts(finding, profile)
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
        "exposure": _exposure(finding),
        **texts,
        "evidence": {
            "started_at": iso(finding.anchor),
            "limit_hours": limit_hours,
            "threshold": _threshold(finding),
            "lane": finding.lane,
            "detail": finding.detail,
            "exemptions": list(finding.exemptions),
            "zone": None if profile is None else profile.zone,
            "appeal_days": None if profile is None else profile.appeal_days,
            "advice": [{"code": code, "value": value or None} for code, value in finding.advice],
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
        "feed": feed,
    }


def warning_texts(finding: Finding, profile: Profile | None) -> dict[str, dict[str, str]]:
    """What a finding says, and what to do about it: message and remedy by language."""
    texts = words(finding.rule, finding.state, text_values(finding, profile), finding.stage)
    remedy = texts["remedy"]
    if finding.state in STANDING:
        remedy = advised(remedy, finding.advice)
    if finding.breached_at is not None and finding.state != "withdrawn" and profile is not None:
        appeal = profile.appeal_days and [("appeal", str(profile.appeal_days))]
        remedy = advised(remedy, appeal or ())
    return {**texts, "remedy": remedy}


def text_values(finding: Finding, profile: Profile | None = None) -> dict[str, object]:
    """What fills the placeholders of a finding's texts, times in the zone of its profile."""
    zone = BEIJING_ZONE if profile is None else profile.zone
    carrier, _, number = (finding.parcel or ":").partition(":")
    return {
        "carrier": carrier,
        "number": number,
        "orders": _named(finding.order_ids),
        "count": len(finding.order_ids),
        "hours": None if finding.limit is None else _hours(finding.limit),
        "deadline": local(finding.deadline, zone),
        "breached": local(finding.breached_at, zone),
        "resolved": local(finding.resolved_at, zone),
        "lane": finding.lane,
        "detail": finding.detail,
        "exposure": finding.exposure,
        "over": finding.comparator,
        "sum": None if finding.money is None else spelled(*finding.money[:3]),
    }


def encode_warning(revision: Revision, feed: str = "ok", profile: Profile | None = None) -> bytes:
    """The JSON of a warning revision, UTF-8; as `warning_value`."""
    return _encoder.encode(warning_value(revision, feed, profile))


def _exposure(finding: Finding) -> dict[str, Any]:
    """What the warning may cost; nulls where the platform names a sum and it is not known."""
    if finding.exposure != "compensation":
        return {"kind": finding.exposure}
    currency, least, most, cap = finding.money or (None, None, None, None)
    return {
        "kind": finding.exposure,
        "currency": currency,
        "least": least,
        "most": most,
        "cap_per_buyer_day": cap,
    }


def _named(order_ids: tuple[str, ...]) -> str:
    """The orders as a sentence names them: five at most, and how many more."""
    more = len(order_ids) - 5
    return ", ".join(order_ids[:5]) + (f" (+{more})" if more > 0 else "")


def _threshold(finding: Finding) -> dict[str, Any] | None:
    """The limit to the microsecond, and whether reaching it breaches; None: no time is set."""
    if finding.limit is None:
        return None
    return {"limit_us": finding.limit, "comparator": finding.comparator}


def _hours(length: int) -> float | int:
    hours = length / HOUR
    return int(hours) if hours.is_integer() else round(hours, 6)


def local(us: int | None, zone: str) -> str:
    """A time by the clocks of a zone, to the minute, with what they are ahead of UTC; empty where
    there is none."""
    if us is None or zone == BEIJING_ZONE:
        return beijing(us)
    try:
        there = to_datetime(us).astimezone(zone_of(zone))
    except OverflowError:  # the last hours of the calendar have no hour there
        return beijing(us)
    ahead = f"{there:%z}"
    hours = f"{ahead[0]}{int(ahead[1:3])}" + (f":{ahead[3:]}" if ahead[3:] != "00" else "")
    return f"{there.isoformat(' ', 'minutes')[:16]} (UTC{hours})"


def beijing(us: int | None) -> str:
    """A time as merchants read it, to the minute; empty where there is none."""
    if us is None:
        return ""
    return f"{to_datetime(us + _BEIJING).isoformat(' ', 'minutes')[:16]} (UTC+8)"
