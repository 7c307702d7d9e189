"""Where `shipsentry replay` and the brute-force evaluation differ, and the smallest such history.

    .venv/bin/python -m tests.oracle.differ --seeds 0:1000

Each seed's history is judged as it came and shuffled with repeats. The first one that differs is
made smaller, message by message and field by field, as long as one of its differing warnings still
differs in the same rule; what is left is printed. Exit status 1 where something differs.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from oracle.brute_force import arrival_of, judge_message
from oracle.histories import FURTHER, PLATFORMS, History, judged, random_history, shuffled
from support.replaying import COMPARED

from streams.cli.replay import replay

DEAD_LETTER = "dead_letter"
NOTICES = {"notice"}
"""Stages that the contract leaves to data which the oracle has not: numbers' formats."""

Warnings = dict[str, dict[str, Any]]


def replayed(history: History) -> Warnings:
    """What `shipsentry replay` writes of a history, by id, and which lines it refuses; without
    withdrawn warnings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history.write(folder)
        files = {n: str(folder / f"{n}.jsonl") for n in ("orders", "tracking", "out")}
        arguments = [word for n, path in files.items() for word in (f"--{n}", path)]
        arguments += ["--until", history.until.isoformat()]
        bad_lines = folder / "bad.jsonl"
        bad_lines.touch()
        arguments += ["--dead-letters", str(bad_lines)]
        try:
            with redirect_stderr(StringIO()):  # how many dead letters there were
                replay.main(arguments, standalone_mode=False)
        except SystemExit as end:
            if end.code != 3:  # 3: there were dead letters
                raise
        found = _lines(folder / "out.jsonl")
        bad = {(b["origin"]["topic"].removesuffix(".jsonl"), b["line"]) for b in _lines(bad_lines)}
    kept = (w for w in found if w["state"] != "withdrawn" and w["stage"] not in NOTICES)
    return _compared(kept) | _refused(bad)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def evaluated(history: History) -> Warnings:
    """What the brute-force evaluation says of it, by id, and which lines it refuses."""
    bad = set()
    for kind, name in (("order", "orders"), ("tracking", "tracking")):
        for line, value in enumerate(getattr(history, name), 1):
            arrival = arrival_of(kind, value, None)
            read = arrival is not None and arrival <= history.until
            if arrival is not None and read and judge_message(kind, value, arrival) is not None:
                bad.add((name, line))
    return _compared(judged(history)) | _refused(bad)


def _compared(found: Iterable[dict[str, Any]]) -> Warnings:
    return {w["warning_id"]: {name: w[name] for name in COMPARED} for w in found}


def _refused(lines: set[tuple[str, int]]) -> Warnings:
    """Lines that are no messages, in the shape of warnings."""
    return {
        f"{name} {line}": {"rule": DEAD_LETTER, "line": f"{name} {line}"} for name, line in lines
    }


Difference = tuple[dict[str, Any] | None, dict[str, Any] | None]
"""A warning as replay has it and as the oracle has it; None where one has none."""


def compared(ours: Warnings, theirs: Warnings) -> list[Difference]:
    """The warnings in which the two differ."""
    return [
        (ours.get(key), theirs.get(key))
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def differences(history: History, rules: set[str] | None = None) -> list[Difference]:
    """Where replay and the oracle differ about a history, in some rules or in all."""
    found = compared(replayed(history), evaluated(history))
    return [pair for pair in found if rules is None or rules_of([pair]) & rules]


def rules_of(found: list[Difference]) -> set[str]:
    """The rules of the warnings that differ."""
    return {side["rule"] for pair in found for side in pair if side is not None}


# --------------------------------------------------------------------------------- shrinking

Message = tuple[str, dict[str, Any]]
"""Of `orders`, `tracking` or `tombstones`."""


def _messages(history: History) -> list[Message]:
    return [
        (kind, m) for kind in ("orders", "tracking", "tombstones") for m in getattr(history, kind)
    ]


def _made_of(history: History, messages: list[Message]) -> History:
    kinds = ("orders", "tracking", "tombstones")
    return replace(history, **{k: [m for kind, m in messages if kind == k] for k in kinds})


def shrunk(history: History, differs: Callable[[History], bool]) -> History:
    """A history from which no message and no field can be left out while it differs."""
    messages = _fewer(history, _messages(history), differs)
    for at, (kind, message) in enumerate(messages):
        for path in _paths(message) if kind != "tombstones" else ():
            less_said = copy.deepcopy(message)
            _remove(less_said, path)
            smaller = [*messages[:at], (kind, less_said), *messages[at + 1 :]]
            if differs(_made_of(history, smaller)):
                messages, message = smaller, less_said
    # What says less may have become dispensable.
    return _made_of(history, _fewer(history, messages, differs))


def _fewer(
    history: History, messages: list[Message], differs: Callable[[History], bool]
) -> list[Message]:
    """As few of the messages as differ: halves are left out, then quarters, then single ones."""
    size = len(messages)
    while size:
        start = 0
        while start < len(messages):
            less = messages[:start] + messages[start + size :]
            if differs(_made_of(history, less)):
                messages = less
            else:
                start += size
        size //= 2
    return messages


def _paths(message: dict[str, Any]) -> list[tuple[str, ...]]:
    """The fields, and those of objects in them, whose absence is tried."""
    paths: list[tuple[str, ...]] = []
    for name, value in message.items():
        paths.append((name,))
        if isinstance(value, dict):
            paths += [(name, inner) for inner in value]
    return paths


def _remove(message: dict[str, Any], path: tuple[str, ...]) -> None:
    holder = message
    for name in path[:-1]:
        holder = holder.get(name) or {}
    holder.pop(path[-1], None)


# ---------------------------------------------------------------------------------- the command


def told(history: History, found: list[Difference]) -> str:
    """The messages of a history, and how the two see it."""
    lines = [f"until {history.until.isoformat()}"]
    sent = _messages(history)
    lines += [f"{kind:10} {json.dumps(m, ensure_ascii=False)}" for kind, m in sent]
    for ours, theirs in found:
        lines += [f"replay:  {_short(ours)}", f"oracle:  {_short(theirs)}"]
    return "\n".join(lines)


def _short(warning: dict[str, Any] | None) -> str:
    if warning is None:
        return "none"
    return " ".join(f"{name}={value}" for name, value in warning.items() if value is not None)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", default="0:100", help="FIRST:BEYOND (default %(default)s)")
    parser.add_argument("--rules", help="compare these alone: names with commas between")
    parser.add_argument("--further", action="store_true", help="every platform of the contract")
    parser.add_argument("--ties", action="store_true", help="leave ties as they are (see _level)")
    parser.add_argument("--plain", action="store_true", help="no odd spellings of ids and places")
    parser.add_argument("--no-bad", action="store_true", help="without dead letters")
    parser.add_argument("--all", action="store_true", help="count all that differ, shrink none")
    options = parser.parse_args()
    first, _, beyond = options.seeds.partition(":")
    rules = set(options.rules.split(",")) if options.rules else None
    platforms = (*PLATFORMS, *FURTHER * 2) if options.further else PLATFORMS
    counts: Counter[str] = Counter()
    seeds = range(int(first), int(beyond or int(first) + 1))
    for seed in seeds:
        came = random_history(
            seed,
            platforms=platforms,
            level=not options.ties,
            bad=not options.no_bad,
            plain=options.plain,
        )
        for how, history in (("as it came", came), ("shuffled", shuffled(came, seed))):
            found = differences(history, rules)
            if not found:
                continue
            if options.all:
                counts.update(rules_of(found))
                counts["histories"] += 1
                print(f"seed {seed} {how}: {len(found)} in {sorted(rules_of(found))}", flush=True)
                continue
            print(f"seed {seed}, {how}: {len(found)} warnings differ; shrinking", flush=True)
            rule = min(rules_of(found))
            small = shrunk(history, lambda h, rule=rule: bool(differences(h, {rule})))  # type: ignore[misc]
            print(told(small, differences(small, {rule})))
            return 1
    print(
        f"{len(seeds)} seeds: " + (f"{dict(counts.most_common())}" if counts else "no difference")
    )
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
