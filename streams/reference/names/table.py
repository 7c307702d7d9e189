"""Tables of names: what people, platforms and tracking services call one thing → its code."""

from __future__ import annotations

from importlib.resources import files


def read(name: str) -> dict[str, str]:
    """Return the names in `NAME.tsv` beside this file, lower-case, by code."""
    lines = files("streams.reference.names").joinpath(f"{name}.tsv").read_text("utf-8").splitlines()
    table: dict[str, str] = {}
    for line in lines[1:]:
        alias, code, _ = line.split("\t")
        table[alias] = code
    return table
