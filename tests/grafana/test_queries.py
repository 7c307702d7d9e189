"""What panels ask exists: every metric, every label, every value; and promtool understands it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from support.catalogue import BOUNDS, KNOWN, OF_ALL, OURS, VALUES
from support.dashboards import promtool
from support.promql import Matcher, Selector, read

from grafana.asked import asked, filled
from grafana.build import BOARDS
from grafana.model import Board, Query, Variable
from grafana.words import RULES, SEVERITIES, SHOPS, STATES
from streams.rules.registry import RULES as KNOWN_RULES
from streams.telemetry import metrics

ASKED = [
    pytest.param(expr, id=f"{panel.dashboard}-{panel.panel}-{n}")
    for panel in asked()
    for n, expr in enumerate(panel.exprs)
]
ASKABLE = VALUES | {("ALERTS", "severity"): set(SEVERITIES)}
EVERY = pytest.mark.parametrize("expr", ASKED)


def queries() -> Iterator[tuple[set[str], Query]]:
    """Each query as it is written, and the variables of its board."""
    for board in BOARDS:
        names = {variable.name for variable in board.variables}
        for panel in board.panels():
            for query in panel.queries:
                yield names, query


@EVERY
def test_every_metric_is_declared(expr: str) -> None:
    """In streams.telemetry.metrics, or it is Prometheus' own."""
    read_metrics = {selector.metric for selector in read(expr).selectors}
    assert read_metrics
    assert read_metrics <= KNOWN.keys()


@EVERY
def test_every_label_is_one_of_its_metrics(expr: str) -> None:
    """In matchers, in `by (…)`, where vectors are joined, where labels are made of others."""
    reading = read(expr)
    everywhere = OF_ALL.union(reading.made, *(KNOWN[s.metric] for s in reading.selectors))
    for selector in reading.selectors:
        labels = {matcher.label for matcher in selector.matchers}
        assert labels <= KNOWN[selector.metric] | OF_ALL, selector
    for grouping in reading.groupings:
        assert grouping.selectors, grouping
        for selector in grouping.selectors:
            has = KNOWN[selector.metric] | OF_ALL | set(reading.made)
            # These two only say of which workers the others are looked at.
            only_joined = selector.metric in ("up", "process_start_time_seconds")
            assert only_joined or set(grouping.labels) <= has, grouping
    assert set(reading.joined) | set(reading.replaced) <= everywhere


@EVERY
def test_every_value_that_is_asked_for_can_be(expr: str) -> None:
    """`state="holding"` would be empty for ever, and look like good news."""
    for selector in read(expr).selectors:
        for matcher in selector.matchers:
            for value in asked_values(selector, matcher):
                if matcher.label == "le":
                    assert value in BOUNDS[selector.metric]
                elif matcher.label == "job":
                    assert value == "shipsentry"
                else:
                    assert value in ASKABLE[selector.metric, matcher.label], expr


def asked_values(selector: Selector, matcher: Matcher) -> list[str]:
    """The values that a matcher names; none where all are chosen."""
    if matcher.value == ".*":
        assert matcher.operator == "=~"
        return []
    return matcher.value.split("|") if matcher.operator == "=~" else [matcher.value]


VARIABLES = [
    pytest.param(board, variable, id=f"{board.key}-{variable.name}")
    for board in BOARDS
    for variable in board.variables
]


@pytest.mark.parametrize(("board", "variable"), VARIABLES)
def test_what_a_variable_offers_exists(board: Board, variable: Variable) -> None:
    """The series that its values are taken from, and their label."""
    (selector,) = read(filled(variable.series, board)).selectors
    names = {
        name
        for matcher in selector.matchers
        if matcher.label == "__name__"
        for name in KNOWN
        if re.fullmatch(matcher.value, name)
    } or {selector.metric}
    labels = {m.label for m in selector.matchers if m.label != "__name__"} | {variable.label}
    for name in names:
        assert labels <= KNOWN[name] | OF_ALL


def test_variables_stand_in_matchers_of_their_own_label() -> None:
    """`shop=~"$platform"` would find nothing."""
    for names, query in queries():
        for selector in read(query.expr).selectors:
            for matcher in selector.matchers:
                if "$" in matcher.value:
                    assert (matcher.operator, matcher.value) == ("=~", f"${matcher.label}")
                    assert matcher.label in names


def test_every_metric_is_shown_by_some_panel() -> None:
    """A metric that nobody sees is not worth its series."""
    seen = {s.metric for panel in asked() for expr in panel.exprs for s in read(expr).selectors}
    families = {
        name.removesuffix(end)
        for name in OURS
        for end in ("_bucket", "_sum", "_count")
        if f"{name.removesuffix(end)}_bucket" in OURS and name.endswith(end)
    }
    unseen = {
        name
        for name in OURS
        if name not in seen and not any(name.startswith(f"{family}_") for family in families)
    }
    unseen |= {family for family in families if f"{family}_bucket" not in seen}
    assert unseen == set()


def test_promtool_understands_every_expression(tmp_path: Path) -> None:
    """Prometheus 2.42's parser: no function that came later."""
    number = count()
    rules = [
        {"record": f"panel:query:n{next(number)}", "expr": expr}
        for panel in asked()
        for expr in panel.exprs
    ]
    document = {"groups": [{"name": "panels", "rules": rules}]}
    assert promtool("check", "rules", document=document, into=tmp_path) == ""
    rules.append({"record": "panel:query:wrong", "expr": "sum by (rule (up)"})
    assert "wrong" in promtool("check", "rules", document=document, into=tmp_path)


def test_every_rule_and_state_has_a_chinese_name() -> None:
    """The manual's codes are for those who read the manual."""
    assert RULES.keys() == set(KNOWN_RULES)
    assert STATES.keys() == {"open", "breached", "resolved", "withdrawn"}
    assert SHOPS.keys() == {metrics.OTHER}


def test_every_panel_is_handed_to_whoever_tries_it_on_a_real_prometheus() -> None:
    """With its question, and a reason where it may rightly be empty."""
    panels = list(asked())
    assert len(panels) == sum(len(board.panels()) for board in BOARDS)
    assert [p for p in panels if not (p.exprs and p.title and p.question)] == []
    assert {p.may_be_empty for p in panels} >= {None, "no alert fires"}
