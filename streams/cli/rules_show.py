"""`shipsentry rules show`: one profile in full."""

from __future__ import annotations

from pathlib import Path

import click

from streams.cli.describe import exemption, leaves, limits, moment, rules_of, says
from streams.cli.profiles import loaded, named
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry rules show douyin-2026-07-09
  shipsentry rules show tmall-2026-04-09 --toml > my-profiles/tmall.toml

Put a changed copy, or a file of changes only, into a directory that SHIPSENTRY_PROFILE_DIRS names,
check it with `shipsentry rules validate`, and restart the workers: with the same id it takes the
place of the built-in profile, with another id and date it is in force from that date on.
"""


@click.command(epilog=EPILOG)
@click.argument("profile")
@click.option("--toml", is_flag=True, help="Print the profile's file as it is.")
def show(profile: str, toml: bool) -> None:
    """Show one profile: since when it is in force, where it comes from, every rule and limit."""
    everything = loaded()
    (found,) = named(everything, [profile])
    if toml:
        click.echo(Path(found.files[0]).read_text(encoding="utf-8"), nl=False)
        return
    until = moment(found.effective_to)
    rows = {
        "profile": found.id,
        "platform": found.platform,
        "in force": f"from {moment(found.effective_from)}" + (f" to {until}" if until else ""),
        "source": found.source_url or "none",
        "read on": found.read_on,
        "verified": found.verified,
        "sure": f"{found.confidence or 'not said'}; figures that differ: `rules sources`",
        "appeal": "not known"
        if found.appeal_days is None
        else f"within {counted(found.appeal_days, 'day')}",
        "zone": found.zone,
        "file": found.files[0],
    }
    for name, value in rows.items():
        click.echo(f"{name:9} {value}")
    document = everything.documents[found.id]
    if document.base is not None:
        click.echo(f"changes   {document.base.id} ({document.base.path}) by:")
        for text in leaves({k: v for k, v in document.data.items() if k != "extends"}):
            click.echo(f"  {text}")
    rules = rules_of(found)
    for name, spec in everything.specs.items():
        click.echo(f"\n{name} ({spec.subject}): {says(spec)}")
        for text in limits(rules[name], found, spec) if name in rules else ["off"]:
            click.echo(f"  {text}")
    click.echo("\nexemptions")
    for row in found.exemptions:
        click.echo("  " + "; ".join(exemption(row)))
    if not found.exemptions:
        click.echo("  none: no clock ever stands still")
    data = document.merged()
    for section in ("exposure", "meter", "lines"):
        if section in data:
            click.echo(f"\n{section}")
            for text in leaves({"": data[section]}):
                click.echo(f"  {text.lstrip('.')}")
