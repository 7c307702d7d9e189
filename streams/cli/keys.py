"""`shipsentry keys`: recipients' keys in place of their names, phone numbers and addresses."""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections import Counter
from pathlib import Path

import click

from streams.cli.files import STDIN, InputFile, OutputFile, Target, refuse_clashes
from streams.cli.forms import form_of
from streams.cli.keys_tables import Table, TableError, csv_writer, json_writer, opened
from streams.cli.suggest import did_you_mean
from streams.inputs.opened import Unreadable
from streams.keys.columns import ALIASES
from streams.keys.hashing import Keys
from streams.keys.recipient import ADDRESS, PERSON, Refused
from streams.keys.rows import Maker
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  head -c 32 /dev/urandom | base64 > keys.secret && chmod 600 keys.secret
  shipsentry keys --secret-file keys.secret recipients.csv --out orders.csv
  shipsentry keys --secret-file keys.secret --column phone=买家手机 --drop 备注 orders.jsonl

Rows are CSV or JSON Lines, plain or .gz, and stay what they are; keys come in place of the columns
that they are made from, in the row itself and in recipient, via and ship_from. A row with a value
that cannot be a key (encrypted, masked, a privacy number) is left out and named by line and
column, never by value. docs/keys.md says which columns are known and how keys are made. The same
rows and secret give the same keys, on every machine. Exit status: 0, or 3 when a row was left out,
or 2 for wrong usage.
"""

SECRET = "SHIPSENTRY_KEYS_SECRET"  # noqa: S105 - the name of a variable
_NOTHING = (
    "has no column of a recipient: needed is one of name, phone, address, open_address_id or oaid, "
    "in the row, its recipient, via or ship_from (docs/keys.md), or --column"
)
_SHOWN = 3
"""Rows left out for one reason that are named; the others are counted."""

_ONLY = {"address": ADDRESS, "person": PERSON}


class _Roles(click.ParamType):
    """ROLE=COLUMN: a column that says something under a name that is not known."""

    name = "role=column"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Column and role, or a usage error."""
        role, _, column = value.partition("=")
        if role not in ALIASES or not column.strip():
            self.fail(
                f"{value!r} is not ROLE=COLUMN{did_you_mean(role, ALIASES)} roles are "
                f"{', '.join(ALIASES)}",
                param,
                ctx,
            )
        return column, role


@click.command(epilog=EPILOG)
@click.argument("rows", type=InputFile())
@click.option(
    "--secret-file",
    type=InputFile(dash=False),
    help=f"The secret, at least 16 bytes. Default: the variable {SECRET}.",
)
@click.option("--only", type=click.Choice(tuple(_ONLY)), help="Make this key alone. Default: both.")
@click.option(
    "--column",
    "columns",
    type=_Roles(),
    multiple=True,
    help="A further column, and what it says of the recipient; repeatable.",
)
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave this out too; repeatable.")
@click.option(
    "--out",
    type=OutputFile(),
    default="-",
    help="Where the rows go, also .gz. Default: standard output.",
)
def keys(
    rows: Path,
    secret_file: Path | None,
    only: str | None,
    columns: tuple[tuple[str, str], ...],
    drop: tuple[str, ...],
    out: Target,
) -> None:
    """Make address_key and person_key for the recipients in ROWS, and leave the plain text out."""
    refuse_clashes({"--out": out}, {"ROWS": rows, "--secret-file": secret_file})
    wanted = (_ONLY[only],) if only else (ADDRESS, PERSON)
    maker = Maker(_keys(secret_file), wanted, dict(columns), drop)
    left_out: Counter[str] = Counter()
    try:
        with opened(rows) as table:
            _check_form(out, table)
            written = _write(table, maker, out, left_out)
    except BrokenPipeError:
        raise
    except TableError as error:
        name = "standard input" if rows == STDIN else rows
        raise click.UsageError(f"{name} {error}") from error
    except Unreadable as error:
        raise click.UsageError(str(error)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise click.ClickException(f"the rows cannot be read or written: {error}") from error
    click.echo(f"{counted(written, 'row')} written to {out}", err=True)
    for key, number in maker.lacking.items():
        if number:
            click.echo(
                f"without {key}: {counted(number, 'recipient')}, of whom something is blank "
                "(docs/keys.md says what it needs)",
                err=True,
            )
    for reason, number in left_out.items():
        if number > _SHOWN:
            click.echo(f"… and {counted(number - _SHOWN, 'more row')}: {reason}", err=True)
    if left_out:
        click.echo(f"left out: {counted(left_out.total(), 'row')}", err=True)
        sys.exit(3)


def _write(table: Table, maker: Maker, out: Target, left_out: Counter[str]) -> int:
    """Write the rows with their keys; returns how many. Raises TableError, OSError."""
    number = 0
    plain = table.header is not None
    header = [] if table.header is None else _header(table.header, maker)
    with out.opened(in_one_step=True) as file:
        write = json_writer(file) if table.header is None else csv_writer(file, header)
        for line, parts in table.rows:
            try:
                if isinstance(parts, TableError):
                    raise parts
                if not plain:
                    plain = any(maker.layout(place, of).plain for place, of in parts.items())
                write(maker.row(parts))
                number += 1
            except (Refused, TableError, RecursionError) as error:
                reason = "nests too deep" if isinstance(error, RecursionError) else str(error)
                left_out[reason] += 1
                if left_out[reason] <= _SHOWN:
                    click.echo(f"line {line}: {reason}", err=True)
        if not plain and not left_out:
            raise TableError(_NOTHING)
    return number


def _header(names: list[tuple[str, str]], maker: Maker) -> list[tuple[str, str]]:
    """The columns that are written, keys where the first of what they replace stood."""
    leaves: dict[str, list[str]] = {}
    for place, leaf in names:
        leaves.setdefault(place, []).append(leaf)
    layouts = {place: maker.layout(place, own) for place, own in leaves.items()}
    if not any(layout.plain for layout in layouts.values()):
        raise TableError(_NOTHING)
    written: list[tuple[str, str]] = []
    for place, leaf in names:
        for name in layouts[place].written([leaf]):
            if (place, name) not in written:
                written.append((place, name))
    return written


def _check_form(out: Target, table: Table) -> None:
    forms = {".csv": "csv", ".jsonl": "jsonl", ".json": "jsonl"}
    own = {ending: form for ending, form in forms.items() if form == table.form}
    if form_of("--out", out, {**own, **forms}) != table.form:
        raise click.BadParameter(
            f"the rows are {table.form} and stay so: allowed endings are {', '.join(own)}, each "
            "also with .gz",
            param_hint="--out",
        )


def _keys(file: Path | None) -> Keys:
    """The keys of the secret that is named. Raises UsageError; the words do not hold it."""
    if file is None:
        value = os.environ.get(SECRET, "")
        if not value:
            raise click.UsageError(f"there is no secret: name --secret-file, or set {SECRET}")
        where, secret = SECRET, value.encode("utf-8", "surrogateescape")
    else:
        try:
            where, secret = str(file), file.read_bytes().rstrip(b"\r\n")
            others = file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH)
        except OSError as error:
            raise click.ClickException(f"{file}: {error.strerror}") from error
        if others:
            click.echo(f"{file} is open to every user of this machine: chmod 600 {file}", err=True)
    try:
        return Keys(secret)
    except ValueError as error:
        raise click.UsageError(f"the secret in {where} {error}") from error
