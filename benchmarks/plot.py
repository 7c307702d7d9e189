"""Pictures of what was measured: by number of parcels, and by program.

`growth.py --record` keeps its result in `measured/growth.json`; a result of `throughput.py` is
taken over here. A test compares the pictures with what is kept::

    python -m benchmarks.plot                                           # docs/pictures/*.svg
    python -m benchmarks.plot --take benchmarks/results/throughput-…/result.json
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
GROWTH = ROOT / "benchmarks" / "measured" / "growth.json"
THROUGHPUT = ROOT / "benchmarks" / "measured" / "throughput.json"

WIDTH, SIDE, GAP = 900, 70, 80
PANEL, TOP = 220, 44
ROW, BAR = 30, 16
INSET = 30
"""Of the first and the last point of a curve, from its panel's sides."""
NAMES = 290
"""Left of the bars: names of programs."""

STYLE = """\
text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #7d8590 }
.title { font-size: 15px; font-weight: 600 }
.right { text-anchor: end }
.middle { text-anchor: middle }
.axis { fill: none; stroke: #7d8590; stroke-width: 1 }
.line { fill: none; stroke: #3f78c0; stroke-width: 2 }
.dot, .other { fill: #3f78c0 }
.ours { fill: #1a7f5a }"""
"""Grey and these two read on white and on black."""


def _sheet(title: str, tall: float, elements: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall:.0f}" width="{WIDTH}"'
        f' height="{tall:.0f}" role="img">'
    )
    return "\n".join(
        [head, f"<title>{title}</title>", f"<style>\n{STYLE}\n</style>", *elements, "</svg>", ""]
    )


def _text(x: float, y: float, said: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f'<text{of} x="{x:.0f}" y="{y:.0f}">{said}</text>'


def by_parcels(result: Mapping[str, Any]) -> str:
    """µs of CPU an event, and memory, by the number of live parcels."""
    rungs = result["rungs"]
    wide = (WIDTH - 2 * SIDE - GAP) / 2
    elements: list[str] = []
    for place, (title, name) in enumerate(
        (("CPU µs an event", "us_per_event"), ("memory, MiB", "rss_mib"))
    ):
        points = [(rung["parcels"], rung[name]) for rung in rungs]
        elements += _curve(SIDE + place * (wide + GAP), wide, title, points)
    elements.append(
        _text(SIDE, TOP + PANEL + 56, f"live parcels, {result['date']}, {_machine(result)}")
    )
    return _sheet("CPU an event and memory by live parcels", TOP + PANEL + 70, elements)


def _curve(
    left: float, wide: float, title: str, points: Sequence[tuple[float, float]]
) -> Iterator[str]:
    most = _round_up(max(value for _, value in points))
    first, last = (math.log10(points[n][0]) for n in (0, -1))
    bottom = TOP + PANEL

    def x(parcels: float) -> float:
        return (
            left
            + INSET
            + (wide - 2 * INSET) * (math.log10(parcels) - first) / max(0.1, last - first)
        )

    def y(value: float) -> float:
        return bottom - PANEL * value / most

    yield _text(left, TOP - 18, title, "title")
    yield f'<path class="axis" d="M{left:.0f} {TOP}V{bottom}H{left + wide:.0f}"/>'
    for value in (0.0, most / 2, most):
        yield _text(left - 8, y(value) + 4, f"{value:g}", "right")
    for parcels, _ in points:
        yield _text(x(parcels), bottom + 20, f"{parcels:,}", "middle")
    path = "L".join(f"{x(parcels):.1f} {y(value):.1f}" for parcels, value in points)
    yield f'<path class="line" d="M{path}"/>'
    for parcels, value in points:
        yield f'<circle class="dot" cx="{x(parcels):.1f}" cy="{y(value):.1f}" r="4"/>'
        yield _text(x(parcels), y(value) - 10, f"{value:.0f}", "middle")


def by_program(result: Mapping[str, Any]) -> str:
    """Events/s, and µs of CPU an event, of each program."""
    medians = result["medians"]
    wide = (WIDTH - NAMES - 2 * GAP - SIDE) / 2
    elements: list[str] = []
    for place, (title, name) in enumerate(
        (("events/s", "events_per_second"), ("CPU µs an event", "cpu_us_per_event"))
    ):
        left = NAMES + place * (wide + GAP + 10)
        most = max(row[name] for row in medians.values())
        elements.append(_text(left, TOP - 18, title, "title"))
        for number, (program, row) in enumerate(medians.items()):
            y = TOP + number * ROW
            kind = "ours" if program.startswith("worker") else "other"
            long = wide * row[name] / most
            if not place:
                elements.append(_text(NAMES - 12, y + BAR - 3, program, "right"))
            elements.append(
                f'<rect class="{kind}" x="{left:.0f}" y="{y}" width="{long:.1f}" height="{BAR}"/>'
            )
            elements.append(_text(left + long + 6, y + BAR - 3, f"{row[name]:,.0f}"))
    tall = TOP + ROW * len(medians) + 34
    elements.append(_text(NAMES, tall - 14, f"{result['date']}, {_machine(result)}"))
    return _sheet("Events a second and CPU an event by program", tall, elements)


def _machine(result: Mapping[str, Any]) -> str:
    about = result["machine"]
    return f"{about['cores']} cores, Python {about['python']}, commit {about['commit']}"


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value)


DRAWN: Mapping[str, tuple[Path, Callable[[Mapping[str, Any]], str]]] = {
    "by-parcels.svg": (GROWTH, by_parcels),
    "by-program.svg": (THROUGHPUT, by_program),
}
"""Pictures: what they are of, and what draws them."""


def drawable() -> dict[str, tuple[Path, Callable[[Mapping[str, Any]], str]]]:
    """Those of DRAWN whose results are kept."""
    return {name: each for name, each in DRAWN.items() if each[0].exists()}


def main() -> int:
    """Draw all pictures of what is kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--take", type=Path, help="a result.json of throughput.py, to be kept")
    given = parser.parse_args()
    if given.take:
        result = json.loads(given.take.read_text())
        date = given.take.parent.name.removeprefix("throughput-")
        kept = {
            "machine": result["machine"],
            "date": f"{date[:4]}-{date[4:6]}-{date[6:8]}",
            "medians": result["medians"],
        }
        THROUGHPUT.write_text(json.dumps(kept, indent=1) + "\n")
    for name, (source, draw) in drawable().items():
        (PICTURES / name).write_text(draw(json.loads(source.read_text())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
