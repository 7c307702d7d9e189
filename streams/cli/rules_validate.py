"""`shipsentry rules validate`: are these profile files right, and if not, where?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from streams.profiles.loader import ProfileError, builtin_files, load, read
from streams.settings import load_settings

EPILOG = """\b
Examples:
  shipsentry rules validate
  shipsentry rules validate my-profiles/
  shipsentry rules validate my-profiles/douyin-strict.toml

Without arguments: the built-in profiles and those of SHIPSENTRY_PROFILE_DIRS. Each problem is one
line `file:line: field: what is wrong`; the exit status is 1 when there is any.
"""


@click.command(epilog=EPILOG)
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILE|DIRECTORY]..."
)
def validate(paths: tuple[Path, ...]) -> None:
    """Check profile files and say what is wrong with line and field."""
    directories = [path for path in paths if path.is_dir()]
    files = [path for path in paths if not path.is_dir()]
    if not paths:
        directories = list(load_settings().profile_dirs)
        files = builtin_files()
    problems: list[str] = []
    for directory in directories:
        inside = sorted(directory.glob("*.toml"))
        if not inside:
            problems.append(f"{directory}: holds no *.toml file")
        files += inside
    names: list[str] = []
    for path in dict.fromkeys(files):
        try:
            names.append(read(path).id)
        except ProfileError as error:
            problems += [_with_path(problem, path) for problem in error.problems]
        except UnicodeDecodeError as error:
            problems.append(f"{path}: not UTF-8 (byte {error.start})")
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
    if not problems:
        try:
            load(directories)
        except ProfileError as error:
            problems += error.problems
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{len(names)} profiles, nothing wrong: {', '.join(sorted(names))}")


def _with_path(problem: str, path: Path) -> str:
    """The loader names a file without its directory; of several directories that is not enough."""
    return str(path) + problem.removeprefix(path.name)
