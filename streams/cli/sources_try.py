"""`shipsentry sources try`: what a payload becomes, without sending anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from streams.cli.files import InputFile
from streams.inputs.sources.configuration import ConfigurationError, FeedOptions, from_json
from streams.inputs.sources.payload import Canonical, Outcome, Payload, Refusal, Unreadable
from streams.inputs.sources.registry import SOURCES
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry sources try push.form --source kuaidi100
  shipsentry sources try answer.json --source zto --config feed.json

Each message is a line of standard output: topic, key and value; a tombstone has the value null, and
a timestamp. Refusals and counts are said on standard error; nothing is sent. The keys of the
configuration are those of a feed, and headers and query of the request. A signature is checked
where there is one and the configuration has a secret. Exit status: 0, or 3 with refusals.
"""


@click.command("try", epilog=EPILOG)
@click.argument("file", type=InputFile())
@click.option("--source", required=True, type=click.Choice([*SOURCES]), help="Whose it is.")
@click.option("--config", type=InputFile(), help="A JSON file with the feed's configuration.")
def try_payload(file: Path, source: str, config: Path | None) -> None:
    """Say what a payload becomes: a push, a batch of them, or the answer to a query."""
    try:
        options = from_json(config) if config else FeedOptions()
        body = file.read_bytes()
    except (ConfigurationError, OSError) as error:
        raise click.ClickException(str(error)) from error
    headers = {name.lower(): value for name, value in options.headers.items()}
    payload = Payload(body, datetime.now(UTC), headers, options.query)
    outcome = _outcome(source, payload, options)
    for message in outcome.messages:
        click.echo(_line(message))
    for reason, why in outcome.refusals:
        click.echo(f"{file}: {reason}: {why}", err=True)
    counts = [counted(len(outcome.messages), "message"), f"{len(outcome.refusals)} refused"]
    counts += [f"{count} {reason}" for reason, count in sorted(outcome.passed.items())]
    unknown = sorted(outcome.unknown.items())
    counts += [f"code {code!r} unknown, {count}×" for code, count in unknown]
    click.echo(f"{file}: {', '.join(counts)}", err=True)
    if outcome.refusals:
        raise SystemExit(3)


def _outcome(source: str, payload: Payload, options: FeedOptions) -> Outcome:
    feed = options.feed()
    if feed.secret and SOURCES[source].genuine(payload, feed) is False:
        return Outcome(refusals=[Refusal("forged", "the signature does not fit the secret")])
    try:
        return SOURCES[source].read(payload, feed)
    except Unreadable as error:
        return Outcome(refusals=[Refusal("unreadable", str(error))])


def _line(message: Canonical) -> str:
    line = {"topic": message.topic, "key": message.key, "value": message.value}
    if message.timestamp is not None:
        line["timestamp"] = message.timestamp.isoformat()
    return json.dumps(line, ensure_ascii=False)
