"""`shipsentry schemas export`: the messages as JSON Schema."""

from __future__ import annotations

import json

import click

from schemas.export import documents, write
from streams.cli.files import OutputDirectory, Target

EPILOG = """\b
Examples:
  shipsentry schemas export build/schemas
  shipsentry schemas export - | jq '."order-paid.schema.json"'

With `-` all of them go to standard output, as one JSON object by file name.
"""


@click.command(epilog=EPILOG)
@click.argument("directory", type=OutputDirectory(dash=True))
def export(directory: Target) -> None:
    """Write the JSON Schema of each topic's message into DIRECTORY, made if need be."""
    if directory.path is None:
        schemas = {name: json.loads(text) for name, text in documents().items()}
        click.echo(json.dumps(schemas, ensure_ascii=False, indent=2))
        return
    try:
        paths = write(directory.path)
    except OSError as error:
        raise click.ClickException(f"{directory}: {error.strerror}") from error
    for path in paths:
        click.echo(path)
