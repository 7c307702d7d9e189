"""Names in code are the field's words, as the glossary of ARCHITECTURE.md lists them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "streams").rglob("*.py"))

GONE = {
    "absorb": "apply",
    "Absorbed": "Outcome",
    "doubt": "resend_all",
    "Found": "Candidate",
    "Gate": "Watermark",
    "gate": "watermark",
    "gate_us": "watermark_us",
    "learn": "apply_order_facts",
    "listing": "query",
    "Look": "Evaluation",
    "MeterSide": "ShopDayProcessor",
    "MeterState": "ShopDay",
    "Named": "OrderLink",
    "notes": "observations",
    "OrderSide": "OrderProcessor",
    "ParcelSide": "ParcelProcessor",
    "recall": "recover_published",
    "remind": "take_over",
    "remind_said": "take_over_contributions",
    "reshare": "contribute",
    "said_again": "recover_sent",
    "send_home": "repartition",
    "Share": "Contribution",
    "ShareChange": "ContributionChange",
    "Side": "Processor",
    "sides": "processors",
    "strangers": "misrouted",
    "tell": "replies",
    "told": "last_sent",
    "TrackSide": "TrackProcessor",
    "Work": "Effects",
    "Write": "Put",
}
"""Names of former releases → what the same thing is called now."""

#: Where a word means something else, with what it means there.
MEANT = {
    ("streams/cli/topics_check.py", "notes"): "remarks about topics, shown to operators",
    ("streams/engine/kafka/topic_admin.py", "notes"): "the same",
    ("streams/demo/lane_stories.py", "told"): "the hour at which the demo's feed tells of a scan",
    ("streams/demo/stories.py", "told"): "the same",
}


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a source binds: classes, functions, parameters, fields, variables."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.alias(asname=str(name)):
                yield node.lineno, name


def found(source: str, where: str) -> list[str]:
    """Old words among the names that a source binds, one line each."""
    return [
        f"{where}:{line}: {name}, which is {GONE[name.removeprefix('_')]} now"
        for line, name in names(ast.parse(source))
        if name.removeprefix("_") in GONE and (where, name.removeprefix("_")) not in MEANT
    ]


def test_no_name_is_an_old_word() -> None:
    """Whoever knows Kafka Streams or Flink reads the code without our former dictionary."""
    problems = [
        problem
        for path in SOURCES
        for problem in found(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]
    assert problems == []


def test_no_module_is_an_old_word() -> None:
    """Files and folders too."""
    assert [str(path.relative_to(ROOT)) for path in SOURCES if path.stem in GONE] == []


@pytest.mark.parametrize(
    "source",
    [
        "class Side: ...",
        "def tell(): ...",
        "def f(told): ...",
        "async def recall(): ...",
        "gate = 1",
        "self.notes = []",
        "import a as gate",
        "for strangers in (): ...",
        "def _remind(): ...",
    ],
)
def test_the_check_sees(source: str) -> None:
    """Each way to bind a name is looked at."""
    assert len(found(source, "streams/a.py")) == 1


def test_other_words_pass() -> None:
    """A string, an attribute that is read, a longer name are none of its business."""
    assert found("watermark = a.gate\nx = 'told'\ntold_at = 1", "streams/a.py") == []
