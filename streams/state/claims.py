"""Which tracks a number claims as its own: how it learns that another number has the same one.

A delivered life of a parcel claims its track. Claims go to the track's own state (`state.tracks`),
which answers where several numbers claim it. The answer is kept beside the claim for the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from streams.facts.facts import CloneFacts, Place, TrackFacts
from streams.state.fingerprint import DELIVERED, track_of
from streams.state.links import lead_of, lives, stretches
from streams.state.returns import turned_back
from streams.state.state import Checkpoint, Claim, ParcelState, place_code
from streams.state.versions import recipient_at


def claim(state: ParcelState, at_least_records: int | None) -> list[TrackFacts]:
    """What tracks must be told: new and changed claims, and those that no longer stand.

    Shorter tracks than `at_least_records` are claimed by nobody; None: no track is.
    """
    if at_least_records is None or (not state.claims and not is_delivered(state.records)):
        return []
    now = _claimed(state, at_least_records)
    messages: list[TrackFacts] = []
    claims: list[Claim] = []
    for old in state.claims:
        facts = now.pop(old.signature, None)
        if facts is None:
            messages.append(TrackFacts(old.signature, state.key))
            continue
        if facts != last_sent(state.key, old):
            messages.append(facts)
        claims.append(_claim(facts, old.since))
    for facts in now.values():
        messages.append(facts)
        claims.append(_claim(facts, None))
    if messages:
        state.claims = claims
    return messages


def apply_clone_facts(
    state: ParcelState | None, key: str, facts: CloneFacts, now: int
) -> tuple[bool, TrackFacts | None]:
    """Take over a track's answer to the number `key`, at `now` (µs); without a state it has none.

    Gives whether the state changed, and what the track must be told where it has heard otherwise:
    a crash made the state forget what it had said, and it may never say that again.
    """
    for place, known in enumerate(state.claims if state is not None else ()):
        if known.signature == facts.signature:
            changed = known.since != facts.since
            if state is not None and changed:
                state.claims[place] = msgspec.structs.replace(known, since=facts.since)
                state.touched = max(state.touched, now)
            said = last_sent(key, known)
            heard = (facts.uploaded_at, facts.place, facts.address)
            agrees = heard == (said.uploaded_at, said.place, said.address)
            return changed, None if agrees else said
    return False, TrackFacts(facts.signature, key)


def last_sent(key: str, claim: Claim) -> TrackFacts:
    """A claim as the track was told of it."""
    return TrackFacts(claim.signature, key, claim.uploaded_at, claim.place, claim.address)


def _claimed(state: ParcelState, at_least_records: int) -> dict[bytes, TrackFacts]:
    """The tracks of all delivered lives whose lead order's address is known: what is not known is
    not different, so others make no clone of anybody."""
    found: dict[bytes, TrackFacts] = {}
    known = {order.order_id: order.facts for order in state.orders}
    if not any(known.values()):
        return found
    records: Sequence[Checkpoint]
    for records, named in lives(state.records, state.named):
        if len(records) < at_least_records or not is_delivered(records):
            continue
        lead = lead_of(stretches(named), known)
        facts = None if lead is None else known.get(lead.order_id)
        if lead is None or facts is None:
            continue
        recipient = recipient_at(facts, lead.uploaded_at)
        if not (recipient and (recipient.province or recipient.city or recipient.address_key)):
            continue
        track = track_of(turned_back(records, facts, lead.uploaded_at))
        if track is not None and track.length >= at_least_records:
            found[track.signature] = _facts(track.signature, state.key, lead.uploaded_at, recipient)
    return found


def _facts(signature: bytes, key: str, uploaded_at: int, recipient: Place) -> TrackFacts:
    address = None
    if recipient.address_key is not None:
        # Whatever its producer made of it, short enough to be held many times.
        digest = blake2b(recipient.address_key.encode(), digest_size=8).digest()
        address = int.from_bytes(digest, "big", signed=True)
    return TrackFacts(signature, key, uploaded_at, place_code(recipient), address)


def _claim(facts: TrackFacts, since: int | None) -> Claim:
    return Claim(facts.signature, facts.uploaded_at or 0, facts.place, facts.address, since)


def is_delivered(records: Sequence[Checkpoint]) -> bool:
    """Whether a record says that the parcel was delivered."""
    if not records or records[-1].status == DELIVERED:
        return bool(records)
    # Asked with every fact of every number: a generator would take three times as long.
    for record in records:  # noqa: SIM110
        if record.status == DELIVERED:
            return True
    return False
