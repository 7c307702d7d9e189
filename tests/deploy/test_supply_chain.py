"""What a release brings along: licences, the list of its packages, what an audit may claim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.deploying import ROOT

from scripts.supply_chain.__main__ import sbom
from scripts.supply_chain.audit import judged
from scripts.supply_chain.licences import LOCKS, PAGE, licence, pinned

ALLOWED = {
    "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0",
    "PSF-2.0", "Repoze",
    # Of psycopg: unchanged, and as files that may be replaced (decision 0138).
    "LGPL-3.0-only",
}  # fmt: skip
"""Licences under which a package may come with a product under Apache-2.0 without changing it."""


def rows() -> dict[str, tuple[str, str]]:
    """Version and licence by name, as docs/licences.md says."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| package")
    ]
    return {name: (version, stated) for name, version, stated in cells}


def test_the_page_says_what_is_locked_and_installed() -> None:
    """Else `scripts/supply-chain licences`. Other Pythons may install some more or fewer."""
    said = rows()
    here = {name: (version, licence(name)) for name, version in pinned(ROOT / "requirements.lock")}
    assert {name: said.get(name) for name in here} == here
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert [
        name for name, (version, _) in said.items() if f"\n{name}=={version} " not in text
    ] == []


def test_every_licence_allows_to_ship_it() -> None:
    """One that no row allows is a decision for a person."""
    stated = {
        name: licence.replace(" OR ", " AND ").split(" AND ")
        for name, (_, licence) in rows().items()
    }
    assert {name: each for name, each in stated.items() if not set(each) <= ALLOWED} == {}


def test_the_list_holds_what_is_installed(tmp_path: Path) -> None:
    """CycloneDX, checked by its schema: each locked package, its version and where it is known."""
    file = tmp_path / "sbom.json"
    assert sbom(ROOT / ".venv", file) == 0
    said = json.loads(file.read_text(encoding="utf-8"))
    assert (said["bomFormat"], said["metadata"]["component"]["name"]) == ("CycloneDX", "shipsentry")
    listed = {component["purl"] for component in said["components"]}
    wanted = {f"pkg:pypi/{name}@{version}" for name, version in pinned(ROOT / "requirements.lock")}
    assert wanted - listed == set()


KNOWN = {"name": "yarl", "version": "1.0", "vulns": []}
WEAK = {
    "name": "idna", "version": "3.0",
    "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}],
}  # fmt: skip
UNKNOWN = {"name": "six", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("packages", "status", "text"),
    [
        ([KNOWN], 0, "a.lock: no known weakness in 1 packages"),
        ([KNOWN, WEAK], 1, "a.lock: idna 3.0: PYSEC-2024-60, mended in 3.7"),
        (
            [KNOWN, UNKNOWN],
            3,
            "a.lock: not audited: the database does not know 1 of 2 packages (six)",
        ),
        ([], 3, "a.lock: no known weakness in 0 packages"),
    ],
)
def test_a_database_that_does_not_answer_is_no_good_news(
    packages: list[dict[str, object]], status: int, text: str
) -> None:
    """pip-audit ends with 0 where it found nothing out."""
    assert judged("a.lock", json.dumps({"dependencies": packages}), "") == (status, text)


def test_an_audit_that_failed_says_why() -> None:
    """Its last line."""
    assert judged("a.lock", "", "Traceback\nConnectionError: no route\n") == (
        3,
        "a.lock: not audited: ConnectionError: no route",
    )


def test_all_locks_are_audited() -> None:
    """Those at the top of the project."""
    assert sorted(LOCKS) == sorted(path.name for path in ROOT.glob("requirements*.lock"))
