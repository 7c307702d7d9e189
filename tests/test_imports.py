"""What the pure rooms may import: no Kafka, no input or output, no clock of their own."""

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
#: Look-ups in tables that ship with the package: read once, the same for ever.
TABLES = {"streams.numbers", "streams.places"}
PURE = CALCULATION | TABLES | {"streams.core", "streams.rules", "streams.profiles.model"}
#: What reads the profile files is the one part of these packages that touches a disk.
LOADING = PURE | {
    "streams.profiles",
    "streams.places",
    "decimal",
    "difflib",
    "importlib",
    "pathlib",
    "pydantic",
    "streams.texts",
    "sys",
    "tomllib",
    "traceback",
    "zoneinfo",
}
#: pydantic_core is the compiled half of pydantic.
CONTRACT = {*sys.stdlib_module_names, "schemas", "pydantic", "pydantic_core"}

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
    """Every source below a folder of the repository; none at all would prove nothing."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths, f"{folder} holds no Python"
    return paths


def room(path: Path) -> set[str]:
    """What a module of the pure packages may import."""
    pure = path.name == "model.py" or path.parent.name != "profiles"
    return PURE if pure else LOADING


@pytest.mark.parametrize("folder", ["streams/core", "streams/rules", "streams/profiles"])
def test_the_core_computes_and_does_nothing_else(folder: str) -> None:
    """State, rules and profiles import no Kafka, no I/O and ask no clock: time is an argument."""
    found = {
        str(path.relative_to(ROOT)): problems
        for path in modules(folder)
        if (problems := faults(path.read_text(), room(path), pure=True))
    }
    assert found == {}


def test_the_contract_needs_pydantic_only() -> None:
    """A producer in another project can use ``schemas`` with pydantic alone."""
    found = {
        str(path.relative_to(ROOT)): problems
        for path in modules("schemas")
        if (problems := faults(path.read_text(), CONTRACT, pure=False))
    }
    assert found == {}


@pytest.mark.parametrize(
    "package", ["streams.core", "streams.rules", "streams.profiles", "schemas"]
)
def test_importing_a_pure_room_loads_no_broker_and_no_store(package: str) -> None:
    """Nor does anything that these import in turn, as a fresh interpreter shows."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules(package.replace(".", "/"))
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
    assert faults(source, PURE, pure=True) == [problem]


def test_the_check_lets_calculation_pass() -> None:
    """Arithmetic on given times, an attribute named ``now`` and the core itself are fine."""
    source = (
        "from datetime import UTC, datetime\nfrom collections.abc import Sequence\n"
        "from streams.core.facts import Place\n"
        "def f(moment): return datetime.fromtimestamp(moment.now, UTC)"
    )
    assert faults(source, PURE, pure=True) == []
