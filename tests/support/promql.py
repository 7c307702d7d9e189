"""Reads PromQL as far as tests need it: which series, which labels, by what they are grouped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\d[\w.]*|[A-Za-z_:][\w:]*|[=!<>]=|[=!]~|\S')
_NAME = re.compile(r"[A-Za-z_:][\w:]*")
_WORDS = {"and", "or", "unless", "offset", "bool"}
_GROUPED = {"by", "without"}
_JOINED = {"on", "ignoring", "group_left", "group_right"}


class Matcher(NamedTuple):
    """`label="value"`, or with another operator."""

    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    """A metric and its matchers; `place` is where it stands."""

    metric: str
    matchers: tuple[Matcher, ...]
    place: int


class Grouping(NamedTuple):
    """The labels of a `by (…)`, and all that is grouped by them."""

    labels: tuple[str, ...]
    selectors: tuple[Selector, ...]


@dataclass
class Reading:
    """What an expression is about."""

    selectors: list[Selector] = field(default_factory=list)
    groupings: list[Grouping] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    """Labels of `on`, `ignoring`, `group_left` and `group_right`."""
    replaced: list[str] = field(default_factory=list)
    """Labels that a `label_replace` reads."""
    made: list[str] = field(default_factory=list)
    """Labels that a `label_replace` writes."""


def read(expr: str) -> Reading:
    """Raises ValueError for a `by` behind what it groups: it stands before it here."""
    words = _TOKEN.findall(expr)
    reading = Reading()
    spans: list[tuple[tuple[str, ...], range]] = []
    at = 0
    while at < len(words):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in _GROUPED | _JOINED:
            end = _end(words, at + 1)
            labels = tuple(_names(words[at + 2 : end]))
            if word in _JOINED:
                reading.joined += labels
            else:
                if words[end + 1 : end + 2] != ["("]:
                    raise ValueError(f"a grouping behind its operand: {expr}")
                spans.append((labels, range(end + 1, _end(words, end + 1))))
            at = end
        elif word == "label_replace":
            made, _, replaced, _ = _strings(words, at + 1)
            reading.made.append(made)
            reading.replaced += [replaced] if replaced else []
        elif word == "{":
            at = _selector(reading, words, "", at)
        elif _NAME.fullmatch(word) and word not in _WORDS and following not in {"(", *_GROUPED}:
            if following == "{":
                at = _selector(reading, words, word, at + 1)
            else:
                reading.selectors.append(Selector(word, (), at))
        at += 1
    for labels, span in spans:
        inside = tuple(s for s in reading.selectors if s.place in span)
        reading.groupings.append(Grouping(labels, inside))
    return reading


def _selector(reading: Reading, words: list[str], metric: str, brace: int) -> int:
    """Read `{…}` that begins at `brace`; where it ends."""
    end = words.index("}", brace)
    parts = [word for word in words[brace + 1 : end] if word != ","]
    matchers = tuple(
        Matcher(parts[n], parts[n + 1], parts[n + 2][1:-1]) for n in range(0, len(parts), 3)
    )
    reading.selectors.append(Selector(metric, matchers, brace))
    return end


def _end(words: list[str], opening: int) -> int:
    """The parenthesis that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(words)):
        depth += {"(": 1, ")": -1}.get(words[at], 0)
        if not depth:
            return at
    raise ValueError("a parenthesis is not closed")


def _names(words: list[str]) -> Iterator[str]:
    return (word for word in words if _NAME.fullmatch(word))


def _strings(words: list[str], opening: int) -> list[str]:
    """The string arguments of the call whose parenthesis is at `opening`, not those inside."""
    found = []
    depth = 0
    for word in words[opening : _end(words, opening)]:
        depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(word, 0)
        if depth == 1 and word.startswith('"'):
            found.append(word[1:-1])
    return found
