"""The bundle as data: `evidence.json`, from a warning's revisions and the records it names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from streams.evidence.shown import Original, hidden, listed, named, shown
from streams.facts.times import iso
from streams.profiles.model import Profile

_OF_A_REVISION = (
    *("revision", "detected_at", "state", "severity", "opened_at"),
    *("deadline", "breached_at", "resolved_at"),
)
_CHANGES = (
    *("severity", "shop_id", "order_ids", "profile", "opened_at", "deadline", "breached_at"),
    *("resolved_at", "exposure"),
)
_EVIDENCE_CHANGES = ("started_at", "limit_hours", "lane", "detail", "exemptions", "advice")
"""Besides its state, what a revision may say otherwise than the one before it."""
_SUBJECT = ("platform", "shop_id", "order_ids", "carrier", "tracking_number")


class HandOver(NamedTuple):
    """That the parcel was given to the carrier, as the seller says: the pickup manifest that the
    carrier signed, when (µs) and where; None: not said."""

    manifest_id: str | None = None
    at: int | None = None
    place: str | None = None


def bundle(
    revisions: Sequence[dict[str, Any]],
    originals: Sequence[Original],
    profile: Profile | None,
    made_at: int,
    handed_over: HandOver | None = None,
) -> dict[str, Any]:
    """The evidence of one warning; `revisions` oldest first, `made_at` in µs.

    A withdrawn warning names no records: it shows those that it last rested on. `handed_over` is
    the seller's own word, and no record proves it.
    """
    warning = revisions[-1]
    evidence = warning.get("evidence") or {}
    order_ids = frozenset(warning.get("order_ids") or ())
    advice = evidence.get("advice") or ()
    remedy = warning.get("remedy")
    return {
        "schema_version": 1,
        "kind": "shipsentry-evidence",
        "made_at": iso(made_at),
        "warning_id": warning["warning_id"],
        "rule": warning["rule"],
        "stage": warning.get("stage"),
        "state": warning["state"],
        "severity": warning.get("severity"),
        "subject": {name: warning.get(name) for name in _SUBJECT},
        "message": warning.get("message"),
        "remedy": remedy and {one: hidden(remedy[one], advice, order_ids) for one in remedy},
        "advice": [listed(each, order_ids) for each in advice],
        "clock": {
            "started_at": evidence.get("started_at"),
            "limit_hours": evidence.get("limit_hours"),
            "threshold": evidence.get("threshold"),
            "lane": evidence.get("lane"),
            "detail": evidence.get("detail"),
            "warned_from": warning.get("opened_at"),
            "deadline": warning.get("deadline"),
            "breached_at": warning.get("breached_at"),
            "ended_at": warning.get("resolved_at"),
        },
        "profile": _profile(profile, warning),
        "exemptions": list(evidence.get("exemptions") or ()),
        "exposure": warning.get("exposure"),
        "feed": warning.get("feed"),
        "records": [shown(original, order_ids) for original in originals],
        "handed_over": handed_over and handed_over._asdict() | {"at": iso(handed_over.at)},
        "timeline": [
            {name: one.get(name) for name in _OF_A_REVISION}
            | {"changed": _changed(before, one, order_ids)}
            for before, one in zip((None, *revisions), revisions, strict=False)
        ],
    }


def resting_on(revisions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The newest revision that names records, else the newest: a withdrawal names none."""
    proven = [one for one in revisions if (one.get("evidence") or {}).get("records")]
    return proven[-1] if proven else revisions[-1]


def _changed(
    before: dict[str, Any] | None, one: dict[str, Any], order_ids: Collection[str]
) -> dict[str, Any]:
    """What a revision says otherwise than the one before it, and the records that it names anew.

    Empty for the first. Whatever makes a revision is in it, or in the state: no two of them look
    the same without being the same. Orders that are not among `order_ids`, which the warning names
    now, are hashes here too.
    """
    if before is None:
        return {}
    old, new = before.get("evidence") or {}, one.get("evidence") or {}
    found = {name: one.get(name) for name in _CHANGES if one.get(name) != before.get(name)}
    found |= {name: new.get(name) for name in _EVIDENCE_CHANGES if new.get(name) != old.get(name)}
    if "order_ids" in found:
        found["order_ids"] = [named(each, order_ids) for each in found["order_ids"] or ()]
    if "advice" in found:
        found["advice"] = [listed(each, order_ids) for each in found["advice"] or ()]
    known = old.get("records") or ()
    records = [record for record in new.get("records") or () if record not in known]
    return found | {"records": records} if records else found


def _profile(profile: Profile | None, warning: dict[str, Any]) -> dict[str, Any]:
    """The rules that were in force; only the id where this installation has no such profile."""
    if profile is None:
        return {"id": warning.get("profile"), "known": False}
    return {
        "id": profile.id,
        "known": True,
        "platform": profile.platform,
        "effective_from": iso(profile.effective_from),
        "effective_to": iso(profile.effective_to),
        "source_url": profile.source_url,
        "read_on": profile.read_on,
        "verified": profile.verified,
        "zone": profile.zone,
        "appeal_days": profile.appeal_days,
    }
