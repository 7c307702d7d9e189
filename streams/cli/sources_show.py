"""`shipsentry sources show`: what one source's codes come to."""

from __future__ import annotations

import click

from streams.inputs.sources.registry import SOURCES

EPILOG = """\b
Examples:
  shipsentry sources show kuaidi100

A code comes to a status; `words`: to what the line's words say; `words/STATUS`: to that status
where they say nothing; `hub/STATUS`: to `hub` where the scan was made at a hub.
"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Choice([*SOURCES]))
def show(source: str) -> None:
    """Show one source: its proof, the answer that it wants, its codes and where they were seen."""
    one = SOURCES[source]
    click.echo(f"{one.name}: {one.title}")
    click.echo(f"a request is proved by: {one.checked}")
    click.echo(f"answer: {one.taken.status} {one.taken.body}")
    click.echo(f"answer, to have it sent again: {one.failed.status} {one.failed.body}")
    for code, rule, words, seen in one.codes.rows:
        click.echo(f"  {code:<20} {rule:<20} {words} ({seen})")
