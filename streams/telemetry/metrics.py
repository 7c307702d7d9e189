"""Every metric, with its help and labels: what is counted where it happens, what is measured when
Prometheus asks. Ids are never labels, and every label has a bound.

`shop` is one of the SHOPS_SHOWN shops with the most at stake, or `other`; `carrier` likewise.
Platforms, rules, stages and profiles are those of the profiles that are loaded. Money is in minor
units, as everywhere; all else in Prometheus' base units.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from prometheus_client import Counter, Gauge, disable_created_metrics

from schemas.reasons import REASONS
from streams.telemetry.histogram import ManyHistogram

disable_created_metrics()  # a second series for each counter

SHOPS_SHOWN = 20
"""Shops with a label of their own; the rest are one, `other`."""

OTHER = "other"

MINUTE = 60.0
HOUR = 3600.0


class Measured(NamedTuple):
    """A gauge whose samples are worked out when it is asked for; see `streams.gauges`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


# -- what comes in

RECORDS = Counter(
    "shipsentry_records_total",
    "Input records by topic and by what became of them: new, repeated, late, dead_letter, "
    "sent_home (to the partition of their key, where they are counted again).",
    ["topic", "outcome"],
)
UNREAD_LOST = Counter(
    "shipsentry_unread_records_lost_total",
    "Records that were gone before they were read: expired, or deleted, by topic and partition.",
    ["topic", "partition"],
)
TOPICS_MADE_ANEW = Counter(
    "shipsentry_topics_made_anew_total",
    "Times that a topic was found deleted and made anew while it was read.",
    ["topic"],
)
TOPICS_UNREAD = Measured(
    "shipsentry_topic_unread",
    "1 where a topic cannot be read: it is gone, or has other partitions than it is to have.",
    ("topic",),
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
FOREIGN_RECORDS = Counter(
    "shipsentry_foreign_records_total",
    "Records of the ticks topic that no worker of this release wrote: they are passed over.",
    ["topic"],
)
PLAIN_KEYS = Counter(
    "shipsentry_plain_keys_total",
    "Recipients' keys that read as plain text, by input and field: they are not kept.",
    ["topic", "field"],
)
UNKNOWN_NAMES = Counter(
    "shipsentry_unknown_names_total",
    "Facts of a carrier or platform (`kind`) that no table of aliases holds, as it is `called`: "
    "20 of a kind have a label, and none that looks like an id; the rest are `other`.",
    ["kind", "called"],
)
FEED_LATENCY = ManyHistogram(
    "shipsentry_feed_latency_seconds",
    "Time from a carrier's scan to its record's Kafka timestamp: how late the feed tells.",
    ["carrier"],
    [
        *(MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
        *(HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 24 * HOUR),
    ],
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

# -- warnings

WARNINGS = Counter(
    "shipsentry_warning_revisions_total",
    "Warning revisions published, by rule, stage and state.",
    ["rule", "stage", "state"],
)
WARNING_LEAD = ManyHistogram(
    "shipsentry_warning_lead_seconds",
    "Time left until its deadline when a warning was first published; 0: too late to act. What was "
    "due more than a day before is left out: a past that was read in afterwards.",
    ["rule"],
    [
        *(0.0, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR),
        *(6 * HOUR, 8 * HOUR, 12 * HOUR),
    ],
)
SHADOW_REVISIONS = Counter(
    "shipsentry_shadow_revisions_total",
    "Warning revisions that a shadow profile would have published; nothing of it is.",
    ["profile", "rule", "stage", "state"],
)
RULE_FAILURES = Counter(
    "shipsentry_rule_failures_total",
    "Rules that raised while judging; the others went on.",
    ["rule"],
)
OPEN_WARNINGS = Measured(
    "shipsentry_open_warnings",
    "Warnings that stand now: `open` (act before the deadline, or a check holds) and `breached`.",
    ("platform", "shop", "rule", "stage", "state"),
)
WARNINGS_DUE = Measured(
    "shipsentry_warnings_due",
    "Open warnings whose deadline is at most so many hours away (each holds the shorter ones).",
    ("platform", "shop", "within_hours"),
)
NEXT_DEADLINE = Measured(
    "shipsentry_next_deadline_seconds",
    "Time to the nearest deadline of an open warning; absent where there is none.",
    ("platform", "shop"),
)
EXPOSURE = Measured(
    "shipsentry_exposure_minor_units",
    "What the warnings that stand may cost, in minor units, where the platform names a sum and the "
    "amount paid is known: at `least` and at `most`, caps over several warnings left aside.",
    ("platform", "shop", "state", "currency", "bound"),
)
CURRENCY = Measured(
    "shipsentry_currency_minor_units",
    "Minor units in one major unit of a currency: divide by it to show money.",
    ("currency",),
)
STRIKES = Measured(
    "shipsentry_strikes_at_risk",
    "Warnings that stand and for which the platform names no sum: each may bring a strike.",
    ("platform", "shop", "state"),
)
UNPRICED = Measured(
    "shipsentry_unpriced_warnings",
    "Warnings that stand and cost a sum which is not known: the amount paid is missing, or in "
    "another currency, or no profile knows the platform.",
    ("platform", "shop", "state"),
)

# -- the lines that platforms draw for a shop's day

SHOP_DAY_ORDERS = Measured(
    "shipsentry_shop_day_orders",
    "Orders of the platform's present day: due on it, late, unshipped, shipped on it, judged "
    "abnormal on it; where a line of the platform looks at them, also those uploaded on it, "
    "without a valid track, due for delivery on it, delivered late, paid on it, cancelled.",
    ("platform", "shop", "measure"),
)
SHOP_LINE_DISTANCE = Measured(
    "shipsentry_shop_line_distance_orders",
    "How many more orders cross a platform's line of the present day, or of the days up to it; 0: "
    "it is crossed. Of `other` the shop nearest to it.",
    ("platform", "shop", "line"),
)
SHOP_LINES_CROSSED = Counter(
    "shipsentry_shop_lines_crossed_total",
    "Times that a shop's day was first published over a line; after a crash perhaps once more.",
    ["platform", "line"],
)
PRODUCTS_SHORT = Measured(
    "shipsentry_products_short",
    "Products whose stock does not reach for the orders that nothing was sent of yet.",
    ("platform", "shop"),
)
PIECES_SHORT = Measured(
    "shipsentry_pieces_short",
    "Pieces that these products lack.",
    ("platform", "shop"),
)
STOCK_ORDERS_LEFT_OUT = Counter(
    "shipsentry_stock_orders_left_out_total",
    "Orders not counted in a product's stock: the product has too many that are open.",
)
PRODUCTS_NOT_METERED = Counter(
    "shipsentry_products_not_metered_total",
    "Orders not counted by product: their shop has too many products on one day.",
)

# -- the pipeline

CHUNK_RECORDS = ManyHistogram(
    "shipsentry_chunk_records",
    "Records that were processed together.",
    ["topic"],
    [1, 10, 100, 1_000, 2_500, 5_000, 10_000],
)
PIPELINE_LATENCY = ManyHistogram(
    "shipsentry_pipeline_latency_seconds",
    "Time from a record's Kafka timestamp until all that it caused is published and durable.",
    ["topic"],
    [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 5 * MINUTE, 30 * MINUTE],
)
COMMIT_ROUND = ManyHistogram(
    "shipsentry_commit_round_seconds",
    "Time that a group of chunks took to become durable: outputs, changelogs, stores.",
    [],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 8],
)
LAG_RECORDS = Measured(
    "shipsentry_lag_records",
    "Records of this worker's partitions that are not processed yet, as far as is known.",
    ("topic",),
)
LAG_SECONDS = Measured(
    "shipsentry_lag_seconds",
    "How old the last processed record is where records wait behind it; 0 where none does.",
    ("topic",),
)
IN_FLIGHT = Measured(
    "shipsentry_in_flight_records", "Records that were fetched and are not durable yet."
)
PENDING = Measured(
    "shipsentry_pending_records",
    "Outputs and states that were handed over and are not durable yet.",
)
PRODUCER_QUEUE = Measured(
    "shipsentry_producer_queue_records", "Records that wait for the brokers' acknowledgement."
)
COMMIT_AGE = Measured(
    "shipsentry_commit_age_seconds",
    "For how long durable work has waited for its input offsets to be committed; 0: none waits.",
)
CHUNKS_DROPPED = Measured(
    "shipsentry_dropped_chunks_total",
    "Chunks dropped because their partition was taken away; its next owner reads them again.",
)
HEARTBEAT_AGE = Measured(
    "shipsentry_heartbeat_age_seconds",
    "Time since the broker last accepted this worker's heartbeat; absent before the first.",
)
OUTAGE = Measured(
    "shipsentry_outage_seconds",
    "For how long the brokers have taken nothing of this worker, which holds all work until they "
    "do; 0: no outage.",
)
ASSIGNMENTS = Measured(
    "shipsentry_assignments_total", "Assignments read since the start: one, and one a rebalance."
)
PARTITIONS = Measured(
    "shipsentry_partitions",
    "Partition numbers: `owned` and restored, of these `held` (deadlines wait until what arrived "
    "before is read) and `counted` (its states are in the gauges of warnings and states).",
    ("state",),
)
GATE_LAG = Measured(
    "shipsentry_gate_lag_seconds",
    "How far deadlines lag behind the clock, the partition furthest behind; absent while all are "
    "held.",
)
CLOCK_AHEAD = Measured(
    "shipsentry_clock_ahead_seconds",
    "How far the machine's clock is ahead of the brokers', where they do not say it of the other "
    "workers', else of the time that has passed since it was believed.",
)
CLOCK_DOUBTED = Measured(
    "shipsentry_clock_doubted",
    "1 while the machine's clock differs by more than `clock_tolerance_s`, and no deadline fires.",
)
CLOCK_DOUBTS = Measured(
    "shipsentry_clock_doubts_total", "How often the machine's clock came to be doubted."
)
INPUTS_STOPPED = Measured(
    "shipsentry_input_partitions_stopped",
    "Partitions of an input that are not read, because more of their records became dead letters "
    "than `dead_letter_limit` allows; a few records are tried every minute.",
    ("topic",),
)
READY = Measured("shipsentry_ready", "1 where /readyz says so, else 0.")

# -- state

STATES = Measured(
    "shipsentry_states", "States kept, by table: parcels are tracking numbers.", ("table",)
)
STATE_BYTES = Measured(
    "shipsentry_state_bytes", "Local state on disk and in write buffers, by table.", ("table",)
)
STATE_REFUSED = Measured(
    "shipsentry_state_refused",
    "Partitions of a table whose changelog is not what offsets were committed on: while there are "
    "any, the worker reads nothing.",
    ("table",),
)
STATES_ENDED = Counter(
    "shipsentry_states_ended_total",
    "States deleted because nothing was heard of them for their retention.",
    ["table"],
)
STATES_UNREADABLE = Counter(
    "shipsentry_unreadable_states_total",
    "Times that a stored state was not readable: it stays as it is, records about it are refused.",
    ["table"],
)
DUE = Measured(
    "shipsentry_due_entries",
    "States whose time has come and that were not judged yet; each partition shows 1,000 at most.",
    ("table",),
)
DUE_AGE = Measured(
    "shipsentry_due_age_seconds",
    "How long the state has waited whose time came first; 0: none waits.",
    ("table",),
)
RESTORE_REMAINING = Measured(
    "shipsentry_restore_remaining_records",
    "Changelog records still to be read; 0: all is restored.",
)
RESTORED = Measured(
    "shipsentry_restored_records", "Changelog records read by the last restore, or so far by this."
)
RESTORE_SECONDS = Measured(
    "shipsentry_restore_seconds", "Time that the last restore took; 0 before and during it."
)
STANDBY_PARTITIONS = Measured(
    "shipsentry_standby_partitions",
    "Partitions of other workers of whose state this one keeps copies (`standby_replicas`).",
)
STANDBY_REMAINING = Measured(
    "shipsentry_standby_remaining_records", "Changelog records that these copies lack."
)
STORES_REBUILT = Counter(
    "shipsentry_stores_rebuilt_total",
    "Local stores (a table in a partition) rebuilt from their changelog, by `reason`: `damaged`, "
    "`ahead` of the changelog, `behind` its start, `old`, or a copy of an`other` changelog.",
    ["table", "reason"],
)

# -- pages

REQUESTS_UNANSWERED = Counter(
    "shipsentry_requests_unanswered_total",
    "Requests for a worker's pages that got no answer of the page, by page and reason: `closed`, "
    "`unauthorized`, `host`, `origin` (not let in), `busy`, `deadline` (503), `hung_up` (whoever "
    "asked did not wait).",
    ["page", "reason"],
)
UNANSWERED = ("closed", "unauthorized", "host", "origin", "busy", "deadline", "hung_up")
"""Every reason."""

# -- ingest

INGEST_REQUESTS = Counter(
    "shipsentry_ingest_requests_total",
    "Requests of sources by feed and outcome. On Kafka: `taken`, `dead_letter` (in part or whole). "
    "The source is to try again: `failed` (Kafka), `late`, `busy`, `limited`. Refused: `forged`, "
    "`unsigned`, `address`, `too_large`, `broken` (no HTTP body), `no_feed` (of `other`).",
    ["source", "feed", "outcome"],
)
INGEST_OUTCOMES = (
    *("taken", "dead_letter", "failed", "late", "busy", "limited"),
    *("forged", "unsigned", "address", "too_large", "broken"),
)
"""Every outcome of a request to a feed."""
INGEST_RECORDS = Counter(
    "shipsentry_ingest_records_total",
    "Records of requests that Kafka has acknowledged, by source and topic.",
    ["source", "topic"],
)
INGEST_PASSED = Counter(
    "shipsentry_ingest_passed_total",
    "Parts of requests that are no message and no fault, by source and reason.",
    ["source", "reason"],
)
INGEST_UNKNOWN_CODES = Counter(
    "shipsentry_ingest_unknown_codes_total",
    "Lines with a code that the source's table has not: their status is `unknown`.",
    ["source"],
)
INGEST_WANTED = Counter(
    "shipsentry_ingest_wanted_orders_total",
    "Orders of which a request says less than its source's API knows.",
    ["source"],
)
INGEST_ASKS = Counter(
    "shipsentry_ingest_asks_total",
    "Questions to platforms about orders by feed and outcome. `answered`. Asked again: "
    "`unanswered`, `failed`, `throttled`, `denied` (key, token, permission). Ended with a dead "
    "letter: `not_found`, `refused`, `unreadable` (in part or whole), `given_up` (besides the last "
    "`failed`).",
    ["source", "feed", "outcome"],
)
INGEST_ASK_OUTCOMES = (
    *("answered", "unanswered", "failed", "throttled", "denied"),
    *("not_found", "refused", "unreadable", "given_up"),
)
"""Every outcome of a question."""
INGEST_ASKS_WAITING = Gauge(
    "shipsentry_ingest_asks_waiting",
    "Orders that are still to be asked for, by feed; `other`: of feeds that nobody here asks for.",
    ["source", "feed"],
)
INGEST_ASKS_OLDEST = Gauge(
    "shipsentry_ingest_asks_oldest_seconds",
    "For how long the longest waiting of them has been waiting, by feed.",
    ["source", "feed"],
)
INGEST_ASK_SECONDS = ManyHistogram(
    "shipsentry_ingest_ask_seconds",
    "Time that platforms took to answer, by source.",
    ["source"],
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
)
INGEST_SECONDS = ManyHistogram(
    "shipsentry_ingest_seconds",
    "Time that requests took to be answered, by source.",
    ["source"],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)

# -- the desk

DESK_RECORDS = Measured(
    "shipsentry_desk_records_total",
    "Records that a desk has read, by topic and outcome: `written`, `unreadable` (no message: "
    "passed over), `lost` (gone before they were read).",
    ("topic", "outcome"),
)
DESK_LAG_RECORDS = Measured(
    "shipsentry_desk_lag_records",
    "Records of this desk's partitions that are not in the database yet, by topic.",
    ("topic",),
)
DESK_LAG_SECONDS = Measured(
    "shipsentry_desk_lag_seconds",
    "How old the last record is that a desk took, where records wait behind it; 0 where none does.",
    ("topic",),
)
DESK_WARNINGS = Measured(
    "shipsentry_desk_warnings",
    "Warnings in the database, by state: open and breached ones stand. All desks on one database "
    "say the same.",
    ("state",),
)
DESK_ACTIONS_WAITING = Measured(
    "shipsentry_desk_actions_waiting",
    "Actions that are written down and not published yet; all desks on one database say the same.",
)
DESK_ACTIONS_AGE = Measured(
    "shipsentry_desk_actions_waiting_seconds",
    "For how long the oldest of them has waited; 0: none waits.",
)
DESK_REQUESTS = Counter(
    "shipsentry_desk_requests_total",
    "Requests by the pattern of their path, `(none)` where no route has it, and status; 0: whoever "
    "asked had gone before an answer.",
    ["route", "status"],
)
DESK_SECONDS = ManyHistogram(
    "shipsentry_desk_request_seconds",
    "Time until an answer began, by the pattern of the path.",
    ["route"],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10],
)
DESK_STREAMS = Measured(
    "shipsentry_desk_event_streams", "Pages and programs that listen for changes just now."
)
DESK_SIGN_INS = Counter(
    "shipsentry_desk_sign_ins_total",
    "Sign-ins with a password by outcome: `accepted`, `refused` (wrong), `throttled` (too many "
    "failed before: no password was looked at).",
    ["outcome"],
)
DESK_SIGN_IN_OUTCOMES = ("accepted", "refused", "throttled")
"""Every outcome."""
DESK_DATABASE_ERRORS = Counter(
    "shipsentry_desk_database_errors_total",
    "Errors of the database by kind: `connection`, `full` (the disk), `busy` (locks), `pool` (all "
    "connections were in use for ten seconds), `other`.",
    ["kind"],
)
DESK_DATABASE_ERROR_KINDS = ("connection", "full", "busy", "pool", "other")
"""Every kind."""
DESK_POOL = Measured(
    "shipsentry_desk_database_connections",
    "Connections of this desk to its database: `in_use`, `idle`, and the `most` that there may be.",
    ("state",),
)
DESK_DATABASE_BYTES = Measured(
    "shipsentry_desk_database_bytes",
    "Size of the database; of SQLite the file and its journal.",
)
DESK_DISK_FREE = Measured(
    "shipsentry_desk_disk_free_ratio",
    "Share of SQLite's file system that is free; absent with PostgreSQL.",
)
DESK_PRUNED = Counter(
    "shipsentry_desk_pruned_rows_total",
    "Rows that were deleted because their time to be kept was over, by table.",
    ["table"],
)
DESK_NOTIFICATIONS = Counter(
    "shipsentry_desk_notifications_total",
    "Attempts to send a notification, by channel and by what came of them: sent, throttled, failed "
    "(it is tried again), parked (it is not).",
    ["channel", "outcome"],
)
DESK_NOTIFICATION_OUTCOMES = ("sent", "throttled", "failed", "parked")
"""What comes of an attempt."""

DESK_NOTIFICATIONS_WAITING = Measured(
    "shipsentry_desk_notifications_waiting",
    "What is to be told on a channel and is not sent: notices that wait (for others, a digest, the "
    "end of quiet hours or the channel), messages that are queued; all desks say the same.",
    ("channel", "kind"),
)
DESK_NOTIFICATIONS_PARKED = Measured(
    "shipsentry_desk_notifications_parked",
    "Messages that were given up, by channel: somebody has to send them again.",
    ("channel",),
)
DESK_NOTIFICATIONS_AGE = Measured(
    "shipsentry_desk_notifications_late_seconds",
    "For how long the oldest that could be sent on a channel has not been; 0: none waits.",
    ("channel",),
)
DESK_READY = Measured("shipsentry_desk_ready", "1 where a desk's /readyz says so, else 0.")

# -- several processes under one supervisor

PROCESS_UP = Measured(
    "shipsentry_process_up",
    "1 where a process of `worker --processes` gave its metrics when it was asked, else 0.",
    ("process",),
)
PROCESS_RESTARTS = Measured(
    "shipsentry_process_restarts_total",
    "How often a process of `worker --processes` was started again because it had ended by itself.",
    ("process",),
)

# -- what runs

BUILD = Measured(
    "shipsentry_build_info",
    "Versions in use; always 1.",
    ("version", "python", "faust", "librdkafka"),
)
PROFILE = Measured(
    "shipsentry_profile_info",
    "Rule profiles that are loaded; 1 where it is the one in force now, else 0.",
    ("profile", "platform"),
)
PROFILE_READ = Measured(
    "shipsentry_profile_read_timestamp_seconds",
    "When the platform's text behind a profile was last read.",
    ("profile", "platform"),
)

MEASURED: tuple[Measured, ...] = tuple(
    value
    for name, value in list(globals().items())
    if isinstance(value, Measured) and not name.startswith(("DESK_", "PROCESS_"))
)
"""Every metric of a worker that is worked out when it is asked for, in the order of this file."""


def begin_at_zero(
    inputs: Iterable[str], topics: Iterable[str], rules: Iterable[str], tables: Iterable[str]
) -> None:
    """Show counters before they count anything: `increase` does not see a first 1 from nowhere.

    `topics` are all that are consumed, `inputs` those that others write.
    """
    FEED_LATENCY.observe((), OTHER)
    COMMIT_ROUND.observe(())
    for topic in topics:
        CHUNK_RECORDS.observe((), topic)
        PIPELINE_LATENCY.observe((), topic)
        TOPICS_MADE_ANEW.labels(topic)
    for topic in inputs:
        for outcome in ("new", "repeated", "late", "dead_letter", "sent_home"):
            RECORDS.labels(topic=topic, outcome=outcome)
        LATE_FACTS.labels(topic=topic)
        for reason in REASONS:
            DEAD_LETTERS.labels(topic=topic, reason=reason)
    for table in tables:
        for reason in ("damaged", "ahead", "behind", "old", "other"):
            STORES_REBUILT.labels(table=table, reason=reason)
    for rule in rules:
        RULE_FAILURES.labels(rule=rule)
        WARNING_LEAD.observe((), rule)
        for state in ("open", "breached", "resolved", "withdrawn"):
            WARNINGS.labels(rule=rule, stage="violation", state=state)
