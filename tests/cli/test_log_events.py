"""Every line of the log that is worth reading is an event, and docs/logs.md explains it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.telemetry.events import RESERVED

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "logs.md"

LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
PLACE = re.compile(r"%\((\w+)\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")


class Line(NamedTuple):
    """A call that writes a line: where, its level, its sentence, and its event with the fields."""

    place: str
    level: str
    sentence: str | None
    event: str | None
    fields: frozenset[str]


def lines_of(source: str, name: str) -> Iterator[Line]:
    """Every log call of a source, whatever the logger is called there."""
    tree = ast.parse(source)
    loggers = {"logging"} | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "getLogger"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in loggers
            and node.func.attr in (*LEVELS, "log", "warn", "fatal")
        ):
            yield line_of(node, node.func.attr, f"{name}:{node.lineno}")


def line_of(call: ast.Call, level: str, place: str) -> Line:
    """What one log call says; an event that is not written out as it should be is none."""
    first = call.args[0] if call.args else None
    text = first.value if isinstance(first, ast.Constant) else None
    sentence = text if isinstance(text, str) else None
    fields = {"exception"} if level == "exception" else set()
    fields |= {"exception" for keyword in call.keywords if keyword.arg == "exc_info"}
    event = None
    made = call.args[1] if len(call.args) == 2 else None
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "event":
        named = made.args[0] if len(made.args) == 1 else None
        names = [keyword.arg for keyword in made.keywords]
        if isinstance(named, ast.Constant) and None not in names:
            event = str(named.value)
            fields |= {name for name in names if name is not None}
    return Line(
        place, "error" if level == "exception" else level, sentence, event, frozenset(fields)
    )


@cache
def lines() -> tuple[Line, ...]:
    """Every log call below streams/."""
    return tuple(
        line
        for path in sorted((ROOT / "streams").rglob("*.py"))
        for line in lines_of(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    )


class Entry(NamedTuple):
    """What the page says of an event."""

    level: str
    sentences: frozenset[str]
    fields: frozenset[str]
    advice: str


FACTS = ("level", "sentence", "fields", "to do")
"""What an event's section lists, each once but for sentences."""


@cache
def entries() -> dict[str, Entry]:
    """The page's sections: one for each event, its name in the heading."""
    found: dict[str, Entry] = {}
    text = PAGE.read_text(encoding="utf-8")
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        heading, _, rest = section.partition("\n")
        name = heading.strip("`")
        assert heading == f"`{name}`"
        assert name not in found, f"{name} has two sections"
        items = re.findall(r"^- ([a-z ]+): (.+(?:\n  .+)*)", rest, flags=re.MULTILINE)
        said = {fact: [" ".join(t.split()) for f, t in items if f == fact] for fact in FACTS}
        assert sum(map(len, said.values())) == rest.count("\n- "), (
            f"{name}: an item is none of FACTS"
        )
        (level,), (fields,), (advice,) = said["level"], said["fields"], said["to do"]
        named = frozenset(re.findall(r"`(\w+)`", fields))
        found[name] = Entry(level, frozenset(said["sentence"]), named, advice)
    assert found
    return found


def test_every_line_above_debug_is_an_event() -> None:
    """With a sentence and an event that are written out where they are logged."""
    bare = [
        line.place
        for line in lines()
        if line.level != "debug" and (line.event is None or line.sentence is None)
    ]
    assert bare == []


def test_every_event_is_explained_and_every_explanation_has_its_event() -> None:
    """Names, levels, sentences and fields are the same in the code and on the page."""
    coded: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for line in lines():
        if line.event is not None:
            levels, sentences, fields = coded.setdefault(line.event, (set(), set(), set()))
            levels.add(line.level)
            sentences.add(PLACE.sub(r"{\1}", line.sentence or ""))
            fields.update(line.fields)
    explained = {
        name: ({entry.level}, set(entry.sentences), set(entry.fields))
        for name, entry in entries().items()
    }
    assert coded == explained


def test_an_event_has_the_same_fields_wherever_it_is_logged() -> None:
    """Whoever reads the field need not ask which line wrote it."""
    seen: dict[str, frozenset[str]] = {}
    for line in lines():
        if line.event is not None:
            assert seen.setdefault(line.event, line.fields) == line.fields, line.place


def test_every_explanation_says_what_to_do() -> None:
    """Even where that is nothing."""
    assert [name for name, entry in entries().items() if not entry.advice] == []


def test_sentences_are_made_of_their_fields() -> None:
    """Each place names a field of the event: a wrong one would show only when it is logged."""
    wrong = [
        (line.place, place)
        for line in lines()
        if line.event is not None and line.sentence is not None
        for place in re.findall(r"%(?:\((\w+)\))?.", line.sentence)
        if place not in line.fields
    ]
    assert wrong == []


def test_names_are_in_snake_case_and_none_is_reserved() -> None:
    """Events and fields can be used in any query language without quotes."""
    names = {name for line in lines() for name in (line.event, *line.fields) if name is not None}
    assert {name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)} == set()
    assert (names - {"exception"}) & RESERVED == set()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('log.info("x %(a)d", event("e", a=1))', ("info", "x %(a)d", "e", {"a"})),
        ('log.info("x %d", 1)', ("info", "x %d", None, set())),
        ('log.exception("x", event("e"))', ("error", "x", "e", {"exception"})),
        ('log.error("x", event("e"), exc_info=e)', ("error", "x", "e", {"exception"})),
        ('log.info("x", event(name))', ("info", "x", None, set())),
        ('log.info("x", event("e", **more))', ("info", "x", None, set())),
        ('log.info(text, event("e"))', ("info", None, "e", set())),
        ('logging.warning("x")', ("warning", "x", None, set())),
    ],
)
def test_the_check_sees(code: str, found: tuple[str, str | None, str | None, set[str]]) -> None:
    """What is an event and what is not, also where the logger has another name."""
    for logger in ("log", "logger"):
        source = f"{logger} = logging.getLogger(__name__)\n{code.replace('log.', f'{logger}.')}"
        (line,) = lines_of(source, "a.py")
        assert (line.level, line.sentence, line.event, set(line.fields)) == found
