"""How many of the random histories depend on each thing that the contract's second version brought.

    .venv/bin/python -m tests.oracle.shares --seeds 0:200

A history depends on a thing when the oracle says something else of it without that thing: with its
messages or fields left out, or with the sentence that names it unread.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from oracle import brute_force
from oracle.brute_force import Life, Order, Version, clean
from oracle.histories import FURTHER, PLATFORMS, History, Message, judged, random_history

Edit = Callable[[Message], Message | None]
"""A message without the thing, or None where nothing of it is left."""


def _field(*names: str) -> Edit:
    return lambda m: {name: value for name, value in m.items() if name not in names}


def _unless(*fields: str) -> Edit:
    return lambda m: None if any(m.get(name) for name in fields) else m


def _renamed(old: str, new: str) -> Edit:
    return lambda m: {**m, "status": new} if m.get("status") == old else m


def _in_places(change: Callable[[Message], Message]) -> Edit:
    def edit(message: Message) -> Message:
        for name in ("recipient", "location", "via", "ship_from"):
            if isinstance(message.get(name), dict):
                message[name] = change(message[name])
        return message

    return edit


def _without_0000(place: Message) -> Message:
    whole = str(place.get("region_code")).endswith("0000")
    return {**place, "region_code": None} if whole else place


def _listed(message: Message) -> Message:
    if message.get("delivery_method") in ("drone", "Express"):
        message["delivery_method"] = "express"
    return message


def _known_platform(message: Message) -> Message:
    known = brute_force.normal_platform(message.get("platform")) in brute_force.PROFILES
    return message if known or "platform" not in message else {**message, "platform": "douyin"}


EDITS: dict[str, Edit] = {
    "partial versions": _unless("partial"),
    "tombstones": _unless("timestamp"),
    "voided": _unless("voided"),
    "handed_over": _renamed("handed_over", "unknown"),
    "via": _field("via"),
    "refund_requested_at": _field("refund_requested_at"),
    "parcels_expected": _field("parcels_expected"),
    "promised_delivery_by": _field("promised_delivery_by"),
    "paid_at_quality": _field("paid_at_quality"),
    "time_quality": _field("time_quality"),
    "country": _in_places(_field("country")),  # type: ignore[arg-type]
    "codes ending in 0000": _in_places(_without_0000),
    "delivery methods not listed": _listed,
    "platforms without a profile": _known_platform,
}

_CHINESE = {n: c for n, c in brute_force._PROVINCE_BY_NAME.items() if not n.isascii()}
_patch = patch.object

PATCHES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "characters cleaned": lambda: _patch(brute_force, "clean", str.strip),
    "ids unwrapped": lambda: _patch(brute_force, "normal_id", lambda t: clean(str(t))),
    "carriers' aliases": lambda: _patch(brute_force, "CARRIER_ALIASES", {}),
    "platforms' aliases": lambda: _patch(brute_force, "PLATFORM_ALIASES", {}),
    "provinces in letters": lambda: _patch(brute_force, "_PROVINCE_BY_NAME", _CHINESE),
    "counties of an older edition": lambda: _patch(brute_force, "_MOVED", {}),
    "a municipality is one city": lambda: _patch(brute_force, "_MUNICIPALITIES", frozenset()),
    "back to the sender": lambda: _patch(Life, "_reached_a_recipient", lambda *_: True),
    "the buyer reached on the way back": lambda: _patch(
        Life, "_reached_a_recipient", lambda *_: False
    ),
    "accepted recipients": lambda: _patch(
        Order, "accepted_for", lambda o, at: [r for r in [o.recipient_for(at)] if r is not None]
    ),
    "ten minutes apart": lambda: _patch(brute_force, "APART", timedelta(microseconds=1)),
    "order of tied versions": lambda: _patch(
        Version, "place_in_order", property(lambda v: (v.at, v.canon))
    ),
}


def _edited(history: History, edit: Edit) -> History:
    kept = {
        kind: [m for value in getattr(history, kind) if (m := edit(copy.deepcopy(value)))]
        for kind in ("orders", "tracking", "tombstones")
    }
    return History(**kept, until=history.until, seed=history.seed)


def dependent(history: History, things: Iterable[str] = (*EDITS, *PATCHES)) -> set[str]:
    """Those of the things without which the oracle says something else of the history."""
    found = judged(history)
    seen = set()
    for name in things:
        if name in EDITS:
            changed = judged(_edited(history, EDITS[name])) != found
        else:
            with PATCHES[name]():
                changed = judged(history) != found
        if changed:
            seen.add(name)
    return seen


def counts(seeds: Iterable[int], platforms: tuple[str, ...] = PLATFORMS) -> dict[str, int]:
    """How many of the seeds' histories depend on each thing."""
    total = dict.fromkeys([*EDITS, *PATCHES], 0)
    for seed in seeds:
        for name in dependent(random_history(seed, platforms=platforms)):
            total[name] += 1
    return total


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Shares of histories that depend on new things.")
    parser.add_argument("--seeds", default="0:100", help="FIRST:BEYOND (default %(default)s)")
    parser.add_argument("--further", action="store_true", help="every platform of the contract")
    options = parser.parse_args()
    first, _, beyond = options.seeds.partition(":")
    seeds = range(int(first), int(beyond))
    found = counts(seeds, (*PLATFORMS, *FURTHER * 2) if options.further else PLATFORMS)
    for name, count in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{count / len(seeds):6.1%}  {name}")


if __name__ == "__main__":
    main()
