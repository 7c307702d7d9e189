"""The rules as Prometheus reads them, their cases, and promtool."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parent
PROMETHEUS = HERE.parent.parent / "prometheus"

Rule = dict[str, Any]
Promtool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def rules() -> list[Rule]:
    """Every rule, in the order in which Prometheus reads files, groups and rules."""
    return [
        rule
        for path in sorted((PROMETHEUS / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


@pytest.fixture(scope="session")
def alerts(rules: list[Rule]) -> dict[str, Rule]:
    """The alert rules by name, in their order."""
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


@pytest.fixture(scope="session")
def records(rules: list[Rule]) -> dict[str, Rule]:
    """The recording rules by name, in their order."""
    return {rule["record"]: rule for rule in rules if "record" in rule}


@pytest.fixture(scope="session")
def cases() -> dict[str, dict[str, Any]]:
    """The files of promtool's cases, by name; all scalars are text, as `0x30` is no number here."""
    return {
        path.name: yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  safer still
        for path in sorted(HERE.glob("*.yml"))
    }


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Run promtool; it must be there, since without it nothing here is known."""
    program = shutil.which("promtool")
    if program is None:
        pytest.fail(
            "promtool is missing: scripts/setup --dev installs it, it is in Debian's package "
            "prometheus (apt-get install --no-install-recommends prometheus)",
            pytrace=False,
        )

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *map(str, arguments)], capture_output=True, text=True, check=False
        )

    return run
