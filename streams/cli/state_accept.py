"""`shipsentry state accept`: believe the changelogs as they are now."""

from __future__ import annotations

import click

from streams.engine.kafka.begin_anew import NotDone
from streams.engine.kafka.offset_metadata import Witness
from streams.engine.store.accept import accept as believe
from streams.settings import load_settings

EPILOG = """\b
Examples:
  shipsentry state accept
  shipsentry state accept --execute

For when a worker refuses a changelog that holds all that the lost one held: copied back whole, by a
mirror say, while no worker ran. Whatever it lacks is lost, warnings with it; where you are not
sure, use `shipsentry state reset`. All workers must be stopped. Exit status: 0, or 1 when workers
run, or when a changelog lacks its beginning, or when Kafka refused.
"""


@click.command(epilog=EPILOG)
@click.option("--execute", is_flag=True, help="Do it. Without it, only say what would be done.")
def accept(execute: bool) -> None:
    """Let the committed offsets vouch for the changelogs as they are."""
    settings = load_settings()
    config = settings.engine()
    try:
        changes = believe(settings, config, execute=execute)
    except NotDone as error:
        raise click.ClickException(str(error)) from error
    for table, partition, was, now in changes:
        name = f"{config.changelog_topic(table)}-{partition}"
        click.echo(f"{name}: was {_shown(was)}, is {_shown(now)}")
    if not execute:
        click.echo("nothing was changed: --execute does it", err=True)


def _shown(witness: Witness | None) -> str:
    if witness is None:
        return "not known"
    return f"{witness.topic_id or 'a topic without id'} up to {witness.next_offset}"
