"""The pages about settings, commands and metrics say what the code says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "metrics.md"])
def test_page_is_up_to_date(run: Run, tmp_path: Path, name: str) -> None:
    """The committed page is what `shipsentry docs docs` writes now."""
    assert run("docs", str(tmp_path)).exit_code == 0
    written = (tmp_path / name).read_text(encoding="utf-8")
    committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert committed == written, "run: .venv/bin/shipsentry docs docs"
