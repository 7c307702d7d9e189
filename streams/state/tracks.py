"""The track's side: which numbers claim one and the same track, and what each must hear of it.

`apply_claim` takes over what a number says; it gives what the claimants must hear. Claims are taken
over one by one in the order in which they lie in the topic: so a track that lost its newest state
in a crash says word for word what it said before, and the last word stands.
"""

from __future__ import annotations

import msgspec

from streams.facts.facts import CloneFacts, TrackFacts
from streams.facts.recipients import unequal
from streams.facts.times import STATE_KEPT
from streams.state.retention import end_after
from streams.state.state import city_in, province_in

MOST_CLAIMANTS = 200
"""Numbers that one track remembers. A further one is answered once, by what is known then; it
accuses nobody, and hears of no later change. A track that so many have is no single seller's."""

Heard = tuple[int, int, int | None]
"""A claim: (earliest upload, `place_code` of the lead order's recipient, hash of its address)."""


class Claimant(msgspec.Struct, gc=False, array_like=True):
    """A number that claims this track: what it last said (None: it no longer does), when it was
    heard, and what it was told since: (since, the claim that was answered).

    `answered`: it was told something before, which may still be on its way. So it is told anew when
    it claims the track again, even if it is alone by then.
    """

    key: str
    claim: Heard | None
    heard_at: int
    last_sent: tuple[int | None, Heard] | None = None
    answered: bool = False


class TrackState(msgspec.Struct, gc=False, array_like=True):
    """Everything known of one track, by the signature that stands for it."""

    signature: bytes
    claimants: list[Claimant] = []
    touched: int = 0
    due: int = 0


def apply_claim(
    state: TrackState, facts: TrackFacts, now: int
) -> list[tuple[str, CloneFacts]] | None:
    """Take over one claim, or its end, at `now` (µs); what is to be told: (parcel key, facts).

    None where it was known. Sets `due`, when the state ends; it has ended too where nobody claims
    the track any more and nobody has claimed it in company.
    """
    claim = None
    if facts.uploaded_at is not None:
        claim = (facts.uploaded_at, facts.place, facts.address)
    for claimant in state.claimants:
        if claimant.key == facts.key:
            if claimant.claim == claim:
                return None
            claimant.claim, claimant.heard_at = claim, now
            if claim is None:
                claimant.last_sent = None
                if not claimant.answered:
                    state.claimants.remove(claimant)
            break
    else:
        if claim is None:
            return None
        if len(state.claimants) >= MOST_CLAIMANTS:
            state.claimants = [known for known in state.claimants if known.claim is not None]
        if len(state.claimants) >= MOST_CLAIMANTS:
            since = _since(facts.key, claim, _earliest_first(state))
            return [(facts.key, CloneFacts(state.signature, since, *claim))]
        state.claimants.append(Claimant(facts.key, claim, now))
    state.touched = max(state.touched, now)
    state.due = end_after(state.touched)
    return _replies(state, now)


def _replies(state: TrackState, now: int) -> list[tuple[str, CloneFacts]]:
    """What claimants do not know yet. One that is alone hears nothing, unless it has before."""
    claims = _earliest_first(state)
    messages = []
    for claimant in state.claimants:
        claim = claimant.claim
        if claim is None or (len(claims) < 2 and not claimant.answered):
            continue
        answer = (_since(claimant.key, claim, claims), claim)
        # A number that was silent for so long may have ended: it would deny what it once said.
        if answer != claimant.last_sent and now - claimant.heard_at < STATE_KEPT:
            claimant.last_sent, claimant.answered = answer, True
            messages.append((claimant.key, CloneFacts(state.signature, answer[0], *claim)))
    return messages


def _earliest_first(state: TrackState) -> list[tuple[int, str, Heard]]:
    return sorted(
        (claimant.claim[0], claimant.key, claimant.claim)
        for claimant in state.claimants
        if claimant.claim is not None
    )


def _since(key: str, claim: Heard, claims: list[tuple[int, str, Heard]]) -> int | None:
    """The earliest upload of another number with another recipient, None where there is none."""
    for uploaded_at, other, its_claim in claims:
        if other != key and _differ(claim, its_claim):
            return uploaded_at
    return None


def _differ(a: Heard, b: Heard) -> bool:
    """Whether two recipients are known to be different; unknown is not different."""
    if a[2] is not None and b[2] is not None:
        return a[2] != b[2]
    return unequal(province_in(a[1]), province_in(b[1])) or unequal(city_in(a[1]), city_in(b[1]))
