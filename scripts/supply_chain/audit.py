"""What pip-audit found, read so that a database that did not answer is not taken for good news."""

from __future__ import annotations

import json
from typing import Any


def judged(lock: str, said: str, complained: str) -> tuple[int, str]:
    """The status and what to print of an audit of `lock`: 0 none known, 1 some, 3 cannot be told.

    pip-audit itself ends with 0 where no package was found in its database.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = complained.strip().splitlines()[-1:] or ["no answer"]
        return 3, f"{lock}: not audited: {last[0]}"
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    weak = [(one, each) for one in packages for each in one.get("vulns", ())]
    lines = [
        f"{lock}: {one['name']} {one['version']}: {each['id']}, "
        f"mended in {', '.join(each['fix_versions']) or 'no version'}"
        for one, each in weak
    ]
    if skipped:
        names = ", ".join(skipped[:5]) + (", …" if len(skipped) > 5 else "")
        lines.append(
            f"{lock}: not audited: the database does not know {len(skipped)} of {len(packages)} "
            f"packages ({names})"
        )
    if not lines:
        lines.append(f"{lock}: no known weakness in {len(packages)} packages")
    return (1 if weak else 3 if skipped or not packages else 0), "\n".join(lines)
