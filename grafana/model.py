"""What a dashboard is made of: texts in two languages, queries, panels, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")

GRID = 24
"""Columns of Grafana's grid."""


class Text(NamedTuple):
    """The same words in both languages."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """The words of one language."""
        return self.zh if language == "zh" else self.en


Names = Mapping[str, Text]
"""What the values of a label are called."""

NO_WORKER = Text("no worker is scraped", "未采集到任何工作进程")
NO_DATA = Text("no data: is Prometheus scraping?", "无数据：Prometheus 在采集吗？")
NO_PARTITIONS = Text("no worker holds partitions", "没有工作进程持有分区")
NO_HEARTBEAT = Text("no heartbeat was accepted yet", "尚无被接受的心跳")
ALL_HELD = Text("all partitions are held", "全部分区仍在追平积压")

UNHEALTHY = (NO_WORKER, NO_DATA, NO_PARTITIONS, NO_HEARTBEAT, ALL_HELD)
"""What it means where a panel is empty that always has something to show on a healthy system."""


class Step(NamedTuple):
    """From `value` on, a colour; the first step of all has no value."""

    value: float | None
    colour: str


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and what its series are called: words, or `{{label}}` of them."""

    expr: str
    legend: Text | str = ""
    steps: Sequence[Step] = ()
    """Colours of its own, where the panel's do not fit it."""


class Code(NamedTuple):
    """What a number stands for."""

    number: int
    text: Text
    colour: str


@dataclass(frozen=True, slots=True)
class Stat:
    """Numbers of now, large."""

    fill: bool = False
    """Colour the whole panel, not only the number."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Numbers of now, as bars beside each other."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines over time."""

    stack: bool = False
    log: bool = False
    """A logarithmic scale, where quiet and busy times differ by orders of magnitude."""
    many: bool = False
    """So many lines that their names need the height of the panel: beside it, not below."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a label, or the values of the query at a place (0 is the first)."""

    source: str | int
    title: Text
    unit: str = "locale"
    steps: Sequence[Step] = ()
    names: Names = field(default_factory=dict)
    codes: Sequence[Code] = ()
    missing: str = ""
    """What stands in a row of which nothing is said: 0 for numbers, – for labels, or this."""
    link: Link | None = None
    lists: str | None = None
    """As a panel's."""
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of now: queries that share labels stand beside each other."""

    columns: Sequence[Column]
    sort: int = 0
    """The column that rows are sorted by."""
    descending: bool = True
    hidden: Sequence[str] = ()
    """Labels without a column that are not to be shown; Time never is."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a click leads: `board` is a board's key, `query` what its address has beside the time
    range; the variables go along unless it says otherwise."""

    title: Text
    board: str
    query: str = ""
    variables: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """One question and its answer. `id` is part of addresses: it never changes or comes again."""

    id: int
    kind: Stat | Bars | Graph | Table
    title: Text
    question: Text
    unit: str
    queries: Sequence[Query]
    width: int
    height: int = 8
    empty: Text = NO_WORKER
    """What it means when nothing is shown: that may rightly be so, if it is none of UNHEALTHY."""
    steps: Sequence[Step] = ()
    codes: Sequence[Code] = ()
    names: Names = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    """Colours of lines that mean something good or bad, by the same codes as names."""
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    opens: int | Link | None = None
    """Where its numbers lead: a panel further down, by its id, or elsewhere."""
    lists: str | None = None
    """What a worker's page of warnings, or the desk, is asked for: what is behind the numbers."""


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and panels that fill the grid line by line."""

    title: Text
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a board: all values of `label` that `series` have."""

    name: str
    title: Text
    series: str
    label: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard in both languages."""

    key: str
    title: Text
    about: Text
    variables: Sequence[Variable]
    rows: Sequence[Row]
    since: str = "now-24h"
    worker: str | None = None
    """Where warnings are listed by default, a worker's pages or a desk, for panels with a list."""

    def uid(self, language: Language) -> str:
        """Its address in Grafana."""
        return f"shipsentry-{self.key}-{language}"

    def path(self, language: Language) -> Path:
        """Its file below `grafana/dashboards`."""
        return Path(language) / f"{self.title.en.lower().replace(' ', '-')}.json"

    def panels(self) -> list[Panel]:
        """All panels, in order."""
        return [panel for row in self.rows for panel in row.panels]
