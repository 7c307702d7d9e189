"""Names of carriers and platforms that a rule pack adds: its file `aliases.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.cleaning import clean
from streams.profiles.document import MOST_PROBLEMS, Document, ProfileError, read_document
from streams.reference.names import CARRIERS, PLATFORMS

ALIASES = "aliases.toml"
"""The name of the file within a pack."""

_TABLES = {"carriers": CARRIERS, "platforms": PLATFORMS}


@dataclass(frozen=True, slots=True)
class Aliases:
    """Names, clean and lower-case, → codes: what packs add to the tables of the project."""

    carriers: dict[str, str] = field(default_factory=dict)
    platforms: dict[str, str] = field(default_factory=dict)


def alias_files(directory: Path) -> list[Path]:
    """The aliases of a directory: one file, or none."""
    return sorted(directory.glob(ALIASES))


def read_aliases(directories: Iterable[Path]) -> tuple[Aliases, list[str]]:
    """The names that the directories add, and what is wrong with them.

    A name of the project's own tables may be given another code, but no code of theirs may: that
    would part one carrier into two.
    """
    aliases, problems = Aliases(), list[str]()
    said: dict[tuple[str, str], str] = {}
    for path in (path for directory in directories for path in alias_files(directory)):
        try:
            document = read_document(path)
        except ProfileError as error:
            problems += error.problems
            continue
        before = len(problems)
        for kind, name, code, place in _rows(document, problems):
            if len(problems) - before >= MOST_PROBLEMS:
                break
            short, wanted = clean(name).lower(), f"{code!r}"
            wrong = _wrong(kind, short, code)
            earlier = said.get((kind, short))
            if wrong is None and earlier is not None and getattr(aliases, kind)[short] != code:
                wrong = f"the same name has another code in {earlier} (found {wanted})"
            if wrong is not None:
                problems.append(document.at(place, place, wrong))
                continue
            said[kind, short] = document.at(place, place, "").removesuffix(": ")
            getattr(aliases, kind)[short] = code
    return aliases, problems


def _rows(
    document: Document, problems: list[str]
) -> Iterator[tuple[str, str, Any, tuple[str, ...]]]:
    """Kind, name, code and place of each row; what is no row is a problem."""
    for top, tables in document.data.items():
        if top != "aliases" or not isinstance(tables, dict):
            allowed = "[aliases.carriers] and [aliases.platforms]"
            problems.append(document.at((top,), (top,), f"allowed: {allowed}"))
            continue
        for kind, rows in tables.items():
            place = ("aliases", kind)
            if kind not in _TABLES or not isinstance(rows, dict):
                allowed = " or ".join(f"[aliases.{name}]" for name in _TABLES)
                problems.append(document.at(place, place, f"allowed: {allowed}"))
                continue
            for name, code in rows.items():
                yield kind, name, code, (*place, name)


def _wrong(kind: str, name: str, code: Any) -> str | None:
    """What is wrong with a row, whatever else there is."""
    table = _TABLES[kind]
    if not isinstance(code, str) or not code or ":" in code or clean(code).lower() != code:
        return f'allowed: a code in lower case without a colon, such as "zto" (found {code!r})'
    if not name or ":" in name:
        return "allowed: a name that is not empty, without a colon"
    if name in table.values() and name != code:
        return f"{name!r} is itself the code of one; another name is allowed (found {code!r})"
    if table.get(code, code) != code:
        return f"{code!r} is a name of {table[code]!r}; allowed: {table[code]!r}"
    return None
