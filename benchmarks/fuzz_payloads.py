"""Mutates payloads of every source: each becomes messages and refusals, or is unreadable.

    .venv/bin/python benchmarks/fuzz_payloads.py [--payloads 200000] [--seed 1]

Any other exception ends the run with status 1 and the number of the payload that did it; so does
one that its signature vouches for, and that says something else than the payload it was made from.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.damage import damaged  # noqa: E402 - found by the path above
from support.source_payloads import CASES, options, payload  # noqa: E402

from streams.inputs.sources.payload import Unreadable  # noqa: E402
from streams.inputs.sources.registry import SOURCES  # noqa: E402


class Fault(Exception):
    """What a payload came to that it must not."""


class Mutated:
    """One payload, and what becomes of it when it is damaged."""

    def __init__(self, case: Path) -> None:
        self.case = case
        self.source = SOURCES[case.parts[0]]
        self.sent = payload(case)
        self.feed = options(case).feed()
        self.signed = bool(self.feed.secret) and self.source.checked == "signature"
        self.messages = self.source.read(self.sent, self.feed).messages

    def judged(self, chance: random.Random) -> str:
        """What became of one that was damaged; raises Fault, and what must not be raised."""
        changed = payload(self.case, damaged(self.sent.body, chance))
        try:
            outcome = self.source.read(changed, self.feed)
        except Unreadable:
            return "unreadable"
        for message in outcome.messages:
            message.as_json().encode()
        same = outcome.messages == self.messages
        if self.signed and not same and self.source.genuine(changed, self.feed) is True:
            raise Fault("its signature vouches for what was changed")
        if same:
            return "as before"
        return "messages" if outcome.messages else "no messages"


def fuzz(payloads: int, seed: int) -> Counter[str]:
    """Damage so many payloads, each case in turn, and say what became of them; raises Fault."""
    every = [Mutated(case) for case in CASES]
    total: Counter[str] = Counter()
    for number in range(payloads):
        one = every[number % len(every)]
        try:
            total[one.judged(random.Random(f"{seed}:{number}"))] += 1
        except Exception as error:
            raise Fault(f"payload {seed}:{number} of {one.case}: {error!r}") from error
    return total


def main() -> None:
    """Fuzz, and say what became of the payloads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.process_time()
    try:
        total = fuzz(arguments.payloads, arguments.seed)
    except Fault as fault:
        sys.exit(str(fault))
    print(f"{arguments.payloads:,} payloads, {time.process_time() - began:.0f} s CPU")
    for what, count in total.most_common():
        print(f"{count:9,} {what}")


if __name__ == "__main__":
    main()
