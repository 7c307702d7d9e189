"""Numbers as places in a drawing: the clock of a warning, lines over days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 1000
"""Units of every drawing from left to right; how wide it is shown is the page's choice."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of time (µs) laid over a drawing's width."""

    begin: int
    end: int
    left: int = 0
    right: int = WIDTH

    def x(self, us: int) -> float:
        """Where a moment is; moments outside stand at the edge."""
        us = min(max(us, self.begin), self.end)
        share = (us - self.begin) / max(1, self.end - self.begin)
        return round(self.left + share * (self.right - self.left), 1)


def scale(moments: Iterable[int], left: int = 0, right: int = WIDTH) -> Scale:
    """A scale that shows all moments, with a little room at both ends."""
    found = sorted(moments)
    room = max((found[-1] - found[0]) // 20, 1)
    return Scale(found[0] - room, found[-1] + room, left, right)


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the line: what it is called, when it was, and how it looks."""

    x: float
    label: str
    when: str
    look: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the line."""

    x: float
    width: float
    look: str
    label: str = ""


def bar(along: Scale, begin: int, end: int, look: str, label: str = "") -> Bar:
    """A stretch from one moment to another."""
    x = along.x(begin)
    return Bar(x, round(max(along.x(end) - x, 1.5), 1), look, label)


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over days: `points` for a polyline, `zero` where the value 0 is, `top` the greatest
    value; `last` is where the newest one is."""

    points: str
    zero: float
    top: int
    last: tuple[float, float]


def curve(values: Sequence[tuple[int, int]], days: int, height: int) -> Curve | None:
    """Values by day (0 the first of `days`); None where there are none."""
    if not values:
        return None
    top = max(1, *(value for _, value in values))
    places = [
        (
            round(day / max(1, days - 1) * WIDTH, 1),
            round(height - value / top * height, 1),
        )
        for day, value in values
    ]
    return Curve(" ".join(f"{x},{y}" for x, y in places), height, top, places[-1])
