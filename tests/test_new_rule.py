"""`scripts/new-rule` writes rules that work and are complete but for what their author must say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RULES = {
    "parcel_seen": ("--sees", "parcel", "--check"),
    "link_seen": ("--sees", "link"),
    "order_seen": ("--sees", "order"),
    "parcel_waits": ("--clock",),
    "order_waits": ("--sees", "order", "--clock"),
}
STRUCTURE = (
    "tests/rules/test_every_rule.py",
    "tests/texts",
    "tests/cli/test_docs.py",
    "tests/cli/test_rules.py",
    "tests/demo/test_view.py",
    "tests/grafana/test_queries.py",
    "tests/profiles/test_limits_by_platform.py",
    "tests/test_imports.py",
    "tests/test_prose.py",
    "tests/test_rooms.py",
)
"""What says of a rule that something of it was forgotten."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as they stand, in a repository of their own."""
    folder = tmp_path_factory.mktemp("copy")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    types = ROOT / ".mypy_cache"
    if types.is_dir():  # what is known of the sources' types need not be found out once more
        shutil.copytree(types, folder / types.name)
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def run(copy: Path) -> Run:
    """`run("-m", "ruff")`: Python in the copy."""

    def invoke(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(copy)}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        )

    return invoke


@pytest.fixture(scope="module")
def written(run: Run) -> dict[str, str]:
    """A rule of each kind, and what was said when it was written; pages are made with the last."""
    said = {}
    last = tuple(RULES)[-1]
    for name, options in RULES.items():
        pages = () if name == last else ("--no-pages",)
        done = run("-m", "scripts.new_rule", name, *options, *pages)
        assert done.returncode == 0, done.stderr
        said[name] = done.stdout
    return said


@pytest.mark.timeout(600)
def test_new_rules_are_complete_at_once(copy: Path, run: Run, written: dict[str, str]) -> None:
    """Lint, types and every test that looks for something forgotten; also their own tests."""
    for tool in (("check", "--quiet"), ("format", "--check", "--quiet")):
        done = run("-m", "ruff", *tool, "streams/rules", "tests/rules")
        assert done.returncode == 0, done.stdout
    files = [f"streams/rules/{name}.py" for name in written]
    done = run("-m", "mypy", *files)
    assert done.returncode == 0, done.stdout
    tests = [f"tests/rules/test_{name}.py" for name in written]
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *STRUCTURE, *tests)
    assert done.returncode == 0, done.stdout


def test_what_is_left_is_listed(written: dict[str, str]) -> None:
    """Each file that waits for its author."""
    for name, said in written.items():
        for path in (
            f"streams/rules/{name}.py",
            f"{name}.toml",
            f"test_{name}.py",
            "docs/rules.md",
        ):
            assert path in said


@pytest.mark.timeout(600)
def test_what_is_left_is_refused_once_the_rule_is_on(
    copy: Path, run: Run, written: dict[str, str]
) -> None:
    """In a built-in profile it must be finished: TODO, ON, oracle, figures, `[meter]` are red."""
    profile = copy / "streams" / "profiles" / "douyin-2026-07-09.toml"
    before = profile.read_text(encoding="utf-8")
    try:
        profile.write_text(f'{before}\n[rules.parcel_seen]\nseverity = "critical"\n', "utf-8")
        done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", STRUCTURE[0])
    finally:
        profile.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    for test in (
        "test_a_rule_that_is_on_is_finished[parcel_seen]",
        "test_every_rule_is_on_somewhere_or_says_how",
        "test_the_oracle_knows_every_rule_that_is_on",
        "test_the_figures_know_every_rule",
        "test_each_profile_says_what_makes_an_order_abnormal[douyin-2026-07-09]",
    ):
        assert f"FAILED tests/rules/test_every_rule.py::{test}" in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("FAILED")]) == 5


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("Seen",), "a name is in snake_case, of 25 characters at most"),
        (("a" * 26,), "a name is in snake_case, of 25 characters at most"),
        (("recalled",), "there is a streams/rules/recalled.py already"),
        (("new_one", "--sees", "link", "--clock"), "has checks only"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    """In one line, and nothing is written."""
    done = run("-m", "scripts.new_rule", *arguments)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
