"""The part of the page that tells of each parcel: what happened to it, and what to do."""

from __future__ import annotations

from streams.facts.times import to_datetime
from streams.report.html import Html, code, small
from streams.report.report import Report
from streams.report.stories import Story
from streams.report.warned import Warned
from streams.report.warnings_part import badge, cost
from streams.report.wording import label, same, step, time_of, title, word

MOST_STORIES = 300
"""Parcels that the page tells of; the workbook has all."""

_MOST_ORDERS = 5


def stories(html: Html, report: Report) -> str:
    """Each parcel that is warned of, the most urgent first."""
    if not report.stories:
        return html.section("stories", html.paragraph("no_stories"))
    shown = report.stories[:MOST_STORIES]
    articles = [
        _story(html, number, each, report.until) for number, each in enumerate(shown, start=1)
    ]
    more = ""
    if len(report.stories) > len(shown):
        more = html.paragraph("shown", shown=len(shown), all=len(report.stories))
    return html.section("stories", html.paragraph("stories_intro"), more, *articles)


def _story(html: Html, number: int, story: Story, until: int) -> str:
    carrier, _, digits = story.parcel.partition(":")
    name = f"{html.say(same(carrier))} {code(digits)}" if digits else html.label("no_number")
    orders = " ".join(code(each) for each in story.order_ids[:_MOST_ORDERS])
    more = len(story.order_ids) - _MOST_ORDERS
    if more > 0:
        orders += " " + html.label("more_orders", count=more)
    warnings = "\n".join(_warning(html, each) for each in story.warned)
    several = len(story.order_ids) > 1
    rows = [
        [
            f'<time datetime="{to_datetime(each.at).isoformat()}">{time_of(each.at)}</time>',
            html.say(step(each.what))
            + (small(f" {code(each.more)}") if several and each.more else ""),
            html.say(same(each.place)),
        ]
        for each in story.steps
        if each.at <= until or each.what == "promised"
    ]
    heads = [label(each) for each in ("when", "what", "where")]
    return (
        f'<article id="s{number}" aria-labelledby="s{number}-h">'
        f'<h3 id="s{number}-h">{number}. {name}</h3>'
        f"<p>{html.label('order_ids')} {orders}</p>\n{warnings}\n"
        f"{html.table(label('timeline'), heads, rows)}</article>"
    )


def _warning(html: Html, warned: Warned) -> str:
    finding = warned.finding
    message, remedy = warned.texts()
    return (
        f'<div class="told {finding.state if finding.state == "breached" else "open"}">'
        f"<p>{badge(html, finding)} <strong>{html.say(title(finding.rule))}</strong> · "
        f"{html.say(word('states', finding.state))} · {cost(html, finding)}</p>"
        f"<p>{html.say(message)}</p>"
        f"<p><strong>{html.label('what_to_do')}</strong> {html.say(remedy)}</p></div>"
    )
