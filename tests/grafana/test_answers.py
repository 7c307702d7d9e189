"""What panels answer: their own queries on made-up series, evaluated by promtool."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
from support.catalogue import BOUNDS, KNOWN, VALUES
from support.dashboards import promtool

from grafana.asked import asked
from grafana.risk import TRUST

RISK, PIPELINE = "shipsentry-risk-en", "shipsentry-pipeline-en"

EXPRS = {(panel.dashboard, panel.panel): panel.exprs for panel in asked()}

Series = Mapping[str, str]
"""Series and its values, one a minute, as promtool writes them."""


def of(name: str, worker: str = "a", **labels: str) -> str:
    """The name of one worker's series."""
    all_labels = labels | {"job": "shipsentry", "instance": worker}
    inside = ",".join(f'{label}="{value}"' for label, value in all_labels.items())
    return f"{name}{{{inside}}}"


HEALTHY: Series = {
    series: f"{value}x3000"
    for worker in ("a", "b")
    for series, value in [
        (of("up", worker), "1"),
        (of("process_start_time_seconds", worker), "0"),
        (of("shipsentry_ready", worker), "1"),
        (of("shipsentry_partitions", worker, state="owned"), "4"),
        (of("shipsentry_partitions", worker, state="held"), "0"),
        (of("shipsentry_partitions", worker, state="counted"), "4"),
        (of("shipsentry_gate_lag_seconds", worker), "0.5"),
        (of("shipsentry_lag_seconds", worker, topic="order-paid"), "0"),
        (of("shipsentry_feed_silent", worker, carrier="zto"), "0"),
    ]
}
"""Two workers that started when time began, and nothing is wrong with them."""


def check(
    into: Path,
    panel: tuple[str, int],
    series: Series,
    *answers: Mapping[str, float],
    at: str = "48h",
    rounded: bool = False,
) -> None:
    """Each of a panel's queries finds its answer: value by labels, without the braces."""
    exprs = EXPRS[panel]
    assert len(exprs) == len(answers)
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"round({expr}, 0.01)" if rounded else expr,
                "eval_time": at,
                "exp_samples": [
                    {"labels": f"{{{labels}}}", "value": value} for labels, value in answer.items()
                ],
            }
            for expr, answer in zip(exprs, answers, strict=True)
        ],
    }
    document = {"rule_files": [], "evaluation_interval": "1m", "tests": [test]}
    assert promtool("test", "rules", document=document, into=into) == ""


NOTHING: Mapping[str, float] = {}

FAULTS: dict[str, Series] = {
    "a carrier's feed is silent": {of("shipsentry_feed_silent", "b", carrier="zto"): "1x3000"},
    "behind: numbers are old": {of("shipsentry_lag_seconds", "b", topic="order-paid"): "61x3000"},
    "counting: numbers are too low": {of("shipsentry_partitions", "b", state="counted"): "3x3000"},
    "deadlines are catching up": {of("shipsentry_partitions", "b", state="held"): "1x3000"},
    "a worker is not ready": {of("shipsentry_ready", "b"): "0x3000"},
    "a worker is down": {of("up", "b"): "0x3000"},
}
"""What may be wrong, the worst last; each is one series that differs."""


def test_data_are_trusted_where_nothing_is_wrong(tmp_path: Path) -> None:
    """The panel says OK."""
    check(tmp_path, (RISK, 6), HEALTHY, {"": 0})
    assert TRUST[0].text.en == "OK"


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_of_one_worker_is_said(tmp_path: Path, fault: str) -> None:
    """And by its name."""
    (code,) = [code.number for code in TRUST if code.text.en == fault]
    check(tmp_path, (RISK, 6), {**HEALTHY, **FAULTS[fault]}, {"": code})


def test_of_several_faults_the_worst_is_said(tmp_path: Path) -> None:
    """They come together: who is down is silent too."""
    series = dict(HEALTHY)
    for fault, code in zip(FAULTS, TRUST[1:], strict=True):
        series |= FAULTS[fault]
        check(tmp_path, (RISK, 6), series, {"": code.number})


def test_deadlines_that_lag_are_said(tmp_path: Path) -> None:
    """Up to a minute is usual, more is behind."""
    lag = of("shipsentry_gate_lag_seconds", "b")
    check(tmp_path, (RISK, 6), {**HEALTHY, lag: "60x3000"}, {"": 0})
    check(tmp_path, (RISK, 6), {**HEALTHY, lag: "60.5x3000"}, {"": 2})


def test_a_worker_that_is_gone_is_not_mistaken_for_one_that_is_well(tmp_path: Path) -> None:
    """Its own metrics are gone with it; `up` is what remains."""
    series = {name: value for name, value in HEALTHY.items() if 'instance="b"' not in name}
    check(tmp_path, (RISK, 6), {**series, of("up", "b"): "0x3000"}, {"": 6})


@pytest.mark.parametrize("panel", [(RISK, 1), (RISK, 2), (RISK, 5), (RISK, 6), (PIPELINE, 5)])
def test_nothing_is_said_where_nobody_looks(tmp_path: Path, panel: tuple[str, int]) -> None:
    """Without a worker no panel shows a zero, and none says OK."""
    check(tmp_path, panel, {"other": "1x3000"}, NOTHING)


@pytest.mark.parametrize("panel", [(RISK, 1), (RISK, 2), (RISK, 5), (PIPELINE, 5), (PIPELINE, 6)])
def test_zero_is_said_where_somebody_looks(tmp_path: Path, panel: tuple[str, int]) -> None:
    """Nothing due, at risk or failed is an answer."""
    check(tmp_path, panel, HEALTHY, {"": 0})


def test_what_is_due_is_added_up_over_workers_and_the_next_deadline_is_the_nearest(
    tmp_path: Path,
) -> None:
    """Each worker tells of its own partitions."""
    of_both = {
        of("shipsentry_warnings_due", "a", platform="douyin", shop="7", within_hours="1"): "3x3000",
        of("shipsentry_warnings_due", "b", platform="douyin", shop="7", within_hours="1"): "4x3000",
        of("shipsentry_warnings_due", "b", platform="douyin", shop="7", within_hours="4"): "9x3000",
        of("shipsentry_next_deadline_seconds", "a", platform="douyin", shop="7"): "50x3000",
        of("shipsentry_next_deadline_seconds", "b", platform="douyin", shop="8"): "40x3000",
    }
    series = {**HEALTHY, **of_both}
    check(tmp_path, (RISK, 1), series, {"": 7})
    check(tmp_path, (RISK, 2), series, {"": 9})
    check(tmp_path, (RISK, 3), series, {"": 40})


def test_money_is_in_major_units_by_currency(tmp_path: Path) -> None:
    """Fen become yuan, yen stay yen, both workers together."""

    def exposure(worker: str, currency: str, bound: str, state: str = "open") -> str:
        return of(
            "shipsentry_exposure_minor_units",
            worker,
            platform="douyin",
            shop="7",
            state=state,
            currency=currency,
            bound=bound,
        )

    series = {
        **HEALTHY,
        exposure("a", "CNY", "least"): "200x3000",
        exposure("b", "CNY", "least"): "150x3000",
        exposure("b", "CNY", "least", "breached"): "1000x3000",
        exposure("a", "CNY", "most"): "5000x3000",
        exposure("a", "JPY", "least"): "300x3000",
        of("shipsentry_currency_minor_units", "a", currency="CNY"): "100x3000",
        of("shipsentry_currency_minor_units", "b", currency="CNY"): "100x3000",
        of("shipsentry_currency_minor_units", "a", currency="JPY"): "1x3000",
    }
    cny, jpy = 'currency="CNY"', 'currency="JPY"'
    check(tmp_path, (RISK, 4), series, {cny: 13.5, jpy: 300}, {cny: 50})
    check(tmp_path, (RISK, 20), series, {cny: 3.5, jpy: 300}, {cny: 50})
    check(tmp_path, (RISK, 21), series, {cny: 10}, NOTHING)


def test_the_distance_to_a_line_is_the_shortest(tmp_path: Path) -> None:
    """Of `other` each worker tells its own nearest shop."""
    labels = {"platform": "douyin", "shop": "other", "line": "late_one_day"}
    name = "shipsentry_shop_line_distance_orders"
    series = {**HEALTHY, of(name, "a", **labels): "9x3000", of(name, "b", **labels): "2x3000"}
    answer = {'platform="douyin",shop="other",line="late_one_day"': 2.0}
    check(tmp_path, (RISK, 30), series, answer)


FAILURES = of("shipsentry_rule_failures_total", "a", rule="recalled")
"""The counter of a rule's failures."""


def alert(name: str, state: str = "firing") -> Series:
    """An alert as Prometheus keeps it."""
    return {f'ALERTS{{alertname="{name}",alertstate="{state}",severity="warning"}}': "1x3000"}


def everything() -> Series:
    """Two workers with every metric, each label with all values that matter, or with two."""
    series: dict[str, str] = {}
    for name, labels in KNOWN.items():
        ordered = sorted(labels)
        values = [
            BOUNDS[name] if label == "le" else sorted(VALUES.get((name, label), ("one", "other")))
            for label in ordered
        ]
        counts = name.endswith(("_total", "_count", "_sum", "_bucket"))
        for worker, *found in product("ab", *values):
            has = dict(zip(ordered, found, strict=True))
            growth = BOUNDS[name].index(has["le"]) if "le" in has else 20
            series[of(name, worker, **has)] = f"0+{growth}x200" if counts else "1x200"
    return {**series, **HEALTHY, **alert("ShipSentryRuleFailing")}


def test_every_query_finds_something_where_there_is_everything(tmp_path: Path) -> None:
    """And no vector is joined with one that has several partners for it."""
    test = {
        "interval": "1m",
        "input_series": [{"series": s, "values": values} for s, values in everything().items()],
        "promql_expr_test": [
            {
                "expr": f"count({expr}) > bool 0",
                "eval_time": "2h",
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
            for exprs in EXPRS.values()
            for expr in exprs
        ],
    }
    document = {"rule_files": [], "evaluation_interval": "1m", "tests": [test]}
    assert promtool("test", "rules", document=document, into=tmp_path) == ""


def test_the_first_failure_of_a_rule_is_seen(tmp_path: Path) -> None:
    """A counter begins with its first event, which `increase` alone would miss."""
    series = {**HEALTHY, FAILURES: "_x2870 1x100"}
    check(tmp_path, (PIPELINE, 6), series, {"": 1})
    check(tmp_path, (PIPELINE, 52), series, {'rule="recalled"': 1})


def test_what_happened_before_the_last_hour_is_not_counted(tmp_path: Path) -> None:
    """Nor twice what happened in it."""
    series = {**HEALTHY, FAILURES: "5x2850 7x100"}
    check(tmp_path, (PIPELINE, 6), {**HEALTHY, FAILURES: "5x3000"}, {"": 0})
    check(tmp_path, (PIPELINE, 6), series, {"": 2}, rounded=True)


def test_a_new_prometheus_does_not_take_old_failures_for_new_ones(tmp_path: Path) -> None:
    """The worker began long before Prometheus looked: what it counted may be months old."""
    began = {of("process_start_time_seconds", worker): "-900000x3000" for worker in ("a", "b")}
    series = {**HEALTHY, **began, FAILURES: "5x3000"}
    check(tmp_path, (PIPELINE, 6), series, {"": 0}, at="30m")


def test_failures_of_a_worker_that_has_just_started_are_seen(tmp_path: Path) -> None:
    """What it counted before it was first scraped is news."""
    series = {**HEALTHY, FAILURES: "5x3000"}
    check(tmp_path, (PIPELINE, 6), series, {"": 5}, at="30m")


def leads(**buckets: str) -> Series:
    """A rule's histogram of leads: values by upper bound, `inf` is all."""
    name = "shipsentry_warning_lead_seconds"
    bounds = {"zero": "0.0", "two_hours": "7200.0", "inf": "+Inf"}
    return {
        of(f"{name}_bucket", "a", rule="recalled", le=bounds[bound]): values
        for bound, values in buckets.items()
    } | {of(f"{name}_count", "a", rule="recalled"): buckets["inf"]}


def test_the_share_of_early_warnings_is_that_of_the_last_day(tmp_path: Path) -> None:
    """Of ten, two had two hours at most, and one of these came too late."""
    series = {
        **HEALTHY,
        **leads(zero="_x2000 1x1000", two_hours="_x2000 2x1000", inf="_x2000 10x1000"),
    }
    check(tmp_path, (RISK, 40), series, {"": 0.8})
    check(tmp_path, (RISK, 41), series, {"": 0.1})


def test_without_first_warnings_there_is_no_share(tmp_path: Path) -> None:
    """It would be 0 of 0, which Prometheus calls NaN."""
    old = {**HEALTHY, **leads(zero="1x3000", two_hours="2x3000", inf="10x3000")}
    check(tmp_path, (RISK, 40), old, NOTHING)
    check(tmp_path, (RISK, 41), old, NOTHING)
    check(tmp_path, (RISK, 40), HEALTHY, NOTHING)


def revisions(state: str, values: str) -> Series:
    """Revisions of one rule and state."""
    name = "shipsentry_warning_revisions_total"
    return {of(name, "a", rule="recalled", stage="violation", state=state): values}


def test_false_alarms_are_a_share_of_what_ended(tmp_path: Path) -> None:
    """One of four was withdrawn; what still stands does not count."""
    ended = {**HEALTHY, **revisions("resolved", "_x2000 3x1000"), **revisions("open", "9x3000")}
    check(tmp_path, (RISK, 42), {**ended, **revisions("withdrawn", "_x2000 1x1000")}, {"": 0.25})
    check(tmp_path, (RISK, 42), ended, {"": 0})
    check(tmp_path, (RISK, 42), {**HEALTHY, **revisions("open", "9x3000")}, NOTHING)


def test_what_is_published_stands_beside_shadow_profiles_only(tmp_path: Path) -> None:
    """Where no shadow profile runs, the comparison is empty."""
    published = {**HEALTHY, **revisions("open", "_x2870 4x100")}
    shadow = of(
        "shipsentry_shadow_revisions_total",
        "a",
        profile="mine",
        rule="recalled",
        stage="violation",
        state="open",
    )
    check(tmp_path, (RISK, 60), published, NOTHING)
    both = {'profile="mine"': 6.0, 'profile="published"': 4.0}
    check(tmp_path, (RISK, 60), {**published, shadow: "_x2870 6x100"}, both)


def test_workers_that_are_gone_or_not_ready_are_not_ready(tmp_path: Path) -> None:
    """Of three one is ready, one is not, and one does not answer."""
    series = {
        **HEALTHY,
        of("shipsentry_ready", "b"): "0x3000",
        of("up", "c"): "0x3000",
    }
    check(tmp_path, (PIPELINE, 1), series, {"": 1}, {"": 2})
    check(tmp_path, (PIPELINE, 1), {of("up", "a"): "0x3000"}, {"": 0}, {"": 1})


def test_a_topic_of_which_nothing_was_sent_home_shows_zero(tmp_path: Path) -> None:
    """Also before anything ever was."""

    def records(topic: str, outcome: str) -> str:
        return of("shipsentry_records_total", "a", topic=topic, outcome=outcome)

    series = {
        **HEALTHY,
        records("order-paid", "new"): "0+60x3000",
        records("tracking-update", "new"): "0+30x3000",
        records("tracking-update", "sent_home"): "0+10x3000",
    }
    shares = {'topic="order-paid"': 0.0, 'topic="tracking-update"': 0.25}
    check(tmp_path, (PIPELINE, 53), series, shares)


def test_alerts_that_fire_are_counted_without_the_one_that_always_does(tmp_path: Path) -> None:
    """Each with its severity; nor do pending ones, or those of others, count."""
    quiet = {
        **alert("ShipSentryWatchdog"),
        **alert("ShipSentryRuleFailing", "pending"),
        **alert("NodeDown"),
    }
    check(tmp_path, (PIPELINE, 8), quiet, {"": 0}, {"": 0}, {"": 0})
    one = {**quiet, **alert("ShipSentryFeedSilent")}
    check(tmp_path, (PIPELINE, 8), one, {"": 0}, {"": 1}, {"": 0})
