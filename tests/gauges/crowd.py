"""A worker with 10,000 shops, 100,000 open warnings and 2,000 carriers: prints its /metrics.

A process of its own, so that the registry holds nothing of other tests.
"""

from __future__ import annotations

from itertools import product
from random import Random

from prometheus_client import generate_latest

from schemas.reasons import REASONS
from streams.app import rules_of
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Record
from streams.engine.worker.engine import EngineStatus
from streams.facts.facts import STATUS_CODE, TrackingFact
from streams.facts.times import DAY, HOUR, SECOND
from streams.gauges.board import Board
from streams.gauges.exposition import Gauges
from streams.judge.feeds import Feeds
from streams.profiles.loader import load
from streams.state.codec import TABLES
from streams.state.standing import Standing
from streams.state.state import Finding, Published
from streams.tables.feeds import FeedLatency, FeedMetrics
from streams.tables.observations import Day, Stocked
from streams.telemetry import metrics
from streams.telemetry.counts import Counts

SHOPS, WARNINGS, CARRIERS = 10_000, 100_000, 2_000
NOW = 1_795_000_000 * SECOND
STAGES = ("violation", "serious", "notice")
STATES = ("open", "breached", "resolved", "withdrawn")


def crowd() -> str:
    """The text that Prometheus would read."""
    rng = Random(1)
    profiles, topics = load(), Topics()
    platforms = sorted({profile.platform for profile in profiles.all})
    rules = sorted(rules_of(profiles))
    metrics.begin_at_zero((topics.orders, topics.tracking), topics.consumed, rules, TABLES)
    board = Board(profiles, lambda: NOW, lambda: 0.0)
    standing: Standing = board.standing
    for number in range(WARNINGS):
        # Every shop has one; of the rest a few shops have most, with every rule and stage.
        shop = number if number < SHOPS else int(SHOPS * rng.random() ** 12)
        priced = rng.random() < 0.5
        money = (rng.choice(("CNY", "USD")), 1, 2, None) if priced else None
        finding = Finding(
            rule=rng.choice(rules),
            stage=rng.choice(STAGES),
            severity="critical",
            profile="p",
            platform=rng.choice(platforms),
            shop_id=f"shop-{shop}",
            order_ids=("o",),
            parcel="zto:1",
            anchor=0,
            state=rng.choice(("open", "breached")),
            opened_at=0,
            deadline=NOW + rng.randrange(12 * HOUR),
            breached_at=None,
            resolved_at=None,
            exposure="compensation" if priced else rng.choice(("compensation", "strike")),
            money=money,
        )
        standing.add([Published(f"w{number}", 1, finding)])
    for number, platform in product(range(SHOPS), platforms):
        day = (NOW + 8 * HOUR) // DAY
        counts = (rng.randrange(1, 900), 3, 1, 5, 2)
        board.days.set(Day(platform, f"shop-{number}", day, counts), NOW)
        board.shortages.change(Stocked(platform, f"shop-{number}", 0, 3))
    board.shops.word(standing.shops())
    board.shops.choose(0.0)
    every = (*topics.consumed, *topics.changelogs)
    status = EngineStatus(
        assigned=True,
        partitions=64,
        held=1,
        watermark_lag_s=1.0,
        lag=dict.fromkeys(every, 5),
        lag_s=dict.fromkeys(every, 5.0),
        in_flight_records=1,
        pending_records=1,
        producer_queue=1,
        commit_age_s=1.0,
        records_submitted=1,
        chunks_dropped=1,
        assignments=1,
        restore_records=1,
        restore_seconds=1.0,
        heartbeat_age_s=1.0,
        clock_ahead_s=1.0,
        clock_doubted=True,
        clock_doubts=1,
        outage_s=1.0,
        restore_remaining=1,
        standby_partitions=1,
        standby_remaining=1,
        uncounted=0,
        due=dict.fromkeys(("orders", "parcels", "tracks", "meters"), (1, 1.0)),
        stopped={"order-paid": 1, "tracking-update": 0},
        unread=dict.fromkeys(every, False),
        store_bytes=dict.fromkeys(("orders", "parcels", "tracks", "meters"), 1),
        refused=dict.fromkeys(("orders", "parcels", "tracks", "meters"), 1),
    )
    board.states = dict.fromkeys(status.due, 1)
    Gauges(board, lambda: status, profiles, lambda: NOW).measure(True)()
    crowd_of_carriers()
    for topic in every:
        metrics.CHUNK_RECORDS.observe([5], topic)
        metrics.PIPELINE_LATENCY.observe([0.5], topic)
        metrics.UNREAD_LOST.labels(topic, 0).inc()
        for reason in REASONS:
            metrics.DEAD_LETTERS.labels(topic=topic, reason=reason).inc()
    metrics.FOREIGN_RECORDS.labels(topics.ticks).inc()
    metrics.PLAIN_KEYS.labels(topics.orders, "recipient.address_key").inc()
    metrics.REQUESTS_UNANSWERED.labels(page="check", reason="busy").inc()
    metrics.STATES_UNREADABLE.labels("orders").inc()
    for kind in ("carrier", "platform"):
        metrics.UNKNOWN_NAMES.labels(kind=kind, called=metrics.OTHER).inc()
    metrics.REQUESTS_UNANSWERED.labels(page="warnings", reason="busy").inc()
    metrics.COMMIT_ROUND.observe([0.1])
    for rule, stage, state in product(rules, STAGES, STATES):
        metrics.WARNINGS.labels(rule=rule, stage=stage, state=state).inc()
        metrics.WARNING_LEAD.observe([60.0], rule)
        metrics.SHADOW_REVISIONS.labels(profile="p", rule=rule, stage=stage, state=state).inc()
    for platform, line in product(platforms, "abcde"):
        metrics.SHOP_LINES_CROSSED.labels(platform=platform, line=line).inc()
    for table in status.due:
        metrics.STATES_ENDED.labels(table=table).inc()
    return generate_latest().decode()


def crowd_of_carriers() -> None:
    """Feeds of many carriers, real ones and misspelt ones."""
    latency, feeds = FeedLatency(), Feeds(since=0)
    feeds.since, feeds.asked = NOW, NOW
    picked = STATUS_CODE["picked_up"]
    record = Record(0, NOW // 1_000, None, None)
    for number in range(CARRIERS):
        fact = TrackingFact(
            key=f"c{number}:1", at=NOW - HOUR, digest=1, status=picked, partition=0, offset=0
        )
        for _ in range(200):
            latency.note(fact.key, [fact], [record])
        counts = Counts()
        latency.count(counts)
        counts.happen()
        feeds.hear({f"c{number}": 5}, NOW)
    FeedMetrics().show(feeds, NOW)


if __name__ == "__main__":
    print(crowd())
