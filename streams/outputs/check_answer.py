"""The answer of `shipsentry check` as JSON, with its words; other orders appear as hashes only."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from streams.facts.times import iso
from streams.judge.precheck import BLOCK, NOTE, WARN, OrderWord, Precheck, Remark, Use, precheck
from streams.outputs.message import BEIJING_ZONE, beijing, local, text_values
from streams.profiles.model import Profile, Profiles
from streams.reference.numbers import fits, guess
from streams.state.state import Finding, ParcelState
from streams.texts import foretold, sentence, words

MOST_USES = 20
"""Other orders that an answer lists; `uses_total` says how many there are."""


def order_hash(order_id: str) -> str:
    """How an answer names another order: who knows the id finds it again, nobody else reads it."""
    return "sha256:" + sha256(f"shipsentry-order|{order_id}".encode()).hexdigest()[:16]


def answer(
    key: str,
    parcel: ParcelState | None,
    order_id: str,
    word: OrderWord,
    profiles: Profiles,
    now: int,
    elsewhere: Iterable[str] = (),
) -> dict[str, Any]:
    """The answer for a number and an order at `now` (µs); `parcel` is used up. `elsewhere` are
    parcels that are known to move under the same digits."""
    carrier, _, number = key.partition(":")
    state, fitting = parcel or ParcelState(key), fits(carrier, number)
    found = precheck(state, order_id, word, profiles, now, fitting, elsewhere)
    return {
        "schema_version": 1,
        "verdict": found.verdict,
        "says": _words(Remark(found.verdict, NOTE), carrier, number, order_id),
        "carrier": carrier,
        "tracking_number": number,
        "order_id": order_id,
        "checked_at": iso(now),
        "profile": found.profile.id,
        "reasons": _reasons(found, profiles, carrier, number, order_id),
        "uses": [_use(use) for use in found.uses[:MOST_USES]],
        "uses_total": len(found.uses),
        "track": _track(found),
    }


def _reasons(
    found: Precheck, profiles: Profiles, carrier: str, number: str, order_id: str
) -> list[dict[str, Any]]:
    reasons = [
        _of_finding(level, finding, order_id, profiles.named(finding.profile), known=found.known)
        for level, finding in found.findings
    ]
    remarks = list(found.remarks)
    likely = guess(number) if any(one.code == "does_not_fit" for one in remarks) else ()
    if likely:
        remarks.append(Remark("guess", NOTE))
    for remark in remarks:
        says = _words(remark, carrier, number, order_id, ", ".join(likely[:5]))
        reasons.append(
            {"code": remark.code, "level": remark.level, "at": iso(remark.at), "says": says}
        )
    rank = {BLOCK: 0, WARN: 1, NOTE: 2}
    reasons.sort(key=lambda reason: rank[reason["level"]])
    return reasons


def _of_finding(
    level: str, finding: Finding, order_id: str, profile: Profile | None, *, known: bool
) -> dict[str, Any]:
    """A warning as if it named this order alone: in the rule's own words where the order has the
    number already (`known`), else in words of what would be."""
    finding = msgspec.structs.replace(finding, order_ids=(order_id,))
    values = text_values(finding, profile)
    if known:
        said = words(finding.rule, finding.state, values, finding.stage)
    else:
        values["at"] = local(finding.anchor, BEIJING_ZONE if profile is None else profile.zone)
        said = foretold(finding.rule, finding.state, values, finding.stage)
    return {
        "code": finding.rule,
        "stage": finding.stage,
        "level": level,
        "severity": finding.severity,
        "deadline": iso(finding.deadline),
        "says": said["message"],
        "remedy": said["remedy"],
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        "order": order_hash(use.order_id),
        "uploaded_at": iso(use.uploaded_at),
        "released_at": iso(use.released_at),
        "closed_at": iso(use.closed_at),
        "recipient": use.recipient,
        "former_life": use.past,
    }


def _track(found: Precheck) -> dict[str, Any] | None:
    track = found.track
    if track is None:
        return None
    return {
        "records": track.records,
        "first": {"status": track.first_status, "occurred_at": iso(track.first_at)},
        "newest": {"status": track.newest_status, "occurred_at": iso(track.newest_at)},
        "picked_up_at": iso(track.picked_up_at),
        "delivered_at": iso(track.delivered_at),
        "sent_back_at": iso(track.sent_back_at),
        "handed_over_at": iso(track.handed_over_at),
        "goes_on_as": track.goes_on_as,
    }


def _words(
    remark: Remark, carrier: str, number: str, order_id: str, couriers: str = ""
) -> dict[str, str]:
    values = {
        "carrier": carrier,
        "number": number,
        "orders": order_id,
        "at": beijing(remark.at),
        "couriers": couriers,
        "detail": remark.detail,
        "rule": remark.detail,
        "value": remark.detail,
    }
    return sentence(f"check.{remark.code}", values)
