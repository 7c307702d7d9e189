"""Four rules over orders and parcels as a Quix Streams application: the work that a worker does.

Orders and parcels are two StreamingDataFrames with state in RocksDB and changelog topics. Each is
the concatenation of an input and of what the other one tells it, over a topic keyed anew: a parcel
tells each of its orders when it moved, an order tells its parcels when it was paid and closed and
who receives it; both only what is new. What they judge is what `shipsentry replay` says of the same
records (equal.py compares).

Quix Streams has no timers and its state can be read by the key of the record in hand alone: states
that wait for a deadline are in memory too, deadlines pass by event time, and those set before a
restart are lost. Settings are environment variables, as of baseline_quix.py.
"""

from __future__ import annotations

import bisect
import hashlib
import heapq
import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from quixstreams import Application, State, message_context
from quixstreams.models import Topic

HOUR = 3_600_000
DAY = 24 * HOUR
WINDOW = 30 * DAY
PROMISE = 48 * HOUR
LONGEST_LEAD = 12 * HOUR
TOLERANCE = 5 * 60_000
NEVER = math.inf
"""Milliseconds."""

PLATFORM = "douyin"
HUBS = frozenset(
    ("hub", "arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered",
     "attempt_failed")
)  # fmt: skip
PROGRESS = HUBS | {"picked_up", "in_transit", "customs", "handed_over"}
STOPS = frozenset(("delivered", "returning", "returned", "handed_over", "cancelled"))

Message = dict[str, Any]
Kept = dict[str, Any]


def millis(text: str) -> int:
    """A time with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


# -- judging -------------------------------------------------------------------------------


class Judgement:
    """What holds at one moment, by warning id, and the next moment that changes it."""

    def __init__(self, now: float) -> None:
        self._now = now
        self.warnings: dict[str, Message] = {}
        self.next = NEVER

    def _reached(self, moment: float) -> bool:
        if self._now >= moment:
            return True
        self.next = min(self.next, moment)
        return False

    def clock(
        self, rule: str, subject: str, start: int, deadline: int, end: float, serious: int = 0
    ) -> None:
        """A clock's warning; `end` is NEVER while the condition is unmet."""
        limit = deadline - start
        if limit <= 0:
            return
        opens = deadline - min(limit // 4, LONGEST_LEAD)
        if end > opens and self._reached(opens):
            self._clocked(rule, "violation", subject, start, opens, deadline, end)
        if serious and end > deadline and self._reached(deadline + 1):
            self._clocked(rule, "serious", subject, start, deadline, serious, end)

    def _clocked(
        self, rule: str, stage: str, subject: str, start: int, opens: int, due: int, end: float
    ) -> None:
        ended = end != NEVER
        late = end > due if ended else self._reached(due + 1)
        state = "resolved" if ended else "breached" if late else "open"
        self._add(
            rule, stage, subject, start, state, opens, due, due if late else None,
            end if ended else None,
        )  # fmt: skip

    def check(self, rule: str, subject: str, since: int, end: float) -> None:
        """A check that holds from `since` until `end`."""
        if end > since:
            ended = end != NEVER
            self._add(
                rule, "violation", subject, since, "resolved" if ended else "open", since, None,
                None, end if ended else None,
            )  # fmt: skip

    def _add(
        self,
        rule: str,
        stage: str,
        subject: str,
        anchor: int,
        state: str,
        opened: int,
        deadline: int | None,
        breached: int | None,
        resolved: float | None,
    ) -> None:
        at = datetime.fromtimestamp(anchor / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        text = f"{rule}|{stage}|{PLATFORM}|{subject}|{at}"
        warning_id = hashlib.sha256(text.encode()).hexdigest()[:32]
        self.warnings[warning_id] = {
            "warning_id": warning_id,
            "state": state,
            "rule": rule,
            "stage": stage,
            "subject": subject,
            "opened_at": opened,
            "deadline": deadline,
            "breached_at": breached,
            "resolved_at": resolved,
        }


def judge_order(order_id: str, order: Kept, judgement: Judgement) -> None:
    """Shipped by the promised time?"""
    if not order["known"]:
        return
    end = order["closed_at"] or NEVER
    since = order["paid_at"] - TOLERANCE
    for moved_at in order["parcels"].values():
        if moved_at >= since:
            end = min(end, moved_at)
    judgement.clock("ship_overdue", f"order:{order_id}", order["paid_at"], order["promised"], end)


def stretch(named: Kept) -> tuple[int, float] | None:
    """The last stretch in which an order was the parcel's: from the upload to the release."""
    uploads, releases = named["uploads"], named["releases"]
    if not uploads:
        return None
    ended = bisect.bisect_left(releases, uploads[-1])
    begun = uploads[bisect.bisect_right(uploads, releases[ended - 1])] if ended else uploads[0]
    after = bisect.bisect_left(releases, begun)
    return begun, releases[after] if after < len(releases) else NEVER


def judge_parcel(key: str, parcel: Kept, judgement: Judgement) -> None:
    """Picked up in time, scanned after it, of one recipient?"""
    ever = {}
    for order_id, named in parcel["orders"].items():
        found = stretch(named)
        if found is not None:
            ever[order_id] = (*found, min(found[1], named["closed_at"] or NEVER))
    if not ever:
        return
    last = max(released for _, released, _ in ever.values())
    # Those released last stand for the parcel where none is linked any more.
    own = {order_id: each for order_id, each in ever.items() if each[1] == last}
    start = min(each[0] for each in own.values())
    stop = min(parcel["stop"] or NEVER, max(each[2] for each in own.values()))
    moved = parcel["progress"][0] if parcel["progress"] else NEVER
    subject = f"parcel:{key}"
    judgement.clock(
        "pickup_overdue", subject, start, start + DAY, min(moved, stop), start + 2 * DAY
    )
    picked_up = parcel["picked_up"]
    if picked_up and stop >= picked_up:
        after = bisect.bisect_left(parcel["hubs"], picked_up)
        hub = parcel["hubs"][after] if after < len(parcel["hubs"]) else NEVER
        judgement.clock(
            "inactive_after_pickup", subject, picked_up, picked_up + DAY, min(hub, stop),
            picked_up + 2 * DAY,
        )  # fmt: skip
    for order_id, (begun, _, end) in own.items():
        until = used_before(order_id, begun, ever, parcel["orders"])
        if until > begun:
            judgement.check(
                "duplicate_tracking_number", f"{subject}:order:{order_id}", begun, min(until, end)
            )


def used_before(
    order_id: str, begun: int, ever: dict[str, tuple[int, float, float]], orders: Kept
) -> float:
    """When the last earlier use by another recipient was released; 0 where there is none."""
    until: float = 0
    for other, (since, released, end) in ever.items():
        if (
            (since, other) < (begun, order_id)
            and begun - since <= WINDOW
            and end > begun
            and different(orders[order_id]["recipient"], orders[other]["recipient"])
        ):
            until = max(until, released)
    return until


def different(one: Kept | None, other: Kept | None) -> bool:
    """Whether two recipients are known to differ."""
    if not one or not other:
        return False
    if one.get("address_key") and other.get("address_key"):
        return bool(one["address_key"] != other["address_key"])
    return any(
        one.get(name) and other.get(name) and one[name] != other[name]
        for name in ("province", "city")
    )


# -- keeping -------------------------------------------------------------------------------


class Waiting:
    """One partition's states that wait for a deadline, and how far its event time is."""

    def __init__(self) -> None:
        self.now: float = 0
        self._states: dict[str, Kept] = {}
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def published(self, key: str) -> Kept | None:
        """What was published of a state meanwhile, which its store does not know."""
        state = self._states.get(key)
        return state["published"] if state is not None else None

    def follow(self, key: str, state: Kept, due: float) -> None:
        """Wait until `due`, or for nothing."""
        if due == NEVER:
            self._states.pop(key, None)
            self._due.pop(key, None)
            return
        self._states[key] = state
        if self._due.get(key) != due:
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))

    def over(self) -> Iterator[tuple[str, Kept]]:
        """Take out those whose deadline has passed; they stay until they are visited."""
        while self._heap and self._heap[0][0] <= self.now:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                yield key, self._states[key]

    def again(self, key: str, due: float) -> None:
        """Wait for the next deadline of one that was taken out."""
        self._due[key] = due
        if due != NEVER:
            heapq.heappush(self._heap, (due, key))


Judge = Callable[[str, Kept, Judgement], None]


def revisions(key: str, state: Kept, now: float, judge: Judge) -> tuple[list[Message], float]:
    """What has changed in a state's warnings, and when they change next."""
    judgement = Judgement(now)
    judge(key, state, judgement)
    before, after = state["published"], judgement.warnings
    changed = [each for name, each in after.items() if before.get(name) != each]
    gone = [each | {"state": "withdrawn"} for name, each in before.items() if name not in after]
    state["published"] = after
    return changed + gone, judgement.next


class Keeper:
    """Takes messages into states of one kind and says what comes of them."""

    def __init__(
        self,
        take: Callable[[str, Message, Kept], list[Message] | None],
        judge: Judge,
        fresh: Callable[[], Kept],
    ) -> None:
        self._take = take
        self._judge = judge
        self._fresh = fresh
        self._waiting: defaultdict[int, Waiting] = defaultdict(Waiting)

    def __call__(
        self, message: Message, raw_key: bytes | str, timestamp: int, _headers: Any, state: State
    ) -> list[Message]:
        """Take a message in; what others are told, and the warnings that change."""
        key = raw_key.decode() if isinstance(raw_key, bytes) else raw_key
        own = self._waiting[message_context().partition]
        own.now = max(own.now, timestamp)
        kept = state.get("kept") or self._fresh()
        said: list[Message] = []
        told = self._take(key, message, kept)
        if told is not None:
            ahead = own.published(key)
            if ahead is not None:
                kept["published"] = ahead
            warnings, due = revisions(key, kept, own.now, self._judge)
            state.set("kept", kept)
            own.follow(key, kept, due)
            said = told + warnings
        for late, waiting in own.over():
            warnings, due = revisions(late, waiting, own.now, self._judge)
            own.again(late, due)
            said += warnings
        return said


def insert(times: list[int], at: int) -> bool:
    """Keep a time once, in order; whether it is new."""
    place = bisect.bisect_left(times, at)
    if place < len(times) and times[place] == at:
        return False
    times.insert(place, at)
    return True


def earlier(parcel: Kept, moment: str, at: int) -> bool:
    """Keep the earliest time of what happens once; whether this is it."""
    if parcel[moment] and parcel[moment] <= at:
        return False
    parcel[moment] = at
    return True


def fresh_parcel() -> Kept:
    """A number of which nothing is known."""
    return {
        "orders": {}, "picked_up": 0, "progress": [], "hubs": [], "stop": 0, "published": {},
    }  # fmt: skip


def name(parcel: Kept, order_id: str) -> Kept:
    """What a parcel keeps of an order."""
    unseen = {
        "uploads": [], "releases": [], "paid_at": 0, "closed_at": 0, "recipient": None,
        "told": None,
    }  # fmt: skip
    found: Kept = parcel["orders"].setdefault(order_id, unseen)
    return found


def moved(named: Kept, progress: list[int]) -> int:
    """When a parcel first moved since an order that is its own was paid; 0: not yet."""
    found = stretch(named)
    if found is None or found[1] != NEVER:
        return 0
    # Of an order that has not answered yet the first progress of all; it knows if that counts.
    first = bisect.bisect_left(progress, named["paid_at"] - TOLERANCE)
    return progress[first] if first < len(progress) else 0


def news(key: str, parcel: Kept) -> list[Message]:
    """What a parcel's orders must hear that is not what they were told last."""
    told = []
    for order_id, named in parcel["orders"].items():
        moved_at = moved(named, parcel["progress"])
        if moved_at != named["told"]:
            named["told"] = moved_at
            told.append({"order_id": order_id, "parcel": key, "moved_at": moved_at})
    return told


def take_into_parcel(key: str, message: Message, parcel: Kept) -> list[Message] | None:
    """Take in a record or what an order told; None where nothing changes."""
    if "carrier" not in message:
        named = name(parcel, message["order_id"])
        said = {each: message[each] for each in ("paid_at", "closed_at", "recipient")}
        if all(named[each] == value for each, value in said.items()):
            return None
        named.update(said)
        return news(key, parcel)
    at, status = millis(message["occurred_at"]), message["status"]
    order_ids = message.get("order_ids")
    if order_ids and status in ("ordered", "cancelled"):
        times = "uploads" if status == "ordered" else "releases"
        changed = False
        for each in order_ids:
            changed |= insert(name(parcel, each)[times], at)
    else:
        changed = status in PROGRESS and insert(parcel["progress"], at)
        changed |= status in HUBS and insert(parcel["hubs"], at)
        changed |= status in STOPS and earlier(parcel, "stop", at)
        changed |= status == "picked_up" and earlier(parcel, "picked_up", at)
    return news(key, parcel) if changed else None


def fresh_order() -> Kept:
    """An order of which nothing is known."""
    return {"known": False, "parcels": {}, "published": {}, "closed_at": 0}


def take_into_order(order_id: str, message: Message, order: Kept) -> list[Message] | None:
    """Take in a version or what a parcel told; None where nothing changes."""
    if "parcel" in message:
        before = order["parcels"].get(message["parcel"])
        if before == message["moved_at"]:
            return None
        order["parcels"][message["parcel"]] = message["moved_at"]
        meets = order["known"] and before is None
        return [facts(order_id, message["parcel"], order)] if meets else []
    paid = millis(message["paid_at"])
    updated = millis(message["updated_at"]) if message.get("updated_at") else paid
    if order["known"] and updated <= order["updated_at"]:
        return None
    before = facts(order_id, "", order) if order["known"] else None
    promise = message.get("promised_ship_by")
    closed = message.get("state") == "closed"
    order |= {
        "known": True,
        "updated_at": updated,
        "paid_at": paid,
        "promised": millis(promise) if promise else paid + PROMISE,
        "closed_at": min(order["closed_at"] or updated, updated) if closed else 0,
        "recipient": message.get("recipient"),
    }
    if facts(order_id, "", order) == before:
        return []
    return [facts(order_id, parcel, order) for parcel in order["parcels"]]


def facts(order_id: str, parcel: str, order: Kept) -> Message:
    """What an order tells a parcel."""
    known = order["recipient"] or {}
    recipient = {each: known.get(each) for each in ("province", "city", "address_key")}
    return {
        "order_id": order_id,
        "to_parcel": parcel,
        "paid_at": order["paid_at"],
        "closed_at": order["closed_at"],
        "recipient": recipient,
    }


# -- running -------------------------------------------------------------------------------


def key_of(message: Message) -> str:
    """The key of a message between the two, or of a warning."""
    if "warning_id" in message:
        return str(message["warning_id"])
    return str(message["to_parcel"] if "to_parcel" in message else message["order_id"])


def main() -> None:
    """Run until interrupted."""
    app = Application(
        broker_address=os.environ.get("BASELINE_BOOTSTRAP", "localhost:9092"),
        consumer_group=os.environ.get("BASELINE_APP_ID", "baseline"),
        state_dir=os.environ.get("BASELINE_DATA_DIR", "baseline-data"),
        auto_offset_reset="earliest",
        # The default is 5; a longer one writes a state less often and takes more memory.
        commit_interval=float(os.environ.get("BASELINE_COMMIT_S", "5")),
        # Concatenated topics are read in batches, and each waits so long for 10,000 records more
        # (as many are a batch by default): what the two tell each other is rarely that many.
        consumer_poll_timeout=0.01,
        # As long as a partition has nothing to read of what it is told, all that is in its buffers
        # passes first: the smaller they are, the less its time runs ahead of that.
        max_partition_buffer_size=1_000,
        loglevel="WARNING",
    )
    warnings = app.topic(os.environ["BASELINE_WARNINGS"], key_serializer="str")
    links = app.topic(os.environ["BASELINE_LINKS"], key_serializer="str", key_deserializer="str")
    told = app.topic(os.environ["BASELINE_FACTS"], key_serializer="str", key_deserializer="str")
    updates = app.topic(os.environ["BASELINE_TOPIC"], key_deserializer="str")
    paid = app.topic(os.environ["BASELINE_ORDERS"], key_deserializer="str")

    def topic_of(message: Message, _key: Any, _timestamp: int, _headers: Any) -> Topic:
        if "warning_id" in message:
            return warnings
        return told if "to_parcel" in message else links

    parcels = Keeper(take_into_parcel, judge_parcel, fresh_parcel)
    orders = Keeper(take_into_order, judge_order, fresh_order)
    for one, other, keeper in ((updates, told, parcels), (paid, links, orders)):
        frame = app.dataframe(one).concat(app.dataframe(other))
        frame = frame.apply(keeper, stateful=True, expand=True, metadata=True)
        frame.to_topic(topic_of, key=key_of)
    app.run()


if __name__ == "__main__":
    main()
