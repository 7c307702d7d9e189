"""Every metric that there is: its labels, and the values of those that are asked for by name."""

from __future__ import annotations

import prometheus_client
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.utils import floatToGoString

from grafana.words import STATES
from streams.desk.intake.consumer import OUTCOMES
from streams.state.shop_lines import MEASURES
from streams.telemetry import metrics
from streams.telemetry.histogram import ManyHistogram
from streams.telemetry.metrics import Measured

_OF_PROMETHEUS = {
    "up": frozenset[str](),
    "ALERTS": frozenset({"alertname", "alertstate", "severity"}),
}
OF_ALL = frozenset({"job", "instance", "process"})
"""Labels that scraping gives, and the supervisor of several processes."""

_STANDING = {"open", "breached"}
VALUES = {
    ("shipsentry_open_warnings", "state"): _STANDING,
    ("shipsentry_exposure_minor_units", "state"): _STANDING,
    ("shipsentry_exposure_minor_units", "bound"): {"least", "most"},
    ("shipsentry_strikes_at_risk", "state"): _STANDING,
    ("shipsentry_unpriced_warnings", "state"): _STANDING,
    ("shipsentry_warnings_due", "within_hours"): {"1", "2", "4", "8", "12"},
    ("shipsentry_shop_day_orders", "measure"): set(MEASURES),
    ("shipsentry_partitions", "state"): {"owned", "held", "counted"},
    ("shipsentry_records_total", "outcome"): {
        "new",
        "repeated",
        "late",
        "dead_letter",
        "sent_home",
    },
    ("shipsentry_ingest_requests_total", "outcome"): {*metrics.INGEST_OUTCOMES, "no_feed"},
    ("shipsentry_ingest_asks_total", "outcome"): set(metrics.INGEST_ASK_OUTCOMES),
    ("shipsentry_desk_records_total", "outcome"): set(OUTCOMES),
    ("shipsentry_desk_sign_ins_total", "outcome"): set(metrics.DESK_SIGN_IN_OUTCOMES),
    ("shipsentry_desk_database_errors_total", "kind"): set(metrics.DESK_DATABASE_ERROR_KINDS),
    ("shipsentry_desk_database_connections", "state"): {"in_use", "idle", "most"},
    ("shipsentry_warning_revisions_total", "state"): set(STATES),
    ("shipsentry_shadow_revisions_total", "state"): set(STATES),
    ("ALERTS", "alertstate"): {"pending", "firing"},
    ("ALERTS", "alertname"): {"ShipSentry.*", "ShipSentryWatchdog"},
}
"""What labels can be whose values are asked for by name."""


def _declared() -> dict[str, frozenset[str]]:
    """Every series of streams.telemetry.metrics and its labels."""
    found: dict[str, frozenset[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, Measured):
            found[metric.name] = frozenset(metric.labels)
        elif isinstance(metric, ManyHistogram):
            labels = frozenset(metric.labels)
            found |= {f"{metric.name}_{end}": labels for end in ("sum", "count")}
            found[f"{metric.name}_bucket"] = labels | {"le"}
        elif isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = frozenset(metric._labelnames)
    return found


def _of_the_client() -> dict[str, frozenset[str]]:
    """What prometheus_client says of every process, and its labels."""
    return {
        sample.name: frozenset(sample.labels)
        for family in prometheus_client.REGISTRY.collect()
        if family.name.startswith(("process_", "python_gc_"))
        for sample in family.samples
    }


def _bounds() -> dict[str, list[str]]:
    """By histogram."""
    return {
        f"{metric.name}_bucket": [*map(floatToGoString, metric.bounds), "+Inf"]
        for metric in vars(metrics).values()
        if isinstance(metric, ManyHistogram)
    }


OURS = _declared()
"""Every series of streams.telemetry.metrics, and its labels."""

KNOWN = OURS | _of_the_client() | _OF_PROMETHEUS
"""The same with what Prometheus and its client add."""

BOUNDS = _bounds()
"""The values of `le`, rising."""
