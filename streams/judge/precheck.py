"""Before a number is uploaded: what would be warned of if it were uploaded for this order now.

The upload is put into a copy of what is known and the profile's own rules look at it, so the answer
is the warnings that the real upload would bring; what no rule warns of is said as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from streams.facts.facts import STATUS_CODE, STATUSES, LinkedLife, OrderFacts, Place, TrackingFact
from streams.facts.recipients import differ
from streams.facts.statuses import NOT_RECORDS, PICKED_UP, PROGRESS
from streams.facts.times import TOLERANCE
from streams.judge import orders as judge_orders
from streams.judge import parcels as judge_parcels
from streams.profiles.model import Profile, Profiles
from streams.rules.malformed_tracking_number import fault_of
from streams.rules.snapshot import LinkedOrder, ParcelLife
from streams.state import orders, parcels
from streams.state.links import ORDERED, lives, same_digits
from streams.state.state import (
    Checkpoint,
    Finding,
    LinkedParcel,
    Mark,
    OrderLink,
    OrderState,
    ParcelState,
)

OK, WARN, BLOCK = "ok", "warn", "block"
NOTE = "note"
"""A remark that leaves the verdict as it is."""

WORDS = frozenset(
    (
        *(OK, WARN, BLOCK),
        *("malformed", "does_not_fit", "guess", "too_many_facts", "rule_failed"),
        *("order_unknown", "order_not_judged", "order_closed", "final_payment_unknown"),
        *("already_uploaded", "used_by_other", "recipient_unknown", "given_up", "used_by_same"),
        *("former_life", "already_delivered", "sent_back", "tracked_before_paid", "track_runs"),
        *("moves_elsewhere", "handed_over", "refund_requested", "parcels_expected"),
    )
)
"""Every verdict and remark; the catalogue of texts has a sentence for each."""

_DELIVERED, _HANDED_OVER = STATUS_CODE["delivered"], STATUS_CODE["handed_over"]
_SENT_BACK = frozenset(STATUS_CODE[name] for name in ("returning", "returned", "cancelled"))
_STANDING = frozenset(("open", "breached"))


class OrderWord(msgspec.Struct, frozen=True, array_like=True):
    """What the order's side knows for the answer: the order, and what its own rules would find;
    how many parcels it has with this one, and how many it takes."""

    facts: OrderFacts | None = None
    findings: tuple[Finding, ...] = ()
    parcels: int = 0
    parcels_expected: int = 1


class RuleFailed(Exception):
    """A rule raised on the order: what it would have said is not known."""


class Use(NamedTuple):
    """One order that the number was uploaded for; times in µs.

    `recipient` compares its recipient with this order's, by the profile: different, same, unknown.
    `past` says that it was a former life of the number, more than the window ago.
    """

    order_id: str
    uploaded_at: int
    released_at: int | None
    closed_at: int | None
    recipient: str
    past: bool


class Track(NamedTuple):
    """How far the parcel is; times in µs, None: not yet.

    `first_exact_at` is the first time that is no guess. What is delivered on the way back is sent
    back. `goes_on_as` is the number that the hand-over names.
    """

    records: int
    first_at: int
    first_exact_at: int | None
    first_status: str
    newest_at: int
    newest_status: str
    picked_up_at: int | None
    delivered_at: int | None
    sent_back_at: int | None
    handed_over_at: int | None
    goes_on_as: str | None


class Remark(NamedTuple):
    """Something that no rule warns of: a word from a closed list, its weight, its time (µs).

    `detail` says more: a word of the rule's, a number, how many.
    """

    code: str
    level: str
    at: int | None = None
    detail: str | None = None


class Precheck(NamedTuple):
    """The answer: `verdict` is ok, warn (look at it first) or block (do not upload it).

    `findings` are the warnings that the upload would bring or join, with the level of each. `known`
    says that the order has the number already: then they are no mere foretelling.
    """

    verdict: str
    profile: Profile
    findings: tuple[tuple[str, Finding], ...]
    remarks: tuple[Remark, ...]
    uses: tuple[Use, ...]
    track: Track | None
    known: bool = False


def ask_order(state: OrderState | None, parcel: str, now: int, profiles: Profiles) -> OrderWord:
    """What an order says of uploading `parcel` for it at `now` (µs); `state` is used up.

    Raises RuleFailed where a rule about orders did not say its word.
    """
    if state is None or not state.versions:
        return OrderWord()
    facts = orders.facts_of(state)
    life = LinkedLife(now, None, ())
    for linked in state.parcels:
        if linked.key == parcel:
            if all(known.released_at is not None for known in linked.lives):
                linked.lives = (*linked.lives, life)
            break
    else:
        state.parcels.append(LinkedParcel(parcel, (life,)))
    seen = judge_orders.evaluate(state, max(now, state.judged), profiles)
    for failure in seen.failures:
        raise RuleFailed(f"rule {failure.rule} failed on the order") from failure.error
    found = tuple(one.finding for one in seen.candidates if one.finding.parcel == parcel)
    if seen.order is None:
        return OrderWord(facts, found)
    return OrderWord(facts, found, len(seen.order.lives), seen.order.parcels)


def precheck(
    parcel: ParcelState,
    order_id: str,
    word: OrderWord,
    profiles: Profiles,
    now: int,
    fits: bool | None = None,
    elsewhere: Iterable[str] = (),
) -> Precheck:
    """The answer for a number (an empty state where it is not known) and an order, at `now` (µs).

    `fits` says whether the number has its carrier's format, None: nobody can say. `elsewhere` are
    parcels that are known to move under the same digits. `parcel` is used up.
    """
    now = max(now, parcel.judged)
    remarks: list[Remark] = []
    if fits is False:
        remarks.append(Remark("does_not_fit", WARN))
    remarks += _about_the_order(word)
    remarks += _about_its_digits(parcel, word.facts, elsewhere)
    if parcels.apply(parcel, (_upload(parcel, order_id, word.facts, now),), now).refused:
        remarks.append(Remark("too_many_facts", BLOCK))
        profile = _profile(word.facts, now, profiles)
        return Precheck(BLOCK, profile, (), tuple(remarks), (), None)
    for known in parcel.orders:
        if known.order_id == order_id and word.facts is not None:
            known.facts = word.facts
    facts = {known.order_id: known.facts for known in parcel.orders}
    mine: LinkedOrder | None = None
    uses: list[Use] = []
    track = None
    for records, named in reversed(lives(parcel.records, parcel.named)):
        if not named:
            continue
        life = ParcelLife(
            parcel.key, records, named, facts, parcel.recipients, estimated=parcel.estimated
        )
        current = any(_is_upload(fact, now) for fact in named)
        if current:
            mine = next((one for one in life.linked if one.order_id == order_id), None)
            track = _track(life, parcel.next)
            if mine is not None and not _is_upload(mine.upload, now):
                remarks.append(Remark("already_uploaded", NOTE, mine.uploaded_at))
        uses += _uses(life, mine, order_id, profiles, past=not current)
    if mine is None:
        profile = _profile(word.facts, now, profiles)
        return Precheck(_worst(remarks, ()), profile, (), tuple(remarks), tuple(uses), track)
    seen = judge_parcels.evaluate(parcel, now, profiles)
    failed = sorted({failure.rule for failure in seen.failures})
    remarks += [Remark("rule_failed", WARN, detail=rule) for rule in failed]
    found = [one.finding for one in seen.candidates]
    findings = _standing([*found, *word.findings], order_id, by_format=fits is False)
    rules = {finding.rule for _, finding in findings}
    if "malformed_tracking_number" not in rules:
        fault = fault_of(parcel.key.partition(":")[2])
        if fault is not None:
            remarks.append(Remark("malformed", WARN, detail=fault))
    remarks += _about_uses(uses, rules)
    remarks += _about_the_track(track, word.facts, rules)
    verdict = _worst(remarks, findings)
    profile = profiles.at(mine.platform, mine.dated)
    has_it = not _is_upload(mine.upload, now)
    return Precheck(verdict, profile, findings, tuple(remarks), tuple(uses), track, has_it)


def _about_its_digits(
    parcel: ParcelState, facts: OrderFacts | None, elsewhere: Iterable[str]
) -> Iterable[Remark]:
    """Where nothing has moved yet: which other parcels move under the same digits."""
    if any(record.status in PROGRESS for record in parcel.records):
        return
    moving = {*elsewhere, *(() if facts is None else facts.moving)}
    same = same_digits(parcel.key, moving)
    if same:
        named = ", ".join(key.replace(":", " ") for key in same)
        yield Remark("moves_elsewhere", WARN, detail=named)


def _upload(parcel: ParcelState, order_id: str, facts: OrderFacts | None, now: int) -> TrackingFact:
    platform, shop = (facts.platform, facts.shop_id) if facts and facts.known else (None, None)
    return TrackingFact(parcel.key, now, ORDERED, _MARK, (order_id,), platform, shop)


_MARK = -1
"""The digest of the upload that is only imagined: no hash is negative."""


def _is_upload(fact: OrderLink, now: int) -> bool:
    return fact.digest == _MARK and fact.at == now


def _profile(facts: OrderFacts | None, now: int, profiles: Profiles) -> Profile:
    if facts is None or not facts.known:
        return profiles.at("", now)
    return profiles.at(facts.platform, facts.paid_at)


def _about_the_order(word: OrderWord) -> Iterable[Remark]:
    facts = word.facts
    if facts is None or not facts.known:
        yield Remark("order_unknown", WARN)
        return
    if not facts.express:
        yield Remark("order_not_judged", NOTE)
    if facts.closed_at is not None:
        yield Remark("order_closed", WARN, facts.closed_at)
    if facts.refund_requested_at is not None:
        yield Remark("refund_requested", WARN, facts.refund_requested_at)
    if word.parcels_expected > 1:
        yield Remark("parcels_expected", NOTE, detail=f"{word.parcels}/{word.parcels_expected}")
    if facts.base is None:
        yield Remark("final_payment_unknown", NOTE)


def _uses(
    life: ParcelLife, mine: LinkedOrder | None, order_id: str, profiles: Profiles, *, past: bool
) -> list[Use]:
    """The other orders of one life of the number, newest upload first."""
    return [
        Use(
            other.order_id,
            other.uploaded_at,
            other.released_at,
            other.closed_at,
            "unknown" if mine is None else _compared(mine, other.recipient, profiles),
            past,
        )
        for other in reversed(life.linked)
        if other.order_id != order_id
    ]


def _compared(mine: LinkedOrder, other: Place | None, profiles: Profiles) -> str:
    """Another order's recipient against this one's, as its profile's rule on duplicates does."""
    different = differ(mine.recipient, other, profiles.at(mine.platform, mine.dated).differs_by)
    if different is None:
        return "unknown"
    return "different" if different else "same"


def _track(life: ParcelLife, following: Sequence[tuple[Mark, str]]) -> Track | None:
    steps = [record for record in life.records if record.status not in NOT_RECORDS]
    if not steps:
        return None
    exact, next_key = life.first_exact(), parcels.goes_on_as(steps, following)
    return Track(
        records=len(steps),
        first_at=steps[0].at,
        first_exact_at=None if exact is None else exact.at,
        first_status=STATUSES[steps[0].status],
        newest_at=steps[-1].at,
        newest_status=STATUSES[steps[-1].status],
        picked_up_at=_first(steps, frozenset((PICKED_UP,))),
        delivered_at=_first(steps, frozenset((_DELIVERED,))),
        sent_back_at=_first(steps, _SENT_BACK),
        handed_over_at=_first(steps, frozenset((_HANDED_OVER,))),
        goes_on_as=None if next_key is None else next_key.replace(":", " ", 1).strip(),
    )


def _first(steps: Sequence[Checkpoint], statuses: frozenset[int]) -> int | None:
    return next((record.at for record in steps if record.status in statuses), None)


def _standing(
    findings: Iterable[Finding], order_id: str, *, by_format: bool
) -> tuple[tuple[str, Finding], ...]:
    """What would stand against this order, the gravest first; a format is remarked on already."""
    kept = []
    for finding in findings:
        if order_id not in finding.order_ids or (by_format and finding.stage == "notice"):
            continue
        if finding.state in _STANDING or finding.breached_at is not None:
            grave = finding.severity == "critical" and finding.state in _STANDING
            # A clock that runs can still be kept; a check that holds has said its word.
            runs = finding.state == "open" and finding.comparator is not None
            kept.append((BLOCK if grave and not runs else WARN, finding))
    return tuple(sorted(kept, key=lambda one: (one[0] != BLOCK, one[1].rule, one[1].stage)))


def _about_uses(uses: Sequence[Use], rules: set[str]) -> Iterable[Remark]:
    current = [use for use in uses if not use.past]
    in_use = [use for use in current if use.released_at is None and use.closed_at is None]
    duplicate = "duplicate_tracking_number" in rules
    asked = [
        ("used_by_other", WARN, [] if duplicate else _of("different", in_use)),
        ("recipient_unknown", WARN, [] if duplicate else _of("unknown", in_use)),
        ("given_up", NOTE, [use for use in _of("different", current) if use not in in_use]),
        ("used_by_same", NOTE, _of("same", current)),
        ("former_life", NOTE, [use for use in uses if use.past]),
    ]
    for code, level, found in asked:
        if found:
            yield Remark(code, level, found[0].uploaded_at)


def _of(recipient: str, uses: Iterable[Use]) -> list[Use]:
    return [use for use in uses if use.recipient == recipient]


def _about_the_track(
    track: Track | None, facts: OrderFacts | None, rules: set[str]
) -> Iterable[Remark]:
    if track is None:
        return
    if track.delivered_at is not None:
        yield Remark("already_delivered", WARN, track.delivered_at)
    if track.sent_back_at is not None and "recalled" not in rules:
        yield Remark("sent_back", WARN, track.sent_back_at)
    if track.handed_over_at is not None:
        yield Remark("handed_over", WARN, track.handed_over_at, track.goes_on_as)
    base = None if facts is None or facts.paid_estimated else facts.base
    first = track.first_exact_at
    if base is not None and first is not None and first < base - TOLERANCE:
        if "tracked_before_paid" not in rules:
            yield Remark("tracked_before_paid", WARN, first)
    elif track.delivered_at is None and track.handed_over_at is None:
        yield Remark("track_runs", NOTE, track.first_at)


def _worst(remarks: Iterable[Remark], findings: Iterable[tuple[str, Finding]]) -> str:
    levels = {remark.level for remark in remarks} | {level for level, _ in findings}
    return BLOCK if BLOCK in levels else WARN if WARN in levels else OK
