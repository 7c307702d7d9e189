"""The files that commands read and write: `-` is standard input or output, everywhere the same."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import IO, Any, cast

import click

STDIN = Path("/dev/stdin")

PIPE_CLOSED = 141
"""The exit status when nobody reads any more: 128 + SIGPIPE, as a shell says it of any program."""


@dataclass(frozen=True)
class Target:
    """Where a result goes: a file, or standard output (`path` None)."""

    path: Path | None = None

    def __str__(self) -> str:
        return "standard output" if self.path is None else str(self.path)

    @contextmanager
    def opened(self, *, in_one_step: bool = False) -> Iterator[IO[bytes]]:
        """The target, open for writing, packed where its name ends in .gz; raises OSError.

        `in_one_step`: a file that is there is replaced at the end of the block, and never seen half
        written. Devices and pipes are written to as they are.
        """
        if self.path is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif in_one_step and _replaceable(self.path):
            part = self.path.with_name(self.path.name + ".part")
            try:
                with _packed(self.path, part.open("wb")) as file:
                    yield file
                os.replace(part, self.path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        else:
            with _packed(self.path, self.path.open("wb")) as file:
                yield file


STDOUT = Target()


class OutputFile(click.Path):
    """A file to write, as a Target; `-` is standard output, `./-` a file of that name."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The target, or a usage error that names what is there."""
        if isinstance(value, Target):
            return value
        return STDOUT if value == "-" else Target(cast("Path", super().convert(value, param, ctx)))


class OutputDirectory(click.Path):
    """A directory to write into, made if need be: a path, and `-` is refused.

    With `dash` it is a Target: `-` is standard output, for what the command writes there instead.
    """

    def __init__(self, *, dash: bool = False) -> None:
        super().__init__(file_okay=False, path_type=Path)
        self.dash = dash

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The directory, or a usage error."""
        if value == "-" and not self.dash:
            self.fail("'-' is standard output; allowed is a directory", param, ctx)
        if isinstance(value, Target):
            return value
        if value == "-":
            return STDOUT
        path = cast("Path", super().convert(value, param, ctx))
        return Target(path) if self.dash else path


class InputFile(click.Path):
    """A file to read; `-` is standard input where `dash`, else refused, `./-` a file of that name.

    Standard input can be read once. `directory`: one of files will do too; `exists` false: it may
    be made later.
    """

    def __init__(self, *, dash: bool = True, directory: bool = False, exists: bool = True) -> None:
        super().__init__(exists=exists, dir_okay=directory, path_type=Path)
        self.dash = dash

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or a usage error."""
        if value == "-":
            if not self.dash:
                self.fail("'-' is standard input; allowed is the name of a file", param, ctx)
            value = STDIN
        return super().convert(value, param, ctx)


def refuse_clashes(
    outputs: Mapping[str, Target | None], inputs: Mapping[str, Path | None] | None = None
) -> None:
    """End with a usage error where two options mean one place; both by the names of their options.

    Two results in one place spoil each other, and a result would destroy what it is made from.
    """
    read = [(name, path) for name, path in (inputs or {}).items() if path is not None]
    written = [(name, target.path) for name, target in outputs.items() if target is not None]
    for (name, path), (other, taken) in combinations([*read, *written], 2):
        both_read = (other, taken) in read
        if path == taken == STDIN or (not both_read and _same(path, taken)):
            raise click.UsageError(f"{name} and {other} cannot both be {_said(path)}")


@contextmanager
def ended_by_a_closed_pipe() -> Iterator[None]:
    """Ends the command quietly when whoever reads its output goes away: `| head`."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffers would be written, and fail, once more at the very end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        sys.exit(PIPE_CLOSED)


@contextmanager
def _packed(path: Path, file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file, or what packs into it; the same content gives the same bytes."""
    with file:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                yield cast("IO[bytes]", packed)
        else:
            yield file


def _replaceable(path: Path) -> bool:
    """Whether a new file may take the place of what is there: nothing, or a file of its own."""
    return not path.is_symlink() and (path.is_file() or not path.exists())


def _said(path: Path | None) -> str:
    if path is None:
        return "standard output"
    return "standard input" if path == STDIN else str(path)


def _same(one: Path | None, other: Path | None) -> bool:
    """Whether both are standard output or one file; two uses of a device or a pipe are none."""
    if one is None or other is None:
        return one is other
    if one.exists() and other.exists():
        return one.is_file() and one.samefile(other)
    return one.resolve() == other.resolve()
