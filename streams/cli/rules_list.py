"""`shipsentry rules list`: every rule, its subject and its limits."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

from streams.cli.describe import limits, rules_of, says
from streams.cli.profiles import loaded, named
from streams.profiles.document import read_document
from streams.profiles.loader import template_files
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry rules list
  shipsentry rules list --profile tmall-2026-04-09
  shipsentry rules list --templates
  SHIPSENTRY_PROFILE_DIRS=my-profiles shipsentry rules list

`> 24 h` is breached at more than 24 hours, `≥ 72 h` at 72 hours sharp; `off`: not judged. A
limit is critical unless it says (warning) or (info).
"""


@click.command("list", epilog=EPILOG)
@click.option("--profile", "only", multiple=True, help="These profiles only; may be repeated.")
@click.option("--templates", is_flag=True, help="List the templates that wait for your numbers.")
def list_rules(only: tuple[str, ...], templates: bool) -> None:
    """List every rule with its subject and its limits in each profile."""
    if templates:
        _templates()
        return
    everything = loaded()
    tables = [(profile, rules_of(profile)) for profile in named(everything, only)]
    width = max(len(profile.id) for profile, _ in tables)
    for name, spec in everything.specs.items():
        click.echo(f"{name} ({spec.subject}): {says(spec)}")
        for profile, rules in tables:
            text = " · ".join(limits(rules[name], profile, spec)) if name in rules else "off"
            click.echo(_fitted(f"  {profile.id:{width}}  ", text))


def _fitted(before: str, text: str) -> str:
    """The text within the terminal, what is too long on lines of its own; whole elsewhere."""
    if not sys.stdout.isatty():
        return before + text
    indent = " " * len(before)
    columns = max(shutil.get_terminal_size().columns, len(before) + 30)
    return textwrap.fill(text, columns, initial_indent=before, subsequent_indent=indent)


def _templates() -> None:
    files = template_files()
    width = max(len(path.stem) for path in files)
    for path in files:
        document = read_document(path)
        todo = counted(document.text.count('"TODO"'), "field")
        click.echo(f"{path.stem:{width}}  {todo} to fill in; {document.data['verified']}")
    click.echo("\nshipsentry rules template NAME > my-profiles/NAME.toml copies one.")
