"""The bundled history as records for Kafka, and what replay makes of it."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from streams.decode import Bad, decode_order, decode_stock, decode_tracking
from streams.demo.ledger import HOURS, START
from streams.facts.statuses import ORDERS_TOPIC, STOCK_TOPIC
from streams.facts.times import from_datetime
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.profiles.model import Profiles
from streams.replay.machine import Machine
from streams.replay.shop_days import ShopDays

FILE = Path(__file__).parent / "history.jsonl.gz"
STARTS_AT = from_datetime(START)
ENDS_AT = STARTS_AT + round(HOURS * 3_600_000_000)
"""When the demo's clock stops (µs): everything is compared as of this moment."""

OUTSIDE_THE_LAW = ("revision", "detected_at", "feed")
"""What two runs over the same facts may give differently, beside the evidence records."""


class Entry(NamedTuple):
    """One record of the history: when it arrives (µs), and what Kafka is given."""

    arrival: int
    topic: str
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Outcome:
    """Warnings by id, as of the end, and dead letters by reason; `kinds` counts revisions by
    (rule, stage, state). `stock` is what was said last of each product's."""

    warnings: dict[str, dict[str, Any]] = field(default_factory=dict)
    dead_letters: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    stock: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, warning: dict[str, Any]) -> bool:
        """Take in one revision; False where a newer one, or the same, is known already."""
        known = self.warnings.get(warning["warning_id"])
        if known is not None and known["revision"] >= warning["revision"]:
            return False
        self.warnings[warning["warning_id"]] = warning
        self.kinds[warning["rule"], warning["stage"], warning["state"]] += 1
        return True

    def add_stock(self, value: dict[str, Any]) -> None:
        """Take in what is said of a product's stock."""
        product = value["platform"], value["shop_id"], value["product_id"]
        known = self.stock.get(product)
        if known is None or known["revision"] < value["revision"]:
            self.stock[product] = value


def load(path: Path = FILE) -> list[Entry]:
    """The history in order of arrival. Raises OSError, or ValueError where it is no history."""
    entries = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if "base64" in record:
                value: bytes | None = base64.b64decode(record["base64"])
            elif record["value"] is None:
                value = None
            else:
                value = json.dumps(record["value"], ensure_ascii=False).encode()
            key = None if record["key"] is None else str(record["key"]).encode()
            arrival = from_datetime(datetime.fromisoformat(record["received_at"]))
            entries.append(Entry(arrival, record["topic"], key, value))
    return entries


def replayed(entries: list[Entry], profiles: Profiles, until: int = ENDS_AT) -> Outcome:
    """What replay of these records comes to at `until` (µs)."""
    outcome = Outcome()

    def publish(revision: Revision) -> None:
        outcome.add(warning_value(revision, profile=profiles.named(revision.finding.profile)))

    meters = ShopDays(profiles, stocked=True)
    machine = Machine(profiles, publish, meters)
    for offset, entry in enumerate(entries):
        if entry.arrival > until:
            break
        now = entry.arrival
        if entry.topic == STOCK_TOPIC:
            level = decode_stock(entry.value, now)
            if isinstance(level, Bad):
                outcome.dead_letters[level.reason] += 1
            else:
                machine.stock(level, now)
        elif entry.topic == ORDERS_TOPIC:
            version = decode_order(entry.value, entry.key, now, now, 0, offset)
            if isinstance(version, Bad):
                outcome.dead_letters[version.reason] += 1
            else:
                machine.order(version, now)
        else:
            fact = decode_tracking(entry.value, now, 0, offset)
            if isinstance(fact, Bad):
                outcome.dead_letters[fact.reason] += 1
            else:
                machine.tracking(fact, now)
    machine.advance(until)
    for value in meters.values(until)[1]:
        if value["day"] is None:
            outcome.add_stock(value)
    return outcome


def differences(worker: Outcome, replay: Outcome) -> list[str]:
    """One line for each warning, dead-letter reason or product in which the two outcomes differ."""
    lines = []
    ours, theirs = _comparable(worker), _comparable(replay)
    for warning_id in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(warning_id), theirs.get(warning_id)
        if mine == other:
            continue
        if mine is None or other is None:
            known = mine or other or {}
            text = "not in replay" if other is None else "not published by the worker"
            what = f"{known['rule']} {known['stage']} {known['state']}"
            lines.append(f"{warning_id} {what} ({', '.join(known['order_ids'])}): {text}")
        else:
            fields = [name for name in mine if mine[name] != other.get(name)]
            parts = [
                f"{name}: worker {mine[name]!r}, replay {other.get(name)!r}" for name in fields
            ]
            lines.append(f"{warning_id} {mine['rule']} {mine['stage']}: {'; '.join(parts)}")
    for reason in sorted(worker.dead_letters.keys() | replay.dead_letters.keys()):
        counts = worker.dead_letters[reason], replay.dead_letters[reason]
        if counts[0] != counts[1]:
            lines.append(f"dead letters {reason}: worker {counts[0]}, replay {counts[1]}")
    for product in sorted(worker.stock.keys() | replay.stock.keys()):
        stocks = [_stock(each.stock.get(product)) for each in (worker, replay)]
        if stocks[0] != stocks[1]:
            lines.append(f"stock {' '.join(product)}: worker {stocks[0]}, replay {stocks[1]}")
    return lines


def _stock(value: dict[str, Any] | None) -> dict[str, Any]:
    kept = (value or {}).items()
    return {name: said for name, said in kept if name not in OUTSIDE_THE_LAW}


def _comparable(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """The warnings that are not withdrawn, without what is not part of the law."""
    result = {}
    for warning_id, warning in outcome.warnings.items():
        if warning["state"] != "withdrawn":
            kept = {name: warning[name] for name in warning if name not in OUTSIDE_THE_LAW}
            evidence = {**warning["evidence"], "records": None}
            result[warning_id] = {**kept, "evidence": evidence}
    return result
