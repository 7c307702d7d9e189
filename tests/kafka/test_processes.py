"""`worker --processes` on a real Kafka: its processes judge as one worker, whatever is killed."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kafka_server import KafkaServer
from support.playing import combined, play, wanted
from support.ports import free_port
from support.running import WORKER, Deployment, Worker, wait_for


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Supervisors that a test starts; whatever still runs of them at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()
        for pid in pids(worker):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def pids(worker: Worker) -> list[int]:
    """All processes that were started by a supervisor, by its log."""
    text = worker.log.read_text(errors="replace") if worker.log.exists() else ""
    return [int(pid) for pid in re.findall(r"is started pid=(\d+)", text)]


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not Path(f"/proc/{pid}").exists()


def page(worker: Worker, path: str) -> str:
    """A page of the supervisor."""
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.http_port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def is_ready(worker: Worker) -> bool:
    """Whether /readyz says so."""
    try:
        return page(worker, "/readyz") == "ok\n"
    except OSError:
        return False


@pytest.mark.timeout(300)
def test_processes_judge_as_one_whatever_is_killed(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Three processes, of which one is killed, then the supervisor; then two processes: all that
    `replay` says."""
    deployment = Deployment(
        kafka.bootstrap, tmp_path, session_timeout_s=6, heartbeat_s=2, delivery_timeout_s=4
    )
    worker = deployment.worker(program=(*WORKER, "--processes", "3"), http_port=free_port())
    workers.append(worker.start())
    parts = [combined(range(n, n + 4)) for n in (0, 4, 8)]
    history = type(parts[0])(
        [value for part in parts for value in part.orders],
        [value for part in parts for value in part.tracking],
        parts[-1].until,
    )
    wait_for(lambda: is_ready(worker), 90, "three processes that are ready")
    play(deployment, parts[0])
    text = page(worker, "/metrics")
    owned = re.findall(r'shipsentry_partitions{process="(\d)",state="owned"} (\d)', text)
    assert sorted(process for process, _ in owned) == ["0", "1", "2"]
    assert sum(int(number) for _, number in owned) == 4
    os.kill(pids(worker)[1], signal.SIGKILL)
    wait_for(lambda: len(pids(worker)) == 4, 30, "the process to be started again")
    play(deployment, parts[1])
    alive = [pid for pid in pids(worker) if not is_gone(pid)]
    worker.kill()
    wait_for(lambda: all(map(is_gone, alive)), 30, "the end of processes without supervisor")
    assert {path.name for path in worker.data_dir.glob("process-*")} == {
        f"process-{n}" for n in range(3)
    }
    worker._program = (*WORKER, "--processes", "2")
    worker.start()
    wait_for(lambda: is_ready(worker), 90, "two processes that are ready")
    play(deployment, parts[2])
    deployment.wait_for_standing(wanted(history))
    assert deployment.read(deployment.topics.dead_letters) == []
    assert worker.stop() == 0
    assert deployment.lag() == 0
