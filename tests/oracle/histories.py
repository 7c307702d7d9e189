"""Random histories, dense in the traps that the contract's *Exact semantics* has to survive.

`random_history(seed)` is the same for ever for one seed.  `shuffled` brings the same messages in
another order, `bad_lines` are lines that are no messages.  Nothing here knows how a warning is
judged, except that deadlines found by the oracle serve to place `until` exactly on a boundary.

Kept out on purpose, because the contract does not say what they mean: two order versions with
equal `updated_at` of which only one has a `recipient`; the same fact sent with two platforms;
a `region_code` where the page shows none; places and platforms in other spellings than the
alias table's.
"""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
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
    # province names, city names, region codes of districts in it
    (("广东省", "广东"), ("深圳市", "深圳"), ("440305", "440303")),
    (("广东省", "广东"), ("广州市", "广州"), ("440106",)),
    (("上海市", "上海"), ("上海市", "上海"), ("310115",)),
    (("内蒙古自治区", "内蒙古", "内蒙"), ("呼和浩特市", "呼和浩特"), ("150102",)),
    (("浙江省", "浙江"), ("杭州市", "杭州"), ("330106",)),
    (("北京市", "北京"), ("北京市", "北京"), ("110105",)),
    (("河北省", "河北"), ("廊坊市", "廊坊"), ("131002",)),
    (("云南省", "云南"), ("昆明市", "昆明"), ("530102",)),
]
STARTS = (
    datetime(2026, 4, 8, 16, tzinfo=UTC),  # 2026-04-09 00:00 in China: the Tmall profile
    datetime(2026, 7, 8, 16, tzinfo=UTC),  # 2026-07-09 00:00 in China: the Douyin profile
    datetime(2026, 8, 20, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
)
PLATFORMS = ("douyin",) * 9 + ("tmall",) * 6 + ("brief",) * 3 + ("pinduoduo",) * 2
CARRIERS = ("zto", "yto", "sf", "jd")
ALL_STATUSES = sorted(brute_force.STATUSES)
UPDATES = (
    "hub", "hub", "hub", "in_transit", "in_transit", "arrived_dest_city", "out_for_delivery",
    "ready_for_pickup", "delivered", "attempt_failed", "exception", "customs", "returning",
    "returned", "cancelled", "unknown", "ordered", "picked_up",
)  # fmt: skip


@dataclass
class History:
    """Message values in order of arrival, and the time at which they are judged."""

    orders: list[Message]
    tracking: list[Message]
    until: datetime
    seed: int = 0

    def write(self, folder: Any) -> None:
        """`orders.jsonl`, `tracking.jsonl` and `until.txt` in `folder` (a Path)."""
        for name in ("orders", "tracking"):
            lines = [json.dumps(m, ensure_ascii=False) + "\n" for m in getattr(self, name)]
            (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / "until.txt").write_text(self.until.isoformat() + "\n")


@dataclass
class _Sent:
    """A message on its way: its value, its own times, and when it arrives."""

    kind: str
    value: Message
    key: tuple[str, ...]
    at: datetime  # occurred_at or updated_at: decides what is late
    newest: datetime  # the newest of its times that may not lie more than 24 h ahead
    arrival: datetime


@dataclass
class _Builder:
    rng: random.Random
    start: datetime
    sent: list[_Sent] = field(default_factory=list)
    serial: int = 0
    said_by: dict[tuple[str, datetime], tuple[str | None, str | None]] = field(default_factory=dict)
    tied: set[str] = field(default_factory=set)  # orders with two versions of one `updated_at`
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
        if self.chance(0.75):
            return number
        wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in number)
        return self.pick(number.lower(), f" {number} ", f"{number[:4]} {number[4:]}", wide,
                         f"{number[:3]}\t{number[3:]}\u3000")  # fmt: skip

    # ---- people and places

    def place(self, index: int) -> Message:
        provinces, cities, codes = PLACES[index % len(PLACES)]
        form = self.rng.randrange(6)
        place: Message = {"province": self.pick(*provinces), "city": self.pick(*cities)}
        if form == 0:
            del place["city"]
        elif form == 1:
            del place["province"]
        elif form == 2:
            place["region_code"] = self.pick(*codes)
        elif form == 3:
            place = {"region_code": self.pick(*codes), "province": None, "district": "某区"}
        return place

    def plain_place(self, index: int) -> Message:
        """Without `region_code`, where the page shows none."""
        provinces, cities, _ = PLACES[index % len(PLACES)]
        place: Message = {"province": self.pick(*provinces), "city": self.pick(*cities)}
        if self.chance(0.25):
            place[self.pick("province", "city")] = None
        return place

    def recipient(self, person: int) -> Message | None:
        """A person in one of the ways in which he is known; `person` 0–7."""
        if self.chance(0.06):
            return None
        known = self.place(person + (self.rng.randrange(16) == 0))
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
        known = self.plain_place(person)
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
        person = self.rng.randrange(8) if person is None else person
        value: Message = {
            "schema_version": 1,
            "order_id": self.new_id(),
            "shop_id": f"s{self.rng.randrange(3)}",
            "platform": platform or self.pick(*PLATFORMS),
            "paid_at": paid,
            "updated_at": paid + self.pick(0 * US, timedelta(seconds=5), US),
            "amount_paid": self.rng.randrange(100, 99999),
            "currency": "CNY",
            "delivery_method": "express",
            "recipient": self.recipient(person),
            "ship_from": self.plain_place(self.rng.randrange(8)),
            "state": "paid",
            **self.promise(paid),
            **fields,
        }
        if self.chance(0.15):
            del value["ship_from"]
        if self.chance(0.2):
            value["items"] = [{"product_id": "p1", "sku_id": "k1", "quantity": 1}]
        if self.chance(0.2):
            value["presale"] = self.pick("none", "full", None)
        if self.chance(0.2):
            value["final_paid_at"] = None
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
        times = [value["paid_at"], value.get("updated_at"), value.get("final_paid_at")]
        newest = max(t for t in times if t is not None)
        at = value.get("updated_at") or value["paid_at"]
        arrival = newest + (self.delay() if delay is None else delay)
        if self.chance(0.04):
            arrival -= self.span(0 * US, 20 * HOUR)  # a producer's clock runs ahead
        key = ("order", value["order_id"])
        self.sent.append(_Sent("orders", copy.deepcopy(value), key, at, newest, arrival))

    def version(self, value: Message, at: datetime, **changes: Any) -> Message:
        """A later version; also sent, in whatever order they arrive."""
        new = {**copy.deepcopy(value), "updated_at": at, **changes}
        self.send_order(new)
        return new

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
            said = (self.pick(None, *PLATFORMS), self.pick(None, "s1", "s2"))
            # Messages of one number and one time say the same, so that no tie decides.
            value["platform"], value["shop_id"] = self.said_by.setdefault((bare, at), said)
        elif self.chance(0.1):
            value["order_ids"] = self.pick(None, [])
        if status not in ("ordered", "cancelled") and self.chance(0.8):
            value["location"] = self.place(self.rng.randrange(8))
            if self.chance(0.4):
                value["location"]["site"] = "中转部"
        if self.chance(0.3):
            value["description"] = self.pick("已揽收", "已到达", "已发出", None)
        if self.chance(0.3):
            value["raw_status"] = self.pick("103", "1", None)
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
                    **self.plain_place(self.rng.randrange(8)),
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
    person = b.rng.randrange(8)
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
    first = b.order(person=b.rng.randrange(8), paid=early - b.span(0 * US, DAY))
    second = b.order(person=b.rng.randrange(8), paid=late - b.span(0 * US, DAY))
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
    """Two versions of one `updated_at`: the greater canonical JSON is the order as known."""
    order = b.order()
    b.tied.add(order["order_id"])
    at = order["paid_at"] + b.span(HOUR, 2 * DAY)
    person = b.rng.randrange(8)
    for change in b.rng.sample(
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
        ],
        b.pick(2, 3),
    ):
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
    method = b.pick("self_delivery", "self_pickup", "virtual")
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
    person = b.rng.randrange(8)
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
            {"platform": b.pick("douyin", "tmall", "brief", "kuaishou")},
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
    place = b.place(b.rng.randrange(8))
    again = b.chance(0.5)
    for status in (
        "picked_up",
        "hub",
        "hub",
        "hub",
        b.pick("in_transit", "returning"),
        "delivered",
    ):
        at += b.pick(0 * US, HOUR, b.span(HOUR, 9 * HOUR))
        where = place if again else b.place(b.rng.randrange(8))
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
    person = b.rng.randrange(8)
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
    person = b.rng.randrange(8)
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
        where = b.place(b.rng.randrange(8))
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
    at, place = t + b.span(-8 * HOUR, 8 * HOUR), b.place(b.rng.randrange(8))
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
    order = b.order(person=b.rng.randrange(8), ship_from=b.plain_place(b.rng.randrange(8)))
    number = b.new_number()
    at = order["paid_at"] + b.span(HOUR, 10 * HOUR)
    b.upload(number, [order["order_id"]], at)
    b.track(number, "picked_up", at + HOUR, location=b.place(b.rng.randrange(8)))
    at += b.span(HOUR, 5 * HOUR)
    b.track(number, b.pick("hub", "hub", "in_transit"), at)
    for _ in range(b.rng.randrange(3)):
        at += b.near(48 * HOUR, 72 * HOUR, 120 * HOUR, 96 * HOUR, 168 * HOUR, 36 * HOUR, 60 * HOUR)
        b.track(number, b.pick("hub", "in_transit", "exception", "customs", "unknown"), at)
    if b.chance(0.5):
        at += b.near(48 * HOUR, 72 * HOUR, 120 * HOUR, 36 * HOUR, 108 * HOUR)
        b.track(number, b.pick("out_for_delivery", "delivered", "returning", "cancelled"), at)
    _end(b, number, [order], at)


SCENARIOS: tuple[Callable[[_Builder], None], ...] = (
    _plain, _plain, _alone, _ship_boundary, _pickup_boundary, _pickup_boundary, _combined,
    _combined, _split, _corrected, _corrected, _relinked, _relinked, _reused, _reused,
    _former_life, _former_life, _unknown_order, _named_by_records, _closed, _closed,
    _tied_versions, _deposit, _not_express, _moved, _changed_payment, _odd_tracks,
    _crowd, _crowd, _reshipped, _reshipped, _reshipped, _labels, _labels, _clones, _clones,
    _round_trip, _round_trip, _standing_still, _standing_still,
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
            elif value.get("location") is not None:
                value["location"] = _by_name(value["location"])


def _by_name(place: Message) -> Message:
    for provinces, cities, codes in PLACES:
        if place.get("region_code") in codes:
            return {"province": provinces[0], "city": cities[0]}
    return {name: place[name] for name in ("province", "city") if name in place}


def _repeat(b: _Builder) -> None:
    """Some messages come again: as they were, with unknown fields, null for absent, respelled."""
    for sent in b.rng.sample(b.sent, len(b.sent) // 6):
        again = copy.deepcopy(sent)
        again.arrival += b.pick(0 * US, US, b.span(0 * US, 6 * HOUR), b.span(0 * US, 4 * DAY))
        if b.chance(0.4):
            again.value["buyer_note"] = {"text": "…", "n": b.rng.randrange(9)}
        if b.chance(0.4):
            for name in ("description", "raw_status", "recipient", "source", "closed_reason",
                         "promised_ship_by", "final_paid_at"):  # fmt: skip
                if again.value.get(name) is None:
                    again.value[name] = None
        if b.chance(0.3):
            again.value = {k: v for k, v in again.value.items() if v is not None}
        b.sent.append(again)


def _spell(b: _Builder, sent: _Sent) -> Message:
    """The message as it goes over the wire."""
    value = dict(sent.value)
    # Canonical JSON is over what was sent: two versions of one time get one spelling of times.
    fixed = value.get("order_id") in b.tied
    for name, at in value.items():
        if isinstance(at, datetime):
            value[name] = at.astimezone(CHINA).isoformat() if fixed else b.text(at)
    if sent.kind == "tracking":
        if b.chance(0.15):
            value["carrier"] = b.pick(value["carrier"].upper(), f" {value['carrier']}\t")
        value["tracking_number"] = b.spelled(value["tracking_number"])
        ids = value.get("order_ids")
        if ids and b.chance(0.15):  # a set, whatever the order and the repeats
            value["order_ids"] = [*ids[::-1], ids[0]]
        if ids and b.chance(0.1) and all(i[0] != "0" for i in ids):
            value["order_ids"] = [int(i) for i in ids]
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


def _by_arrival(messages: list[tuple[datetime, Message]]) -> list[Message]:
    return [m for _, m in sorted(messages, key=lambda pair: pair[0])]


def random_history(
    seed: int, *, scenarios: int | None = None, ahead: bool = True, late: bool = False
) -> History:
    """A random history; the same seed gives the same.

    `scenarios`: how many situations are mixed (default 14–30: a few dozen orders and parcels).
    `ahead`: a few facts of up to 24 h after `until` have arrived.  `late`: some facts arrive
    more than the retention after newer ones of their key (they count for nothing, and shuffling
    such a history may change what holds: outside the law).
    """
    rng = random.Random(seed)
    b = _Builder(rng, start=rng.choice(STARTS) + rng.randrange(24) * HOUR)
    for _ in range(scenarios or rng.randrange(14, 31)):
        rng.choice(SCENARIOS)(b)
    _level(b)
    _repeat(b)
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
    made = [(s.kind, s.arrival, _spell(b, s)) for s in kept]
    return History(
        orders=_by_arrival([(at, m) for kind, at, m in made if kind == "orders"]),
        tracking=_by_arrival([(at, m) for kind, at, m in made if kind == "tracking"]),
        until=until,
        seed=seed,
    )


def _choose_until(b: _Builder) -> datetime:
    """Somewhere in the later days, often exactly on, or a microsecond beside, a boundary."""
    low, high = b.start + 2 * DAY, b.start + 12 * DAY
    if b.chance(0.3):
        return low + b.span(0 * US, high - low)
    last = max(s.arrival for s in b.sent) + 10 * DAY
    snapshot = {"orders": [], "tracking": []}  # type: dict[str, list[Message]]
    for s in b.sent:
        value = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in s.value.items()}
        snapshot[s.kind].append({**value, "received_at": s.arrival.isoformat()})
    marks = set()
    for w in brute_force.evaluate(snapshot["orders"], snapshot["tracking"], last):
        for name in ("opened_at", "deadline", "resolved_at"):
            if w[name] is not None:
                marks.add(datetime.fromisoformat(w[name]))
    marks = {m for m in marks if low <= m <= high}
    if not marks:
        return low + b.span(0 * US, high - low)
    return b.rng.choice(sorted(marks)) + b.pick(0 * US, 0 * US, US, -US)


def _arrival(kind: str, value: Message) -> datetime:
    names = ("received_at", "updated_at", "paid_at") if kind == "orders" else (
        "received_at", "occurred_at")  # fmt: skip
    return datetime.fromisoformat(next(value[n] for n in names if value.get(n) is not None))


def shuffled(history: History, seed: int, *, max_delay: timedelta | None = None) -> History:
    """The same messages in another order of arrival, some of them twice.

    All arrive by `until` (those that came later still do), none of their times lies more than
    24 h after the arrival, and none is late.  `max_delay` bounds the time from a message's own
    newest time to its arrival (default: up to `until`).
    """
    rng = random.Random(f"{history.seed}/{seed}")
    sent: list[_Sent] = []
    unmoved: list[_Sent] = []
    for kind, messages in (("orders", history.orders), ("tracking", history.tracking)):
        for value in messages:
            arrival = _arrival(kind, value)
            names = ("paid_at", "updated_at", "final_paid_at", "occurred_at")
            times = {n: datetime.fromisoformat(value[n]) for n in names if value.get(n)}
            newest = max(times.values())
            key: tuple[str, ...]
            if kind == "orders":
                at, key = (
                    times.get("updated_at", times["paid_at"]),
                    ("order", str(value["order_id"])),
                )
            else:
                at = times["occurred_at"]
                carrier = brute_force.normal_carrier(value["carrier"])
                key = ("parcel", carrier, brute_force.normal_number(value["tracking_number"]))
            copies = 2 if rng.random() < 0.15 else 1
            for _ in range(copies):
                s = _Sent(kind, value, key, at, newest, arrival)
                (sent if arrival <= history.until else unmoved).append(s)
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
    return History(
        orders=_by_arrival([(at, m) for kind, at, m in made if kind == "orders"]),
        tracking=_by_arrival([(at, m) for kind, at, m in made if kind == "tracking"]),
        until=history.until,
        seed=history.seed,
    )


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
        ("order", {"state": "refunded"}, "unknown_value"),
        ("order", {"delivery_method": "drone"}, "unknown_value"),
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
