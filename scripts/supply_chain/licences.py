"""The licences of what running ShipSentry installs, as the packages themselves state them."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "licences.md"
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-supply.lock")

OF_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Repoze Public License": "Repoze",
}
"""Names of PyPI's classifiers and, where it has one, the SPDX id."""

HEAD = """\
# Licences

What running ShipSentry installs, at the locked versions, with the licence that each package states.
ShipSentry is under Apache-2.0; its vendored data are named in [NOTICE](../NOTICE). All of these may
be shipped with it: none asks that ShipSentry's own code be under its terms. psycopg, which the desk
asks PostgreSQL by, is under the LGPL: the image has it unchanged, as files that may be replaced,
with its licence beside it; its source is on PyPI under the same version. Tools of the tests and of
the supply chain are not in here: they are not shipped.

`scripts/supply-chain licences` writes this page; a test compares it with the lock.

| package | version | licence |
|---|---|---|
"""


def pinned(lock: Path) -> list[tuple[str, str]]:
    """Name and version of each package of a lock that this platform installs, in order."""
    found = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            wanted = Requirement(line.removesuffix("\\").strip())
            if wanted.marker is None or wanted.marker.evaluate():
                (version,) = wanted.specifier
                found.append((wanted.name, version.version))
    return found


def licence(name: str) -> str:
    """The licence that the installed package `name` states: SPDX, classifiers, or its own word.

    Raises LookupError where it states none, PackageNotFoundError where it is not installed.
    """
    about = metadata.metadata(name).json
    expression = str(about.get("license_expression", ""))
    if expression:
        return expression
    prefix = "License :: OSI Approved :: "
    classifiers = {
        each.removeprefix(prefix).removeprefix("License :: ")
        for each in about.get("classifier", ())
        if each.startswith("License :: ") and each != prefix.removesuffix(" :: ")
    }
    if classifiers:
        return " AND ".join(OF_CLASSIFIERS.get(each, each) for each in sorted(classifiers))
    stated = str(about.get("license", ""))
    if not re.fullmatch(r"[^\n]{2,40}", stated):
        raise LookupError(f"{name} states no licence: name it in {__name__}")
    return stated


def page() -> str:
    """docs/licences.md, of what is installed in this environment."""
    rows = [
        f"| {name} | {version} | {licence(name)} |"
        for name, version in pinned(ROOT / "requirements.lock")
    ]
    return HEAD + "\n".join(rows) + "\n"
