"""`shipsentry schemas export`: the messages as JSON Schema."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.export import write

EPILOG = """\b
Examples:
  shipsentry schemas export build/schemas
"""


@click.command(epilog=EPILOG)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def export(directory: Path) -> None:
    """Write the JSON Schema of each topic's message into DIRECTORY, made if need be."""
    try:
        paths = write(directory)
    except OSError as error:
        raise click.ClickException(f"{directory}: {error.strerror}") from error
    for path in paths:
        click.echo(path)
