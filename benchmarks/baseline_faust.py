"""What one writes first: the same two judgements as an ordinary Faust app, as its guide shows it.

Models as records, an agent with ``async for``, a RocksDB table written per event, a timer for what
did not happen. It judges only a number used by two recipients within 30 days and 24 h without a
record after pickup, from `tracking-update` alone. Run by throughput.py; settings are environment
variables::

    BASELINE_BOOTSTRAP=localhost:9092 BASELINE_APP_ID=baseline BASELINE_DATA_DIR=folder \\
        python benchmarks/baseline_faust.py worker --without-web -l warn
"""

from __future__ import annotations

import heapq
import os
import time
from datetime import datetime

import faust

HOUR = 3600.0
INACTIVE = 24 * HOUR
WINDOW = 30 * 24 * HOUR
IDLE = 3.0
"""Seconds without an event after which the wall clock takes over from event time."""

APP_ID = os.environ.get("BASELINE_APP_ID", "baseline")

app = faust.App(
    APP_ID,
    broker="kafka://" + os.environ.get("BASELINE_BOOTSTRAP", "localhost:9092"),
    store="rocksdb://",
    datadir=os.environ.get("BASELINE_DATA_DIR", "baseline-data"),
    topic_partitions=int(os.environ.get("BASELINE_PARTITIONS", "4")),
    # Topics are made beforehand, and one worker needs no standby.
    topic_disable_leader=True,
    table_standby_replicas=0,
    consumer_auto_offset_reset="earliest",
    # The default, 0, sends every changelog record by itself and is a fifth slower.
    producer_linger_ms=int(os.environ.get("BASELINE_LINGER_MS", "20")),
)


class Recipient(faust.Record):
    """The part of a recipient that tells two of them apart."""

    address_key: str | None = None


class TrackingUpdate(faust.Record, serializer="json"):
    """One checkpoint or upload; fields that this app does not use are left out."""

    carrier: str
    tracking_number: str
    status: str
    occurred_at: str
    order_ids: list[str] | None = None
    recipient: Recipient | None = None


class Parcel(faust.Record, serializer="json"):
    """What is remembered of a number: its uploads (order, time, address), pickup, newest record."""

    uploads: list[tuple[str, float, str | None]] = []  # noqa: RUF012 - Faust copies field defaults
    picked_up: float = 0.0
    newest: float = 0.0


class Warning_(faust.Record, serializer="json", include_metadata=False):
    """One warning."""

    rule: str
    carrier: str
    tracking_number: str
    order_id: str | None
    at: float


updates = app.topic(os.environ.get("BASELINE_TOPIC", "tracking-update"), value_type=TrackingUpdate)
warnings = app.topic(f"{APP_ID}-warnings", value_type=Warning_)
parcels = app.Table("parcels", value_type=Parcel)

waiting: dict[str, float] = {}
"""Deadlines of parcels whose pickup is their newest record."""
deadlines: list[tuple[float, str]] = []
event_times: dict[int, float] = {}
last_event = 0.0


def wait_for(key: str, parcel: Parcel) -> None:
    """Start or stop the 24-hour clock of a parcel."""
    if parcel.picked_up and parcel.newest <= parcel.picked_up:
        if key not in waiting:
            waiting[key] = parcel.picked_up + INACTIVE
            heapq.heappush(deadlines, (waiting[key], key))
    else:
        waiting.pop(key, None)


@app.on_before_shutdown.connect
async def forget(app: faust.App, /, *args: object, **kwargs: object) -> None:
    """Leave nothing for another start in the same process."""
    waiting.clear()
    deadlines.clear()


@parcels.on_recover
async def recovered() -> None:
    """Timers are in memory: after a restart they are made from the table again."""
    for key, parcel in parcels.items():
        wait_for(key, parcel)


@app.agent(updates)
async def judge(stream: faust.StreamT[TrackingUpdate]) -> None:
    """Keep each number's uploads and clock; warn of a number that two recipients share."""
    global last_event
    async for event in stream.events():
        update = event.value
        key = f"{update.carrier}:{update.tracking_number}"
        at = datetime.fromisoformat(update.occurred_at).timestamp()
        parcel = parcels.get(key) or Parcel(uploads=[])
        if update.status == "ordered" and update.order_ids:
            address = update.recipient.address_key if update.recipient else None
            for order_id in update.order_ids:
                if any(order_id == other for other, _, _ in parcel.uploads):
                    continue
                if address and any(
                    known and known != address and 0 <= at - used <= WINDOW
                    for _, used, known in parcel.uploads
                ):
                    await warn("duplicate_tracking_number", update, order_id, at)
                parcel.uploads.append((order_id, at, address))
        elif update.status != "unknown":
            if update.status == "picked_up" and not parcel.picked_up:
                parcel.picked_up = at
            parcel.newest = max(parcel.newest, at)
        if parcel.picked_up and parcel.newest > parcel.picked_up + INACTIVE and key in waiting:
            await warn("inactive_after_pickup", update, None, waiting[key])
        parcels[key] = parcel
        wait_for(key, parcel)
        message = event.message
        event_times[message.partition] = message.timestamp
        last_event = time.monotonic()


@app.timer(interval=1.0)  # type: ignore[untyped-decorator]  # Faust's
async def fire() -> None:
    """Warn of each parcel whose 24 hours are over: by event time, by the wall clock when idle."""
    if not event_times:
        return
    idle = time.monotonic() - last_event > IDLE
    now = time.time() if idle else min(event_times.values())
    while deadlines and deadlines[0][0] < now:
        deadline, key = heapq.heappop(deadlines)
        if waiting.get(key) == deadline:
            del waiting[key]
            carrier, _, number = key.partition(":")
            await send("inactive_after_pickup", carrier, number, None, deadline)


async def warn(rule: str, update: TrackingUpdate, order_id: str | None, at: float) -> None:
    """Publish a warning about the parcel of an event."""
    await send(rule, update.carrier, update.tracking_number, order_id, at)


async def send(rule: str, carrier: str, number: str, order_id: str | None, at: float) -> None:
    """Publish a warning."""
    warning = Warning_(rule=rule, carrier=carrier, tracking_number=number, order_id=order_id, at=at)
    await warnings.send(key=f"{rule}|{carrier}:{number}|{order_id or ''}", value=warning)


if __name__ == "__main__":
    app.main()
