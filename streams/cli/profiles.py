"""Profiles for the commands about rules: those built in and those of the operator's directories."""

from __future__ import annotations

from collections.abc import Iterable

import click

from streams.cli.suggest import did_you_mean
from streams.profiles.loader import Loaded, ProfileError, load_all
from streams.profiles.model import Profile
from streams.settings import load_settings


def loaded() -> Loaded:
    """Everything in use; ends the command with the problems where that is not possible."""
    try:
        return load_all(load_settings().profile_dirs)
    except ProfileError as error:
        raise click.ClickException("\n".join(error.problems)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"a profile cannot be read: {error}") from error


def named(profiles: Loaded, only: Iterable[str] = ()) -> tuple[Profile, ...]:
    """All profiles, or those named; ends the command with one line where one does not exist."""
    known = {profile.id: profile for profile in profiles.profiles.all}
    wanted = list(dict.fromkeys(only))
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known, cutoff=0.3)
            raise click.UsageError(f"no profile {name!r}{hint} there are {', '.join(known)}")
    return tuple(known[name] for name in wanted) if wanted else tuple(known.values())
