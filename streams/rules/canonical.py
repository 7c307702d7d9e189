"""What is kept of a record, in one form: of records of one time it says which is first or newest.

A state keeps no texts as they were sent: the official names of the kept codes stand in for them
(docs/decisions/0004).
"""

from __future__ import annotations

from json import dumps

from streams.facts.facts import STATUSES
from streams.reference.places import official_name
from streams.state.state import Checkpoint, Recipient, city_in, province_in


def canonical(record: Checkpoint, recipient: Recipient | None = None) -> str:
    """The form in which facts that name orders keep their `tie`: what is not kept is null."""
    message: dict[str, object] = {
        "location": _named(record.place) if record.place else None,
        "order_ids": None,
        "raw_status": None,
        "recipient": None,
        "status": STATUSES[record.status],
    }
    if recipient is not None:
        keys = {"address_key": recipient.address_key, "postal_code": recipient.postal_code}
        known = {name: key for name, key in keys.items() if key is not None}
        message["recipient"] = {**_named(recipient.place), **known} or None
    return dumps(message, ensure_ascii=False, separators=(",", ":"), sort_keys=True)[1:]


def _named(code: int) -> dict[str, str | None]:
    province, city = province_in(code), city_in(code)
    names: dict[str, str | None] = {}
    if province is not None:
        names["province"] = official_name(f"{province:02}")
    if city is not None:
        names["city"] = official_name(f"{city:04}")
    return names
