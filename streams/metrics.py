"""Every metric, with its help and labels. Ids are never labels."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

RECORDS = Counter(
    "shipsentry_records_total",
    "Input records by topic and by what became of them.",
    ["topic", "outcome"],
)
LATE_FACTS = Counter(
    "shipsentry_late_facts_total",
    "Facts older than the newest of their key by more than the retention: they change nothing.",
    ["topic"],
)
DEAD_LETTERS = Counter(
    "shipsentry_dead_letters_total",
    "Records that could not be processed, by topic of origin and reason.",
    ["topic", "reason"],
)
WARNINGS = Counter(
    "shipsentry_warning_revisions_total",
    "Warning revisions published, by rule, stage and state.",
    ["rule", "stage", "state"],
)
SHADOW_REVISIONS = Counter(
    "shipsentry_shadow_revisions_total",
    "Warning revisions that a shadow profile would have published; nothing of it is.",
    ["profile", "rule", "stage", "state"],
)
SHOP_LINES_CROSSED = Counter(
    "shipsentry_shop_lines_crossed_total",
    "Times that a shop's day was first published over a line; after a crash perhaps once more.",
    ["platform", "line"],
)
PRODUCTS_NOT_METERED = Counter(
    "shipsentry_products_not_metered_total",
    "Orders not counted by product: their shop has too many products on one day.",
)
RULE_FAILURES = Counter(
    "shipsentry_rule_failures_total",
    "Rules that raised while judging; the others went on.",
    ["rule"],
)
STATES_ENDED = Counter(
    "shipsentry_states_ended_total",
    "States deleted because nothing was heard of them for their retention.",
    ["table"],
)
FEED_SILENT = Gauge(
    "shipsentry_feed_silent",
    "1 where a carrier's whole feed is silent; `other` counts the silent ones of the rest.",
    ["carrier"],
)
FEED_QUIET = Gauge(
    "shipsentry_feed_quiet_seconds",
    "Time since the last record of a carrier; of `other` the shortest. Absent while catching up.",
    ["carrier"],
)
