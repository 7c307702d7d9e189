"""The *Runbook* dashboard: one panel for each alert's section of docs/runbook.md, in its order."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from grafana.model import GRID
from grafana.render import RUNBOOK_UID, board_link, frame

_ALERT = re.compile(r"## (ShipSentry\w+)\s*")
_HEADING = re.compile(r"##? ")
_NEARBY = re.compile(r"\[([^\]]+)\]\((?![a-z]+://)[^)\s]+\)")

CHARACTERS = 150
"""So many surely fit into a line of a panel as wide as a screen of 1,500 pixels."""


class Section(NamedTuple):
    """What to do about one alert."""

    alert: str
    text: str


def sections(markdown: str) -> list[Section]:
    """The `## ShipSentry…` sections of a runbook, in order."""
    found: list[tuple[str, list[str]]] = []
    inside = code = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            code = not code
        # A comment in a block of code looks like a heading.
        if not code and _HEADING.match(line):
            alert = _ALERT.fullmatch(line)
            inside = alert is not None
            if alert:
                found.append((alert[1], []))
        elif inside:
            found[-1][1].append(line)
    return [Section(alert, _without_nearby_links("\n".join(text)).strip()) for alert, text in found]


def dashboard(found: list[Section]) -> dict[str, Any]:
    """A panel for each section; its id is the section's place, which alerts' links name."""
    panels: list[dict[str, Any]] = []
    y = 0
    for place, section in enumerate(found, 1):
        height = _height(section.text)
        panels.append(
            {
                "id": place,
                "type": "text",
                "title": section.alert,
                "description": f"What does {section.alert} mean, and what is to be done about it?",
                "gridPos": {"h": height, "w": GRID, "x": 0, "y": y},
                "options": {"mode": "markdown", "content": section.text},
            }
        )
        y += height
    about = "What each alert means, how to see what is wrong, and what to do. From docs/runbook.md."
    return frame(RUNBOOK_UID, "Runbook", about, "en") | {
        "links": [
            board_link("shipsentry-pipeline-en", "Pipeline health"),
            board_link("shipsentry-risk-en", "Shipment risk"),
        ],
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": []},
        "panels": panels,
    }


def _without_nearby_links(text: str) -> str:
    """Links to other files of the repository lead nowhere in Grafana: their words stay."""
    return _NEARBY.sub(r"\1", text)


def _height(text: str) -> int:
    """Grid rows (30 px and a gap of 8) that a text needs: a heading, lines of 22 px, and 16 px
    after each paragraph. The fences of a block of code are as high as its padding."""
    pixels = 50
    for block in re.split(r"\n\s*\n", text):
        apart = block.startswith(("```", "- ", "1. "))
        texts = block.splitlines() if apart else [block.replace("\n", " ")]
        pixels += 16 + 22 * sum(1 + len(each) // CHARACTERS for each in texts)
    return max(4, math.ceil(pixels / 38))
