"""The faults, as data: what each does, how it is undone, for how long, and what must be seen.

A fault begins with `begin(scene)`, which returns what undoes it. Whatever it chooses it draws from
`scene.rng`, so that a campaign's seed chooses it again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from confluent_kafka.admin import NewPartitions
from faults.cluster import (
    APP_ID,
    CHANGELOGS,
    INPUTS,
    INTERNAL,
    PROGRAM,
    STOCK,
    Cluster,
    TookTooLong,
    wait_for,
)
from faults.workers import Worker
from faults.workload import Part, Producing, poison

Undo = Callable[[], None]

REFUSED = "no record is taken"
UNREAD = f"{INPUTS['tracking']} is not read"
"""What `/readyz` says of a changelog that is not believed, and of a topic that is not read."""


@dataclass
class Scene:
    """What a fault works on: `turn` counts the faults of its kind, so that workers take turns."""

    cluster: Cluster
    producing: Producing
    parts: tuple[Part, ...]
    rng: random.Random
    turn: int
    gone: set[str]
    published: Callable[[], int]
    """How many records were seen on all topics that others read."""

    @property
    def worker(self) -> Worker:
        """The worker whose turn it is."""
        return self.cluster.workers[self.turn % len(self.cluster.workers)]

    def ready(self) -> Worker:
        """The same, once it is ready: what happens to one that starts shows little."""
        wait_for(self.worker.is_ready, 120, f"a ready {self.worker.name}")
        return self.worker

    @property
    def node(self) -> int:
        """The broker whose turn it is."""
        nodes = self.cluster.kafka.node_ids
        return nodes[self.turn % len(nodes)]


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    `seconds`: between beginning and undoing. `impossible`: why this machine cannot do it, or None.
    """

    name: str
    does: str
    undone: str
    seconds: tuple[float, float]
    seen: str
    begin: Callable[[Scene], Undo]
    impossible: Callable[[], str | None] = lambda: None


def _nothing() -> None:
    return


# ------------------------------------------------------------------------------------- workers


def _kill(scene: Scene) -> Undo:
    """Mostly in the middle of work: something is out, not all of it is committed. Else it may still
    be restoring what the last kill left."""
    victim = scene.worker
    if scene.rng.random() < 0.7:
        scene.ready()
        before = scene.published()
        with suppress(TookTooLong):  # what was sent may bring no warning
            wait_for(lambda: scene.published() > before, 8, "something published")
    victim.kill()
    return victim.start


def _freeze(scene: Scene) -> Undo:
    victim = scene.ready()
    victim.signal(signal.SIGSTOP)
    return lambda: victim.signal(signal.SIGCONT)


def _slow(scene: Scene) -> Undo:
    """Frozen and let go again, half of the time."""
    victim, over = scene.ready(), threading.Event()

    def pulse() -> None:
        while not over.is_set():
            victim.signal(signal.SIGSTOP)
            over.wait(0.2)
            victim.signal(signal.SIGCONT)
            over.wait(0.2)

    pulses = threading.Thread(target=pulse, name="pulses", daemon=True)
    pulses.start()

    def undo() -> None:
        over.set()
        pulses.join()

    return undo


def _join(scene: Scene) -> Undo:
    guest = scene.cluster.guest
    guest.start()

    def leave() -> None:
        if guest.stop() is None:
            raise TookTooLong(f"{guest.name} did not stop")

    return leave


def _leave(scene: Scene) -> Undo:
    victim = scene.worker
    if victim.stop() is None:
        raise TookTooLong(f"{victim.name} did not stop")
    return victim.start


def _restart_all(scene: Scene) -> Undo:
    for worker in scene.cluster.workers:
        worker.kill()

    def undo() -> None:
        for worker in scene.cluster.workers:
            worker.start()

    return undo


def _roll_workers(scene: Scene) -> Undo:
    for worker in scene.cluster.workers:
        worker.stop()
        worker.start()
        wait_for(worker.is_ready, 120, f"a ready {worker.name}")
    return _nothing


def _deploy(scene: Scene) -> Undo:
    scene.cluster.deploy(PROGRAM)
    return _nothing


# ------------------------------------------------------------------------------------ local state


def _delete_store(scene: Scene) -> Undo:
    victim = scene.worker
    victim.kill()
    for path in victim.data.iterdir() if victim.data.exists() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return victim.start


def _flip_byte(scene: Scene) -> Undo:
    victim = scene.worker
    victim.stop()
    tables = sorted(victim.data.rglob("*.sst")) or sorted(victim.data.rglob("*.log"))
    tables = [path for path in tables if path.stat().st_size > 64]
    if tables:
        with scene.rng.choice(tables).open("r+b") as file:
            at = scene.rng.randrange(min(64, os.fstat(file.fileno()).st_size))
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 0x10]))
    return victim.start


def _fill_disk(scene: Scene) -> Undo:
    victim = scene.worker
    victim.stop()
    victim.data.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", "size=48m", "faults", str(victim.data))

    def undo() -> None:
        victim.kill()
        _run("umount", str(victim.data))
        victim.start()

    try:
        victim.start()
        wait_for(victim.is_ready, 120, f"a ready {victim.name}")
        with suppress(OSError), (victim.data / "ballast").open("wb") as ballast:
            while True:
                ballast.write(bytes(4096))
                ballast.flush()
        victim.signal(signal.SIGKILL)  # its supervisor starts it again, on the full disk
    except BaseException:
        undo()
        raise
    return undo


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise RuntimeError(f"{program} is not installed")
    subprocess.run([found, *arguments], check=True)


def _no_mounts() -> str | None:
    return None if os.geteuid() == 0 else "only root mounts a small file system"


# ------------------------------------------------------------------------------------ brokers


def _kill_leader(scene: Scene) -> Undo:
    kafka = scene.cluster.kafka
    node = scene.cluster.leaders().most_common(1)[0][0]
    kafka.kill_node(node)

    def undo() -> None:
        kafka.restart_node(node)
        scene.cluster.wait_in_sync()

    return undo


def _roll_brokers(scene: Scene) -> Undo:
    kafka = scene.cluster.kafka
    for node in kafka.node_ids:
        kafka.stop_node(node, 60)
        kafka.restart_node(node)
        scene.cluster.wait_in_sync()
    return _nothing


def _pause_broker(scene: Scene) -> Undo:
    kafka, node = scene.cluster.kafka, scene.node
    kafka.pause_node(node)

    def undo() -> None:
        kafka.resume_node(node)
        scene.cluster.wait_in_sync()

    return undo


def _cut(scene: Scene, nodes: list[int], *, deaf: bool = False) -> Undo:
    scene.cluster.proxy.cut(scene.ready().name, nodes, deaf=deaf)
    return scene.cluster.proxy.mend


def _delay(scene: Scene) -> Undo:
    scene.cluster.proxy.slow(scene.ready().name, 0.3)
    return scene.cluster.proxy.mend


def _reset(scene: Scene) -> Undo:
    scene.cluster.proxy.reset(scene.ready().name)
    return _nothing


# --------------------------------------------------------------------------------------- records


def _poison(scene: Scene) -> Undo:
    scene.producing.send(poison(scene.rng, 20))
    return _nothing


def _poison_internal(*topics: str) -> Callable[[Scene], Undo]:
    def begin(scene: Scene) -> Undo:
        for topic in topics:
            for record in poison(scene.rng, 5):
                partition = scene.rng.randrange(scene.cluster.partitions)
                scene.producing.raw(topic, partition, record.raw or b"")
        return _nothing

    return begin


def _again(scene: Scene) -> Undo:
    """Everything of some earlier histories once more, in another order."""
    for part in scene.rng.sample(scene.parts, min(3, len(scene.parts))):
        records = list(part.records)
        scene.rng.shuffle(records)
        scene.producing.send(records)
    return _nothing


# ---------------------------------------------------------------------------------- clocks, topics


def _jump(seconds: float) -> Callable[[Scene], Undo]:
    def begin(scene: Scene) -> Undo:
        victim = scene.ready()
        victim.set_clock(seconds)
        return lambda: victim.set_clock(0.0)

    return begin


def _no_compiler() -> str | None:
    return None if shutil.which("cc") else "no C compiler makes the library that moves a clock"


def _recreate(scene: Scene, topics: tuple[str, ...]) -> None:
    admin = scene.cluster.admin
    for deleted in admin.delete_topics(list(topics), operation_timeout=30).values():
        deleted.result(60)
    scene.gone.update(topics)


def _recreate_changelogs(scene: Scene) -> Undo:
    for worker in scene.cluster.workers:
        worker.stop()
    _recreate(scene, CHANGELOGS)
    scene.cluster.command(["topics", "create"])
    return lambda: _start_or_begin_anew(scene)


def _truncate_changelogs(scene: Scene) -> Undo:
    for worker in scene.cluster.workers:
        worker.stop()
        shutil.rmtree(worker.data, ignore_errors=True)
    scene.cluster.delete_records(CHANGELOGS, 0.9)
    return lambda: _start_or_begin_anew(scene)


def _start_or_begin_anew(scene: Scene) -> None:
    """Start the workers; where they refuse their changelogs, do what the runbook says then."""
    workers = scene.cluster.workers
    for worker in workers:
        worker.start()
    either = "workers that are ready, or refuse"
    wait_for(lambda: _say(scene, REFUSED) or all(w.is_ready() for w in workers), 120, either)
    if _say(scene, REFUSED):
        _begin_anew(scene)


def _say(scene: Scene, words: str) -> bool:
    """Whether a worker says so of why it is not ready."""
    return any(words in worker.answer() for worker in scene.cluster.workers)


def _begin_anew(scene: Scene) -> None:
    """States are thrown away, the inputs read from their beginning.

    An input that was made anew is filled again first, as from a backup.
    """
    for worker in scene.cluster.workers:
        worker.stop()
    if INPUTS["tracking"] in scene.gone:
        for part in scene.parts:
            scene.producing.send(part.records)

    def reset() -> bool:
        # The name of a member that is gone stands in the group until its session ends.
        with suppress(RuntimeError):
            scene.cluster.command(["state", "reset", "--execute"])
            return True
        return False

    wait_for(reset, 120, "a group without members")
    scene.gone.update(INTERNAL)
    for worker in scene.cluster.workers:
        worker.start()


def _recreate_input(scene: Scene) -> Undo:
    topic = INPUTS["tracking"]
    wait_for(lambda: scene.cluster.lag() == 0, 120, "lag 0 before an input is deleted")
    _recreate(scene, (topic,))
    scene.cluster.command(["topics", "create"])
    scene.producing.begin_anew()
    return _nothing


def _recreate_totals(scene: Scene) -> Undo:
    for worker in scene.cluster.workers:
        worker.stop()
    _recreate(scene, (f"{APP_ID}-meter-totals",))
    scene.cluster.command(["topics", "create"])

    def undo() -> None:
        for worker in scene.cluster.workers:
            worker.start()

    return undo


def _add_partitions(scene: Scene) -> Undo:
    more = scene.cluster.partitions + 2
    _give(scene, INPUTS["tracking"], more)

    def undo() -> None:
        wait_for(lambda: _say(scene, UNREAD), 30, "a worker that says so")
        for topic in (INPUTS["orders"], STOCK):
            _give(scene, topic, more)
        scene.cluster.set_partitions(more)
        _begin_anew(scene)

    return undo


def _give(scene: Scene, topic: str, partitions: int) -> None:
    new = NewPartitions(topic, partitions)
    for made in scene.cluster.admin.create_partitions([new]).values():
        made.result(30)


KILL = Fault(
    "kill_worker",
    "kill -9 of a worker, each in turn",
    "it is started again",
    (0.2, 2.0),
    "the others or itself go on where it was; nothing lost, nothing twice with other content",
    _kill,
)

FAULTS: tuple[Fault, ...] = (
    Fault(
        "freeze_worker",
        "SIGSTOP of a worker for less than its session",
        "SIGCONT",
        (3.0, 6.0),
        "nothing but a delay",
        _freeze,
    ),
    Fault(
        "freeze_worker_past_session",
        "SIGSTOP of a worker until its session has ended and others have its partitions",
        "SIGCONT",
        (14.0, 18.0),
        "what it writes on waking undoes nothing of its successors'",
        _freeze,
    ),
    Fault(
        "slow_worker",
        "a worker that gets half of the time",
        "it gets all of it",
        (6.0, 10.0),
        "nothing but a delay",
        _slow,
    ),
    Fault(
        "join",
        "a further worker joins",
        "it leaves in good order",
        (8.0, 12.0),
        "its partitions come with their state, and go back",
        _join,
    ),
    Fault(
        "leave",
        "a worker is stopped in good order, past its session",
        "it is started again",
        (12.0, 15.0),
        "status 0; the others take over",
        _leave,
    ),
    Fault(
        "kill_all_workers",
        "kill -9 of all workers at once",
        "all are started again",
        (0.5, 3.0),
        "nothing lost",
        _restart_all,
    ),
    Fault(
        "roll_workers",
        "workers are stopped and started one after the other",
        "nothing to undo",
        (0.0, 1.0),
        "each is ready before the next",
        _roll_workers,
    ),
    Fault(
        "delete_store",
        "kill -9 of a worker, its local state is deleted",
        "it is started again",
        (0.2, 1.0),
        "the state comes from the changelogs",
        _delete_store,
    ),
    Fault(
        "full_disk",
        "no byte is left where a worker's local state is, and it is killed and started there",
        "it is started again with the local state from before",
        (20.0, 25.0),
        "nothing lost, whether it ends again and again or lives",
        _fill_disk,
        impossible=_no_mounts,
    ),
    Fault(
        "kill_leader",
        "kill -9 of the broker that leads most partitions",
        "it is started again and in sync",
        (4.0, 8.0),
        "nothing that was acknowledged is lost; workers ride through or are started again",
        _kill_leader,
    ),
    Fault(
        "roll_brokers",
        "each broker is stopped in good order and started, one after the other",
        "nothing to undo",
        (0.0, 1.0),
        "nothing but delays",
        _roll_brokers,
    ),
    Fault(
        "pause_broker",
        "SIGSTOP of a broker",
        "SIGCONT, and it is in sync",
        (4.0, 8.0),
        "nothing but a delay",
        _pause_broker,
    ),
    Fault(
        "partition_one_broker",
        "one worker cannot reach one broker",
        "the link is mended; what waited on it passes",
        (4.0, 7.0),
        "nothing but a delay",
        lambda scene: _cut(scene, [scene.node]),
    ),
    Fault(
        "partition_all_brokers",
        "one worker can reach no broker until its session has ended",
        "the links are mended; what waited on them passes",
        (14.0, 18.0),
        "the others take over; what it had under way undoes nothing",
        lambda scene: _cut(scene, scene.cluster.kafka.node_ids),
    ),
    Fault(
        "half_partition",
        "brokers hear one worker, it hears none of them",
        "the links are mended",
        (6.0, 12.0),
        "what it sent and believes unsent is published once",
        lambda scene: _cut(scene, scene.cluster.kafka.node_ids, deaf=True),
    ),
    Fault(
        "slow_network",
        "everything between one worker and the brokers comes 0.3 s later",
        "no delay",
        (6.0, 10.0),
        "nothing but a delay",
        _delay,
    ),
    Fault(
        "reset_connections",
        "every connection of one worker is reset",
        "nothing to undo",
        (0.5, 1.0),
        "nothing but a delay",
        _reset,
    ),
    Fault(
        "poison_inputs",
        "20 records that are no messages, in both inputs",
        "nothing to undo",
        (0.5, 1.0),
        "a dead letter each, and of nothing else",
        _poison,
    ),
    Fault(
        "poison_internal",
        "records that are no messages in the internal topics, meter-totals excepted",
        "nothing to undo",
        (0.5, 1.0),
        "a dead letter each, and of nothing else",
        _poison_internal(*(topic for topic in INTERNAL if not topic.endswith("meter-totals"))),
    ),
    Fault(
        "repeats_in_disorder",
        "three earlier histories come again, in another order",
        "nothing to undo",
        (0.5, 1.0),
        "no warning changes",
        _again,
    ),
    Fault(
        "flip_byte",
        "one bit of a closed table of a worker's local state is flipped",
        "it is started again",
        (0.2, 1.0),
        "the partition is rebuilt from its changelog",
        _flip_byte,
    ),
    Fault(
        "poison_totals",
        "records that are no messages in meter-totals",
        "nothing to undo",
        (0.5, 1.0),
        "a dead letter each, and of nothing else",
        _poison_internal(f"{APP_ID}-meter-totals"),
    ),
    Fault(
        "clock_ahead",
        "a worker's clock jumps a day ahead",
        "it jumps back",
        (6.0, 8.0),
        "no breach is seen before its deadline",
        _jump(86_400.0),
        impossible=_no_compiler,
    ),
    Fault(
        "clock_behind",
        "a worker's clock jumps an hour back",
        "it jumps to the present",
        (6.0, 8.0),
        "nothing but a delay",
        _jump(-3_600.0),
        impossible=_no_compiler,
    ),
    Fault(
        "recreate_changelogs",
        "all changelogs are deleted and made again while no worker runs",
        "workers are started again",
        (0.5, 1.0),
        "workers refuse to start; begun anew, the state comes from the inputs",
        _recreate_changelogs,
    ),
    Fault(
        "truncate_changelogs",
        "local state is gone, and so are nine tenths of each changelog",
        "workers are started again",
        (0.5, 1.0),
        "workers refuse to start; begun anew, the state comes from the inputs",
        _truncate_changelogs,
    ),
    Fault(
        "recreate_totals",
        "meter-totals is deleted and made again while no worker runs",
        "workers are started again",
        (0.5, 1.0),
        "shops' days are counted right",
        _recreate_totals,
    ),
    Fault(
        "recreate_input",
        "tracking-update is deleted and made again while workers run, everything in it read",
        "nothing to undo",
        (1.0, 2.0),
        "what comes afterwards is read",
        _recreate_input,
    ),
    Fault(
        "add_partitions",
        "tracking-update gets two partitions more while workers run",
        "all inputs have as many, workers are told and begin anew",
        (1.0, 2.0),
        "workers say that they read not all of it; begun anew, they read all",
        _add_partitions,
    ),
)

DEPLOY = Fault(
    "deploy",
    "all workers of an earlier release are stopped, then started as this one",
    "nothing to undo",
    (1.0, 2.0),
    "what the earlier release stored and sent is read",
    _deploy,
)

BY_NAME = {fault.name: fault for fault in (KILL, *FAULTS, DEPLOY)}
