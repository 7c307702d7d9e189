"""Every metric, with its help and labels. Ids are never labels."""

from __future__ import annotations

from prometheus_client import Counter

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
