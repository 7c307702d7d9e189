"""The states of orders and parcels: sets of facts, and what was last published of them.

They are stored as msgpack arrays (`state.codec`): fields are only appended, with a default.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from streams.facts.facts import (
    LinkedLife,
    OrderFacts,
    OrderVersion,
    Place,
)
from streams.state.contributions import Contribution


class Checkpoint(NamedTuple):
    """One checkpoint of a track, stored as an array of its fields; `at` (µs) and `digest` identify
    it.

    `node` and `spot` are 32-bit hashes: of status, location and description as sent, and of the
    location as sent. `place` is the location as `place_code` gives it, kept for the statuses that a
    rule asks it of, else 0. `recipient` is a place in `ParcelState.recipients`, counted from 1; 0:
    the message says nothing of one, or it names orders and `OrderLink` has it.
    """

    at: int
    digest: int
    status: int
    partition: int
    offset: int
    node: int
    spot: int
    place: int
    recipient: int


class Recipient(NamedTuple):
    """A recipient as a track says it: `place_code`, address key, beginning of the postal code."""

    place: int
    address_key: str | None
    postal_code: str | None = None


Mark = tuple[int, int]
"""What identifies a fact of a parcel: (its time in µs, digest)."""

Sent = tuple[int, int | None, tuple[int, ...], bool]
"""What an order was sent of one life: (uploaded, released, progress that matters, judged)."""


Advice = tuple[tuple[str, str], ...]
"""What else is worth knowing, in order: (a code of the catalogue's section `advice`, its value)."""

LONGEST_ADVICE = 64
"""Characters of an order or parcel that advice may name; with more it helps nobody, and a
placeholder's thousand findings would not fit into one record."""


class Finding(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One warning's content: everything that makes a new revision when it changes. Times in µs.

    `money` is (currency, least, most, most for one buyer and day or None) in minor units, where
    `exposure` is "compensation". `exemptions` names the rows of the profile that held the clock.
    `detail` is a word that says what a check saw, from a closed list of its rule. `comparator` says
    whether reaching a clock's limit breaches it ("ge") or only passing it ("gt"); a check has none.
    `advice` helps to put it right.
    """

    rule: str
    stage: str
    severity: str
    profile: str
    platform: str
    shop_id: str | None
    order_ids: tuple[str, ...]
    parcel: str | None
    anchor: int
    state: str
    opened_at: int
    deadline: int | None
    breached_at: int | None
    resolved_at: int | None
    limit: int | None = None
    lane: str | None = None
    exposure: str = "strike"
    money: tuple[str, int, int, int | None] | None = None
    exemptions: tuple[str, ...] = ()
    detail: str | None = None
    comparator: str | None = None
    advice: Advice = ()


Proof = tuple[tuple[str, int, int, str, int], ...]
"""The records that prove a finding: (topic, partition, offset, status, occurred_at)."""


class Published(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The newest revision of one warning, as it was published."""

    warning_id: str
    revision: int
    finding: Finding


class OrderLink(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A fact that names orders: an upload, a release, or a record with order ids.

    `recipient` is a place in `ParcelState.recipients`, counted from 1; 0: it says nothing of one.
    An `unknown` is kept here only for its recipient: it links nothing.
    """

    at: int
    digest: int
    status: int
    order_ids: tuple[str, ...]
    platform: str | None
    shop_id: str | None
    tie: str
    partition: int
    offset: int
    recipient: int = 0


class KnownOrder(msgspec.Struct, gc=False, array_like=True):
    """An order that this parcel's facts name: what it last said, and what it was last sent.

    `mark` stands for the order's versions where the parcel has read the facts off its state, 0: the
    order has said them.
    """

    order_id: str
    facts: OrderFacts | None = None
    last_sent: tuple[Sent, ...] | None = None
    mark: int = 0


class Claim(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A track that one life of this parcel claims as its own, as `TrackFacts` last said it.

    `since` is what the track answered: since when another recipient's parcel has the same one.
    """

    signature: bytes
    uploaded_at: int
    place: int
    address: int | None
    since: int | None = None


class Settling(NamedTuple):
    """A state has news since `since` (µs): what it changed is published at `until`."""

    since: int
    until: int


class ParcelState(msgspec.Struct, gc=False, array_like=True):
    """Everything known of one `carrier:NUMBER`; `records` and `named` are kept in order of time.

    `abnormal` is what each order was sent of the days on which findings make it abnormal.
    `shadow` is what shadow profiles would have published. `reading` names the assignment in whose
    backlog the number was last read; see `parcels.resend_all`. `settling` is there as long as news
    may wait to be published; see `judge.settling`.

    Few facts have more to say, and what they say stands here by their (`at`, `digest`): `voided`
    are facts taken back, which count for nothing whenever they come; `estimated` those whose time
    is a guess; `next` under which key the parcel goes on; `postal_codes` where records were made.
    """

    key: str
    records: list[Checkpoint] = []
    named: list[OrderLink] = []
    orders: list[KnownOrder] = []
    published: list[Published] = []
    newest: int = 0
    touched: int = 0
    judged: int = 0
    due: int = 0
    recipients: list[Recipient] = []
    claims: list[Claim] = []
    shadow: list[Published] = []
    abnormal: list[tuple[str, tuple[int, ...]]] = []
    reading: int = 0
    voided: list[Mark] = []
    estimated: list[Mark] = []
    next: list[tuple[Mark, str]] = []
    postal_codes: list[tuple[Mark, str]] = []
    settling: Settling | None = None


class LinkedParcel(msgspec.Struct, gc=False, array_like=True):
    """A parcel that names this order: what it last said, and what it was sent: of how many
    versions, and which of the order's parcels are `moving`."""

    key: str
    lives: tuple[LinkedLife, ...]
    sent_versions: int = 0
    sent_moving: tuple[str, ...] = ()


class OrderState(msgspec.Struct, gc=False, array_like=True):
    """Everything known of one order id; `versions` are kept by (`updated_at`, canonical JSON).

    `abnormal` is what each parcel said of the days on which its findings make the order abnormal,
    `contributions` what was sent of it to the days of its shop (of its shops, where it moved).
    `shadow` is what shadow profiles would have published, `settling` as in `ParcelState`.
    """

    order_id: str
    versions: list[OrderVersion] = []
    parcels: list[LinkedParcel] = []
    published: list[Published] = []
    newest: int = 0
    touched: int = 0
    judged: int = 0
    due: int = 0
    shadow: list[Published] = []
    abnormal: list[tuple[str, tuple[int, ...]]] = []
    contributions: list[Contribution] = []
    settling: Settling | None = None


def place_code(place: Place | None) -> int:
    """A place as one number: the province's two digits, then the city's four; zeros: unknown."""
    if place is None:
        return 0
    return int(place.province or 0) * 10_000 + int(place.city or 0)


def province_in(code: int) -> int | None:
    """The province of a `place_code`, None where it is unknown."""
    return code // 10_000 or None


def city_in(code: int) -> int | None:
    """The city of a `place_code`, None where it is unknown."""
    return code % 10_000 or None
