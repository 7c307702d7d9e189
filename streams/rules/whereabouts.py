"""Where a parcel came from and goes to, and for whom its track says it is.

Of records of one time the canonical JSON decides which is first or newest. A state keeps no texts
as they were sent: the official names of the kept codes stand in for them (docs/decisions/0004).
"""

from __future__ import annotations

from json import dumps

from streams.facts.facts import STATUS_CODE, STATUSES, Place
from streams.facts.statuses import PICKED_UP
from streams.reference.places import official_name
from streams.rules.snapshot import ParcelLife, Said, proof_of, proof_of_named
from streams.state.state import Recipient, Record, city_in, province_in

ARRIVED = frozenset(
    STATUS_CODE[name]
    for name in ("arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered")
)
"""Statuses at whose place the parcel is where its recipient should be."""

_PROVINCE_KNOWN = 10_000
"""A `place_code` of at least this knows its province."""


def origin(life: ParcelLife) -> int | None:
    """The province of the earliest pickup that has one, else of its lead order's sender."""
    if life.firsts[PICKED_UP] is not None:
        found: Record | None = None
        for record in life.records:
            if found is not None and record[0] != found[0]:
                break
            if record[2] == PICKED_UP and record[7] >= _PROVINCE_KNOWN:
                found = record if found is None else min(found, record, key=_canonical)
        if found is not None:
            return province_in(found[7])
    facts = life.lead.facts
    return None if facts is None or facts.ship_from is None else int(facts.ship_from)


def destination(life: ParcelLife) -> int | None:
    """The province of the lead order's recipient for this parcel."""
    recipient = life.lead.recipient
    return None if recipient is None or recipient.province is None else int(recipient.province)


def arrival(life: ParcelLife) -> Record | None:
    """The newest record at the recipient's end that knows its province."""
    for status in ARRIVED:
        if life.firsts[status] is not None:
            break
    else:
        return None
    found: Record | None = None
    for record in reversed(life.records):
        if found is not None and record[0] != found[0]:
            break
        if record[2] in ARRIVED and record[7] >= _PROVINCE_KNOWN:
            found = record if found is None else max(found, record, key=_canonical)
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
        if record[0] < last:
            break
        if record[8]:
            place, last = life.recipients[record[8] - 1], record[0]
            entry = Said(last, _canonical(record, place), place, (proof_of(record),))
            newest[""] = max(newest.get("", entry), entry)
    return newest


def _canonical(record: Record, recipient: Recipient | None = None) -> str:
    """What is kept of a record, in the form in which facts that name orders keep their `tie`."""
    message: dict[str, object] = {"status": STATUSES[record[2]]}
    if record[7]:
        message["location"] = _named(record[7])
    if recipient is not None:
        code, address_key = recipient
        key = {} if address_key is None else {"address_key": address_key}
        message["recipient"] = {**_named(code), **key}
    return dumps(message, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _named(code: int) -> dict[str, str | None]:
    province, city = province_in(code), city_in(code)
    names: dict[str, str | None] = {}
    if province is not None:
        names["province"] = official_name(f"{province:02}")
    if city is not None:
        names["city"] = official_name(f"{city:04}")
    return names


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
