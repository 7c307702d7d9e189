"""`shipsentry schemas asyncapi` and `openapi`: all topics, and the desk's API, as one document."""

from __future__ import annotations

import json
from typing import Any

import click

from streams.cli.asyncapi import document
from streams.cli.files import STDOUT, OutputFile, Target
from streams.settings import load_settings

ASYNCAPI_EPILOG = """\b
Examples:
  shipsentry schemas asyncapi asyncapi.json
  SHIPSENTRY_APP_ID=eu shipsentry schemas asyncapi | jq '.channels[].address'
"""

OPENAPI_EPILOG = """\b
Examples:
  shipsentry schemas openapi openapi.json

A desk that runs has the same at /api/v1/openapi.json.
"""


@click.command(epilog=ASYNCAPI_EPILOG)
@click.argument("file", type=OutputFile(), default=STDOUT)
def asyncapi(file: Target) -> None:
    """Write all topics as an AsyncAPI 3.0 document to FILE, default standard output.

    Names, partitions, retention and brokers are those of the settings.
    """
    _write(document(load_settings()), file)


@click.command(epilog=OPENAPI_EPILOG)
@click.argument("file", type=OutputFile(), default=STDOUT)
def openapi(file: Target) -> None:
    """Write the desk's API as an OpenAPI 3.1 document to FILE, default standard output."""
    try:
        from streams.desk.api import app
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is missing: pip install 'shipsentry[desk]'"
        ) from None
    _write(app.document(), file)


def _write(made: dict[str, Any], file: Target) -> None:
    text = json.dumps(made, ensure_ascii=False, indent=2)
    try:
        with file.opened(in_one_step=True) as out:
            out.write(f"{text}\n".encode())
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
