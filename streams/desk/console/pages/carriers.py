"""Carriers and lanes: how fast they pick up, how long they are silent, what it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.console.console import View, view_of
from streams.desk.console.queries.lanes import MOST, Figures, Lane, seen
from streams.facts.ranks import nearest_rank
from streams.facts.times import DAY, HOUR

router = APIRouter()

BACK = 30
"""Days whose records are looked at."""

SHADES = 6
MOST_PLACES = 16
"""Provinces of the heat map, those with the most parcels."""
MOST_LANES = 100


@dataclass(frozen=True, slots=True)
class Figured:
    """A carrier or a lane in words."""

    title: str
    path: str
    parcels: int
    shipped: int
    pickup: tuple[str, str]
    gaps: tuple[str, str, str]
    on_time: str
    per_mille: str
    heard: str
    shade: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A lane of the heat map: the longest gap's p90, in words and as a shade (0: none)."""

    text: str
    title: str
    shade: int


@router.get("/carriers")
@needs(Role.viewer)
def carriers(request: Request) -> Response:
    """All carriers, their lanes, and a map of the lanes."""
    view = view_of(request)
    with view.desk.database.reading() as connection:
        found = seen(connection, view.now - BACK * DAY, view.now, view.me.shops)
    by_carrier: dict[str, Figures] = {}
    for lane, figures in found.lanes.items():
        by_carrier.setdefault(lane.carrier, Figures()).add(figures)
    rows = [
        _figured(
            view.shown.value("carrier", carrier),
            f"/warnings?{urlencode({'tab': 'all', 'carrier': carrier})}",
            figures,
            view,
        )
        for carrier, figures in by_carrier.items()
    ]
    known = {lane: f for lane, f in found.lanes.items() if lane.origin and lane.destination}
    lanes = [
        _figured(f"{view.shown.value('carrier', lane.carrier)} · {_lane(lane, view)}", "", f, view)
        for lane, f in known.items()
    ]
    by_most = lambda each: (-each.parcels, each.title)  # noqa: E731
    return view.page(
        "carriers.html",
        rows=sorted(rows, key=by_most),
        lanes=sorted(lanes, key=by_most)[:MOST_LANES],
        silent=_silent(found.silent, view),
        heat=_heat(known, view),
        back=BACK,
        records=found.records,
        whole=found.whole,
        most=MOST,
    )


def _figured(title: str, path: str, figures: Figures, view: View) -> Figured:
    gaps, pickup = sorted(figures.gaps), sorted(figures.pickup)
    p50, p90, p99 = (nearest_rank(gaps, percent) for percent in (50, 90, 99))
    per_mille = figures.warned * 1000 / figures.shipped if figures.shipped else None
    return Figured(
        title,
        path,
        figures.parcels,
        figures.shipped,
        (_hours(nearest_rank(pickup, 50)), _hours(nearest_rank(pickup, 90))),
        (_hours(p50), _hours(p90), _hours(p99)),
        f"{figures.in_time / figures.ended:.1%}" if figures.ended else "–",
        "–" if per_mille is None else f"{per_mille:.0f}",
        view.says("ago", span=view.shown.span(view.now - figures.heard)),
        shade(p90),
    )


def _silent(found: dict[str, int], view: View) -> list[tuple[str, str, str]]:
    """Carriers of which nothing at all is heard while warnings stand: name, path, how many."""
    return [
        (
            view.shown.value("carrier", carrier),
            f"/warnings?{urlencode({'tab': 'all', 'carrier': carrier})}",
            view.says.count("feed_warnings", n),
        )
        for carrier, n in sorted(found.items(), key=lambda each: (-each[1], each[0]))
    ]


def shade(us: int | None) -> int:
    """How dark a length of time is: 0 for none, then up to SHADES at three days and more."""
    if us is None:
        return 0
    return next((n for n, h in enumerate((12, 24, 36, 48, 72), 1) if us < h * HOUR), SHADES)


def _heat(lanes: dict[Lane, Figures], view: View) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """Destinations as columns, origins as rows, all carriers together."""
    together: dict[tuple[str, str], Figures] = {}
    for lane, figures in lanes.items():
        key = str(lane.origin), str(lane.destination)
        together.setdefault(key, Figures()).add(figures)
    origins = _busiest((origin, f.parcels) for (origin, _), f in together.items())
    destinations = _busiest((to, f.parcels) for (_, to), f in together.items())
    rows = []
    for origin in origins:
        cells = []
        for to in destinations:
            found = together.get((origin, to))
            p90 = None if found is None else nearest_rank(sorted(found.gaps), 90)
            n = 0 if found is None else found.parcels
            title = view.says.count("parcels", n)
            cells.append(Cell(_hours(p90) if n else "", title if n else "", shade(p90)))
        rows.append((view.shown.place(origin, None), cells))
    return [view.shown.place(to, None) for to in destinations], rows


def _busiest(found: Iterable[tuple[str, int]]) -> list[str]:
    numbers: dict[str, int] = {}
    for place, n in found:
        numbers[place] = numbers.get(place, 0) + n
    return sorted(numbers, key=lambda place: (-numbers[place], place))[:MOST_PLACES]


def _lane(lane: Lane, view: View) -> str:
    return f"{view.shown.place(lane.origin, None)} → {view.shown.place(lane.destination, None)}"


def _hours(us: int | None) -> str:
    return "–" if us is None else f"{us / HOUR:.1f}"
