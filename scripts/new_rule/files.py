"""What the files of a new rule hold: a rule that works, words, and a test of it."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """What a rule looks at (parcel, order, link), and whether it is a clock or a check."""

    sees: str
    clock: bool


CHAPTER = """\
## `{name}`

*TODO what it finds, in one sentence.*

| | |
|---|---|
| subject | TODO |
{when}
| stages | `violation` |

**Put it right.** TODO

**Evidence.** TODO

**Profile.** TODO
"""

WHEN = {
    True: "| starts | TODO |\n| ends | TODO |",
    False: "| anchor | TODO |\n| holds from | TODO |\n| until | TODO |",
}
"""How a chapter says when a clock runs, and when a check holds."""

_SEES = {"parcel": "parcel", "order": "order", "link": "parcel × order"}
_SNAPSHOT = {
    "parcel": ("parcel: ParcelLife", "ParcelLife"),
    "order": ("order: OrderSnapshot", "OrderSnapshot"),
    "link": ("parcel: ParcelLife, order: LinkedOrder", "LinkedOrder, ParcelLife"),
}

_CHECKS = {
    "parcel": """\
        found = parcel.first(_SEEN)
        if found is None:
            return ()
        lead = parcel.lead
        anchor, holds, ended = lead.uploaded_at, max(lead.uploaded_at, found.at), parcel.ended_at
        proof = (*lead.proof(), proof_of(found))
""",
    "link": """\
        found = parcel.first(_SEEN)
        if found is None:
            return ()
        anchor, holds, ended = order.uploaded_at, max(order.uploaded_at, found.at), order.ended_at
        proof = (*order.proof(), proof_of(found))
""",
    "order": """\
        if len(order.uses) < 2:
            return ()
        anchor = holds = sorted(life.uploaded_at for _, life in order.uses)[1]
        ended = order.closed_at
        proof = order.proof()
""",
}
_CLOCKS = {
    "parcel": """\
        found = parcel.first(_SEEN)
        if found is None:
            return ()
        after = parcel.first_after(found.at)
        ended = parcel.stopped_at
        if after is not None and (ended is None or after.at < ended):
            ended = after.at
        return clocks(self.name, self.violation, None, found.at, ended, (proof_of(found),))
""",
    "order": """\
        if not order.uses:
            return ()
        started = min(life.uploaded_at for _, life in order.uses)
        moved = [at for _, life in order.uses for at in life.progress]
        ends = [at for at in (*moved, order.closed_at) if at is not None]
        ended = min(ends, default=None)
        return clocks(self.name, self.violation, None, started, ended, order.proof())
""",
}


def class_of(name: str) -> str:
    """`delivered_far_too_fast` → `DeliveredFarTooFast`."""
    return "".join(part.capitalize() for part in name.split("_"))


def rule(name: str, kind: Kind) -> str:
    """`streams/rules/NAME.py`: a rule that sees something simple, for its author to replace."""
    parameters, snapshots = _SNAPSHOT[kind.sees]
    records = kind.sees != "order"
    episode = "Clock, Limit" if kind.clock else "Check"
    body = _CLOCKS[kind.sees] if kind.clock else _CHECKS[kind.sees]
    if not kind.clock:
        body += """\
        check = Check(
            self.name,
            "violation",
            self.severity,
            anchor,
            holds,
            ended,
            proof,
            self.rectify_within,
        )
        return (check,)
"""
    fields = (
        "    violation: Limit\n"
        if kind.clock
        else ('    severity: Severity = "critical"\n    rectify_within: RectifyWithin = None\n')
    )
    imports = ["from streams.rules.episodes import " + episode]
    if not kind.clock:
        imports.append("from streams.rules.fields import RectifyWithin, Severity")
    imports.append(f"from streams.rules.snapshot import {snapshots}{', proof_of' * records}")
    imports.append("from streams.rules.spec import RuleSpec")
    if kind.clock:
        imports.append("from streams.rules.stages import clocks")
    if records:
        imports.insert(0, "from streams.facts.facts import STATUS_CODE")
    seen = '\n_SEEN = frozenset((STATUS_CODE["exception"],))\n' if records else ""
    kinds = "Clock" if kind.clock else "Check"
    joined = "\n".join(imports)
    return f'''"""TODO what it finds, in one sentence that a support agent could read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

{joined}
{seen}

@dataclass(frozen=True, slots=True)
class {class_of(name)}:
    """TODO from when until when; what its fields mean, with units."""

    name = "{name}"
{fields}
    def episodes(self, {parameters}) -> Iterable[{kinds}]:
        """TODO which; none where nothing is to be seen."""
{body}

RULE = RuleSpec("{name}", "{_SEES[kind.sees]}", rule={class_of(name)})
'''


def words(name: str, kind: Kind) -> str:
    """`streams/rules/NAME.toml`: every text that the rule needs, in both languages."""
    states = ["open", *(["breached"] if kind.clock else []), "resolved"]
    states += [*(["late"] if kind.clock else []), "withdrawn"]
    number = kind.sees != "order"
    parts = [
        f"""[{name}]
title = {{ zh = "TODO 标题 {name}", en = "TODO title of {name}" }}
when = {{ zh = "TODO 何时预警", en = "TODO when it warns" }}
evidence = "TODO which records of {name} prove it"
hint.open = {{ zh = "TODO 怎么做", en = "TODO what to do" }}
"""
        + ('hint.breached = { zh = "TODO 怎么做", en = "TODO what to do" }\n' if kind.clock else "")
    ]
    about = (
        "单号 {carrier} {number}（订单 {orders}）",
        "number {carrier} {number} (order {orders})",
    )
    zh, en = about if number else ("订单 {orders}", "order {orders}")
    for state in states:
        over = ("{over}", " for {over}") if state == "breached" else ("", "")
        due = (
            ("，时限 {deadline}", ", due {deadline}")
            if (kind.clock and state == "open")
            else ("", "")
        )
        text = f"""[{name}.violation.{state}]
message.zh = "TODO {name} {state}：{zh}{over[0]}待写{due[0]}。"
message.en = "TODO {name} {state}: {en}{over[1]}{due[1]}."
"""
        if state == "open":
            by = ("，最迟 {deadline}", " by {deadline}")
            if not kind.clock:
                by = (f"[{by[0]}]", f"[{by[1]}]")
            text += f'remedy.zh = "TODO 待写{by[0]}。"\nremedy.en = "TODO what to do{by[1]}."\n'
        parts.append(text)
    if number:
        parts.append(
            "# Before an upload: what it would bring.\n"
            + "".join(
                f"""[check.foretold.{name}.violation.{state}]
message.zh = "TODO {name} {state}：若用于订单 {{orders}}，单号 {{carrier}} {{number}} 待写。"
message.en = "TODO {name} {state}: for order {{orders}} number {{carrier}} {{number}} would be."
remedy.zh = "TODO 待写。"
remedy.en = "TODO what to do."
"""
                for state in (("open", "breached", "late") if kind.clock else ("open",))
            )
        )
    return "\n".join(parts)


_QUIET = """story = [*quiet(platform, **fields)]
    return [*story, {more}]"""
_SENT = 'order(platform=platform, **fields), upload("1", platform=platform)'
_STORIES = {
    ("parcel", False): _QUIET.format(more='record("exception", PICKED + 6 * HOUR)'),
    ("link", False): _QUIET.format(more='record("exception", PICKED + 6 * HOUR)'),
    ("order", False): _QUIET.format(
        more='upload("1", UPLOADED + HOUR, OTHER_NUMBER, platform=platform)'
    ),
    ("parcel", True): f'return [{_SENT}, record("exception", PICKED)]',
    ("order", True): f"return [{_SENT}]",
}


def story(name: str, kind: Kind) -> str:
    """`tests/rules/test_NAME.py`: its story, and the first tests of it."""
    body = _STORIES[kind.sees, kind.clock]
    names = ("HOUR", "LATER", "Message", "OTHER_NUMBER", "PICKED", "UPLOADED", "order", "quiet")
    used = {each for each in (*names, "record", "upload") if each in body}
    helpers = ", ".join(sorted({"quiet", *(used & {"OTHER_NUMBER"})}))
    builders = ", ".join(sorted({"LATER", "Message", *(used - {"OTHER_NUMBER", "quiet"})}))
    table = "violation = { limit_hours = 168 }" if kind.clock else 'severity = "critical"'
    state = "breached" if kind.clock else "open"
    return f'''"""`{name}`: TODO what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.builders import {builders}
from support.packs import Judging
from support.troubles import {helpers}

RULE = "{name}"
ON = '{table}'
"""Its table in a profile, as long as no built-in one has it."""


def story(platform: str, **fields: Any) -> list[Message]:
    """TODO the smallest history that it warns of; order "1" is the one."""
    {body}


def states(folder: Path, history: list[Message]) -> list[str]:
    """The states that were published of the rule, where Douyin's profile has it too."""
    table = f'extends = "douyin-2026-07-09"\\n\\n[rules.{{RULE}}]\\n{{ON}}\\n'
    (folder / "own.toml").write_text(table, encoding="utf-8")
    judging = Judging(folder)
    judging.feed(history, LATER)
    assert judging.machine.failures == []
    return judging.states(RULE)


def test_fires_on_its_story(tmp_path: Path) -> None:
    """TODO from when on, how grave, which order and records."""
    assert states(tmp_path, story("douyin"))[-1] == "{state}"


def test_stays_quiet_on_an_ordinary_journey(tmp_path: Path) -> None:
    """TODO and on what comes near it: both sides of each boundary."""
    assert states(tmp_path, quiet("douyin")) == []
'''
