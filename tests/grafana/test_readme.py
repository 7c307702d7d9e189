"""README.md says of every panel which question it answers."""

from __future__ import annotations

from pathlib import Path

from grafana.asked import asked

ROOT = Path(__file__).resolve().parents[2]


def test_readme_has_one_line_for_each_panel() -> None:
    """Title and question as the dashboard has them, and what the end-to-end test saw; to write it
    anew: SHIPSENTRY_PANELS_PAGE=panels.md .venv/bin/pytest tests/operators -k panel."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    panels = list(asked())
    assert len(panels) > 60
    for panel in panels:
        begin = f"| {panel.title} | {panel.question} | "
        (line,) = [each for each in lines if each.startswith(begin)]
        assert len(line) > len(begin) + 2
