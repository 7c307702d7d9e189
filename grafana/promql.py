"""Pieces of PromQL that several panels need, each with its reason."""

from __future__ import annotations

OURS = 'alertstate="firing",alertname=~"ShipSentry.*",alertname!="ShipSentryWatchdog"'

ALERTS = f"ALERTS{{{OURS}}}"
"""What fires, without the one that always does."""


def firing(severity: str) -> str:
    """How many alerts of a severity fire; Prometheus knows that also where no worker is."""
    return f'count(ALERTS{{{OURS},severity="{severity}"}}) or vector(0)'


def or_zero(expr: str) -> str:
    """`expr`, or 0 where it finds nothing, or nothing where no worker is scraped at all.

    `or vector(0)` would say "0 due" while nobody looks.
    """
    return f"{expr} or 0 * sum(shipsentry_ready)"


def grown(counter: str, hours: int) -> str:
    """By how much each series of a counter grew, from nothing where it is younger than that.

    `increase` alone misses what a series begins with: the first failure of a rule, a worker's first
    dead letter. So a series that was not there before counts whole, but only of workers that were
    scraped before or have started since: to a Prometheus that is new itself, months of counting
    would look like news. The alerts count the same way.
    """
    known = (
        f'up{{job="shipsentry"}} offset {hours}h '
        f'or time() - process_start_time_seconds{{job="shipsentry"}} < {hours * 3600}'
    )
    return (
        f"(({counter} unless {counter} offset {hours}h) and on (instance) ({known}) "
        f"or increase({counter}[{hours}h]))"
    )


def share(part: str, whole: str) -> str:
    """`part` of `whole`: 0 where nothing is the part, nothing where there is no whole."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def quantile(q: float, histogram: str, by: str, matchers: str, window: str) -> str:
    """A quantile of a histogram's observations in `window`; `by` ends in a comma or is empty."""
    return (
        f"histogram_quantile({q}, sum by ({by}le) "
        f"(rate({histogram}_bucket{{{matchers}}}[{window}])))"
    )
