"""The picture: SVG that reads on light and on dark pages, at 900 pixels."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.rooms.imports import House
from scripts.rooms.layout import Spot, laid_out

WIDTH, SIDE, TOP = 1000, 20, 12
STEP, TALL, ROW = 78, 44, 26
"""From floor to floor; how tall a box is, and a row of the legend."""
LETTER, PADDING, BETWEEN, PASSING, PORT = 8.8, 22, 22, 22, 16
"""Widths: of a letter, of what a box has besides, of what is free between boxes, of a line that
passes between them; and from one end of a line to the next at a box."""
TIP = 7

STYLE = """\
text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; text-anchor: middle }
.name { font-size: 15px; font-weight: 600; fill: #fff }
.note { font-size: 14px; fill: #7d8590; text-anchor: start }
.pure { fill: #1a7f5a }
.tied { fill: #3f5f8a }
.line { fill: none; stroke: #7d8590; stroke-width: 1.6 }
.tip { fill: #7d8590 }"""
"""Boxes bring their background; the grey of the lines reads on white and on black."""

NOTES = (
    (
        "pure",
        "free of Kafka: neither it nor what it imports uses a broker, a store or a web server",
    ),
    ("tied", "uses one of these, itself or through what it imports"),
    ("", "Arrows point to what is imported; what is also reached through another box has none."),
    ("", "All but schemas/ is below streams/."),
)


def drawn(house: House) -> str:
    """The whole file."""
    return "\n".join(_Sheet(house).elements()) + "\n"


class _Sheet:
    def __init__(self, house: House) -> None:
        self._house = house
        self._layout = laid_out(
            house,
            WIDTH - 2 * SIDE,
            lambda spot: PASSING if spot.bend else self._wide(spot.room) + BETWEEN,
        )
        self._bottom = TOP + max(house.floors.values()) * STEP + TALL

    def elements(self) -> Iterator[str]:
        tall = self._bottom + ROW * (len(NOTES) + 1)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}"'
            f' width="{WIDTH}" height="{tall}" role="img">'
        )
        yield "<title>The folders of the code, each above those that it imports</title>"
        yield f"<style>\n{STYLE}\n</style>"
        yield from self._lines()
        for room in self._house.floors:
            yield from self._box(room)
        yield from self._notes()
        yield "</svg>"

    def _lines(self) -> Iterator[str]:
        above: dict[Spot, list[Spot]] = {}
        under: dict[Spot, list[Spot]] = {}
        for upper, lower in self._layout.lines:
            above.setdefault(lower, []).append(upper)
            under.setdefault(upper, []).append(lower)
        for spot in sorted(self._layout.middle):
            if spot.bend:
                x, y = self._x(spot), self._y(spot)
                yield f'<path class="line" d="M{x:.0f} {y}v{TALL}"/>'
            for lower in under.get(spot, []):
                start, end = self._port(spot, lower, under), self._port(lower, spot, above)
                top, low = self._y(spot) + TALL, self._y(lower) - (0 if lower.bend else TIP)
                half = (top + low) // 2
                yield (
                    f'<path class="line" d="M{start:.0f} {top}'
                    f'C{start:.0f} {half} {end:.0f} {half} {end:.0f} {low}"/>'
                )
                if not lower.bend:
                    yield (
                        f'<path class="tip" d="M{end:.0f} {low + TIP}'
                        f'l-{TIP / 2:g} -{TIP + 1}h{TIP}z"/>'
                    )

    def _port(self, spot: Spot, other: Spot, joined: dict[Spot, list[Spot]]) -> float:
        """Where along its box a line to or from `other` ends."""
        if spot.bend:
            return self._x(spot)
        others = sorted(joined[spot], key=self._x)
        return self._x(spot) + (others.index(other) - (len(others) - 1) / 2) * PORT

    def _box(self, room: str) -> Iterator[str]:
        spot = Spot(self._house.floors[room], room, False)
        x, y, wide = self._x(spot), self._y(spot), self._wide(room)
        kind = "pure" if room in self._house.pure else "tied"
        yield (
            f'<rect class="{kind}" x="{x - wide / 2:.0f}" y="{y}" width="{wide:.0f}"'
            f' height="{TALL}" rx="6"/>'
        )
        yield f'<text class="name" x="{x:.0f}" y="{y + TALL // 2 + 5}">{self._name(room)}</text>'

    def _notes(self) -> Iterator[str]:
        for row, (kind, note) in enumerate(NOTES, start=1):
            y = self._bottom + ROW * row
            if kind:
                yield f'<rect class="{kind}" x="{SIDE}" y="{y}" width="22" height="14" rx="3"/>'
            yield f'<text class="note" x="{SIDE + (32 if kind else 0)}" y="{y + 12}">{note}</text>'

    def _name(self, room: str) -> str:
        """As the list of rooms has it: what is below `streams/` without that."""
        name = room.removeprefix("streams.").replace(".", "/")
        return f"{name}.py" if room in self._house.files else name

    def _wide(self, room: str) -> float:
        return max(len(self._name(room)) * LETTER, 64) + PADDING

    def _x(self, spot: Spot) -> float:
        return SIDE + self._layout.middle[spot]

    def _y(self, spot: Spot) -> int:
        return self._bottom - TALL - spot.floor * STEP
