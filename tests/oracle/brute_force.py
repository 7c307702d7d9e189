"""A slow, literal evaluation of the contract's *Exact semantics*: what warnings hold at one time.

Written from the contract's text alone (version 2), so that it can disagree with the product:
nothing here is imported from the code under test.  One function per sentence, named for it; no
state, no increments, quadratic loops.  Times are aware `datetime` in UTC (microsecond precision,
as the ids).

Where the text leaves room, the reading taken is a comment that starts with ``Reading``; readings
that can be flipped live in `READING`, so that a test can ask whether a history depends on one.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW = 30 * DAY
RETENTION = WINDOW + 5 * DAY
TOLERANCE = timedelta(minutes=5)
AHEAD = 24 * HOUR
APART = timedelta(minutes=10)  # repeated_track: a time counts when so much later than the last
FIRST_PLAUSIBLE = datetime(2015, 1, 1, tzinfo=UTC)  # Reading: midnight UTC.

READING = SimpleNamespace(
    # "`country` (ISO 3166-1 alpha-2, upper-cased …)", but "*as sent* means after this cleaning and
    # before any table": so canonical JSON and equality have the country as it was spelled.  True:
    # they have it upper-cased.
    country_upper_as_sent=False,
    # "Tolerance 5 min, or the profile's": the 24 h of TikTok US stand in the table beside
    # `tracked_before_paid` and are that rule's own.  True: `ship_overdue` takes them too.
    tolerance_is_the_profiles=False,
    # "The newest record `arrived_dest_city` … with a province": of any orders.  True: a record
    # that names only other orders does not count there either, as for a fact with a recipient.
    ends_of_other_orders_left_out=False,
    # Reading: what is "`reshipped_while_late`: t > promise" where the promise is not after the
    # base is the promise all the same.  True: such a promise is none.
    promise_before_base_is_none=False,
    # A fact ahead of T "shows at once: a check with h > T is `open`, where an e > T is known a
    # warning is `resolved`".  True: as the first version could be read, it waits.
    check_waits_for_h=False,
    check_waits_for_e=False,
)

RULES = frozenset(
    {
        "ship_overdue",
        "pickup_overdue",
        "inactive_after_pickup",
        "transit_stalled",
        "delivery_overdue",
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
        "handed_over",
    }
)
STATUSES = PROGRESS | {"ordered", "exception", "returning", "returned", "cancelled", "unknown"}
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
STOPS = frozenset({"delivered", "returning", "returned", "handed_over", "cancelled"})


# ---------------------------------------------------------------------------------- profiles


@dataclass(frozen=True)
class Tier:
    """One limit and how it is breached: `gt` at more than it, `ge` at it already."""

    hours: int
    how: str = "gt"


@dataclass(frozen=True)
class BusinessDays:
    """The end of the n-th working day after the day of *s*, in a zone."""

    n: int
    zone: str
    holidays: frozenset[date]
    working_week: frozenset[int] = frozenset(range(5))  # Monday is 0

    def _works(self, day: date) -> bool:
        return day.weekday() in self.working_week and day not in self.holidays

    def deadline(self, s: datetime) -> datetime:
        """23:59:59 on the n-th working day after the day of *s*."""
        day = s.astimezone(ZoneInfo(self.zone)).date()
        while not self._works(day):  # counts as the next working day's begin
            day += DAY
        for _ in range(self.n):
            day += DAY
            while not self._works(day):
                day += DAY
        return datetime.combine(day, time(23, 59, 59), ZoneInfo(self.zone)).astimezone(UTC)


def _lanes(near: int, cross: int, remote: int, how: str = "gt") -> dict[str, Tier]:
    return {"near": Tier(near, how), "cross": Tier(cross, how), "remote": Tier(remote, how)}


NEAR_GROUPS = (frozenset({"31", "32", "33", "34"}), frozenset({"11", "12", "13"}))
REMOTE_OF_DOUYIN = frozenset({"65", "54", "15", "63", "64", "53", "62", "46"})
REMOTE_OF_TMALL = frozenset({"65", "54", "15", "62", "63", "64"})


@dataclass(frozen=True)
class Profile:
    """The table *Rules*, one column."""

    name: str
    platform: str
    effective_from: datetime
    off: frozenset[str] = frozenset()
    promise: timedelta | BusinessDays | None = 48 * HOUR  # where the order states none
    ends_by_upload: bool = False
    pickup: dict[str, Tier] = field(default_factory=dict)
    inactive: dict[str, Tier] = field(default_factory=dict)
    inactive_ended_by_hub: bool = False  # Douyin: a hub or later; else any record after the pickup
    stalled: dict[str, dict[str, Tier]] = field(default_factory=dict)  # stage -> lane -> limit
    chain_from_hub: bool = False
    near_groups: tuple[frozenset[str], ...] = NEAR_GROUPS
    remote: frozenset[str] = REMOTE_OF_DOUYIN
    excluded: frozenset[str] = frozenset()
    duplicate_by: str = "address"  # or "person"
    postal_code_only: bool = False  # address_mismatch compares this and nothing else
    paid_first_payment: bool = False  # tracked_before_paid always takes `paid_at`
    paid_pickup_only: bool = False  # tracked_before_paid looks at the first `picked_up` only
    paid_tolerance: timedelta = TOLERANCE

    @property
    def tolerance(self) -> timedelta:
        """Of the base, in `ship_overdue` and `reshipped_while_late`."""
        return self.paid_tolerance if READING.tolerance_is_the_profiles else TOLERANCE


def _china(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC) - 8 * HOUR


_DOUYIN = Profile(
    name="douyin-2026-07-09",
    platform="douyin",
    effective_from=_china(2026, 7, 9),
    pickup={"violation": Tier(24), "serious": Tier(48)},
    inactive={"violation": Tier(24), "serious": Tier(48)},
    inactive_ended_by_hub=True,
    stalled={"violation": _lanes(48, 72, 120)},
    chain_from_hub=True,
)
_TMALL = Profile(
    name="tmall-2026-04-09",
    platform="tmall",
    effective_from=_china(2026, 4, 9),
    pickup={"violation": Tier(24)},
    inactive={"violation": Tier(24), "serious": Tier(72, "ge")},
    stalled={"violation": _lanes(48, 72, 120), "serious": _lanes(96, 120, 168, "ge")},
    remote=REMOTE_OF_TMALL,
    excluded=frozenset({"71", "81", "82"}),
    paid_first_payment=True,
    paid_pickup_only=True,
    off=frozenset({"reshipped_while_late"}),
)
_BONDED = Profile(
    name="tmall-global-bonded-2026-04-22",
    platform="tmall-global-bonded",
    effective_from=_china(2026, 4, 22),
    inactive={"violation": Tier(24)},
    stalled={"violation": _lanes(72, 96, 168)},
    near_groups=(),
    remote=REMOTE_OF_TMALL,
    off=frozenset(
        {
            "duplicate_tracking_number",
            "repeated_track",
            "cloned_track",
            "recalled",
            "tracked_before_paid",
            "reshipped_while_late",
        }
    ),
)
_US_HOLIDAYS = frozenset(
    date(2026, month, day)
    for month, day in ((1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (9, 7), (10, 12),
                       (11, 11), (11, 26), (12, 25))
)  # fmt: skip

GENERIC = Profile(
    name="generic-2026",
    platform="generic",
    effective_from=_china(2026, 1, 1),
    promise=None,
    pickup={"violation": Tier(48)},
    inactive={"violation": Tier(24)},
    stalled={"violation": _lanes(72, 72, 120)},
    near_groups=(),
    remote=REMOTE_OF_TMALL,
    paid_first_payment=True,
    paid_pickup_only=True,
    off=frozenset({"recalled", "reshipped_while_late"}),
)

PROFILES: dict[str, list[Profile]] = {
    "generic": [GENERIC],
    "douyin": [_DOUYIN],
    "tmall": [_TMALL],
    "brief": [
        Profile(
            name="brief-2023",
            platform="brief",
            effective_from=_china(2023, 1, 1),
            inactive={"violation": Tier(24)},
            stalled={"violation": _lanes(48, 72, 120)},
            duplicate_by="person",
            paid_first_payment=True,
            paid_pickup_only=True,
            off=frozenset({"cloned_track", "recalled", "reshipped_while_late"}),
        )
    ],
    "taobao": [
        replace(
            _TMALL,
            name="taobao-2026-04-09",
            platform="taobao",
            inactive={"violation": Tier(24), "serious": Tier(72)},
            off=_TMALL.off | {"tracked_before_paid", "repeated_track"},
        )
    ],
    "tmall-global-bonded": [_BONDED],
    "tmall-global-direct": [
        replace(
            _BONDED,
            name="tmall-global-direct-2026-04-22",
            platform="tmall-global-direct",
            # Reading: the text's holidays at the place of dispatch are an operator's, not built in.
            promise=120 * HOUR,
            inactive={"violation": Tier(168)},
            stalled={},
            off=_BONDED.off | {"address_mismatch"},
        )
    ],
    "douyin-instant": [
        replace(
            _DOUYIN,
            name="douyin-instant-2026-07-06",
            platform="douyin-instant",
            effective_from=_china(2026, 7, 6),
            ends_by_upload=True,
            pickup={"violation": Tier(12)},
            inactive={"violation": Tier(12)},
        )
    ],
    "tiktok-us": [
        Profile(
            name="tiktok-us-2026",
            platform="tiktok-us",
            effective_from=_china(2026, 1, 1),
            promise=BusinessDays(2, "America/Los_Angeles", _US_HOLIDAYS),
            pickup={"violation": Tier(24)},
            postal_code_only=True,
            paid_tolerance=24 * HOUR,
            off=frozenset({"repeated_track", "cloned_track", "recalled", "reshipped_while_late"}),
        )
    ],
}


def profile_of(platform: str | None, at: datetime) -> Profile:
    """By platform and `paid_at`: the newest in force then, before the first one the first;
    a platform without a profile, or stated nowhere: `generic`."""
    dated = PROFILES.get(platform or "", [GENERIC])
    in_force = [p for p in dated if p.effective_from <= at]
    return max(in_force, key=lambda p: p.effective_from) if in_force else dated[0]


# -------------------------------------------------------------------------------- normalised


@lru_cache(10_000)
def clean(text: str) -> str:
    """NFKC, then characters of the categories Cc and Cf removed, trimmed."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if unicodedata.category(c) not in ("Cc", "Cf")).strip()


def normal_id(text: Any) -> str:
    """Number, order id, shop id: further one `="…"` unwrapped, else one leading ' or ` removed."""
    bare = clean(str(text))
    if len(bare) >= 3 and bare.startswith('="') and bare.endswith('"'):
        bare = bare[2:-1]
    elif bare[:1] in ("'", "`"):
        bare = bare[1:]
    return bare.strip()


def normal_number(number: Any) -> str:
    """As an id, then all white space removed, upper-case; hyphens stay."""
    return "".join(normal_id(number).split()).upper()


#: A table of our own, for the spellings that the histories use.
CARRIER_ALIASES = {
    "中通快递": "zto", "中通": "zto", "zhongtong": "zto",
    "圆通速递": "yto", "圆通": "yto", "yuantong": "yto",
    "顺丰速运": "sf", "顺丰": "sf", "shunfeng": "sf",
    "极兔速递": "jtexpress", "极兔": "jtexpress", "jt": "jtexpress",
}  # fmt: skip
PLATFORM_ALIASES = {"天猫": "tmall", "抖音": "douyin", "抖店": "douyin", "淘宝": "taobao"}


def normal_carrier(carrier: str) -> str:
    """Cleaned, lower-case, then through the alias table; not in it: as it is."""
    lower = clean(carrier).lower()
    return CARRIER_ALIASES.get(lower, lower)


def normal_platform(platform: str | None) -> str | None:
    """Likewise; none where none is stated."""
    if platform is None:
        return None
    lower = clean(platform).lower()
    return PLATFORM_ALIASES.get(lower, lower)


_DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+\d+")


# ------------------------------------------------------------------------------------ places

# The few places that the histories and the example use. Code: names with commas between.
_PROVINCES = {
    "11": "北京市,北京,Beijing,BJ", "12": "天津市,天津,Tianjin,TJ", "13": "河北省,河北,Hebei,HE",
    "15": "内蒙古自治区,内蒙古,内蒙,內蒙古自治區,Nei Mongol,NM", "22": "吉林省,吉林,Jilin,JL",
    "31": "上海市,上海,Shanghai,SH", "32": "江苏省,江苏,江蘇省,Jiangsu,JS",
    "33": "浙江省,浙江,Zhejiang,ZJ", "34": "安徽省,安徽,Anhui,AH", "35": "福建省,福建,Fujian,FJ",
    "37": "山东省,山东,山東省,Shandong,SD", "42": "湖北省,湖北,Hubei,HB",
    "44": "广东省,广东,廣東省,Guangdong,GD", "46": "海南省,海南,Hainan,HI",
    "50": "重庆市,重庆,重慶市,Chongqing,CQ", "51": "四川省,四川,Sichuan,SC",
    "53": "云南省,云南,雲南省,Yunnan,YN", "62": "甘肃省,甘肃,甘肅省,Gansu,GS",
    "65": "新疆维吾尔自治区,新疆,Xinjiang,XJ", "71": "台湾省,台湾,Taiwan,TW",
    "81": "香港特别行政区,香港,Hong Kong,HK", "82": "澳门特别行政区,澳门,Macao,MO",
}  # fmt: skip
_CITIES = {
    "1101": "北京市,北京,Beijing", "1310": "廊坊市,廊坊,Langfang",
    "1501": "呼和浩特市,呼和浩特,Hohhot", "2201": "长春市,长春,長春市,Changchun",
    "3101": "上海市,上海,Shanghai", "3205": "苏州市,苏州,蘇州市,Suzhou",
    "3301": "杭州市,杭州,Hangzhou", "3401": "合肥市,合肥,Hefei",
    "3402": "芜湖市,芜湖,蕪湖市,Wuhu", "3404": "淮南市,淮南,Huainan",
    "3407": "铜陵市,铜陵,銅陵市,Tongling", "3502": "厦门市,厦门,廈門市,Xiamen",
    "3702": "青岛市,青岛,青島市,Qingdao", "4201": "武汉市,武汉,武漢市,Wuhan",
    "4401": "广州市,广州,廣州市,Guangzhou", "4403": "深圳市,深圳,Shenzhen",
    "4601": "海口市,海口,Haikou", "4604": "儋州市,儋州,Danzhou",
    "5001": "重庆市,重庆,重慶市,Chongqing", "5101": "成都市,成都,Chengdu",
    "5301": "昆明市,昆明,Kunming", "6201": "兰州市,兰州,蘭州市,Lanzhou",
    "6501": "乌鲁木齐市,乌鲁木齐,Urumqi",
}  # fmt: skip
#: Counties of an older edition of GB/T 2260, and the city that they belong to today.
_MOVED = {
    "341422": "3402", "340823": "3407", "341521": "3404",
    "469003": "4604", "220381": "2201", "512081": "5101",
}  # fmt: skip
_MUNICIPALITIES = frozenset({"11", "12", "31", "50"})


def _folded(name: str) -> str:
    """Names are compared without case and blanks."""
    return "".join(clean(name).split()).casefold()


def _by_name(rows: dict[str, str]) -> dict[str, str]:
    return {_folded(name): code for code, names in rows.items() for name in names.split(",")}


_PROVINCE_BY_NAME = _by_name(_PROVINCES)
_PROVINCE_BY_NAME |= {  # letters with or without `CN-`
    f"cn-{name}": code for name, code in _PROVINCE_BY_NAME.items() if re.fullmatch("[a-z]{2}", name)
}
_CITY_BY_NAME = _by_name(_CITIES)


def _by_code(code: str | None) -> tuple[str | None, str | None]:
    """Province and city of a valid `region_code`; of one that ends in 0000 the province alone."""
    if code is None or not re.fullmatch("[0-9]{6}", code):
        return None, None
    city = _MOVED.get(code, code[:4])
    if code[2:] == "0000":
        return (code[:2], None) if code[:2] in _PROVINCES else (None, None)
    if city[:2] in _MUNICIPALITIES and city[2:] in ("01", "02"):
        city = city[:2] + "01"  # the parts of a municipality are one city
    # Reading: valid = a code of the table; this small one knows whole cities, not counties.
    return (city[:2], city) if city in _CITIES else (None, None)


def place_of(place: dict[str, Any] | None) -> tuple[str | None, str | None]:
    """Province and city, each None where it is unknown."""
    place = place or {}
    country = (place.get("country") or "CN").upper()
    if country != "CN":
        return {"HK": "81", "MO": "82", "TW": "71"}.get(country), None
    province, city = _by_code(place.get("region_code"))
    if province is None:
        province = _PROVINCE_BY_NAME.get(_folded(place.get("province") or ""))
    if city is None:
        city = _CITY_BY_NAME.get(_folded(place.get("city") or ""))
    if province is None and city is not None:
        province = city[:2]  # a known city gives its province where none is known
    return province, city


def province_of(place: dict[str, Any] | None) -> str | None:
    """See `place_of`."""
    return place_of(place)[0]


def city_of(place: dict[str, Any] | None) -> str | None:
    """See `place_of`."""
    return place_of(place)[1]


# ------------------------------------------------------------------------ what is no message


class DeadLetter(ValueError):
    """The message is none, for the reason that is its text."""


_PLACE = {
    "country": "text", "province": "text", "city": "text", "district": "text",
    "region_code": "code", "postal_code": "code", "site": "text",
    "address_key": "code", "person_key": "code",
}  # fmt: skip
_SHAPES: dict[str, dict[str, Any]] = {
    "order": {
        "schema_version": "int", "order_id": "id", "shop_id": "id", "platform": "text",
        "paid_at": "time", "updated_at": "time", "final_paid_at": "time",
        "promised_ship_by": "promise", "promised_delivery_by": "promise",
        "refund_requested_at": "time", "amount_paid": "int", "currency": "text",
        "delivery_method": "text", "presale": "text", "paid_at_quality": "text",
        "recipient": _PLACE, "via": _PLACE, "ship_from": _PLACE, "parcels_expected": "int",
        "items": [{"product_id": "code", "sku_id": "code", "quantity": "int"}],
        "state": {"paid", "closed"}, "closed_reason": "text", "partial": "bool",
    },
    "tracking": {
        "schema_version": "int", "carrier": "carrier", "tracking_number": "number",
        "status": set(STATUSES), "occurred_at": "time", "time_quality": "text",
        "order_ids": ["id"], "shop_id": "id", "platform": "text",
        "location": _PLACE, "recipient": _PLACE, "description": "text", "raw_status": "code",
        "source": "text", "voided": "bool",
        "next": {"carrier": "carrier", "tracking_number": "number"},
    },
}  # fmt: skip
_FULL = ("order_id", "shop_id", "platform", "paid_at")
_PARTIAL = ("order_id", "updated_at")
_TRACKING = ("carrier", "tracking_number", "status", "occurred_at")


def read_time(text: Any) -> datetime:
    """An aware UTC time; DeadLetter("naive_time" or "wrong_type") otherwise."""
    if not isinstance(text, str):
        raise DeadLetter("wrong_type")
    try:
        at = datetime.fromisoformat(clean(text))
    except ValueError:
        raise DeadLetter("wrong_type") from None
    if at.tzinfo is None:
        raise DeadLetter("naive_time")
    return at.astimezone(UTC)


def why_no_time(at: datetime, arrival: datetime, may_lie_ahead: bool = False) -> str | None:
    """Before 2015-01-01 is no time; nor more than 24 h after arrival."""
    if at < FIRST_PLAUSIBLE:
        return "implausible_time"
    if at > arrival + AHEAD and not may_lie_ahead:
        return "time_in_future"
    return None


_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "carrier": (str,), "id": (str, int), "number": (str, int),
    "code": (str, int), "int": (int,), "bool": (bool,),
}  # fmt: skip


def _read(shape: Any, value: Any) -> Any:
    """The value as sent: cleaned, before any table; but carrier, number and ids normalised.

    A field of an object without a value is left out; an object without any is null.
    """
    if value is None:
        return None
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise DeadLetter("wrong_type")
        found = {name: _read(sub, value.get(name)) for name, sub in shape.items()}
        return {name: sub for name, sub in found.items() if sub is not None} or None
    if isinstance(shape, list):
        if not isinstance(value, list) or None in value:
            raise DeadLetter("wrong_type")
        return [_read(shape[0], each) for each in value]
    if isinstance(shape, set):
        if not isinstance(value, str):
            raise DeadLetter("wrong_type")
        if clean(value) not in shape:
            raise DeadLetter("unknown_value")
        return clean(value)
    if shape in ("time", "promise"):
        return read_time(value)
    # `True` is an int of Python's: 1 for true and true for 1 are wrong types both.
    if not isinstance(value, _TYPES[shape]) or isinstance(value, bool) != (shape == "bool"):
        raise DeadLetter("wrong_type")
    if shape in ("int", "bool"):
        return value
    normal = {"carrier": normal_carrier, "id": normal_id, "number": normal_number}.get(shape, clean)
    text = normal(str(value))
    if shape == "id" and _DAMAGED.fullmatch(text):
        raise DeadLetter("damaged_id")
    return text


def read_message(kind: str, value: Any, arrival: datetime) -> dict[str, Any]:
    """The page's fields of an `order` or `tracking` value, absent ones None.

    Raises DeadLetter where it is no message.
    """
    if not isinstance(value, dict):
        raise DeadLetter("not_an_object")
    shapes = _SHAPES[kind]
    partial = kind == "order" and value.get("partial") is True
    required = _TRACKING if kind == "tracking" else _PARTIAL if partial else _FULL
    if any(value.get(name) is None for name in required):
        raise DeadLetter("missing_field")
    # A partial version with null in a field that a full one requires.
    if partial and any(name in value and value[name] is None for name in _FULL):
        raise DeadLetter("missing_field")
    sent: dict[str, Any] = {name: _read(shape, value.get(name)) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if shape not in ("time", "promise") or sent[name] is None:
            continue
        reason = why_no_time(sent[name], arrival, may_lie_ahead=shape == "promise")
        # `paid_at` of a partial version would become null, in a field that a full one requires.
        if reason and (name in required or name in _FULL):
            raise DeadLetter(reason)
        if reason:
            sent[name] = None
    empties = ("order_id", "shop_id") if kind == "order" else ("carrier", "tracking_number")
    if any(sent[name] == "" for name in empties) or "" in (sent.get("order_ids") or ()):
        raise DeadLetter("missing_field")
    if kind == "tracking" and sent["shop_id"] == "":
        sent["shop_id"] = None
    return sent


def judge_message(kind: str, value: Any, arrival: datetime) -> str | None:
    """Why this `order` or `tracking` value is a dead letter, or None where it is a message.

    Reading: an optional field of a wrong type, or a naive optional time, is a dead letter too.
    The reasons' names beside the contract's three are ours, and which of several is given.
    """
    try:
        read_message(kind, value, arrival)
    except DeadLetter as error:
        return str(error)
    return None


def arrival_of(kind: str, value: Any, given: datetime | str | None) -> datetime | None:
    """`received_at`, else `occurred_at` / `updated_at` (whose default is `paid_at`)."""
    names = ["received_at"]
    names += ["updated_at", "paid_at"] if kind == "order" else ["occurred_at"]
    found: list[Any] = [given] if given is not None else []
    found += [value.get(n) for n in names] if isinstance(value, dict) else []
    for each in found:
        if isinstance(each, datetime):
            return each.astimezone(UTC)
        try:
            at = read_time(each)
        except DeadLetter:
            continue
        if at >= FIRST_PLAUSIBLE:
            return at
    return None


# ------------------------------------------------------------------------------------- facts


def canonical(fields: dict[str, Any]) -> str:
    """Sorted keys, no blanks, non-ASCII unescaped, times as instants."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return instant(value)
        if isinstance(value, dict):
            if READING.country_upper_as_sent and "country" in value:
                value = {**value, "country": value["country"].upper()}
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return json.dumps(plain(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


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
    estimated: bool
    voided: bool
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


def read_fact(value: dict[str, Any], arrival: datetime) -> Fact:
    """The fact of a tracking message, or what takes one back."""
    sent = read_message("tracking", value, arrival)
    orders = frozenset(sent["order_ids"] or ())
    names = ("carrier", "tracking_number", "occurred_at", "status", "raw_status", "description",
             "location", "recipient")  # fmt: skip
    # Reading: the set of order_ids is written sorted, an empty one as null.
    identity = {**{n: sent[n] for n in names}, "order_ids": sorted(orders) or None}
    return Fact(
        carrier=sent["carrier"],
        number=sent["tracking_number"],
        at=sent["occurred_at"],
        status=sent["status"],
        order_ids=orders,
        description=sent["description"],
        location=sent["location"],
        recipient=sent["recipient"],
        platform=normal_platform(sent["platform"]),
        shop_id=sent["shop_id"],
        estimated=sent["time_quality"] == "estimated",
        voided=sent["voided"] is True,
        canon=canonical(identity),
    )


def standing_facts(messages: list[Fact]) -> list[Fact]:
    """Equal facts as one, void ones not at all; by time, ties by canonical JSON."""
    void = {m.canon for m in messages if m.voided}
    equal: dict[str, list[Fact]] = defaultdict(list)
    for message in messages:
        if message.canon not in void:
            equal[message.canon].append(message)

    def least(values: Iterable[str | None]) -> str | None:
        return min((v for v in values if v is not None), default=None)

    facts = [
        replace(
            same[0],
            estimated=any(f.estimated for f in same),
            platform=least(f.platform for f in same),
            shop_id=least(f.shop_id for f in same),
        )
        for same in equal.values()
    ]
    return sorted(facts, key=lambda f: (f.at, f.canon))


@dataclass(frozen=True)
class Version:
    """One version of one order: what it states."""

    order_id: str
    at: datetime  # updated_at
    partial: bool
    stated: dict[str, Any]
    canon: str

    @property
    def states_closed(self) -> bool:
        """It states `state`, and that the order is closed."""
        return self.stated.get("state") == "closed"

    @property
    def place_in_order(self) -> tuple[datetime, bool, bool, str]:
        """By `updated_at`; ties: a partial one is later than a full one, then a closed one than an
        open one or one that states no `state`, then the greater canonical JSON."""
        return (self.at, self.partial, self.states_closed, self.canon)


def read_version(value: dict[str, Any], arrival: datetime) -> Version:
    """The version that an order message is; a full one states every field."""
    sent = read_message("order", value, arrival)
    partial = sent["partial"] is True
    meant = {**sent, "platform": normal_platform(sent["platform"])}
    return Version(
        order_id=sent["order_id"],
        at=sent["updated_at"] or sent["paid_at"],
        partial=partial,
        stated={name: v for name, v in meant.items() if name in value or not partial},
        canon=canonical(sent),
    )


def read_tombstone(order_id: Any, at: datetime) -> Version:
    """A partial version that states `closed` and nothing else, at the record's timestamp."""
    value = {"order_id": order_id, "partial": True, "state": "closed", "updated_at": at.isoformat()}
    # Reading: a record's timestamp is plausible: no reader's clock is asked about it.
    return read_version(value, at)


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
        arrival = arrival_of(kind, value, arrivals[index] if arrivals else None)
        if arrival is None or arrival > until:
            continue  # no readable time at all: a dead letter whenever it came
        try:
            kept.append((arrival, read(value, arrival)))
        except DeadLetter:
            continue
    return kept


def _drop_late(
    arrived: list[tuple[datetime, Any]], key: Callable[[Any], Any]
) -> dict[Any, list[Any]]:
    """More than the retention older, on arrival, than the newest of its key: changes nothing.

    Reading: the key of an order version is its order id, its own time `updated_at`.
    Reading: the newest is that of all messages, void, voiding and voided later ones too.
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


@dataclass(frozen=True)
class Known:
    """An order's fields as known at T: each that of the last version that states it."""

    platform: str | None
    shop_id: str | None
    paid_at: datetime
    final_paid_at: datetime | None
    promised_ship_by: datetime | None
    promised_delivery_by: datetime | None
    refund_requested_at: datetime | None
    delivery_method: str
    presale: str
    parcels_expected: int
    paid_at_estimated: bool
    ship_from: dict[str, Any] | None
    canon: str


def known_of(fields: dict[str, Any]) -> Known:
    """The fields with their defaults; a value not listed is its default, but no delivery method."""
    names = ("platform", "shop_id", "paid_at", "final_paid_at", "promised_ship_by",
             "promised_delivery_by", "refund_requested_at", "ship_from")  # fmt: skip
    return Known(
        **{name: fields[name] for name in names},
        delivery_method="express"
        if fields["delivery_method"] is None
        else fields["delivery_method"],
        presale=fields["presale"] if fields["presale"] in ("full", "deposit") else "none",
        parcels_expected=max(fields["parcels_expected"] or 1, 1),
        paid_at_estimated=fields["paid_at_quality"] == "estimated",
        canon=canonical(fields),
    )


@dataclass
class Order:
    """An order as known at T, from all its versions."""

    order_id: str
    versions: list[Version]  # in their order

    @property
    def is_known(self) -> bool:
        """Not so where only partial versions or tombstones are there."""
        return any(not v.partial for v in self.versions)

    @cached_property
    def known(self) -> Known:
        """Of a known order: each field is that of the last version that states it."""
        fields: dict[str, Any] = {}
        for version in self.versions:
            fields.update(version.stated)
        return known_of(fields)

    @property
    def profile(self) -> Profile:
        """Of a known order: by platform and `paid_at`."""
        return profile_of(self.known.platform, self.known.paid_at)

    @cached_property
    def closed_since(self) -> datetime | None:
        """The `updated_at` of the first of the last unbroken run of closed ones among the versions
        that state `state`; also of an order that is not known yet."""
        since = None
        for version in self.versions:
            if "state" not in version.stated:
                continue
            if not version.states_closed:
                since = None
            elif since is None:
                since = version.at
        return since

    @property
    def is_judged(self) -> bool:
        """An order that is not `express` is not judged; one not known counts as `express`."""
        return not self.is_known or self.known.delivery_method == "express"

    @property
    def base(self) -> datetime | None:
        """`paid_at`; of a deposit presale `final_paid_at`, None until that is known."""
        if not self.is_known:
            return None
        if self.known.presale == "deposit":
            return self.known.final_paid_at
        return self.known.paid_at

    @property
    def promise(self) -> datetime | None:
        """`promised_ship_by`, default base + 48 h or the profile's; None while the base is unknown,
        and where neither states one."""
        if self.base is None:
            return None
        if self.known.promised_ship_by is not None:
            return self.known.promised_ship_by
        default = self.profile.promise
        if isinstance(default, BusinessDays):
            return default.deadline(self.base)
        return None if default is None else self.base + default

    def _index_for(self, upload: datetime, saying: list[Version]) -> int:
        """The last with `updated_at` ≤ the link's upload, else the first."""
        return max((n for n, v in enumerate(saying) if v.at <= upload), default=0)

    def recipients_for(self, upload: datetime) -> list[dict[str, Any] | None]:
        """That of the last version that states one with `updated_at` ≤ the upload, else of the
        first that does; and all stated later.  Empty while the order is not known."""
        saying = [v for v in self.versions if "recipient" in v.stated]
        if not self.is_known:
            return []
        return [v.stated["recipient"] for v in saying[self._index_for(upload, saying) :]]

    def recipient_for(self, upload: datetime) -> dict[str, Any] | None:
        """The recipient of the order for a parcel."""
        return (self.recipients_for(upload) or [None])[0]

    def accepted_for(self, upload: datetime) -> list[dict[str, Any]]:
        """That one, all stated later, and each `via` ever stated, as far as they are not null."""
        via = [v.stated.get("via") for v in self.versions]
        return [r for r in (*self.recipients_for(upload), *via) if r is not None]


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
    result: list[list[Fact]] = []
    for fact in facts:
        if not result or fact.at - result[-1][-1].at > WINDOW:
            result.append([fact])
        else:
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
    def accepted(self) -> list[dict[str, Any]]:
        """The order's accepted recipients for this parcel."""
        return self.order.accepted_for(self.t) if self.order else []

    @property
    def known(self) -> Known | None:
        """The order as known, None where it is not known yet."""
        return self.order.known if self.order is not None and self.order.is_known else None

    @property
    def base(self) -> datetime | None:
        return self.order.base if self.order is not None else None


def earliest(*times: datetime | None) -> datetime | None:
    """The earliest of the times that there are."""
    return min((t for t in times if t is not None), default=None)


@dataclass
class Life:
    """One life of one number, judged by itself: a parcel."""

    carrier: str
    number: str
    facts: list[Fact]
    linked: dict[str, Member]  # judged orders, linked now or before

    @property
    def subject(self) -> str:
        return f"parcel:{self.carrier}:{self.number}"

    @cached_property
    def records(self) -> list[Fact]:
        """The track; a `delivered` to the sender counts as `returned` in it."""
        found = [f for f in self.facts if f.is_record]
        back = earliest(*(f.at for f in found if f.status in ("returning", "returned")))
        return [
            replace(f, status="returned")
            if f.status == "delivered"
            and back is not None
            and f.at > back
            and not self._reached_a_recipient(f)
            else f
            for f in found
        ]

    def _reached_a_recipient(self, fact: Fact) -> bool:
        """Its location's province and city are both known and equal those of one accepted
        recipient of the lead order."""
        where = place_of(fact.location)
        return None not in where and any(place_of(r) == where for r in self.lead.accepted)

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
        """The earliest of: records `delivered`, `returning`, `returned`, `handed_over`, the
        carrier's `cancelled`; the parcel's end."""
        return earliest(self.first(lambda f: f.status in STOPS), self.end)

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
        return Member(link, order, order.profile) if order.is_judged else None
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
    versions += [(seen, read_tombstone(oid, at)) for oid, at, seen in tombstones if seen <= until]
    messages = _read_all("tracking", tracking, until, tracking_arrivals, read_fact)
    known = {
        order_id: Order(order_id, sorted(found, key=lambda v: v.place_in_order))
        for order_id, found in _drop_late(versions, lambda v: v.order_id).items()
    }
    parcels = []
    for (carrier, number), found in sorted(
        _drop_late(messages, lambda f: (f.carrier, f.number)).items()
    ):
        for life in lives(standing_facts(found)):
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


def _known_and_unequal(a: str | None, b: str | None) -> bool:
    """An empty string is unknown wherever something must be known."""
    return bool(a) and bool(b) and a != b


def _place_differs(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """A province or city known on both sides and unequal."""
    return any(_known_and_unequal(x, y) for x, y in zip(place_of(a), place_of(b), strict=True))


def different_by_address(a: dict[str, Any] | None, b: dict[str, Any] | None) -> bool:
    """Both `address_key` known → unequal; else a province or city known on both sides, unequal."""
    a, b = a or {}, b or {}
    keys = (a.get("address_key"), b.get("address_key"))
    return keys[0] != keys[1] if all(keys) else _place_differs(a, b)


def different_by_person(a: dict[str, Any] | None, b: dict[str, Any] | None) -> bool:
    """Both `person_key` known and unequal."""
    return _known_and_unequal((a or {}).get("person_key"), (b or {}).get("person_key"))


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
    """s = base, d = promise; e = the earlier of closing and the n-th smallest of the moments that
    the parcels linked now give, one each."""
    found = []
    for order in world.orders.values():
        if not order.is_known or not order.is_judged or order.base is None:
            continue
        s, d, profile = order.base, order.promise, order.profile
        if d is None or d <= s:
            continue  # not after s: no clock
        moments = sorted(
            at
            for parcel in world.linked_now(order.order_id)
            if (at := _shipped(parcel, order, s - profile.tolerance)) is not None
        )
        n = order.known.parcels_expected
        shipped = moments[n - 1] if len(moments) >= n else None
        course = clock(s, d - s, earliest(shipped, order.closed_since), world.until)
        if course:
            subject = f"order:{order.order_id}"
            ids = [order.order_id]
            found.append(_warn("ship_overdue", "violation", profile, s, course, ids, None, subject))
    return found


def _shipped(parcel: Life, order: Order, since: datetime) -> datetime | None:
    """The parcel's first progress since then; by profile its upload, whenever."""
    if order.profile.ends_by_upload:
        return parcel.linked[order.order_id].t  # Reading: its upload for this order.
    return parcel.first(lambda f: f.is_progress and f.at >= since)


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
    if origin is None and lead.known is not None:
        origin = province_of(lead.known.ship_from)
    sides = (origin, province_of(lead.recipient))
    if any(side in profile.excluded for side in sides):
        return None
    if None in sides:
        return "unknown"
    if any(side in profile.remote for side in sides):
        return "remote"
    together = any(sides[0] in g and sides[1] in g for g in profile.near_groups)
    return "near" if sides[0] == sides[1] or together else "cross"


def transit_stalled(world: World, parcel: Life) -> list[Warning]:
    """Each node before the chain's ending, and before the stop, starts a clock."""
    profile = parcel.lead.profile
    lane = _lane(parcel, profile)
    if lane is None or not profile.stalled:
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


def delivery_overdue(world: World, parcel: Life) -> list[Warning]:
    """s as `pickup_overdue`; d = the lead order's `promised_delivery_by` where it is later than s;
    the profiles that are built in have no limit of their own."""
    s, known = parcel.t, parcel.lead.known
    d = known.promised_delivery_by if known is not None else None
    if d is None or d <= s:
        return []
    received = parcel.first(lambda f: f.status in ("delivered", "ready_for_pickup", "returned"))
    course = clock(s, d - s, earliest(received, parcel.stop), world.until)
    if course is None:
        return []
    profile, ids = parcel.lead.profile, parcel.order_ids
    return [_warn("delivery_overdue", "violation", profile, s, course, ids, parcel, parcel.subject)]


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
    every accepted recipient of the order."""
    if o.known is None or any(f.status in ("returning", "returned") for f in parcel.records):
        return []
    said = [
        f
        for f in parcel.facts
        if f.recipient is not None and (not f.order_ids or o.order_id in f.order_ids)
    ]
    if said:
        fact = said[-1]
        theirs, keys = fact.recipient or {}, True
    else:
        # Reading: which orders such a record names does not matter.
        ends = [
            f
            for f in parcel.records
            if f.status in TERMINAL
            and _says_where(f.location, o.profile)
            and (
                not READING.ends_of_other_orders_left_out
                or not f.order_ids
                or o.order_id in f.order_ids
            )
        ]
        if not ends:
            return []
        fact = ends[-1]
        theirs, keys = fact.location or {}, False
    if o.order is None or o.order.recipient_for(o.t) is None:
        return []  # where the first is unknown nothing differs
    if not all(_mismatched(theirs, mine, keys, o.profile) for mine in o.accepted):
        return []
    return _check_member(world, "address_mismatch", parcel, o, max(o.t, fact.at), o.end)


def _says_where(location: dict[str, Any] | None, profile: Profile) -> bool:
    """A record with a province; for a profile that compares postal codes, with one of these."""
    if profile.postal_code_only:
        return bool((location or {}).get("postal_code"))
    return province_of(location) is not None


def _mismatched(theirs: dict[str, Any], mine: dict[str, Any], keys: bool, profile: Profile) -> bool:
    """What the profile compares is known on both sides and unequal."""
    if profile.postal_code_only:
        codes = [(side.get("postal_code") or "")[:5] for side in (theirs, mine)]
        return _known_and_unequal(*codes)
    return _place_differs(theirs, mine) or (
        keys and _known_and_unequal(theirs.get("address_key"), mine.get("address_key"))
    )


def tracked_before_paid(world: World, parcel: Life, o: Member) -> list[Warning]:
    """The first record (or first `picked_up`, by profile) among those whose time is exact is
    earlier than base - tolerance; base known and exact."""
    if o.known is None or o.known.paid_at_estimated:
        return []
    base = o.known.paid_at if o.profile.paid_first_payment else o.base
    first = parcel.first(
        lambda f: not f.estimated and (f.status == "picked_up" or not o.profile.paid_pickup_only)
    )
    if base is None or first is None or first >= base - o.profile.paid_tolerance:
        return []
    return _check_member(world, "tracked_before_paid", parcel, o, max(o.t, first), o.end)


def recalled(world: World, parcel: Life, o: Member) -> list[Warning]:
    """The earliest `returning`, `returned` or carrier's `cancelled`, with no `delivered` before it,
    nor the order's `refund_requested_at` at or before it."""
    back = parcel.first(lambda f: f.status in ("returning", "returned", "cancelled"))
    if back is None:
        return []
    asked = o.known.refund_requested_at if o.known is not None else None
    # Reading: "before" and "after" it are by time alone; at its own time is neither.
    delivered = [f.at for f in parcel.records if f.status == "delivered"]
    if any(at < back for at in delivered) or (asked is not None and asked <= back):
        return []
    e = earliest(o.end, *(at for at in delivered if at > back))
    return _check_member(world, "recalled", parcel, o, max(o.t, back), e)


def reshipped_while_late(world: World, parcel: Life, o: Member) -> list[Warning]:
    """t > promise, another number uploaded before and still there, and no progress by then."""
    if o.base is None or o.order is None:
        return []
    promise = o.order.promise
    if promise is None or o.t <= promise:
        return []
    if READING.promise_before_base_is_none and promise <= o.base:
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
        f.is_progress and o.base - o.profile.tolerance <= f.at < o.t
        for p, _ in before
        for f in p.records
    )
    if not another or moved:
        return []
    return _check_member(world, "reshipped_while_late", parcel, o, o.t, o.end)


def repeated_track(world: World, parcel: Life) -> list[Warning]:
    """Equal status, location and description (as sent) at three or more counted times."""
    groups: dict[str, set[datetime]] = defaultdict(set)
    for f in parcel.records:
        if f.status in REPEATABLE and f.location is not None:
            groups[canonical({"s": f.status, "l": f.location, "d": f.description})].add(f.at)
    thirds = [counted[2] for times in groups.values() if len(counted := _counted(times)) >= 3]
    if not thirds:
        return []
    return _check_parcel(world, "repeated_track", parcel, max(parcel.t, min(thirds)))


def _counted(times: Iterable[datetime]) -> list[datetime]:
    """The first, then each at least 10 min after the last counted."""
    counted: list[datetime] = []
    for at in sorted(times):
        if not counted or at - counted[-1] >= APART:
            counted.append(at)
    return counted


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
    pickup_overdue, inactive_after_pickup, transit_stalled, delivery_overdue,
    malformed_tracking_number, repeated_track,
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
