"""`shipsentry rules show`: one profile in full."""

from __future__ import annotations

import click

from streams.cli.describe import limits, moment, rules_of, says, subject
from streams.cli.profiles import all_profiles, file_of
from streams.rules import RULES

EPILOG = """\b
Examples:
  shipsentry rules show douyin-2026-07-09
  shipsentry rules show tmall-2026-04-09 --toml > my-profiles/tmall.toml

Put a changed copy into a directory that SHIPSENTRY_PROFILE_DIRS names, check it with
`shipsentry rules validate`, and restart the workers: with the same id it takes the place of the
built-in profile, with another id and date it is in force from that date on.
"""


@click.command(epilog=EPILOG)
@click.argument("profile")
@click.option("--toml", is_flag=True, help="Print the profile's file as it is.")
def show(profile: str, toml: bool) -> None:
    """Show one profile: since when it is in force, where it comes from, every rule and limit."""
    (found,) = all_profiles([profile])
    path = file_of(found)
    if toml:
        click.echo(path.read_text(encoding="utf-8"), nl=False)
        return
    until = moment(found.effective_to)
    rows = {
        "profile": found.id,
        "platform": found.platform,
        "in force": f"from {moment(found.effective_from)}" + (f" to {until}" if until else ""),
        "source": found.source_url or "none",
        "read on": found.read_on,
        "verified": found.verified,
        "file": str(path),
    }
    for name, value in rows.items():
        click.echo(f"{name:9} {value}")
    rules = rules_of(found)
    for name in RULES:
        click.echo(f"\n{name} ({subject(name)}): {says(name)}")
        for text in limits(rules[name]) if name in rules else ["off"]:
            click.echo(f"  {text}")
