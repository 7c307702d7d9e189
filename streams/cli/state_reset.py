"""`shipsentry state reset`: begin anew from the inputs, under the same name."""

from __future__ import annotations

import click

from streams.engine.kafka.begin_anew import NotDone, open_reset
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry state reset
  shipsentry state reset --execute

For when a changelog is lost, or states cannot be believed. All workers must be stopped. Changelogs
and internal topics are deleted and made again, the group's offsets are forgotten; workers then read
both inputs from their beginning, throw away their local state by themselves, and read back what was
published, so ids and revisions of warnings go on. Facts that the inputs hold no longer are gone
(docs/upgrading.md#beginning-anew). Safe to repeat. Exit status: 0, or 1 when workers run, or when
Kafka refused.
"""


@click.command(epilog=EPILOG)
@click.option("--execute", is_flag=True, help="Do it. Without it, only say what would be done.")
def reset(execute: bool) -> None:
    """Empty all states and internal topics, and have the inputs read from their beginning."""
    settings = load_settings()
    try:
        with open_reset(settings) as application:
            application.check()
            verb = "emptied" if execute else "would be emptied"
            own, inputs = application.own(), application.inputs()
            if execute:
                application.execute()
            for topic in own:
                there = "missing" if topic.records is None else counted(topic.records, "record")
                click.echo(f"{verb}: {topic.spec.name} ({topic.spec.role}, {there})")
            verb = "will be" if execute else "would be"
            for name, records in inputs.items():
                click.echo(f"{verb} read from its beginning: {name} ({counted(records, 'record')})")
    except NotDone as error:
        raise click.ClickException(str(error)) from error
    if execute:
        click.echo("start the workers")
    else:
        click.echo("nothing was changed: --execute does it", err=True)
