"""`shipsentry import`: spreadsheets that shops export, to Kafka, to a file, or only looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from streams.cli.files import STDOUT, InputFile, OutputFile, Target, refuse_clashes
from streams.cli.import_publish import publish
from streams.cli.imported import SHOWN, export_options, form_in, summary
from streams.cli.logs import one_line
from streams.cli.reading import Zone, scope_option
from streams.engine.kafka.producer import DeliveryFailed
from streams.facts.times import to_datetime
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.sheets.form import Form
from streams.inputs.sheets.imported import file_read
from streams.inputs.sheets.mapping import suggested
from streams.inputs.sheets.owners import all_scoped, owners
from streams.inputs.sources.payload import Canonical, Feed, Payload
from streams.inputs.sources.scope import Scope
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry import 1791213782_order_export.csv --shop s-1
  shipsentry import ExportOrderList202611291830.csv --shop s-1 --platform tmall --to kafka
  shipsentry import --suggest erp.xlsx --to erp.toml
  shipsentry import erp.xlsx --map erp.toml --to messages.jsonl
  shipsentry import shipments.csv --as shipstation --zone America/New_York --to messages.jsonl

Without --to nothing is sent: standard error says what would be. What a file is its content says;
whose it is its columns say, or --as. docs/imports.md says what to click where. A row that cannot
be used is said with its line, a file that cannot be with what it lacks. Exit status: 0, or 3 when
anything was refused, or 1 when Kafka did not take it, or 2 for wrong usage.
"""

KAFKA = "kafka"


class Destination(OutputFile):
    """Where the messages go: `kafka`, else a file as in OutputFile; `./kafka` is a file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word, or the target."""
        return KAFKA if value == KAFKA else super().convert(value, param, ctx)


@click.command("import", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=InputFile(), metavar="FILE...")
@export_options
@click.option("--suggest", is_flag=True, help="Write such a file for FILE, from its header.")
@click.option("--to", "target", type=Destination(), help="`kafka`, or a file of JSON Lines.")
@click.option(
    "--zone", type=Zone(), help="The zone of times without an offset. Chinese exports: Beijing."
)
@scope_option
def import_files(
    files: tuple[Path, ...],
    source: str | None,
    mapping: Path | None,
    suggest: bool,
    target: Target | str | None,
    shop: str,
    platform: str,
    zone: ZoneInfo | None,
    exported_at: int | None,
    scope: Scope | None,
) -> None:
    """Turn spreadsheets that shops and aggregators export into messages."""
    if isinstance(target, Target):
        refuse_clashes({"--to": target}, {f"FILE {path.name}": path for path in files})
    if (source is not None) + (mapping is not None) + suggest > 1:
        raise click.UsageError("--as, --map and --suggest exclude each other")
    if suggest:
        _suggest(files, target)
        return
    whose: str | Form | None = source
    if mapping is not None:
        whose = form_in(mapping)
    feed = Feed(default_zone=zone, shop_id=shop, platform=platform)
    made_at = None if exported_at is None else to_datetime(exported_at)
    messages: list[Canonical] = []
    refused = 0
    try:
        for path in files:
            found = file_read(path, whose, feed, Payload(b"", datetime.now(UTC)), made_at)
            if scope is not None:
                all_scoped(found.outcome, scope)
            for sentence in summary(path, found):
                click.echo(one_line(sentence), err=True)
            messages += found.outcome.messages
            refused += len(found.outcome.refusals)
        for sentence in _shared(messages):
            click.echo(one_line(sentence), err=True)
        click.echo(_delivered(messages, target), err=True)
    except (OSError, DeliveryFailed) as error:
        raise click.ClickException(str(error)) from error
    if refused:
        sys.exit(3)


def _suggest(files: tuple[Path, ...], target: Target | str | None) -> None:
    """Write a draft of a mapping for one file."""
    if len(files) != 1 or target == KAFKA:
        raise click.UsageError("--suggest takes one FILE, and --to a file")
    try:
        text = suggested(Opened(files[0]))
        out = target if isinstance(target, Target) else STDOUT
        with out.opened(in_one_step=True) as file:
            file.write(text.encode())
    except (Unreadable, OSError) as error:
        raise click.ClickException(one_line(str(error))) from error


def _delivered(messages: list[Canonical], target: Target | str | None) -> str:
    """Bring the messages where they shall go; what was done, as a sentence."""
    count = counted(len(messages), "message")
    if target is None:
        return f"nothing is sent: {count}; --to kafka sends them, --to FILE writes them"
    if isinstance(target, Target):
        with target.opened(in_one_step=True) as out:
            for message in messages:
                out.write(message.as_json().encode() + b"\n")
        return f"{count} written to {target}"
    settings = load_settings()
    publish(messages, settings)
    return f"{count} sent to {settings.bootstrap_servers}"


def _shared(messages: list[Canonical]) -> Iterator[str]:
    """The ids that several shops or platforms use: in Kafka each is one order."""
    found = owners(messages)
    if found:
        ids = counted(len(found), "order id is", plural="order ids are")
        named = [f"{order_id} ({', '.join(sorted(who))})" for order_id, who in found.items()]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        yield (
            f"{ids} used by several shops or platforms, each judged as one order (--scope tells "
            f"them apart): {', '.join(named[:SHOWN])}{more}"
        )
