"""Check a number: its form, what is known of it, what would speak against using it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from schemas.fields import MAX_ID_LENGTH
from streams.decode.keys import normalise_number, number_of, parcel_key
from streams.decode.names import with_own
from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.console.console import View, view_of
from streams.desk.console.filters import parsed
from streams.desk.console.pages.rows import parcel_path, row_of
from streams.desk.database import tracks
from streams.reference.numbers import fits, guess
from streams.rules.malformed_tracking_number import fault_of

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a number: "block", "warn", "note" or "ok", and in words."""

    level: str
    text: str


@router.get("/check-a-number")
@needs(Role.viewer)
def look_up(request: Request) -> Response:
    """The form, and the answer where a number was given."""
    view = view_of(request)
    params = parsed(request.url.query)
    carrier, number, order_id = (
        next(iter(params.get(name, ())), "").strip().replace("\0", "")[:MAX_ID_LENGTH]
        for name in ("carrier", "number", "order_id")
    )
    answer = _answer(view, carrier.replace(":", ""), number, order_id) if number else None
    return view.page(
        "look_up.html",
        carrier=carrier,
        number=number,
        order_id=order_id,
        answer=answer,
    )


def _answer(view: View, carrier: str, number: str, order_id: str) -> dict[str, Any]:
    names = with_own(*view.console.profiles.own_names)
    key = parcel_key(carrier, number, names)
    code, says = key.partition(":")[0], view.says
    findings: list[Finding] = []
    if fault_of(number_of(number)) is not None:
        findings.append(Finding("block", says("check_malformed")))
    elif fits(code, normalise_number(number)) is False:
        findings.append(Finding("warn", says("check_does_not_fit")))
        if likely := guess(normalise_number(number)):
            findings.append(Finding("note", says("check_guess", carriers=", ".join(likely[:5]))))
    if code and names.unknown("carrier", [code]):
        findings.append(Finding("note", says("check_carrier_unknown")))
    with view.desk.database.reading() as connection:
        found = tracks.parcel(connection, key, view.me.shops)
    if found is None:
        findings.append(Finding("note", says("check_never_seen")))
        rows = []
    else:
        others = [each.order_id for each in found.orders if each.order_id != order_id]
        if others:
            findings.append(Finding("warn", says.count("check_used", len(others))))
        statuses = {row.status for row in found.records if not row.voided}
        if "delivered" in statuses:
            findings.append(Finding("block", says("check_delivered")))
        elif statuses - {"ordered"}:
            findings.append(Finding("warn", says("check_moves")))
        rows = [row_of(each, view.shown) for each in found.warnings if each.standing]
        if rows:
            findings.append(Finding("warn", says.count("check_warned", len(rows))))
    rank = {"block": 0, "warn": 1, "note": 2}
    findings.sort(key=lambda each: rank[each.level])
    worst = findings[0].level if findings and findings[0].level != "note" else "ok"
    return {
        "findings": findings,
        "warnings": rows,
        "parcel": "" if found is None else parcel_path(*key.split(":", 1)),
        "verdict": worst,
    }
