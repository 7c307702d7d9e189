"""`shipsentry rules template`: a profile without its numbers, to be filled in."""

from __future__ import annotations

import click

from streams.cli.suggest import did_you_mean
from streams.profiles.loader import template_files

EPILOG = """\b
Examples:
  shipsentry rules list --templates
  shipsentry rules template pinduoduo > my-profiles/pinduoduo.toml
  shipsentry rules validate my-profiles/

A template has TODO where your platform's rule page has a number. It refuses to load until each is
filled in and the line `template = true` is gone; `rules validate` says what is left.
"""


def _beginning(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """For a shell: the templates whose names begin so."""
    return [path.stem for path in template_files() if path.stem.startswith(incomplete)]


@click.command(epilog=EPILOG)
@click.argument("name", shell_complete=_beginning)
def template(name: str) -> None:
    """Print a template: the profile of a platform whose numbers are not established."""
    files = {path.stem: path for path in template_files()}
    if name not in files:
        hint = did_you_mean(name, files)
        raise click.UsageError(f"no template {name!r}{hint} there are {', '.join(files)}")
    click.echo(files[name].read_text(encoding="utf-8"), nl=False)
