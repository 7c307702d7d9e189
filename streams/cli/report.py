"""`shipsentry report`: a history from files as one page and a workbook, without Kafka."""

from __future__ import annotations

import gc
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import click

from streams.cli.files import InputFile, OutputFile, Target, refuse_clashes
from streams.cli.forms import form_of
from streams.cli.imported import export_options, form_in, summary
from streams.cli.logs import one_line
from streams.cli.moments import Moment
from streams.cli.profiles import loaded
from streams.cli.reading import (
    FORMS,
    RefusedFile,
    reading_of,
    reading_options,
    scope_option,
)
from streams.decode.names import with_own
from streams.facts.times import to_datetime
from streams.inputs.files import HistoryFile
from streams.inputs.messages import STOCK
from streams.inputs.opened import Unreadable
from streams.inputs.rejected import Rejected
from streams.inputs.sheets.imported import Imported
from streams.inputs.sources.payload import Feed
from streams.inputs.sources.scope import Scope
from streams.replay.backlog import Once, gather
from streams.replay.seen import Seen
from streams.replay.shop_days import ShopDays
from streams.report.exports import Exports
from streams.report.files import opened
from streams.report.page import page
from streams.report.report import Report, report_of
from streams.report.wording import problem
from streams.telemetry.counted import counted

EPILOG = f"""\b
Examples:
  shipsentry report 1791213782_order_export.csv tracks.xlsx --shop s-1 --as kuaidi100
  shipsentry report orders.xlsx tracking.csv --zone Asia/Shanghai --money major
  shipsentry report orders.jsonl tracking.jsonl.gz --out monday.html --xlsx monday.xlsx --lang zh
  shipsentry report orders.csv tracks.csv --stock levels.csv
  shipsentry report messages.jsonl --until 2026-11-21T08:00:00+08:00

Each file holds orders, tracking updates, records with topic, key and value, as `sources try`
writes them, or what `shipsentry import` reads; its content says which. It may be {FORMS}. The page
needs no network and holds no personal data. Exit status: 0, or 3 when a line was bad (see the
dead-letter file) or refused of an export, 1 when a rule failed, or 2 for wrong usage or a file that
cannot be read.
"""

_OUTPUT = OutputFile()


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=InputFile(dash=False))
@click.option(
    "--stock", type=InputFile(dash=False), help="stock-level messages: the products that are short."
)
@export_options
@reading_options
@scope_option
@click.option(
    "--out", type=_OUTPUT, default="report.html", show_default=True, help="Where the page goes."
)
@click.option("--xlsx", type=_OUTPUT, help="Where a workbook with every row goes.")
@click.option(
    "--lang",
    type=click.Choice(("zh", "en", "both")),
    default="both",
    show_default=True,
    help="Words; with both, the page has a switch.",
)
@click.option(
    "--until",
    type=Moment(),
    help="What the time is; later arrivals do not count. Default: the last arrival.",
)
@click.option("--dead-letters", type=_OUTPUT, help="Where bad lines go; default: beside the page.")
def report(
    files: tuple[Path, ...],
    stock: Path | None,
    source: str | None,
    mapping: Path | None,
    shop: str,
    platform: str,
    exported_at: int | None,
    zone: ZoneInfo | None,
    money: str,
    scope: Scope | None,
    out: Target,
    xlsx: Target | None,
    lang: str,
    until: int | None,
    dead_letters: Target | None,
) -> None:
    """Say what is due, breached and at stake in FILES, as a page and a workbook."""
    bad_lines = dead_letters or _beside(out)
    refuse_clashes(
        {"--out": out, "--xlsx": xlsx, "--dead-letters": bad_lines},
        {**{str(path): path for path in files}, "--stock": stock, "--map": mapping},
    )
    form_of("--out", out, {".html": "html", ".htm": "html"})
    write_workbook = None if xlsx is None else _workbook(xlsx)
    profiles = loaded().profiles
    names = with_own(*profiles.own_names)
    rejected, seen = Rejected(bad_lines.opened), Seen()
    exports = Exports(
        Feed(default_zone=zone, shop_id=shop, platform=platform),
        datetime.now(UTC),
        _say,
        source,
        None if mapping is None else form_in(mapping),
        None if exported_at is None else to_datetime(exported_at),
        scope,
    )
    languages = ("zh", "en") if lang == "both" else (lang,)
    with ExitStack() as stack:
        stack.callback(rejected.close)
        stack.enter_context(_uncollected())
        try:
            reading = reading_of(zone, money)
            found = opened(files, reading, exports)
            if stock is not None:
                found.append(HistoryFile(stock, STOCK, reading))
            for file in found:
                for remark in file.remarks:
                    click.echo(one_line(f"{file.path.name}: {remark}"), err=True)
            stocked = any(file.message is STOCK for file in found)
            meters = ShopDays(profiles, stocked=stocked)
            variant = Once(profiles, meters, exports.received)
            end = gather(variant.machine, found, until, rejected.take, scope, seen, names)
            made = report_of(
                variant, meters, profiles, names, found, exports.read, seen, rejected, end
            )
            with out.opened(in_one_step=True) as target:
                target.write(page(made, languages, _version()).encode())
            if xlsx is not None and write_workbook is not None:
                with xlsx.opened(in_one_step=True) as target:
                    write_workbook(target, made, languages, _version())
        except BrokenPipeError:
            raise
        except Unreadable as error:
            raise RefusedFile(one_line(str(error))) from error
        except (OSError, EOFError, zlib.error) as error:
            raise click.ClickException(f"the report cannot be made: {error}") from error
    for failure in variant.failures[:5]:
        click.echo(f"rule {failure.rule} failed on {failure.subject}: {failure.error!r}", err=True)
    for sentence in _summary(made, rejected.count, bad_lines):
        click.echo(one_line(sentence), err=True)
    if variant.failures:
        sys.exit(1)
    if rejected.count or any(each.outcome.refusals for _, each in exports.read):
        sys.exit(3)


def _say(path: Path, found: Imported) -> None:
    """What became of an export, on standard error."""
    for sentence in summary(path, found):
        click.echo(one_line(sentence), err=True)


def _workbook(target: Target) -> Callable[[IO[bytes], Report, Sequence[str], str], None]:
    """What writes the workbook; ends the command where its library is not installed."""
    form_of("--xlsx", target, {".xlsx": "xlsx"})
    try:
        from streams.report.workbook import write
    except ModuleNotFoundError as error:
        raise click.ClickException(
            "--xlsx needs the package XlsxWriter: pip install 'shipsentry[report]'"
        ) from error
    return write


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of circles: there are next to none, and looking takes a sixth."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _version() -> str:
    try:
        return metadata.version("shipsentry")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _summary(made: Report, bad: int, place: Target) -> Iterator[str]:
    """What was made, for standard error."""
    yield f"{counted(made.orders, 'order')}, {counted(made.parcels, 'parcel')}"
    yield (
        f"{len(made.due)} due, {len(made.held)} irregular, {len(made.breached)} breached, "
        f"{counted(len(made.problems), 'kind of data problem', plural='kinds of data problems')}"
    )
    if made.stock:
        short = sum(each["short_by"] > 0 for each in made.stock)
        yield f"stock of {counted(len(made.stock), 'product')}, {short} of them short"
    if any(each.code == "no_records" for each in made.problems):
        yield problem("no_records")["en"]
    if bad:
        yield f"{counted(bad, 'bad line')}, see {place}"


def _beside(out: Target) -> Target:
    """Where bad lines go unless it is said: beside the page, where that is a file."""
    if out.path is None:
        return Target(Path("dead-letters.jsonl"))
    name = out.path.name.removesuffix(".gz").removesuffix(".html").removesuffix(".htm")
    return Target(out.path.with_name(f"{name}.dead-letters.jsonl"))
