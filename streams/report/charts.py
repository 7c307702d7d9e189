"""Charts as inline SVG: columns and bars. They load nothing; each says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from streams.report.html import TAGS, Html
from streams.report.wording import Said, joined

WIDTH = 460
"""Units of a chart's width: on a phone one is a little less than a pixel."""

_HEIGHT = 110
_TOP = 18
_BOTTOM = 22
_BAR = 16
_LINE = 18


class Series(NamedTuple):
    """One kind of values: what it is called, and the class that gives it its colour."""

    name: Said
    style: str


class Mark(NamedTuple):
    """A line across a chart, and what it says."""

    value: float
    name: Said


def columns(
    html: Html,
    caption: Said,
    series: Sequence[Series],
    values: Sequence[tuple[Said, Sequence[int]]],
) -> str:
    """Columns of counts, series stacked upon each other; what each is called stands below it."""
    greatest = max((sum(counts) for _, counts in values), default=0) or 1
    step = WIDTH / max(len(values), 1)
    floor = _TOP + _HEIGHT
    parts = [f'<line class="axis" x1="0" y1="{floor}" x2="{WIDTH}" y2="{floor}"/>']
    for number, (name, counts) in enumerate(values):
        x, y = number * step + step * 0.12, float(floor)
        for each, count in zip(series, counts, strict=True):
            height = _HEIGHT * count / greatest
            y -= height
            if count:
                parts.append(_rect(html, x, y, step * 0.76, height, each, name, str(count)))
        middle = number * step + step / 2
        if sum(counts):
            parts.append(_text(str(sum(counts)), middle, y - 5, "middle"))
        parts.append(_said(html, name, middle, floor + 15, "middle"))
    described = "; ".join(
        f"{joined(name, html.languages)}: {sum(counts)}" for name, counts in values if sum(counts)
    )
    return _figure(html, caption, series, described, floor + _BOTTOM, parts)


def bars(
    html: Html,
    caption: Said,
    series: Sequence[Series],
    values: Sequence[tuple[Said, Sequence[tuple[float, str]]]],
    mark: Mark | None = None,
) -> str:
    """Bars, one a series, below what each group is called; a value is a number and its spelling."""
    numbers = [number for _, group in values for number, _ in group]
    greatest = max([*numbers, mark.value if mark else 0], default=0) or 1
    longest = max((len(spelled) for _, group in values for _, spelled in group), default=0)
    room = WIDTH - 12 - 7 * longest
    parts = []
    y = 0.0
    for name, group in values:
        parts.append(_said(html, name, 0, y + 13, "start"))
        y += _LINE
        for each, (number, spelled) in zip(series, group, strict=True):
            width = max(room * number / greatest, 1)
            parts.append(_rect(html, 0, y, width, _BAR - 3, each, name, spelled))
            parts.append(_text(spelled, width + 5, y + 11, "start"))
            y += _BAR
        y += 5
    if mark is not None:
        x = room * mark.value / greatest
        parts.append(f'<line class="mark" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{y:.0f}"/>')
        y += _LINE
        anchor = "end" if x > WIDTH / 2 else "start"
        parts.append(_said(html, mark.name, x, y - 4, anchor))
    described = "; ".join(
        f"{joined(name, html.languages)}: {', '.join(spelled for _, spelled in group)}"
        for name, group in values
    )
    return _figure(html, caption, series, described, y, parts)


def stacks(
    html: Html,
    caption: Said,
    series: Sequence[Series],
    values: Sequence[tuple[Said, Sequence[int]]],
) -> str:
    """Bars of counts, series behind each other; the counts stand in their order at the end."""
    greatest = max((sum(counts) for _, counts in values), default=0) or 1
    room = WIDTH - 90
    parts = []
    y = 0.0
    for name, counts in values:
        parts.append(_said(html, name, 0, y + 13, "start"))
        x = 0.0
        for each, count in zip(series, counts, strict=True):
            width = room * count / greatest
            if count:
                parts.append(_rect(html, x, y + _LINE, width, _BAR - 3, each, name, str(count)))
            x += width
        parts.append(_text(" · ".join(map(str, counts)), x + 5, y + _LINE + 11, "start"))
        y += _LINE + _BAR + 5
    described = "; ".join(
        f"{joined(name, html.languages)}: {', '.join(map(str, counts))}" for name, counts in values
    )
    return _figure(html, caption, series, described, y, parts)


def _figure(
    html: Html,
    caption: Said,
    series: Sequence[Series],
    described: str,
    height: float,
    parts: Sequence[str],
) -> str:
    legend = ""
    if len(series) > 1:
        legend = " ".join(
            f'<span class="key-of {each.style}">{html.say(each.name)}</span>' for each in series
        )
        legend = f'<p class="legend">{legend}</p>'
    title = f"{html.attribute(caption)}. {escape(described)}"
    return (
        f"<figure><figcaption>{html.say(caption)}</figcaption>{legend}"
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _rect(
    html: Html,
    x: float,
    y: float,
    width: float,
    height: float,
    series: Series,
    name: Said,
    spelled: str,
) -> str:
    described = f"{joined(name, html.languages)} · {joined(series.name, html.languages)}: {spelled}"
    return (
        f'<rect class="{series.style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"><title>{escape(described)}</title></rect>'
    )


def _said(html: Html, said: Said, x: float, y: float, anchor: str) -> str:
    texts = {language: said[language] for language in html.languages}
    if len(set(texts.values())) == 1:
        return _text(next(iter(texts.values())), x, y, anchor)
    return "".join(
        f'<text class="{language}" lang="{TAGS[language]}" x="{x:.1f}" y="{y:.1f}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
        for language, text in texts.items()
    )


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
