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
    """The form in which facts that name orders keep their `tie`."""
    message: dict[str, object] = {"status": STATUSES[record.status]}
    if record.place:
        message["location"] = _named(record.place)
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
