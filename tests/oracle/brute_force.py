"""A slow, literal evaluation of the contract's *Exact semantics*: what warnings hold at one time.

Written from the contract's text alone, so that it can disagree with the product: nothing here is
imported from the code under test.  One function per sentence, named for it; no state, no
increments, quadratic loops.  Times are aware `datetime` in UTC (microsecond precision, as the ids).

Where the text leaves room, the reading taken is a comment that starts with ``Reading``; readings
that can be flipped live in `READING`, so that a test can ask whether a history depends on one.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW = 30 * DAY
RETENTION = WINDOW + 5 * DAY
TOLERANCE = timedelta(minutes=5)
AHEAD = 24 * HOUR
FIRST_PLAUSIBLE = datetime(2015, 1, 1, tzinfo=UTC)  # Reading: midnight UTC.

READING = SimpleNamespace(
    # Canonical JSON: an absent field is written as null (True) or both are dropped (False).
    # The order differs only where an object field (recipient, location) is null in one of a tie.
    nulls_written=True,
    # Canonical JSON writes Chinese as it is (False) or as \\uXXXX escapes (True).
    escaped=False,
    # A fact ahead of T "counts from its arrival on, whatever its own time", and the paragraph on
    # checks does not name T (that on clocks does): so a check opens at once although h > T, and is
    # resolved at once although e > T, as the `e` of a clock.  True: no warning while T < h; open
    # while T < e.
    check_waits_for_h=False,
    check_waits_for_e=False,
)

RULES = frozenset(
    {
        "ship_overdue",
        "pickup_overdue",
        "inactive_after_pickup",
        "transit_stalled",
        "duplicate_tracking_number",
        "malformed_tracking_number",
        "address_mismatch",
        "tracked_before_paid",
        "repeated_track",
        "cloned_track",
        "recalled",
        "reshipped_while_late",
    }
)
SLICE = frozenset(
    {"ship_overdue", "pickup_overdue", "inactive_after_pickup", "duplicate_tracking_number"}
)

STATUSES = frozenset(
    {
        "ordered",
        "picked_up",
        "hub",
        "in_transit",
        "arrived_dest_city",
        "out_for_delivery",
        "ready_for_pickup",
        "delivered",
        "attempt_failed",
        "exception",
        "returning",
        "returned",
        "cancelled",
        "customs",
        "unknown",
    }
)
PROGRESS = frozenset(
    {
        "picked_up",
        "hub",
        "in_transit",
        "arrived_dest_city",
        "out_for_delivery",
        "ready_for_pickup",
        "delivered",
        "attempt_failed",
        "customs",
    }
)
HUB_OR_LATER = frozenset(
    {
        "hub",
        "arrived_dest_city",
        "out_for_delivery",
        "ready_for_pickup",
        "delivered",
        "attempt_failed",
    }
)
TERMINAL = frozenset({"arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered"})
CHAIN_ENDS = frozenset({"out_for_delivery", "ready_for_pickup", "delivered"})
REPEATABLE = frozenset({"picked_up", "hub", "in_transit", "arrived_dest_city"})


# ---------------------------------------------------------------------------------- profiles


@dataclass(frozen=True)
class Tier:
    """One limit and how it is breached: `gt` at more than it, `ge` at it already."""

    hours: int
    how: str = "gt"


@dataclass(frozen=True)
class Profile:
    """The table *Rules*, one column."""

    name: str
    platform: str
    effective_from: datetime
    pickup: dict[str, Tier]
    inactive: dict[str, Tier]
    inactive_ended_by_hub: bool  # Douyin: a hub record or later; else any record after the pickup
    stalled: dict[str, dict[str, Tier]]  # stage -> lane -> limit
    chain_from_hub: bool
    remote: frozenset[str]
    excluded: frozenset[str]
    duplicate_by: str  # "address" or "person"
    paid_first_payment: bool  # tracked_before_paid always takes `paid_at`
    paid_pickup_only: bool  # tracked_before_paid looks at the first `picked_up` only
    off: frozenset[str] = frozenset()


def _lanes(near: int, cross: int, remote: int, how: str = "gt") -> dict[str, Tier]:
    return {"near": Tier(near, how), "cross": Tier(cross, how), "remote": Tier(remote, how)}


NEAR_GROUPS = (frozenset({"31", "32", "33", "34"}), frozenset({"11", "12", "13"}))
_CHINA_MIDNIGHT = timedelta(hours=8)

PROFILES: dict[str, list[Profile]] = {
    "douyin": [
        Profile(
            name="douyin-2026-07-09",
            platform="douyin",
            effective_from=datetime(2026, 7, 9, tzinfo=UTC) - _CHINA_MIDNIGHT,
            pickup={"violation": Tier(24), "serious": Tier(48)},
            inactive={"violation": Tier(24), "serious": Tier(48)},
            inactive_ended_by_hub=True,
            stalled={"violation": _lanes(48, 72, 120)},
            chain_from_hub=True,
            remote=frozenset({"65", "54", "15", "63", "64", "53", "62", "46"}),
            excluded=frozenset(),
            duplicate_by="address",
            paid_first_payment=False,
            paid_pickup_only=False,
        )
    ],
    "tmall": [
        Profile(
            name="tmall-2026-04-09",
            platform="tmall",
            effective_from=datetime(2026, 4, 9, tzinfo=UTC) - _CHINA_MIDNIGHT,
            pickup={"violation": Tier(24)},
            inactive={"violation": Tier(24), "serious": Tier(72, "ge")},
            inactive_ended_by_hub=False,
            stalled={"violation": _lanes(48, 72, 120), "serious": _lanes(96, 120, 168, "ge")},
            chain_from_hub=False,
            remote=frozenset({"65", "54", "15", "62", "63", "64"}),
            excluded=frozenset({"71", "81", "82"}),
            duplicate_by="address",
            paid_first_payment=True,
            paid_pickup_only=True,
            off=frozenset({"reshipped_while_late"}),
        )
    ],
    "brief": [
        Profile(
            name="brief-2023",
            platform="brief",
            effective_from=datetime(2023, 1, 1, tzinfo=UTC) - _CHINA_MIDNIGHT,
            pickup={},
            inactive={"violation": Tier(24)},
            inactive_ended_by_hub=False,
            stalled={"violation": _lanes(48, 72, 120)},
            chain_from_hub=False,
            remote=frozenset({"65", "54", "15", "63", "64", "53", "62", "46"}),
            excluded=frozenset(),
            duplicate_by="person",
            paid_first_payment=True,
            paid_pickup_only=True,
            off=frozenset({"pickup_overdue", "cloned_track", "recalled", "reshipped_while_late"}),
        )
    ],
}


def profile_of(platform: str | None, at: datetime) -> Profile:
    """By platform and `paid_at`: the newest in force then, before the first one the first;
    unknown platform: `douyin`."""
    # Reading: a platform's name is compared as sent (no trimming, no case folding).
    dated = PROFILES.get(platform or "", PROFILES["douyin"])
    in_force = [p for p in dated if p.effective_from <= at]
    return max(in_force, key=lambda p: p.effective_from) if in_force else dated[0]


# ------------------------------------------------------------------------------------ places

# The few places the histories and the example use: GB/T 2260 prefix -> names.
_PROVINCES = {
    "11": "北京市 北京", "31": "上海市 上海", "13": "河北省 河北", "15": "内蒙古自治区 内蒙古 内蒙",
    "32": "江苏省 江苏", "33": "浙江省 浙江", "34": "安徽省 安徽", "35": "福建省 福建",
    "37": "山东省 山东", "42": "湖北省 湖北", "44": "广东省 广东", "46": "海南省 海南",
    "51": "四川省 四川", "53": "云南省 云南", "62": "甘肃省 甘肃",
    "65": "新疆维吾尔自治区 新疆", "81": "香港特别行政区 香港",
}  # fmt: skip
_CITIES = {
    "1101": "北京市 北京", "3101": "上海市 上海", "1310": "廊坊市 廊坊",
    "1501": "呼和浩特市 呼和浩特",
    "3205": "苏州市 苏州", "3301": "杭州市 杭州", "3401": "合肥市 合肥", "3502": "厦门市 厦门",
    "3702": "青岛市 青岛", "4201": "武汉市 武汉", "4401": "广州市 广州", "4403": "深圳市 深圳",
    "4601": "海口市 海口", "5101": "成都市 成都", "5301": "昆明市 昆明", "6201": "兰州市 兰州",
    "6501": "乌鲁木齐市 乌鲁木齐",
}  # fmt: skip
_PROVINCE_BY_NAME = {name: code for code, names in _PROVINCES.items() for name in names.split()}
_CITY_BY_NAME = {name: code for code, names in _CITIES.items() for name in names.split()}


def _valid_region(code: str | None) -> bool:
    # Reading: valid = six digits whose first two and first four this table knows.
    return (
        code is not None
        and len(code) == 6
        and code.isascii()
        and code.isdigit()
        and code[:2] in _PROVINCES
        and code[:4] in _CITIES
    )


def province_of(place: dict[str, Any] | None) -> str | None:
    """The first two digits of a valid `region_code`, else the name through the alias table."""
    place = place or {}
    if _valid_region(place.get("region_code")):
        return str(place["region_code"])[:2]
    return _PROVINCE_BY_NAME.get(place.get("province") or "")


def city_of(place: dict[str, Any] | None) -> str | None:
    """The first four digits of a valid `region_code`, else the name through the alias table."""
    place = place or {}
    if _valid_region(place.get("region_code")):
        return str(place["region_code"])[:4]
    return _CITY_BY_NAME.get(place.get("city") or "")


def normal_number(number: str) -> str:
    """Unicode NFKC, trimmed, all white space removed, upper-case; hyphens stay."""
    return "".join(unicodedata.normalize("NFKC", str(number)).split()).upper()


def normal_carrier(carrier: str) -> str:
    """Trimmed, lower-case."""
    return carrier.strip().lower()


# ------------------------------------------------------------------------ what is no message

_NAMES = {"str": (str,), "id": (str, int), "int": (int,), "list": (list,), "object": (dict,)}
_PLACE = {"province": "str", "city": "str", "district": "str", "region_code": "str"}
_KEYS = {"address_key": "str", "person_key": "str"}
_SHAPES: dict[str, dict[str, Any]] = {
    "order": {
        "schema_version": "int", "order_id": "id", "shop_id": "id", "platform": "str",
        "paid_at": "time", "updated_at": "time", "final_paid_at": "time",
        "promised_ship_by": "promise", "amount_paid": "int", "currency": "str",
        "delivery_method": {"express", "self_delivery", "self_pickup", "virtual"},
        "presale": {"none", "full", "deposit"},
        "recipient": {**_PLACE, **_KEYS},
        "ship_from": {"province": "str", "city": "str"},
        "items": [{"product_id": "id", "sku_id": "id", "quantity": "int"}],
        "state": {"paid", "closed"}, "closed_reason": "str",
    },
    "tracking": {
        "schema_version": "int", "carrier": "str", "tracking_number": "id", "status": set(STATUSES),
        "occurred_at": "time", "order_ids": ["id"], "shop_id": "id", "platform": "str",
        "location": {**_PLACE, "site": "str"}, "description": "str", "raw_status": "str",
        "source": "str",
        "recipient": {"province": "str", "city": "str", **_KEYS},
    },
}  # fmt: skip
_REQUIRED = {
    "order": ("order_id", "shop_id", "platform", "paid_at"),
    "tracking": ("carrier", "tracking_number", "status", "occurred_at"),
}


def read_time(text: Any) -> datetime:
    """An aware UTC time; ValueError("naive_time" or "wrong_type") otherwise."""
    if not isinstance(text, str):
        raise ValueError("wrong_type")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("wrong_type") from None
    if at.tzinfo is None:
        raise ValueError("naive_time")
    return at.astimezone(UTC)


def why_no_time(at: datetime, arrival: datetime, may_lie_ahead: bool = False) -> str | None:
    """Before 2015-01-01 is no time; nor more than 24 h after arrival."""
    if at < FIRST_PLAUSIBLE:
        return "implausible_time"
    if at > arrival + AHEAD and not may_lie_ahead:
        return "time_in_future"
    return None


def _judge_value(shape: Any, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(shape, set):
        if not isinstance(value, str):
            return "wrong_type"
        return None if value in shape else "unknown_value"
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return "wrong_type"
        return next((r for k, s in shape.items() if (r := _judge_value(s, value.get(k)))), None)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return "wrong_type"
        if any(v is None for v in value):
            return "wrong_type"
        return next((r for v in value if (r := _judge_value(shape[0], v))), None)
    if shape in ("time", "promise"):
        try:
            read_time(value)
        except ValueError as error:
            return str(error)
        return None
    ok = isinstance(value, _NAMES[shape]) and not isinstance(value, bool)
    return None if ok else "wrong_type"


def judge_message(kind: str, value: Any, arrival: datetime) -> str | None:
    """Why this `order` or `tracking` value is a dead letter, or None where it is a message.

    Reading: an optional field of a wrong type, or a naive optional time, is a dead letter too.
    """
    if not isinstance(value, dict):
        return "not_an_object"
    for name in _REQUIRED[kind]:
        if value.get(name) is None:
            return "missing_field"
    for name, shape in _SHAPES[kind].items():
        if reason := _judge_value(shape, value.get(name)):
            return reason
    required_time = "paid_at" if kind == "order" else "occurred_at"
    return why_no_time(read_time(value[required_time]), arrival)


def _arrival_of(kind: str, value: Any, given: datetime | str | None) -> datetime | None:
    """`received_at`, else `occurred_at` / `updated_at` (whose default is `paid_at`)."""
    names = ["received_at"]
    names += ["updated_at", "paid_at"] if kind == "order" else ["occurred_at"]
    found: Any = given
    if found is None and isinstance(value, dict):
        found = next((value[n] for n in names if value.get(n) is not None), None)
    if isinstance(found, datetime):
        return found.astimezone(UTC)
    try:
        return read_time(found)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------- facts


def canonical(fields: dict[str, Any]) -> str:
    """Sorted keys, no blanks, as sent; absent equals null."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            if READING.nulls_written:
                return {k: plain(v) for k, v in value.items()}
            return {k: plain(v) for k, v in value.items() if v is not None}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return json.dumps(
        plain(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=READING.escaped
    )


def _known_fields(shape: Any, value: Any) -> Any:
    """`value` with exactly the page's fields (absent → null), ids as strings."""
    if value is None:
        return None
    if isinstance(shape, dict):
        return {name: _known_fields(sub, value.get(name)) for name, sub in shape.items()}
    if isinstance(shape, list):
        return [_known_fields(shape[0], v) for v in value]
    return str(value) if shape == "id" else value


@dataclass(frozen=True)
class Fact:
    """One tracking message: an upload, a release, a record of the track, or none of them."""

    carrier: str
    number: str
    at: datetime
    status: str
    order_ids: frozenset[str]
    description: str | None
    location: dict[str, Any] | None
    recipient: dict[str, Any] | None
    platform: str | None
    shop_id: str | None
    canon: str  # identity within the number, and the order of ties

    @property
    def is_upload(self) -> bool:
        """`ordered` with `order_ids`."""
        return self.status == "ordered" and bool(self.order_ids)

    @property
    def is_release(self) -> bool:
        """`cancelled` with `order_ids`."""
        return self.status == "cancelled" and bool(self.order_ids)

    @property
    def is_record(self) -> bool:
        """Neither an upload nor a release, nor any other `ordered` or `unknown`."""
        return self.status not in ("ordered", "unknown") and not self.is_release

    @property
    def is_progress(self) -> bool:
        """A record of the list *Progress*."""
        return self.status in PROGRESS


def read_fact(value: dict[str, Any]) -> Fact:
    """The fact of a tracking message that `judge_message` let pass."""
    sent = _known_fields(_SHAPES["tracking"], value)
    at = read_time(value["occurred_at"])
    orders = frozenset(sent["order_ids"] or ())
    # Reading: number, carrier and time are compared as what they mean, not as spelled ("the same
    # fact when carrier, number, occurred_at … are equal"); the rest as sent, order_ids as a set,
    # an empty one as null.
    identity = {
        "carrier": normal_carrier(sent["carrier"]),
        "tracking_number": normal_number(sent["tracking_number"]),
        "occurred_at": at.isoformat(),
        "order_ids": sorted(orders) or None,
        **{n: sent[n] for n in ("status", "raw_status", "description", "location", "recipient")},
    }
    return Fact(
        carrier=identity["carrier"],
        number=identity["tracking_number"],
        at=at,
        status=sent["status"],
        order_ids=orders,
        description=sent["description"],
        location=sent["location"],
        recipient=sent["recipient"],
        platform=sent["platform"],
        shop_id=sent["shop_id"],
        canon=canonical(identity),
    )


@dataclass(frozen=True)
class Version:
    """One version of one order."""

    order_id: str
    at: datetime  # updated_at
    closed: bool
    canon: str
    platform: str | None = None
    shop_id: str | None = None
    paid_at: datetime | None = None
    final_paid_at: datetime | None = None
    promised_ship_by: datetime | None = None
    delivery_method: str = "express"
    presale: str = "none"
    recipient: dict[str, Any] | None = None
    ship_from: dict[str, Any] | None = None
    is_tombstone: bool = False


def read_version(value: dict[str, Any], arrival: datetime) -> Version:
    """The version of an order message that `judge_message` let pass."""
    sent = _known_fields(_SHAPES["order"], value)

    def optional_time(name: str, may_lie_ahead: bool = False) -> datetime | None:
        if sent[name] is None:
            return None
        at = read_time(sent[name])
        return None if why_no_time(at, arrival, may_lie_ahead) else at

    paid_at = read_time(sent["paid_at"])
    return Version(
        order_id=sent["order_id"],
        at=optional_time("updated_at") or paid_at,
        closed=sent["state"] == "closed",
        # Reading: times as sent, no defaults filled in ("as sent; absent equals null").
        canon=canonical(sent),
        platform=sent["platform"],
        shop_id=sent["shop_id"],
        paid_at=paid_at,
        final_paid_at=optional_time("final_paid_at"),
        promised_ship_by=optional_time("promised_ship_by", may_lie_ahead=True),
        delivery_method=sent["delivery_method"] or "express",
        presale=sent["presale"] or "none",
        recipient=sent["recipient"],
        ship_from=sent["ship_from"],
    )


def _tombstone(order_id: str, at: datetime) -> Version:
    canon = canonical({**_known_fields(_SHAPES["order"], {}), "order_id": order_id})
    return Version(order_id, at, closed=True, canon=canon, is_tombstone=True)


def _read_all(
    kind: str,
    values: Iterable[Any],
    until: datetime,
    arrivals: list[datetime] | None,
    read: Callable[[Any, datetime], Any],
) -> list[tuple[datetime, Any]]:
    """What counts at `until`: arrived by then and no dead letter; with its arrival."""
    kept = []
    for index, value in enumerate(values):
        arrival = _arrival_of(kind, value, arrivals[index] if arrivals else None)
        if arrival is None:
            continue  # no readable time at all: a dead letter whenever it came
        if arrival <= until and judge_message(kind, value, arrival) is None:
            kept.append((arrival, read(value, arrival)))
    return kept


def _drop_late(
    arrived: list[tuple[datetime, Any]], key: Callable[[Any], Any]
) -> dict[Any, list[Any]]:
    """More than the retention older, on arrival, than the newest of its key: changes nothing.

    Reading: the key of an order version is its order id, its own time `updated_at`.
    """
    newest: dict[Any, datetime] = {}
    kept: dict[Any, list[Any]] = defaultdict(list)
    for _, fact in sorted(arrived, key=lambda pair: pair[0]):
        k = key(fact)
        if k in newest and newest[k] - fact.at > RETENTION:
            continue
        newest[k] = max(newest.get(k, fact.at), fact.at)
        kept[k].append(fact)
    return kept


# ------------------------------------------------------------------------------------ orders


@dataclass
class Order:
    """An order as known at T, from all its versions."""

    order_id: str
    versions: list[Version]  # by updated_at, ties by canonical JSON

    @cached_property
    def known(self) -> Version:
        """The version with the greatest `updated_at` (ties: the greater canonical JSON).

        Reading: a tombstone closes the order and says nothing else, so all but the closing is
        taken from the newest version that is not one.
        """
        full = [v for v in self.versions if not v.is_tombstone]
        return (full or self.versions)[-1]

    @property
    def is_known(self) -> bool:
        """Some version with content has arrived."""
        return not self.known.is_tombstone

    @cached_property
    def closed_since(self) -> datetime | None:
        """The `updated_at` of the first version of the last unbroken run of closed ones."""
        since = None
        for version in self.versions:
            if not version.closed:
                since = None
            elif since is None:
                since = version.at
        return since

    @property
    def is_judged(self) -> bool:
        """An order that is not `express` is not judged."""
        return self.known.delivery_method == "express"

    @property
    def base(self) -> datetime | None:
        """`paid_at`; of a deposit presale `final_paid_at`, None until that is known."""
        if self.known.presale == "deposit":
            return self.known.final_paid_at
        return self.known.paid_at

    @property
    def promise(self) -> datetime | None:
        """`promised_ship_by`, default base + 48 h; None while the base is unknown."""
        if self.base is None:
            return None
        return self.known.promised_ship_by or self.base + 48 * HOUR

    def recipient_for(self, upload: datetime) -> dict[str, Any] | None:
        """Of the version with the greatest `updated_at` ≤ the upload, else of the earliest."""
        full = [v for v in self.versions if not v.is_tombstone]
        if not full:
            return None
        return ([v for v in full if v.at <= upload] or full[:1])[-1].recipient


# -------------------------------------------------------------------------- lives and links


@dataclass(frozen=True)
class Link:
    """The last stretch in which a number belonged to an order."""

    order_id: str
    t: datetime
    released: datetime | None
    platform: str | None  # of the earliest fact of the life that links the order
    shop_id: str | None


def lives(facts: list[Fact]) -> list[list[Fact]]:
    """Neighbouring facts more than the window apart: a new life begins, whatever they say."""
    # Reading: the same fact received with different platform or shop counts once, with the
    # smallest of them (they are no part of its identity, and arrival must not decide).
    ordered = sorted(
        facts,
        key=lambda f: (f.at, f.canon, f.platform is None, f.platform or "", f.shop_id or ""),
    )
    result: list[list[Fact]] = []
    for fact in ordered:
        if not result or fact.at - result[-1][-1].at > WINDOW:
            result.append([fact])
        elif fact.canon != result[-1][-1].canon:
            result[-1].append(fact)
    return result


def last_stretch(
    uploads: list[datetime], releases: list[datetime]
) -> tuple[datetime, datetime | None] | None:
    """A repeated upload keeps the earliest; a release at t ends links uploaded at or before t;
    a later upload links anew; only the last stretch counts."""
    start: datetime | None = None
    end: datetime | None = None
    # Uploads before releases of the same time: a release ends what was uploaded *at* its time.
    # Reading: an upload at the very time of the release that ends an older link belongs to that
    # link (it repeats it) and does not begin a stretch of no length.
    events = sorted([(t, 0) for t in uploads] + [(t, 1) for t in releases])
    for at, kind in events:
        if kind == 0 and (start is None or end is not None):
            start, end = at, None
        elif kind == 1 and start is not None and end is None:
            end = at
    return None if start is None else (start, end)


def links_of(life: list[Fact]) -> dict[str, Link]:
    """Every order that this life links, now or before, with its last stretch."""
    uploads: dict[str, list[Fact]] = defaultdict(list)
    releases: dict[str, list[Fact]] = defaultdict(list)
    named: dict[str, list[Fact]] = defaultdict(list)
    for fact in life:
        if fact.is_upload:
            target = uploads
        elif fact.is_release:
            target = releases
        elif fact.is_record:
            target = named
        else:
            continue  # `unknown` with order_ids is no record and links nothing
        for order_id in fact.order_ids:
            target[order_id].append(fact)

    links = {}
    for order_id in {*uploads, *named}:
        if order_id in uploads:
            stretch = last_stretch(
                [f.at for f in uploads[order_id]], [f.at for f in releases[order_id]]
            )
            first = uploads[order_id][0]
        elif order_id in releases:
            continue  # a release names it, so records do not link it
        else:
            first = named[order_id][0]
            stretch = (first.at, None)
        assert stretch is not None
        links[order_id] = Link(order_id, *stretch, first.platform, first.shop_id)
    return links


@dataclass
class Member:
    """One of the parcel's orders: its upload *t* and its end."""

    link: Link
    order: Order | None
    profile: Profile

    @property
    def order_id(self) -> str:
        return self.link.order_id

    @property
    def t(self) -> datetime:
        return self.link.t

    @property
    def closed_since(self) -> datetime | None:
        return self.order.closed_since if self.order else None

    @property
    def end(self) -> datetime | None:
        """The earlier of release and closing, or none."""
        return earliest(self.link.released, self.closed_since)

    @property
    def recipient(self) -> dict[str, Any] | None:
        """Recipient of the order for this parcel; unknown for an order not known."""
        return self.order.recipient_for(self.t) if self.order else None

    @property
    def is_known(self) -> bool:
        return self.order is not None and self.order.is_known

    @property
    def base(self) -> datetime | None:
        return self.order.base if self.order is not None and self.order.is_known else None


def earliest(*times: datetime | None) -> datetime | None:
    """The earliest of the times that there are."""
    return min((t for t in times if t is not None), default=None)


@dataclass
class Life:
    """One life of one number, judged by itself: a parcel."""

    carrier: str
    number: str
    facts: list[Fact]
    linked: dict[str, Member] = field(default_factory=dict)  # judged orders, linked now or before

    @property
    def subject(self) -> str:
        return f"parcel:{self.carrier}:{self.number}"

    @cached_property
    def records(self) -> list[Fact]:
        return [f for f in self.facts if f.is_record]

    @cached_property
    def members(self) -> list[Member]:
        """Those linked now; where none is any more, those whose link was released last."""
        now = [m for m in self.linked.values() if m.link.released is None]
        if not now and self.linked:
            last = max(m.link.released for m in self.linked.values() if m.link.released)
            now = [m for m in self.linked.values() if m.link.released == last]
        return sorted(now, key=lambda m: m.order_id)

    @property
    def lead(self) -> Member:
        """The order with the earliest t (ties: order id)."""
        return min(self.members, key=lambda m: (m.t, m.order_id))

    @property
    def t(self) -> datetime:
        """A parcel's upload: the earliest."""
        return self.lead.t

    @property
    def order_ids(self) -> list[str]:
        return [m.order_id for m in self.members]

    @cached_property
    def end(self) -> datetime | None:
        """The latest of the ends, none while one is missing."""
        ends = [m.end for m in self.members]
        return None if None in ends else max(e for e in ends if e is not None)

    @cached_property
    def stop(self) -> datetime | None:
        """Earliest of records delivered, returning, returned, the carrier's cancelled; the end."""
        stops = ("delivered", "returning", "returned", "cancelled")
        return earliest(self.first(lambda f: f.status in stops), self.end)

    def first(self, want: Callable[[Fact], bool]) -> datetime | None:
        """Time of the first record that is wanted."""
        return earliest(*(f.at for f in self.records if want(f)))


@dataclass
class World:
    """Everything received by T, and T."""

    until: datetime
    orders: dict[str, Order]
    parcels: list[Life]

    def linked_now(self, order_id: str) -> list[Life]:
        """The parcels to which the order is linked now."""
        return [
            p
            for p in self.parcels
            if order_id in p.linked and p.linked[order_id].link.released is None
        ]


def member_of(link: Link, orders: dict[str, Order]) -> Member | None:
    """The link with its order and its profile; None where the order is not judged.

    An order not known yet counts as express, open, recipient and payment unknown, of the platform
    on the earliest fact of this number's life that links it; its profile goes by its upload.
    """
    order = orders.get(link.order_id)
    if order is not None and order.is_known:
        if not order.is_judged:
            return None
        assert order.known.paid_at is not None
        return Member(link, order, profile_of(order.known.platform, order.known.paid_at))
    return Member(link, order, profile_of(link.platform, link.t))


def build_world(
    orders: list[Any],
    tracking: list[Any],
    until: datetime,
    order_arrivals: list[datetime] | None = None,
    tracking_arrivals: list[datetime] | None = None,
    tombstones: Iterable[tuple[str, datetime, datetime]] = (),
) -> World:
    """Read the messages that count at `until`; see `evaluate` for the arguments."""
    versions = _read_all("order", orders, until, order_arrivals, read_version)
    versions += [(seen, _tombstone(oid, at)) for oid, at, seen in tombstones if seen <= until]
    facts = _read_all("tracking", tracking, until, tracking_arrivals, lambda v, _: read_fact(v))
    known = {
        order_id: Order(order_id, sorted(found, key=lambda v: (v.at, v.canon)))
        for order_id, found in _drop_late(versions, lambda v: v.order_id).items()
    }
    parcels = []
    for (carrier, number), found in sorted(
        _drop_late(facts, lambda f: (f.carrier, f.number)).items()
    ):
        for life in lives(found):
            members = [member_of(link, known) for link in links_of(life).values()]
            linked = {m.order_id: m for m in members if m is not None}
            parcels.append(Life(carrier, number, life, linked))
    return World(until, known, parcels)


# ----------------------------------------------------------------------- clocks, checks, ids


def instant(at: datetime) -> str:
    """As an anchor writes it: `2026-11-20T10:00:00.000000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def warning_id(rule: str, stage: str, platform: str, subject: str, anchor: datetime) -> str:
    """First 32 hex digits of SHA-256 of `rule|stage|platform|subject|anchor`."""
    text = f"{rule}|{stage}|{platform}|{subject}|{instant(anchor)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Course:
    """How a warning stands: the times of its life and its state."""

    state: str
    opened_at: datetime
    deadline: datetime | None
    breached_at: datetime | None
    resolved_at: datetime | None


def too_late(at: datetime, deadline: datetime, how: str) -> bool:
    """`gt`: more than the limit; `ge`: the limit already."""
    return at > deadline if how == "gt" else at >= deadline


def lead_of(limit: timedelta) -> timedelta:
    """min(⌊L/4⌋, 12 h) in whole microseconds."""
    return min(limit // 4, 12 * HOUR)


def clock(
    s: datetime, limit: timedelta, e: datetime | None, until: datetime, how: str = "gt"
) -> Course | None:
    """A clock with start, limit, lead, end, deadline."""
    d = s + limit
    opened = d - lead_of(limit)
    if (e is not None and e <= opened) or until < opened:
        return None
    return _course(opened, d, e, until, how)


def serious_clock(
    s: datetime,
    limit: timedelta,
    how: str,
    e: datetime | None,
    until: datetime,
    violation: Course | None,
) -> Course | None:
    """It exists from the moment at which `violation` breached, unless e ≤ that moment."""
    if violation is None or violation.breached_at is None:
        return None
    moment = violation.breached_at
    if e is not None and e <= moment:
        return None
    # Reading: where an end ahead of T already says that `violation` will have been breached at
    # d > T, `serious` does not exist before d; at T = d it does.
    if until < moment:
        return None
    return _course(moment, s + limit, e, until, how)


def _course(opened: datetime, d: datetime, e: datetime | None, until: datetime, how: str) -> Course:
    if e is not None:
        return Course("resolved", opened, d, d if too_late(e, d, how) else None, e)
    if too_late(until, d, how):
        return Course("breached", opened, d, d, None)
    return Course("open", opened, d, None, None)


def check(h: datetime, e: datetime | None, until: datetime) -> Course | None:
    """A check holds from h until e; no warning when e ≤ h."""
    if e is not None and e <= h:
        return None
    if READING.check_waits_for_h and until < h:
        return None
    if READING.check_waits_for_e and e is not None and until < e:
        e = None
    return Course("open" if e is None else "resolved", h, None, None, e)


def different_by_address(a: dict[str, Any] | None, b: dict[str, Any] | None) -> bool:
    """Both `address_key` known → unequal; else a province or city known on both sides, unequal."""
    a, b = a or {}, b or {}
    keys = (a.get("address_key"), b.get("address_key"))
    if None not in keys:
        return keys[0] != keys[1]
    return _known_and_unequal(province_of(a), province_of(b)) or _known_and_unequal(
        city_of(a), city_of(b)
    )


def different_by_person(a: dict[str, Any] | None, b: dict[str, Any] | None) -> bool:
    """Both `person_key` known and unequal."""
    return _known_and_unequal((a or {}).get("person_key"), (b or {}).get("person_key"))


def _known_and_unequal(a: str | None, b: str | None) -> bool:
    return a is not None and b is not None and a != b


# --------------------------------------------------------------------------------- the rules

Warning = dict[str, Any]


def _warn(
    rule: str,
    stage: str,
    profile: Profile,
    anchor: datetime,
    course: Course,
    order_ids: list[str],
    parcel: Life | None,
    subject: str,
) -> Warning:
    def text(at: datetime | None) -> str | None:
        return None if at is None else at.astimezone(UTC).isoformat()

    return {
        "rule": rule,
        "stage": stage,
        "platform": profile.platform,
        "carrier": parcel.carrier if parcel else None,
        "tracking_number": parcel.number if parcel else None,
        "order_ids": sorted(order_ids),
        "state": course.state,
        "opened_at": text(course.opened_at),
        "deadline": text(course.deadline),
        "breached_at": text(course.breached_at),
        "resolved_at": text(course.resolved_at),
        "warning_id": warning_id(rule, stage, profile.platform, subject, anchor),
    }


def _parcel_clock(
    rule: str,
    parcel: Life,
    tiers: dict[str, Tier],
    s: datetime,
    e: datetime | None,
    until: datetime,
) -> list[Warning]:
    if "violation" not in tiers:
        return []
    profile = parcel.lead.profile
    first = tiers["violation"]
    violation = clock(s, first.hours * HOUR, e, until, first.how)
    courses = [("violation", violation)]
    if "serious" in tiers:
        second = tiers["serious"]
        courses.append(
            ("serious", serious_clock(s, second.hours * HOUR, second.how, e, until, violation))
        )
    return [
        _warn(rule, stage, profile, s, course, parcel.order_ids, parcel, parcel.subject)
        for stage, course in courses
        if course
    ]


def ship_overdue(world: World) -> list[Warning]:
    """s = base, d = promise; e = the earliest of: progress at or after base - tolerance of a
    parcel linked now; closing."""
    found = []
    for order in world.orders.values():
        if not order.is_known or not order.is_judged or order.base is None:
            continue
        s, d = order.base, order.promise
        assert d is not None
        if d <= s:
            continue  # not after s: no clock
        progress = earliest(
            *(
                f.at
                for parcel in world.linked_now(order.order_id)
                for f in parcel.records
                if f.is_progress and f.at >= s - TOLERANCE
            )
        )
        course = clock(s, d - s, earliest(progress, order.closed_since), world.until)
        if course:
            assert order.known.paid_at is not None
            profile = profile_of(order.known.platform, order.known.paid_at)
            subject = f"order:{order.order_id}"
            ids = [order.order_id]
            found.append(_warn("ship_overdue", "violation", profile, s, course, ids, None, subject))
    return found


def pickup_overdue(world: World, parcel: Life) -> list[Warning]:
    """s = earliest t of the parcel's orders; e = the earliest of all progress and the stop, also
    when it lies before s."""
    e = earliest(parcel.first(lambda f: f.is_progress), parcel.stop)
    tiers = parcel.lead.profile.pickup
    return _parcel_clock("pickup_overdue", parcel, tiers, parcel.t, e, world.until)


def inactive_after_pickup(world: World, parcel: Life) -> list[Warning]:
    """s = first picked_up; no clock when the stop is before s."""
    s = parcel.first(lambda f: f.status == "picked_up")
    if s is None or (parcel.stop is not None and parcel.stop < s):
        return []
    profile = parcel.lead.profile
    if profile.inactive_ended_by_hub:
        update = parcel.first(lambda f: f.status in HUB_OR_LATER and f.at >= s)
    else:
        update = parcel.first(lambda f: f.at > s)
    e = earliest(parcel.stop, update)
    return _parcel_clock("inactive_after_pickup", parcel, profile.inactive, s, e, world.until)


def _lane(parcel: Life, profile: Profile) -> str | None:
    """The lane's name, `unknown`, or None where a side is excluded by the profile."""
    picked = [province_of(f.location) for f in parcel.records if f.status == "picked_up"]
    origin = next((p for p in picked if p), None)
    lead = parcel.lead
    if origin is None and lead.order is not None and lead.is_known:
        origin = province_of(lead.order.known.ship_from)
    sides = (origin, province_of(lead.recipient))
    if any(side in profile.excluded for side in sides):
        return None
    if None in sides:
        return "unknown"
    if any(side in profile.remote for side in sides):
        return "remote"
    if sides[0] == sides[1] or any(sides[0] in g and sides[1] in g for g in NEAR_GROUPS):
        return "near"
    return "cross"


def transit_stalled(world: World, parcel: Life) -> list[Warning]:
    """Each node before the chain's ending, and before the stop, starts a clock."""
    profile = parcel.lead.profile
    lane = _lane(parcel, profile)
    if lane is None:
        return []
    start = parcel.first(lambda f: f.status == "hub" or not profile.chain_from_hub)
    ending = parcel.first(lambda f: f.status in CHAIN_ENDS)
    if start is None or (ending is not None and ending < start):
        return []
    tiers = {
        stage: max(limits.values(), key=lambda tier: tier.hours)
        if lane == "unknown"
        else limits[lane]
        for stage, limits in profile.stalled.items()
    }
    nodes = sorted({f.at for f in parcel.records if f.at >= start})
    found = []
    for index, s in enumerate(nodes):
        if (ending is not None and s >= ending) or (parcel.stop is not None and s >= parcel.stop):
            break
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        e = earliest(following, parcel.stop)
        found += _parcel_clock("transit_stalled", parcel, tiers, s, e, world.until)
    return found


def _check_member(
    world: World, rule: str, parcel: Life, member: Member, h: datetime, e: datetime | None
) -> list[Warning]:
    course = check(h, e, world.until)
    if course is None:
        return []
    subject = f"{parcel.subject}:order:{member.order_id}"
    ids = [member.order_id]
    return [_warn(rule, "violation", member.profile, member.t, course, ids, parcel, subject)]


def _check_parcel(world: World, rule: str, parcel: Life, h: datetime) -> list[Warning]:
    course = check(h, parcel.end, world.until)
    if course is None:
        return []
    profile, ids, t = parcel.lead.profile, parcel.order_ids, parcel.t
    return [_warn(rule, "violation", profile, t, course, ids, parcel, parcel.subject)]


def duplicate_tracking_number(world: World, parcel: Life, o: Member) -> list[Warning]:
    """Another order, linked now or before, used the number before, for another recipient."""
    different = different_by_person if o.profile.duplicate_by == "person" else different_by_address
    such = [
        o1
        for o1 in parcel.linked.values()
        if o1.order_id != o.order_id
        and (o1.t < o.t or (o1.t == o.t and o1.order_id < o.order_id))
        and o.t - o1.t <= WINDOW
        and not (o1.link.released is not None and o1.link.released <= o.t)
        and not (o1.closed_since is not None and o1.closed_since <= o.t)
        and different(o1.recipient, o.recipient)
    ]
    if not such:
        return []
    releases = [o1.link.released for o1 in such]
    all_released = None if None in releases else max(r for r in releases if r is not None)
    e = earliest(o.end, all_released)
    return _check_member(world, "duplicate_tracking_number", parcel, o, o.t, e)


def is_malformed(number: str) -> bool:
    """Length < 6 or > 35; an odd character; TEST; one repeated character; 1234567890123…"""
    bare = number.replace("-", "")
    run = ("1234567890" * 4)[: len(bare)]
    return (
        not 6 <= len(number) <= 35
        or any(c not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-" for c in number)
        or "TEST" in number
        or len(set(bare)) <= 1
        or bare == run
    )


def malformed_tracking_number(world: World, parcel: Life) -> list[Warning]:
    """h = t."""
    if not is_malformed(parcel.number):
        return []
    return _check_parcel(world, "malformed_tracking_number", parcel, parcel.t)


def address_mismatch(world: World, parcel: Life, o: Member) -> list[Warning]:
    """The newest fact with a recipient, else the newest terminal record with a province, against
    the order's recipient."""
    if not o.is_known or any(f.status in ("returning", "returned") for f in parcel.records):
        return []
    mine = o.recipient or {}
    # Reading: a recipient is one in which something is said (not all null); any fact may carry it.
    said = [
        f
        for f in parcel.facts
        if f.recipient is not None
        and any(v is not None for v in f.recipient.values())
        and (not f.order_ids or o.order_id in f.order_ids)
    ]
    if said:
        fact = said[-1]
        theirs = fact.recipient or {}
        keys = _known_and_unequal(theirs.get("address_key"), mine.get("address_key"))
    else:
        # Reading: which orders such a record names does not matter; a province is a known one.
        ends = [f for f in parcel.records if f.status in TERMINAL and province_of(f.location)]
        if not ends:
            return []
        fact = ends[-1]
        theirs, keys = fact.location or {}, False
    if not (
        keys
        or _known_and_unequal(province_of(theirs), province_of(mine))
        or _known_and_unequal(city_of(theirs), city_of(mine))
    ):
        return []
    return _check_member(world, "address_mismatch", parcel, o, max(o.t, fact.at), o.end)


def tracked_before_paid(world: World, parcel: Life, o: Member) -> list[Warning]:
    """The first record (or first picked_up, by profile) is earlier than base - tolerance."""
    base = o.base
    if o.profile.paid_first_payment and o.order is not None and o.is_known:
        base = o.order.known.paid_at
    first = parcel.first(lambda f: f.status == "picked_up" or not o.profile.paid_pickup_only)
    if base is None or first is None or first >= base - TOLERANCE:
        return []
    return _check_member(world, "tracked_before_paid", parcel, o, max(o.t, first), o.end)


def recalled(world: World, parcel: Life, o: Member) -> list[Warning]:
    """The earliest returning, returned or carrier's cancelled, with no delivered before it."""
    back = parcel.first(lambda f: f.status in ("returning", "returned", "cancelled"))
    if back is None:
        return []
    # Reading: "before" and "after" it are by time alone; at its own time is neither.
    if parcel.first(lambda f: f.status == "delivered" and f.at < back) is not None:
        return []
    delivered = parcel.first(lambda f: f.status == "delivered" and f.at > back)
    e = earliest(o.end, delivered)
    return _check_member(world, "recalled", parcel, o, max(o.t, back), e)


def reshipped_while_late(world: World, parcel: Life, o: Member) -> list[Warning]:
    """t > promise, another number uploaded before and still there, and no progress by then."""
    if o.base is None or o.order is None:
        return []
    # Reading: the promise counts here even when it is not after the base.
    promise = o.order.promise
    assert promise is not None
    if o.t <= promise:
        return []
    uses = [(p, p.linked[o.order_id]) for p in world.parcels if o.order_id in p.linked]
    before = [(p, m) for p, m in uses if m.t < o.t]
    another = [
        m
        for p, m in before
        if (p.carrier, p.number) != (parcel.carrier, parcel.number)
        and not (m.link.released is not None and m.link.released <= o.t)
    ]
    moved = any(
        f.is_progress and o.base - TOLERANCE <= f.at < o.t for p, _ in before for f in p.records
    )
    if not another or moved:
        return []
    return _check_member(world, "reshipped_while_late", parcel, o, o.t, o.end)


def repeated_track(world: World, parcel: Life) -> list[Warning]:
    """Equal status, location and description (as sent) at three or more times."""
    groups: dict[str, set[datetime]] = defaultdict(set)
    for f in parcel.records:
        if f.status in REPEATABLE:
            groups[canonical({"s": f.status, "l": f.location, "d": f.description})].add(f.at)
    thirds = [sorted(times)[2] for times in groups.values() if len(times) >= 3]
    if not thirds:
        return []
    return _check_parcel(world, "repeated_track", parcel, max(parcel.t, min(thirds)))


def _delivered_track(parcel: Life) -> tuple[datetime, Counter[Any]] | None:
    delivered = parcel.first(lambda f: f.status == "delivered")
    if delivered is None:
        return None
    track = Counter(
        (f.at, f.status, canonical({"l": f.location})) for f in parcel.records if f.at <= delivered
    )
    return (delivered, track) if track.total() >= 4 else None


def cloned_track(world: World) -> list[Warning]:
    """A delivered track equal, as a multiset, to another parcel's with another recipient."""
    tracks = [(p, *d) for p in world.parcels if p.members and (d := _delivered_track(p))]
    found = []
    for parcel, delivered, track in tracks:
        times = [
            max(delivered, parcel.t, other.t)
            for other, _, other_track in tracks
            if other is not parcel
            and (other.carrier, other.number) != (parcel.carrier, parcel.number)
            and other_track == track
            and different_by_address(parcel.lead.recipient, other.lead.recipient)
        ]
        if times and "cloned_track" not in parcel.lead.profile.off:
            found += _check_parcel(world, "cloned_track", parcel, min(times))
    return found


PARCEL_RULES = (
    pickup_overdue, inactive_after_pickup, transit_stalled, malformed_tracking_number,
    repeated_track,
)  # fmt: skip
MEMBER_RULES = (
    duplicate_tracking_number, address_mismatch, tracked_before_paid, recalled,
    reshipped_while_late,
)  # fmt: skip


def evaluate(
    orders: list[Any],
    tracking: list[Any],
    until: datetime,
    rules: Iterable[str] | None = None,
    order_arrivals: list[datetime] | None = None,
    tracking_arrivals: list[datetime] | None = None,
    tombstones: Iterable[tuple[str, datetime, datetime]] = (),
) -> list[Warning]:
    """The warnings that are not withdrawn at `until`, sorted by `warning_id`.

    `orders` and `tracking` hold parsed message values; each arrives at its `received_at`, else at
    `updated_at` / `occurred_at`, unless the parallel list of arrivals says otherwise.  `rules`
    names the rules to judge (default: all).  `tombstones` are (order id, record's time, arrival).
    """
    until = until.astimezone(UTC)
    wanted = RULES if rules is None else frozenset(rules)
    if unknown := wanted - RULES:
        raise ValueError(f"unknown rules: {sorted(unknown)}")
    world = build_world(orders, tracking, until, order_arrivals, tracking_arrivals, tombstones)
    found: list[Warning] = []
    if "ship_overdue" in wanted:
        found += ship_overdue(world)
    if "cloned_track" in wanted:
        found += cloned_track(world)
    for parcel in world.parcels:
        if not parcel.members:
            continue  # a parcel with no orders is not judged
        for rule in PARCEL_RULES:
            if rule.__name__ in wanted and rule.__name__ not in parcel.lead.profile.off:
                found += rule(world, parcel)
        for judge in MEMBER_RULES:
            for member in parcel.members:
                if judge.__name__ in wanted and judge.__name__ not in member.profile.off:
                    found += judge(world, parcel, member)
    return sorted(found, key=lambda w: w["warning_id"])
