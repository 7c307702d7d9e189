"""`shipsentry evidence`: a warning's proof as a bundle for an appeal."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from schemas.cleaning import clean_id
from streams.cli.files import STDOUT, InputFile, OutputDirectory, Target, refuse_clashes
from streams.cli.logs import one_line
from streams.cli.moments import Moment, beijing
from streams.cli.names import names_in_use
from streams.cli.reading import reading_of, reading_options, refused
from streams.engine.kafka.warning_records import WarningRevision
from streams.evidence.bundle import HandOver, bundle, resting_on
from streams.evidence.find import Matches, Search
from streams.evidence.from_files import matches_in, originals_in, revisions_in
from streams.evidence.shown import Original
from streams.evidence.write import alone, write
from streams.facts.times import SECOND
from streams.inputs.opened import Unreadable
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profile
from streams.settings import Settings, load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry evidence 0f3a5c --out appeal/
  shipsentry evidence --order 4920000000000000001 --lang zh --with-records
  shipsentry evidence --number zto:78123456789012
  shipsentry evidence 0f3a5c --warnings w.jsonl --orders o.jsonl --tracking t.jsonl
  shipsentry evidence 0f3a5c --manifest M-77 --handed-over-at 2026-11-21T17:40:00+08:00

WARNING_ID may be its first digits, four or more. Where several warnings are meant, they are
listed, most urgent first, and nothing is written. Writes evidence.json, evidence.html (to print)
and SHA256SUMS. The warning is read from the warnings topic, its records from the inputs; the page
says where retention has removed one. With --warnings (the output of `replay`, with `--log` for the
whole course) it needs no Kafka. Exit status: 0; 1 there is no such warning, or it cannot be read;
2 wrong usage, or several warnings are meant.
"""

_INPUT = InputFile()
_ID = re.compile(r"[0-9a-f]{4,32}")
_WHOLE = 32
_MOST_LISTED = 50


class _Several(click.ClickException):
    """More than one warning is meant: it is for the user to choose."""

    exit_code = 2


@click.command(epilog=EPILOG)
@click.argument("warning_id", required=False)
@click.option("--order", "order_id", help="The warning of this order.")
@click.option("--number", metavar="[CARRIER:]NUMBER", help="The warning of this tracking number.")
@click.option(
    "--out",
    type=OutputDirectory(dash=True),
    help="Directory for the bundle; default: evidence-WARNING_ID. `-`: evidence.json only, to "
    "standard output.",
)
@click.option(
    "--lang", type=click.Choice(("zh", "en", "both")), default="both", help="Words. Default: both."
)
@click.option(
    "--with-records",
    is_flag=True,
    help="Write the original records too. They may contain personal data.",
)
@click.option("--manifest", help="The pickup manifest with which the parcel was handed over.")
@click.option("--handed-over-at", type=Moment(), help="When it was handed over, with an offset.")
@click.option("--handed-over-place", help="Where it was handed over: county, street, warehouse.")
@click.option("--warnings", type=InputFile(dash=False), help="From files: the output of replay.")
@click.option("--orders", type=_INPUT, help="From files: the orders that were replayed.")
@click.option("--tracking", type=_INPUT, help="From files: the tracking updates.")
@reading_options
def evidence(
    warning_id: str | None,
    order_id: str | None,
    number: str | None,
    out: Target | None,
    lang: str,
    with_records: bool,
    manifest: str | None,
    handed_over_at: int | None,
    handed_over_place: str | None,
    warnings: Path | None,
    orders: Path | None,
    tracking: Path | None,
    zone: ZoneInfo | None,
    money: str,
) -> None:
    """Gather the proof of the warning WARNING_ID, or of that of an order or number."""
    search = _search(warning_id, order_id, number)
    refuse_clashes({}, {"--orders": orders, "--tracking": tracking})
    if out == STDOUT and with_records:
        raise click.UsageError("--with-records writes several files: --out needs a directory")
    if warnings is not None and ".csv" in Path(warnings.name.lower()).suffixes:
        raise click.UsageError(f"--warnings {warnings.name} is a table; JSON Lines are read")
    settings = load_settings()
    made_at = int(time.time()) * SECOND
    if warnings is not None and orders is not None and tracking is not None:
        try:
            found_id = _chosen(partial(matches_in, warnings), search, str(warnings))
            revisions = revisions_in(warnings, found_id)
            _known(revisions, search, str(warnings))
            originals = originals_in(
                orders, tracking, resting_on(revisions), reading_of(zone, money)
            )
        except Unreadable as error:
            raise refused(error) from error
        except (OSError, EOFError, zlib.error) as error:
            raise click.ClickException(f"the files cannot be read: {error}") from error
    elif warnings is not None or orders is not None or tracking is not None:
        raise click.UsageError("--warnings, --orders and --tracking belong together")
    else:
        # Only here: files need no client of Kafka's.
        from streams.evidence.from_kafka import matches_on, originals_on, revisions_on

        where = f"{settings.warnings_topic} at {settings.bootstrap_servers}"
        found_id = _chosen(partial(matches_on, settings), search, where)
        revisions = revisions_on(settings, found_id)
        _known(revisions, search, where)
        originals = originals_on(settings, resting_on(revisions))
    profile = _profile(settings, revisions[-1].get("profile"))
    handed_over = HandOver(manifest, handed_over_at, handed_over_place)
    said = None if handed_over == HandOver() else handed_over
    found = bundle(revisions, originals, profile, made_at, said)
    directory = Path(f"evidence-{found_id}") if out is None else out.path
    if directory is None:
        click.echo(alone(found), nl=False)
        _remark(originals, with_records)
        return
    if not with_records and (directory / "records").exists():
        raise click.ClickException(
            f"{directory} holds the originals of another bundle: name a new directory with --out"
        )
    languages = ("zh", "en") if lang == "both" else (lang,)
    try:
        written = write(directory, found, originals, languages, with_records=with_records)
    except OSError as error:
        raise click.ClickException(f"{error.filename or directory}: {error.strerror}") from error
    for path in written:
        click.echo(path)
    _remark(originals, with_records)


def _search(warning_id: str | None, order_id: str | None, number: str | None) -> Search:
    """What is looked for. Raises UsageError where that is nothing, or can be nothing's."""
    given = Search(
        # Lists and this command's own errors shorten an id with dots: they may be copied too.
        warning_id if warning_id is None else warning_id.strip().rstrip(".…").lower(),
        order_id if order_id is None else clean_id(order_id),
        number if number is None else _by_code(number),
    )
    if given == Search():
        raise click.UsageError(
            "which warning? Name its WARNING_ID or the first digits of that, --order or --number"
        )
    if given.prefix is not None and not _ID.fullmatch(given.prefix):
        raise click.UsageError(
            f"WARNING_ID {warning_id!r} is no id of a warning: it has 4 to 32 hexadecimal digits"
        )
    if given.order_id == "":
        raise click.UsageError("--order is blank")
    if given.number is not None and not given.number.rpartition(":")[2].strip():
        raise click.UsageError(f"--number {number!r} names no number: it is [CARRIER:]NUMBER")
    return given


def _by_code(number: str) -> str:
    """`[CARRIER:]NUMBER` with the carrier's code in place of any of its names."""
    carrier, colon, rest = number.rpartition(":")
    if not colon:
        return clean_id(number)
    return f"{names_in_use().carrier(carrier)}:{rest.strip()}"


def _chosen(find: Callable[[Search], Matches], search: Search, where: str) -> str:
    """The id of the one warning that is meant. Raises ClickException: there is none, or several."""
    whole = search.prefix
    if whole is not None and len(whole) == _WHOLE and search == Search(whole):
        return whole  # nothing is left to choose
    warnings, bad = find(search)
    if not warnings:
        records = counted(bad, "record there is no warning", plural="records there are no warnings")
        remark = f" ({records})" if bad else ""
        raise click.ClickException(f"{_none(search, where)}{remark}")
    if len(warnings) == 1:
        click.echo(_line(warnings[0]), err=True)
        return warnings[0].warning_id
    for warning in warnings[:_MOST_LISTED]:
        click.echo(_line(warning), err=True)
    if len(warnings) > _MOST_LISTED:
        click.echo(f"… and {len(warnings) - _MOST_LISTED} more", err=True)
    raise _Several(
        one_line(
            f"{search} in {where}: {counted(len(warnings), 'warning')}, the most urgent "
            "first; choose one by its id or enough of its first digits"
        )
    )


def _line(warning: WarningRevision) -> str:
    """One warning to choose. Nothing that came from outside can steer the terminal."""
    about = [f"order {', '.join(warning.order_ids)}"] if warning.order_ids else []
    if warning.tracking_number is not None:
        about.insert(0, f"{warning.carrier} {warning.tracking_number}")
    parts = [warning.warning_id, f"{warning.state:9}", f"{warning.rule}/{warning.stage}", *about]
    if warning.deadline is not None and warning.state in ("open", "breached"):
        parts.append(f"deadline {beijing(warning.deadline)}")
    return "  ".join(one_line(part) if number != 1 else part for number, part in enumerate(parts))


def _none(search: Search, where: str) -> str:
    return one_line(f"there is no warning with {search} in {where}")


def _known(revisions: list[dict[str, Any]], search: Search, where: str) -> None:
    if not revisions:
        raise click.ClickException(_none(search, where))


def _remark(originals: list[Original], with_records: bool) -> None:
    for original in originals:
        if original.raw is None:
            place = f"{original.topic} {original.partition}/{original.offset}"
            click.echo(f"{place} cannot be read: {original.missing}", err=True)
    if with_records:
        click.echo("the originals in records/ may contain personal data", err=True)


def _profile(settings: Settings, name: object) -> Profile | None:
    try:
        profiles = load(settings.profile_dirs).all
    except ProfileError as error:
        raise click.ClickException(str(error)) from error
    return next((profile for profile in profiles if profile.id == name), None)
