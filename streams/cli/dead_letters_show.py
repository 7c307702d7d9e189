"""`shipsentry dead-letters show`: one refused record, and all that is known of it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from streams.cli.dead_letters_filter import file_option, opened
from streams.cli.moments import beijing
from streams.dead_letters.letters import Filter, letters
from streams.dead_letters.shown import described, value_lines
from streams.dead_letters.sources import with_bytes

EPILOG = """\b
Examples:
  shipsentry dead-letters show tracking-update-2-41
  shipsentry dead-letters show tracking-update-2-41 --raw > record.json
  shipsentry dead-letters show orders.jsonl-0-7 --file w.dead-letters.jsonl

ORIGIN is topic-partition-offset, as `dead-letters list` prints it; of a file its name, 0, and the
line before it. Text is shown as text, JSON indented, anything else as hexadecimal digits. It may
contain personal data.
"""


@click.command(epilog=EPILOG)
@click.argument("origin")
@file_option
@click.option("--raw", is_flag=True, help="Write the record's bytes as they came, and no more.")
def show(origin: str, file: Path | None, raw: bool) -> None:
    """Show the dead letter of the record at ORIGIN."""
    with opened(file) as read:
        found, _ = letters(read(), Filter(origins=(origin,)))
        if not found:
            raise click.ClickException(f"there is no dead letter of {origin!r}")
        for number, (each, _, held) in enumerate(
            with_bytes(read(), {each.place: each for each in found})
        ):
            if raw:
                sys.stdout.buffer.write(held.value or b"")
                continue
            if number:
                click.echo()
            for text in described(each, held, beijing(each.letter.detected_at)):
                click.echo(text)
            click.echo()
            for text in value_lines(held.value):
                click.echo(text)
