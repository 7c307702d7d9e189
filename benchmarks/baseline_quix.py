"""The same two judgements as an ordinary Quix Streams application, as its documentation shows it.

A stateful function on a StreamingDataFrame, state in RocksDB with a changelog topic, warnings to a
topic of their own. Quix Streams has no timers and its state can be read by the key of the record in
hand alone: deadlines are in memory, pass by event time, and those set before a restart are lost.
Run by throughput.py in an environment of its own (requirements-quix.txt); settings are environment
variables::

    BASELINE_BOOTSTRAP=localhost:9092 BASELINE_APP_ID=baseline BASELINE_DATA_DIR=folder \\
        BASELINE_WARNINGS=baseline-warnings .venv-quix/bin/python baseline_quix.py
"""

from __future__ import annotations

import heapq
import os
from collections import defaultdict
from datetime import datetime
from typing import Any

from quixstreams import Application, State, message_context

HOUR = 3600.0
INACTIVE = 24 * HOUR
WINDOW = 30 * 24 * HOUR

Update = dict[str, Any]
Parcel = dict[str, Any]
Warning_ = dict[str, Any]


class Clocks:
    """Deadlines of one partition's parcels whose pickup is their newest record."""

    def __init__(self) -> None:
        self._waiting: dict[str, float] = {}
        self._deadlines: list[tuple[float, str]] = []

    def follow(self, key: str, parcel: Parcel) -> None:
        """Start or stop the 24-hour clock of a parcel."""
        if parcel["picked_up"] and parcel["newest"] <= parcel["picked_up"]:
            if key not in self._waiting:
                self._waiting[key] = parcel["picked_up"] + INACTIVE
                heapq.heappush(self._deadlines, (self._waiting[key], key))
        else:
            self._waiting.pop(key, None)

    def deadline(self, key: str) -> float | None:
        """When the clock of a parcel runs out, if it runs."""
        return self._waiting.get(key)

    def over(self, now: float) -> list[tuple[float, str]]:
        """Take out the deadlines that have passed."""
        passed = []
        while self._deadlines and self._deadlines[0][0] < now:
            deadline, key = heapq.heappop(self._deadlines)
            if self._waiting.get(key) == deadline:
                del self._waiting[key]
                passed.append((deadline, key))
        return passed


clocks: defaultdict[int, Clocks] = defaultdict(Clocks)


def warning(rule: str, key: str, order_id: str | None, at: float) -> Warning_:
    """One warning."""
    carrier, _, number = key.partition(":")
    return {
        "rule": rule,
        "carrier": carrier,
        "tracking_number": number,
        "order_id": order_id,
        "at": at,
    }


def warning_key(value: Warning_) -> str:
    """What a warning is about, the same for a repetition."""
    parcel = f"{value['carrier']}:{value['tracking_number']}"
    return f"{value['rule']}|{parcel}|{value['order_id'] or ''}"


def upload(parcel: Parcel, update: Update, key: str, at: float) -> list[Warning_]:
    """Keep a number's upload; warn when another recipient has used it within the window."""
    found = []
    address = (update.get("recipient") or {}).get("address_key")
    uploads = parcel["uploads"]
    for order_id in update["order_ids"]:
        if any(order_id == other for other, _, _ in uploads):
            continue
        if address and any(
            known and known != address and 0 <= at - used <= WINDOW for _, used, known in uploads
        ):
            found.append(warning("duplicate_tracking_number", key, order_id, at))
        uploads.append([order_id, at, address])
    return found


def judge(
    update: Update, _key: bytes, timestamp: int, _headers: Any, state: State
) -> list[Warning_]:
    """Keep a number's uploads and clock; the warnings are of it and of clocks that have run out."""
    key = f"{update['carrier']}:{update['tracking_number']}"
    at = datetime.fromisoformat(update["occurred_at"]).timestamp()
    own = clocks[message_context().partition]
    parcel = state.get("parcel") or {"uploads": [], "picked_up": 0.0, "newest": 0.0}
    found: list[Warning_] = []
    status = update["status"]
    if status == "ordered" and update.get("order_ids"):
        found = upload(parcel, update, key, at)
    elif status != "unknown":
        if status == "picked_up" and not parcel["picked_up"]:
            parcel["picked_up"] = at
        parcel["newest"] = max(parcel["newest"], at)
    deadline = own.deadline(key)
    if deadline is not None and parcel["newest"] > deadline:
        found.append(warning("inactive_after_pickup", key, None, deadline))
    state.set("parcel", parcel)
    own.follow(key, parcel)
    for passed, silent in own.over(timestamp / 1000):
        found.append(warning("inactive_after_pickup", silent, None, passed))
    return found


def main() -> None:
    """Run until interrupted."""
    app = Application(
        broker_address=os.environ.get("BASELINE_BOOTSTRAP", "localhost:9092"),
        consumer_group=os.environ.get("BASELINE_APP_ID", "baseline"),
        state_dir=os.environ.get("BASELINE_DATA_DIR", "baseline-data"),
        auto_offset_reset="earliest",
        # The default is 5; a longer one writes a state less often and takes more memory.
        commit_interval=float(os.environ.get("BASELINE_COMMIT_S", "5")),
        loglevel="WARNING",
    )
    updates = app.topic(os.environ.get("BASELINE_TOPIC", "tracking-update"))
    warnings = app.topic(os.environ["BASELINE_WARNINGS"], key_serializer="str")
    frame = app.dataframe(updates)
    frame = frame.apply(judge, stateful=True, expand=True, metadata=True)
    frame.to_topic(warnings, key=warning_key)
    app.run()


if __name__ == "__main__":
    main()
