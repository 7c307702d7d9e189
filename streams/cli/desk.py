"""`shipsentry desk …`: warnings in a database, with an API to work them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from streams.cli.logs import configure, one_line
from streams.decode.names import with_own
from streams.desk.access import tokens, users
from streams.desk.access.secrets import WeakPassword
from streams.desk.access.who import Role, Who, shop_named
from streams.desk.database.database import Database
from streams.desk.database.keep import clear
from streams.desk.database.migrate import NewerDatabase
from streams.desk.database.sight import Sight
from streams.desk.service.serve import now, open_database, prune_now
from streams.desk.service.serve import serve as serve_desk
from streams.facts.times import DAY, iso
from streams.profiles.loader import ProfileError, load
from streams.settings import load_settings

_ROLE = click.option(
    "--role",
    type=click.Choice([role.name for role in Role]),
    default="viewer",
    show_default=True,
    help="viewer looks, operator acts, admin may do all.",
)
_SHOPS = click.option(
    "--shop",
    "shops",
    multiple=True,
    metavar="PLATFORM/SHOP",
    callback=lambda _context, _option, given: _sight(given),
    help="May see this shop only; may be repeated. SHOP alone is that id on every platform.",
)
_PASSWORD = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


def _example(arguments: str) -> str:
    return f"\b\nExamples:\n  shipsentry desk {arguments}"


def _with_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Open the database for a command, as `database`, and end what goes wrong in one line."""

    def run(**given: Any) -> Any:
        with opened() as database:
            return command(database=database, **given)

    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    return run


@contextmanager
def opened() -> Iterator[Database]:
    """The desk's database, and what goes wrong with it in one line."""
    settings = load_settings()
    with errors():
        database = open_database(settings)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def errors() -> Iterator[None]:
    """What goes wrong, in one line."""
    try:
        yield
    except DBAPIError as error:
        # Its own words show statements and what was written.
        raise click.ClickException(f"the database: {one_line(str(error.orig))}") from error
    except (NewerDatabase, users.UserError, WeakPassword, ProfileError) as error:
        raise click.ClickException(str(error)) from error


SERVE_EPILOG = """\b
Examples:
  shipsentry topics create && shipsentry desk user add li --role admin && shipsentry desk serve
  SHIPSENTRY_DESK_DATABASE=postgresql://shipsentry@db/desk shipsentry desk serve

Several desks share the work where they share a PostgreSQL. Ctrl-C or SIGTERM ends it; nothing is
lost or read twice however it ends.
"""


@click.command(epilog=SERVE_EPILOG)
def serve() -> None:
    """Keep warnings in a database and answer at SHIPSENTRY_DESK_PORT, until stopped."""
    settings = load_settings()
    configure(settings)
    with errors():
        profiles = load(Path(directory) for directory in settings.profile_dirs)
        sys.exit(serve_desk(settings, profiles))


REBUILD_EPILOG = """\b
Examples:
  shipsentry desk rebuild --yes

What was done about warnings, users and tokens stay. Desks that run notice it and begin anew; what
the topics no longer hold is gone from the database.
"""


@click.command(epilog=REBUILD_EPILOG)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_with_database
def rebuild(database: Database, yes: bool) -> None:
    """Empty what topics say, to have it read again from their beginning."""
    if not yes:
        click.confirm("Delete all warnings and records, and read the topics again?", abort=True)
    clear(database)
    click.echo("emptied: desks read the topics from their beginning")


@click.command("prune", epilog=_example("prune") + "\n\nA desk that runs does it every hour.")
def prune() -> None:
    """Delete what is older than SHIPSENTRY_DESK_RETENTION_D and SHIPSENTRY_DESK_AUDIT_D say."""
    settings = load_settings()
    with opened() as database:
        for table, n in prune_now(database, settings).items():
            click.echo(f"{n:>9}  {table}")


@click.command("add", epilog=_example("user add li --role operator --shop douyin/s-1"))
@click.argument("name")
@_ROLE
@_SHOPS
@_PASSWORD
@_with_database
def user_add(database: Database, name: str, role: str, shops: Sight, password_stdin: bool) -> None:
    """Make a user; the password is asked for."""
    users.add(database, name, _password(password_stdin), Role[role], shops, now())
    click.echo(f"made: {_shown(Who(name, Role[role], shops))}")


@click.command("passwd", epilog=_example("user passwd li"))
@click.argument("name")
@_PASSWORD
@_with_database
def user_passwd(database: Database, name: str, password_stdin: bool) -> None:
    """Give a user another password, and end their sessions."""
    users.set_password(database, name, _password(password_stdin))
    click.echo(f"changed: {one_line(name)}")


@click.command("list", epilog=_example("user list"))
@_with_database
def user_list(database: Database) -> None:
    """All users, their roles and shops."""
    with database.reading() as connection:
        for who in users.listed(connection):
            click.echo(_shown(who))


@click.command("remove", epilog=_example("user remove li"))
@click.argument("name")
@_with_database
def user_remove(database: Database, name: str) -> None:
    """Take a user away; what they did stays in the audit."""
    users.remove(database, name)
    click.echo(f"removed: {one_line(name)}")


ADD_EPILOG = """\b
Examples:
  shipsentry desk token add nightly-report --days 90 --shop douyin/s-1

The token is shown once, alone on standard output; it is kept as a hash.
"""


@click.command("add", epilog=ADD_EPILOG)
@click.argument("name")
@_ROLE
@_SHOPS
@click.option(
    "--days", type=click.IntRange(1, 3650), help="Good for so many days. Default: until revoked."
)
@_with_database
def token_add(database: Database, name: str, role: str, shops: Sight, days: int | None) -> None:
    """Make a token for a program."""
    expires = None if days is None else now() + days * DAY
    token_id, token = tokens.add(database, name, Role[role], shops, now(), expires)
    click.echo(f"made: {token_id}", err=True)
    click.echo(token)


@click.command("list", epilog=_example("token list"))
@_with_database
def token_list(database: Database) -> None:
    """All tokens, by their ids."""
    with database.reading() as connection:
        for token in tokens.listed(connection):
            ends = [
                f"{word} {datetime.fromisoformat(iso(at) or '').date()}"
                for word, at in (("until", token.expires_at), ("revoked", token.revoked_at))
                if at is not None
            ]
            click.echo("  ".join((token.token_id, _shown(token.who), *ends)))


@click.command("revoke", epilog=_example("token revoke 0123456789ab"))
@click.argument("token_id")
@_with_database
def token_revoke(database: Database, token_id: str) -> None:
    """Let a token be good no more, at once."""
    if not tokens.revoke(database, token_id, now()):
        raise click.ClickException(f"there is no token {token_id!r} that is good")
    click.echo(f"revoked: {token_id}")


def _sight(shops: tuple[str, ...]) -> Sight:
    """What --shop says."""
    if not shops:
        return None
    with errors():
        profiles = load(Path(directory) for directory in load_settings().profile_dirs)
    names = with_own(*profiles.own_names)
    try:
        return frozenset(shop_named(each, names) for each in shops)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return click.get_text_stream("stdin").readline().rstrip("\r\n")
    found: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return found


def _shown(who: Who) -> str:
    shops = "every shop" if who.shops is None else ", ".join(sorted(map(str, who.shops)))
    return one_line(f"{who.name}  {who.role.name}  {shops}")
