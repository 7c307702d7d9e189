"""Where a parcel arrived, and for whom its track says that it is."""

from __future__ import annotations

from streams.facts.facts import STATUS_CODE, Place
from streams.rules.canonical import canonical
from streams.rules.snapshot import PROVINCE_KNOWN, ParcelLife, Said, proof_of, proof_of_named
from streams.state.state import Checkpoint, city_in, province_in

ARRIVED = frozenset(
    STATUS_CODE[name]
    for name in ("arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered")
)
"""Statuses at whose place the parcel is where its recipient should be."""


def arrival(life: ParcelLife) -> Checkpoint | None:
    """The newest record at the recipient's end that knows its province."""
    for status in ARRIVED:
        if life.firsts[status] is not None:
            break
    else:
        return None
    found: Checkpoint | None = None
    for record in reversed(life.records):
        if found is not None and record.at != found.at:
            break
        if record.status in ARRIVED and record.place >= PROVINCE_KNOWN:
            found = record if found is None else max(found, record, key=canonical)
    return found


def said(life: ParcelLife, order_id: str) -> Said | None:
    """The newest fact with a recipient that does not name other orders only."""
    if not life.recipients:
        return None
    if life.said is None:
        life.said = _all_said(life)
    own, any_order = life.said.get(order_id), life.said.get("")
    if own is None or any_order is None:
        return own or any_order
    return max(own, any_order)


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
            newest[""] = max(newest.get("", entry), entry)
    return newest


def differs(place: int, address_key: str | None, recipient: Place) -> str | None:
    """In what a place differs from an order's recipient: the first of province, city, address.

    Unknown on either side is not different.
    """
    province, city = province_in(place), city_in(place)
    if province and recipient.province and province != int(recipient.province):
        return "province"
    if city and recipient.city and city != int(recipient.city):
        return "city"
    if address_key and recipient.address_key and address_key != recipient.address_key:
        return "address"
    return None
