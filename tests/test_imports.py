"""What each room may import, and that the pure ones touch no Kafka, no disk and no clock."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Modules that compute and do nothing else.
CALCULATION = {
    "__future__",
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "hmac",
    "heapq",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "re",
    "string",
    "struct",
    "types",
    "typing",
    "unicodedata",
}
#: Reading the files that ship with the package, once.
VENDORED = CALCULATION | {"csv", "importlib", "pathlib", "tomllib"}
#: What reads the profile files is the one part of the pure rooms that touches a disk.
LOADING = VENDORED | {"decimal", "difflib", "pydantic", "sys", "traceback", "zoneinfo"}
#: pydantic_core is the compiled half of pydantic.
CONTRACT = {*sys.stdlib_module_names, "pydantic", "pydantic_core"}

#: Folder → the folders of this repository that it may import, lowest first: nothing imports up.
ROOMS: dict[str, set[str]] = {
    "schemas": set(),
    "streams/telemetry": {"schemas"},
    "streams/reference/places": set(),
    "streams/facts": {"streams/reference"},
    "streams/reference/names": set(),
    "streams/reference/numbers": set(),
    "streams/keys": {"streams/facts", "streams/reference"},
    "streams/texts": set(),
    "streams/state": {"streams/facts"},
    "streams/rules": {"streams/facts", "streams/state", "streams/reference"},
    "streams/profiles": {
        "schemas",
        "streams/facts",
        "streams/state",
        "streams/rules",
        "streams/reference",
        "streams/texts",
    },
    "streams/judge": {"streams/facts", "streams/state", "streams/rules", "streams/profiles"},
    "streams/shops": {"streams/facts", "streams/state", "streams/rules", "streams/profiles"},
    "streams/decode": {"schemas", "streams/facts", "streams/reference"},
    "streams/inputs/sources": {"schemas", "streams/decode"},
    "streams/inputs": {"schemas", "streams/facts", "streams/decode", "streams/reference"},
    "streams/inputs/sheets": {"schemas", "streams/decode", "streams/reference", "streams/inputs"},
    "streams/engine/pages": {"streams/telemetry"},
    "streams/engine/kafka": {"streams/telemetry"},
    "streams/engine/store": {"streams/telemetry", "streams/engine/kafka"},
    "streams/engine/worker": {
        "streams/telemetry",
        "streams/engine/pages",
        "streams/engine/kafka",
        "streams/engine/store",
    },
    "streams/settings.py": {
        "streams/telemetry",
        "streams/texts",
        "streams/engine/pages",
        "streams/engine/kafka",
    },
    "streams/processes": {"streams/telemetry", "streams/engine", "streams/settings"},
    "streams/outputs": {
        "schemas",
        "streams/facts",
        "streams/state",
        "streams/profiles",
        "streams/judge",
        "streams/decode",
        "streams/texts",
        "streams/reference",
        "streams/engine/kafka",
    },
    "streams/tables": {
        "streams/facts",
        "streams/state",
        "streams/profiles",
        "streams/judge",
        "streams/shops",
        "streams/decode",
        "streams/outputs",
        "streams/telemetry",
        "streams/engine/kafka",
    },
    "streams/gauges": {
        "streams/facts",
        "streams/state",
        "streams/profiles",
        "streams/shops",
        "streams/tables",
        "streams/telemetry",
        "streams/engine",
    },
    "streams/web": {
        "schemas",
        "streams/facts",
        "streams/state",
        "streams/profiles",
        "streams/judge",
        "streams/decode",
        "streams/outputs",
        "streams/texts",
        "streams/gauges",
        "streams/telemetry",
        "streams/engine",
    },
    "streams/agents": {
        "streams/facts",
        "streams/judge",
        "streams/tables",
        "streams/telemetry",
        "streams/engine",
    },
    "streams/app.py": {
        "streams/agents",
        "streams/engine",
        "streams/gauges",
        "streams/judge",
        "streams/profiles",
        "streams/settings",
        "streams/state",
        "streams/tables",
        "streams/telemetry",
        "streams/web",
    },
    "streams/replay": {
        "streams/engine/kafka",
        "streams/facts",
        "streams/state",
        "streams/profiles",
        "streams/judge",
        "streams/shops",
        "streams/decode",
        "streams/inputs",
        "streams/tables",
    },
    "streams/report": {
        "streams/facts",
        "streams/state",
        "streams/rules",
        "streams/reference",
        "streams/profiles",
        "streams/decode",
        "streams/inputs",
        "streams/outputs",
        "streams/texts",
        "streams/replay",
    },
    "streams/evidence": {
        "schemas",
        "streams/facts",
        "streams/profiles",
        "streams/decode",
        "streams/inputs",
        "streams/outputs",
        "streams/texts",
        "streams/settings",
        "streams/engine/kafka",
    },
    "streams/ingest": {
        "schemas",
        "streams/decode",
        "streams/inputs",
        "streams/outputs",
        "streams/texts",
        "streams/telemetry",
        "streams/settings",
        "streams/engine/pages",
        "streams/engine/kafka",
    },
    "streams/dead_letters": {
        "streams/decode",
        "streams/inputs",
        "streams/outputs",
        "streams/telemetry",
        "streams/settings",
        "streams/engine/kafka",
    },
    "streams/stored": {
        "streams/state",
        "streams/telemetry",
        "streams/settings",
        "streams/engine/kafka",
        "streams/engine/store",
    },
    "streams/notify": {
        "schemas",
        "streams/facts",
        "streams/profiles",
        "streams/telemetry",
        "streams/texts",
    },
    "streams/desk": {
        "streams/notify",
        "schemas",
        "streams/reference",
        "streams/facts",
        "streams/rules",
        "streams/profiles",
        "streams/decode",
        "streams/texts",
        "streams/evidence",
        "streams/telemetry",
        "streams/engine/kafka",
        "streams/settings",
    },
    "streams/demo": {
        "schemas",
        "streams/facts",
        "streams/rules",
        "streams/profiles",
        "streams/judge",
        "streams/decode",
        "streams/outputs",
        "streams/reference",
        "streams/texts",
        "streams/replay",
        "streams/desk",
        "streams/telemetry",
        "streams/engine",
        "streams/app",
        "streams/settings",
    },
    "streams/cli": {
        "schemas",
        "streams/reference",
        "streams/facts",
        "streams/rules",
        "streams/profiles",
        "streams/judge",
        "streams/decode",
        "streams/inputs",
        "streams/keys",
        "streams/outputs",
        "streams/texts",
        "streams/replay",
        "streams/report",
        "streams/evidence",
        "streams/ingest",
        "streams/dead_letters",
        "streams/stored",
        "streams/notify",
        "streams/desk",
        "streams/demo",
        "streams/processes",
        "streams/telemetry",
        "streams/engine",
        "streams/app",
        "streams/settings",
    },
}

#: Rooms that compute and do nothing else, and what of the outside each may import.
PURE: dict[str, set[str]] = {
    "streams/facts": CALCULATION,
    "streams/state": CALCULATION,
    "streams/rules": CALCULATION,
    "streams/judge": CALCULATION,
    "streams/shops": CALCULATION,
    "streams/reference/places": VENDORED,
    "streams/reference/numbers": VENDORED,
    "streams/keys": CALCULATION,
    "streams/texts": VENDORED,
    "streams/profiles": LOADING,
    "schemas": CONTRACT,
}

#: Loose files: what else stands directly below streams/ has no room.
LOOSE = {"__init__.py", "app.py", "settings.py"}

CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
IO_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}

#: Distributions whose import anywhere below the pure rooms would tie them to a broker or a disk.
HEAVY = {"faust", "mode", "aiokafka", "kafka", "confluent_kafka", "rocksdict", "aiohttp"}


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module that a source imports, with its line; ``from a import b`` gives ``a``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def allowed_by(name: str, allowed: set[str]) -> bool:
    """Whether ``name`` or a package above it is in ``allowed``."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in allowed for end in range(1, len(parts) + 1))


def called(tree: ast.AST) -> Iterator[tuple[int, str, bool]]:
    """The last name of every call, with its line, and whether it is an attribute of something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.lineno, node.func.id, False
            elif isinstance(node.func, ast.Attribute):
                yield node.lineno, node.func.attr, True


def faults(source: str, allowed: set[str], *, pure: bool) -> list[str]:
    """What a source does that its room forbids, one line each."""
    tree = ast.parse(source)
    found = [
        f"line {line}: imports {name}"
        for line, name in imported(tree)
        if not allowed_by(name, allowed)
    ]
    if pure:
        for line, name, attribute in called(tree):
            if name in (CLOCK_CALLS if attribute else IO_CALLS):
                found.append(f"line {line}: calls {name}()")
    return found


def modules(folder: str) -> list[Path]:
    """Every source of a room; none at all would prove nothing."""
    place = ROOT / folder
    paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert paths, f"{folder} holds no Python"
    return paths


def dotted(folder: str) -> str:
    """A room as imports name it."""
    return folder.removesuffix(".py").replace("/", ".")


def own(source: Path) -> set[str]:
    """Every module of this repository that a source imports; `from a import b` may be a.b."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] in ("schemas", "streams")}


@pytest.mark.parametrize("folder", ROOMS)
def test_a_room_imports_what_the_table_allows(folder: str) -> None:
    """And all that the table allows is used: it says how things are, not how they might be."""
    allowed = {dotted(each) for each in ROOMS[folder]}
    room = dotted(folder)
    up: set[str] = set()
    used: set[str] = set()
    for path in modules(folder):
        for name in own(path):
            if allowed_by(name, {room}):
                continue
            down = {each for each in allowed if allowed_by(name, {each})}
            used |= down
            if not down:
                up.add(f"{path.relative_to(ROOT)} imports {name}")
    assert up == set()
    assert used == allowed


def test_nothing_imports_up() -> None:
    """Each room is allowed only rooms that stand above it in the table, so there is no circle."""
    before: list[str] = []
    for folder, allowed in ROOMS.items():
        names = {dotted(each) for each in before}
        for each in allowed:
            below = {name for name in names if name == dotted(each) or allowed_by(name, {each})}
            inside = {name for name in names if name.startswith(dotted(each) + ".")}
            assert below | inside, f"{folder} is allowed {each}, which stands below it"
        before.append(folder)


def test_every_source_has_a_room() -> None:
    """A new folder gets a line in the table; directly below `streams/` there are two files."""
    loose = {path.name for path in (ROOT / "streams").glob("*.py")}
    assert loose == LOOSE
    rooms = [ROOT / folder for folder in ROOMS]
    homeless = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "streams").rglob("*.py")
        if path.name != "__init__.py"
        and not any(path == room or room in path.parents for room in rooms)
    ]
    assert homeless == []


@pytest.mark.parametrize("folder", PURE)
def test_a_pure_room_computes_and_does_nothing_else(folder: str) -> None:
    """Facts, states, rules and judgements import no Kafka, no I/O and ask no clock."""
    allowed = PURE[folder] | {dotted(each) for each in (*ROOMS[folder], folder)}
    found = {
        str(path.relative_to(ROOT)): problems
        for path in modules(folder)
        if (problems := faults(path.read_text(), allowed, pure=folder != "schemas"))
    }
    assert found == {}


@pytest.mark.parametrize("folder", PURE)
def test_importing_a_pure_room_loads_no_broker_and_no_store(folder: str) -> None:
    """Nor does anything that these import in turn, as a fresh interpreter shows."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules(folder)
    ]
    code = f"import sys, {', '.join(names)}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import time", "line 1: imports time"),
        ("\nimport faust.app", "line 2: imports faust.app"),
        ("from kafka import KafkaConsumer", "line 1: imports kafka"),
        ("from pathlib import Path", "line 1: imports pathlib"),
        ("from streams.engine import types", "line 1: imports streams.engine"),
        ("from . import facts", "line 1: imports ."),
        ("def f():\n    import socket", "line 2: imports socket"),
        ("from datetime import datetime\ndatetime.now()", "line 2: calls now()"),
        ("import datetime as d\nd.date.today()", "line 2: calls today()"),
        ("open('x')", "line 1: calls open()"),
    ],
)
def test_the_check_sees(source: str, problem: str) -> None:
    """Each kind of impurity is found, also inside a function."""
    assert faults(source, CALCULATION | {"streams.facts"}, pure=True) == [problem]


def test_the_check_lets_calculation_pass() -> None:
    """Arithmetic on given times, an attribute named ``now`` and an allowed room are fine."""
    source = (
        "from datetime import UTC, datetime\nfrom collections.abc import Sequence\n"
        "from streams.facts.facts import Place\n"
        "def f(moment): return datetime.fromtimestamp(moment.now, UTC)"
    )
    assert faults(source, CALCULATION | {"streams.facts"}, pure=True) == []
