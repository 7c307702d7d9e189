"""No benchmark rots unseen: each can be loaded and says what it takes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
PROGRAMS = sorted(
    path.stem for path in FOLDER.glob("*.py") if "argparse.ArgumentParser" in path.read_text()
)


def test_there_are_benchmarks() -> None:
    """Found by what they are, so that a new one is among them."""
    assert {"restart", "throughput"} <= set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_benchmark_says_what_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that it imports is there."""
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out
