"""The processor of shops' days: what orders contribute, counted by shop and day."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Chunk, Effects, Output, Record
from streams.facts.times import DAY, MILLISECOND, SECOND
from streams.profiles.model import Profiles
from streams.shops.risks import meter_of, risks
from streams.shops.windows import reach_of
from streams.state import batch as states
from streams.state.batch import Applied
from streams.state.codec import (
    STORED,
    Codec,
    StateUnreadable,
    day_counts_of,
    load_contributions,
)
from streams.state.contributions import ContributionChange, deltas, owed_changes
from streams.state.shop_days import (
    KEPT,
    Change,
    ShopDay,
    day_text,
    new_row,
    product_key,
    row_key,
    take_over_shown,
)
from streams.state.shop_lines import Counts
from streams.state.stock import stock_key
from streams.tables.day_counts import DayCounts
from streams.tables.observations import Day
from streams.tables.ours import is_of_one_shop
from streams.tables.processor import (
    Batch,
    Decoded,
    Intake,
    Judged,
    Moment,
    Processor,
    Sizes,
    StateReader,
)
from streams.tables.recover_risks import ShownDays
from streams.tables.recover_shop_days import home_of
from streams.telemetry.events import event
from streams.telemetry.metrics import PRODUCTS_NOT_METERED, SHOP_LINES_CROSSED, STATES_ENDED

SLOWER_BY = 10 * MILLISECOND
"""How much longer a row waits to be published for every row that its chunk changed."""

SLOWEST = 10 * SECOND
"""The longest that a changed row waits to be published."""

MOST_TAKEN_OVER = 2_000
"""Days that take over in one tick what was published of them and of their products."""

DAYS_BACK = KEPT // DAY
"""How many days back a shop's orders are looked for, of a day that nothing is known of."""

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()

Row = tuple[str, str, int]
"""(platform, shop id, day)."""


class ShopDayProcessor(Processor):
    """Keeps the meters table: all days of a shop are on one partition."""

    table = "meters"

    def __init__(
        self,
        topics: Topics,
        partitions: int,
        profiles: Profiles,
        states: StateReader,
        sizes: Sizes = Sizes(),  # noqa: B008  immutable
        codec: Codec = STORED,
    ) -> None:
        super().__init__(topics, partitions, states, sizes, codec)
        self.profiles = profiles
        self._shown: ShownDays = {}
        self._counts = DayCounts()
        self._reaches: dict[str, int] = {}
        self.intakes = {topics.meter_totals: Intake(self._decode, self._apply)}

    def _decode(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        """What orders of all partitions contribute to days, by row.

        A message is counted once: a row knows topic and offset of the last one that it holds.
        """
        decoded = Decoded([], [], [])
        names, facts, places = decoded
        of = log_of(chunk.topic_id)
        for place, record, changes in self.messages(
            load_contributions, self._is_ours(chunk.partition), chunk, moment, effects
        ):
            for change in changes:
                contribution = change.new or change.old
                if contribution is None:
                    continue
                if self.topics.stocked:
                    effects.outputs += self._owed(change)
                for day, delta in deltas(change.old, change.new):
                    names.append((contribution.platform, contribution.shop_id, day))
                    facts.append(Change(record.offset, delta, of))
                    places.append(place)
        return decoded

    def _owed(self, change: ContributionChange) -> Iterator[Output]:
        """What products must hear of an order: a shop's days are where it is heard in order."""
        topic, dump = self.topics.stock_facts, self.codec.dump_message
        for facts in owed_changes(change):
            key = stock_key(facts.platform, facts.shop_id, facts.product_id)
            yield Output(topic, key, dump(facts))

    def _is_ours(self, partition: int) -> Callable[[Record, list[ContributionChange]], bool]:
        def is_ours(_record: Record, changes: list[ContributionChange]) -> bool:
            return is_of_one_shop(changes) and all(
                home_of(each.platform, each.shop_id, self.partitions) == partition
                for change in changes
                if (each := change.new or change.old) is not None
            )

        return is_ours

    def misrouted(self, keys: Sequence[bytes], stored: Sequence[Any], partition: int) -> set[bytes]:
        """None: a row is at home where its shop is, which its messages have shown."""
        return set()

    def load_state(self, value: Any) -> ShopDay:
        """A stored row."""
        return self.codec.load_shop_day(value)

    def key_of(self, name: Any) -> bytes:
        """The key of a row."""
        return row_key(*name)

    def _apply(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[ShopDay]]:
        meters = {
            platform: meter_of(self.profiles, platform)
            for platform in {name[0] for name in batch.names}
        }
        return states.apply_contributions(batch.names, stored, batch.facts, now, meters)

    def reply(self, applied: Iterable[Applied[Any]], effects: Effects) -> None:
        """Nobody hears of a day before it is published."""
        refused = sum(each.late for each in applied)
        if refused:
            effects.counts.add(PRODUCTS_NOT_METERED, number=refused)

    def judge(
        self,
        keys: Sequence[bytes],
        applied: Sequence[Applied[Any]],
        moment: Moment,
        effects: Effects,
    ) -> list[Judged]:
        """A changed day waits its turn to be published: the longer, the more days change."""
        wait = min(SLOWEST, len(keys) * SLOWER_BY)
        judged = super().judge(keys, applied, moment, effects)
        for each in judged:
            each.state.due = min(each.state.due, moment.now + wait)
        return judged

    def recover_risks(self, shown: ShownDays, partitions: Iterable[int]) -> None:
        """Take over what was published of days on `partitions`: an assignment begins."""
        for partition in partitions:
            self._shown[partition] = shown.get(partition, {})
            self._counts.forget(partition)

    def matched(self, partition: int) -> bool:
        """Whether days have taken over all that was published of them and of their products."""
        return not self._shown.get(partition)

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, effects: Effects
    ) -> None:
        """Publish the days whose counts changed, and forget those at their end."""
        if moment.watermark is None:
            return
        if not self.matched(partition):
            # Days are published in the next tick: by then what they took over is stored.
            self._take_over(partition, moment, effects)
            return
        if not due:
            return
        rows = self.all_loaded(partition, [key for _, key in due], effects)
        judged = []
        awake: dict[bytes, tuple[ShopDay, int]] = {}
        for key, (row, old_due) in rows.items():
            if old_due > moment.watermark:
                continue
            if row.ends_at <= moment.watermark:
                judged.append(self._over(key, row, old_due, moment.watermark))
                if judged[-1].ended:
                    self._counts.note(partition, row, ended=True)
            else:
                awake[key] = row, old_due
        ended = sum(each.ended for each in judged)
        if ended:
            effects.counts.add(STATES_ENDED, self.table, number=ended)
        # A day that changed may be one of those that a later day's line looks back to.
        later = dict.fromkeys(
            row_key(row.platform, row.shop_id, day)
            for row, _ in awake.values()
            for day in self._near(row, range(1, self._reach(row.platform) + 1), partition, effects)
        )
        woken = self.all_loaded(partition, [key for key in later if key not in awake], effects)
        for row, _ in awake.values():
            row.due = row.ends_at
        for key, (row, old_due) in woken.items():
            # A day that counted nothing is known by its products alone: nothing is to be said.
            if row.revision and row.ends_at > moment.watermark:
                # Where it changed too, it wakes the days that look back to it when its time comes.
                awake[key] = row, old_due
        for key, (row, old_due) in awake.items():
            back = range(-self._reach(row.platform), 0)
            self._publish(row, self._near(row, back, partition, effects), moment, effects)
            judged.append(Judged(key, row, old_due))
        self.collect(judged, effects)

    def collect(self, judged: Sequence[Judged], effects: Effects) -> None:
        """Make effects of days, and note what they count."""
        for each in judged:
            if not each.ended:
                self._counts.note(effects.partition, each.state)
        super().collect(judged, effects)

    def _over(self, key: bytes, row: ShopDay, old_due: int, watermark: int) -> Judged:
        """A day that counts nothing any more: kept without its products as long as a day that does
        may look back to it."""
        row.due = row.ends_at + self._reach(row.platform) * DAY
        if row.due <= watermark:
            return Judged(key, None, old_due, ended=True)
        row.products, row.named = {}, 0
        return Judged(key, row, old_due)

    def _take_over(self, partition: int, moment: Moment, effects: Effects) -> None:
        """Let days know what was published of them and of their products, some in each tick.

        A day without a state gets one. Where earlier days of the shop have orders, nothing counts
        for this one any more, and that is said. Else it says nothing until an order contributes to
        it: it may be somebody else's, or of orders that the inputs no longer hold.
        """
        shown = self._shown[partition]
        keys = list(islice(shown, MOST_TAKEN_OVER))
        judged = []
        for key, value in zip(keys, self.states.get_many(self.table, partition, keys), strict=True):
            day = shown.pop(key)
            row: ShopDay | None
            if value is None:
                meter = meter_of(self.profiles, day.platform)
                row, old_due = new_row(day.platform, day.shop_id, day.day, meter), 0
            else:
                row, old_due = self.loaded(value, partition, effects), self.codec.due_of(value)
            if row is None or row.ends_at <= moment.now:
                continue
            news = take_over_shown(row, day.products)
            if row.revision < day.revision and (
                row.revision or self._has_orders_before(row, partition, effects)
            ):
                row.revision, row.shown = day.revision, day.shown
                news = True
            if not news:
                continue
            if row.revision:
                row.due = min(row.due, moment.now)
            judged.append(Judged(key, row, old_due))
        self.collect(judged, effects)

    def _has_orders_before(self, row: ShopDay, partition: int, effects: Effects) -> bool:
        near = self._near(row, range(-DAYS_BACK, 0), partition, effects)
        return any(map(any, near.values()))

    def _publish(
        self, row: ShopDay, before: Mapping[int, Counts], moment: Moment, effects: Effects
    ) -> None:
        found = risks(row, before, self.profiles, moment.now)
        effects.observations.append(Day(row.platform, row.shop_id, row.day, tuple(row.counts)))
        topics = self.topics
        if found.shop is not None:
            key = row_key(row.platform, row.shop_id, row.day)
            effects.outputs.append(Output(topics.shop_risk, key, _encoder.encode(found.shop)))
        for name, value in found.products:
            key = product_key(row.platform, row.shop_id, name, row.day)
            effects.outputs.append(Output(topics.product_risk, key, _encoder.encode(value)))
        for line in found.crossed:
            effects.counts.add(SHOP_LINES_CROSSED, row.platform, line)
            left_out = self.lines.admit(f"line {line}")
            if left_out is not None:
                log.info(
                    "shop %(shop)s of %(platform)s crossed the line %(line)s on %(day)s",
                    event(
                        "shop_line_crossed",
                        platform=row.platform,
                        shop=row.shop_id,
                        line=line,
                        day=day_text(row.day),
                        left_out=left_out,
                    ),
                )

    def _near(
        self, row: ShopDay, distances: Iterable[int], partition: int, effects: Effects
    ) -> dict[int, Counts]:
        """The counts of the shop's days that are so many days after a row's, or before it (-)."""
        days = [row.day + distance for distance in distances]
        read = partial(self._read_counts, partition, effects)
        return self._counts.of(partition, (row.platform, row.shop_id), days, read)

    def _read_counts(
        self, partition: int, effects: Effects, keys: Sequence[bytes]
    ) -> dict[bytes, Counts]:
        found: dict[bytes, Counts] = {}
        stored = self.states.get_many(self.table, partition, list(keys))
        for key, value in zip(keys, stored, strict=True):
            try:
                if value is not None:
                    *_, found[key] = day_counts_of(value)
            except StateUnreadable:
                self.loaded(value, partition, effects)  # says so
        return found

    def _reach(self, platform: str) -> int:
        """How many days a line of the platform looks back."""
        if platform not in self._reaches:
            self._reaches[platform] = reach_of(self.profiles, platform)
        return self._reaches[platform]


def log_of(topic_id: str) -> int:
    """A number that stands for a topic by its id; 0: the cluster gives none."""
    return int.from_bytes(blake2b(topic_id.encode(), digest_size=7).digest()) if topic_id else 0
