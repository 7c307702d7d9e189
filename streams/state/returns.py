"""A parcel on its way back: what is delivered then is delivered to its sender."""

from __future__ import annotations

from collections.abc import Sequence

from streams.facts.facts import STATUS_CODE, OrderFacts
from streams.state.state import Checkpoint, city_in, province_in
from streams.state.versions import accepted_recipients

_DELIVERED, _RETURNED = STATUS_CODE["delivered"], STATUS_CODE["returned"]
_BACK = (STATUS_CODE["returning"], _RETURNED)


def way_back(records: Sequence[Checkpoint]) -> int | None:
    """Since when (µs) a parcel is on its way back, None: it is not."""
    for record in records:
        if record.status in _BACK:
            return record.at
    return None


def turned_back(
    records: Sequence[Checkpoint], lead: OrderFacts | None, uploaded_at: int
) -> Sequence[Checkpoint]:
    """The records of one life with every `delivered` after the first `returning` or `returned` as
    `returned`, unless it is in the city of one accepted recipient of the `lead` order, uploaded at
    `uploaded_at` (µs)."""
    back = way_back(records)
    if back is None or not any(_after(record, back) for record in records):
        return records
    places = [] if lead is None else accepted_recipients(lead, uploaded_at)
    homes = {
        (int(place.province), int(place.city)) for place in places if place.province and place.city
    }
    return [
        record._replace(status=_RETURNED)
        if _after(record, back) and (province_in(record.place), city_in(record.place)) not in homes
        else record
        for record in records
    ]


def _after(record: Checkpoint, back: int) -> bool:
    return record.status == _DELIVERED and record.at > back
