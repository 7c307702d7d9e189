"""`shipsentry sources try`: what a payload becomes, without sending anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from streams.cli.files import InputFile
from streams.inputs.sheets.imported import NAMES, Imported, Proof, file_read
from streams.inputs.sources.configuration import ConfigurationError, FeedOptions, from_json
from streams.inputs.sources.payload import Payload
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry sources try push.form --source kuaidi100
  shipsentry sources try answer.json --source zto --config feed.json
  shipsentry sources try 1791213782_order_export.csv --source douyin --config feed.json

Each message is a line of standard output: topic, key and value; a tombstone has the value null, and
a timestamp. Refusals and counts are said on standard error; nothing is sent. The keys of the
configuration are those of a feed, and headers and query of the request. A signature is checked
where there is one and the configuration has a secret. Exit status: 0, or 3 with refusals.
"""

PROOFS: dict[Proof, str] = {
    "not checked": "the signature or password is not checked: it is a table, or there is no secret",
    "fits": "the signature or password fits the secret",
    "missing": "no signature or password was sent: ingest would answer 401",
    "forged": "the signature or password does not fit the secret: ingest would answer 401",
}


@click.command("try", epilog=EPILOG)
@click.argument("file", type=InputFile())
@click.option("--source", required=True, type=click.Choice(NAMES), help="Whose it is.")
@click.option("--config", type=InputFile(), help="A JSON file with the feed's configuration.")
def try_payload(file: Path, source: str, config: Path | None) -> None:
    """Say what a payload or a spreadsheet becomes: a push, the answer to a query, an export."""
    try:
        options = from_json(config) if config else FeedOptions()
        found = _read(file, source, options)
    except (ConfigurationError, OSError) as error:
        raise click.ClickException(str(error)) from error
    outcome = found.outcome
    for message in outcome.messages:
        click.echo(message.as_json())
    for reason, why in outcome.refusals:
        click.echo(f"{file}: {reason}: {why}", err=True)
    counts = [counted(len(outcome.messages), "message"), f"{len(outcome.refusals)} refused"]
    counts += [f"{count} {reason}" for reason, count in sorted(outcome.passed.items())]
    unknown = sorted(outcome.unknown.items())
    counts += [f"code {code!r} unknown, {count}×" for code, count in unknown]
    click.echo(f"{file}: {', '.join(counts)}", err=True)
    click.echo(f"{file}: {PROOFS[found.proof]}", err=True)
    if outcome.refusals:
        raise SystemExit(3)


def _read(file: Path, source: str, options: FeedOptions) -> Imported:
    headers = {name.lower(): value for name, value in options.headers.items()}
    payload = Payload(b"", datetime.now(UTC), headers, options.query)
    return file_read(file, source, options.feed(), payload, checked=True)
