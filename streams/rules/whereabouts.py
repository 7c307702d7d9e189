"""Where a parcel arrived, and for whom its track says that it is."""

from __future__ import annotations

from typing import Literal

from streams.facts.facts import STATUS_CODE, Place
from streams.facts.recipients import unequal
from streams.rules.canonical import canonical
from streams.rules.snapshot import PROVINCE_KNOWN, ParcelLife, Said, proof_of, proof_of_named
from streams.state.state import Checkpoint, Recipient, city_in, province_in

ARRIVED = frozenset(
    STATUS_CODE[name]
    for name in ("arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered")
)
"""Statuses at whose place the parcel is where its recipient should be."""


Compared = Literal["place", "postal_code"]
"""What of two recipients is compared: province, city and address, or the postal code alone."""


def arrival(life: ParcelLife, compares: Compared = "place") -> tuple[Checkpoint, Recipient] | None:
    """The newest record at the recipient's end that knows its province, or its postal code."""
    for status in ARRIVED:
        if life.firsts[status] is not None:
            break
    else:
        return None
    codes = life.postal_codes if compares == "postal_code" else {}
    found: Checkpoint | None = None
    for record in reversed(life.records):
        if found is not None and record.at != found.at:
            break
        if record.status in ARRIVED and (
            record[:2] in codes if compares == "postal_code" else record.place >= PROVINCE_KNOWN
        ):
            found = record if found is None else max(found, record, key=canonical)
    if found is None:
        return None
    return found, Recipient(found.place, None, codes.get(found[:2]))


def said(life: ParcelLife, order_id: str) -> Said | None:
    """The newest fact with a recipient that does not name other orders only."""
    if not life.recipients:
        return None
    if life.said is None:
        life.said = _all_said(life)
    own, any_order = life.said.get(order_id), life.said.get("")
    if own is None or any_order is None:
        return own or any_order
    return max(own, any_order, key=_by_time)


def _all_said(life: ParcelLife) -> dict[str, Said]:
    """The newest such fact by order id; under "", which is no id, the newest that names none."""
    newest: dict[str, Said] = {}
    for fact in life.named:
        if fact.recipient:
            place = life.recipients[fact.recipient - 1]
            entry = Said(fact.at, fact.tie, place, (proof_of_named(fact),))
            for order_id in fact.order_ids:
                newest[order_id] = entry
    last = -1
    for record in reversed(life.records):
        if record.at < last:
            break
        if record.recipient:
            place, last = life.recipients[record.recipient - 1], record.at
            entry = Said(last, canonical(record, place), place, (proof_of(record),))
            newest[""] = max(newest.get("", entry), entry, key=_by_time)
    return newest


def _by_time(entry: Said) -> tuple[int, str]:
    return entry.at, entry.tie


def differs(said: Recipient, recipient: Place, compares: Compared) -> str | None:
    """In what a place that was said differs from an order's recipient: the first of province, city
    and address, or the postal code. Unknown on either side is not different.
    """
    if compares == "postal_code":
        return compares if unequal(said.postal_code, recipient.postal_code) else None
    province, city = province_in(said.place), city_in(said.place)
    if province and recipient.province and province != int(recipient.province):
        return "province"
    if city and recipient.city and city != int(recipient.city):
        return "city"
    return "address" if unequal(said.address_key, recipient.address_key) else None
