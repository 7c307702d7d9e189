"""What is installed: a wheel with all its data, and locks that pip can trust."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
RUN: list[str] = [
    *PROJECT["project"]["dependencies"],
    *(each for extra in EXTRAS.values() for each in extra),
    *PROJECT["dependency-groups"]["build"],
]
"""What the image has: every extra."""
DEV: list[str] = [*RUN, *PROJECT["dependency-groups"]["dev"]]
SUPPLY: list[str] = PROJECT["dependency-groups"]["supply"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-supply.lock")


def pins(lock: str) -> dict[str, Version]:
    """The version that a lock holds for each distribution."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ \\;]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {name.lower().replace("_", "-"): Version(version) for name, version in found}


@pytest.mark.parametrize(("lock", "wanted"), [*zip(LOCKS, (RUN, DEV, SUPPLY), strict=True)])
def test_locks_hold_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    """Every declared dependency is pinned within its declared range; else run scripts/lock."""
    pinned = pins(lock)
    amiss = {
        text: str(pinned.get(Requirement(text).name))
        for text in wanted
        if pinned.get(Requirement(text).name) not in Requirement(text).specifier
    }
    assert amiss == {}


def test_running_and_testing_use_the_same_versions() -> None:
    """The larger lock holds the smaller one, version for version."""
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hash_everything_and_name_no_registry(lock: str) -> None:
    """Each pin carries hashes, and where to download from is the user's own setting."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|--(extra-)?index-url|--find-links|/tmp/", text)


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """Profiles, schemas, examples and vendored names are in the wheel, not only in the checkout."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    for package in ("schemas", "streams"):
        shutil.copytree(
            ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    expected = {
        str(path.relative_to(source))
        for package in ("schemas", "streams")
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", f"--wheel-dir={tmp_path}", str(source)],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("shipsentry-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert expected - set(archive.namelist()) == set()
