"""In which form a result is written: the ending of the file's name says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from streams.cli.files import Target
from streams.outputs.rows import header, row

LINES = {".jsonl": "jsonl", ".json": "jsonl"}
"""Endings of what is written as JSON Lines only."""

WARNINGS = {**LINES, ".csv": "csv"}
"""Endings of a file of warnings, and their forms."""

COMPARISON = {".txt": "table", ".json": "json"}
"""Endings of what two profiles make of one history."""

OTHERS = frozenset(
    {
        *(".bz2", ".csv", ".htm", ".html", ".md", ".ods", ".parquet", ".pdf", ".sqlite"),
        *(".tsv", ".xls", ".xlsx", ".xml", ".xz", ".yaml", ".yml", ".zip", ".zst"),
    }
)
"""Endings that name a form: one that is not written there is refused, and not written otherwise."""

_PACKED = ".gz"
_DEVICES = (Path("/dev"), Path("/proc"))

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(sorted(set(WARNINGS.values()), reverse=True)),
    help="How warnings are written, whatever the name of the file. Default: as it ends.",
)


def form_of(option: str, target: Target, forms: Mapping[str, str], asked: str | None = None) -> str:
    """The form of a result: the one asked for, else that of the file's name.

    Standard output, devices, pipes and names that say nothing have the first one. Ends with a usage
    error, naming the option and what is allowed, where the name says another form.
    """
    if asked is not None:
        return asked
    first = next(iter(forms.values()))
    if target.path is None:
        return first
    ending = Path(target.path.name.lower().removesuffix(_PACKED)).suffix
    if ending in forms:
        return forms[ending]
    if ending not in OTHERS or _is_device(target.path):
        return first
    raise click.BadParameter(
        f"the name {target.path.name!r} asks for a form that is not written: allowed endings are "
        f"{', '.join(forms)}, each also with {_PACKED}",
        param_hint=option,
    )


def stem(path: Path) -> str | None:
    """The file's name without the endings of a file of warnings; None for a device or a pipe."""
    if _is_device(path):
        return None
    name = path.name
    for ending in (_PACKED, *WARNINGS):
        name = name.removesuffix(ending)
    return name


def warnings_writer(file: IO[bytes], form: str) -> Callable[[bytes], Any]:
    """What writes one warning, given as the JSON that is published; a header is written now."""
    if form == "csv":
        file.write(header())
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        return lambda value: file.write(row(decode(value)))
    return lambda value: file.write(value.replace(b"\n", b" ") + b"\n")


def _is_device(path: Path) -> bool:
    return (path.exists() and not path.is_file()) or any(
        path.absolute().is_relative_to(place) for place in _DEVICES
    )
