"""Random histories, dense in the traps that the contract's *Exact semantics* has to survive.

`random_history(seed)` is the same for ever for one seed.  `shuffled` brings the same messages in
another order, `bad_lines` are lines that are no messages.  Nothing here knows how a warning is
judged, except that deadlines found by the oracle serve to place `until` exactly on a boundary.

Kept out on purpose: names of places that two places share, and spellings that the contract's text
does not promise of an alias table.
"""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from oracle import brute_force

US = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHINA = timezone(timedelta(hours=8))
ZONES = (CHINA, CHINA, CHINA, UTC, timezone(-timedelta(hours=5)), timezone(timedelta(hours=5.5)))

Message = dict[str, Any]

PLACES = [
    # names of the province and of the city, the official one first; codes of districts in it
    (
        ("广东省", "广东", "廣東省", "Guangdong", "GD", "cn-gd", " 广东 省\u200b"),
        ("深圳市", "深圳", "Shenzhen", "\ufeff深圳市"),
        ("440305", "440303"),
    ),
    (
        ("广东省", "广东", "CN-GD", "guang dong"),
        ("广州市", "广州", "廣州市", "GUANGZHOU"),
        ("440106",),
    ),
    (("上海市", "上海", "SH", "Shanghai"), ("上海市", "上海", "shanghai"), ("310115", "310230")),
    (
        ("内蒙古自治区", "内蒙古", "内蒙", "內蒙古自治區", "CN-NM"),
        ("呼和浩特市", "呼和浩特"),
        ("150102",),
    ),
    (("浙江省", "浙江", "Zhejiang", "ZJ"), ("杭州市", "杭州", "杭州 市", "Hangzhou"), ("330106",)),
    (("北京市", "北京", "Beijing", "bj"), ("北京市", "北京", "beijing"), ("110105", "110228")),
    (("河北省", "河北", "Hebei", "CN-HE"), ("廊坊市", "廊坊", "Langfang"), ("131002",)),
    (("云南省", "云南", "雲南省", "yn"), ("昆明市", "昆明", "Kunming"), ("530102",)),
    # The first code is of the city today, the second of its county in an older edition.
    (
        ("安徽省", "安徽", "Anhui", "AH"),
        ("芜湖市", "芜湖", "蕪湖市", "wu hu"),
        ("340202", "341422"),
    ),
]
ABROAD: tuple[Message, ...] = (
    {"country": "US", "province": "California", "city": "San Jose", "postal_code": "95112-1234"},
    {"country": "US", "province": "广东省", "city": "深圳市", "region_code": "440305"},
    {"country": "HK", "province": "香港", "city": "深圳市"},
    {"country": "hk"},
    {"country": "TW", "province": "台湾", "city": "台北市"},
)
STARTS = (
    datetime(2026, 4, 8, 16, tzinfo=UTC),  # 2026-04-09 00:00 in China: the Tmall profile
    datetime(2026, 7, 8, 16, tzinfo=UTC),  # 2026-07-09 00:00 in China: the Douyin profile
    datetime(2026, 8, 20, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
)
#: What orders are of: platforms whose profiles are built in, and some without one.
PLATFORMS = ("douyin",) * 9 + ("tmall",) * 6 + ("brief",) * 3 + ("pinduoduo", "kuaishou", "")
#: The platforms that the contract has further profiles for.
FURTHER = ("taobao", "tmall-global-bonded", "tmall-global-direct", "douyin-instant", "tiktok-us")
CARRIERS = ("zto", "yto", "sf", "jtexpress")
SPELLINGS = {
    "zto": ("ZTO", "中通快递", "zhongtong", "\uff3a\uff34\uff2f"),
    "yto": ("YTO\t", "圆通速递", "yuantong"),
    "sf": (" SF", "顺丰速运", "shunfeng"),
    "jtexpress": ("JTExpress", "极兔速递", "极兔"),
    "douyin": ("抖音", "抖店", "DouYin"),
    "tmall": ("天猫", "Tmall", "\uff34\uff2d\uff21\uff2c\uff2c"),
    "taobao": ("淘宝", "TaoBao\u200b"),
}
ALL_STATUSES = sorted(brute_force.STATUSES)
UPDATES = (
    "hub", "hub", "hub", "in_transit", "in_transit", "arrived_dest_city", "out_for_delivery",
    "ready_for_pickup", "delivered", "attempt_failed", "exception", "customs", "returning",
    "returned", "cancelled", "unknown", "ordered", "picked_up", "handed_over",
)  # fmt: skip


@dataclass
class History:
    """Message values in order of arrival, and the time at which they are judged.

    `tombstones` are lines of the orders' file: key, null, the record's timestamp, `received_at`.
    """

    orders: list[Message]
    tracking: list[Message]
    until: datetime
    seed: int = 0
    tombstones: list[Message] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """`orders.jsonl`, `tracking.jsonl` and `until.txt` in `folder`."""
        files = {"orders": [*self.orders, *self.tombstones], "tracking": self.tracking}
        for name, messages in files.items():
            lines = [json.dumps(m, ensure_ascii=False) + "\n" for m in messages]
            (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / "until.txt").write_text(self.until.isoformat() + "\n")


def judged(history: History, rules: Iterable[str] | None = None) -> list[Message]:
    """What the brute-force evaluation says of a history, tombstones and all."""
    gone = [
        (m["key"], *(datetime.fromisoformat(m[name]) for name in ("timestamp", "received_at")))
        for m in history.tombstones
    ]
    return brute_force.evaluate(
        history.orders, history.tracking, history.until, rules, tombstones=gone
    )


@dataclass
class _Sent:
    """A message on its way: its value, its own times, and when it arrives."""

    kind: str  # "orders", "tracking" or "tombstones"
    value: Message
    key: tuple[str, ...]
    at: datetime  # occurred_at or updated_at: decides what is late
    newest: datetime  # the newest of its times that may not lie more than 24 h ahead
    arrival: datetime


@dataclass
class _Builder:
    rng: random.Random
    start: datetime
    platforms: tuple[str, ...] = PLATFORMS
    plain: bool = False
    sent: list[_Sent] = field(default_factory=list)
    serial: int = 0
    said_by: dict[tuple[str, datetime], tuple[str | None, str | None]] = field(default_factory=dict)
    numbers: list[tuple[str, str]] = field(default_factory=list)

    # ---- small choices

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def pick(self, *options: Any) -> Any:
        return self.rng.choice(options)

    def span(self, low: timedelta, high: timedelta) -> timedelta:
        return low + (high - low) // 1_000_000 * self.rng.randrange(1_000_001)

    def moment(self) -> datetime:
        """Somewhere in the main eight days; now and then a whole hour."""
        at = self.start + self.span(-2 * DAY, 6 * DAY)
        return at.replace(minute=0, second=0, microsecond=0) if self.chance(0.3) else at

    def near(self, *limits: timedelta) -> timedelta:
        """One of the limits, often exactly, else a microsecond beside it."""
        return self.pick(*limits) + self.pick(-US, 0 * US, 0 * US, US)

    def delay(self) -> timedelta:
        """Between happening and arrival: mostly minutes, sometimes days."""
        return self.pick(
            0 * US,
            self.span(0 * US, 30 * MINUTE),
            self.span(0 * US, 30 * MINUTE),
            self.span(0 * US, 8 * HOUR),
            self.span(0 * US, 6 * DAY),
        )

    def text(self, at: datetime) -> str:
        """The instant in any offset, with Z or without a fraction where it has none."""
        written = at.astimezone(self.pick(*ZONES)).isoformat()
        return written.replace("+00:00", "Z") if self.chance(0.5) else written

    def new_id(self) -> str:
        self.serial += 1
        return self.pick("49", "5", "0") + f"{self.serial:04d}"

    def new_number(self) -> tuple[str, str]:
        """A carrier and a number in normalised spelling."""
        if self.numbers and self.chance(0.08):  # the same digits with another carrier
            old_carrier, old = self.rng.choice(self.numbers)
            other = [c for c in CARRIERS if (c, old) not in self.numbers and c != old_carrier]
            if other:
                self.numbers.append((self.rng.choice(other), old))
                return self.numbers[-1]
        carrier = self.rng.choice(CARRIERS)
        digits = f"{self.rng.randrange(10**12):012d}"
        made = self.pick(f"YT{digits}", f"78{digits}", f"SF{digits}", f"JD00{digits}-1-2")
        if self.chance(0.05):
            made = self.pick(f"TEST{digits}", "1234567890123", f"A{self.serial}", "000000000",
                             f"X#{digits}", "9" * 36, "1-2-3-4-5-6-7-8-9-0")  # fmt: skip
        if (carrier, made) in self.numbers:
            made = f"YT{digits}"
        self.numbers.append((carrier, made))
        return carrier, made

    def spelled(self, number: str) -> str:
        if self.plain or self.chance(0.7):
            return number
        wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in number)
        return self.pick(number.lower(), f" {number} ", f"{number[:4]} {number[4:]}", wide,
                         f"{number[:3]}\t{number[3:]}\u3000", f'="{number}"', f"'{number}",
                         f"`{number[:5]}\u200b{number[5:]}")  # fmt: skip

    def spelled_id(self, text: str) -> Any:
        """An order's or a shop's id as some producer writes it."""
        if self.plain or self.chance(0.85):
            return text
        if text.isdigit() and text[0] != "0" and self.chance(0.3):
            return int(text)
        wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in text)
        return self.pick(f'="{text}"', f"'{text}", f"`{text}", f"{text}\t", f" {text}\u200b", wide)

    def spelled_name(self, name: str) -> str:
        """A carrier or a platform under one of its names."""
        if self.plain or self.chance(0.8):
            return name
        return self.pick(*SPELLINGS.get(name, (name,)))

    # ---- people and places

    def place(self, index: int) -> Message:
        """One of the places in one of its spellings; now and then one abroad, or unknown."""
        provinces, cities, codes = PLACES[index % len(PLACES)]
        if self.plain:
            full = {"province": provinces[0], "city": cities[0]}
            return self.pick(full, {**full, "city": None}, {"region_code": codes[0]})
        if self.chance(0.03):
            return dict(self.pick(*ABROAD))
        form = self.rng.randrange(11)
        place: Message = {"province": self.pick(*provinces), "city": self.pick(*cities)}
        if form == 0:
            del place["city"]
        elif form == 1:
            place["province"] = self.pick(None, "", "某省")
        elif form == 2:
            place["region_code"] = self.pick(*codes, int(codes[0]))
        elif form == 3:
            place = {"region_code": self.pick(*codes), "province": None, "district": "某区"}
        elif form == 4:
            place["region_code"] = f"{codes[0][:2]}0000"
            place["province"] = self.pick(None, "上海市")
        elif form == 5:
            place["region_code"] = self.pick("999999", "", "44030", None)
        elif form == 6:
            place["country"] = self.pick("CN", "cn", "", None)
        return place

    def recipient(self, person: int) -> Message | None:
        """A person in one of the ways in which he is known; `person` 0–8."""
        if self.chance(0.06):
            return None
        known = self.place(person + (self.rng.randrange(16) == 0))
        if self.chance(0.03):
            known = {name: self.pick(None, "") for name in ("province", "city", "address_key")}
        if self.chance(0.65):
            known["address_key"] = f"a{person}"
        if self.chance(0.65):
            known["person_key"] = f"p{person}"
        if self.chance(0.1):
            known["address_key"] = None
        if self.chance(0.08):
            known = {k: v for k, v in known.items() if k.endswith("_key")}
            known.setdefault("person_key", f"p{person}")
        return known

    def label(self, person: int) -> Message:
        """A person as a track says him."""
        known = self.place(person)
        if self.chance(0.5):
            known["address_key"] = self.pick(None, f"a{person}", f"a{person}")
        return known

    # ---- messages

    def order(
        self,
        *,
        person: int | None = None,
        paid: datetime | None = None,
        platform: str | None = None,
        send: bool = True,
        **fields: Any,
    ) -> Message:
        """A new order's first version; times in it are datetimes, spelled when sent."""
        paid = paid or self.moment()
        person = self.rng.randrange(9) if person is None else person
        value: Message = {
            "schema_version": 1,
            "order_id": self.new_id(),
            "shop_id": f"s{self.rng.randrange(3)}",
            "platform": platform or self.pick(*self.platforms),
            "paid_at": paid,
            "updated_at": paid + self.pick(0 * US, timedelta(seconds=5), US),
            "amount_paid": self.rng.randrange(100, 99999),
            "currency": "CNY",
            "delivery_method": "express",
            "recipient": self.recipient(person),
            "ship_from": self.place(self.rng.randrange(9)),
            "state": "paid",
            **self.promise(paid),
            **fields,
        }
        if self.chance(0.15):
            del value["ship_from"]
        if self.chance(0.2):
            value["items"] = [{"product_id": "p1", "sku_id": "k1", "quantity": 1}]
        if self.chance(0.2):
            value["presale"] = self.pick("none", "full", None, "flash")
        if self.chance(0.2):
            value["final_paid_at"] = None
        if self.chance(0.12):
            value["paid_at_quality"] = self.pick("exact", "estimated", "estimated", "guess")
        if self.chance(0.12):
            value["via"] = self.pick(None, self.place(self.rng.randrange(9)))
        if self.chance(0.12):
            value["parcels_expected"] = self.pick(None, -1, 0, 1, 2, 2, 3)
        if self.chance(0.15):
            value["promised_delivery_by"] = paid + self.pick(
                -DAY, 0 * US, 3 * DAY, 5 * DAY, self.span(DAY, 9 * DAY)
            )
        if self.chance(0.05):
            value["refund_requested_at"] = paid + self.span(0 * US, 6 * DAY)
        value.update(fields)
        if send:
            self.send_order(value)
        return value

    def promise(self, base: datetime) -> Message:
        """`promised_ship_by` before, at, just after and well after the base, absent, no time."""
        if self.chance(0.25):
            return {}
        return {
            "promised_ship_by": self.pick(
                None,
                base - HOUR,
                base,
                base + US,
                base + 5 * US,
                base + 24 * HOUR,
                base + 48 * HOUR,
                base + 72 * HOUR,
                base + 7 * DAY,
                base + self.span(HOUR, 5 * DAY),
                datetime(1970, 1, 1, tzinfo=UTC),
            )
        }

    def send_order(self, value: Message, delay: timedelta | None = None) -> None:
        names = ("paid_at", "updated_at", "final_paid_at", "refund_requested_at")
        newest = max(t for n in names if (t := value.get(n)) is not None)
        at = value.get("updated_at") or value["paid_at"]
        arrival = newest + (self.delay() if delay is None else delay)
        if self.chance(0.04):
            arrival -= self.span(0 * US, 20 * HOUR)  # a producer's clock runs ahead
        key = ("order", value["order_id"])
        self.sent.append(_Sent("orders", copy.deepcopy(value), key, at, newest, arrival))

    def tombstone(self, order_id: str, at: datetime) -> None:
        """The record that deletes an order's key."""
        value = {"key": order_id, "value": None, "timestamp": at}
        key = ("order", order_id)
        self.sent.append(_Sent("tombstones", value, key, at, at, at + self.delay()))

    def version(self, value: Message, at: datetime, **changes: Any) -> Message:
        """A later version; also sent, in whatever order they arrive.

        Now and then it says only what has changed, and a closing is a tombstone.
        """
        new = {**copy.deepcopy(value), "updated_at": at, **changes}
        if changes.keys() == {"state"} and changes["state"] == "closed" and self.chance(0.15):
            self.tombstone(value["order_id"], at)
        elif self.chance(0.3):
            self.partial(value["order_id"], at, **changes)
        else:
            self.send_order(new)
        return new

    def partial(self, order_id: str, at: datetime, **stated: Any) -> None:
        """A version that says this and nothing else."""
        self.send_order({"order_id": order_id, "partial": True, "updated_at": at, **stated})

    def upload(
        self, number: tuple[str, str], order_ids: list[str], at: datetime, **more: Any
    ) -> None:
        self.track(number, "ordered", at, order_ids=order_ids, **more)

    def release(self, number: tuple[str, str], order_ids: list[str], at: datetime) -> None:
        self.track(number, "cancelled", at, order_ids=order_ids)

    def track(
        self,
        number: tuple[str, str],
        status: str,
        at: datetime,
        order_ids: list[str] | None = None,
        delay: timedelta | None = None,
        **fields: Any,
    ) -> None:
        """One tracking message about `number`."""
        carrier, bare = number
        value: Message = {
            "carrier": carrier,
            "tracking_number": bare,
            "status": status,
            "occurred_at": at,
        }
        if order_ids is not None:
            value["order_ids"] = list(order_ids)
            said = (self.pick(None, *self.platforms), self.pick(None, "s1", "s2"))
            # Messages of one number and one time say the same, so that no tie decides.
            value["platform"], value["shop_id"] = self.said_by.setdefault((bare, at), said)
        elif self.chance(0.1):
            value["order_ids"] = self.pick(None, [])
        if status not in ("ordered", "cancelled") and self.chance(0.8):
            value["location"] = self.place(self.rng.randrange(9))
            if self.chance(0.4):
                value["location"]["site"] = "中转部"
        if self.chance(0.3):
            value["description"] = self.pick("已揽收", "已到达", "已发出", None)
        if self.chance(0.3):
            value["raw_status"] = self.pick("103", "1", 1, None)
        if self.chance(0.04):
            value["time_quality"] = self.pick("exact", "estimated", "estimated", "rough")
        if status == "handed_over" and self.chance(0.7):
            value["next"] = {"carrier": self.pick(*CARRIERS), "tracking_number": "EA123456785CN"}
        value.update(fields)
        arrival = at + (self.delay() if delay is None else delay)
        if self.chance(0.04) and delay is None:
            arrival -= self.span(0 * US, 20 * HOUR)
        key = ("parcel", carrier, bare)
        self.sent.append(_Sent("tracking", value, key, at, at, arrival))

    def journey(
        self, number: tuple[str, str], t: datetime, order_ids: list[str] | None = None
    ) -> None:
        """Records after an upload at *t*, with gaps on and beside the limits."""
        if self.chance(0.15):
            return
        named = order_ids if order_ids is not None and self.chance(0.25) else None
        picked = t + self.pick(
            self.span(-2 * HOUR, 20 * HOUR),
            self.span(0 * US, 60 * HOUR),
            self.near(24 * HOUR, 48 * HOUR, 18 * HOUR, 0 * US),
        )
        at = picked
        if self.chance(0.85):
            self.track(number, "picked_up", at, order_ids=named)
        if self.chance(0.1):
            self.track(number, "picked_up", at + self.pick(0 * US, US, HOUR), order_ids=named)
        for _ in range(self.rng.randrange(6)):
            at += self.pick(
                0 * US,
                self.span(0 * US, 24 * HOUR),
                self.span(0 * US, 24 * HOUR),
                self.near(24 * HOUR, 48 * HOUR, 72 * HOUR, 18 * HOUR, 120 * HOUR, 36 * HOUR),
            )
            status = self.rng.choice(UPDATES)
            extra: Message = {}
            if self.chance(0.08):
                extra["recipient"] = {
                    **self.place(self.rng.randrange(9)),
                    "address_key": self.pick(None, "a1", "a2"),
                }
            # `cancelled` with order_ids would be a release, `ordered` an upload: not meant here.
            plain = status in ("cancelled", "ordered") or self.chance(0.3)
            self.track(number, status, at, order_ids=None if plain else named, **extra)
        if self.chance(0.35):
            at += self.span(HOUR, 30 * HOUR)
            self.track(number, self.pick("delivered", "out_for_delivery"), at)


# ---------------------------------------------------------------------------------- scenarios


def _plain(b: _Builder) -> None:
    """One order, one parcel."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"] + b.pick(b.span(-HOUR, 40 * HOUR), b.near(0 * US, 48 * HOUR))
    b.upload(number, [order["order_id"]], t)
    b.journey(number, t, [order["order_id"]])


def _alone(b: _Builder) -> None:
    """An order that never ships; or whose number nobody uploaded."""
    order = b.order()
    if b.chance(0.3):
        number = b.new_number()
        b.journey(number, order["paid_at"] + HOUR)


def _ship_boundary(b: _Builder) -> None:
    """Progress exactly on the promise, its lead, the tolerance before the base."""
    paid = b.moment()
    limit = b.pick(
        24 * HOUR, 48 * HOUR, 72 * HOUR, 7 * DAY, 5 * US, timedelta(seconds=7, microseconds=3)
    )
    order = b.order(paid=paid, promised_ship_by=paid + limit)
    number = b.new_number()
    lead = min(limit // 4, 12 * HOUR)
    b.upload(number, [order["order_id"]], paid + b.pick(0 * US, HOUR, -HOUR))
    for _ in range(b.pick(1, 1, 2)):
        at = paid + b.near(limit, limit - lead, -5 * MINUTE, 0 * US)
        b.track(number, b.pick("picked_up", "hub", "customs", "exception", "attempt_failed"), at)


def _pickup_boundary(b: _Builder) -> None:
    """Pickup and the next record exactly on limits and leads."""
    order = b.order(platform=b.pick("douyin", "tmall", "brief"))
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 10 * HOUR)
    b.upload(number, [order["order_id"]], t)
    picked = t + b.near(18 * HOUR, 24 * HOUR, 48 * HOUR, 0 * US)
    b.track(number, "picked_up", picked)
    if b.chance(0.8):
        after = picked + b.near(18 * HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR, 0 * US)
        b.track(number, b.pick(*UPDATES), after)


def _combined(b: _Builder) -> None:
    """Several orders share a number: of one person mostly, at one time or at several."""
    person = b.rng.randrange(9)
    paid = b.moment()
    orders = [
        b.order(
            person=person if b.chance(0.6) else None,
            paid=paid + b.pick(0 * US, b.span(0 * US, 12 * HOUR)),
            platform=b.pick(None, "douyin", "brief"),
        )
        for _ in range(b.pick(2, 2, 3))
    ]
    ids = [o["order_id"] for o in orders]
    number = b.new_number()
    t = paid + b.span(0 * US, 20 * HOUR)
    if b.chance(0.4):
        b.upload(number, ids, t)
    else:
        for order_id in ids:
            b.upload(number, [order_id], t + b.pick(0 * US, 0 * US, US, b.span(0 * US, 2 * DAY)))
    if b.chance(0.4):
        b.release(number, [b.pick(*ids)], t + b.pick(0 * US, US, b.span(0 * US, 3 * DAY)))
    if b.chance(0.2):
        b.release(number, ids, t + b.span(DAY, 4 * DAY))
    b.journey(number, t, ids[:1])


def _split(b: _Builder) -> None:
    """One order, several numbers; some are reshipments, some released."""
    order = b.order()
    for _ in range(b.pick(2, 2, 3)):
        number = b.new_number()
        t = order["paid_at"] + b.pick(b.span(0 * US, 12 * HOUR), b.span(0 * US, 5 * DAY))
        b.upload(number, [order["order_id"]], t)
        if b.chance(0.25):
            b.release(number, [order["order_id"]], t + b.span(0 * US, 2 * DAY))
        if b.chance(0.7):
            b.journey(number, t, [order["order_id"]])


def _corrected(b: _Builder) -> None:
    """A number typed on the wrong order, released, given to the right one around that time."""
    first, second = b.order(), b.order()
    number = b.new_number()
    t = first["paid_at"] + b.span(0 * US, 10 * HOUR)
    released = t + b.pick(0 * US, US, b.span(0 * US, 2 * DAY))
    b.upload(number, [first["order_id"]], t)
    b.upload(
        number, [second["order_id"]], released + b.pick(-US, 0 * US, US, -HOUR, HOUR, 30 * HOUR)
    )
    b.release(number, [first["order_id"]], released)
    if b.chance(0.3):
        b.upload(number, [first["order_id"]], released + b.pick(0 * US, US, HOUR, 20 * HOUR))
    b.journey(number, released, [second["order_id"]])


def _relinked(b: _Builder) -> None:
    """Uploads and releases of one order in every order of times, some of them equal."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"]
    for _ in range(b.rng.randrange(2, 7)):
        t += b.pick(0 * US, 0 * US, US, b.span(0 * US, 20 * HOUR))
        (b.upload if b.chance(0.6) else b.release)(number, [order["order_id"]], t)
    if b.chance(0.5):
        other = b.order(paid=order["paid_at"])
        b.upload(number, [other["order_id"]], t + b.pick(-HOUR, 0 * US, US, HOUR))
    b.journey(number, t, [order["order_id"]])


def _reused(b: _Builder) -> None:
    """Two recipients of one number, exactly a window apart, one life or two."""
    late = b.moment()
    gap = b.pick(b.near(30 * DAY), b.near(30 * DAY), 31 * DAY, b.span(2 * DAY, 29 * DAY), 45 * DAY)
    early = late - gap
    first = b.order(person=b.rng.randrange(9), paid=early - b.span(0 * US, DAY))
    second = b.order(person=b.rng.randrange(9), paid=late - b.span(0 * US, DAY))
    number = b.new_number()
    b.upload(number, [first["order_id"]], early)
    b.upload(number, [second["order_id"]], late)
    if b.chance(0.5):  # a fact between them makes one life of two, perhaps only days later
        b.track(number, b.pick(*ALL_STATUSES), early + gap // b.pick(2, 3), delay=b.pick(
            0 * US, gap // 2 + DAY, gap // 2 + 3 * DAY))  # fmt: skip
    if b.chance(0.25):
        b.release(
            number, [first["order_id"]], early + b.pick(US, gap // 2, gap - US, gap, gap + US)
        )
    if b.chance(0.25):
        b.version(first, early + b.pick(HOUR, gap - US, gap, gap + US), state="closed")
    b.journey(number, late, [second["order_id"]])


def _former_life(b: _Builder) -> None:
    """Old scans of a recycled number, with and without orders, the gap at and beside 30 d."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 10 * HOUR)
    last = t - b.pick(
        b.near(30 * DAY), 31 * DAY, b.span(31 * DAY, 60 * DAY), b.span(20 * DAY, 30 * DAY)
    )
    old = last - b.span(HOUR, 3 * DAY)
    if b.chance(0.5):
        earlier = b.order(paid=old - HOUR) if b.chance(0.7) else None
        old_id = earlier["order_id"] if earlier else b.new_id()
        b.upload(number, [old_id], old - b.pick(0 * US, HOUR))
    b.track(number, "picked_up", old)
    if b.chance(0.6):
        b.track(
            number, b.pick("hub", "in_transit", "delivered", "exception"), old + (last - old) / 2
        )
    b.track(number, b.pick("delivered", "hub", "returned", "unknown"), last)
    if b.chance(0.3):  # it bridges both, and arrives when the new life has begun
        between = last + (t - last) / 2
        b.track(
            number,
            b.pick("unknown", "exception", "hub"),
            between,
            delay=t - between + b.span(0 * US, 4 * DAY),
        )
    b.upload(number, [order["order_id"]], t)
    b.journey(number, t, [order["order_id"]])


def _unknown_order(b: _Builder) -> None:
    """Orders never heard of, or heard of days after their parcel."""
    number = b.new_number()
    t = b.moment()
    ids = [b.new_id() for _ in range(b.pick(1, 1, 2))]
    for order_id in ids:
        b.upload(number, [order_id], t)
        if b.chance(0.4):
            b.upload(number, [order_id], t + b.pick(0 * US, US, 5 * HOUR))
        t += b.pick(0 * US, US, DAY)
    if b.chance(0.6):
        order = b.order(paid=t - b.span(0 * US, 2 * DAY), send=False, order_id=b.pick(*ids))
        b.send_order(order, delay=b.span(DAY, 6 * DAY))
    b.journey(number, t, ids)


def _named_by_records(b: _Builder) -> None:
    """No upload: the records themselves name orders; a release may, and then they do not link."""
    orders = [b.order() for _ in range(b.pick(1, 2))]
    ids = [o["order_id"] for o in orders]
    number = b.new_number()
    at = orders[0]["paid_at"] + b.span(0 * US, 2 * DAY)
    for status in b.pick(
        ("picked_up", "hub"),
        ("unknown", "picked_up"),
        ("unknown",),
        ("exception", "delivered"),
        ("picked_up", "in_transit", "hub"),
    ):
        b.track(number, status, at, order_ids=b.pick(ids, ids[:1], ids[::-1]))
        at += b.pick(0 * US, b.span(0 * US, 30 * HOUR), b.near(24 * HOUR))
    if b.chance(0.25):
        b.release(number, ids[:1], at - b.pick(0 * US, DAY, 3 * DAY))
    if b.chance(0.25):
        b.upload(number, ids[-1:], at - b.pick(0 * US, DAY))


def _closed(b: _Builder) -> None:
    """Closed, reopened, closed again; versions out of order, some of one time."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 10 * HOUR)
    if b.chance(0.8):
        b.upload(number, [order["order_id"]], t)
        b.journey(number, t, [order["order_id"]])
    at = order["paid_at"]
    for _ in range(b.rng.randrange(1, 5)):
        at += b.pick(US, b.near(24 * HOUR, 48 * HOUR, 36 * HOUR), b.span(0 * US, 2 * DAY))
        closed = b.chance(0.65)
        reason = {"closed_reason": "refunded"} if closed and b.chance(0.5) else {}
        b.version(order, at, state="closed" if closed else "paid", **reason)
    if b.chance(0.4):
        b.version(order, t + b.pick(-US, 0 * US, US), state="closed")


def _tied_versions(b: _Builder) -> None:
    """Two versions of one `updated_at`, full ones and partial ones."""
    order = b.order()
    at = order["paid_at"] + b.span(HOUR, 2 * DAY)
    person = b.rng.randrange(9)
    changes = b.rng.sample(
        [
            {"state": "closed"},
            {"state": "paid"},
            {"delivery_method": "self_pickup"},
            {"delivery_method": "virtual"},
            {"amount_paid": 77},
            {"promised_ship_by": order["paid_at"] + b.pick(30, 60) * HOUR},
            {"recipient": {**(order["recipient"] or {}), "address_key": f"a{person}"}},
            {"closed_reason": "refunded"},
            {"shop_id": "s9"},
            {"parcels_expected": 2},
            {"refund_requested_at": at},
        ],
        b.pick(2, 3),
    )
    if b.chance(0.5):
        changes += [{"state": "closed"}, {"amount_paid": b.rng.randrange(100)}]
    for change in changes:
        if "recipient" in change and order["recipient"] is None:
            continue
        b.version(order, at, **change)
    if b.chance(0.7):
        number = b.new_number()
        t = at + b.pick(-US, 0 * US, US, -HOUR, HOUR)
        b.upload(number, [order["order_id"]], t)
        if b.chance(0.6):
            other = b.order(paid=order["paid_at"])
            b.upload(number, [other["order_id"]], t + b.pick(0 * US, HOUR))
        b.journey(number, t)


def _deposit(b: _Builder) -> None:
    """A deposit presale: the final payment unknown, later known, perhaps corrected."""
    order = b.order(presale="deposit", final_paid_at=None)
    paid = order["paid_at"]
    final = paid + b.pick(b.span(0 * US, 3 * DAY), b.near(48 * HOUR))
    if b.chance(0.75):
        b.version(order, final + b.pick(0 * US, HOUR), final_paid_at=final, **b.promise(final))
    if b.chance(0.15):
        b.version(order, final + DAY, final_paid_at=final + HOUR)
    if b.chance(0.1):
        b.version(order, final + 2 * DAY, presale="none")
    if b.chance(0.8):
        number = b.new_number()
        t = final + b.pick(-30 * HOUR, -5 * MINUTE, b.span(-DAY, DAY))
        b.upload(number, [order["order_id"]], t)
        if b.chance(0.5):
            b.track(number, "picked_up", final + b.near(-5 * MINUTE, 0 * US, 36 * HOUR, 48 * HOUR))
        b.journey(number, t)


def _not_express(b: _Builder) -> None:
    """An order that is not judged, alone or among others, at first or by a later version."""
    method = b.pick("self_delivery", "self_pickup", "virtual", "drone", "Express")
    always = b.chance(0.5)
    order = b.order(delivery_method=method if always else "express")
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 5 * HOUR)
    b.upload(number, [order["order_id"]], t)
    if b.chance(0.6):
        b.version(
            order,
            t + b.span(0 * US, 3 * DAY),
            delivery_method=b.pick("express", None) if always else method,
        )
    if b.chance(0.6):
        other = b.order(paid=order["paid_at"])
        b.upload(number, [other["order_id"]], t + b.pick(0 * US, US, HOUR, -HOUR))
        if b.chance(0.3):
            b.release(number, [other["order_id"]], t + DAY)
    b.journey(number, t)


def _moved(b: _Builder) -> None:
    """The buyer's address changes before, at and after the upload."""
    person = b.rng.randrange(9)
    first = b.order(person=person)
    second = b.order(person=person, paid=first["paid_at"])
    number = b.new_number()
    t = first["paid_at"] + b.span(HOUR, 20 * HOUR)
    b.upload(number, [first["order_id"]], t)
    b.upload(number, [second["order_id"]], t + b.pick(0 * US, 5 * HOUR))
    for order in (first, second):
        if b.chance(0.6):
            b.version(
                order, t + b.pick(-US, 0 * US, US, HOUR, -HOUR), recipient=b.recipient(person + 1)
            )
    b.journey(number, t, [first["order_id"]])


def _changed_payment(b: _Builder) -> None:
    """A later version says another `paid_at`, `platform` or promise: anchors and profiles move."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"] + b.span(HOUR, 20 * HOUR)
    b.upload(number, [order["order_id"]], t)
    b.version(
        order,
        t + b.span(0 * US, 2 * DAY),
        **b.pick(
            {"paid_at": order["paid_at"] - b.span(0 * US, DAY)},
            {"platform": b.pick(*b.platforms, "kuaishou")},
            b.promise(order["paid_at"]),
        ),
    )
    b.journey(number, t)


def _crowd(b: _Builder) -> None:
    """Several strangers on one number, released one after the other, some closed."""
    start = b.moment()
    orders = [b.order(paid=start - b.span(0 * US, DAY)) for _ in range(b.pick(3, 4))]
    number = b.new_number()
    t = start
    for order in orders:
        b.upload(number, [order["order_id"]], t)
        if b.chance(0.6):
            b.release(
                number, [order["order_id"]], t + b.pick(0 * US, 2 * DAY, b.span(DAY, 5 * DAY))
            )
        if b.chance(0.2):
            b.version(order, t + b.pick(HOUR, b.span(0 * US, 4 * DAY)), state="closed")
        t += b.pick(0 * US, US, b.span(0 * US, 20 * HOUR))
    b.journey(number, t)


def _odd_tracks(b: _Builder) -> None:
    """For the checks of the track: the same node again and again, a copied track, a way back."""
    first, second = b.order(), b.order()
    one, two = b.new_number(), b.new_number()
    t = first["paid_at"] + b.span(0 * US, 10 * HOUR)
    b.upload(one, [first["order_id"]], t)
    b.upload(two, [second["order_id"]], t + b.pick(0 * US, HOUR, 40 * HOUR))
    at = t
    place = b.place(b.rng.randrange(9))
    again = b.chance(0.5)
    for status in (
        "picked_up",
        "hub",
        "hub",
        "hub",
        b.pick("in_transit", "returning", "handed_over"),
        "delivered",
    ):
        at += b.pick(0 * US, HOUR, b.span(HOUR, 9 * HOUR))
        where = place if again else b.place(b.rng.randrange(9))
        for number in (one, two):
            if number == one or b.chance(0.9):
                b.track(number, status, at, location=where, description="已到达", raw_status=None)
    if b.chance(0.3):
        b.track(one, b.pick("returned", "cancelled", "delivered"), at + b.pick(-HOUR, 0 * US, HOUR))


def _reshipped(b: _Builder) -> None:
    """Several numbers of one order, uploaded before, at and after its promise."""
    order = b.order(platform=b.pick("douyin", "douyin", "douyin", "tmall"), promised_ship_by=None)
    promise = order["paid_at"] + 48 * HOUR
    if b.chance(0.5):
        promise = order["paid_at"] + b.pick(24 * HOUR, b.span(-HOUR, 60 * HOUR))
        b.version(order, order["updated_at"] + US, promised_ship_by=promise)
    ids = [order["order_id"]]
    first, t = b.new_number(), order["paid_at"] + b.span(0 * US, 40 * HOUR)
    b.upload(first, ids, t)
    again = promise + b.pick(b.near(0 * US), b.span(0 * US, 3 * DAY), b.span(0 * US, 3 * DAY))
    numbers = [b.new_number() for _ in range(b.pick(1, 1, 2))]
    for number in numbers:
        b.upload(number, ids, again)
        if b.chance(0.25):
            b.release(number, ids, again + b.pick(0 * US, US, DAY))
        again += b.pick(0 * US, US, 20 * HOUR)
    if b.chance(0.35):
        moved = b.pick(order["paid_at"] + b.near(-5 * MINUTE), again + b.near(0 * US), t + HOUR)
        b.track(b.pick(first, numbers[0]), b.pick("picked_up", "hub", "exception"), moved)
    if b.chance(0.3):
        b.release(first, ids, b.pick(again + b.near(0 * US), t + HOUR, again + DAY))
    if b.chance(0.2):  # another order takes one of the numbers over, or had it all the time
        other = b.order(paid=order["paid_at"])
        b.upload(numbers[0], [other["order_id"]], again + b.pick(-DAY, 0 * US, HOUR))
        if b.chance(0.6):
            b.release(numbers[0], ids, again + b.pick(HOUR, 2 * HOUR))
            if b.chance(0.5):
                b.release(numbers[0], [other["order_id"]], again + 2 * HOUR)
    if b.chance(0.25):
        b.version(order, again + b.pick(0 * US, US, DAY), state="closed")
    if b.chance(0.5):
        b.journey(numbers[-1], again, ids)


def _labels(b: _Builder) -> None:
    """Tracks and uploads that say for whom the parcel is: of all its orders or of some."""
    person = b.rng.randrange(9)
    orders = [b.order(person=person + n) for n in range(b.pick(1, 1, 2))]
    ids = [o["order_id"] for o in orders]
    number = b.new_number()
    t = max(o["paid_at"] for o in orders) + b.span(0 * US, 10 * HOUR)
    for order_id in ids:
        said = {"recipient": b.label(person)} if b.chance(0.3) else {}
        b.upload(number, [order_id], t + b.pick(0 * US, HOUR), **said)
    at = t
    for status in ("picked_up", "hub", "unknown", "out_for_delivery", "delivered"):
        at += b.pick(0 * US, HOUR, b.span(HOUR, 20 * HOUR))
        more: Message = {}
        if b.chance(0.35):
            more["recipient"] = b.pick(b.label(person + b.pick(0, 0, 1)), {"city": None})
        if b.chance(0.7):
            more["location"] = b.place(person)
        b.track(number, status, at, order_ids=b.pick(None, None, None, ids[:1], ids), **more)
    if b.chance(0.15):
        b.track(number, b.pick("returning", "returned"), at + HOUR)
    _end(b, number, orders, at)


def _end(b: _Builder, number: tuple[str, str], orders: list[Message], at: datetime) -> None:
    """Some of the orders end around a time, by release or by closing."""
    for order in orders:
        when = at + b.pick(b.near(0 * US), -HOUR, HOUR, b.span(0 * US, 2 * DAY))
        if b.chance(0.25):
            b.release(number, [order["order_id"]], when)
        elif b.chance(0.25):
            b.version(order, when, state="closed")


def _clones(b: _Builder) -> None:
    """Two or three strangers' parcels with one delivered track, or nearly one."""
    person = b.rng.randrange(9)
    platform = b.pick("douyin", "douyin", "tmall", "brief")
    orders = [b.order(person=person + n, platform=platform) for n in range(b.pick(2, 2, 3))]
    numbers = [b.new_number() for _ in orders]
    t = max(o["paid_at"] for o in orders) + b.span(0 * US, 10 * HOUR)
    for order, number in zip(orders, numbers, strict=True):
        if b.chance(0.92):
            b.upload(number, [order["order_id"]], t + b.pick(0 * US, HOUR, b.span(HOUR, 4 * DAY)))
    at = t
    for status in b.pick(
        ("picked_up", "hub", "in_transit", "delivered"),
        ("picked_up", "hub", "hub", "out_for_delivery", "delivered", "attempt_failed"),
        ("hub", "arrived_dest_city", "delivered"),
    ):
        at += b.pick(0 * US, HOUR, b.span(HOUR, 9 * HOUR))
        where = b.place(b.rng.randrange(9))
        for number in numbers:
            if b.chance(0.97):
                b.track(number, status, at, location=where, description=None, raw_status=None)
    for order, number in zip(orders, numbers, strict=True):
        _end(b, number, [order], at)


def _round_trip(b: _Builder) -> None:
    """A node again and again, a way back, a delivery before, at and after it."""
    orders = [b.order() for _ in range(b.pick(1, 1, 2))]
    ids = [o["order_id"] for o in orders]
    number = b.new_number()
    t = max(o["paid_at"] for o in orders) + b.span(-2 * HOUR, 10 * HOUR)
    b.upload(number, ids, t)
    at, place = t + b.span(-8 * HOUR, 8 * HOUR), b.place(b.rng.randrange(9))
    again = b.pick("picked_up", "hub", "in_transit", "arrived_dest_city", "exception")
    for _ in range(b.rng.randrange(2, 6)):
        b.track(
            number, again, at, location=place, description="已到达", raw_status=b.pick(None, "1")
        )
        at += b.pick(0 * US, US, HOUR, b.span(HOUR, 30 * HOUR))
    if b.chance(0.6):
        b.track(number, b.pick("returning", "returned", "cancelled"), at)
        for _ in range(b.pick(0, 1, 2)):
            b.track(number, "delivered", at + b.pick(b.near(0 * US), HOUR, 2 * DAY))
    _end(b, number, orders, at)


def _standing_still(b: _Builder) -> None:
    """A journey on a known lane whose gaps lie on and beside the limits."""
    order = b.order(person=b.rng.randrange(9), ship_from=b.place(b.rng.randrange(9)))
    number = b.new_number()
    at = order["paid_at"] + b.span(HOUR, 10 * HOUR)
    b.upload(number, [order["order_id"]], at)
    b.track(number, "picked_up", at + HOUR, location=b.place(b.rng.randrange(9)))
    at += b.span(HOUR, 5 * HOUR)
    b.track(number, b.pick("hub", "hub", "in_transit"), at)
    for _ in range(b.rng.randrange(3)):
        at += b.near(48 * HOUR, 72 * HOUR, 120 * HOUR, 96 * HOUR, 168 * HOUR, 36 * HOUR, 60 * HOUR)
        b.track(number, b.pick("hub", "in_transit", "exception", "customs", "unknown"), at)
    if b.chance(0.5):
        at += b.near(48 * HOUR, 72 * HOUR, 120 * HOUR, 36 * HOUR, 108 * HOUR)
        b.track(number, b.pick("out_for_delivery", "delivered", "returning", "cancelled"), at)
    _end(b, number, [order], at)


def _partials(b: _Builder) -> None:
    """Versions that say little: before the first full one, after it, at its time, or alone."""
    person = b.rng.randrange(9)
    order = b.order(person=person, send=False)
    ids, paid = [order["order_id"]], order["paid_at"]
    if b.chance(0.75):
        b.send_order(order)
    t = paid + b.span(0 * US, 20 * HOUR)
    number = b.new_number()
    for _ in range(b.rng.randrange(1, 6)):
        at = b.pick(paid, order["updated_at"], t, t, t + HOUR, paid + 48 * HOUR) + b.pick(
            0 * US, 0 * US, US, -US, b.span(-10 * HOUR, 3 * DAY)
        )
        said = b.pick(
            {"state": "closed"},
            {"state": "closed", "closed_reason": "refunded"},
            {"state": b.pick("paid", None)},
            {"recipient": b.recipient(person + b.pick(0, 1))},
            {"recipient": b.pick(None, {"province": None}, {"note": "?"})},
            {"via": b.pick(None, b.place(b.rng.randrange(9)))},
            {"refund_requested_at": b.pick(None, at)},
            b.promise(paid),
            {"promised_delivery_by": b.pick(None, paid + 4 * DAY)},
            {"delivery_method": b.pick("express", "self_pickup", None)},
            {"parcels_expected": b.pick(1, 2, None)},
            {"paid_at": paid - HOUR},
            {"paid_at_quality": b.pick("estimated", "exact", None)},
            {"platform": b.pick(*b.platforms)},
            {"presale": "deposit", "final_paid_at": b.pick(None, at)},
        )
        b.partial(order["order_id"], at, **said)
    b.upload(number, ids, t)
    if b.chance(0.4):
        other = b.order(person=person + b.pick(0, 1), paid=paid)
        b.upload(number, [other["order_id"]], t + b.pick(0 * US, HOUR, -HOUR))
    b.journey(number, t, ids)


def _tombstones(b: _Builder) -> None:
    """A tombstone of an order, before its versions, between them, at their time, or alone."""
    order = b.order(send=b.chance(0.7))
    t = order["paid_at"] + b.span(0 * US, 20 * HOUR)
    for _ in range(b.pick(1, 1, 2)):
        b.tombstone(
            order["order_id"],
            b.pick(order["updated_at"], t + b.span(-10 * HOUR, 3 * DAY), t + DAY),
        )
    if b.chance(0.4):
        b.version(order, t + b.pick(DAY, b.span(0 * US, 3 * DAY)), state=b.pick("paid", "closed"))
    if b.chance(0.8):
        number = b.new_number()
        b.upload(number, [order["order_id"]], t)
        if b.chance(0.3):
            other = b.order(paid=order["paid_at"])
            b.upload(number, [other["order_id"]], t + b.pick(0 * US, HOUR))
        b.journey(number, t)


def _in_parts(b: _Builder) -> None:
    """An order of which several parcels are expected, picked up on and beside its promise."""
    paid = b.moment()
    limit = b.pick(24 * HOUR, 48 * HOUR)
    order = b.order(
        paid=paid, promised_ship_by=paid + limit, parcels_expected=b.pick(2, 2, 2, 3, 1, None)
    )
    for _ in range(b.pick(1, 2, 2, 3)):
        number = b.new_number()
        t = paid + b.span(0 * US, 10 * HOUR)
        b.upload(number, [order["order_id"]], t)
        if b.chance(0.85):
            at = paid + b.pick(b.near(limit, limit - limit // 4), b.span(0 * US, 3 * DAY))
            b.track(number, b.pick("picked_up", "hub", "handed_over", "exception"), at)
        if b.chance(0.1):
            b.release(number, [order["order_id"]], t + b.span(0 * US, 3 * DAY))
    if b.chance(0.2):
        b.partial(order["order_id"], paid + b.span(0 * US, 3 * DAY), parcels_expected=b.pick(1, 2))


def _to_be_received(b: _Builder) -> None:
    """A promise of delivery: before the upload, at it, and with an end on and beside it."""
    order = b.order(send=False)
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 10 * HOUR)
    limit = b.pick(0 * US, US, 7 * US, 24 * HOUR, 3 * DAY, -HOUR, b.span(HOUR, 6 * DAY))
    order["promised_delivery_by"] = t + limit
    b.send_order(order)
    b.upload(number, [order["order_id"]], t)
    if b.chance(0.7):
        b.track(number, "picked_up", t + b.span(0 * US, 20 * HOUR))
    if b.chance(0.75):
        lead = min(limit // 4, 12 * HOUR)
        ends = ("delivered", "ready_for_pickup", "returned", "out_for_delivery", "handed_over")
        b.track(number, b.pick(*ends), t + b.near(limit, limit - lead, limit + DAY))
    _end(b, number, [order], t + limit)


def _before_paid(b: _Builder) -> None:
    """Records before the payment, some of estimated times, the payment's own exact or not."""
    order = b.order(paid_at_quality=b.pick("exact", "exact", "exact", "estimated", None))
    number = b.new_number()
    paid = order["paid_at"]
    b.upload(number, [order["order_id"]], paid + b.pick(-HOUR, HOUR, 0 * US))
    for _ in range(b.pick(1, 2, 3)):
        at = paid + b.pick(b.near(-5 * MINUTE), -HOUR, b.span(-DAY, HOUR))
        quality = b.pick("estimated", "estimated", None, "exact", "rough")
        fields = {"location": b.place(b.rng.randrange(9)), "raw_status": "1", "description": None}
        status = b.pick("picked_up", "picked_up", "hub", "exception")
        b.track(number, status, at, time_quality=quality, **fields)
        if b.chance(0.3):  # the same fact, of which another source knows better
            b.track(number, status, at, time_quality=b.pick("estimated", None), **fields)
    b.journey(number, paid + HOUR, [order["order_id"]])


def _sent_back(b: _Builder) -> None:
    """On its way back; then delivered: to the sender, to the buyer, to a warehouse between."""
    person = b.rng.randrange(9)
    order = b.order(person=person, via=b.pick(None, b.place(person + 3)))
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 10 * HOUR)
    b.upload(number, [order["order_id"]], t)
    at = t
    if b.chance(0.7):
        at += b.span(HOUR, 20 * HOUR)
        b.track(number, "picked_up", at)
        at += b.span(HOUR, 20 * HOUR)
        b.track(number, "hub", at)
    at += b.span(HOUR, 60 * HOUR)
    if b.chance(0.4):
        asked = at + b.pick(b.near(0 * US), -HOUR, HOUR, b.span(-3 * DAY, 3 * DAY))
        b.version(order, asked, refund_requested_at=asked)
    b.track(number, b.pick("returning", "returning", "returned", "cancelled"), at)
    for _ in range(b.pick(0, 1, 1, 2)):
        where = b.place(person + b.pick(0, 0, 3, 5))
        b.track(number, "delivered", at + b.pick(b.near(0 * US), HOUR, b.span(HOUR, 3 * DAY)),
                location=b.pick(where, where, where, None))  # fmt: skip
    if b.chance(0.2):
        b.version(order, at, recipient=b.recipient(person + 5))
    if b.chance(0.5):
        b.track(number, b.pick("hub", "out_for_delivery", "returned"), at + b.span(HOUR, 3 * DAY))
    _end(b, number, [order], at + b.pick(DAY, 3 * DAY))


def _handed_over(b: _Builder) -> None:
    """It goes on under another number, which may be linked as well."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"] + b.span(0 * US, 10 * HOUR)
    b.upload(number, [order["order_id"]], t)
    at = t + b.span(HOUR, 30 * HOUR)
    if b.chance(0.8):
        b.track(number, b.pick("picked_up", "hub"), at)
    at += b.pick(0 * US, b.near(24 * HOUR, 48 * HOUR, 72 * HOUR), b.span(HOUR, 4 * DAY))
    b.track(number, "handed_over", at)
    if b.chance(0.3):
        b.track(number, b.pick("hub", "delivered", "returning"), at + b.span(-HOUR, 2 * DAY))
    if b.chance(0.5):
        further = b.new_number()
        b.upload(further, [order["order_id"]], at)
        b.journey(further, at)


def _same_node(b: _Builder) -> None:
    """One node again and again: ten minutes apart, less, with a place and without."""
    order = b.order()
    number = b.new_number()
    t = order["paid_at"] + b.span(-2 * HOUR, 10 * HOUR)
    b.upload(number, [order["order_id"]], t)
    where = b.pick(
        b.place(b.rng.randrange(9)), {"site": "中转部"}, {"site": ""}, {"province": None}, {}, None,
        {"note": "?"},
    )  # fmt: skip
    at = t + b.span(-3 * HOUR, 3 * HOUR)
    status = b.pick("picked_up", "hub", "in_transit", "arrived_dest_city")
    words = b.pick("已到达", "", None)
    for _ in range(b.rng.randrange(3, 7)):
        b.track(number, status, at, location=where, description=words)
        at += b.pick(b.near(10 * MINUTE), b.near(5 * MINUTE), HOUR, 0 * US)
    _end(b, number, [order], at)


def _accepted(b: _Builder) -> None:
    """A label that names the buyer as he was, as he is later, a warehouse, or somebody else."""
    person = b.rng.randrange(9)
    order = b.order(person=person, via=b.pick(None, b.place(person + 3)))
    number = b.new_number()
    t = order["paid_at"] + b.span(HOUR, 20 * HOUR)
    b.upload(number, [order["order_id"]], t)
    for _ in range(b.pick(0, 1, 2)):
        at = t + b.pick(-US, 0 * US, US, HOUR, b.span(-HOUR, 3 * DAY))
        said = b.pick(
            {"recipient": b.recipient(person + 1)},
            {"recipient": b.pick(None, {"province": None})},
            {"via": b.pick(None, b.place(person + 3))},
        )
        b.partial(order["order_id"], at, **said)
    at = t + b.span(HOUR, 20 * HOUR)
    whose = person + b.pick(0, 1, 1, 3, 3, 4)
    if b.chance(0.5):
        label = b.pick(b.label(whose), b.place(whose))
        b.track(number, b.pick("picked_up", "unknown", "hub"), at, recipient=label)
    if b.chance(0.7):
        b.track(number, b.pick(*_ENDS), at + HOUR, location=b.place(whose))
    _end(b, number, [order], at)


Scenario = Callable[[_Builder], None]

SCENARIOS: tuple[Scenario, ...] = (
    _plain, _plain, _alone, _ship_boundary, _pickup_boundary, _pickup_boundary, _combined,
    _combined, _split, _corrected, _corrected, _relinked, _relinked, _reused, _reused,
    _former_life, _former_life, _unknown_order, _named_by_records, _closed, _closed,
    _tied_versions, _deposit, _not_express, _moved, _changed_payment, _odd_tracks,
    _crowd, _crowd, _reshipped, _reshipped, _reshipped, _labels, _labels, _clones, _clones,
    _round_trip, _round_trip, _standing_still, _standing_still,
)  # fmt: skip
#: What the second version of the contract brought: two fifths of a history.
NEWER: tuple[Scenario, ...] = (
    _partials, _partials, _partials, _tombstones, _tombstones, _in_parts, _in_parts,
    _to_be_received, _before_paid, _before_paid, _sent_back, _sent_back, _sent_back, _handed_over,
    _same_node, _same_node, _accepted, _accepted, _accepted, _tied_versions,
)  # fmt: skip


# ------------------------------------------------------------------------------------ sending


_ENDS = ("arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered")


def _level(b: _Builder) -> None:
    """Facts of one number and time, of which a rule takes the first or the newest, differ only in
    what a state keeps of them: no free text, places by their names (see the product's decision 4).
    """
    groups: dict[tuple[object, ...], list[Message]] = defaultdict(list)
    for s in b.sent:
        if s.kind == "tracking":
            status = s.value["status"]
            if s.value.get("order_ids"):
                groups["named", s.key, s.at].append(s.value)
            if s.value.get("recipient") is not None:
                groups["said", s.key, s.at].append(s.value)
            if status in ("picked_up", *_ENDS) and s.value.get("location") is not None:
                groups[status == "picked_up", s.key, s.at].append(s.value)
    for (kind, *_), values in groups.items():
        if len(values) < 2:
            continue
        for value in values:
            value.pop("description", None)
            if kind == "said":
                value.pop("raw_status", None)
                value.pop("location", None)
                keys = {k: v for k, v in value["recipient"].items() if k.endswith("_key")}
                value["recipient"] = {**_by_name(value["recipient"]), **keys}
            elif value.get("location") is not None:
                value["location"] = _by_name(value["location"])


def _by_name(place: Message) -> Message:
    """The place by the official names of what is known of it."""
    known = brute_force.place_of({k: str(v) for k, v in place.items() if v is not None})
    for provinces, cities, codes in PLACES:
        if (codes[0][:2], codes[0][:4]) == known:
            return {"province": provinces[0], "city": cities[0]}
    official = (names[0] for names, _, codes in PLACES if codes[0][:2] == known[0])
    return {"province": next(official)} if known[0] in {c[0][:2] for _, _, c in PLACES} else {}


def _repeat(b: _Builder) -> None:
    """Some messages come again: as they were, with unknown fields, null for absent, respelled."""
    for sent in b.rng.sample(b.sent, len(b.sent) // 6):
        again = copy.deepcopy(sent)
        again.arrival += b.pick(0 * US, US, b.span(0 * US, 6 * HOUR), b.span(0 * US, 4 * DAY))
        b.sent.append(again)
        if sent.kind == "tombstones":
            continue
        if b.chance(0.4):
            again.value["buyer_note"] = {"text": "…", "n": b.rng.randrange(9)}
        if again.value.get("partial"):
            continue  # null is stated, absent is not
        if b.chance(0.4):
            for name in ("description", "raw_status", "recipient", "source", "closed_reason",
                         "promised_ship_by", "final_paid_at", "via", "next"):  # fmt: skip
                if again.value.get(name) is None:
                    again.value[name] = None
        if b.chance(0.3):
            again.value = {k: v for k, v in again.value.items() if v is not None}
        if sent.kind == "tracking" and b.chance(0.3):  # what is no part of a fact's identity
            again.value.update(
                b.pick(
                    {"time_quality": b.pick("estimated", "exact", None)},
                    {"platform": b.pick(None, *b.platforms)},
                    {"shop_id": b.pick(None, "s1", "")},
                    {"source": "again"},
                )
            )


def _take_back(b: _Builder) -> None:
    """Some facts are taken back, before they come or after, and some of these are sent again."""
    facts = [s for s in b.sent if s.kind == "tracking"]
    for sent in b.rng.sample(facts, len(facts) // 25 + 1):
        void = copy.deepcopy(sent)
        void.value["voided"] = True
        for name in ("platform", "shop_id", "time_quality", "next"):
            if b.chance(0.3):
                void.value.pop(name, None)
        void.arrival = max(sent.at - 24 * HOUR, sent.arrival + b.span(-DAY, 4 * DAY))
        b.sent.append(void)
        if b.chance(0.3):
            again = copy.deepcopy(sent)
            again.arrival = max(again.arrival, void.arrival) + b.span(0 * US, DAY)
            b.sent.append(again)
        if b.chance(0.2):
            sent.value["voided"] = b.pick(False, None)


def _spoil(b: _Builder) -> None:
    """Some messages come again changed, as dead letters: what they say must change nothing."""
    for sent in b.rng.sample(b.sent, len(b.sent) // 20):
        if sent.kind == "tombstones":
            continue
        bad = copy.deepcopy(sent)
        bad.arrival += b.span(0 * US, 6 * HOUR)
        if sent.kind == "orders":
            bad.value["state"] = "closed"
            bad.value.update(
                b.pick(
                    {"parcels_expected": "2"},
                    {"parcels_expected": 2.0},
                    {"partial": 1},
                    {"amount_paid": True},
                    {"recipient": "广东省"},
                    {"recipient": {"province": 44}},
                    {"via": []},
                    {"state": "refunded"},
                    {"state": ""},
                    {"paid_at": None} if bad.value.get("partial") else {"platform": None},
                    {"shop_id": "'"},
                    {"shop_id": "4.92E+18"},
                    {"currency": 156},
                )
            )
        else:
            bad.at += 3 * HOUR
            bad.newest = bad.at
            bad.arrival += 3 * HOUR
            bad.value["occurred_at"] = bad.at
            bad.value.update(
                b.pick(
                    {"voided": 1},
                    {"status": "signed"},
                    {"order_ids": ["4.92E+18"]},
                    {"order_ids": "1"},
                    {"order_ids": [""]},
                    {"order_ids": ['=""']},
                    {"carrier": " "},
                    {"tracking_number": "'\t"},
                    {"location": {"city": 4403}},
                    {"description": 7},
                    {"raw_status": 1.0},
                    {"next": "EA123456785CN"},
                )
            )
        b.sent.append(bad)


def _spell(b: _Builder, sent: _Sent) -> Message:
    """The message as it goes over the wire."""
    value = dict(sent.value)
    for name, at in value.items():
        if isinstance(at, datetime):
            value[name] = b.text(at)
    for name, spelled in (
        ("key", lambda key: key if b.chance(0.8) else f"{key}\t"),
        ("order_id", b.spelled_id),
        ("shop_id", b.spelled_id),
        ("platform", b.spelled_name),
        ("carrier", b.spelled_name),
        ("tracking_number", b.spelled),
    ):
        if isinstance(value.get(name), str):
            value[name] = spelled(value[name])
    ids = value.get("order_ids")
    if isinstance(ids, list):
        if len(ids) > 1 and b.chance(0.15):  # a set, whatever the order and the repeats
            ids = [*ids[::-1], ids[0]]
        value["order_ids"] = [b.spelled_id(i) for i in ids]
    if sent.kind == "tombstones":
        return {**value, "received_at": b.text(sent.arrival)}
    default = sent.at if sent.kind == "tracking" or "updated_at" in value else None
    if sent.arrival != default or b.chance(0.5):
        value["received_at"] = b.text(sent.arrival)
    return value


def _settle(sent: list[_Sent]) -> None:
    """No fact arrives after one of its key that is more than the retention newer (none is late).

    A fact that much newer cannot itself arrive before `its time - 24 h`, so there is always room.
    """
    by_key: dict[tuple[str, ...], list[_Sent]] = defaultdict(list)
    for s in sent:
        by_key[s.key].append(s)
    for group in by_key.values():
        group.sort(key=lambda s: s.at, reverse=True)
        for index, s in enumerate(group):
            newer = [g.arrival for g in group[:index] if g.at - s.at > brute_force.RETENTION]
            if newer and s.arrival >= min(newer):
                s.arrival = min(newer) - US


def _delay_old(b: _Builder) -> None:
    """Half of the facts more than the retention older than their key's newest arrive after it."""
    for s in b.sent:
        newer = [o for o in b.sent if o.key == s.key and o.at - s.at > brute_force.RETENTION]
        if newer and b.chance(0.5):
            s.arrival = b.rng.choice(newer).arrival + b.pick(US, b.span(0 * US, DAY))


def random_history(
    seed: int,
    *,
    scenarios: int | None = None,
    ahead: bool = True,
    late: bool = False,
    platforms: tuple[str, ...] = PLATFORMS,
    level: bool = True,
    bad: bool = False,
    plain: bool = False,
) -> History:
    """A random history; the same seed gives the same.

    `scenarios`: how many situations are mixed (default 14–30: a few dozen orders and parcels).
    `ahead`: a few facts of up to 24 h after `until` have arrived.  `late`: some facts arrive
    more than the retention after newer ones of their key (they count for nothing, and shuffling
    such a history may change what holds: outside the law).  `platforms`: what orders are of.
    `level`: ties are levelled as `_level` says.  `bad`: some messages are dead letters.
    `plain`: ids, names and places are spelled as they are known, all other things happen.
    """
    rng = random.Random(seed)
    start = rng.choice(STARTS) + rng.randrange(24) * HOUR
    b = _Builder(rng, start=start, platforms=platforms, plain=plain)
    for _ in range(scenarios or rng.randrange(14, 31)):
        rng.choice(NEWER if rng.random() < 0.4 else SCENARIOS)(b)
    if level:
        _level(b)
    _repeat(b)
    _take_back(b)
    if bad:
        _spoil(b)
    if late:
        for _ in range(8):
            rng.choice((_reused, _former_life))(b)
        _delay_old(b)
    else:
        _settle(b.sent)

    until = _choose_until(b)
    if ahead:
        soon = [s for s in b.sent if s.arrival > until and s.newest <= until + 24 * HOUR]
        for sent in rng.sample(soon, len(soon) // 2):
            sent.arrival = max(sent.newest - 24 * HOUR, until - b.span(0 * US, 3 * HOUR))
        if not late:
            _settle(b.sent)
    # What arrives later does not count; a few such lines stay, to show that.
    kept = [s for s in b.sent if s.arrival <= until or b.chance(0.1)]
    return _history([(s.kind, s.arrival, _spell(b, s)) for s in kept], until, seed)


def _history(made: list[tuple[str, datetime, Message]], until: datetime, seed: int) -> History:
    orders, tracking, tombstones = (
        [m for _, m in sorted(((at, m) for k, at, m in made if k == kind), key=lambda p: p[0])]
        for kind in ("orders", "tracking", "tombstones")
    )
    return History(orders, tracking, until, seed, tombstones)


def _choose_until(b: _Builder) -> datetime:
    """Somewhere in the later days, often exactly on, or a microsecond beside, a boundary."""
    low, high = b.start + 2 * DAY, b.start + 12 * DAY
    if b.chance(0.3):
        return low + b.span(0 * US, high - low)
    last = max(s.arrival for s in b.sent) + 10 * DAY
    made = []
    for s in b.sent:
        value = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in s.value.items()}
        made.append((s.kind, s.arrival, {**value, "received_at": s.arrival.isoformat()}))
    marks = set()
    for w in judged(_history(made, last, 0)):
        for name in ("opened_at", "deadline", "resolved_at"):
            if w[name] is not None:
                marks.add(datetime.fromisoformat(w[name]))
    marks = {m for m in marks if low <= m <= high}
    if not marks:
        return low + b.span(0 * US, high - low)
    return b.rng.choice(sorted(marks)) + b.pick(0 * US, 0 * US, US, -US)


#: A message's own times that must not lie more than 24 h ahead of its arrival.
_OWN_TIMES = (
    "paid_at", "updated_at", "final_paid_at", "refund_requested_at", "occurred_at", "timestamp",
)  # fmt: skip


def _sent_of(kind: str, value: Message) -> _Sent:
    """A message as it was sent."""
    times = {n: datetime.fromisoformat(value[n]) for n in _OWN_TIMES if value.get(n)}
    key: tuple[str, ...]
    if kind == "tracking":
        at = times["occurred_at"]
        carrier = brute_force.normal_carrier(value["carrier"])
        key = ("parcel", carrier, brute_force.normal_number(value["tracking_number"]))
    else:
        at = times.get("timestamp") or times.get("updated_at") or times["paid_at"]
        key = ("order", brute_force.normal_id(value.get("order_id") or value.get("key")))
    arrival = datetime.fromisoformat(value["received_at"]) if value.get("received_at") else at
    return _Sent(kind, value, key, at, max(times.values()), arrival)


def shuffled(history: History, seed: int, *, max_delay: timedelta | None = None) -> History:
    """The same messages in another order of arrival, some of them twice.

    All arrive by `until` (those that came later still do), none of their times lies more than
    24 h after the arrival, and none is late.  `max_delay` bounds the time from a message's own
    newest time to its arrival (default: up to `until`).
    """
    rng = random.Random(f"{history.seed}/{seed}")
    sent: list[_Sent] = []
    unmoved: list[_Sent] = []
    for kind in ("orders", "tracking", "tombstones"):
        for value in getattr(history, kind):
            for _ in range(2 if rng.random() < 0.15 else 1):
                s = _sent_of(kind, value)
                (sent if s.arrival <= history.until else unmoved).append(s)
    for s in sent:
        low, high = s.newest - 24 * HOUR, history.until
        if max_delay is not None:
            high = min(high, max(s.newest + max_delay, low))
        s.arrival = low + (high - low) // 1_000_000 * rng.randrange(1_000_001)
        if rng.random() < 0.05:
            s.arrival = high
    _settle(sent)
    made = [
        (s.kind, s.arrival, {**s.value, "received_at": s.arrival.isoformat()})
        for s in sent + unmoved
    ]
    rng.shuffle(made)  # whatever order the lines of one arrival have
    return _history(made, history.until, history.seed)


def bad_lines(seed: int = 0) -> list[tuple[str, str, str]]:
    """Lines that are no messages: (`order` or `tracking`, the line, the reason to be given)."""
    b = _Builder(random.Random(seed), start=STARTS[2])
    at = b.moment()
    seen = {"received_at": (at + HOUR).isoformat()}
    order = {"order_id": "1", "shop_id": "s1", "platform": "douyin", "paid_at": at.isoformat()}
    order |= seen
    fact = {"carrier": "zto", "tracking_number": "78123456789012", "status": "hub"}
    fact |= {"occurred_at": at.isoformat()} | seen
    naive = at.replace(tzinfo=None).isoformat()
    future = (at + HOUR + 24 * HOUR + US).isoformat()
    changes: list[tuple[str, Message, str]] = [
        *(("order", {n: None}, "missing_field") for n in ("order_id", "shop_id", "platform")),
        *(("tracking", {n: None}, "missing_field") for n in ("carrier", "status", "occurred_at")),
        ("order", {"paid_at": naive}, "naive_time"),
        ("order", {"promised_ship_by": naive}, "naive_time"),
        ("tracking", {"occurred_at": naive}, "naive_time"),
        ("order", {"paid_at": "2014-12-31T23:59:59.999999Z"}, "implausible_time"),
        ("tracking", {"occurred_at": "1970-01-01T00:00:00Z"}, "implausible_time"),
        ("order", {"paid_at": future}, "time_in_future"),
        ("tracking", {"occurred_at": future}, "time_in_future"),
        ("order", {"amount_paid": "12.90"}, "wrong_type"),
        ("order", {"recipient": "广东省"}, "wrong_type"),
        ("order", {"paid_at": 1795341601}, "wrong_type"),
        ("order", {"order_id": True}, "wrong_type"),
        ("tracking", {"order_ids": "1"}, "wrong_type"),
        ("tracking", {"location": []}, "wrong_type"),
        ("order", {"parcels_expected": "2"}, "wrong_type"),
        ("order", {"parcels_expected": 2.0}, "wrong_type"),
        ("order", {"partial": 1}, "wrong_type"),
        ("order", {"order_id": 4.92e18}, "wrong_type"),
        ("order", {"recipient": {"province": 44}}, "wrong_type"),
        ("order", {"currency": 156}, "wrong_type"),
        ("tracking", {"voided": 1}, "wrong_type"),
        ("tracking", {"description": 7}, "wrong_type"),
        ("tracking", {"order_ids": [None]}, "wrong_type"),
        ("order", {"order_id": "4.92E+18"}, "damaged_id"),
        ("order", {"order_id": "'4e+9"}, "damaged_id"),
        ("order", {"shop_id": '="1.5e+12"'}, "damaged_id"),
        ("tracking", {"shop_id": "4.92E+18"}, "damaged_id"),
        ("tracking", {"order_ids": ["1", "4.92E+18"]}, "damaged_id"),
        ("order", {"order_id": "\u200b'"}, "missing_field"),
        ("order", {"shop_id": " "}, "missing_field"),
        ("tracking", {"carrier": "\t"}, "missing_field"),
        ("tracking", {"tracking_number": '=""'}, "missing_field"),
        ("tracking", {"order_ids": [""]}, "missing_field"),
        *(
            ("order", {"partial": True, "updated_at": at.isoformat(), n: None}, "missing_field")
            for n in ("order_id", "updated_at", "shop_id", "platform", "paid_at")
        ),
        ("order", {"partial": True, "updated_at": "1970-01-01T00:00:00Z"}, "implausible_time"),
        ("order", {"partial": True, "updated_at": future}, "time_in_future"),
        ("order", {"state": "refunded"}, "unknown_value"),
        ("order", {"state": ""}, "unknown_value"),
        ("tracking", {"status": "PICKED"}, "unknown_value"),
    ]
    made = [
        (kind, json.dumps({**(order if kind == "order" else fact), **change}), reason)
        for kind, change, reason in changes
    ]
    raw = [
        ("{", "not_json"),
        ("[]", "not_an_object"),
        ('"x"', "not_an_object"),
        ("1", "not_an_object"),
    ]
    return made + [(kind, line, reason) for kind in ("order", "tracking") for line, reason in raw]
