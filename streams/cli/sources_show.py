"""`shipsentry sources show`: what one source's codes come to."""

from __future__ import annotations

import click

from streams.inputs.sheets.form import Form
from streams.inputs.sheets.imported import NAMES
from streams.inputs.sheets.registry import FORMS
from streams.inputs.sources.asking import Api
from streams.inputs.sources.registry import SOURCES

EPILOG = """\b
Examples:
  shipsentry sources show kuaidi100

A code comes to a status; `words`: to what the line's words say; `words/STATUS`: to that status
where they say nothing; `hub/STATUS`: to `hub` where the scan was made at a hub. Of a spreadsheet
each field stands with the names of its columns, the preferred one first. A platform that can be
asked for orders is asked with what stands in the feed's table [feed.api].
"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Choice(NAMES))
def show(source: str) -> None:
    """Show one source: its proof, its answer, its codes and where they were seen, its columns, and
    how its platform is asked for orders."""
    one = SOURCES.get(source)
    if one is not None:
        click.echo(f"{one.name}: {one.title}")
        click.echo(f"a request is proved by: {one.checked}")
        click.echo(f"answer: {one.taken.status} {one.taken.body}")
        click.echo(f"answer, to have it sent again: {one.failed.status} {one.failed.body}")
        for code, rule, words, seen in one.codes.rows:
            click.echo(f"  {code:<20} {rule:<20} {words} ({seen})")
        if one.api is not None:
            _show_api(one.api)
    if source in FORMS:
        _show_columns(FORMS[source])


def _show_api(api: Api) -> None:
    """How a platform is asked for orders, what is missing without it, and what its codes mean."""
    click.echo(f"asked for orders: {api.address}, with {', '.join(api.needs)}")
    click.echo(f"missing where it is not: {api.says}")
    for code, verdict, words, seen in api.answers:
        click.echo(f"  {code:<28} {verdict:<12} {words} ({seen})")


def _show_columns(form: Form) -> None:
    """The columns of a form that are read, by field."""
    click.echo(f"spreadsheet: {form.title}")
    for field in {column.field: None for column in form.columns.values() if column.field != "-"}:
        click.echo(f"  {field:<20} {', '.join(form.names_of(field))}")
    for (field, cell), means in form.statuses.items():
        click.echo(f"  {field:<20} {cell} ({means})")
