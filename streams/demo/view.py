"""What the demo shows, as text: a line a revision, one line of status, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from typing import Any

import click

from streams import texts
from streams.demo.history import Outcome
from streams.engine.kafka.warning_records import STATES
from streams.facts.times import BEIJING, to_datetime
from streams.profiles.money import spelled
from streams.rules.registry import RULES
from streams.telemetry.counted import counted

STAGES = ("violation", "serious", "notice")

_STYLES: dict[str, dict[str, Any]] = {
    "open": {"fg": "yellow"},
    "breached": {"fg": "red", "bold": True},
    "resolved": {"fg": "green"},
    "withdrawn": {"fg": "cyan"},
}
HEADER = "".join(
    f"{title:<{width}}"
    for title, width in (
        ("time", 13),
        ("state", 10),
        ("rule", 33),
        ("parcel or order", 26),
        ("deadline", 13),
        ("what to do", 0),
    )
)
"""Every column with the gap after it: at 120 columns nothing of a line is cut."""


def moment(value: str | int | None) -> str:
    """A time as the demo shows it: month, day, hour, minute in Beijing; `-` for none."""
    if value is None:
        return "-"
    time = to_datetime(value) if isinstance(value, int) else datetime.fromisoformat(value)
    return time.astimezone(BEIJING).strftime("%m-%d %H:%M")


def until(warning: dict[str, Any]) -> str:
    """By when to act: a check that holds has no deadline, it wants to be put right at once."""
    if warning["deadline"] is None and warning["state"] == "open":
        return "at once"
    return moment(warning["deadline"])


def subject(warning: dict[str, Any]) -> str:
    """The parcel, or the order, that a warning is about."""
    if warning["tracking_number"] is None:
        return f"order {warning['order_ids'][0]}"
    return f"{warning['carrier']} {warning['tracking_number']}"


def hint(warning: dict[str, Any]) -> str:
    """What to do, in a few words; the message on Kafka says it in full and in two languages."""
    state = warning["state"]
    if state == "resolved":
        if warning["breached_at"] is not None:
            return "ended too late"
        return "put right" if warning["deadline"] is None else "ended in time"
    if state == "withdrawn":
        return "proved wrong by new facts"
    words = texts.hint(warning["rule"], state)
    return "" if words is None else words["en"]


def line(warning: dict[str, Any], width: int) -> str:
    """One revision, aligned under HEADER; the hint goes first where the terminal is narrow."""
    stage = "" if warning["stage"] == "violation" else f" {warning['stage']}"
    state = click.style(f"{warning['state'].upper():<9}", **_STYLES[warning["state"]])
    before = f"{moment(warning['detected_at']):<11}  "
    after = (
        f" {warning['rule'] + stage:<32} {subject(warning):<25} "
        f"{until(warning):<11}  {hint(warning)}"
    )
    return before + state + clip(after, width - len(before) - 9)


def explanation(rule: str, width: int) -> str:
    """What a rule is about, in the words of its own file; shown where it first warns."""
    return click.style(clip(f"{'':<23}{_about(rule)}", width), dim=True)


def first(warning: dict[str, Any], width: int) -> str:
    """The first warning of a rule, as what the rule is about."""
    says = _about(warning["rule"])
    return clip(f"{moment(warning['detected_at']):<13}{warning['rule']:<27}{says}", width)


def _about(rule: str) -> str:
    return (import_module(f"streams.rules.{rule}").__doc__ or "").strip().partition("\n")[0]


def urgent(warning: dict[str, Any], width: int) -> str:
    """A warning to act on now: by when, of which rule, about what, and what it may cost."""
    text = f"{until(warning):<13}{warning['rule']:<27}{subject(warning):<27}{cost(warning)}"
    return clip(text, width)


def clip(text: str, width: int) -> str:
    """The text in at most `width` columns."""
    return text.rstrip() if len(text.rstrip()) <= width else text[: max(0, width - 1)] + "…"


def status(outcome: Outcome, now: int, played: int, share: float) -> str:
    """How far the history is, and what stands."""
    states = Counter(warning["state"] for warning in outcome.warnings.values())
    done = round(share * 12)
    return (
        f"{moment(now)} [{'#' * done}{'.' * (12 - done)}] {counted(played, 'record', ',')} · "
        f"{states['open']} at risk · {states['breached']} breached · {states['resolved']} resolved"
        f" · {states['withdrawn']} withdrawn · "
        f"{counted(outcome.dead_letters.total(), 'dead letter')}"
    )


def table(outcome: Outcome) -> list[str]:
    """Rule × stage × state: revisions published, and how many warnings stand so at the end."""
    standing = Counter(
        (warning["rule"], warning["stage"], warning["state"])
        for warning in outcome.warnings.values()
    )
    clocks = {
        (warning["rule"], warning["stage"])
        for warning in outcome.warnings.values()
        if warning["deadline"] is not None
    }
    head = f"{'':<25}  {'':<9}  {'published as':<40}  at the end"
    names = "".join(f"{state:>10}" for state in STATES)
    lines = [
        head,
        f"{'rule':<25}  {'stage':<9} {names}  {'open':>10}{'breached':>10}",
    ]
    for rule in RULES:
        for stage in STAGES:
            if not any((rule, stage, state) in outcome.kinds for state in STATES):
                continue
            # A check without a deadline cannot breach: a dash, not a zero.
            dash = "breached" if (rule, stage) not in clocks else None
            cells, ends = (
                "".join(f"{'-' if s == dash else counts[rule, stage, s]:>10}" for s in states)
                for counts, states in ((outcome.kinds, STATES), (standing, STATES[:2]))
            )
            lines.append(f"{rule:<25}  {stage:<9} {cells}  {ends}")
    return lines


def cost(warning: dict[str, Any]) -> str:
    """What the marketplace's text says that it may cost; most risks are a strike, without a sum."""
    exposure = warning["exposure"]
    if exposure["kind"] != "compensation":
        return "may count as a strike"
    if exposure.get("most") is None:
        return "may cost money"
    return f"may cost {spelled(exposure['currency'], exposure['least'], exposure['most'])}"


def at_stake(warnings: Iterable[dict[str, Any]]) -> str:
    """What all that stands open or breached may cost, each warning by itself."""
    sums: dict[str, tuple[int, int, int]] = {}
    strikes = 0
    for warning in warnings:
        exposure = warning["exposure"]
        if warning["state"] not in ("open", "breached"):
            continue
        if exposure["kind"] != "compensation" or exposure.get("most") is None:
            strikes += 1
            continue
        count, least, most = sums.get(exposure["currency"], (0, 0, 0))
        both = least + exposure["least"], most + exposure["most"]
        sums[exposure["currency"]] = (count + 1, *both)
    parts = [
        f"{spelled(currency, least, most)} in {counted(count, 'warning')}"
        for currency, (count, least, most) in sorted(sums.items())
    ]
    said = ", ".join([*parts, f"a strike in {strikes}"])
    return f"At stake in what is open or breached, before caps they share: {said}"


def dead_letters(counts: Counter[str]) -> str:
    """How many records were refused, by reason."""
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
    return f"{counted(counts.total(), 'dead letter')}: {reasons}" if reasons else "no dead letters"


def stock(values: Iterable[dict[str, Any]]) -> str:
    """Which products are short, and of how many pieces; the greatest lack first."""
    known = sorted(values, key=lambda each: (-each["short_by"], each["product_id"]))
    short = [each for each in known if each["short_by"]]
    said = [
        f"{each['product_id']} of {each['shop_id']} lacks {each['short_by']} "
        f"since {moment(each['short_since'])}"
        for each in short
    ]
    parts = ", ".join(said) or "none is short"
    return f"stock of {counted(len(known), 'product')}: {parts}"


def most_urgent(warnings: Iterable[dict[str, Any]], count: int = 5) -> list[dict[str, Any]]:
    """What to act on first, one warning an order: what can still be saved, soonest deadline first,
    then what holds without a deadline, then what has breached, newest first."""

    def rank(warning: dict[str, Any]) -> tuple[int, float]:
        if warning["deadline"] is None:
            return 1, 0.0
        deadline = datetime.fromisoformat(warning["deadline"]).timestamp()
        return (0, deadline) if warning["state"] == "open" else (2, -deadline)

    chosen: list[dict[str, Any]] = []
    named: set[str] = set()
    for warning in sorted(warnings, key=lambda one: (*rank(one), one["warning_id"])):
        if warning["state"] in ("open", "breached") and named.isdisjoint(warning["order_ids"]):
            named.update(warning["order_ids"])
            chosen.append(warning)
    return chosen[:count]
