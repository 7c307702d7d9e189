"""Asks a Prometheus what a dashboard asks, and has the answers drawn."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grafana.asked import substituted
from grafana.build import BOARDS, DASHBOARDS
from grafana.model import LANGUAGES

HERE = Path(__file__).parent

EVERY = {
    f"{board.key}{'' if language == 'en' else f'-{language}'}.png": DASHBOARDS
    / board.path(language)
    for board in BOARDS
    for language in LANGUAGES
}
"""The dashboards that ask something, by what their pictures are called."""

INTERVAL = 15
"""The data source's `timeInterval` in seconds (grafana/provisioning)."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at: where, when, and with what chosen."""

    prometheus: str
    since: float
    until: float
    chosen: Mapping[str, str] = field(default_factory=dict)
    """Variables' values as patterns; of all others everything is chosen."""
    theme: str = "dark"
    width: int = 1600
    time_zone: str = "Asia/Shanghai"


def draw(dashboards: Mapping[Path, Path], view: View) -> None:
    """Draw dashboards; given are the pictures' paths, each with the dashboard's file."""
    node, browser = _program("node"), _program("chromium")
    if not (HERE / "node_modules").exists():
        raise FileNotFoundError("run: npm ci --prefix grafana/preview")
    jobs = [
        {"file": str(picture.absolute()), **_job(json.loads(path.read_text("utf-8")), view)}
        for picture, path in dashboards.items()
    ]
    for picture in dashboards:
        picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "jobs.json"
        given.write_text(json.dumps(jobs), encoding="utf-8")
        subprocess.run([node, HERE / "draw.mjs", given, browser], check=True)  # noqa: S603 - ours


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name} is missing: please install Debian's package")
    return found


def _job(dashboard: Json, view: View) -> Json:
    every = {each["name"]: ".*" for each in dashboard["templating"]["list"]}
    values = every | dict(view.chosen)
    asking = [panel for panel in _flat(dashboard["panels"]) if panel.get("targets")]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda panel: _answers(panel, view, values), asking)
        answers = {panel["id"]: each for panel, each in zip(asking, found, strict=True)}
    return {
        "dashboard": dashboard,
        "answers": answers,
        "from": view.since * 1000,
        "to": view.until * 1000,
        "theme": view.theme,
        "width": view.width,
        "timeZone": view.time_zone,
    }


def _flat(panels: Sequence[Json]) -> list[Json]:
    return [each for panel in panels for each in (panel, *panel.get("panels", ()))]


def _answers(panel: Json, view: View, values: Mapping[str, str]) -> Json:
    step = _step(view, panel["gridPos"]["w"])
    # As Grafana's Prometheus data source makes them of the step and the interval of scrapes.
    windows = {
        "__rate_interval": f"{max(step + INTERVAL, 4 * INTERVAL)}s",
        "__interval": f"{step}s",
    }
    windows["__range"] = f"{math.ceil(view.until - view.since)}s"
    return {
        target["refId"]: _answer(
            substituted(target["expr"], {**values, **windows}),
            view,
            step if target["range"] else 0,
        )
        for target in panel["targets"]
    }


def _step(view: View, columns: int) -> int:
    """Seconds for about a pixel each, as Grafana asks; it rounds to other steps than these."""
    pixels = view.width * columns / 24
    exact = max(INTERVAL, (view.until - view.since) / pixels)
    return INTERVAL * math.ceil(exact / INTERVAL)


def _answer(expr: str, view: View, step: int) -> Json:
    """The series of an expression: over time with a step, of the view's end without."""
    if step:
        # Aligned to the step, as Grafana does.
        start, end = (math.floor(t / step) * step for t in (view.since, view.until))
        asked = {"query": expr, "start": start, "end": end, "step": step}
        what = "query_range"
    else:
        asked, what = {"query": expr, "time": view.until}, "query"
    url = f"{view.prometheus}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - the given server
            data = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        return {"series": [], "step": step, "error": error.read().decode()}
    if data["resultType"] == "scalar":
        return {"series": [{"metric": {}, "values": [data["result"]]}], "step": step}
    series = [
        {"metric": each["metric"], "values": each.get("values") or [each["value"]]}
        for each in data["result"]
    ]
    return {"series": series, "step": step}
