"""The `shipsentry` command: from its first moment on, Ctrl-C ends it without a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from streams.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
