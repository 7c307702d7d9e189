"""`shipsentry rules validate`: are these profile files right, and if not, where?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from streams.cli.files import InputFile
from streams.profiles.aliases import alias_files
from streams.profiles.loader import Loaded, ProfileError, load_all, read
from streams.profiles.packs import profile_files, rule_files, text_files
from streams.profiles.registry import SPECS
from streams.settings import load_settings
from streams.telemetry.counted import counted

EPILOG = """\b
Examples:
  shipsentry rules validate
  shipsentry rules validate my-profiles/
  shipsentry rules validate my-profiles/douyin-strict.toml

Without arguments: the built-in profiles and those of SHIPSENTRY_PROFILE_DIRS. Of a directory, all
that a worker would take from it: profiles, changes to profiles, rules of your own and their texts.
Each problem is one line `file:line: field: what is wrong`; the exit status is 1 when there is any.
Gaps and overlaps between the dated versions of a platform are remarks: it is defined who judges.
"""


@click.command(epilog=EPILOG)
@click.argument(
    "paths",
    nargs=-1,
    type=InputFile(dash=False, directory=True),
    metavar="[FILE|DIRECTORY]...",
)
def validate(paths: tuple[Path, ...]) -> None:
    """Check profile files and rule packs and say what is wrong with line and field."""
    directories = [path for path in paths if path.is_dir()]
    if not paths:
        directories = list(load_settings().profile_dirs)
    problems: list[str] = []
    names: list[str] = []
    for directory in directories:
        files = (profile_files, rule_files, text_files, alias_files)
        if not any(each(directory) for each in files):
            problems.append(f"{directory}: holds no *.toml file and no rule")
    for path in (path for path in paths if not path.is_dir()):
        try:
            names.append(read(path).id)
        except ProfileError as error:
            problems += error.problems
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
    everything: Loaded | None = None
    if directories or not paths:
        try:
            everything = load_all(directories)
        except ProfileError as error:
            problems += error.problems
        except OSError as error:
            problems.append(f"{error.filename}: cannot be read: {error.strerror}")
    for problem in dict.fromkeys(problems):
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    rules: list[str] = []
    if everything is not None:
        within = {str(path) for directory in directories for path in profile_files(directory)}
        names += [
            profile.id
            for profile in everything.profiles.all
            if not paths or within.intersection(profile.files)
        ]
        rules = [name for name in everything.specs if name not in SPECS]
        for remark in everything.remarks:
            click.echo(f"remark: {remark}", err=True)
    own = f"; {counted(len(rules), 'rule')} of your own: {', '.join(rules)}" if rules else ""
    click.echo(f"{counted(len(names), 'profile')}, nothing wrong: {', '.join(sorted(names))}{own}")
