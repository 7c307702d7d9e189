"""`shipsentry warnings export`: the latest revision of each warning on the topic."""

from __future__ import annotations

from itertools import chain

import click

from streams.cli.files import OutputFile, Target
from streams.cli.forms import WARNINGS, form_of, format_option, warnings_writer
from streams.cli.warnings_filter import Filter, filters
from streams.engine.kafka.warning_records import newest
from streams.engine.kafka.warnings_topic import open_warnings
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry warnings export --out warnings.csv
  shipsentry warnings export --state breached --shop s-1 | jq -r .order_ids[]
  shipsentry warnings export --all > everything.jsonl

Sorted by warning_id. The file's name says the form: .jsonl or .json, one JSON object a line as
`shipsentry replay` writes and `shipsentry evidence` reads; .csv, a table whose columns
docs/messages.md explains; each packed where .gz follows. Standard output is JSON unless --format
says otherwise.
"""


@click.command(epilog=EPILOG)
@filters
@click.option("--all", "everything", is_flag=True, help="Withdrawn warnings too.")
@click.option(
    "--out",
    type=OutputFile(),
    default="-",
    help="Where they go: a .jsonl, .json or .csv file, or one of these with .gz. Default: "
    "standard output, as with `-`.",
)
@format_option
def export(
    rules: tuple[str, ...],
    states: tuple[str, ...],
    shops: tuple[str, ...],
    platforms: tuple[str, ...],
    everything: bool,
    out: Target,
    form: str | None,
) -> None:
    """Write the latest revision of each warning that is on Kafka now."""
    form = form_of("--out", out, WARNINGS, form)
    settings = load_settings()
    wanted = Filter(rules, states, shops, platforms)
    if "withdrawn" in states:
        everything = True
    with open_warnings(settings) as topic:
        found, bad = newest(
            chain.from_iterable(topic.snapshot()),
            lambda warning: (everything or warning.state != "withdrawn") and wanted.wants(warning),
        )
    lines = [read.value for read in found if read.value is not None]
    try:
        with out.opened(in_one_step=True) as file:
            write = warnings_writer(file, form)
            for value in lines:
                write(value)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(f"{out}: {error.strerror}") from error
    if out.path is not None:
        click.echo(f"{counted(len(lines), 'warning')} written to {out}", err=True)
    if bad:
        records = counted(
            bad,
            "record of the topic that is no warning",
            plural="records of the topic that are no warnings",
        )
        click.echo(f"passed over: {records}", err=True)
