"""Where the rooms stand: floors by what they import, along a floor where lines cross least.

An arrow to a room that is more than one floor down goes through a *bend* on each floor between; all
arrows to one room share its bends, so they run together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations
from typing import NamedTuple

from scripts.rooms.imports import House

ATTEMPTS = 60
"""Of finding an order. Many more take many seconds and find hardly fewer crossings."""

STRAIGHT = 8
"""How much more a line pulls for each end that is a bend: a long way should be straight."""

ROUNDS = 400
"""Of shifting the spots towards what they are joined to; more move them less than a pixel."""


class Spot(NamedTuple):
    """A place on a floor: a room, or a bend of the arrows to a room."""

    floor: int
    room: str
    bend: bool


Floors = list[list[Spot]]
Lines = Sequence[tuple[Spot, Spot]]
"""Each from a spot to one that is a floor lower."""


@dataclass(frozen=True)
class Layout:
    """The lines, and the middle of each spot between 0 and the width that was asked for."""

    lines: Lines
    middle: Mapping[Spot, float]


def laid_out(house: House, width: float, wide: Callable[[Spot], float]) -> Layout:
    """Rooms and bends side by side, each as `wide` as it says.

    Raises ValueError for a floor that is wider than `width`.
    """
    lines = _lines(house)
    spots = {Spot(floor, room, False) for room, floor in house.floors.items()}
    spots |= {spot for line in lines for spot in line}
    floors = [
        sorted(spot for spot in spots if spot.floor == floor)
        for floor in range(1 + max(house.floors.values()))
    ]
    for floor in floors:
        if sum(map(wide, floor)) > width:
            raise ValueError(f"{[spot.room for spot in floor]} have no room within {width}")
    floors = _untangled(floors, lines)
    return Layout(lines, _middles(floors, lines, width, wide))


def _lines(house: House) -> Lines:
    """The arrows, cut at each floor."""
    found = set()
    for room, targets in house.arrows.items():
        for target in targets:
            top, bottom = house.floors[room], house.floors[target]
            bends = [Spot(floor, target, True) for floor in range(top - 1, bottom, -1)]
            found |= set(pairwise([Spot(top, room, False), *bends, Spot(bottom, target, False)]))
    return sorted(found)


def _untangled(floors: Floors, lines: Lines) -> Floors:
    """The best of several attempts from orders chosen at random, the same ones each time."""
    chosen = random.Random(1)  # noqa: S311 - no secret
    attempts = []
    for _ in range(ATTEMPTS):
        attempt = [chosen.sample(floor, len(floor)) for floor in floors]
        _improve(attempt, lines)
        attempts.append(attempt)
    return min(attempts, key=lambda attempt: _cost(attempt, lines))


def _improve(floors: Floors, lines: Lines) -> None:
    """Move one spot at a time to where it makes the picture best, as long as one does."""
    moved = True
    while moved:
        moved = False
        for index, floor in enumerate(floors):
            # A move changes only what is between this floor and its neighbours.
            part = floors[max(index - 1, 0) : index + 2]
            here = [line for line in lines if index in (line[0].floor, line[1].floor)]
            ends = _ends(part, here, index)
            crossings = {
                (left, right): _crossings(ends[left], ends[right])
                for left, right in permutations(floor, 2)
            }
            for spot in list(floor):
                home = floor.index(spot)
                others = [other for other in floor if other != spot]
                costs = list(
                    zip(
                        _crossings_by_place(spot, others, crossings),
                        _aside_by_place(spot, others, ends),
                        strict=True,
                    )
                )
                best = min(range(len(floor)), key=lambda place: (costs[place], place))
                if costs[best] == costs[home]:
                    best = home
                floor.insert(best, floor.pop(home))
                moved |= best != home


Ends = Mapping[Spot, tuple[Sequence[float], Sequence[float]]]
"""Where the lines of each spot of a floor end, on the floor above and on the one below: places from
that floor's middle."""


def _ends(part: Floors, lines: Lines, index: int) -> Ends:
    at = _places(part)
    found: dict[Spot, tuple[list[float], list[float]]] = {
        spot: ([], []) for floor in part for spot in floor if spot.floor == index
    }
    for above, under in lines:
        if under.floor == index:
            found[under][0].append(at[above])
        else:
            found[above][1].append(at[under])
    return found


def _crossings_by_place(
    spot: Spot, others: Sequence[Spot], crossings: Mapping[tuple[Spot, Spot], int]
) -> list[int]:
    """How often the spot's lines cross those of the floor's others, at each place among them;
    `crossings` are those of the lines of two spots, the first to the left."""
    at = sum(crossings[spot, other] for other in others)
    found = [at]
    for other in others:
        at += crossings[other, spot] - crossings[spot, other]
        found.append(at)
    return found


def _aside_by_place(spot: Spot, others: Sequence[Spot], ends: Ends) -> list[float]:
    """How far the lines of a floor go to the side, with the spot at each place among the others."""
    middle = (len(others) + 1) / 2

    def aside(each: Spot, place: int) -> float:
        return sum(abs(place - middle - end) for side in ends[each] for end in side)

    rest = sum(aside(other, place + 1) for place, other in enumerate(others))
    found = [rest + aside(spot, 0)]
    for place, other in enumerate(others):
        rest += aside(other, place) - aside(other, place + 1)
        found.append(rest + aside(spot, place + 1))
    return found


def _crossings(
    left: tuple[Sequence[float], Sequence[float]], right: tuple[Sequence[float], Sequence[float]]
) -> int:
    return sum(a > b for side in (0, 1) for a in left[side] for b in right[side])


def _cost(floors: Floors, lines: Lines) -> tuple[int, float]:
    """Crossings, and then how far lines go to the side."""
    at = _places(floors)
    crossings = sum(
        (at[a] - at[b]) * (at[c] - at[d]) < 0
        for (a, c), (b, d) in combinations(lines, 2)
        if a.floor == b.floor
    )
    return crossings, sum(abs(at[a] - at[b]) for a, b in lines)


def _places(floors: Floors) -> dict[Spot, float]:
    """Each spot's place from the middle of its floor."""
    return {spot: i - len(floor) / 2 for floor in floors for i, spot in enumerate(floor)}


def _middles(
    floors: Floors, lines: Lines, width: float, wide: Callable[[Spot], float]
) -> dict[Spot, float]:
    """Each spot near the middle of those that it is joined to, in the order of its floor."""
    # Each is a little joined to itself: what nothing else holds stays where it is.
    near = {spot: [(spot, 0.01)] for floor in floors for spot in floor}
    for above, under in lines:
        pull = STRAIGHT ** (above.bend + under.bend)
        near[above].append((under, pull))
        near[under].append((above, pull))
    middle = dict.fromkeys(near, width / 2)
    for turn in range(ROUNDS):
        for floor in floors[:: 1 if turn % 2 else -1]:
            places = []
            for spot in floor:
                pull = sum(each for _, each in near[spot])
                wish = sum(middle[other] * each for other, each in near[spot]) / pull
                places.append(_Place(wish, pull, wide(spot)))
            middle.update(zip(floor, _apart(places, width), strict=True))
    left = min(middle[spot] - wide(spot) / 2 for spot in middle)
    right = max(middle[spot] + wide(spot) / 2 for spot in middle)
    return {spot: each + (width - left - right) / 2 for spot, each in middle.items()}


class _Place(NamedTuple):
    """Where a spot would like its middle, how much, and how wide it is."""

    wish: float
    pull: float
    wide: float


def _apart(places: Sequence[_Place], width: float) -> list[float]:
    """The middles closest to the wished ones (least squares) that do not overlap."""
    # Seen as shifts from where each stands with all pressed to the left, the wishes may not fall
    # from one to the next: neighbours whose do are shifted alike, by their common mean.
    pressed = [
        sum(each.wide for each in places[:i]) + place.wide / 2 for i, place in enumerate(places)
    ]
    groups: list[tuple[float, float, int]] = []
    for place, left in zip(places, pressed, strict=True):
        mean, pull, size = place.wish - left, place.pull, 1
        while groups and groups[-1][0] > mean:
            other, more, count = groups.pop()
            mean = (mean * pull + other * more) / (pull + more)
            pull, size = pull + more, size + count
        groups.append((mean, pull, size))
    shifts = [mean for mean, _, size in groups for _ in range(size)]
    free = width - sum(place.wide for place in places)
    return [left + min(max(shift, 0), free) for left, shift in zip(pressed, shifts, strict=True)]
