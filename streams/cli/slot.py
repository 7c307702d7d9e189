"""A worker as one of several processes; `shipsentry worker --processes` starts it, nobody else."""

from __future__ import annotations

import socket
import sys

import click

from streams.cli.logs import configure, guard_uncaught
from streams.cli.worker import run, running
from streams.processes.settings import longest_stop, of_slot
from streams.processes.slot import follow, read_slot
from streams.settings import SettingsError, load_settings


@click.command()
def slot() -> None:
    """Run as the slot that standard input names, until it ends."""
    mine = read_slot(sys.stdin.fileno())
    try:
        settings = of_slot(mine, load_settings())
        follow(sys.stdin.fileno(), longest_stop(settings))
        configure(settings, process=mine.number)
        with running(settings):
            status = run(settings, mine, socket.socket(fileno=mine.listener))
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(status)


if __name__ == "__main__":
    guard_uncaught()
    slot()
