"""The meters' side: what orders say of themselves, counted by shop and day, for one partition."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property

import msgspec

from streams.engine.kafka.origins import origin_of
from streams.engine.kafka.types import Chunk, Output, Work, Write
from streams.facts.times import MILLISECOND, SECOND
from streams.shops.risks import meter_of, risks
from streams.state import meter_state
from streams.state.meter_state import (
    Change,
    MeterState,
    day_text,
    decode_meter,
    product_key,
    row_key,
)
from streams.state.shares import deltas
from streams.state.state import due_of, encode
from streams.tables.notes import Day
from streams.tables.processor import NOT_OURS, Moment, Side
from streams.tables.recover_shop_days import decode_changes
from streams.telemetry.events import event
from streams.telemetry.metrics import PRODUCTS_NOT_METERED, SHOP_LINES_CROSSED, STATES_ENDED

SLOWER_BY = 10 * MILLISECOND
"""How much longer a row waits to be published for every row that its chunk changed."""

SLOWEST = 10 * SECOND
"""The longest that a changed row waits to be published."""

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()

Row = tuple[str, str, int]
"""(platform, shop id, day)."""


class MeterSide(Side):
    """Keeps the meters table: all days of a shop are on one partition."""

    table = "meters"

    def on_meter_totals(self, chunk: Chunk, moment: Moment) -> Work:
        """Count what orders of all partitions say to shops of this one.

        A message is counted once: a row knows the offset of the last one that it holds.
        """
        work = Work(topic=chunk.topic, partition=chunk.partition)
        changes: dict[Row, list[Change]] = {}
        for record in chunk.records:
            try:
                said = decode_changes(record.value or b"")
            except msgspec.MsgspecError:
                origin = origin_of(chunk, record, moment.now, first_hand=True)
                self.reject(work, record, origin, NOT_OURS)
                continue
            for change in said:
                share = change.new or change.old
                if share is None:
                    continue
                for day, delta in deltas(change.old, change.new):
                    row = (share.platform, share.shop_id, day)
                    changes.setdefault(row, []).append(Change(record.offset, delta))
        self.say_rejected(work)
        if not changes:
            return work
        keys = [row_key(*row) for row in changes]
        values = self.states.get_many(self.table, chunk.partition, keys)
        wait = min(SLOWEST, len(keys) * SLOWER_BY)
        writes = []
        refused = 0
        for row, key, old in zip(changes, keys, values, strict=True):
            platform, shop_id, day = row
            state = None if old is None else decode_meter(old)
            if state is None:
                state = meter_state.new_row(
                    platform, shop_id, day, meter_of(self.profiles, platform)
                )
                if state.ends_at <= moment.now:
                    continue
            news, without_room = meter_state.add(state, changes[row])
            refused += without_room
            if news:
                state.due = min(state.due, moment.now + wait)
                writes.append(
                    Write(key, encode(state), state.due, 0 if old is None else due_of(old))
                )
        if writes:
            work.writes[self.table] = writes
        if refused:
            PRODUCTS_NOT_METERED.inc(refused)
        return work

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, work: Work
    ) -> None:
        """Publish the days whose counts changed, and forget those at their end."""
        if moment.gate is None or not due:
            return
        rows = self._rows(partition, [key for _, key in due])
        writes = []
        awake: list[bytes] = []
        for key, (state, old_due) in rows.items():
            if old_due > moment.gate:
                continue
            if state.ends_at <= moment.gate:
                STATES_ENDED.labels(table=self.table).inc()
                writes.append(Write(key, None, 0, old_due))
            else:
                awake.append(key)
        # A day that changed may be one of those that a later day's line looks back to.
        later = self._rows(partition, [k for key in awake for k in self._near(rows[key][0], 1)])
        known = {**later, **rows}
        awake = list(dict.fromkeys([*awake, *(key for key in later if key not in rows)]))
        missing = [k for key in awake for k in self._near(known[key][0], -1) if k not in known]
        known.update(self._rows(partition, missing))
        for key in awake:
            state, old_due = known[key]
            self._publish(state, [known.get(k) for k in self._near(state, -1)], moment, work)
            state.due = state.ends_at
            writes.append(Write(key, encode(state), state.due, old_due))
        if writes:
            work.writes.setdefault(self.table, []).extend(writes)

    def _publish(
        self,
        state: MeterState,
        before: Sequence[tuple[MeterState, int] | None],
        moment: Moment,
        work: Work,
    ) -> None:
        found = risks(
            state, [None if row is None else row[0] for row in before], self.profiles, moment.now
        )
        day = Day(state.platform, state.shop_id, state.day, tuple(state.counts))
        work.notes.append(day)
        if found.shop is not None:
            key = row_key(state.platform, state.shop_id, state.day)
            work.outputs.append(Output(self.topics.shop_risk, key, _encoder.encode(found.shop)))
        for name, value in found.products:
            key = product_key(state.platform, state.shop_id, name, state.day)
            work.outputs.append(Output(self.topics.product_risk, key, _encoder.encode(value)))
        for line in found.crossed:
            SHOP_LINES_CROSSED.labels(platform=state.platform, line=line).inc()
            left_out = self.lines.admit(f"line {line}")
            if left_out is not None:
                log.info(
                    "shop %(shop)s of %(platform)s crossed the line %(line)s on %(day)s",
                    event(
                        "shop_line_crossed",
                        platform=state.platform,
                        shop=state.shop_id,
                        line=line,
                        day=day_text(state.day),
                        left_out=left_out,
                    ),
                )

    def _rows(self, partition: int, keys: Sequence[bytes]) -> dict[bytes, tuple[MeterState, int]]:
        """The rows that exist of `keys`, each with its due time."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        values = self.states.get_many(self.table, partition, wanted)
        return {
            key: (decode_meter(value), due_of(value))
            for key, value in zip(wanted, values, strict=True)
            if value is not None
        }

    def _near(self, state: MeterState, step: int) -> list[bytes]:
        """The keys of the days that its lines look back to (-1), or that look back to it (1)."""
        return [
            row_key(state.platform, state.shop_id, state.day + step * n)
            for n in range(1, self._longest_run)
        ]

    @cached_property
    def _longest_run(self) -> int:
        meters = [profile.meter for profile in self.profiles.all if profile.meter is not None]
        return max((meter.longest_run() for meter in meters), default=1)
