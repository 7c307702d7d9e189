"""The processor of products' stock: levels beside what orders are still to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from streams.decode import Bad, decode_stock
from streams.decode.names import with_own
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.origins import origin_of
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Chunk, Effects, Output, Record
from streams.facts.facts import OwedFacts, StockFact
from streams.profiles.model import Profiles
from streams.shops.stock import stock_risk
from streams.state import batch as states
from streams.state.batch import Applied
from streams.state.codec import STORED, Codec, load_owed_facts, load_stock_fact
from streams.state.shop_days import product_row_key
from streams.state.stock import (
    Part,
    Pieces,
    Stock,
    ends_at,
    is_short,
    part_key,
    part_of,
    product_of,
    stock_key,
)
from streams.tables.observations import Stocked
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
from streams.tables.recover_stock import ShownStock
from streams.tables.shop_days import SLOWER_BY, SLOWEST
from streams.tables.unknown_names import UnknownNames
from streams.telemetry.metrics import STATES_ENDED, STOCK_ORDERS_LEFT_OUT

MOST_TAKEN_OVER = 2_000
"""Products that take over in one tick what was published of them."""

_encoder = msgspec.json.Encoder()


class StockProcessor(Processor):
    """Keeps the stock table: all parts of a product are on the partition of its key."""

    table = "stock"

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
        self.names = with_own(*profiles.own_names)
        self.unknown_names = UnknownNames(self.names)
        self._shown: dict[int, dict[bytes, ShownStock]] = {}
        levels = Intake(self._decode, self._apply_levels, topics.stock_rekey, counted=True)
        self.intakes = {
            topics.stock: levels,
            topics.stock_rekey: levels._replace(
                decode=self._decode_own, repartition=None, source=topics.stock
            ),
            topics.stock_facts: Intake(self._decode_owed, self._apply_owed),
        }

    def _decode(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        """Levels as others sent them."""
        decoded = Decoded([], [], [])
        for place, record in enumerate(chunk.records):
            fact = decode_stock(record.value, moment.now, self.sizes.max_value, self.names)
            if isinstance(fact, Bad):
                origin = origin_of(chunk, record, moment.now, source=None)
                self.refuse(record, origin, fact, effects)
            else:
                _add(decoded, (fact.platform, fact.shop_id, fact.product_id, 0), fact, place)
        if self.names.unlisted:
            platforms = [fact.platform for fact in decoded.facts]
            self.unknown_names.note("platform", platforms, effects.counts)
        return decoded

    def _decode_own(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        """Levels that were sent home."""
        decoded = Decoded([], [], [])
        for place, _, fact in self.messages(
            load_stock_fact, _is_of_its_product, chunk, moment, effects
        ):
            _add(decoded, (fact.platform, fact.shop_id, fact.product_id, 0), fact, place)
        return decoded

    def _decode_owed(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        """What orders are owed; the first part of a product learns what the others come to."""
        decoded = Decoded([], [], [])
        for place, _, facts in self.messages(
            load_owed_facts, _is_of_its_product, chunk, moment, effects
        ):
            product = facts.platform, facts.shop_id, facts.product_id
            part = part_of(facts.order_id)
            _add(decoded, (*product, part), facts, place)
            if part:
                _add(decoded, (*product, 0), None, place)
        return decoded

    def misrouted(self, keys: Sequence[bytes], stored: Sequence[Any], partition: int) -> set[bytes]:
        """The keys of products without a state that are not at home here, whatever the part."""
        return {
            key
            for key, old in zip(keys, stored, strict=True)
            if old is None and partition_of(product_of(key), self.partitions) != partition
        }

    def load_state(self, value: Any) -> Stock:
        """A stored part."""
        return self.codec.load_stock(value)

    def key_of(self, name: Any) -> bytes:
        """The key of a part."""
        return part_key(name)

    def _apply_levels(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[Stock]]:
        return states.apply_levels(batch.names, stored, batch.facts, now)

    def _apply_owed(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[Stock]]:
        return states.apply_owed(batch.names, stored, batch.facts, now)

    def reply(self, applied: Iterable[Applied[Any]], effects: Effects) -> None:
        """Nobody hears of stock before it is published."""
        left_out = sum(len(each.refused) for each in applied)
        if left_out:
            effects.counts.add(STOCK_ORDERS_LEFT_OUT, number=left_out)

    def judge(
        self,
        keys: Sequence[bytes],
        applied: Sequence[Applied[Any]],
        moment: Moment,
        effects: Effects,
    ) -> list[Judged]:
        """A changed product waits its turn to be published: the longer, the more of them change.

        Further changes do not make it wait longer: else one that never rests were never published.
        """
        latest = moment.now + min(SLOWEST, len(keys) * SLOWER_BY)
        judged = super().judge(keys, applied, moment, effects)
        for each in judged:
            if not each.ended and each.state.level is not None:
                each.state.due = min(each.state.due, latest, each.old_due or latest)
        return judged

    def recover_stock(
        self, shown: Mapping[int, dict[bytes, ShownStock]], partitions: Iterable[int]
    ) -> None:
        """Take over what was published of stock on `partitions`: an assignment begins."""
        for partition in partitions:
            self._shown[partition] = shown.get(partition, {})

    def matched(self, partition: int) -> bool:
        """Whether products have taken over all that was published of them."""
        return not self._shown.get(partition)

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, effects: Effects
    ) -> None:
        """Publish the products whose stock changed, and forget those at their end."""
        if moment.watermark is None:
            return
        if not self.matched(partition):
            # Published in the next tick: by then what they took over is stored.
            self._take_over(partition, moment, effects)
            return
        judged = []
        for key, (row, old_due) in self.all_loaded(partition, [k for _, k in due], effects).items():
            if old_due > moment.watermark:
                continue
            if ends_at(row) <= moment.watermark:
                others = self._others(partition, row, effects)
                judged += [Judged(k, None, its, ended=True) for k, (_, its) in others.items()]
                judged.append(Judged(key, None, old_due, ended=True))
                effects.observations.append(Stocked(row.platform, row.shop_id, row.short_by, 0))
            else:
                self._publish(partition, row, moment, effects)
                row.due = ends_at(row)
                judged.append(Judged(key, row, old_due))
        ended = sum(each.ended for each in judged)
        if ended:
            effects.counts.add(STATES_ENDED, self.table, number=ended)
        self.collect(judged, effects)

    def _take_over(self, partition: int, moment: Moment, effects: Effects) -> None:
        """Let products know what was published of them, some of them in each tick."""
        shown = self._shown[partition]
        judged = []
        for key, (row, old_due) in self.all_loaded(
            partition, list(islice(shown, MOST_TAKEN_OVER)), effects
        ).items():
            said = shown[key]
            if row.revision < said.revision:
                effects.observations.append(
                    Stocked(row.platform, row.shop_id, row.short_by, said.short_by)
                )
                row.revision, row.shown, row.short_by = said.revision, said.shown, said.short_by
                if row.level is not None:
                    row.due = min(row.due, moment.now)
                judged.append(Judged(key, row, old_due))
        self._shown[partition] = dict(islice(shown.items(), MOST_TAKEN_OVER, None))
        self.collect(judged, effects)

    def _publish(self, partition: int, row: Stock, moment: Moment, effects: Effects) -> None:
        owed: list[tuple[str, Pieces]] = []
        if is_short(row):
            # Else nobody needs to know which orders there are.
            owed += row.owed.items()
            for other, _ in self._others(partition, row, effects).values():
                owed += other.owed.items()
        before = row.short_by
        value = stock_risk(row, owed, moment.now)
        if value is not None:
            key = product_row_key(row.platform, row.shop_id, row.product_id)
            effects.outputs.append(Output(self.topics.product_risk, key, _encoder.encode(value)))
            effects.observations.append(Stocked(row.platform, row.shop_id, before, row.short_by))

    def _others(
        self, partition: int, first: Stock, effects: Effects
    ) -> dict[bytes, tuple[Stock, int]]:
        """The further parts of a product, each with its due time."""
        product = first.platform, first.shop_id, first.product_id
        return self.all_loaded(partition, [part_key((*product, n)) for n in first.parts], effects)


def _add(decoded: Decoded, name: Part, fact: StockFact | OwedFacts | None, place: int) -> None:
    decoded.names.append(name)
    decoded.facts.append(fact)
    decoded.places.append(place)


def _is_of_its_product(record: Record, fact: StockFact | OwedFacts) -> bool:
    """What is said of a product lies under its key."""
    return record.key == stock_key(fact.platform, fact.shop_id, fact.product_id)
