"""What a push costs: requests a second, p99 and CPU a line, beside a bare aiohttp server.

Kuaidi100's pushes of 20 lines go to `shipsentry ingest` over the embedded cluster, and the same
bytes to a server that reads and answers, from one client and on the same machine, in turns:

    .venv/bin/python benchmarks/ingest.py --seconds 5 --at-once 16

Both share the machine with the client and the cluster, so the ratio says more than the rates.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.ports import free_port  # noqa: E402
from support.running import wait_for  # noqa: E402

from streams.demo.broker import EmbeddedCluster  # noqa: E402

SALT = "a-salt"
LINES = 20
TOPICS = {"order-paid": 4, "tracking-update": 4, "shipment-dead-letters": 1}
FEED = '[[feed]]\nsource = "kuaidi100"\nname = "main"\nsecret_env = "SALT"\n'


class Measured(NamedTuple):
    """One server under load: requests a second, p99 in seconds, seconds of its CPU a request."""

    rate: float
    p99: float
    cpu: float


def push(number: int) -> bytes:
    """A push about a parcel, signed, of some 3 KB."""
    lines = [
        {
            "ftime": f"2026-11-25 {10 + line // 60:02}:{line % 60:02}:00",
            "context": "【杭州转运中心】已发出，下一站 【广州转运中心】",
            "statusCode": "1002",
            "areaCode": "CN330100000000",
            "areaName": "浙江,杭州市",
        }
        for line in range(LINES)
    ]
    param = json.dumps(
        {"lastResult": {"com": "zhongtong", "nu": f"78{number:012}", "data": lines}},
        ensure_ascii=False,
    )
    sign = hashlib.md5((param + SALT).encode(), usedforsecurity=False).hexdigest().upper()
    return urlencode({"param": param, "sign": sign}).encode()


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(url: str, pid: int, seconds: float, at_once: int) -> Measured:
    """Send pushes for so long, so many at a time; each must be answered with 200."""
    bodies = [push(number) for number in range(500)]
    took: list[float] = []
    sent = iter(range(1 << 60))

    async def send(session: aiohttp.ClientSession, until: float) -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            async with session.post(url, data=bodies[next(sent) % len(bodies)]) as answer:
                said = await answer.text()
                if answer.status != 200:
                    raise RuntimeError(f"{url} answers {answer.status}: {said}")
            took.append(time.perf_counter() - began)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await send(session, time.perf_counter() + 1)  # to warm up
        took.clear()
        cpu, began = cpu_of(pid), time.perf_counter()
        await asyncio.gather(*(send(session, began + seconds) for _ in range(at_once)))
        passed = time.perf_counter() - began
    took.sort()
    return Measured(
        len(took) / passed, took[int(len(took) * 0.99)], (cpu_of(pid) - cpu) / len(took)
    )


@contextmanager
def program(port: int, *words: str, **environment: str) -> Iterator[int]:
    """A server as a process of its own, once its port is open; its id."""
    running = subprocess.Popen([sys.executable, *words], env={**os.environ, **environment})

    def open_() -> bool:
        if running.poll() is not None:
            raise RuntimeError("the server has ended")
        try:
            asyncio.run(_connect(port))
        except OSError:
            return False
        return True

    try:
        wait_for(open_, 30, "the server")
        yield running.pid
    finally:
        running.terminate()
        running.wait(30)


async def _connect(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def echo(port: int) -> None:
    """A server that reads a request and says that it is taken."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"result": True})

    application = web.Application()
    application.router.add_post("/", answer)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


def main() -> None:
    """Measure in turns, and say the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--echo", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.echo:
        echo(chosen.echo)
        return
    found: dict[str, list[Measured]] = {"echo": [], "ingest": []}
    bare, port = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory() as directory,
        EmbeddedCluster(topics=TOPICS) as cluster,
        program(bare, __file__, "--echo", str(bare)) as echo_pid,
    ):
        feeds = Path(directory) / "feeds.toml"
        feeds.write_text(FEED)
        words = ("-m", "streams.cli", "ingest", "--feeds", str(feeds))
        given = {
            "SHIPSENTRY_BOOTSTRAP_SERVERS": cluster.bootstrap,
            "SHIPSENTRY_INGEST_PORT": str(port),
            "SALT": SALT,
        }
        with program(port, *words, **given) as pid:
            for _ in range(chosen.rounds):
                for name, url, process in (
                    ("echo", f"http://127.0.0.1:{bare}/", echo_pid),
                    ("ingest", f"http://127.0.0.1:{port}/in/kuaidi100/main", pid),
                ):
                    one = asyncio.run(load(url, process, chosen.seconds, chosen.at_once))
                    found[name].append(one)
                    print(name, *(f"{value:.5f}" for value in one), flush=True)
    rates = {
        name: sorted(each.rate for each in all_)[len(all_) // 2] for name, all_ in found.items()
    }
    cpu = sorted(each.cpu for each in found["ingest"])[chosen.rounds // 2]
    p99 = sorted(each.p99 for each in found["ingest"])[chosen.rounds // 2]
    print(
        f"ingest {rates['ingest']:.0f} requests/s of {LINES} lines, p99 {p99 * 1000:.0f} ms, "
        f"{cpu / LINES * 1e6:.0f} µs CPU a line; echo {rates['echo']:.0f} requests/s, "
        f"ratio {rates['ingest'] / rates['echo']:.3f}"
    )


if __name__ == "__main__":
    main()
