"""What a release brings along: its licences, a list of its packages, their known weaknesses.

scripts/supply-chain licences      writes docs/licences.md; a test compares it with the lock
scripts/supply-chain sbom FILE     CycloneDX of .venv; the image has one of its own
scripts/supply-chain audit         known weaknesses of all that is locked: 0 none, 1 some, 3 unknown
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.supply_chain.audit import judged
from scripts.supply_chain.licences import LOCKS, PAGE, ROOT, page

TOOLS = ROOT / ".venv-supply" / "bin"


def main(arguments: list[str]) -> int:
    """Do what the first of `arguments` says; the exit status."""
    match arguments:
        case ["licences"]:
            PAGE.write_text(page(), encoding="utf-8")
            return 0
        case ["sbom", file]:
            return sbom(ROOT / ".venv", Path(file))
        case ["audit"]:
            statuses = [audit(lock) for lock in LOCKS]
            return max(statuses, key=(0, 3, 1).index)
    print(__doc__, file=sys.stderr)
    return 2


def sbom(environment: Path, file: Path) -> int:
    """Write what is installed in `environment` as CycloneDX JSON, equal for equal packages."""
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"]
    options += ["--output-reproducible", "--output-file", str(file)]
    command = [str(TOOLS / "cyclonedx-py"), "environment", str(environment), *options]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own locked tool


def audit(lock: str) -> int:
    """Ask for the known weaknesses of every package of `lock`, say them, and return the status."""
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [str(TOOLS / "pip-audit"), "--requirement", str(ROOT / lock), *options]
    asked = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    status, text = judged(lock, asked.stdout, asked.stderr)
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
