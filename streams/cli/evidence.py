"""`shipsentry evidence`: a warning's proof as a bundle for an appeal."""

from __future__ import annotations

import re
import time
import zlib
from pathlib import Path
from typing import Any

import click

from streams.evidence.bundle import bundle, resting_on
from streams.evidence.from_files import originals_in, revisions_in
from streams.evidence.shown import Original
from streams.evidence.write import write
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profile
from streams.settings import Settings, load_settings

EPILOG = """\b
Examples:
  shipsentry evidence 0f3a5c… --out appeal/
  shipsentry evidence 0f3a5c… --lang zh --with-records
  shipsentry evidence 0f3a5c… --warnings w.jsonl --orders o.jsonl --tracking t.jsonl

Writes evidence.json, evidence.html (to print) and SHA256SUMS. The warning is read from the
warnings topic, its records from the inputs; the page says where retention has removed one. With
--warnings (the output of `replay`, with `--log` for the whole course) it needs no Kafka.
"""

_INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)
_ID = re.compile(r"[0-9a-f]{32}")


@click.command(epilog=EPILOG)
@click.argument("warning_id")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the bundle; default: evidence-WARNING_ID.",
)
@click.option(
    "--lang", type=click.Choice(("zh", "en", "both")), default="both", help="Words. Default: both."
)
@click.option(
    "--with-records",
    is_flag=True,
    help="Write the original records too. They may contain personal data.",
)
@click.option("--warnings", type=_INPUT, help="From files: the output of replay.")
@click.option("--orders", type=_INPUT, help="From files: the orders that were replayed.")
@click.option("--tracking", type=_INPUT, help="From files: the tracking updates.")
def evidence(
    warning_id: str,
    out: Path | None,
    lang: str,
    with_records: bool,
    warnings: Path | None,
    orders: Path | None,
    tracking: Path | None,
) -> None:
    """Gather the proof of the warning WARNING_ID."""
    if not _ID.fullmatch(warning_id):
        raise click.UsageError("WARNING_ID is the 32 hexadecimal digits of a warning")
    settings = load_settings()
    made_at = time.time_ns() // 1_000
    if warnings is not None and orders is not None and tracking is not None:
        try:
            revisions = revisions_in(warnings, warning_id)
            _known(revisions, warning_id, str(warnings))
            originals = originals_in(orders, tracking, resting_on(revisions))
        except (OSError, EOFError, zlib.error) as error:
            raise click.ClickException(f"the files cannot be read: {error}") from error
    elif warnings is not None or orders is not None or tracking is not None:
        raise click.UsageError("--warnings, --orders and --tracking belong together")
    else:
        # Only here: files need no client of Kafka's.
        from streams.evidence.from_kafka import originals_on, revisions_on

        revisions = revisions_on(settings, warning_id)
        _known(revisions, warning_id, settings.warnings_topic)
        originals = originals_on(settings, resting_on(revisions))
    profile = _profile(settings, revisions[-1].get("profile"))
    found = bundle(revisions, originals, profile, made_at)
    directory = out or Path(f"evidence-{warning_id}")
    if not with_records and (directory / "records").exists():
        raise click.ClickException(
            f"{directory} holds the originals of another bundle: name a new directory with --out"
        )
    languages = ("zh", "en") if lang == "both" else (lang,)
    try:
        written = write(directory, found, originals, languages, with_records=with_records)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    for path in written:
        click.echo(path)
    _remark(originals, with_records)


def _known(revisions: list[dict[str, Any]], warning_id: str, where: str) -> None:
    if not revisions:
        raise click.ClickException(f"there is no warning {warning_id} in {where}")


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
