"""What is wrong with the data: lines that were refused, names that nobody knows, numbers shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from streams.decode.names import Names
from streams.inputs.rejected import Counted, shown_value, without_personal
from streams.inputs.sheets.imported import Imported
from streams.profiles.model import Profiles
from streams.replay.machine import Machine
from streams.replay.namesakes import namesakes, numbered
from streams.replay.seen import Seen
from streams.report.files import File
from streams.report.measures import Measured

_NAMED = 10
"""Examples of one kind that are named at most."""


class Problem(NamedTuple):
    """One kind of fault: its code among the words of the report, how often, and some of them.

    `detail` is a sentence about the first one, in English as the reader of files gives it.
    """

    code: str
    number: int
    examples: Sequence[str] = ()
    detail: str = ""


def problems(
    files: Iterable[File],
    imports: Iterable[tuple[Path, Imported]],
    bad: Counted,
    seen: Seen,
    names: Names,
    profiles: Profiles,
    machine: Machine,
    measured: Measured,
) -> list[Problem]:
    """Everything that was found, what costs the most first: refused lines, then the rest."""
    found = [_refused(bad, reason, count) for reason, count in bad.reasons.most_common()]
    found += _imported(imports)
    if seen.orders and not seen.records:
        found.append(Problem("no_records", seen.orders))
    untracked = sorted(key.decode() for key in machine.unjudged["orders"])
    found += _some("received_untracked", untracked)
    found += [Problem(code, count) for code, count in seen.estimated.most_common()]
    waiting = namesakes(numbered(machine))
    known = {profile.platform for profile in profiles.all}
    strange = [name for name, _ in seen.platforms.most_common() if name not in known]
    shared = [f"{each} ({', '.join(sorted(who))})" for each, who in seen.shared.items()]
    unlinked = [f"{order_id} ({key})" for order_id, key in measured.unknown_orders.items()]
    found += _some("unknown_orders", unlinked)
    if measured.orderless:
        found.append(Problem("orderless", measured.orderless))
    found += _some("same_digits", [f"{one} → {other}" for one, other in waiting])
    found += _some("shared_ids", shared)
    found += _some("unknown_carriers", sorted(names.unknown("carrier", seen.carriers)))
    found += _some("no_profile", strange)
    lane = sum(each.parcels for each in measured.lanes if each.lane == "unknown")
    if lane:
        found.append(Problem("unknown_lanes", lane))
    if machine.late:
        found.append(Problem("late", machine.late))
    for file in files:
        if file.differing:
            found += _some(
                "differing", [f"{file.path.name}: {each}" for each in sorted(file.differing)]
            )
        if file.unknown:
            columns = [f"{file.path.name}: {each}" for each in file.unknown]
            found += _some("unknown_columns", columns)
    return found


def _imported(imports: Iterable[tuple[Path, Imported]]) -> list[Problem]:
    """What was refused of exports, by reason; then what was passed over, and what was not known."""
    refused: dict[str, list[str]] = {}
    passed: list[str] = []
    statuses: list[str] = []
    columns: list[str] = []
    for path, each in imports:
        name, outcome = path.name, each.outcome
        for reason, why in outcome.refusals:
            refused.setdefault(reason, []).append(f"{name}: {without_personal(why)}")
        passed += [f"{name}: {reason}: {count}" for reason, count in sorted(outcome.passed.items())]
        unknown = [(f"'{status}'", n) for status, n in outcome.unknown.most_common()]
        statuses += [f"{name}: {without_personal(status)} ({n})" for status, n in unknown]
        columns += [f"{name}: {column}" for column in each.unknown]
    by_number = sorted(refused.items(), key=lambda one: -len(one[1]))
    return [
        *(Problem(reason, len(whys), (), whys[0]) for reason, whys in by_number),
        *_some("passed_over", passed),
        *_some("unknown_statuses", statuses),
        *_some("unknown_columns", columns),
    ]


def _refused(bad: Counted, reason: str, count: int) -> Problem:
    first = bad.first[reason]
    value = shown_value(first)
    shown = "" if value is None else f" ({value!r})"
    return Problem(
        reason, count, [f"{first.path.name}: {first.number}"], f"{first.bad.message}{shown}"
    )


def _some(code: str, every: Sequence[str]) -> list[Problem]:
    return [Problem(code, len(every), every[:_NAMED])] if every else []
