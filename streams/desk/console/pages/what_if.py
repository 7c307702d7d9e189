"""What if: saved comparisons of two sets of profiles, and each warning that differs in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.api.problems import Problem
from streams.desk.console import compared
from streams.desk.console.compared import Change, Compared, Content, Group, Outcome, Risk, Saved
from streams.desk.console.console import View, view_of
from streams.desk.console.filters import NONE, parsed
from streams.desk.console.pages.rows import order_path, parcel_path
from streams.desk.console.queries.what_if import known_orders, known_warnings
from streams.desk.database.sight import sees
from streams.facts.times import from_datetime
from streams.profiles.money import spelled

router = APIRouter()

ROWS = 100
"""Changes of one page."""

DIMENSIONS = ("kind", "rule", "platform", "shop_id")
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of a summary: what both sides say of it."""

    title: str
    warnings: tuple[int, int]
    money: tuple[str, str]
    strikes: tuple[int, int]
    unknown: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that changes can be narrowed to, and how many there are."""

    value: str
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class Row:
    """A change as the list shows it; paths are empty where the desk knows of no such thing."""

    kind: str
    rule: str
    stage: str
    order_id: str
    order_path: str
    number: str
    parcel_path: str
    carrier: str
    shop_id: str
    platform: str
    said: tuple[str, str]
    cost: tuple[str, str]
    path: str


@router.get("/what-if")
@needs(Role.viewer)
def what_if(request: Request) -> Response:
    """The comparisons that there are."""
    view = view_of(request)
    found = [
        (each.name, _path(each), view.shown.moment(each.at), f"{each.size / 1024:,.0f}")
        for each in _saved(view)
    ]
    return view.page("what_if.html", found=found, folder=str(view.console.comparisons or ""))


@router.get("/what-if/{name}")
@needs(Role.viewer)
def comparison(request: Request, name: str) -> Response:
    """One of them: both sides in numbers, and what changes."""
    view = view_of(request)
    file = next((each for each in _saved(view) if each.name == name), None)
    if file is None:
        raise Problem(404, view.says("no_what_if"))
    try:
        found = compared.read(file)
    except compared.Unfit as error:
        most = compared.MOST_BYTES // 1024 // 1024
        why = view.says(error.key, most=most, reason=error.reason)
        raise Problem(422, view.says("what_if_refused", name=name, why=why)) from None
    params = parsed(request.url.query)
    chosen = {key: next(iter(params.get(key, ())), "") for key in (*DIMENSIONS, "q")}
    chosen["q"] = chosen["q"].strip()[:_LONGEST]
    visible = [each for each in found.changes if _sees(view, each)]
    narrowed, choices = _narrowed(visible, chosen, view)
    begin = _begin(next(iter(params.get("from", ())), ""))
    shown = narrowed[begin : begin + ROWS]
    query = {key: value for key, value in chosen.items() if value}
    return view.page(
        "comparison.html",
        name=name,
        outcomes=found.outcomes,
        until=_moment(found.until, view),
        path_of=_path(file),
        summaries=_summaries(found, view),
        orders=len({each.order_id for each in visible}),
        chosen=chosen,
        choices=choices,
        rows=_rows(shown, view),
        total=len(narrowed),
        begin=begin,
        next=urlencode({**query, "from": begin + ROWS}) if begin + ROWS < len(narrowed) else "",
        first=urlencode(query),
    )


def _saved(view: View) -> list[Saved]:
    folder = view.console.comparisons
    if folder is None:
        return []
    try:
        return compared.saved(folder)
    except OSError:
        raise Problem(503, view.says("what_if_no_folder", folder=folder)) from None


def _path(file: Saved) -> str:
    return f"/what-if/{quote(file.name, safe='')}"


def _begin(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _moment(at: datetime | None, view: View) -> str:
    return "" if at is None else view.shown.moment(from_datetime(at))


def _sees(view: View, change: Change) -> bool:
    """Whether it is of a shop that who asks may see, whichever side says so."""
    sight, stated = view.me.shops, list(change.contents)
    return sight is None or (
        bool(stated) and all(sees(sight, each.platform, each.shop_id) for each in stated)
    )


def _values(change: Change) -> tuple[str, ...]:
    """What a change is told apart by, in the order of DIMENSIONS."""
    return change.change, change.rule, change.platform or NONE, change.shop_id or NONE


def _narrowed(
    changes: Iterable[Change], chosen: dict[str, str], view: View
) -> tuple[list[Change], list[tuple[str, list[Choice]]]]:
    """The changes that are asked for, and what else may be: the counts of a dimension leave its
    own choice aside."""
    asked = [chosen[name] for name in DIMENSIONS]
    text = chosen["q"].lower()
    counts: list[Counter[str]] = [Counter() for _ in DIMENSIONS]
    found = []
    for change in changes:
        if text and text not in f"{change.order_id} {change.tracking_number or ''}".lower():
            continue
        values = _values(change)
        misses = [n for n, value in enumerate(values) if asked[n] and value != asked[n]]
        if not misses:
            found.append(change)
        for n in misses if len(misses) == 1 else () if misses else range(len(values)):
            counts[n][values[n]] += 1
    choices = []
    for name, numbers, value in zip(DIMENSIONS, counts, asked, strict=True):
        numbers[value] += 0
        del numbers[""]
        ordered = sorted(numbers.items(), key=lambda each: (-each[1], each[0]))
        choices.append((name, [Choice(each, _label(name, each, view), n) for each, n in ordered]))
    return found, choices


def _label(name: str, value: str, view: View) -> str:
    if name == "kind":
        return view.says(f"change_{value}") if value in compared.KINDS else value
    return view.shown.value(name, "" if value == NONE else value)


def _summaries(found: Compared, view: View) -> list[tuple[str, list[Pair]]]:
    """What both sides come to: in all, and by rule, platform and shop. Who may see some shops gets
    no sums of others."""
    shown, sight = view.shown, view.me.shops
    before, after = found.outcomes

    def rule(each: Group) -> str:
        return shown.rule(each.rule)

    def platform(each: Group) -> str:
        return shown.value("platform", each.platform)

    def shop(each: Group) -> str:
        return f"{shown.value('shop_id', each.shop_id or '')} · {platform(each)}"

    summaries = []
    if sight is None:
        summaries = [
            ("what_if_all", [_pair(view.says("what_if_all"), before, after)]),
            ("what_if_rules", _pairs(before.rules, after.rules, rule)),
            ("what_if_platforms", _pairs(before.platforms, after.platforms, platform)),
        ]
    mine = [
        [each for each in side.shops if sees(sight, each.platform, each.shop_id)]
        for side in found.outcomes
    ]
    summaries.append(("what_if_shops", _pairs(mine[0], mine[1], shop)))
    return [(title, pairs) for title, pairs in summaries if pairs]


def _pairs(
    before: Iterable[Group], after: Iterable[Group], title: Callable[[Group], str]
) -> list[Pair]:
    """A line for each group that either side has, those with most warnings first."""
    old, new = ({title(each): each for each in side} for side in (before, after))
    nothing = Group(0, Risk((), 0, 0))
    pairs = [
        _pair(name, old.get(name, nothing), new.get(name, nothing))
        for name in dict.fromkeys([*old, *new])
    ]
    return sorted(pairs, key=lambda each: (-max(each.warnings), each.title))


def _pair(title: str, before: Outcome | Group, after: Outcome | Group) -> Pair:
    risks = before.at_risk, after.at_risk
    return Pair(
        title,
        (before.warnings, after.warnings),
        (_money(risks[0]), _money(risks[1])),
        (risks[0].strikes, risks[1].strikes),
        (risks[0].sum_not_known, risks[1].sum_not_known),
    )


def _money(risk: Risk) -> str:
    return ", ".join(spelled(each.currency, each.least, each.most) for each in risk.money) or "–"


def _rows(changes: Sequence[Change], view: View) -> list[Row]:
    """Changes with links to what the desk knows of them."""
    ids = {each.warning_id for one in changes for each in one.contents if each.warning_id}
    with view.desk.database.reading() as connection:
        known = known_warnings(connection, ids, view.me.shops)
        orders = known_orders(connection, {each.order_id for each in changes})
    return [_row(each, known, orders, view) for each in changes]


def _row(change: Change, known: set[str], orders: set[str], view: View) -> Row:
    shown = view.shown
    carrier, number = change.carrier or "", change.tracking_number or ""
    there = next((each.warning_id for each in change.contents if each.warning_id in known), None)
    return Row(
        change.change,
        shown.rule(change.rule),
        shown.value("stage", change.stage) if change.stage != "violation" else "",
        change.order_id,
        order_path(change.order_id) if change.order_id in orders else "",
        number,
        parcel_path(carrier, number) if there else "",
        shown.value("carrier", carrier) if carrier else "",
        change.shop_id,
        shown.value("platform", change.platform) if change.platform else "",
        (_said(change.before, view), _said(change.after, view)),
        (_cost(change.before, view), _cost(change.after, view)),
        f"/warnings/{there}" if there else "",
    )


def _said(content: Content | None, view: View) -> str:
    """A warning in a few words: its state, whether that came too late, and its deadline."""
    if content is None:
        return "–"
    parts = [view.shown.word("states", content.state)]
    if content.state == "resolved" and content.breached_at is not None:
        parts.append(view.says("what_if_late"))
    if content.severity != "critical":
        parts.append(view.shown.word("severities", content.severity))
    if content.deadline is not None:
        parts.append(view.says("until", at=_moment(content.deadline, view)))
    return " · ".join(parts)


def _cost(content: Content | None, view: View) -> str:
    found = None if content is None else content.exposure
    if found is None:
        return ""
    return view.shown.cost(found.kind, found.currency, found.least, found.most)
