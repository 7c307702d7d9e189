"""`shipsentry check`: asks before a number is uploaded, of a running worker or of files."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from streams.cli.check_sources import Unanswered, ask_files, ask_worker, refuse_unusable
from streams.cli.files import InputFile, refuse_clashes
from streams.cli.logs import one_line
from streams.cli.moments import beijing
from streams.cli.reading import FORMS, reading_of, reading_options, refused, scope_option
from streams.decode.moments import parse_time
from streams.inputs.opened import Unreadable
from streams.inputs.sources.scope import Scope
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry check zto 78123456789012 --order 4920000000000000001
  shipsentry check zto 78123456789012 --order 4920000000000000001 --json | jq -r .verdict
  shipsentry check zto 78123456789012 --order 1 --orders orders.jsonl --tracking tracking.jsonl

Asks the worker at SHIPSENTRY_ADVERTISED_HTTP, else at SHIPSENTRY_HTTP_HOST and _PORT; any worker
will do, and it is shown the token or certificate of SHIPSENTRY_HTTP_TOKEN_FILE and its siblings.
With --orders and --tracking it needs none: the files are replayed (docs/files.md says what
they may be). Nothing is changed.
Exit status: 0 no warning; 1 something was found (verdict warn or block); 2 wrong usage; 4 there
was nobody to ask, or no answer yet.
"""

FOUND = 1
UNANSWERED = 4
_COLOURS = {"ok": "green", "warn": "yellow", "block": "red"}
_INPUT = InputFile()


class _NoAnswer(click.ClickException):
    exit_code = UNANSWERED


@click.command(epilog=EPILOG)
@click.argument("carrier")
@click.argument("number")
@click.option("--order", "order_id", required=True, help="The order that it is to be uploaded for.")
@click.option("--worker", "address", help="http://host:port of a worker; default: the settings'.")
@click.option("--orders", type=_INPUT, help=f"Ask files: order-paid messages, {FORMS}.")
@click.option("--tracking", type=_INPUT, help="Ask files: tracking-update messages.")
@reading_options
@scope_option
@click.option("--until", help="With files: ask as of this time. Default: the last arrival.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "--lang", type=click.Choice(("zh", "en", "both")), default="both", help="Words. Default: both."
)
@click.option(
    "--patience",
    type=click.FloatRange(0.1, 300),
    default=10.0,
    show_default=True,
    help="Seconds to wait for a worker, one that is still restoring included.",
)
def check(
    carrier: str,
    number: str,
    order_id: str,
    address: str | None,
    orders: Path | None,
    tracking: Path | None,
    zone: ZoneInfo | None,
    money: str,
    scope: Scope | None,
    until: str | None,
    as_json: bool,
    lang: str,
    patience: float,
) -> None:
    """Tell before NUMBER is uploaded whether it would bring a warning."""
    if (orders is None) != (tracking is None):
        raise click.UsageError("--orders and --tracking belong together")
    if orders is not None and address is not None:
        raise click.UsageError("ask files or --worker, not both")
    if until is not None and orders is None:
        raise click.UsageError("--until goes with --orders and --tracking")
    moment = None if until is None else parse_time(until)
    if until is not None and moment is None:
        raise click.UsageError(f"--until {until!r} is no ISO-8601 time with an offset")
    refuse_clashes({}, {"--orders": orders, "--tracking": tracking})
    settings = load_settings()
    try:
        refuse_unusable(carrier, number, order_id)
        if orders is not None and tracking is not None:
            reading = reading_of(zone, money)
            found = ask_files(
                settings, orders, tracking, reading, scope, moment, carrier, number, order_id
            )
        else:
            base = address or settings.web_address
            found = ask_worker(base, settings.access(), carrier, number, order_id, patience)
    except Unanswered as error:
        if error.usage:
            raise click.UsageError(str(error)) from error
        raise _NoAnswer(str(error)) from error
    except Unreadable as error:
        raise refused(error) from error
    except (OSError, EOFError, zlib.error) as error:
        raise _NoAnswer(f"the files cannot be read: {error}") from error
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for line in _lines(found, ("zh", "en") if lang == "both" else (lang,)):
            click.echo(line)
    if found["verdict"] != "ok":
        sys.exit(FOUND)


def _lines(found: dict[str, Any], languages: tuple[str, ...]) -> list[str]:
    """The answer for a person to read. Nothing that came from outside can steer the terminal."""
    subject = f"{found['carrier']} {found['tracking_number']} → {found['order_id']}"
    verdict = click.style(found["verdict"].upper(), fg=_COLOURS.get(found["verdict"]), bold=True)
    lines = [f"{verdict}  {one_line(subject)}  ({one_line(found['profile'])})"]
    lines += [f"  {one_line(found['says'][language])}" for language in languages]
    for reason in found["reasons"]:
        stage = reason.get("stage", "violation")
        code = reason["code"] if stage == "violation" else f"{reason['code']}/{stage}"
        lines.append(f"  {reason['level']:5}  {code}")
        for language in languages:
            lines.append(f"         {one_line(reason['says'][language])}")
            if "remedy" in reason:
                lines.append(f"         → {one_line(reason['remedy'][language])}")
    for use in found["uses"]:
        end = use["released_at"] or use["closed_at"]
        until = f", until {beijing(end)}" if end else ""
        lines.append(
            f"  used by {use['order']} since {beijing(use['uploaded_at'])}{until}; "
            f"recipient: {use['recipient']}"
        )
    if found["uses_total"] > len(found["uses"]):
        lines.append(f"  … and {counted(found['uses_total'] - len(found['uses']), 'other order')}")
    return lines
