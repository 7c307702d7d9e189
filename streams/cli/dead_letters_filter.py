"""What the commands about dead letters share: which are wanted, and where they are read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from schemas.reasons import REASONS
from streams.cli.files import InputFile
from streams.cli.moments import Moment
from streams.dead_letters.letters import LetterBroken
from streams.dead_letters.sources import Read, in_file, on_kafka
from streams.settings import load_settings
from streams.telemetry.counted import counted

file_option = click.option(
    "--file", type=InputFile(dash=False), help="From a file of `replay --dead-letters`, not Kafka."
)


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--topic --reason --field --since --until` of a command."""
    for decorate in (
        click.option("--until", type=Moment(), help="Detected before this time."),
        click.option("--since", type=Moment(), help="Detected at this time or later."),
        click.option(
            "--field",
            "fields",
            multiple=True,
            help="About this field, as `items.quantity` or `items`; `-`: none. Repeatable.",
        ),
        click.option(
            "--reason",
            "reasons",
            multiple=True,
            type=click.Choice(REASONS),
            metavar="REASON",
            help="For this reason (docs/messages.md); repeatable.",
        ),
        click.option("--topic", "topics", multiple=True, help="Read from this topic; repeatable."),
    ):
        command = decorate(command)
    return command


@contextmanager
def opened(file: Path | None) -> Iterator[Read]:
    """Where the letters are, until the block ends: a file, or Kafka."""
    try:
        if file is not None:
            yield in_file(file)
        else:
            with on_kafka(load_settings()) as read:
                yield read
    except BrokenPipeError:
        raise
    except LetterBroken as error:
        raise click.ClickException(str(error)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise click.ClickException(
            f"the dead letters cannot be read or written: {error}"
        ) from error


def say_bad(bad: int) -> None:
    """Say how many records were passed over."""
    if bad:
        records = counted(
            bad, "record that is no dead letter", plural="records that are no dead letters"
        )
        click.echo(f"passed over: {records}", err=True)
