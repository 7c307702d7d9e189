"""`shipsentry play`: the demo's week into one's own Kafka, as if it were this one."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from streams.settings import load_settings

EPILOG = """\b
Examples:
  shipsentry topics create && shipsentry play
  shipsentry play --backlog && shipsentry warnings tail --from-beginning

For a look at workers, dashboards and alerts with something to show; never beside real orders. The
made-up week of `shipsentry demo` is moved by whole days, so that now falls on its sixth: five days
are played at once, the rest in real time. Exit status: 0 played, or nothing to do; 1 no topics, or
not all was taken; 130 after Ctrl-C (143 after SIGTERM).
"""


@click.command(epilog=EPILOG)
@click.option("--backlog", is_flag=True, help="Only what lies before now; then end.")
@click.option(
    "--again",
    is_flag=True,
    help="Also where the topic of orders has records: those of an earlier play come once more, as "
    "they were, and it goes on from there.",
)
def play(backlog: bool, again: bool) -> None:
    """Play a made-up week of orders and parcels into Kafka, as if it were this one."""
    settings = load_settings()
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    previous = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        from streams.demo.live import PlayError
        from streams.demo.live import play as run

        try:
            run(settings, click.echo, backlog=backlog, again=again)
        except PlayError as error:
            raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, Exception) as error:
        # librdkafka's constructors answer a signal that interrupts them with an error of their own.
        if not received and not isinstance(error, KeyboardInterrupt):
            raise
        click.echo("Stopped; what was played stays.")
        sys.exit(128 + received[0] if received else 130)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
