"""Profiles for the commands about rules: those built in and those of the operator's directories."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import click

from streams.profiles.loader import ProfileError, builtin_files, load, read
from streams.profiles.model import Profile
from streams.settings import load_settings


def all_profiles(only: Iterable[str] = ()) -> tuple[Profile, ...]:
    """All profiles, or those named; ends the command with one line where that is not possible."""
    try:
        profiles = load(load_settings().profile_dirs).all
    except ProfileError as error:
        raise click.ClickException("\n".join(error.problems)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"a profile cannot be read: {error}") from error
    named = list(only)
    known = {profile.id: profile for profile in profiles}
    for name in named:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1, cutoff=0.3)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"no profile {name!r}{hint or ';'} there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(named)) if named else profiles


def file_of(profile: Profile) -> Path:
    """The file that a profile was read from: of several with its id the last, as in loading."""
    files = builtin_files()
    for directory in load_settings().profile_dirs:
        files += sorted(directory.glob("*.toml"))
    return next(path for path in reversed(files) if read(path).id == profile.id)
