"""Which room imports which: read from the sources, nothing is imported."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("schemas", "streams")

OUTSIDE = {"aiohttp", "aiokafka", "confluent_kafka", "faust", "kafka", "mode", "rocksdict"}
"""What ties a room to a broker, a store or a web server."""

TOGETHER = (
    Path("streams/inputs/sources"),
    Path("streams/ingest"),
    Path("streams/notify"),
    Path("streams/desk"),
)
"""Folders that are one room with the folders in them: one source, or channel, is like another;
ingest and the desk are services of their own."""


@dataclass(frozen=True)
class House:
    """The rooms, named as imports name them: how many modules each has, and what it imports."""

    modules: Mapping[str, int]
    imports: Mapping[str, frozenset[str]]
    """Other rooms only."""
    outside: frozenset[str]
    """Rooms with an import of OUTSIDE."""
    files: frozenset[str]
    """Rooms that are one file and no folder."""

    @classmethod
    def found(cls, root: Path) -> House:
        """The house below `root`: a room is a folder with modules, or a file beside folders.

        Raises ValueError for an import of ours that leads to no room.
        """
        sources = [path for name in PACKAGES for path in sorted((root / name).rglob("*.py"))]
        modules = Counter(_room(root, path) for path in sources if path.name != "__init__.py")
        imports: dict[str, set[str]] = {room: set() for room in modules}
        outside = set()
        for path in sources:
            room = _room(root, path)
            for name in _imported(root, path):
                package = name.partition(".")[0]
                if package in OUTSIDE:
                    outside.add(room)
                elif package in PACKAGES:
                    imports[room].add(_home(name, modules, path))
        return cls(
            dict(sorted(modules.items())),
            {room: frozenset(imports[room] - {room}) for room in sorted(modules)},
            frozenset(outside),
            frozenset(
                room
                for room in modules
                if root.joinpath(*room.split(".")).with_suffix(".py").is_file()
            ),
        )

    @cached_property
    def floors(self) -> dict[str, int]:
        """The longest way down from each room, in rooms; raises ValueError for a circle."""
        floors: dict[str, int] = {}
        while len(floors) < len(self.imports):
            ready = [
                room
                for room, below in self.imports.items()
                if room not in floors and below <= floors.keys()
            ]
            if not ready:
                circle = sorted(self.imports.keys() - floors.keys())
                raise ValueError(f"these rooms, or some of them, import in a circle: {circle}")
            for room in ready:
                floors[room] = 1 + max((floors[each] for each in self.imports[room]), default=-1)
        return floors

    @cached_property
    def below(self) -> dict[str, frozenset[str]]:
        """All that each room imports, also through others."""
        below: dict[str, frozenset[str]] = {}
        for room in sorted(self.floors, key=self.floors.__getitem__):
            near = self.imports[room]
            below[room] = near.union(*(below[each] for each in near))
        return below

    @cached_property
    def arrows(self) -> dict[str, list[str]]:
        """Imports without those that also lead through another room."""
        return {
            room: sorted(near.difference(*(self.below[each] for each in near)))
            for room, near in self.imports.items()
        }

    @cached_property
    def pure(self) -> frozenset[str]:
        """Rooms from which no import, also through others, leads outside."""
        return frozenset(
            room for room in self.imports if not self.outside & (self.below[room] | {room})
        )


def _room(root: Path, path: Path) -> str:
    """The folder of a module, and the module itself directly below `streams/`."""
    place = path.relative_to(root)
    for together in TOGETHER:
        if together in place.parents:
            return ".".join(together.parts)
    loose = place.parent == Path("streams") and place.name != "__init__.py"
    return ".".join(place.with_suffix("").parts if loose else place.parent.parts)


def _imported(root: Path, path: Path) -> Iterator[str]:
    """Every name that a source imports, in full."""
    package = ".".join(path.relative_to(root).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _home(name: str, rooms: Iterable[str], path: Path) -> str:
    """The innermost room of an imported name."""
    homes = [room for room in rooms if f"{name}.".startswith(f"{room}.")]
    if not homes:
        raise ValueError(f"{path} imports {name}, which is in none of {sorted(rooms)}")
    return max(homes, key=len)
