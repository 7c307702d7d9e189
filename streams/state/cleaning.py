"""States and messages of former releases, without the texts that are not kept any more.

What they hold was sent by somebody: `closed_reason`, names of places that are none, plain text in
place of a key. A state is cleaned when it is read, so it is clean when it is written next.
"""

from __future__ import annotations

from msgspec.structs import replace

from streams.facts import kept
from streams.facts.facts import OrderFacts, OrderVersion, Place
from streams.state.parcels import named_order
from streams.state.state import OrderState, ParcelState, Recipient
from streams.state.versions import version_order


def clean_order(state: OrderState) -> None:
    """Clean the versions of an order, in place, if a former release wrote one."""
    if any(version.canonical.startswith("{") for version in state.versions):
        state.versions = sorted(map(_version, state.versions), key=version_order)


def clean_parcel(state: ParcelState) -> None:
    """Clean what is kept of a parcel, in place, if a former release may have written it."""
    former = any(fact.tie.startswith("{") for fact in state.named)
    if former:
        state.named = sorted(
            (replace(fact, tie=kept.canonical(fact.tie)) for fact in state.named), key=named_order
        )
        for known in state.orders:
            known.facts = known.facts and clean_facts(known.facts)
    # Without facts that name orders nothing tells when it was written.
    if former or not state.named:
        state.recipients = [_recipient(each) for each in state.recipients]
        state.postal_codes = [(mark, _postal_code(text)) for mark, text in state.postal_codes]
        following = [(mark, kept.following(key)) for mark, key in state.next]
        state.next = [(mark, key) for mark, key in following if key is not None]


def clean_facts(facts: OrderFacts) -> OrderFacts:
    """What an order tells its parcels, as any release has told it."""
    origin = facts.origin_unrecognised
    recipients = tuple((since, _place(place)) for since, place in facts.recipients)
    clean = replace(
        facts,
        currency=kept.currency(facts.currency),
        recipients=recipients,
        vias=tuple(map(kept.place, facts.vias)),
        origin_unrecognised=origin and kept.place(Place(unrecognised=origin)).unrecognised,
    )
    return facts if clean == facts else clean


def _version(version: OrderVersion) -> OrderVersion:
    return replace(
        version,
        canonical=kept.canonical(version.canonical),
        currency=kept.currency(version.currency),
        recipient=_place(version.recipient),
        ship_from=_place(version.ship_from),
        via=_place(version.via),
        items=tuple((product, kept.code(sku), count) for product, sku, count in version.items),
    )


def _place(place: Place | None) -> Place | None:
    return None if place is None else kept.place(place)


def _recipient(said: Recipient) -> Recipient:
    place = kept.place(Place(address_key=said.address_key, postal_code=said.postal_code))
    return said._replace(address_key=place.address_key, postal_code=place.postal_code)


def _postal_code(text: str) -> str:
    return kept.place(Place(postal_code=text)).postal_code or ""
