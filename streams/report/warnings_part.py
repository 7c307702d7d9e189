"""The parts of the page about warnings: what is due, holds or is breached, and what it may cost."""

from __future__ import annotations

from collections.abc import Sequence

from streams.facts.times import HOUR, to_datetime
from streams.profiles.money import spelled
from streams.replay.what_if import Risk
from streams.report import charts
from streams.report.html import Html, code, small
from streams.report.report import Report
from streams.report.warned import Warned
from streams.report.wording import label, length, same, time_of, title, word
from streams.state.state import Finding

MOST_ROWS = 300
"""Warnings of one table of the page; the workbook has all."""

_COLUMN = 4 * HOUR
_COLUMNS = 12
_MOST_ORDERS = 3

STYLES = {"critical": "critical", "warning": "warning", "info": "info"}
"""Severities → classes of the page's style."""


def due(html: Html, report: Report) -> str:
    """What can still be met, the nearest deadline first."""
    if not report.due:
        return html.section("due", html.paragraph("no_due"))
    return html.section(
        "due",
        html.paragraph("due_intro"),
        _chart_of_deadlines(html, report),
        _table(html, report, report.due, "due", "deadline"),
    )


def held(html: Html, report: Report) -> str:
    """What holds now, the newest first."""
    if not report.held:
        return html.section("held", html.paragraph("no_held"))
    table = _table(html, report, report.held, "held", "since")
    return html.section("held", html.paragraph("held_intro"), table)


def breached(html: Html, report: Report) -> str:
    """What is past its deadline and not settled, the newest first."""
    if not report.breached:
        return html.section("breached", html.paragraph("no_breached"))
    table = _table(html, report, report.breached, "breached", "deadline")
    return html.section("breached", html.paragraph("breached_intro"), table)


def money(html: Html, report: Report) -> str:
    """What is at stake by currency, and how many warnings there are of each kind."""
    rows = []
    for name in ("open", "late", "all"):
        rows += _of_risk(html, f"risk_{name}", report.risks[name])
    heads = ("state", "currency", "least", "most", "strikes", "unpriced")
    table = html.table(label("money_caption"), [label(each) for each in heads], rows, (2, 3, 4, 5))
    return html.section(
        "money", html.paragraph("money_intro"), table, _chart_of_rules(html, report)
    )


def badge(html: Html, finding: Finding) -> str:
    """A warning's severity; not by its colour alone."""
    style = STYLES.get(finding.severity, "info")
    return f'<span class="badge {style}">{html.say(word("severities", finding.severity))}</span>'


def cost(html: Html, finding: Finding) -> str:
    """What a warning may cost."""
    if finding.exposure == "strike":
        return html.label("strike")
    if finding.exposure != "compensation":
        return html.label("unknown")
    if finding.money is None:
        return html.label("cost_unknown")
    return html.say(same(spelled(*finding.money[:3])))


def subject(html: Html, finding: Finding) -> str:
    """The parcel and the orders that a warning is about."""
    lines = []
    if finding.parcel is not None:
        carrier, _, number = finding.parcel.partition(":")
        lines.append(f"{html.say(same(carrier))} {code(number)}")
    lines += [f"{html.label('order')} {code(each)}" for each in finding.order_ids[:_MOST_ORDERS]]
    more = len(finding.order_ids) - _MOST_ORDERS
    if more > 0:
        lines.append(small(html.label("more_orders", count=more)))
    return "<br>".join(lines)


def _table(html: Html, report: Report, every: Sequence[Warned], name: str, when: str) -> str:
    heads = [label(each) for each in (when, "warning", "subject", "what_to_do", "cost")]
    rows = [_row(html, report, each) for each in every[:MOST_ROWS]]
    shown = ""
    if len(every) > len(rows):
        shown = html.paragraph("shown", shown=len(rows), all=len(every))
    return html.cards(label(name), heads, rows) + shown


def _row(html: Html, report: Report, warned: Warned) -> list[str]:
    finding = warned.finding
    _, remedy = warned.texts()
    number = report.story_of.get(warned.warning_id)
    name = f"<strong>{html.say(title(finding.rule))}</strong>"
    if number is not None:
        name = f'<a href="#s{number}">{name}</a>'
    silent = f"<br>{small(html.label('silent'))}" if warned.silent else ""
    shop = "" if finding.shop_id is None else "<br>" + small(html.say(same(finding.shop_id)))
    return [
        _when(html, finding, report.until),
        f"{name}<br>{badge(html, finding)}{silent}",
        subject(html, finding) + shop,
        html.say(remedy),
        cost(html, finding),
    ]


def _when(html: Html, finding: Finding, until: int) -> str:
    at = finding.opened_at if finding.deadline is None else finding.deadline
    apart = length(at - until)
    name = "left" if at > until else "ago"
    return (
        f'<time datetime="{to_datetime(at).isoformat()}">{time_of(at)}</time><br>'
        f"{small(html.label(name, length=apart))}"
    )


def _chart_of_deadlines(html: Html, report: Report) -> str:
    counts = [[0] * len(STYLES) for _ in range(_COLUMNS)]
    later = 0
    for each in report.due:
        number = ((each.finding.deadline or 0) - report.until) // _COLUMN
        if number >= _COLUMNS:
            later += 1
        else:
            counts[number][list(STYLES).index(STYLES.get(each.finding.severity, "info"))] += 1
    # Every other column is named: on a phone there is no room for all.
    names = [same(f"+{4 * n + 4} h" if n % 2 else "") for n in range(_COLUMNS)]
    series = [charts.Series(word("severities", name), style) for name, style in STYLES.items()]
    chart = charts.columns(html, label("chart_due"), series, list(zip(names, counts, strict=True)))
    return chart + (html.paragraph("later", count=later) if later else "")


_STATES = {"breached": "critical", "open": "warning", "resolved": "ended"}


def _chart_of_rules(html: Html, report: Report) -> str:
    rules = sorted(
        {rule for rule, _ in report.by_rule},
        key=lambda rule: (-sum(report.by_rule[rule, state] for state in _STATES), rule),
    )
    series = [charts.Series(word("states", state), style) for state, style in _STATES.items()]
    values = [(title(rule), [report.by_rule[rule, state] for state in _STATES]) for rule in rules]
    return charts.stacks(html, label("chart_rules"), series, values) if values else ""


def _of_risk(html: Html, name: str, risk: Risk) -> list[list[str]]:
    """A row for each currency, one at least; strikes and the rest stand in the first."""
    head, strikes, unknown = html.label(name), str(risk.strikes), str(risk.unknown)
    if not risk.money:
        return [[head, "–", "–", "–", strikes, unknown]]
    rows = []
    for currency, (least, most) in risk.money.items():
        low, high = (spelled(currency, each, each).removeprefix(currency) for each in (least, most))
        rows.append([head, html.say(same(currency)), low.strip(), high.strip(), strikes, unknown])
        strikes = unknown = ""
    return rows
