"""Profile files as they are read: alone, or as changes to another profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streams.profiles.moved import Place, Placed, placed
from streams.texts.toml_file import read_toml
from streams.texts.where import line_of

MOST_PROBLEMS = 50
"""What is said of one file at a time."""

OFF = "off"
"""In place of a table: without it, as if it were not there."""


class ProfileError(ValueError):
    """A profile cannot be used; `problems` has a line each: file, line, field, what is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """A profile file as it was read; `base` is the one that it changes, None: a whole profile."""

    path: Path
    text: str
    data: dict[str, Any]
    base: Document | None = None

    @property
    def placed(self) -> Placed:
        """What the file says, each field where it stands today."""
        return placed(self.data)

    @property
    def id(self) -> str:
        """The profile's id; changes without one keep their base's."""
        return str(self.data.get("id", self.data.get("extends", "")))

    @property
    def extends(self) -> str | None:
        """The id of the profile that this one changes."""
        name = self.data.get("extends")
        return None if name is None else str(name)

    def chain(self) -> Iterator[Document]:
        """This document, the one that it changes, and so on."""
        document: Document | None = self
        while document is not None:
            yield document
            document = document.base

    def merged(self) -> dict[str, Any]:
        """The whole profile: the base's fields with the changed ones laid over them."""
        own = {name: value for name, value in self.placed.data.items() if name != "extends"}
        return own if self.base is None else _overlaid(self.base.merged(), own)

    def changed(self) -> Iterator[tuple[str, Any]]:
        """(field, value) of everything that this file says itself, its rules and limits one by
        one."""
        return _leaves(self.data, ())

    def problem(self, place: Sequence[str | int], text: str) -> str:
        """`file:line: field: text`, of the file of the chain that says the field."""
        merged = self.merged()
        places = {each.path: _own(each.placed.data, merged, place) for each in self.chain()}
        where = max(self.chain(), key=lambda each: _depth(each.placed.data, places[each.path]))
        return where.at(
            where.placed.said(places[where.path]), where.placed.said(tuple(place)), text
        )

    def at(self, place: Place, name: Place, text: str) -> str:
        """`file:line: field: text`, of a field that this file has at `place`."""
        return f"{self.path}:{line_of(self.text, place)}: {dotted(name)}: {text}"

    def clashes(self) -> Iterator[str]:
        """What the files of the chain say twice, in a place of a former release and elsewhere."""
        for each in self.chain():
            for place, other, value, there in each.placed.clashes:
                text = (
                    f"{value!r} here, and {there!r} in {dotted(other)} "
                    f"(line {line_of(each.text, other)}); allowed: one of them"
                )
                yield each.at(place, place, text)


def dotted(place: Place) -> str:
    """A field as it is written: `rules.recalled.severity`."""
    return ".".join(str(part) for part in place)


def read_document(path: Path) -> Document:
    """A file as a document without its base; raises ProfileError, or OSError."""
    try:
        return Document(path, *read_toml(path))
    except ValueError as error:
        raise ProfileError([f"{path}: {error}"]) from error


def with_bases(documents: Iterable[Document]) -> tuple[list[Document], list[str]]:
    """The documents with their bases, in the same order, and what is wrong.

    The base is the nearest earlier document of that id, else a later one of another id.
    """
    given = list(documents)
    done: dict[int, Document] = {}
    problems: list[str] = []

    def resolved(number: int, waiting: tuple[int, ...]) -> Document | None:
        document = given[number]
        if number in done or document.extends is None:
            return done.setdefault(number, document)
        earlier = [n for n in range(number - 1, -1, -1) if given[n].id == document.extends]
        later = [n for n in range(number + 1, len(given)) if given[n].id == document.extends]
        others = [n for n in (*earlier, *later) if n not in (*waiting, number)]
        if not others:
            known = ", ".join(dict.fromkeys(d.id for d in given if d is not document and d.id))
            what = f"no profile {document.extends!r} to change; there are {known}"
            problems.append(document.problem(("extends",), what))
            return None
        base = resolved(others[0], (*waiting, number))
        if base is None:
            return None
        return done.setdefault(number, replace(document, base=base))

    found = [resolved(number, ()) for number in range(len(given))]
    return [each for each in found if each is not None], list(dict.fromkeys(problems))


def _overlaid(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`base` with the fields of `own`: tables are merged, rows with a name by their name, and
    "off" takes a table or all rows away."""
    result = dict(base)
    for name, value in own.items():
        before = result.get(name)
        if value == OFF and isinstance(before, dict | list):
            del result[name]
        elif isinstance(value, dict) and isinstance(before, dict):
            result[name] = _overlaid(before, value)
        elif _rows(value) and _rows(before):
            rows = {row["name"]: row for row in [*(before or ()), *value]}
            result[name] = list(rows.values())
        else:
            result[name] = value
    return result


def _rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(r, dict) and "name" in r for r in value)


def _own(
    data: dict[str, Any], merged: dict[str, Any], place: Sequence[str | int]
) -> tuple[str | int, ...]:
    """A field of the merged profile as one file has it: rows are found by their name."""
    if len(place) < 2 or not isinstance(place[1], int) or not _rows(merged.get(str(place[0]))):
        return tuple(place)
    name = merged[str(place[0])][place[1]]["name"]
    rows = data.get(str(place[0]))
    numbers = [n for n, row in enumerate(rows or ()) if _rows(rows) and row["name"] == name]
    return (place[0], *numbers[:1], *place[2:]) if numbers else (place[0],)


def _depth(data: Any, place: Sequence[str | int]) -> int:
    """How many parts of a field's path are there."""
    for depth, part in enumerate(place):
        if isinstance(data, list):
            data = dict(enumerate(data))
        if not isinstance(data, dict) or part not in data:
            return depth
        data = data[part]
    return len(place)


def _leaves(data: dict[str, Any], place: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*place, name))
        else:
            yield ".".join((*place, name)), value
