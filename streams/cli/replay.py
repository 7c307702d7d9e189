"""`shipsentry replay`: judge a history from files, with the same processors and no Kafka."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from streams.cli.files import InputFile, OutputFile, Target, refuse_clashes
from streams.cli.forms import (
    COMPARISON,
    LINES,
    WARNINGS,
    form_of,
    format_option,
    stem,
    warnings_writer,
)
from streams.cli.logs import one_line
from streams.cli.moments import Moment
from streams.cli.processes import Processes
from streams.cli.reading import (
    FORMS,
    look,
    reading_of,
    reading_options,
    refused,
    scope_option,
    summary,
)
from streams.cli.what_if import AS_DATED, as_json, as_table, chosen
from streams.decode.names import with_own
from streams.inputs.files import HistoryFile
from streams.inputs.messages import TRACKING
from streams.inputs.opened import Unreadable
from streams.inputs.rejected import Rejected
from streams.inputs.sources.scope import Scope
from streams.judge.warnings import Revision
from streams.outputs.message import encode_warning
from streams.processes.cores import usable_cores
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profiles
from streams.replay.components import components_of
from streams.replay.history import play
from streams.replay.machine import Machine
from streams.replay.namesakes import namesakes, numbered
from streams.replay.seen import Seen
from streams.replay.shards import ShardFailed, Shards, said
from streams.replay.shop_days import ShopDays
from streams.replay.what_if import Variant, WhatIf
from streams.settings import load_settings

EPILOG = """\b
Examples:
  shipsentry replay --orders orders.jsonl --tracking tracking.jsonl.gz --out warnings.jsonl
  shipsentry replay --orders orders.csv --tracking tracking.csv --until 2026-08-26T08:00:00+08:00
  shipsentry replay --orders o.jsonl --tracking t.jsonl --log | grep breached
  shipsentry replay --orders o.jsonl --tracking t.jsonl --profile as-dated --diff mine.toml
  shipsentry replay --orders o.csv --tracking t.csv --stock levels.csv --product-risk products.jsonl

Lines arrive at their received_at, else at their own time; nothing waits to settle, as it does in a
worker (SHIPSENTRY_SETTLE_S). `-` is standard output, of --orders or --tracking standard input.
docs/files.md says what a file may be; its content decides, not its name. What was read goes to
standard error. Exit status: 0, or 3 when a line was bad (see the dead-letter file), or 2 for wrong
usage or a file that holds no messages.
"""

_INPUT = InputFile()
_OUTPUT = OutputFile()


@click.command(epilog=EPILOG)
@click.option(
    "--orders",
    type=_INPUT,
    required=True,
    help=f"order-paid messages: {FORMS}.",
)
@click.option(
    "--tracking",
    type=_INPUT,
    required=True,
    help=f"tracking-update messages: {FORMS}.",
)
@click.option(
    "--stock",
    type=_INPUT,
    help="stock-level messages, which --product-risk counts: the same forms.",
)
@reading_options
@scope_option
@click.option(
    "--profile",
    help="Judge by this: a profile's id (every order), a profile file (every order of its "
    "platform), or as-dated. Default: as-dated, each order by the profile in force.",
)
@click.option(
    "--diff",
    help="What if: judge by this too, and say which orders would change, and the money at risk.",
)
@click.option("--json", "as_object", is_flag=True, help="With --diff: one JSON object.")
@click.option(
    "--until",
    type=Moment(),
    help="Move the clock to here; later arrivals do not count. Default: the last arrival.",
)
@click.option(
    "--out",
    type=_OUTPUT,
    default="-",
    help="Where the warnings go: a .jsonl, .json or .csv file (with --diff .txt or .json), or one "
    "of these with .gz. Default: standard output.",
)
@format_option
@click.option("--log", "every", is_flag=True, help="Write every revision, in order.")
@click.option(
    "--processes",
    type=Processes(),
    help="Judge by so many processes, beside this one that reads; auto: as many as there are cores "
    "for. Same warnings; not with --diff, --log, --shop-risk or --product-risk.",
)
@click.option("--shop-risk", type=_OUTPUT, help="Where each shop's days go, as counted at the end.")
@click.option(
    "--product-risk",
    type=_OUTPUT,
    help="The same for products with late orders, and with --stock what each product lacks.",
)
@click.option(
    "--dead-letters", type=_OUTPUT, help="Where bad lines go; default: beside the output."
)
def replay(
    orders: Path,
    tracking: Path,
    stock: Path | None,
    zone: ZoneInfo | None,
    money: str,
    scope: Scope | None,
    profile: str | None,
    diff: str | None,
    as_object: bool,
    until: int | None,
    out: Target,
    form: str | None,
    every: bool,
    processes: int | None,
    shop_risk: Target | None,
    product_risk: Target | None,
    dead_letters: Target | None,
) -> None:
    """Judge a history: the latest revision of each warning, sorted by its id, one JSON a line.

    With --diff a comparison of two profiles instead.
    """
    if as_object and diff is None:
        raise click.UsageError("--json says how a comparison is written: it needs --diff")
    if every and diff is not None:
        raise click.UsageError("--log writes revisions, --diff a comparison: choose one")
    if form is not None and diff is not None:
        raise click.UsageError("--format is of warnings, --diff writes a comparison: --json")
    metered = shop_risk is not None or product_risk is not None
    if metered and diff is not None:
        raise click.UsageError("--shop-risk and --product-risk count one replay, --diff has two")
    if stock is not None and product_risk is None:
        raise click.UsageError("--stock is counted in --product-risk: name a file for that")
    if processes is not None:
        _refuse_for_processes(tracking, metered or every or diff is not None)
        processes = processes or usable_cores()
    bad_lines = dead_letters or _beside(out)
    more = {
        "--shop-risk": shop_risk,
        "--product-risk": product_risk,
        "--dead-letters": dead_letters,
    }
    refuse_clashes(
        {"--out": out, **more, "--dead-letters": bad_lines},
        {"--orders": orders, "--tracking": tracking, "--stock": stock},
    )
    written = _form(out, form, "json" if as_object else None, diff is not None, more)
    known = _profiles()
    names = with_own(*known.own_names)
    profiles = chosen(known, profile or AS_DATED)
    other = None if diff is None else Variant(diff, chosen(known, diff))
    rejected = Rejected(bad_lines.opened)
    seen = Seen()
    newest: dict[str, tuple[Revision, str]] = {}

    def encoded(revision: Revision, feed: str) -> bytes:
        return encode_warning(revision, feed, profiles.named(revision.finding.profile))

    with ExitStack() as stack:
        stack.callback(rejected.close)
        # Before anything is read: they begin as this process is now.
        shards = None if processes is None else Shards(processes, profiles, encoded)
        if shards is not None:
            stack.callback(shards.close)
        try:
            reading = reading_of(zone, money)
            files = look(orders, tracking, reading, stock)
            file = stack.enter_context(out.opened())
            risks = [
                None if place is None else stack.enter_context(place.opened())
                for place in (shop_risk, product_risk)
            ]

            write = warnings_writer(file, written)

            def publish(revision: Revision) -> None:
                feed = machine.feeds.word(revision.finding.parcel, revision.detected_at)
                if every:
                    write(encoded(revision, feed))
                else:
                    newest[revision.warning_id] = revision, feed

            meters = ShopDays(profiles, stocked=stock is not None) if metered else None
            machine = Machine(profiles, publish, meters)
            progress = _progress(stack, *(file.path for file in files))
            if other is not None:
                both = WhatIf(Variant(profile or AS_DATED, profiles), other)
                end = play(both, files, until, rejected.take, progress, scope, seen, names)
                file.write(_compared(both, end, written == "json"))
                failures = [*map(said, (*both.before.failures, *both.after.failures))]
            elif shards is not None:
                again = HistoryFile(tracking, TRACKING, reading).unsorted()
                shards.play(
                    files,
                    until,
                    rejected.take,
                    progress,
                    components_of(again, scope, names),
                    scope=scope,
                    seen=seen,
                    names=names,
                )
                for line in shards.warnings():
                    write(line)
                failures = shards.failures
            else:
                end = play(machine, files, until, rejected.take, progress, scope, seen, names)
                failures = [*map(said, machine.failures)]
                if meters is not None:
                    for place, lines in zip(risks, meters.written(end), strict=True):
                        if place is not None:
                            place.writelines(line + b"\n" for line in lines)
            for _, (revision, feed) in sorted(newest.items()):
                write(encoded(revision, feed))
            file.flush()
        except BrokenPipeError:
            raise
        except Unreadable as error:
            raise refused(error) from error
        except (OSError, EOFError, zlib.error, ShardFailed) as error:
            raise click.ClickException(f"the replay cannot go on: {error}") from error
    for failure in failures[:5]:
        click.echo(failure, err=True)
    if failures:
        sys.exit(1)
    parcels = numbered(machine) if shards is None else sorted(shards.numbers)
    same_digits = namesakes(parcels)
    for sentence in summary(files, seen, rejected, bad_lines, profiles, names, same_digits):
        click.echo(one_line(sentence), err=True)
    if rejected.count:
        sys.exit(3)


def _refuse_for_processes(tracking: Path, in_order: bool) -> None:
    """End with a usage error where several processes cannot do what is asked."""
    if in_order:
        raise click.UsageError(
            "--processes writes the newest of each warning: --diff, --log, --shop-risk and "
            "--product-risk want one process"
        )
    if not tracking.is_file():
        raise click.UsageError("--processes reads --tracking twice: allowed is a file")


def _form(
    out: Target,
    asked: str | None,
    compared_as: str | None,
    compared: bool,
    more: Mapping[str, Target | None],
) -> str:
    """The form of the output; ends with a usage error where a file's name asks for another."""
    for option, target in more.items():
        if target is not None:
            form_of(option, target, LINES)
    if compared:
        return form_of("--out", out, COMPARISON, compared_as)
    return form_of("--out", out, WARNINGS, asked)


def _profiles() -> Profiles:
    try:
        return load(Path(directory) for directory in load_settings().profile_dirs)
    except ProfileError as error:
        raise click.ClickException(str(error)) from error


def _compared(both: WhatIf, until: int, as_object: bool) -> bytes:
    if as_object:
        return as_json(both, until)
    return "".join(f"{line}\n" for line in as_table(both, until)).encode()


def _progress(stack: ExitStack, *paths: Path) -> Callable[[int], None]:
    """A progress bar over the bytes read, where somebody watches and it is worth it."""
    total = sum(path.stat().st_size * (8 if path.name.endswith(".gz") else 1) for path in paths)
    if not sys.stderr.isatty() or total < 4_000_000:
        return lambda _: None
    bar = stack.enter_context(
        click.progressbar(length=total, label="replay", file=sys.stderr, update_min_steps=1 << 20)
    )
    return bar.update


def _beside(out: Target) -> Target:
    """Where bad lines go unless it is said: beside the output, where that is a file."""
    name = None if out.path is None else stem(out.path)
    if out.path is None or name is None:
        return Target(Path("dead-letters.jsonl"))
    return Target(out.path.with_name(f"{name}.dead-letters.jsonl"))
