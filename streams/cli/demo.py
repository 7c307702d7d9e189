"""`shipsentry demo`: a made-up week in half a minute, with everything in this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

import click

EPILOG = """\b
Examples:
  shipsentry demo
  shipsentry demo --speed 2 --port 8080 --keep
  shipsentry demo --desk --keep
  shipsentry demo --verbose
  shipsentry demo --quiet --no-color

The broker is in memory: nothing to install, nothing is stored. At the end the worker's warnings are
compared with a replay of the same records. Exit status: 0 equal, 1 different or failed, 130 after
Ctrl-C (143 after SIGTERM).
"""


LEAVING = 5.0
"""Seconds that the process may take to end once everything is said."""


@click.command(epilog=EPILOG)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 50),
    default=5.0,
    show_default=True,
    help="Simulated hours a second; at 5 the history takes 36 s.",
)
@click.option("--quiet", is_flag=True, help="Only the beginning and the summary.")
@click.option("--verbose", is_flag=True, help="Each revision of each warning, as it comes.")
@click.option("--color/--no-color", default=None, help="Default: colours on a terminal.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port of the web pages; 0: none. Default: one that is free.",
)
@click.option("--keep", is_flag=True, help="Go on serving the web pages at the end, until Ctrl-C.")
@click.option("--desk", is_flag=True, help="Serve a desk too, which says how to sign in.")
def demo(
    speed: float,
    quiet: bool,
    verbose: bool,
    color: bool | None,
    port: int | None,
    keep: bool,
    desk: bool,
) -> None:
    """Show the worker at work on a made-up week of orders and parcels."""
    if keep and port == 0 and not desk:
        raise click.UsageError("--keep serves the web pages: --port 0 turns them off")
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose: only one of them")
    received: list[int] = []
    status = 1

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if received:
            os._exit(128 + number)  # asked twice: do not even tidy up
        received.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        from streams.demo.run import DemoError, Options, run
        from streams.demo.screen import Screen

        screen = Screen(quiet=quiet, verbose=verbose, colour=color)
        try:
            status = run(Options(speed, port, keep, desk), screen)
        except DemoError as error:
            screen.clear()
            raise click.ClickException(str(error)) from error
        except BaseException:
            screen.clear()
            raise
    except (KeyboardInterrupt, Exception) as error:
        # librdkafka's constructors answer a signal that interrupts them with an error of their own.
        if not received and not isinstance(error, KeyboardInterrupt):
            raise
        click.echo("Stopped. Nothing was stored.")
        status = 128 + received[0] if received else 130
    finally:
        _leave(status)
    sys.exit(status)


def _leave(status: int) -> None:
    """A worker that failed may leave threads that never end: the process does not wait for them."""
    timer = threading.Timer(LEAVING, os._exit, [status])
    timer.daemon = True
    timer.start()
