"""What the engine must be told; the composition root fills it from the operator's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.engine.kafka.topics import Topics

TABLES = ("orders", "parcels", "tracks", "meters")
"""The tables of every worker."""


def tables_of(topics: Topics) -> tuple[str, ...]:
    """The tables of a worker that reads these topics."""
    return (*TABLES, "stock") if topics.stocked else TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Settings of one worker. Times are seconds unless the name says otherwise.

    Two of them belong together: `delivery_timeout` must stay below `session_timeout`, so that what
    a worker sent before it lost its partitions is either delivered or given up by then.
    """

    app_id: str
    """Consumer group, and prefix of internal topics."""
    bootstrap: str
    """`host:port`, several separated by commas."""
    data_dir: Path
    """Local state; one directory per worker."""
    partitions: int
    """Partition count of every consumed topic and changelog."""
    tables: tuple[str, ...] = TABLES

    security: Mapping[str, str] = field(default_factory=dict, repr=False)
    """librdkafka's names: `security.protocol`, `sasl.mechanism`, `sasl.username`, `sasl.password`,
    `ssl.ca.location`, `ssl.certificate.location`, `ssl.key.location`, `ssl.key.password`."""
    group_instance_id: str | None = None
    """A fixed name for this worker (static membership): a restart within the session keeps its
    partitions and waits for nobody."""
    web_address: str = ""
    """Where other workers reach this worker's web pages, `http://host:port`; empty: nowhere."""

    session_timeout: float = 45.0
    heartbeat_interval: float = 3.0
    rebalance_timeout: float = 60.0
    request_timeout: float = 40.0
    delivery_timeout: float = 30.0
    isolation_level: str = "read_committed"

    chunk_max_records: int = 10_000
    chunk_max_bytes: int = 8 * 1024 * 1024
    chunks_per_partition: int = 4
    """Chunks of one topic partition that may be unacknowledged at a time."""
    max_in_flight_records: int = 100_000
    """Unacknowledged records of all partitions together; fetching pauses above."""
    fetch_max_partition_bytes: int = 4 * 1024 * 1024
    fetch_max_wait_ms: int = 200
    commit_interval: float = 1.0
    drain_timeout: float = 5.0
    """How long revoked partitions, or a stopping worker, may finish what they have begun."""

    inputs: frozenset[str] = frozenset()
    """Topics that others write."""
    dead_letter_limit: int = 0
    """Dead letters of one partition of an input in a minute above which it is read no more, where
    they are also more than `dead_letter_limit_share` of its records; 0: it is always read."""
    dead_letter_limit_share: float = 0.5

    linger_ms: float = 5.0
    message_max_bytes: int = 4 * 1024 * 1024
    plain_topics: frozenset[str] = frozenset()
    """Topics that others read: their records are not compressed."""
    producer_buffer_kbytes: int = 256 * 1024
    store_cache_bytes: int = 64 * 1024 * 1024

    standby_replicas: int = 0
    """Other workers that keep a copy of each partition's state."""

    topic_watch_interval: float = 3.0
    """How often the cluster is asked whether the topics are still those that are read."""

    tick_interval: float = 0.5
    watermark_patience: float = 60.0
    """A partition of which nothing was heard for so long no longer holds others' deadlines."""
    watermark_rounds: int = 6
    """One for the inputs, then one per hop between partitions: re-key, parcel to order and back,
    parcel to track and back."""

    clock_tolerance: float = 300.0
    """How far the machine's clock may differ from that of the brokers, or step."""

    local_state_max_age: float = 12 * 3600.0
    """Local state that nobody has kept up to date for longer is rebuilt from the changelog: the
    tombstones that it missed may be compacted away (`delete.retention.ms`, 24 h by default)."""

    connect_timeout: float = 60.0
    stall_timeout: float = 120.0
    """No progress for so long, while there is something to do, ends the worker; so do brokers that
    take nothing for so long."""

    def __post_init__(self) -> None:
        if self.partitions < 1:
            raise ValueError("partitions must be at least 1")
        if self.delivery_timeout >= self.session_timeout:
            raise ValueError("delivery_timeout must be below session_timeout")
        if self.heartbeat_interval * 2 > self.session_timeout:
            raise ValueError("heartbeat_interval must be at most half of session_timeout")

    @property
    def heartbeat_limit(self) -> float:
        """Age of the last accepted heartbeat above which nothing may be produced any more: what is
        produced before is delivered or given up while the session lasts."""
        left = self.session_timeout - self.delivery_timeout
        return min(self.session_timeout, max(left, self.heartbeat_interval * 1.5))

    @property
    def ticks_topic(self) -> str:
        return f"{self.app_id}-ticks"

    def changelog_topic(self, table: str) -> str:
        """Changelog of a table; the name that Faust gives it too."""
        return f"{self.app_id}-{table}-changelog"

    def client_config(self) -> dict[str, str]:
        """What every librdkafka client of the worker needs to connect."""
        return {"bootstrap.servers": self.bootstrap, **self.security}
