"""`shipsentry warnings tail`: warnings as they are published."""

from __future__ import annotations

import click

from streams.cli.logs import one_line
from streams.cli.moments import beijing
from streams.cli.warnings_filter import Filter, filters
from streams.engine.kafka.warning_records import Read, WarningRevision
from streams.engine.kafka.warnings_topic import open_warnings
from streams.settings import load_settings

EPILOG = """\b
Examples:
  shipsentry warnings tail
  shipsentry warnings tail --rule ship_overdue --state breached --shop s-1
  shipsentry warnings tail --json | jq -c '[.rule, .state, .order_ids]'
  shipsentry warnings tail --from-beginning --limit 20

Each line is one revision. Times are UTC+8, as in the messages' own words, wherever this runs; with
--json they are as published, in UTC. Ctrl-C ends it.
"""

_COLOURS = {"open": "yellow", "breached": "red", "resolved": "green", "withdrawn": "blue"}


@click.command(epilog=EPILOG)
@filters
@click.option("--from-beginning", is_flag=True, help="Also what is on the topic already.")
@click.option("--json", "as_json", is_flag=True, help="Print each revision as the JSON it is.")
@click.option("--lang", type=click.Choice(("en", "zh")), default="en", help="Words. Default: en.")
@click.option("--limit", type=click.IntRange(min=1), help="End after so many lines.")
def tail(
    rules: tuple[str, ...],
    states: tuple[str, ...],
    shops: tuple[str, ...],
    platforms: tuple[str, ...],
    from_beginning: bool,
    as_json: bool,
    lang: str,
    limit: int | None,
) -> None:
    """Follow the warnings on Kafka as they are published."""
    settings = load_settings()
    wanted = Filter(rules, states, shops, platforms)
    left = limit
    try:
        with open_warnings(settings) as topic:
            for number, reads in enumerate(topic.follow(from_beginning=from_beginning)):
                if number == 0:
                    click.echo(
                        f"following {settings.warnings_topic}, times in UTC+8; Ctrl-C ends",
                        err=True,
                    )
                for read in reads:
                    text = _text(read, wanted, as_json, lang)
                    if text is None:
                        continue
                    click.echo(text)
                    if left is not None:
                        left -= 1
                        if left == 0:
                            return
    except KeyboardInterrupt:
        click.echo(err=True)


def _text(read: Read, wanted: Filter, as_json: bool, lang: str) -> str | None:
    """What to print of a record; None: nothing."""
    if read.bad:
        click.echo("a record of the topic is no warning: passed over", err=True)
    if read.warning is None or read.value is None or not wanted.wants(read.warning):
        return None
    if as_json:
        return one_line(read.value.decode("utf-8", "replace"))
    return _line(read.warning, lang)


def _line(warning: WarningRevision, lang: str) -> str:
    """One revision for a person to read. Nothing that came from outside can steer the terminal."""
    if warning.tracking_number is None:
        subject = f"order {', '.join(warning.order_ids)}"
    else:
        subject = f"{warning.carrier} {warning.tracking_number}"
    stage = "" if warning.stage == "violation" else f"/{warning.stage}"
    parts = [
        beijing(warning.detected_at),
        click.style(f"{one_line(warning.state):9}", fg=_COLOURS.get(warning.state)),
        f"{warning.severity:8}",
        f"{warning.rule}{stage}",
        f"{warning.platform}:{warning.shop_id or '-'}",
        subject,
    ]
    if warning.deadline is not None and warning.state in ("open", "breached"):
        parts.append(f"deadline {beijing(warning.deadline)}")
    parts.append(warning.message.zh if lang == "zh" else warning.message.en)
    return "  ".join(part if number == 1 else one_line(part) for number, part in enumerate(parts))
