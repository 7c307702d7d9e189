"""A real Apache Kafka (KRaft) on loopback for tests and benchmarks.

The jars come from Maven once (``tests/kafka/pom.xml``) and stay in the user's cache folder; each
node is a JVM of its own, broker and controller in one::

    with KafkaServer() as kafka:
        Producer({"bootstrap.servers": kafka.bootstrap})

Run as a program it serves until interrupted: ``python tests/kafka_server.py --nodes 3``.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec
from support.ports import free_port

HERE = Path(__file__).resolve().parent
POM = HERE / "kafka" / "pom.xml"
LOG4J = HERE / "kafka" / "log4j2.properties"

#: Quick to start and small: the choice for tests. Benchmarks give their own.
TEST_JVM = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
#: A broker that stays at full speed for minutes.
BENCHMARK_JVM = ("-Xms512m", "-Xmx512m")

START_ATTEMPTS = 3


class KafkaStartError(RuntimeError):
    """Kafka could not be resolved, started or reached; the message ends with the log's tail."""


def cache_dir() -> Path:
    """Where resolved jars stay: ``SHIPSENTRY_KAFKA_CACHE``, or a folder in the user's cache."""
    chosen = os.environ.get("SHIPSENTRY_KAFKA_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "shipsentry"


def kafka_jars() -> Path:
    """The folder of Kafka's jars, resolved by Maven when this pom is new here."""
    pom = POM.read_bytes()
    found = re.search(rb"<kafka\.version>([^<]+)<", pom)
    version = found.group(1).decode() if found else "unknown"
    cache = cache_dir()
    jars = cache / f"kafka-{version}-{hashlib.sha256(pom).hexdigest()[:12]}"
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if jars.is_dir():  # another process was quicker
            return jars
        maven = shutil.which("mvn")
        if maven is None:
            raise KafkaStartError("Maven (mvn) is not installed; scripts/test installs it")
        partial = Path(tempfile.mkdtemp(prefix="resolving-", dir=cache))
        try:
            result = subprocess.run(
                [
                    maven,
                    "--batch-mode",
                    "--no-transfer-progress",
                    f"--file={POM}",
                    "dependency:copy-dependencies",
                    "-DincludeScope=runtime",
                    f"-DoutputDirectory={partial}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if result.returncode != 0 or not any(partial.glob("kafka_*.jar")):
                raise KafkaStartError(f"Maven did not resolve {POM}:\n{result.stdout[-4000:]}")
            partial.rename(jars)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return jars


@functools.cache
def class_archive(jars: Path) -> Path:
    """Where :func:`archive` keeps Kafka's classes as this Java has read them.

    With it a node starts in some 60 % of the processor time. Java looks whether it fits, and does
    without where it does not.
    """
    version = subprocess.run([java(), "-version"], capture_output=True, check=True).stderr
    return jars.with_name(f"{jars.name}-{hashlib.sha256(version).hexdigest()[:12]}.jsa")


def archive(jars: Path) -> None:
    """Start and stop a node to write the archive, unless it is there."""
    path = class_archive(jars)
    if path.exists():
        return
    partial = path.with_suffix(f".{uuid.uuid4().hex}")
    try:
        with KafkaServer(jvm_options=(*TEST_JVM, f"-XX:ArchiveClassesAtExit={partial}")) as kafka:
            kafka.create_topic("any")
            kafka.stop_node(1, 120)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def java() -> str:
    """The ``java`` to run: ``JAVA_HOME``'s, else the one on the path."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise KafkaStartError("Java (17 or newer) is not installed; scripts/test installs it")
    return found


@dataclasses.dataclass(frozen=True)
class Door:
    """A further listener of one node: where it listens, and where it tells clients to go.

    Whoever serves ``advertised`` stands between the node and the clients of this door.
    """

    port: int
    advertised: int


@dataclasses.dataclass
class _Node:
    """One JVM: broker and controller ``node_id``."""

    node_id: int
    port: int
    controller_port: int
    folder: Path
    doors: dict[str, Door] = dataclasses.field(default_factory=dict)
    more_ports: dict[str, int] = dataclasses.field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class KafkaServer:
    """One or three nodes of Apache Kafka on loopback; a context manager.

    Nodes are numbered from 1. Topics are not made by first use. The JVMs end with :meth:`stop`,
    with the interpreter, and (on Linux) with the death of the thread that started them.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        data_dir: Path | None = None,
        message_max_bytes: int = 1_048_588,
        default_partitions: int = 4,
        group_initial_rebalance_delay_ms: int = 0,
        config: Mapping[str, str | int] | None = None,
        listeners: Mapping[str, str] | None = None,
        jvm_options: Sequence[str] = TEST_JVM,
        start_timeout: float = 90.0,
        doors: Sequence[str] = (),
    ) -> None:
        """Set up, start nothing.

        ``data_dir`` is kept after :meth:`stop`, and reused when it holds a formatted node; without
        it a temporary folder is used and removed. ``message_max_bytes`` is the largest batch a
        topic takes, ``start_timeout`` is in seconds, ``config`` adds to or overrides any line of
        ``server.properties``. ``doors`` names further listeners that each node has (letters and
        digits), behind :meth:`door`. ``listeners`` are further ones beside the plain one, name to
        protocol (``SASL_SSL``, say): ``bootstrap_of`` has their addresses, ``config`` their
        settings.
        """
        if nodes not in (1, 3):
            raise ValueError(f"1 or 3 nodes, not {nodes}")
        self._count = nodes
        self._data_dir = data_dir
        self._jvm_options = tuple(jvm_options)
        self._start_timeout = start_timeout
        self._doors = tuple(doors)
        self._classpath = ""
        self._temporary: Path | None = None
        self._nodes: dict[int, _Node] = {}
        self._listeners = dict(listeners or {})
        replicas = nodes
        self._config: dict[str, str | int] = {
            "process.roles": "broker,controller",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}"
                for name, protocol in {
                    "PLAINTEXT": "PLAINTEXT",
                    "CONTROLLER": "PLAINTEXT",
                    **dict.fromkeys(doors, "PLAINTEXT"),
                    **self._listeners,
                }.items()
            ),
            "num.partitions": default_partitions,
            "default.replication.factor": replicas,
            "min.insync.replicas": min(2, replicas),
            "auto.create.topics.enable": "false",
            "message.max.bytes": message_max_bytes,
            "replica.fetch.max.bytes": message_max_bytes,
            "group.initial.rebalance.delay.ms": group_initial_rebalance_delay_ms,
            "group.min.session.timeout.ms": 1000,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": min(2, replicas),
            # A killed node is let in again only when its former session has ended (default: 9 s).
            "broker.session.timeout.ms": 6000,
            # The default, 128 MiB, is a quarter of this heap.
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            **(config or {}),
        }

    # -- what callers use ------------------------------------------------------------------

    @property
    def bootstrap(self) -> str:
        """``host:port`` of every node, running or not, separated by commas."""
        if not self._nodes:
            raise KafkaStartError("Kafka has not been started")
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes.values())

    def bootstrap_of(self, listener: str) -> str:
        """The same of one of the further listeners."""
        return ",".join(f"127.0.0.1:{node.more_ports[listener]}" for node in self._nodes.values())

    @property
    def node_ids(self) -> list[int]:
        """The numbers of all nodes, running or not."""
        return list(self._nodes)

    def door(self, name: str, node_id: int) -> Door:
        """The listener ``name`` of a node."""
        return self._nodes[node_id].doors[name]

    def pid(self, node_id: int) -> int:
        """The process id of a running node."""
        process = self._nodes[node_id].process
        if process is None or process.poll() is not None:
            raise KafkaStartError(f"node {node_id} is not running")
        return process.pid

    def start(self) -> Self:
        """Format, start and wait until every node serves; raises :class:`KafkaStartError`."""
        if self._nodes:
            raise KafkaStartError("Kafka has been started already")
        jars = kafka_jars()
        self._classpath = f"{jars}/*"
        archived = class_archive(jars)
        if archived.exists() and not any("ArchiveClasses" in each for each in self._jvm_options):
            self._jvm_options += (f"-XX:SharedArchiveFile={archived}",)
        root = self._data_dir
        if root is None:
            root = self._temporary = Path(tempfile.mkdtemp(prefix="shipsentry-kafka-"))
        atexit.register(self.stop)
        try:
            for attempt in range(1, START_ATTEMPTS + 1):
                try:
                    self._start_all(root)
                    return self
                except KafkaStartError as error:
                    # Between our choice of a port and Kafka's bind another process may take it.
                    taken = "Address already in use" in str(error)
                    if not taken or attempt == START_ATTEMPTS:
                        raise
                    self._kill_all()
        except BaseException:
            self.stop()
            raise
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """End every node and remove the temporary folder; safe to repeat."""
        atexit.unregister(self.stop)
        if self._data_dir is not None:  # what is kept should be closed in good order
            for node in self._nodes.values():
                if node.running():
                    self._signal(node, signal.SIGTERM)
            deadline = time.monotonic() + 20
            for node in self._nodes.values():
                if node.process is not None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        node.process.wait(max(0.1, deadline - time.monotonic()))
        self._kill_all()
        self._nodes = {}
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def kill_node(self, node_id: int) -> None:
        """``kill -9`` one node and wait for its end; its data stay for :meth:`restart_node`."""
        self._kill(self._nodes[node_id])

    def stop_node(self, node_id: int, timeout: float = 30.0) -> None:
        """End one node in good order, within ``timeout`` seconds; its data stay."""
        node = self._nodes[node_id]
        self._signal(node, signal.SIGTERM)
        if node.process is not None:
            node.process.wait(timeout)
            node.process = None

    def restart_node(self, node_id: int) -> None:
        """Start a killed or stopped node on its old port and data, and wait until it serves.

        A killed node is let in when its former session has ended, some six seconds after the kill.
        """
        node = self._nodes[node_id]
        if node.running():
            raise KafkaStartError(f"node {node_id} is running")
        self._launch(node)
        self.wait_ready()

    def pause_node(self, node_id: int) -> None:
        """Freeze one node (``SIGSTOP``): its connections stay open and nothing answers."""
        self._signal(self._nodes[node_id], signal.SIGSTOP)

    def resume_node(self, node_id: int) -> None:
        """Let a frozen node go on."""
        self._signal(self._nodes[node_id], signal.SIGCONT)

    def create_topic(
        self, name: str, partitions: int = 4, config: Mapping[str, str | int] | None = None
    ) -> str:
        """Make a topic on every node, wait until it can be written, and return its name."""
        topic = NewTopic(
            name,
            num_partitions=partitions,
            replication_factor=self._count,
            config={key: str(value) for key, value in (config or {}).items()},
        )
        admin = self._admin()
        admin.create_topics([topic])[name].result(30)
        deadline = time.monotonic() + 30
        while not self._serves(admin, name, partitions):
            if time.monotonic() > deadline:
                raise KafkaStartError(f"topic {name} got no leaders that answer within 30 s")
            time.sleep(0.05)
        return name

    def _serves(self, admin: AdminClient, name: str, partitions: int) -> bool:
        """Whether each partition's leader knows that it leads: what all nodes hear comes sooner."""
        known = admin.list_topics(name, timeout=10).topics[name].partitions
        if len(known) != partitions or any(each.leader < 0 for each in known.values()):
            return False
        asked = {TopicPartition(name, number): OffsetSpec.latest() for number in known}
        try:
            for answer in admin.list_offsets(asked, request_timeout=10).values():
                answer.result(10)
        except KafkaException:
            return False
        return True

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait, up to ``timeout`` seconds, until every running node is a registered broker."""
        limit = self._start_timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        expected = {node.node_id for node in self._nodes.values() if node.process is not None}
        for node_id in sorted(expected):
            self._wait_port(self._nodes[node_id], deadline)
        admin = self._admin()
        while True:
            self._check_alive(expected)
            with contextlib.suppress(KafkaException):
                metadata = admin.list_topics(timeout=2)
                if expected <= set(metadata.brokers) and metadata.controller_id > 0:
                    return
            if time.monotonic() > deadline:
                raise KafkaStartError(
                    f"Kafka did not become ready within {limit:.0f} s\n{self.log_tail()}"
                )
            time.sleep(0.05)

    def log_tail(self, lines: int = 40) -> str:
        """The last ``lines`` lines of every node's log."""
        parts = []
        for node in self._nodes.values():
            if node.log.exists():
                tail = node.log.read_text(errors="replace").splitlines()[-lines:]
                parts.append("\n".join([f"--- node {node.node_id}: end of its log", *tail]))
        return "\n".join(parts)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # -- starting and ending processes -----------------------------------------------------

    def _start_all(self, root: Path) -> None:
        self._nodes = {
            i: _Node(
                i,
                free_port(),
                free_port(),
                root / f"node{i}",
                {name: Door(free_port(), free_port()) for name in self._doors},
                {listener: free_port() for listener in self._listeners},
            )
            for i in range(1, self._count + 1)
        }
        cluster_id = self._cluster_id(root)
        voters = ",".join(
            f"{n.node_id}@127.0.0.1:{n.controller_port}" for n in self._nodes.values()
        )
        for node in self._nodes.values():
            node.folder.mkdir(parents=True, exist_ok=True)
            listening = {"PLAINTEXT": node.port}
            listening |= {name: door.port for name, door in node.doors.items()} | node.more_ports
            advertised = {"PLAINTEXT": node.port}
            advertised |= {name: door.advertised for name, door in node.doors.items()}
            advertised |= node.more_ports
            lines = {
                "node.id": node.node_id,
                "controller.quorum.voters": voters,
                "listeners": _listeners({**listening, "CONTROLLER": node.controller_port}),
                "advertised.listeners": _listeners(advertised),
                "log.dirs": node.folder / "data",
                **self._config,
            }
            node.config.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        formatting = [
            (node, self._spawn(node, "kafka.tools.StorageTool", "format", "--ignore-formatted",
                               f"--cluster-id={cluster_id}", f"--config={node.config}"))
            for node in self._nodes.values()
        ]  # fmt: skip
        for node, process in formatting:
            node.process = process  # so that an error below ends it
        for node, process in formatting:
            try:
                status = process.wait(self._start_timeout)
            except subprocess.TimeoutExpired:
                raise KafkaStartError(f"formatting took too long\n{self.log_tail()}") from None
            if status != 0:
                raise KafkaStartError(f"formatting node {node.node_id} failed\n{self.log_tail()}")
        for node in self._nodes.values():
            self._launch(node)
        self.wait_ready()

    @staticmethod
    def _cluster_id(root: Path) -> str:
        """The id of the cluster in ``root``: the one it was formatted with, else a new one."""
        remembered = root / "cluster.id"
        if not remembered.exists():
            root.mkdir(parents=True, exist_ok=True)
            new = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
            # An id that starts with a hyphen looks like an option to Kafka's tools.
            remembered.write_text("A" + new[1:])
        return remembered.read_text()

    def _launch(self, node: _Node) -> None:
        node.process = self._spawn(node, "kafka.Kafka", str(node.config))

    def _spawn(self, node: _Node, main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [
            java(),
            *self._jvm_options,
            f"-Dlog4j2.configurationFile={LOG4J}",
            "-Dlog4j2.disable.jmx=true",
            "-cp",
            self._classpath,
            main_class,
            *arguments,
        ]
        # The kernel ends the JVM when its parent dies, even of kill -9.
        setpriv = shutil.which("setpriv")
        if setpriv is not None:
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with node.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @staticmethod
    def _signal(node: _Node, number: signal.Signals) -> None:
        if node.process is not None and node.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(node.process.pid, number)

    def _kill(self, node: _Node) -> None:
        self._signal(node, signal.SIGKILL)
        if node.process is not None:
            node.process.wait()
            node.process = None

    def _kill_all(self) -> None:
        for node in self._nodes.values():
            self._signal(node, signal.SIGKILL)
        for node in self._nodes.values():
            self._kill(node)

    # -- readiness -------------------------------------------------------------------------

    def _admin(self) -> AdminClient:
        # Without the callback librdkafka prints each refused connection of a node that is down.
        return AdminClient(
            {
                "bootstrap.servers": self.bootstrap,
                "error_cb": lambda _error: None,
                "log_level": 0,
                "reconnect.backoff.max.ms": 200,
            }
        )

    def _wait_port(self, node: _Node, deadline: float) -> None:
        while True:
            self._check_alive({node.node_id})
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", node.port), 1),
            ):
                return
            if time.monotonic() > deadline:
                raise KafkaStartError(
                    f"node {node.node_id} does not listen on {node.port}\n{self.log_tail()}"
                )
            time.sleep(0.05)

    def _check_alive(self, expected: set[int]) -> None:
        for node_id in expected:
            node = self._nodes[node_id]
            if node.process is not None and node.process.poll() is not None:
                raise KafkaStartError(
                    f"node {node_id} ended with status {node.process.returncode}\n{self.log_tail()}"
                )


def _listeners(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Turn SIGTERM into the end of the program, so that the nodes are stopped in good order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        yield


def main() -> None:
    """Serve until interrupted; the first line of the output is the bootstrap address."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument(
        "--data-dir", type=Path, help="kept at the end (default: a temporary folder)"
    )
    parser.add_argument("--resolve", action="store_true", help="only fetch what is needed")
    arguments = parser.parse_args()
    if arguments.resolve:
        archive(kafka_jars())
        print(kafka_jars())
        return
    with _interruptible(), KafkaServer(arguments.nodes, data_dir=arguments.data_dir) as kafka:
        print(kafka.bootstrap, flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
