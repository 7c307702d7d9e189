"""`shipsentry replay --diff`: what two sets of profiles make of one history, as table or JSON."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.cli.suggest import did_you_mean
from streams.facts.times import iso, to_datetime
from streams.profiles.loader import ProfileError, read
from streams.profiles.model import Profiles
from streams.profiles.money import Range, spelled
from streams.replay.what_if import Change, Known, Risk, Variant, WhatIf, with_file
from streams.telemetry.counted import counted

AS_DATED = "as-dated"
"""Each order by the profile in force when it was paid."""


def chosen(profiles: Profiles, name: str) -> Profiles:
    """The profiles that `name` stands for: an id, `as-dated`, or the path of a profile file.

    An id judges every order; a file every order of its platform. Raises click's errors.
    """
    if name == AS_DATED:
        return profiles
    try:
        return profiles.forced(name)
    except KeyError:
        pass
    if name != "-" and Path(name).is_file():
        try:
            return with_file(profiles, read(Path(name)))
        except (ProfileError, OSError) as error:
            raise click.ClickException(str(error)) from error
    names = [*(known.id for known in profiles.all), AS_DATED]
    raise click.BadParameter(
        f"no profile {name!r}, nor a file of that name{did_you_mean(name, names)} "
        f"there are {', '.join(names)}"
    )


def as_json(both: WhatIf, until: int) -> bytes:
    """The comparison as one JSON object."""
    changes = list(both.changes())
    value = {
        "until": iso(until),
        "sides": [_side(side) for side in (both.before, both.after)],
        "orders": _order_counts(changes),
        "changes": [_change(change) for change in changes],
    }
    return msgspec.json.encode(value) + b"\n"


def as_table(both: WhatIf, until: int) -> Iterator[str]:
    """The comparison as lines for people: both sides in numbers, then each order that changes."""
    names = both.before.name, both.after.name
    yield f"What if: {names[0]} → {names[1]}, until {iso(until)}"
    yield ""
    yield from _aligned([("", *names), *_numbers(both.before, both.after)])
    yield ""
    changes = list(both.changes())
    if not changes:
        yield "No order changes."
        return
    counts = _order_counts(changes)
    yield (
        f"{counted(counts['changed'], 'order changes', plural='orders change')}: "
        f"{counted(counts['gain'], 'gains', plural='gain')} a warning, "
        f"{counted(counts['lose'], 'loses', plural='lose')} one, "
        f"{counted(counts['change'], 'sees', plural='see')} one change."
    )
    yield ""
    rows = [("order", "parcel", "rule", "stage", *names)]
    for change in changes:
        order_id, rule, stage, parcel, _ = change.place
        rows.append((order_id, parcel or "–", rule, stage, *_say_both(change)))
    yield from _aligned(rows)


def _numbers(before: Variant, after: Variant) -> Iterator[tuple[str, str, str]]:
    """Rows of label and both sides' number."""
    counts = before.counts(), after.counts()
    yield "warnings", str(counts[0].total()), str(counts[1].total())
    for rule, stage in sorted({key[:2] for count in counts for key in count}):
        cells = [_states(count, rule, stage) for count in counts]
        yield f"  {rule} {stage}", cells[0], cells[1]
    risks = before.risk(), after.risk()
    for currency in sorted({currency for risk in risks for currency in risk.money}):
        cells = [_sum(currency, risk.money.get(currency)) for risk in risks]
        yield "at risk, money", cells[0], cells[1]
    yield "at risk, strikes", str(risks[0].strikes), str(risks[1].strikes)
    if risks[0].unknown or risks[1].unknown:
        yield "at risk, sum not known", str(risks[0].unknown), str(risks[1].unknown)


def _states(count: Counter[tuple[str, str, str]], rule: str, stage: str) -> str:
    found = [
        (count[rule, stage, state], state)
        for state in ("open", "breached", "resolved")
        if count[rule, stage, state]
    ]
    return ", ".join(f"{number} {state}" for number, state in found) or "–"


def _sum(currency: str, money: Range | None) -> str:
    return "–" if money is None else spelled(currency, *money)


def _say(known: Known | None) -> str:
    """A warning in a few words."""
    if known is None:
        return "–"
    finding = known.finding
    late = finding.state == "resolved" and finding.breached_at is not None
    text = "resolved late" if late else finding.state
    return text if finding.severity == "critical" else f"{text} ({finding.severity})"


def _say_both(change: Change) -> tuple[str, str]:
    """Both sides in a few words; where these are the same, with the times that are not."""
    before, after = change.before, change.after
    said = _say(before), _say(after)
    if before is None or after is None or said[0] != said[1]:
        return said
    differing = [
        (name, getattr(before.finding, field), getattr(after.finding, field))
        for name, field in (("from", "opened_at"), ("due", "deadline"), ("ended", "resolved_at"))
        if getattr(before.finding, field) != getattr(after.finding, field)
    ]
    return (
        ", ".join([said[0], *(f"{name} {_moment(old)}" for name, old, _ in differing)]),
        ", ".join([said[1], *(f"{name} {_moment(new)}" for name, _, new in differing)]),
    )


def _moment(us: int | None) -> str:
    """A time in UTC, to the second."""
    return "never" if us is None else to_datetime(us).strftime("%Y-%m-%dT%H:%M:%SZ")


def _order_counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many orders change, and how many of them gain, lose or see a warning change."""
    kinds: dict[str, set[str]] = {"gain": set(), "lose": set(), "change": set()}
    for change in changes:
        kinds[change.kind].add(change.place[0])
    changed = set().union(*kinds.values())
    return {"changed": len(changed), **{kind: len(orders) for kind, orders in kinds.items()}}


_TOLD_BY: dict[str, Callable[[Known], str | None]] = {
    "rule": lambda known: known.finding.rule,
    "platform": lambda known: known.platform,
    "shop_id": lambda known: known.finding.shop_id,
}
_GROUPS = {"rules": ("rule",), "platforms": ("platform",), "shops": ("platform", "shop_id")}
"""Name of a list of a side → the fields that its entries are told apart by."""


def _side(side: Variant) -> dict[str, Any]:
    counts = side.counts()
    return {
        "profile": side.name,
        "warnings": counts.total(),
        "by_rule": [
            {"rule": rule, "stage": stage, "state": state, "warnings": number}
            for (rule, stage, state), number in sorted(counts.items())
        ],
        "at_risk": _risk(side.risk()),
        **{name: _grouped(side, fields) for name, fields in _GROUPS.items()},
    }


def _grouped(side: Variant, fields: Sequence[str]) -> list[dict[str, Any]]:
    """How many warnings there are and what is at risk, by some fields of a warning."""

    def group(known: Known) -> tuple[str | None, ...]:
        return tuple(_TOLD_BY[field](known) for field in fields)

    numbers = Counter(map(group, side.known()))
    risks = side.risks(group)
    nothing = Risk({}, 0, 0)
    in_order = sorted(numbers, key=lambda key: [part or "" for part in key])
    return [
        {
            **dict(zip(fields, key, strict=True)),
            "warnings": numbers[key],
            "at_risk": _risk(risks.get(key, nothing)),
        }
        for key in in_order
    ]


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "money": [
            {"currency": currency, "least": least, "most": most}
            for currency, (least, most) in sorted(risk.money.items())
        ],
        "strikes": risk.strikes,
        "sum_not_known": risk.unknown,
    }


def _change(change: Change) -> dict[str, Any]:
    order_id, rule, stage, parcel, started_at = change.place
    carrier, _, number = parcel.partition(":")
    return {
        "order_id": order_id,
        "change": change.kind,
        "rule": rule,
        "stage": stage,
        "carrier": carrier or None,
        "tracking_number": number or None,
        "started_at": iso(started_at),
        "before": _content(change.before),
        "after": _content(change.after),
    }


def _content(known: Known | None) -> dict[str, Any] | None:
    if known is None:
        return None
    finding = known.finding
    currency, least, most, _ = finding.money or (None, None, None, None)
    return {
        "warning_id": known.warning_id,
        "profile": finding.profile,
        "platform": known.platform,
        "shop_id": finding.shop_id,
        "state": finding.state,
        "severity": finding.severity,
        "opened_at": iso(finding.opened_at),
        "deadline": iso(finding.deadline),
        "breached_at": iso(finding.breached_at),
        "resolved_at": iso(finding.resolved_at),
        "exposure": {
            "kind": finding.exposure,
            "currency": currency,
            "least": least,
            "most": most,
        },
    }


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns, however wide their characters are on a terminal."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
