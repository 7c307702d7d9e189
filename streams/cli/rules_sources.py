"""`shipsentry rules sources`: where every figure was read, when, and how sure it is."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from streams.cli.figures import figures
from streams.cli.profiles import loaded, named
from streams.profiles.sources import CONFIDENCES, Confidence
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry rules sources
  shipsentry rules sources --profile tiktok-us-2026
  shipsentry rules sources --older-than 90 --confidence second_hand

A figure is one field of a profile. How sure it is: rule_text, read in the platform's own rule text;
document, in an official page for sellers; second_hand, in other people's words; own_choice, no
platform's figure. Days are counted from the reading to --on.
"""


@click.command("sources", epilog=EPILOG)
@click.option("--profile", "only", multiple=True, help="These profiles only; may be repeated.")
@click.option(
    "--confidence",
    "sure",
    multiple=True,
    type=click.Choice(CONFIDENCES),
    help="Figures that are so sure only; may be repeated.",
)
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Figures only that were read more than so many days ago.",
)
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day up to which days are counted; default: today, in UTC.",
)
def sources(
    only: tuple[str, ...], sure: tuple[Confidence, ...], older_than: int | None, on: datetime | None
) -> None:
    """List every figure of the profiles with its source: address, date, confidence, age."""
    today = (on or datetime.now(UTC)).date()
    everything = loaded()
    for profile in named(everything, only):
        rows = []
        data = everything.documents[profile.id].merged()
        for field, says, source in figures(profile, everything.specs, data):
            days = (today - source.read_on).days
            if sure and source.confidence not in sure:
                continue
            if older_than is not None and days <= older_than:
                continue
            read = f"{source.read_on}, {counted(days, 'day')} ago"
            rows.append([field, says, source.confidence or "not said", read, source.url or "none"])
        if rows:
            click.echo(f"{profile.id}: {profile.verified}")
            for row in rows:
                click.echo(f"  {' | '.join(row)}")
