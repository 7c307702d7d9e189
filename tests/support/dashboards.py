"""The dashboards as they are kept, and what checks them from outside: TypeScript and promtool."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from grafana.build import DASHBOARDS

Json = dict[str, Any]

NPM = Path(__file__).parent.parent / "grafana"
VERSIONS = ("Grafana9", "Grafana10", "Grafana11", "Grafana12")


def kept() -> dict[str, Json]:
    """Every dashboard that Grafana loads, by its path below `grafana/dashboards`."""
    return {
        path.relative_to(DASHBOARDS).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(DASHBOARDS.rglob("*.json"))
    }


def panels(dashboard: Json) -> list[Json]:
    """The panels of a dashboard that ask something."""
    found: list[Json] = dashboard["panels"]
    return [panel for panel in found if panel["type"] not in ("row", "text")]


def strings(value: Any) -> Iterator[str]:
    """Every string in a piece of JSON, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)


def type_errors(
    dashboards: Mapping[str, tuple[Json, Sequence[str]]], into: Path
) -> dict[str, list[str]]:
    """What TypeScript has against each dashboard by the types of the versions beside it.

    Raises AssertionError where `npm ci` did not run, or where the types themselves are amiss.
    """
    tsc = NPM / "node_modules" / ".bin" / "tsc"
    assert tsc.exists(), "run: npm ci --prefix tests/grafana (scripts/setup --dev does)"
    assert shutil.which("node"), "node is missing: please install Debian's nodejs, 18 or newer"
    names = {f"dashboard{n}.ts": name for n, name in enumerate(dashboards)}
    for file, name in names.items():
        dashboard, versions = dashboards[name]
        literal = json.dumps(dashboard, ensure_ascii=False, indent=1)
        types = json.dumps(str(NPM / "types" / "grafana"))
        (into / file).write_text(
            f"import type {{ {', '.join(versions)} }} from {types};\n"
            f"export default {literal}{''.join(f' satisfies {v}' for v in versions)};\n",
            encoding="utf-8",
        )
    config = {"extends": str(NPM / "tsconfig.json"), "include": ["*.ts", str(NPM / "types")]}
    (into / "tsconfig.json").write_text(json.dumps(config))
    run = subprocess.run(
        [tsc, "--project", into, "--pretty", "false"], capture_output=True, text=True, check=False
    )
    errors: dict[str, list[str]] = {name: [] for name in dashboards}
    file = ""
    for line in run.stdout.splitlines():
        if found := re.match(r"(?:.*/)?([^/(]+\.ts)\(", line):
            file = found[1]
        assert file in names, run.stdout
        errors[names[file]].append(line)
    assert run.returncode == 0 or any(errors.values()), run.stdout + run.stderr
    return errors


def promtool(*arguments: str, document: Json, into: Path) -> str:
    """What promtool has against a document, "" if nothing."""
    program = shutil.which("promtool")
    assert program, "promtool is missing: please install Debian's prometheus package"
    path = into / "document.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True))
    run = subprocess.run([program, *arguments, path], capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr
