"""What commands that read exports ask of them, and say about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.cli.files import InputFile
from streams.cli.logs import one_line
from streams.cli.moments import Moment
from streams.inputs.sheets.form import Form, FormError
from streams.inputs.sheets.imported import NAMES, Imported
from streams.inputs.sheets.mapping import from_toml
from streams.inputs.sheets.registry import FORMS
from streams.inputs.sources.payload import Canonical
from streams.inputs.sources.registry import SOURCES
from streams.inputs.table import listed
from streams.telemetry.counted import counted

KINDS = ("order", "upload", "record")

SHOWN = 20
"""Refusals of one reason that are quoted."""

_F = TypeVar("_F", bound=Callable[..., Any])


def export_options(command: _F) -> _F:
    """The options that say whose files are and what they do not say: source, mapping, shop,
    platform and exported_at."""
    for option in reversed(
        (
            click.option(
                "--as",
                "source",
                type=click.Choice(NAMES),
                help="Whose files they are. Default: what their columns say.",
            ),
            click.option(
                "--map",
                "mapping",
                type=InputFile(),
                help="A TOML file that says which column is what.",
            ),
            click.option("--shop", default="", help="The shop, where no column says it."),
            click.option(
                "--platform", default="", help="The platform, where no column says it: tmall."
            ),
            click.option("--exported-at", type=Moment(), help="When the files were exported."),
        )
    ):
        command = option(command)
    return command


def form_in(mapping: Path) -> Form:
    """The form that a mapping file describes; ends with a usage error that says what is wrong."""
    try:
        return from_toml(mapping)
    except (FormError, OSError) as error:
        raise click.UsageError(one_line(str(error))) from error


def kinds_of(messages: Iterable[Canonical]) -> Counter[str]:
    """How many messages there are of each of KINDS."""
    return Counter(map(_kind, messages))


def summary(path: Path, found: Imported) -> Iterator[str]:
    """What became of one file: what it is, how much, what was passed over, what was refused."""
    name, outcome = path.name, found.outcome
    kinds = kinds_of(outcome.messages)
    what = [counted(kinds[kind], kind) for kind in KINDS if kinds[kind]] or ["no messages"]
    what.append(f"{len(outcome.refusals)} refused")
    yield f"{name}: {_title(found.form)}{', '.join(what)}"
    guessed = kinds_of(each for each in outcome.messages if _is_estimated(each))
    if guessed:
        which = " and ".join(counted(guessed[kind], kind) for kind in KINDS if guessed[kind])
        yield f"{name}: the times of {which} are estimated"
    for remark in found.remarks:
        yield f"{name}: {remark}"
    if found.unknown:
        yield f"{name}: columns that are not known are not read: {listed(found.unknown)}"
    for reason, count in sorted(outcome.passed.items()):
        yield f"{name}: {reason}: {count}"
    for status, count in sorted(outcome.unknown.items()):
        yield f"{name}: {status!r} is in no table, {count}×"
    reasons = Counter(reason for reason, _ in outcome.refusals)
    for reason, count in reasons.most_common():
        sentences = [why for each, why in outcome.refusals if each == reason]
        for why in sentences[:SHOWN]:
            yield f"{name}: {reason}: {why}"
        if count > SHOWN:
            yield f"{name}: {reason}: and {count - SHOWN} more"


def _kind(message: Canonical) -> str:
    if message.topic == "order-paid":
        return "order"
    return "upload" if message.value and "order_ids" in message.value else "record"


def _is_estimated(message: Canonical) -> bool:
    said = message.value or {}
    return "estimated" in (said.get("paid_at_quality"), said.get("time_quality"))


def _title(name: str) -> str:
    if name in FORMS:
        return f"{FORMS[name].title} ({name}): "
    return f"{SOURCES[name].title}: " if name in SOURCES else ""
