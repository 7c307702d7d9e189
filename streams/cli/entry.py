"""The `shipsentry` command: from its first moment on, a signal ends it without a traceback."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line."""
    try:
        if os.getpid() == 1:
            # A container's first process: the kernel keeps from it what it has no handler for.
            signal.signal(signal.SIGTERM, _end)
        from streams.cli.group import main as run
        from streams.cli.logs import guard_uncaught

        guard_uncaught()
        run()
    except KeyboardInterrupt:
        sys.exit(130)


def _end(number: int, _frame: object) -> None:
    """End as the signal would end any other process, for a shell or an engine that asks."""
    sys.exit(128 + number)
