"""A small Kafka cluster inside this process, for the demo and for tests: nothing to install.

librdkafka carries it. It serves produce, fetch, offsets and consumer groups to any client on
loopback. It stores nothing on disk, keeps about 5 MiB per partition (the oldest records go),
creates no topics on request (declare them here), describes no configurations and has no usable
transactions. Not for data anybody wants back.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from types import TracebackType

import confluent_kafka

from streams.engine.kafka import librdkafka

DEFAULT_PARTITIONS = 4
"""What the cluster itself gives to a topic that first appears in a metadata request."""

_PRODUCER = 0
_NO_ERROR = 0


class EmbeddedClusterError(RuntimeError):
    """The in-process cluster could not be started or refused a request."""


class EmbeddedCluster:
    """An in-process Kafka cluster at `bootstrap` (host:port on loopback) until `close()`.

    `topics` maps names to partition counts; `partitions` is the count for `create_topic` without
    one. A topic that is not declared appears with four partitions when a client first asks for it.
    `group_wait_ms` is how long the first member of a new group waits for others (librdkafka's own
    default would be three seconds).

        with EmbeddedCluster(topics={"order-paid": 4}) as cluster:
            Producer(cluster.bootstrap)
    """

    bootstrap: str

    def __init__(
        self,
        partitions: int = DEFAULT_PARTITIONS,
        topics: Mapping[str, int] | None = None,
        brokers: int = 1,
        group_wait_ms: int = 0,
    ) -> None:
        self._partitions = partitions
        self._library = librdkafka.load(_FUNCTIONS)
        self._fallback: confluent_kafka.Producer | None = None
        self._handle: int | None = None
        self._cluster: int | None = None
        if self._library is None:
            self._start_without_library(brokers, topics or {})
            return
        self._start(self._library, brokers, group_wait_ms)
        try:
            for name, count in (topics or {}).items():
                self.create_topic(name, count)
        except BaseException:
            self.close()
            raise

    def create_topic(self, name: str, partitions: int | None = None) -> None:
        """Create a topic of `partitions` (default: the cluster's) partitions.

        Raises EmbeddedClusterError when it exists already, also by a client's mere question.
        """
        count = self._partitions if partitions is None else partitions
        if self._library is None or self._cluster is None:
            raise EmbeddedClusterError("the cluster is closed or cannot create topics here")
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), count, 1)
        if code != _NO_ERROR:
            raise EmbeddedClusterError(f"topic {name}: {self._name_of(code)}")

    def push_produce_errors(self, *codes: int) -> None:
        """Answer the next produce requests with these Kafka error codes, one each; 0 is success."""
        self._push_errors(0, codes)

    def set_broker_down(self, down: bool, broker: int = 1) -> None:
        """Take a broker (numbered from 1) off the network, or bring it back."""
        library, cluster = self._running()
        if down:
            code = library.rd_kafka_mock_broker_set_down(cluster, broker)
        else:
            code = library.rd_kafka_mock_broker_set_up(cluster, broker)
        if code != _NO_ERROR:
            raise EmbeddedClusterError(f"broker {broker}: {self._name_of(code)}")

    def set_round_trip(self, milliseconds: int, broker: int = 1) -> None:
        """Make a broker answer only after this time: a slow network."""
        library, cluster = self._running()
        code = library.rd_kafka_mock_broker_set_rtt(cluster, broker, milliseconds)
        if code != _NO_ERROR:
            raise EmbeddedClusterError(f"broker {broker}: {self._name_of(code)}")

    def close(self) -> None:
        """Stop the cluster; its records are gone. Harmless when repeated."""
        library, self._library = self._library, None
        if library is None:
            self._fallback = None
            return
        if self._cluster is not None:
            library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._cluster = None
        if self._handle is not None:
            library.rd_kafka_destroy(self._handle)
            self._handle = None

    def __enter__(self) -> EmbeddedCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, library: ctypes.CDLL, brokers: int, group_wait_ms: int) -> None:
        reason = ctypes.create_string_buffer(512)
        config = library.rd_kafka_conf_new()
        # The handle only owns the cluster; it would log that it has no brokers to connect to.
        library.rd_kafka_conf_set(config, b"log_level", b"0", reason, len(reason))
        self._handle = library.rd_kafka_new(_PRODUCER, config, reason, len(reason))
        if not self._handle:
            raise EmbeddedClusterError(reason.value.decode(errors="replace"))
        self._cluster = library.rd_kafka_mock_cluster_new(self._handle, brokers)
        if not self._cluster:
            self.close()
            raise EmbeddedClusterError("the in-process cluster did not start")
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, group_wait_ms)
        self.bootstrap = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def _start_without_library(self, brokers: int, topics: Mapping[str, int]) -> None:
        """The same cluster through librdkafka's configuration: every topic has four partitions."""
        odd = [name for name, count in topics.items() if count != DEFAULT_PARTITIONS]
        if odd:
            raise EmbeddedClusterError(
                f"without the bundled library topics have {DEFAULT_PARTITIONS} partitions: {odd}"
            )
        owner = self._fallback = confluent_kafka.Producer({"test.mock.num.brokers": brokers})
        found = owner.list_topics(timeout=10).brokers.values()
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in found)
        for name in topics:
            owner.list_topics(name, timeout=10)

    def _running(self) -> tuple[ctypes.CDLL, int]:
        if self._library is None or self._cluster is None:
            raise EmbeddedClusterError("the cluster is closed, or this needs the bundled library")
        return self._library, self._cluster

    def _push_errors(self, api_key: int, codes: tuple[int, ...]) -> None:
        library, cluster = self._running()
        array = (ctypes.c_int * len(codes))(*codes)
        library.rd_kafka_mock_push_request_errors_array(cluster, api_key, len(codes), array)

    def _name_of(self, code: int) -> str:
        assert self._library is not None  # noqa: S101 - callers hold it
        return str(self._library.rd_kafka_err2str(code).decode())


_text, _pointer, _int, _size = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
_FUNCTIONS: librdkafka.Signatures = {
    "rd_kafka_conf_new": (_pointer, []),
    "rd_kafka_conf_set": (_int, [_pointer, _text, _text, _text, _size]),
    "rd_kafka_new": (_pointer, [_int, _pointer, _text, _size]),
    "rd_kafka_destroy": (None, [_pointer]),
    "rd_kafka_err2str": (_text, [_int]),
    "rd_kafka_mock_cluster_new": (_pointer, [_pointer, _int]),
    "rd_kafka_mock_cluster_destroy": (None, [_pointer]),
    "rd_kafka_mock_cluster_bootstraps": (_text, [_pointer]),
    "rd_kafka_mock_topic_create": (_int, [_pointer, _text, _int, _int]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_pointer, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_down": (_int, [_pointer, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (_int, [_pointer, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_rtt": (_int, [_pointer, ctypes.c_int32, _int]),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        [_pointer, ctypes.c_int16, _size, ctypes.POINTER(_int)],
    ),
}
