"""The desk is one room to the others; within it nothing imports up, and nobody needs it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from test_imports import ROOT, own

FLOORS = ("database", "actions", "notify", "intake", "access", "api", "console", "service")
"""Lowest first: each may import those before it."""

DESK = ROOT / "streams" / "desk"
EXTRA = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
MODULES = {"argon2-cffi": "argon2"}


def test_every_folder_has_a_floor() -> None:
    """A new one gets its place here."""
    folders = {path.parent.relative_to(DESK).parts[:1] for path in DESK.rglob("*.py")} - {()}
    assert folders == {(floor,) for floor in FLOORS}


def test_nothing_imports_up() -> None:
    """Within the desk."""
    wrong = []
    for floor, name in enumerate(FLOORS):
        for path in (DESK / name).rglob("*.py"):
            for imported in own(path):
                parts = imported.split(".")
                if parts[:2] == ["streams", "desk"] and parts[2] not in FLOORS[: floor + 1]:
                    wrong.append(f"{path.relative_to(ROOT)} imports {imported}")
    assert wrong == []


def test_a_worker_loads_nothing_of_the_desk() -> None:
    """Who installs ShipSentry without its extra runs it all the same."""
    asked = [*EXTRA["desk"], *EXTRA["desk-oidc"], *EXTRA["desk-postgresql"]]
    extra = {MODULES.get(name := Requirement(each).name, name) for each in asked}
    code = (
        "import sys, streams.cli.worker, streams.cli.replay, streams.cli.demo, streams.app\n"
        f"print(*(m for m in {sorted(extra)!r} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(ROOT), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_desk_without_a_provider_does_without_its_extra() -> None:
    """Who lets in users of the desk's own alone needs none of it."""
    extra = sorted(Requirement(each).name for each in EXTRA["desk-oidc"])
    code = (
        "import sys, streams.desk.service.serve\n"
        f"print(*(m for m in {extra!r} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(ROOT), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
