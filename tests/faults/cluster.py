"""Three brokers and some workers on loopback, a link that can be cut between each two of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from faults.proxy import Proxy
from faults.workers import Supervisor, Worker
from kafka import TopicPartition as Place
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError as NotAnswered
from kafka_server import KafkaServer

HERE = Path(__file__).resolve().parent
PROGRAM = Path(sys.executable).with_name("shipsentry")
"""The command of the release under test."""

APP_ID = "faults"
PARTITIONS = 4
SMALL_JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
INPUTS = {"orders": "order-paid", "tracking": "tracking-update"}
STOCK = "stock-level"
"""An input that workers read and nobody writes here."""

WARNINGS = "shipment-warnings"
DEAD_LETTERS = "shipment-dead-letters"
RISKS = ("shop-risk", "product-risk")
INTERNAL = tuple(
    f"{APP_ID}-{name}"
    for name in (
        "order-paid-rekey", "tracking-update-rekey", "order-facts", "parcel-facts", "track-facts",
        "clone-facts", "meter-facts", "meter-totals", "stock-level-rekey", "stock-facts",
    )
)  # fmt: skip
CHANGELOGS = tuple(
    f"{APP_ID}-{table}-changelog" for table in ("orders", "parcels", "tracks", "meters", "stock")
)

_QUIET = {"error_cb": lambda _error: None, "log_level": 0, "reconnect.backoff.max.ms": 500}
"""Of clients here: brokers come and go, and nobody needs to read of it."""


class TookTooLong(RuntimeError):
    """Something that must come about did not in its time."""


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait until a condition holds; the seconds it took, or `TookTooLong` that says `what`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TookTooLong(f"after {seconds:.0f} s still waiting for {what}")
        time.sleep(0.1)
    return time.monotonic() - began


def clock_library(folder: Path) -> Path | None:
    """The library that moves a process's clock, compiled; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "skew.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", library, HERE / "skew.c", "-ldl", "-lm"]
    subprocess.run(command, check=True)
    return library


class Cluster:
    """Brokers, links and supervised workers; a context manager.

    `settings` are those of every worker, as variables without their prefix. `skew`: each worker's
    clock can be moved.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 3,
        program: Path = PROGRAM,
        skew: bool = False,
        settings: dict[str, str] | None = None,
        brokers: int = 3,
    ) -> None:
        self.folder = folder
        self.settings = settings or {}
        self.partitions = PARTITIONS
        self._names = [f"w{n}" for n in range(1, workers + 2)]  # one more for who joins
        self._program = program
        self._skew = skew
        self._brokers = brokers
        self._exit = ExitStack()

    def __enter__(self) -> Cluster:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.kafka = KafkaServer(
                self._brokers,
                data_dir=self.folder / "kafka",
                jvm_options=SMALL_JVM,
                doors=[name.upper() for name in self._names],
                config={"log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024},
            )
            self._exit.enter_context(self.kafka)
            self.proxy = self._exit.enter_context(Proxy())
            self.supervisor = self._exit.enter_context(Supervisor())
            library = clock_library(self.folder) if self._skew else None
            for name in self._names:
                for node in self.kafka.node_ids:
                    door = self.kafka.door(name.upper(), node)
                    self.proxy.add(name, node, door.advertised, door.port)
                self.supervisor.workers[name] = Worker(
                    name,
                    self._program,
                    self.environment(name),
                    self.folder / name,
                    library,
                )
            self.admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap, **_QUIET})
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exit.close()
        shutil.rmtree(self.folder / "kafka", ignore_errors=True)

    @property
    def workers(self) -> list[Worker]:
        """The workers of the application, without the one that only joins and leaves."""
        return list(self.supervisor.workers.values())[:-1]

    @property
    def guest(self) -> Worker:
        """The worker that joins and leaves."""
        return list(self.supervisor.workers.values())[-1]

    def environment(self, name: str | None = None) -> dict[str, str]:
        """The settings of a worker, which reaches brokers through its links, or of a command."""
        bootstrap = self.kafka.bootstrap
        settings = {"app_id": APP_ID, "partitions": str(self.partitions), "log_format": "console"}
        settings["replication_factor"] = str(self._brokers)
        if name is not None:
            doors = [self.kafka.door(name.upper(), node) for node in self.kafka.node_ids]
            bootstrap = ",".join(f"127.0.0.1:{door.advertised}" for door in doors)
            settings["group_instance_id"] = f"{APP_ID}-{name}"
        settings = {**settings, "bootstrap_servers": bootstrap, **self.settings}
        return {f"SHIPSENTRY_{key.upper()}": value for key, value in settings.items()}

    def deploy(self, program: Path) -> None:
        """Lead the workers to another release, all at once, as docs/upgrading.md has it where there
        are new topics or other internal messages."""
        workers = [each for each in self.supervisor.workers.values() if each.wanted]
        for worker in self.supervisor.workers.values():
            worker.stop()
            worker.program = program
        self._program = program
        self.command(["topics", "create"])
        for worker in workers:
            worker.start()
        for worker in workers:
            wait_for(worker.is_ready, 180, f"a ready {worker.name}")

    def set_partitions(self, partitions: int) -> None:
        """What workers and commands are told from their next start: how many a topic has."""
        self.partitions = partitions
        for worker in self.supervisor.workers.values():
            worker.settings = self.environment(worker.name)

    def command(self, arguments: Sequence[str], statuses: Sequence[int] = (0,)) -> str:
        """Run a command of the product as an operator does; what it wrote.

        RuntimeError where its exit status is not one of `statuses`.
        """
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SHIPSENTRY_")}
        done = subprocess.run(
            [str(self._program), *arguments],
            env={**inherited, **self.environment()},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=900,
        )
        if done.returncode not in statuses:
            raise RuntimeError(f"{arguments}: status {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    def wait_ready(self, seconds: float = 120.0) -> float:
        """Wait until every worker that should run says that it is ready."""

        def ready() -> bool:
            return all(worker.is_ready() for worker in self.workers if worker.wanted)

        return wait_for(ready, seconds, "ready workers")

    def lag(self) -> int:
        """Records of inputs and internal topics that the group has not committed."""
        try:
            found = self.places((*INPUTS.values(), *INTERNAL))
        except NotAnswered:
            return sys.maxsize
        return sum(
            high - (committed if committed >= 0 else low) for low, high, committed in found.values()
        )

    def places(self, topics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Of each partition, where it begins and ends, and how far the group has committed
        (negative: nowhere). Raises NotAnswered."""
        places = [Place(topic, number) for topic in topics for number in range(self.partitions)]
        with self._asking() as admin:
            committed = admin.list_group_offsets({APP_ID: places})[APP_ID]
            begins = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
            ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        return {
            f"{place.topic}-{place.partition}": (
                begins[place].offset,
                ends[place].offset,
                committed[place].offset if place in committed else -1,
            )
            for place in places
        }

    @contextlib.contextmanager
    def _asking(self) -> Iterator[KafkaAdminClient]:
        """A client that knows nothing yet, least of all of a topic that was made anew since.

        It is kafka-python's: those of librdkafka 2.16 that are asked for offsets after that have
        ended campaigns by segmentation faults.
        """
        admin = KafkaAdminClient(
            bootstrap_servers=self.kafka.bootstrap, client_id="faults", request_timeout_ms=15_000
        )
        try:
            yield admin
        finally:
            admin.close()

    def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition; waits where leaders just change."""
        found: dict[int, int] = {}

        def ask() -> bool:
            try:
                parts = self.admin.list_topics(topic, timeout=20).topics[topic].partitions
                wanted = {Place(topic, number): OffsetSpec.LATEST for number in parts}
                with self._asking() as admin:
                    ends = admin.list_partition_offsets(wanted)
            except (KafkaException, NotAnswered):
                return False
            found.update((place.partition, end.offset) for place, end in ends.items())
            return bool(found)

        wait_for(ask, 60, f"the ends of {topic}")
        return found

    def delete_records(self, topics: Sequence[str], share: float) -> None:
        """Delete this share of each partition's records, the oldest ones, of compacted topics."""
        self._set_cleanup(topics, "compact,delete")  # brokers cut no topic that is compacted alone
        places = [
            TopicPartition(topic, number, int(end * share))
            for topic in topics
            for number, end in self.ends(topic).items()
        ]

        def deleted() -> bool:
            # A topic that was just made, or whose leader fell, has one that not every broker knows
            # yet, and this client goes by what it was told last.
            self.admin.list_topics(timeout=20)
            try:
                for each in self.admin.delete_records(places).values():
                    each.result(30)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
                    raise
                return False
            return True

        try:
            wait_for(deleted, 120, "leaders that delete records")
        finally:
            self._set_cleanup(topics, "compact")

    def _set_cleanup(self, topics: Sequence[str], policy: str) -> None:
        entry = ConfigEntry("cleanup.policy", policy, incremental_operation=AlterConfigOpType.SET)
        asked = [
            ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
            for topic in topics
        ]
        for altered in self.admin.incremental_alter_configs(asked).values():
            altered.result(30)

    def leaders(self) -> Counter[int]:
        """How many partitions of the application each node leads."""
        found: Counter[int] = Counter()
        for name, topic in self.admin.list_topics(timeout=20).topics.items():
            if name in (*CHANGELOGS, *INPUTS.values(), *INTERNAL):
                found.update(part.leader for part in topic.partitions.values())
        return found

    def in_sync(self) -> bool:
        """Whether every replica of every partition is in sync, and every partition has a leader."""
        try:
            topics = self.admin.list_topics(timeout=5).topics.values()
        except KafkaException:
            return False
        parts = [part for topic in topics for part in topic.partitions.values()]
        return all(p.leader > 0 and len(p.isrs) == len(p.replicas) for p in parts)

    def wait_in_sync(self, seconds: float = 90.0) -> float:
        """Wait until `in_sync`: before then another broker may not be taken away."""
        return wait_for(self.in_sync, seconds, "replicas in sync")
