"""What every panel asks Prometheus, with the variables filled in: for tests, and to try by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from grafana.build import BOARDS
from grafana.model import UNHEALTHY, Board

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([a-z_]\w*))")

WINDOW = "5m"
"""What stands for Grafana's windows."""


class Asked(NamedTuple):
    """A panel's question and its queries; `may_be_empty` says why a healthy system may answer
    nothing, None: it always answers."""

    dashboard: str
    panel: int
    title: str
    question: str
    exprs: tuple[str, ...]
    may_be_empty: str | None


def asked() -> Iterator[Asked]:
    """Every panel of every board; both languages ask the same."""
    for board in BOARDS:
        for panel in board.panels():
            yield Asked(
                board.uid("en"),
                panel.id,
                panel.title.en,
                panel.question.en,
                tuple(filled(query.expr, board) for query in panel.queries),
                None if panel.empty in UNHEALTHY else panel.empty.en,
            )


def filled(expr: str, board: Board) -> str:
    """An expression with everything chosen. Raises KeyError for a variable that is not there."""
    values = {variable.name: ".*" for variable in board.variables} | {"__rate_interval": WINDOW}
    return substituted(expr, values)


def substituted(expr: str, values: Mapping[str, str]) -> str:
    """An expression with a value for each variable. Raises KeyError for one that has none."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)
