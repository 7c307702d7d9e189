"""Carriers and platforms by the tables in use: the project's, and those of the packs."""

from __future__ import annotations

import click

from streams.decode.names import Names, with_own
from streams.profiles.aliases import Aliases, read_aliases
from streams.settings import load_settings


def own_aliases() -> Aliases:
    """The rows of the packs in use. Raises ClickException where one is wrong."""
    aliases, problems = read_aliases(load_settings().profile_dirs)
    if problems:
        raise click.ClickException("\n".join(problems))
    return aliases


def names_in_use() -> Names:
    """All rows in use. Raises ClickException where one is wrong."""
    aliases = own_aliases()
    return with_own(aliases.carriers, aliases.platforms, ())
