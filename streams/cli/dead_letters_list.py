"""`shipsentry dead-letters list`: which records could not be processed, and why."""

from __future__ import annotations

from pathlib import Path

import click

from streams.cli.dead_letters_filter import file_option, filters, opened, say_bad
from streams.cli.files import OutputFile, Target
from streams.cli.forms import form_of
from streams.cli.logs import one_line
from streams.cli.moments import beijing
from streams.dead_letters.letters import Entry, Filter, letters
from streams.dead_letters.rows import COLUMNS, as_json, as_row, line
from streams.dead_letters.shown import summary
from streams.dead_letters.sources import Read, with_bytes
from streams.outputs.rows import csv_line

EPILOG = """\b
Examples:
  shipsentry dead-letters list --summary
  shipsentry dead-letters list --reason naive_time --since 2026-11-20T00:00:00+08:00
  shipsentry dead-letters list --pending --out letters.csv
  shipsentry dead-letters list --file w.dead-letters.jsonl

The lines are the earliest first, times in UTC+8; the counts go to standard error. The file's name
says the form: .jsonl or .json, the letters as they were published, with `retried_at`; .csv, a
table with the records as text; each packed where .gz follows. Both are in the order of the topic,
and hold the original records: they may contain personal data.
"""

_FORMS = {".txt": "text", ".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv"}


@click.command("list", epilog=EPILOG)
@filters
@click.option("--pending", is_flag=True, help="Only those that were not sent again.")
@click.option("--summary", "counts_only", is_flag=True, help="Only how many, by what.")
@file_option
@click.option(
    "--out",
    type=OutputFile(),
    default="-",
    help="Where they go: a .txt, .jsonl, .json or .csv file, or one of these with .gz. Default: "
    "standard output, as with `-`.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(dict.fromkeys(_FORMS.values()))),
    help="How they are written, whatever the name of the file. Default: as it ends.",
)
def list_letters(
    topics: tuple[str, ...],
    reasons: tuple[str, ...],
    fields: tuple[str, ...],
    since: int | None,
    until: int | None,
    pending: bool,
    counts_only: bool,
    file: Path | None,
    out: Target,
    form: str | None,
) -> None:
    """List dead letters: when, why, what about, and where the record was."""
    if counts_only and (form is not None or out.path is not None):
        raise click.UsageError("--summary is for people to read: without --format and --out")
    form = form_of("--out", out, _FORMS, form)
    wanted = Filter((), topics, reasons, fields, since, until)
    with opened(file) as read:
        found, bad = letters(read(), wanted)
        if pending:
            found = [each for each in found if each.retried_at is None]
        if not counts_only:
            _write(found, read, out, form)
    for text in summary(found):
        click.echo(text, err=not counts_only)
    say_bad(bad)


def _write(found: list[Entry], read: Read, out: Target, form: str) -> None:
    with out.opened(in_one_step=True) as target:
        if form == "text":
            for each in found:
                text = one_line(line(each, beijing(each.letter.detected_at)))
                target.write(f"{text}\n".encode(errors="backslashreplace"))
            return
        if form == "csv":
            target.write(csv_line(COLUMNS))
        by_place = {each.place: each for each in found}
        for each, source, held in with_bytes(read(), by_place):
            if form == "csv":
                target.write(as_row(each, held))
            else:
                target.write(as_json(each, source) + b"\n")
