"""Writes rules.yaml, a PrometheusRule, from `prometheus/rules`; a test compares it with them.

.venv/bin/python deploy/kubernetes/monitoring/make_rules.py
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
RULES = HERE.parents[2] / "prometheus" / "rules"
FILE = HERE / "rules.yaml"

HEAD = """\
# Written by make_rules.py from prometheus/rules: change them there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: shipsentry
  labels:
    app.kubernetes.io/name: shipsentry
spec:
  groups:
"""


def manifest() -> str:
    """The groups of all rule files, in order of the files' names, comments included.

    Raises ValueError for a file that does not begin with `groups:` and comments.
    """
    parts = [HEAD]
    for path in sorted(RULES.glob("*.yml")):
        head, found, groups = path.read_text(encoding="utf-8").partition("groups:\n")
        if not found or any(line and not line.startswith("#") for line in head.splitlines()):
            raise ValueError(f"{path}: expected comments and then `groups:`")
        parts += [_indented(head, 4), _indented(groups, 2)]
    return "".join(parts)


def _indented(text: str, spaces: int) -> str:
    return "".join(
        " " * spaces + line if line.strip() else line for line in text.splitlines(keepends=True)
    )


if __name__ == "__main__":
    FILE.write_text(manifest(), encoding="utf-8")
