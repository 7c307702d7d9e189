"""The report as one page of HTML: it loads nothing and runs nothing.

Where it has both languages, two radio buttons and the style choose the one that is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from streams.facts.times import DAY, to_datetime
from streams.profiles.model import Profile
from streams.profiles.money import spelled
from streams.report import numbers_part, stories_part, warnings_part
from streams.report.html import TAGS, Html, code
from streams.report.report import Report
from streams.report.wording import label, same, time_of

_PARTS = {
    "due": warnings_part.due,
    "held": warnings_part.held,
    "breached": warnings_part.breached,
    "money": warnings_part.money,
    "shops": numbers_part.shops,
    "stock": numbers_part.stock,
    "carriers": numbers_part.carriers,
    "problems": numbers_part.data,
    "stories": stories_part.stories,
}
_NAMES = {"zh": "中文", "en": "English"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(report: Report, languages: Sequence[str], version: str) -> str:
    """The page, in one language or in both; `version` is the product's."""
    html = Html(languages)
    style = files("streams.report").joinpath("page.css").read_text(encoding="utf-8")
    parts = {name: part for name, part in _PARTS.items() if name != "stock" or report.stock}
    contents = "".join(
        f'<li><a href="#{name}">{html.label(name)}</a></li>' for name in ("summary", *parts)
    )
    body = "\n".join(
        (
            _switch(html),
            f'<header>{_head(html, report)}<nav aria-label="{html.attribute(label("contents"))}">'
            f'<ul id="top">{contents}</ul></nav></header>',
            "<main>",
            _summary(html, report),
            *(part(html, report) for part in parts.values()),
            "</main>",
            _footer(html, report, version),
        )
    )
    return f"""<!DOCTYPE html>
<html lang="{TAGS[languages[0]]}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{html.attribute(label("title"))} · {time_of(report.until)}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _switch(html: Html) -> str:
    """The choice of the language; the style looks at which button is checked."""
    if len(html.languages) == 1:
        return ""
    # The buttons must be siblings of what they switch.
    return "".join(
        f'<input type="radio" name="language" id="show-{language}"'
        f"{' checked' if language == html.languages[0] else ''}>"
        f'<label for="show-{language}" lang="{TAGS[language]}">{_NAMES[language]}</label>'
        for language in html.languages
    )


def _head(html: Html, report: Report) -> str:
    made = html.label("made_from", files=", ".join(report.files))
    read = html.label("read", orders=report.orders, parcels=report.parcels)
    empty = "" if report.orders or report.parcels else html.paragraph("empty")
    return (
        f"<h1>{html.label('title')}</h1>{empty}"
        f"<p>{html.label('as_of', time=time_of(report.until))}<br>{made} · {read}</p>"
        f'<p class="quiet">{html.label("risk")}</p>'
    )


def _summary(html: Html, report: Report) -> str:
    soon = sum((each.finding.deadline or 0) - report.until <= DAY for each in report.due)
    risk = report.risks["all"]
    sums = [spelled(currency, *both) for currency, both in risk.money.items()]
    tiles = (
        ("tile_due", "due", str(soon), "warning" if soon else "good"),
        ("tile_held", "held", str(len(report.held)), "warning" if report.held else "good"),
        (
            "tile_breached",
            "breached",
            str(len(report.breached)),
            "critical" if report.breached else "good",
        ),
        ("tile_money", "money", "; ".join(sums) or "–", "critical" if sums else "good"),
        ("tile_strikes", "money", str(risk.strikes), "critical" if risk.strikes else "good"),
        (
            "tile_problems",
            "problems",
            str(len(report.problems)),
            "warning" if report.problems else "good",
        ),
    )
    shown = "".join(
        f'<li class="{style}"><a href="#{part}"><b>{html.say(same(value))}</b> '
        f"{html.label(name)}</a></li>"
        for name, part, value, style in tiles
    )
    return html.section("summary", f'<ul class="tiles">{shown}</ul>')


def _footer(html: Html, report: Report, version: str) -> str:
    heads = [label(each) for each in ("profile", "effective", "read_on", "source")]
    rows = [_profile(html, each) for each in report.profiles]
    table = html.table(label("footer_profiles"), heads, rows) if rows else ""
    return (
        f"<footer>{table}<p>{html.label('no_personal')}<br>{html.label('risk')}</p>"
        f"<p>{html.label('footer', version=version)} · {time_of(report.until)} UTC+8 · "
        f'<a href="#top">{html.label("to_top")}</a></p></footer>'
    )


def _profile(html: Html, profile: Profile) -> list[str]:
    return [
        code(profile.id),
        to_datetime(profile.effective_from).date().isoformat(),
        html.say(same(profile.read_on)),
        code(profile.source_url),
    ]
