"""What must have been published, by brute force from what was sent, against what was.

Nothing of the product is used: the oracle is written from the contract alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from faults.observer import Seen
from faults.workload import Part, Place, Sent
from oracle.brute_force import evaluate, judge_message

Warning = dict[str, Any]

NOTICES = {"notice"}
"""Stages that the contract leaves to data which the oracle has not: numbers' formats."""

COMPARED = (
    "rule", "stage", "platform", "carrier", "tracking_number", "order_ids", "state", "opened_at",
    "deadline", "breached_at", "resolved_at", "warning_id",
)  # fmt: skip
INSTANTS = ("opened_at", "deadline", "breached_at", "resolved_at")

EXAMPLES = 5
"""How many of each kind of fault a verdict shows."""


@dataclass
class Verdict:
    """Each list holds what is wrong; `figures` what may be as it is.

    `lost`: must stand and was never published, or was withdrawn. `wrong`: stands with other fields.
    `unsupported`: stands and must not. `conflicting`: one id and revision with two contents.
    `backwards`: a new revision below one that was published before it. `early`: seen as breached
    before its deadline. `unproven`: names a record that was never sent. `letters_lost` and
    `letters_unsupported`: poison without a dead letter, a dead letter of what is none. `shop_days`:
    counted otherwise than a replay does.
    """

    lost: list[Any] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    unsupported: list[Any] = field(default_factory=list)
    conflicting: list[Any] = field(default_factory=list)
    backwards: list[Any] = field(default_factory=list)
    early: list[Any] = field(default_factory=list)
    unproven: list[Any] = field(default_factory=list)
    letters_lost: list[Any] = field(default_factory=list)
    letters_unsupported: list[Any] = field(default_factory=list)
    shop_days: list[Any] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return {name: len(found) for name, found in vars(self).items() if name != "figures"}

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.counts().values())

    def stands_right(self) -> bool:
        """Whether what stands is right, whatever happened on the way."""
        at_end = (self.lost, self.wrong, self.unsupported, self.letters_lost, self.shop_days)
        return not any(at_end)


def expected(parts: Iterable[Part], until: datetime) -> dict[str, Warning]:
    """The warnings that hold at a time, by id; each part is judged by itself."""
    found = {}
    for part in parts:
        if part.sent_at is None:
            continue
        orders = [r.value for r in part.records if r.kind == "orders" and r.value is not None]
        tracking = [r.value for r in part.records if r.kind == "tracking"]
        gone = [
            (r.key or "", r.at, part.sent_at)
            for r in part.records
            if r.raw is None and r.at is not None
        ]
        warnings = evaluate(
            orders,
            tracking,
            until,
            order_arrivals=[part.sent_at] * len(orders),
            tracking_arrivals=[part.sent_at] * len(tracking),
            tombstones=gone,
        )
        found.update({warning["warning_id"]: warning for warning in warnings})
    return found


def is_dead_letter(record: Sent, arrival: datetime) -> bool:
    """Whether a record must become a dead letter."""
    if record.poison or record.value is None:
        return record.poison
    kind = "order" if record.kind == "orders" else "tracking"
    return judge_message(kind, record.value, arrival) is not None


def verify(
    seen: Iterable[Seen],
    placed: Mapping[Place, Sent],
    before: Mapping[str, Warning],
    after: Mapping[str, Warning],
    arrival: datetime,
    *,
    warnings: str,
    dead_letters: str,
    gone: Iterable[str] = (),
) -> Verdict:
    """Compare what was seen with what must hold.

    `before` and `after` hold at the moments between which the last record was published: where
    time alone changed a warning, either will do. Records of topics in `gone` were deleted, nothing
    is said of their places.
    """
    published = [(s, json.loads(s.value)) for s in seen if s.topic == warnings and s.value]
    verdict = Verdict()
    _revisions(verdict, published)
    _moments(verdict, published, placed, set(gone))
    standing = newest(value for _, value in published)
    _standing(verdict, standing, before, after)
    letters = [s for s in seen if s.topic == dead_letters]
    _letters(verdict, letters, placed, arrival, set(gone))
    revisions = {(value["warning_id"], value["revision"]) for _, value in published}
    verdict.figures |= {
        "revisions": len(published),
        "warnings": len(standing),
        "expected": len(after),
        "withdrawn": sum(value["state"] == "withdrawn" for value in standing.values()),
        "published_again": len(published) - len(revisions),
        "dead_letters": len({s.key for s in letters}),
        "dead_letters_again": len(letters) - len({s.key for s in letters}),
        **lateness(published),
    }
    return verdict


def newest(values: Iterable[Warning]) -> dict[str, Warning]:
    """What a consumer has that keeps the greatest revision of each id."""
    kept: dict[str, Warning] = {}
    for value in values:
        known = kept.get(value["warning_id"])
        if known is None or known["revision"] <= value["revision"]:
            kept[value["warning_id"]] = value
    return kept


def _revisions(verdict: Verdict, published: list[tuple[Seen, Warning]]) -> None:
    contents: dict[tuple[str, int], Warning] = {}
    greatest: dict[str, int] = {}
    for seen, value in published:
        name, revision = value["warning_id"], value["revision"]
        known = contents.get((name, revision))
        if known is None:
            contents[name, revision] = value
            if revision < greatest.get(name, 0):
                verdict.backwards.append(
                    {"warning_id": name, "revision": revision, "after": greatest[name],
                     "offset": f"{seen.partition}/{seen.offset}"}
                )  # fmt: skip
        elif known != value:
            differing = sorted(f for f in {*known, *value} if known.get(f) != value.get(f))
            verdict.conflicting.append(
                {"warning_id": name, "revision": revision, "differing": differing,
                 "one": {f: known.get(f) for f in differing},
                 "other": {f: value.get(f) for f in differing}}
            )  # fmt: skip
        greatest[name] = max(revision, greatest.get(name, 0))


def _moments(
    verdict: Verdict,
    published: list[tuple[Seen, Warning]],
    placed: Mapping[Place, Sent],
    gone: set[str],
) -> None:
    for seen, value in published:
        if value["state"] == "breached":
            breach = datetime.fromisoformat(value["breached_at"]).timestamp()
            if breach > seen.at:
                verdict.early.append(
                    {"warning_id": value["warning_id"], "breached_at": value["breached_at"],
                     "seconds": round(breach - seen.at, 3)}
                )  # fmt: skip
        for record in value["evidence"]["records"]:
            place = (record["topic"], record["partition"], record["offset"])
            if record["topic"] in gone:
                continue
            sent = placed.get(place)
            if sent is None or not _says(sent, record):
                verdict.unproven.append({"warning_id": value["warning_id"], "record": record})


def _says(sent: Sent, record: dict[str, Any]) -> bool:
    value = sent.value or {}
    if sent.kind == "tracking":
        return bool(value.get("status") == record.get("status"))
    return True


def _standing(
    verdict: Verdict,
    standing: Mapping[str, Warning],
    before: Mapping[str, Warning],
    after: Mapping[str, Warning],
) -> None:
    for name in sorted({*standing, *before, *after}):
        found = standing.get(name)
        if found is not None and (found["state"] == "withdrawn" or found["stage"] in NOTICES):
            found = None
        allowed = [_compared(side.get(name)) for side in (before, after)]
        ours = _compared(found)
        if ours in allowed:
            continue
        if ours is None:
            verdict.lost.append({"withdrawn": name in standing, **(allowed[1] or {})})
        elif allowed == [None, None]:
            verdict.unsupported.append(ours)
        else:
            wanted = allowed[1] or allowed[0] or {}
            differing = [f for f in COMPARED if ours[f] != wanted[f]]
            verdict.wrong.append(
                {**{f: wanted[f] for f in ("warning_id", "rule", "stage", "order_ids")},
                 "ours": {f: ours[f] for f in differing},
                 "wanted": {f: wanted[f] for f in differing}}
            )  # fmt: skip


def _compared(warning: Warning | None) -> Warning | None:
    if warning is None:
        return None
    fields = {name: warning[name] for name in COMPARED}
    for name in INSTANTS:
        if fields[name] is not None:
            fields[name] = datetime.fromisoformat(fields[name]).timestamp()
    return fields


def _letters(
    verdict: Verdict,
    letters: list[Seen],
    placed: Mapping[Place, Sent],
    arrival: datetime,
    gone: set[str],
) -> None:
    wanted = {
        f"{topic}-{partition}-{offset}": record
        for (topic, partition, offset), record in placed.items()
        if topic not in gone and is_dead_letter(record, arrival)
    }
    found = {(letter.key or b"").decode() for letter in letters}
    found = {key for key in found if key.rsplit("-", 2)[0] not in gone}
    for key in sorted(wanted.keys() - found):
        verdict.letters_lost.append({"origin": key, "raw": repr(wanted[key].raw)[:200]})
    reasons = {(s.key or b"").decode(): json.loads(s.value or b"{}") for s in letters}
    for key in sorted(found - wanted.keys()):
        verdict.letters_unsupported.append(
            {
                "origin": key,
                "reason": reasons[key].get("reason"),
                "field": reasons[key].get("field"),
            }
        )


def lateness(published: Iterable[tuple[Seen, Warning]]) -> dict[str, Any]:
    """How long after their deadlines breaches were seen, of warnings that were seen open before."""
    open_since: dict[str, float] = {}
    late = {}
    for seen, value in published:
        name = value["warning_id"]
        if value["state"] == "open":
            open_since[name] = seen.at
        elif value["state"] == "breached" and name not in late:
            breach = datetime.fromisoformat(value["breached_at"]).timestamp()
            if open_since.get(name, breach) < breach:
                late[name] = seen.at - breach
    if not late:
        return {"breaches_live": 0}
    by = sorted(late.values())
    return {
        "breaches_live": len(by),
        "breach_seen_after_s": {
            "median": round(by[len(by) // 2], 2),
            "p95": round(by[int(len(by) * 0.95)], 2),
            "most": round(by[-1], 2),
        },
    }


def shown(verdict: Verdict) -> dict[str, Any]:
    """The verdict as it is kept: counts, figures, and a few examples of what is wrong."""
    examples = {
        name: found[:EXAMPLES]
        for name, found in vars(verdict).items()
        if name != "figures" and found
    }
    rules = Counter(each.get("rule") for each in (*verdict.lost, *verdict.wrong))
    return {
        "clean": verdict.is_clean,
        **verdict.counts(),
        "rules": dict(rules),
        "figures": verdict.figures,
        "examples": examples,
    }
