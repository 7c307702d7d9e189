"""`shipsentry sources list`: whose messages can be read."""

from __future__ import annotations

import click

from streams.inputs.sheets.registry import FORMS
from streams.inputs.sources.registry import SOURCES

EPILOG = """\b
Examples:
  shipsentry sources list
  shipsentry sources show kuaidi100
"""


@click.command("list", epilog=EPILOG)
def list_sources() -> None:
    """List the sources: name, what proves that a request is theirs, title.

    `table`: they have spreadsheets alone.
    """
    for source in SOURCES.values():
        click.echo(f"{source.name:<14}{source.checked:<11}{source.title}")
    for form in FORMS.values():
        if form.name not in SOURCES:
            click.echo(f"{form.name:<14}{'table':<11}{form.title}")
