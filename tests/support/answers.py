"""What Prometheus answers to every panel, and the table that README.md shows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from support.prometheus_server import PrometheusServer

from grafana.asked import asked

NAMES = {"shipsentry-risk-en": "Shipment risk", "shipsentry-pipeline-en": "Pipeline health"}


class Answer(NamedTuple):
    """One query of a panel and what came back: (labels, value) of each sample."""

    dashboard: str
    panel: int
    title: str
    question: str
    expr: str
    values: list[tuple[dict[str, str], float]]


def answers(prometheus: PrometheusServer) -> Iterator[Answer]:
    """Every query of every panel; both languages ask the same."""
    for each in asked():
        for expr in each.exprs:
            found = [
                (sample["metric"], float(sample["value"][1])) for sample in prometheus.query(expr)
            ]
            yield Answer(each.dashboard, each.panel, each.title, each.question, expr, found)


def page(found: Sequence[Answer], not_implied: Mapping[str, str]) -> str:
    """One line for each panel: its question, and how many series answered it when."""
    lines: list[str] = []
    dashboard = ""
    panels: dict[tuple[str, int], list[Answer]] = {}
    for each in found:
        panels.setdefault((each.dashboard, each.panel), []).append(each)
    for (name, _), queries in panels.items():
        if name != dashboard:
            dashboard = name
            lines += [
                "",
                f"**{NAMES[name]}**",
                "",
                "| panel | question | answered |",
                "|---|---|---|",
            ]
        first = queries[0]
        values = [value for query in queries for _, value in query.values]
        if values:
            shown = f"{len(values)} series" if len(values) > 1 else _number(values[0])
        else:
            shown = f"empty: {not_implied[first.title]}"
        question = first.question.replace("\n", " ").replace("|", "\\|")
        lines.append(f"| {first.title} | {question} | {shown} |")
    return "\n".join(lines).strip() + "\n"


def _number(value: float) -> str:
    """As a reader takes it in: whole where it is large."""
    return f"{value:,.0f}" if abs(value) >= 100 or value.is_integer() else f"{value:.3g}"
