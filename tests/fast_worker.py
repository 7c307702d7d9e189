"""`shipsentry worker` whose clock runs faster: a silence of ten minutes passes in half a minute.

Run as a program: ``python -P tests/fast_worker.py 20`` with the settings in the environment;
without -P the folders of tests would hide the packages of the same names.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from streams.app import build
from streams.cli.logs import configure
from streams.engine.worker.runner import run_worker
from streams.settings import load_settings


def faster(speed: float) -> Callable[[], int]:
    """A clock (µs since the epoch) that begins at the wall's time."""
    wall, began = time.time(), time.monotonic()
    return lambda: int((wall + (time.monotonic() - began) * speed) * 1_000_000)


def main() -> int:
    """Run it; the exit status is the worker's."""
    settings = load_settings()
    configure(settings)
    app = build(settings, clock=faster(float(sys.argv[1])))
    return run_worker(app, http_host=settings.http_host, http_port=settings.http_port)


if __name__ == "__main__":
    sys.exit(main())
