"""`shipment-warnings`: the newest revision of each warning, an upsert by `warning_id`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.fields import AwareTime, Message


class Words(Message):
    """One text in Chinese and in English."""

    zh: str
    en: str


class Exposure(Message):
    """What the platform may impose: a `compensation`, or a `strike`, which has no sum.

    A compensation costs from `least`, what the mildest tier asks, to `most`, both in minor units of
    `currency` and summed over the orders of the warning. All are null where the profile names a sum
    but what was paid is not known, or in another currency. `cap_per_buyer_day` is the most that all
    warnings about one buyer, shop and day of payment cost together, null without such a cap.
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    currency: str | None = None
    least: Annotated[int, Field(ge=0)] | None = None
    most: Annotated[int, Field(ge=0)] | None = None
    cap_per_buyer_day: Annotated[int, Field(ge=0)] | None = None


class EvidenceRecord(Message):
    """A record the warning rests on, and where it can be read again."""

    topic: str
    partition: int
    offset: int
    status: str | None = None
    occurred_at: AwareTime | None = None


class Threshold(Message):
    """The limit in microseconds; `ge`: reaching it breaches, `gt`: passing it, null: a check."""

    limit_us: Annotated[int, Field(ge=0)]
    comparator: Literal["gt", "ge"] | None = None


class Piece(Message):
    """A piece of advice, which helps to put it right: a word that stays, and a value if any."""

    code: str
    value: str | None = None


class Evidence(Message):
    """What the warning rests on.

    `limit_hours` is the threshold for readers. `detail` is a word for what a check saw,
    `exemptions` are the ids of the profile's rows that held the clock. `advice` also stands in
    words at the end of the remedy.
    """

    model_config = ConfigDict(extra="allow")

    started_at: AwareTime | None = None
    limit_hours: float | None = None
    threshold: Threshold | None = None
    lane: str | None = None
    detail: str | None = None
    exemptions: tuple[str, ...] = ()
    advice: tuple[Piece, ...] = ()
    records: tuple[EvidenceRecord, ...] = ()


class ShipmentWarning(Message):
    """One revision of a warning; of one `warning_id` the greatest `revision` counts.

    `deadline` is null for a check that sets no time to put things right; `breached_at` says that
    the deadline passed with its condition unmet, also when the warning was resolved later.
    """

    schema_version: Literal[1] = 1
    warning_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    revision: Annotated[int, Field(ge=0)]
    state: Literal["open", "breached", "resolved", "withdrawn"]
    rule: str
    stage: Literal["violation", "serious", "notice"]
    severity: Literal["critical", "warning", "info"]
    profile: str
    platform: str
    shop_id: str | None = None
    order_ids: tuple[str, ...]
    carrier: str | None = None
    tracking_number: str | None = None
    opened_at: AwareTime
    deadline: AwareTime | None = None
    breached_at: AwareTime | None = None
    resolved_at: AwareTime | None = None
    detected_at: AwareTime
    exposure: Exposure | None = None
    message: Words
    remedy: Words | None = None
    evidence: Evidence | None = None
    feed: Literal["ok", "silent"] | None = None
