"""Tables of the project's pages that say what the code says, between two marks of their own.

`<!-- NAME:begin -->` and `<!-- NAME:end -->` stand around a table; which one it is, the page says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from streams.rules.registry import SPECS
from streams.texts.catalogue import About, catalogue

_CELL = 120
"""Characters in a cell: a wider one cannot be read in a terminal or in a diff."""

_MARKS = re.compile(r"(<!-- (\w+):begin -->\n\n)(.*?)(\n\n<!-- \2:end -->)", re.DOTALL)


def tables() -> dict[str, dict[str, Callable[[], str]]]:
    """Page, as it is called from the folder of the pages → mark → its table."""
    return {
        "../README.md": {"rules": lambda: _when("en", "rule", "warns when")},
        "../README.zh-CN.md": {"rules": lambda: _when("zh", "规则", "何时预警")},
        "rules.md": {"rules": _kinds},
        "evidence.md": {"rules": _records},
    }


def marked(text: str, made: Mapping[str, Callable[[], str]]) -> str:
    """A page with each of its marked tables made anew; raises ValueError where a mark is missing.

    Marks that are not in `made` are somebody else's, and stay as they are.
    """
    found = {match[2] for match in _MARKS.finditer(text)}
    missing = sorted(made.keys() - found)
    if missing:
        marks = ", ".join(f"<!-- {name}:begin --> and <!-- {name}:end -->" for name in missing)
        raise ValueError(f"no {marks}, each with an empty line to the table")
    return _MARKS.sub(
        lambda match: f"{match[1]}{made[match[2]]()}{match[4]}" if match[2] in made else match[0],
        text,
    )


def rewritten(folder: Path) -> list[Path]:
    """Write the tables into the pages that are there; returns these. Raises ValueError."""
    done = []
    for name, made in tables().items():
        path = folder / name
        if not path.is_file():
            continue
        try:
            text = marked(path.read_text(encoding="utf-8"), made)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        path.write_text(text, encoding="utf-8")
        done.append(path)
    return done


def _when(language: str, *titles: str) -> str:
    """When each rule warns."""
    rows = [(f"`{rule}`", _of(rule).when[language]) for rule in SPECS]
    return table(titles, rows)


def _kinds() -> str:
    """What each rule is called, with the chapter that explains it."""
    titles = ("rule", "kind", "what it finds")
    rows = [
        (f"[`{rule}`](#{rule})", spec.kind, (_of(rule).title or {})["en"].fill({}))
        for rule, spec in SPECS.items()
    ]
    return table(titles, rows)


def _records() -> str:
    """Which records prove what; rules that are proved by the same have one row."""
    by: dict[str, list[str]] = {}
    for rule in SPECS:
        by.setdefault(_of(rule).evidence, []).append(f"`{rule}`")
    rows = [(", ".join(rules), records) for records, rules in by.items()]
    return table(("rule", "records"), rows)


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; raises ValueError where a cell is too wide to be read."""
    head = list(titles)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    for line in lines:
        for cell in line:
            if len(cell) > _CELL or "|" in cell:
                raise ValueError(f"a cell of {_CELL} characters at most, without |: {cell!r}")
    return "\n".join(
        f"| {' | '.join(line)} |" if line != lines[1] else f"|{'|'.join(line)}|" for line in lines
    )


def _of(rule: str) -> About:
    return catalogue().rules[rule]
