"""`shipsentry aliases`: by which names carriers and platforms are known."""

from __future__ import annotations

import click

from schemas.cleaning import clean
from streams.cli.names import names_in_use, own_aliases
from streams.cli.suggest import close_to
from streams.profiles.aliases import ALIASES
from streams.reference.names import CARRIERS, PLATFORMS

_LIST_EPILOG = """\b
Examples:
  shipsentry aliases list
  shipsentry aliases list carriers

Add names in a pack's file aliases.toml: docs/rule-packs.md.
"""

_FIND_EPILOG = """\b
Examples:
  shipsentry aliases find 中通快递
  shipsentry aliases find Tmall 抖店

The exit status is 1 where a name is in no table. Such a name is used as it is, in lower case.
"""

_TABLES = {"carriers": CARRIERS, "platforms": PLATFORMS}


@click.command("list", epilog=_LIST_EPILOG)
@click.argument("kind", type=click.Choice([*_TABLES]), required=False)
def list_aliases(kind: str | None) -> None:
    """List each carrier and platform with all its names; those of packs come last."""
    own = own_aliases()
    for each in [kind] if kind else _TABLES:
        rows = {**_TABLES[each], **getattr(own, each)}
        for code in dict.fromkeys(rows.values()):
            others = ", ".join(name for name, of in rows.items() if of == code and name != code)
            click.echo(f"{each.removesuffix('s')} {code}: {others}")


@click.command(epilog=_FIND_EPILOG)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def find(names: tuple[str, ...]) -> None:
    """Say which carrier or platform a name stands for, in a message as on a command line."""
    tables, own = names_in_use(), own_aliases()
    missing = False
    for name in names:
        short = clean(name).lower()
        found = False
        for kind, code in (
            ("carrier", tables.carrier_of(clean(name))),
            ("platform", tables.platform_of(clean(name))),
        ):
            if not tables.unknown(kind, [code]) and code:
                found = True
                pack = f" ({ALIASES})" if short in getattr(own, f"{kind}s") else ""
                click.echo(f"{name}: {kind} {code}{pack}")
        if not found:
            missing = True
            every = [*CARRIERS, *PLATFORMS, *own.carriers, *own.platforms]
            close = close_to(short, every)
            hint = f"; did you mean {close}?" if close else ""
            click.echo(f"{name}: in no table{hint}", err=True)
    if missing:
        raise SystemExit(1)
