"""The watch over an event loop: what ends the process, what does not, and what it says."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.engine.worker.loopwatch import Quiet

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import asyncio, itertools, logging, os, sys, threading, time
from collections import deque
from streams.engine.worker.loopwatch import LoopWatch

logging.basicConfig(format="log: %(message)s")

def endless_loop():
    while True:
        pass

def deep_endless_loop(depth=90):
    while depth == 0:
        pass
    deep_endless_loop(depth - 1)

def deadlock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

def never_returns():
    time.sleep(1_000)

def native_loop():
    deque(itertools.repeat(0), maxlen=0)

def blocked_in_logging():
    while True:
        logging.warning("x" * 1_000)

async def main(watch, work):
    watch.follow(asyncio.get_running_loop(), lambda: "testing")
    print("follows", flush=True)
    await work()
    watch.leave(7)

async def stuck_thread():
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 1_000)
    await asyncio.sleep(0.1)

async def idle():
    await asyncio.sleep(2.5)

async def busy():
    for _ in range(8):
        time.sleep(0.4)
        await asyncio.sleep(0.05)

def calling(blocks):
    async def work():
        blocks()
    return work

work = globals()[sys.argv[1]]
with LoopWatch(float(sys.argv[2])) as watch:
    asyncio.run(main(watch, work if asyncio.iscoroutinefunction(work) else calling(work)))
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process whose loop does `work`, watched with `timeout`, and waits until it does."""
    started: list[subprocess.Popen[str]] = []

    def start(work: str, timeout: float = 1.0) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, work, str(timeout)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "follows\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("work", ["endless_loop", "deadlock", "never_returns"])
def test_a_blocked_loop_ends_the_process(start: Start, work: str) -> None:
    """With status 1, one line that says so, the stacks of all threads, and a line of the log."""
    process = start(work)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    failed, *stacks, logged = said.splitlines()
    line = "Stalled: the event loop did not answer for 1 s while testing"
    assert failed == f"worker failed: {line}"
    assert logged == f"log: the worker ends: {line}"
    assert sum(each.startswith(("Thread ", "Current thread ")) for each in stacks) >= 2
    assert any(each.endswith(f" in {work}") for each in stacks)


def test_native_code_that_keeps_the_interpreter_ends_too(start: Start) -> None:
    """By a signal: no thread of Python can run. The stacks are shown before."""
    process = start("native_loop", 0.5)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGPROF
    assert any(line.endswith(" in native_loop") for line in said.splitlines())


@pytest.mark.parametrize(
    ("work", "room"), [("blocked_in_logging", 0), ("native_loop", 0), ("deep_endless_loop", 1)]
)
def test_it_ends_where_nobody_reads_standard_error(start: Start, work: str, room: int) -> None:
    """A full pipe keeps nothing alive: not where the loop itself is blocked in it, nor where there
    is a page's room for the line and not for the stacks."""
    process = start(work, 0.5)
    assert process.stderr is not None
    filler = os.open(f"/proc/self/fd/{process.stderr.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filler, bytes(4096))
        os.read(process.stderr.fileno(), 4096 * room)
        assert process.wait(60) in (1, -signal.SIGPROF)
    finally:
        os.close(filler)


def test_a_thread_that_never_ends_does_not_keep_the_process(start: Start) -> None:
    """The loop has done its work, and its threads are waited for: for the time-out at most."""
    process = start("stuck_thread")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 7
    assert "the worker has ended, and its process had not after 1 s: it is ended" in said
    assert "Thread" not in said


@pytest.mark.parametrize("work", ["idle", "busy"])
def test_a_loop_that_answers_stays(start: Start, work: str) -> None:
    """Idle for longer than the time-out, or busy with many things of which none takes so long."""
    process = start(work)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


def test_a_frozen_process_goes_on(start: Start) -> None:
    """What it slept through while it was stopped was no time in which the loop could answer."""
    process = start("busy")  # and so hit between two beats
    for _ in range(3):
        time.sleep(0.3)
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


def test_quiet_seconds_are_those_lived_through() -> None:
    """A sleep that took much longer than it should counts as two; a beat starts anew."""
    quiet = Quiet(1.0)
    assert [quiet.look(7, 1.0), quiet.look(7, 1.0), quiet.look(7, 1.1)] == [0.0, 1.0, 2.1]
    assert quiet.look(7, 3_600.0) == pytest.approx(4.1)
    assert quiet.look(8, 1.0) == 0.0
