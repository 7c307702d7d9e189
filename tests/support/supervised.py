"""Stand-ins for workers under a real supervisor, and the supervisor as a program.

``python -P tests/support/supervised.py slot FOLDER`` is a process of a slot: it serves what a
worker serves. Files in FOLDER, named after its slot, say how it behaves: ``0.unready`` has what
/readyz answers, ``0.fatal`` ends it with status 2, ``0.stubborn`` has it heed no SIGTERM.
``… supervise FOLDER PORT COUNT PATIENCE`` supervises COUNT of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from aiohttp import web
from prometheus_client import Gauge

from streams.engine.pages.access import Access
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.serving import Route, serve
from streams.engine.pages.tokens import Tokens
from streams.processes.child import Child, Pauses
from streams.processes.front import Front
from streams.processes.slot import follow, read_slot
from streams.processes.supervisor import supervise

PROGRAM = (sys.executable, "-P", __file__)
PATHS = ("/check", "/check/order")


async def _slot(folder: Path) -> None:
    mine = read_slot(sys.stdin.fileno())
    follow(sys.stdin.fileno(), 5.0)
    if (folder / f"{mine.name}.fatal").exists():
        sys.exit(2)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    heed = stop.set if not (folder / f"{mine.name}.stubborn").exists() else lambda: None
    loop.add_signal_handler(signal.SIGTERM, heed)
    Gauge("slot_number", "Which one this is.").set(mine.number)
    unready = folder / f"{mine.name}.unready"

    async def check(request: web.Request) -> web.Response:
        word = request.headers.get(WORD_HEADER, "no word")
        text = f"{mine.name} {request.path_qs} {word}"
        return web.Response(text=text, status=503, headers={"Retry-After": "7"})

    await serve(
        "127.0.0.1",
        0,
        alive=lambda: None,
        ready=lambda: unready.read_text() if unready.exists() else None,
        routes=[Route(path, check) for path in PATHS],
        access=Access(tokens=Tokens([mine.token]), open_pages=frozenset()),
        listener=socket.socket(fileno=mine.listener),
    )
    (folder / f"{mine.name}.pid").write_text(str(os.getpid()))
    await stop.wait()
    (folder / f"{mine.name}.ended").touch()


def supervised(folder: Path, count: int, access: Access) -> tuple[list[Child], Front]:
    """Slots that behave as the files in `folder` say, and their pages; nothing is started yet."""
    command = (*PROGRAM, "slot", str(folder))
    children = [Child(number, command, Pauses(0.05, 0.2, 60.0)) for number in range(count)]
    return children, Front(children, access, PATHS)


def main() -> int:
    """Run as the arguments say."""
    folder = Path(sys.argv[2])
    if sys.argv[1] == "slot":
        asyncio.run(_slot(folder))
        return 0
    logging.basicConfig(level=logging.INFO)
    port, count, patience = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
    children, front = supervised(folder, count, Access())
    return asyncio.run(supervise(children, front, "127.0.0.1", port, patience))


if __name__ == "__main__":
    sys.exit(main())
