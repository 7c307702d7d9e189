"""What Prometheus answers to every panel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from support.prometheus_server import PrometheusServer

from grafana.asked import asked


class Answer(NamedTuple):
    """One query of a panel and what came back: (labels, value) of each sample."""

    title: str
    expr: str
    values: list[tuple[dict[str, str], float]]


def answers(prometheus: PrometheusServer) -> Iterator[Answer]:
    """Every query of every panel; both languages ask the same."""
    for each in asked():
        for expr in each.exprs:
            found = [
                (sample["metric"], float(sample["value"][1])) for sample in prometheus.query(expr)
            ]
            yield Answer(each.title, expr, found)
