"""Every dashboard and the file it is kept in, and the page that lists their panels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana import catalogue, render, runbook
from grafana.model import LANGUAGES, Board
from grafana.pipeline import PIPELINE
from grafana.risk import RISK

BOARDS: tuple[Board, ...] = (RISK, PIPELINE)
DASHBOARDS = Path(__file__).parent / "dashboards"
DOCS = Path(__file__).parent.parent / "docs"
RUNBOOK = DOCS / "runbook.md"
OPERATING = DOCS / "operating.md"

Dashboards = Mapping[Path, dict[str, Any]]


def dashboards() -> Dashboards:
    """What Grafana loads, by the path below `grafana/dashboards`: a folder for each language."""
    sections = runbook.sections(RUNBOOK.read_text(encoding="utf-8"))
    alerts = [section.alert for section in sections]
    found: dict[Path, dict[str, Any]] = {
        board.path(language): render.dashboard(board, language, alerts)
        for board in BOARDS
        for language in LANGUAGES
    }
    return found | {Path("en") / "runbook.json": runbook.dashboard(sections)}


def text(dashboard: Mapping[str, Any]) -> str:
    """A dashboard as it is kept."""
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def operating() -> str:
    """docs/operating.md with the list of all panels as they are now."""
    page = OPERATING.read_text(encoding="utf-8")
    return catalogue.written_into(page, catalogue.catalogue(BOARDS))


def write() -> list[Path]:
    """Write what differs from what is there; the files that were written."""
    wanted = {DASHBOARDS / name: text(dashboard) for name, dashboard in dashboards().items()}
    wanted[OPERATING] = operating()
    written = []
    for path, content in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            written.append(path)
    return written
