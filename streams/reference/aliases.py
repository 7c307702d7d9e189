"""Tables of names: what people, platforms and tracking services call one thing → its code."""

from __future__ import annotations

from importlib.resources import files


def read(package: str) -> dict[str, str]:
    """Return the names in `aliases.tsv` of a package beside this file, lower-case, by code."""
    lines = files(package).joinpath("aliases.tsv").read_text(encoding="utf-8").splitlines()
    table: dict[str, str] = {}
    for line in lines[1:]:
        name, code, _ = line.split("\t")
        table[name] = code
    return table
