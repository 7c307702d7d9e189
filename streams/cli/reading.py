"""What every command that reads files asks of them, and says about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from streams.cli.logs import one_line
from streams.decode.names import Names
from streams.inputs.cells import Reading
from streams.inputs.files import HistoryFile
from streams.inputs.messages import ORDERS, STOCK, TRACKING
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.rejected import Counted, shown_value
from streams.inputs.sheets.registry import FORMS as FORMS_OF_SHEETS
from streams.inputs.sheets.sheet import Sheet
from streams.profiles.model import Profiles
from streams.profiles.money import decimals_of
from streams.replay.scope import SCOPES
from streams.replay.seen import Seen
from streams.telemetry.counted import counted

FORMS = "JSON Lines, JSON, CSV, .xlsx or .xls, also packed by gzip"
"""What a file may be; docs/files.md says the rest."""

_NAMED = 5
"""Names that one sentence lists at most."""

_F = TypeVar("_F", bound=Callable[..., Any])


class Zone(click.ParamType):
    """A time zone by its name in the IANA database."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The zone, or a usage error that quotes the name."""
        if isinstance(value, ZoneInfo):
            return value
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value!r} is no time zone; allowed are names such as Asia/Shanghai", param)


class RefusedFile(click.ClickException):
    """A file that holds no messages; the exit status is that of wrong usage."""

    exit_code = 2


def refused(error: Unreadable) -> RefusedFile:
    """What a command ends with; of a table that `import` reads the sentence says how."""
    return RefusedFile(one_line(f"{error}{_by_import(error)}"))


def _by_import(error: Unreadable) -> str:
    if "the header in line" not in error.why or not error.path.is_file():
        return ""
    try:
        form = Sheet(Opened(error.path), FORMS_OF_SHEETS.values()).form.name
    except (Unreadable, OSError):
        form = ""
    if not form and "none of the known columns" not in error.why:
        return ""
    fits = f"; its columns fit {form}" if form else "; if a shop or carrier exported it"
    name = f"{error.path.name}{f' --as {form}' if form else ''}"
    return (
        f"{fits}: `shipsentry report {name}` judges it as it is, `shipsentry import {name} --to "
        "messages.jsonl` makes messages of it (docs/imports.md)"
    )


def reading_options(command: _F) -> _F:
    """The options that say how tables are read: what `reading_of` takes."""
    zone = click.option(
        "--zone",
        type=Zone(),
        help="In tables: the zone of date cells, and of times without an offset. "
        "Default: they are refused.",
    )
    money = click.option(
        "--money",
        type=click.Choice(("minor", "major")),
        default="minor",
        show_default=True,
        help="In tables: whether amount_paid is in minor units (fen, cents) or major (yuan).",
    )
    return zone(money(command))


scope_option = click.option(
    "--scope",
    type=click.Choice(SCOPES),
    help="Put the shop or the platform before order ids that are not unique: shop/1001.",
)


def reading_of(zone: ZoneInfo | None, money: str) -> Reading:
    """What the options say."""
    return Reading(zone, decimals_of if money == "major" else None)


def look(
    orders: Path, tracking: Path, reading: Reading, stock: Path | None = None
) -> tuple[HistoryFile, ...]:
    """The files, looked at; what there is to remark goes to standard error.

    Raises RefusedFile where one holds no messages, and OSError.
    """
    try:
        files: tuple[HistoryFile, ...] = (
            HistoryFile(orders, ORDERS, reading),
            HistoryFile(tracking, TRACKING, reading),
        )
        if stock is not None:
            files += (HistoryFile(stock, STOCK, reading),)
    except Unreadable as error:
        raise refused(error) from error
    for file in files:
        for remark in file.remarks:
            click.echo(one_line(f"{file.path.name}: {remark}"), err=True)
    return files


def summary(
    files: Sequence[HistoryFile],
    seen: Seen,
    bad: Counted,
    place: object,
    profiles: Profiles,
    names: Names,
    same_digits: Sequence[tuple[str, str]] = (),
) -> Iterator[str]:
    """What was read, for standard error; `place` is where the bad lines are, `names` what carriers
    are known by, `same_digits` parcels that wait with those that move under their digits."""
    counts = {
        ORDERS.name: counted(seen.orders, "order"),
        TRACKING.name: counted(seen.parcels, "parcel"),
        STOCK.name: counted(seen.products, "product"),
    }
    for file in files:
        yield f"{file.path.name}: {counted(file.lines, 'line')}, {counts[file.message.name]}"
    if bad.count:
        yield f"{counted(bad.count, 'bad line')}, see {place}"
    for reason, count in bad.reasons.most_common():
        first = bad.first[reason]
        value = shown_value(first)
        shown = "" if value is None else f" ({value!r})"
        yield (
            f"{reason}: {count}, the first in {first.path.name} line {first.number}: "
            f"{first.bad.message}{shown}"
        )
    for file in files:
        if file.unknown:
            yield f"{file.path.name}: unknown columns: {_listed(map(repr, file.unknown))}"
        if file.differing:
            many = counted(len(file.differing), "order has", plural="orders have")
            yield (
                f"{file.path.name}: {many} rows of one time that differ in more than items, of "
                f"which one counts: {_listed(sorted(file.differing))}"
            )
    if seen.shared:
        ids = counted(len(seen.shared), "order id is", plural="order ids are")
        owners = (f"{each} ({', '.join(sorted(who))})" for each, who in seen.shared.items())
        yield (
            f"{ids} used by several shops or platforms, each as one order (--scope tells them "
            f"apart): {_listed(owners)}"
        )
    if seen.carriers:
        yield f"carriers: {_listed(f'{name} ({n})' for name, n in seen.carriers.most_common())}"
    if same_digits:
        pairs = (f"{waiting} (as {moving})" for waiting, moving in same_digits)
        yield (
            "numbers that wait while the same digits move, with another carrier or without leading "
            f"zeros: {_listed(pairs)}"
        )
    odd = sorted(names.unknown("carrier", seen.carriers))
    if odd:
        yield f"carriers in no table (shipsentry aliases list): {_listed(map(repr, odd))}"
    known = {profile.platform for profile in profiles.all}
    strange = {name: n for name, n in seen.platforms.most_common() if name not in known}
    if strange:
        yield f"platforms without a profile: {_listed(f'{k!r} ({n})' for k, n in strange.items())}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return f"{', '.join(every[:_NAMED])}{more}"
