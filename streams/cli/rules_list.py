"""`shipsentry rules list`: every rule, its subject and its limits."""

from __future__ import annotations

import click

from streams.cli.describe import limits, rules_of, says, subject
from streams.cli.profiles import all_profiles
from streams.rules import RULES

EPILOG = """\b
Examples:
  shipsentry rules list
  shipsentry rules list --profile tmall-2026-04-09
  SHIPSENTRY_PROFILE_DIRS=my-profiles shipsentry rules list

`> 24 h` is breached at more than 24 hours, `≥ 72 h` at 72 hours sharp; `off`: not judged.
"""


@click.command("list", epilog=EPILOG)
@click.option("--profile", "only", multiple=True, help="These profiles only; may be repeated.")
def list_rules(only: tuple[str, ...]) -> None:
    """List every rule with its subject and its limits in each profile."""
    profiles = all_profiles(only)
    tables = {profile.id: rules_of(profile) for profile in profiles}
    width = max(len(name) for name in tables)
    for name in RULES:
        click.echo(f"{name} ({subject(name)}): {says(name)}")
        for profile, rules in tables.items():
            text = " · ".join(limits(rules[name])) if name in rules else "off"
            click.echo(f"  {profile:{width}}  {text}")
