"""A supervisor as a program, and stand-ins for workers: starts, ends, deaths, one port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.ports import free_port
from support.running import wait_for
from support.serving import pages_at
from support.supervised import PROGRAM, supervised

from streams.engine.pages.access import Access
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.tokens import Tokens
from streams.processes.child import Child, Pauses
from streams.telemetry.events import Event

TOKEN = "t" * 32


class Site:
    """A supervisor that runs, its slots' files, and its port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self, patience: float = 20.0) -> subprocess.Popen[bytes]:
        """Start the supervisor of two slots."""
        with self.log.open("wb") as log:
            arguments = [str(self.folder), str(self.port), "2", str(patience)]
            self.process = subprocess.Popen([*PROGRAM, "supervise", *arguments], stderr=log)
        return self.process

    def start(self, patience: float = 20.0) -> None:
        """The same, and wait until both serve."""
        self.launch(patience)
        for number in range(2):
            self.pid_of(number)

    def pid_of(self, number: int, other_than: int = 0) -> int:
        """The process of a slot, once it serves."""

        def found() -> int:
            with suppress(FileNotFoundError, ValueError):
                pid = int((self.folder / f"{number}.pid").read_text())
                return pid if pid != other_than else 0
            return 0

        return int(wait_for(found, 30, lambda: f"slot {number}:\n{self.log.read_text()}"))

    def get(self, path: str) -> tuple[int, str]:
        """Status and body."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=10
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self) -> int:
        """SIGTERM, and the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def is_gone(pid: int) -> bool:
    """Whether a process, whoever its parent is, has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "ZX"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Not started yet; what runs of it at the end is killed."""
    made = Site(tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()
    for file in tmp_path.glob("*.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def test_one_port_for_all(site: Site) -> None:
    """Probes name who is not ready, metrics say whose they are, questions reach any or a certain
    one; SIGTERM ends all in good order."""
    (site.folder / "1.unready").write_text("restoring, 7 records left")
    site.start()
    assert site.get("/healthz") == (200, "ok\n")
    assert site.get("/readyz") == (503, "process 1: restoring, 7 records left\n")
    (site.folder / "1.unready").unlink()
    assert site.get("/readyz") == (200, "ok\n")
    status, text = site.get("/metrics")
    assert status == 200
    lines = text.splitlines()
    assert {line for line in lines if line.startswith("slot_number{")} == {
        'slot_number{process="0"} 0.0',
        'slot_number{process="1"} 1.0',
    }
    assert 'shipsentry_process_up{process="1"} 1.0' in lines
    assert 'shipsentry_process_restarts_total{process="0"} 0.0' in lines
    assert any(line.startswith('process_cpu_seconds_total{process="supervisor"}') for line in lines)
    asked = {site.get("/check?a=%20b")[1] for _ in range(2)}
    assert asked == {"0 /check?a=%20b no word", "1 /check?a=%20b no word"}
    assert site.get("/process/1/check/order?a=1") == (503, "1 /check/order?a=1 no word")
    assert site.get("/process/2/check")[0] == 404
    assert site.get("/process/1/metrics")[0] == 404
    assert site.end() == 0
    assert {file.name for file in site.folder.glob("*.ended")} == {"0.ended", "1.ended"}


def test_a_process_that_is_killed_is_started_again(site: Site) -> None:
    """The others go on; the probe of life does not speak of it, log and metrics do."""
    site.start()
    first, other = site.pid_of(0), site.pid_of(1)
    os.kill(first, signal.SIGKILL)
    assert site.get("/healthz") == (200, "ok\n")
    again = site.pid_of(0, other_than=first)
    assert again != first
    assert site.pid_of(1) == other
    wait_for(lambda: site.get("/readyz")[0] == 200, 10, "all ready")
    lines = site.get("/metrics")[1].splitlines()
    assert 'shipsentry_process_restarts_total{process="0"} 1.0' in lines
    assert 'shipsentry_process_restarts_total{process="1"} 0.0' in lines
    assert "process 0 has ended (SIGKILL)" in site.log.read_text()
    assert site.end() == 0


def test_a_process_that_hangs_is_named_by_both_probes(site: Site) -> None:
    """And left out of the metrics, with `up` 0."""
    site.start()
    assert site.get("/readyz")[0] == 200
    pid = site.pid_of(1)
    os.kill(pid, signal.SIGSTOP)
    try:
        for path in ("/healthz", "/readyz"):
            assert site.get(path) == (503, "process 1: it does not answer\n")
        lines = site.get("/metrics")[1].splitlines()
        assert 'shipsentry_process_up{process="1"} 0.0' in lines
        assert 'slot_number{process="1"} 1.0' not in lines
        assert 'slot_number{process="0"} 0.0' in lines
    finally:
        os.kill(pid, signal.SIGCONT)
    assert site.get("/healthz") == (200, "ok\n")


def test_processes_do_not_outlive_a_supervisor_that_is_killed(site: Site) -> None:
    """They notice, and end in good order."""
    site.start()
    pids = [site.pid_of(number) for number in range(2)]
    assert site.process is not None
    site.process.kill()
    site.process.wait()
    wait_for(lambda: all(map(is_gone, pids)), 10, "the end of all processes")
    assert {file.name for file in site.folder.glob("*.ended")} == {"0.ended", "1.ended"}


def test_what_does_not_end_is_killed(site: Site) -> None:
    """After the time that the supervisor was given; the status says that it was not clean."""
    (site.folder / "1.stubborn").touch()
    site.start(patience=1.0)
    pids = [site.pid_of(number) for number in range(2)]
    assert site.end() == 1
    assert all(map(is_gone, pids))
    assert (site.folder / "0.ended").exists()
    assert "process 1 had not ended after 1 s: it is killed" in site.log.read_text()


def test_a_wrong_setting_ends_all(site: Site) -> None:
    """A name in the group that another worker has: to start again would be no use."""
    (site.folder / "1.fatal").touch()
    assert site.launch().wait(30) == 2
    assert "process 1 has ended (status 2)" in site.log.read_text()


def test_the_supervisor_looks_at_who_asks(tmp_path: Path) -> None:
    """A token is for the supervisor; a process wants the supervisor's own, and hears of words."""
    children, front = supervised(
        tmp_path, 1, Access(tokens=Tokens([TOKEN]), open_pages=frozenset())
    )
    port = free_port()

    async def run() -> None:
        server = await front.serve("127.0.0.1", port)
        assert server is not None
        keeping = asyncio.ensure_future(children[0].keep())
        try:
            async with pages_at(port) as pages:
                await asyncio.to_thread(wait_for, (tmp_path / "0.pid").exists, 30, "the process")
                assert (await pages.get("/check")).status == 401
                assert (await pages.get("/metrics")).status == 401
                headers = {WORD_HEADER: "word"}
                answer = await pages.get("/check?a=1", token=TOKEN, **headers)
                assert (answer.status, answer.text) == (503, "0 /check?a=1 word")
                assert answer.headers["Retry-After"] == "7"
                assert answer.headers["Cache-Control"] == "no-store"
            async with pages_at(int(children[0].address.rpartition(":")[2])) as pages:
                assert (await pages.get("/check")).status == 401
                assert (await pages.get("/metrics", token=TOKEN)).status == 401
                assert (await pages.get("/healthz", token=children[0].slot.token)).status == 200
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await children[0].end(5.0)
            await server.cleanup()
            children[0].close()

    asyncio.run(run())


def test_nobody_answers_while_all_are_started(tmp_path: Path) -> None:
    """503, and the probe of life is content."""
    children, front = supervised(tmp_path, 1, Access())
    port = free_port()

    async def run() -> None:
        server = await front.serve("127.0.0.1", port)
        assert server is not None
        try:
            async with pages_at(port) as pages:
                answer = await pages.get("/check")
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert (await pages.get("/healthz")).status == 200
                assert (await pages.get("/readyz")).text == "process 0: it is being started\n"
        finally:
            await server.cleanup()
            children[0].close()

    asyncio.run(run())


def test_pauses_grow_and_have_a_bound() -> None:
    """From one second to a minute."""
    pauses = Pauses()
    assert [pauses.before(n) for n in (1, 2, 3, 7, 5_000)] == [1, 2, 4, 60, 60]


@pytest.mark.parametrize("steady", [True, False])
def test_a_steady_process_begins_with_the_first_pause(
    tmp_path: Path, steady: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """One that ran for a while and ends has not failed again and again."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 10.0 if steady else 0.0
        return now

    child = Child(0, ("true",), Pauses(0.001, 1.0, 5.0), clock)

    async def run() -> None:
        keeping = asyncio.ensure_future(child.keep())
        await asyncio.to_thread(wait_for, lambda: child.restarts > 2, 30, "three restarts")
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await child.end(5.0)

    with caplog.at_level("ERROR"):
        asyncio.run(run())
    child.close()
    pauses = [
        record.args["again_in_seconds"]
        for record in caplog.records
        if isinstance(record.args, Event)
    ]
    assert pauses[:3] == ([0.001] * 3 if steady else [0.001, 0.002, 0.004])
