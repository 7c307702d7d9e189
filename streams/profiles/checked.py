"""From a document to a profile: every field checked, every mistake named."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from streams.profiles.business_days import BusinessDaysTable
from streams.profiles.document import MOST_PROBLEMS, OFF, Document, ProfileError
from streams.profiles.exposure import exposure_table
from streams.profiles.fields import LanesTable
from streams.profiles.file import ProfileFile
from streams.profiles.lines import MeterTable
from streams.profiles.model import Profile
from streams.profiles.money import Exposure
from streams.profiles.packs import built
from streams.profiles.registry import SPECS, RuleSpec
from streams.profiles.table import Table, table_of

TODO = "TODO"
"""What a template says where the operator has to say something."""

_LONGEST_NAME = 64
_LONGEST_VALUE = 120

Faults = dict[tuple[str | int, ...], str]
"""Field → what is wrong with it."""


def checked(document: Document, specs: Mapping[str, RuleSpec]) -> Profile:
    """The profile of a document with its bases; raises ProfileError."""
    data = document.merged()
    faults: Faults = {}
    if data.pop("template", False):
        faults["template",] = "this is a template: fill in each TODO, then remove this line"
    for place in islice(_todo(data, ()), MOST_PROBLEMS):
        faults[place] = "not filled in yet"
    tables = _tables(data.get("rules"), specs, faults)
    file: ProfileFile | None = None
    try:
        file = ProfileFile.model_validate(data, context={"rules": tuple(specs)})
    except ValidationError as error:
        _add(faults, error, (), ProfileFile)
    exposure = _exposure(data.get("exposure", {}), specs, faults)
    if file is not None:
        _figures(file, document, specs, faults)
    problems = [
        document.problem(place, text) for place, text in islice(faults.items(), MOST_PROBLEMS)
    ]
    problems += document.clashes()
    rules: dict[str, Any] = {}
    for name, table in tables.items():
        if name in SPECS:
            rules[name] = table.rule()
            continue
        try:
            rules[name] = built(specs[name], table)
        except ProfileError as error:
            problems += error.problems
    if problems or file is None or exposure is None:
        raise ProfileError(problems)
    return file.profile(rules, exposure, specs, tuple(str(each.path) for each in document.chain()))


def _tables(rules: Any, specs: Mapping[str, RuleSpec], faults: Faults) -> dict[str, Table]:
    """The tables of the rules that are on."""
    tables: dict[str, Table] = {}
    for name, value in rules.items() if isinstance(rules, dict) else ():
        place = ("rules", name)
        if name not in specs:
            faults[place] = f"there is no such rule{_close(name, specs)}"
        elif value == OFF:
            continue
        elif not isinstance(value, dict):
            faults[place] = f'a table or "off" is needed (found {value!r})'
        else:
            try:
                tables[name] = table_of(specs[name]).model_validate(value)
            except ValidationError as error:
                _add(faults, error, place, table_of(specs[name]))
    return tables


def _exposure(data: Any, specs: Mapping[str, RuleSpec], faults: Faults) -> Exposure | None:
    """The sums; every rule that there is may have some."""
    if not isinstance(data, dict):
        return None
    table = exposure_table(tuple(specs.values()))
    try:
        return table.model_validate(data).exposure()
    except ValidationError as error:
        _add(faults, error, ("exposure",), table)
        return None


def _figures(
    file: ProfileFile, document: Document, specs: Mapping[str, RuleSpec], faults: Faults
) -> None:
    """Every figure that a row of `[[sources]]` names is a field that the profile may have.

    A row of a base may speak of lines that the profile has turned off.
    """
    may_have: dict[str, Iterable[str]] = {
        "appeal_days": (),
        "business_days": BusinessDaysTable.model_fields,
        "default_promise_hours": (),
        "exemptions": list(_names(document, "exemptions")),
        "exposure": exposure_table(tuple(specs.values())).model_fields,
        "lanes": LanesTable.model_fields,
        "lines": list(_names(document, "lines")),
        "meter": MeterTable.model_fields,
        "rules": specs,
        "zone": (),
    }
    for number, row in enumerate(file.sources):
        for index, figure in enumerate(row.figures):
            head, _, name = figure.partition(".")
            if head not in may_have:
                text = f"there is no such figure{_close(head, may_have)}"
            elif name and name not in may_have[head]:
                text = f"there is no such figure in {head}{_close(name, may_have[head])}"
            else:
                continue
            faults["sources", number, "figures", index] = f"{text} (found {_clipped(figure)})"


def _names(document: Document, table: str) -> Iterator[str]:
    """The names of the rows of a table, in the file and in its bases."""
    for each in document.chain():
        rows = each.placed.data.get(table)
        if isinstance(rows, list):
            yield from (str(row.get("name")) for row in rows if isinstance(row, dict))


def _add(
    faults: Faults, error: ValidationError, prefix: tuple[str, ...], model: type[BaseModel]
) -> None:
    """Add what pydantic found, in words, with the value where it is a plain one."""
    for problem in error.errors()[:MOST_PROBLEMS]:
        place = prefix + problem["loc"]
        text = problem["msg"].removeprefix("Value error, ")
        value = problem["input"]
        if problem["type"] == "extra_forbidden":
            text = f"there is no such field{_close(str(place[-1]), _fields(model, problem['loc']))}"
        elif value == TODO:
            text = f"not filled in yet: {text}"
        elif isinstance(value, str | int | float) and repr(value) not in text:
            text += f" (found {_clipped(value)})"
        faults[place] = text


def _clipped(value: str | float) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _todo(data: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Every field that is still to be filled in."""
    if data == TODO:
        yield place
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _todo(value, (*place, name))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _todo(value, (*place, number))


def _fields(model: Any, place: tuple[str | int, ...]) -> list[str]:
    """The fields that a table may have, of the table that holds the last part of `place`."""
    for part in place[:-1]:
        if isinstance(part, int) or not _is_model(model):
            continue
        field = model.model_fields.get(part)
        kinds = [] if field is None else [field.annotation]
        while kinds and not _is_model(kinds[0]):
            kinds = [*kinds[1:], *get_args(kinds[0])]
        model = kinds[0] if kinds else None
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _close(name: str, allowed: Iterable[str]) -> str:
    """`; did you mean this? allowed: ...`"""
    names = list(allowed)
    name = name[:_LONGEST_NAME]
    close = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {close[0]}?" if close else ";"
    return f"{hint} allowed: {', '.join(names)}" if names else ""
