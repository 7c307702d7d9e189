"""Rule packs: a directory's own rules in Python, and the texts of their warnings."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, NoReturn

from streams.profiles.aliases import ALIASES
from streams.profiles.document import ProfileError
from streams.profiles.registry import SPECS, RuleSpec
from streams.profiles.table import Table, look_at_defaults, table_of
from streams.rules.episodes import Check, Clock
from streams.texts.catalogue import Catalogue
from streams.texts.toml_file import read_toml

TEXTS = ".texts.toml"
"""How the name of a file with a rule's texts ends; it stands beside the rule."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SEES = ("order", "parcel", "parcel × order")


class _Source(SourceFileLoader):
    """Reads a rule's source each time, and leaves no compiled copy beside it."""

    def path_stats(self, path: Any) -> NoReturn:
        raise OSError(path)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A pack's rule, whose episodes are looked at before anything is made of them.

    What a rule raises is counted and the other rules go on; what it returns wrongly must end the
    same way.
    """

    name: str
    rule: Any
    kinds: tuple[type[Clock | Check], ...]
    table: Table | None = None
    """The pack's own table, which knows what the numbers of the rule are."""

    def episodes(self, *snapshot: Any) -> Iterable[Any]:
        """What the rule sees, checked."""
        episodes = tuple(self.rule.episodes(*snapshot))
        for episode in episodes:
            if not isinstance(episode, self.kinds):
                allowed = " or ".join(kind.__name__ for kind in self.kinds)
                raise TypeError(f"{self.name} yielded {episode!r}; allowed: {allowed}")
            anchor = episode.started_at if isinstance(episode, Clock) else episode.anchor
            if episode.rule != self.name or not isinstance(anchor, int):
                raise ValueError(f"{self.name} yielded {episode!r}: its rule or its time is wrong")
        return episodes


def rule_files(directory: Path) -> list[Path]:
    """The rules of a directory: its Python files but `_*.py`, `test_*.py` and `conftest.py`."""
    return [
        path
        for path in sorted(directory.glob("*.py"))
        if not path.name.startswith(("_", "test_")) and path.name != "conftest.py"
    ]


def profile_files(directory: Path) -> list[Path]:
    """The profiles of a directory, and the changes to profiles."""
    return [
        path
        for path in sorted(directory.glob("*.toml"))
        if not path.name.endswith(TEXTS) and path.name != ALIASES
    ]


def text_files(directory: Path) -> list[Path]:
    """The texts of a directory."""
    return sorted(directory.glob(f"*{TEXTS}"))


def all_specs(directories: Iterable[Path]) -> tuple[dict[str, RuleSpec], list[str]]:
    """The built-in rules and those of the directories, in this order, and what is wrong."""
    specs = dict(SPECS)
    problems: list[str] = []
    for directory in directories:
        for path in rule_files(directory):
            try:
                spec = read_rule(path)
            except ProfileError as error:
                problems += error.problems
                continue
            if spec.name in SPECS:
                problems.append(f"{path}:1: {spec.name} is the name of a built-in rule")
            else:
                specs[spec.name] = spec
    return specs, problems


def read_rule(path: Path) -> RuleSpec:
    """The rule of one file; raises ProfileError that says where it is wrong."""
    module = _module(path)
    rule = getattr(module, "RULE", None)
    line = _line(path, r"RULE\b")
    if rule is None:
        _wrong(path, 1, f'there is no RULE = RuleSpec("{path.stem}", ...)')
    if not isinstance(rule, RuleSpec):
        _wrong(path, line, f"RULE must be a RuleSpec (found {type(rule).__name__})")
    if rule.name != path.stem or not _NAME.fullmatch(rule.name):
        allowed = f"the name of the file, {path.stem!r}, in lower-case letters, digits and _"
        _wrong(path, line, f"RULE.name: allowed: {allowed} (found {rule.name!r})")
    for field in ("sees", "about"):
        value = getattr(rule, field)
        if value not in _SEES and not (field == "about" and value is None):
            names = ", ".join(map(repr, _SEES))
            _wrong(path, line, f"RULE.{field}: allowed: {names} (found {value!r})")
    _look_at_its_table(rule, path, line)
    return rule


def _look_at_its_table(rule: RuleSpec, path: Path, line: int) -> None:
    """That a rule has a table, or fields that make one; raises ProfileError."""
    table: Any = rule.table
    if table is None and isinstance(rule.rule, type):
        found = _line(path, rf"class {rule.rule.__name__}\b")
        _look_at_its_class(rule.name, rule.rule, path)
        try:
            table = table_of(rule)
            look_at_defaults(rule.rule)
        except (TypeError, NameError) as error:
            _wrong(path, found, f"{error}")
    elif table is None:
        _wrong(path, line, "RULE.rule: the class of the rule is needed")
    if not isinstance(table, type) or not issubclass(table, Table) or table.rule is Table.rule:
        _wrong(path, line, "RULE.table: a subclass of Table with a method rule() is needed")


def built(spec: RuleSpec, table: Table) -> Any:
    """The rule that a table makes, after a look at whether it is one; raises ProfileError."""
    path = Path(sys.modules[type(table).__module__].__file__ or "?")
    line = _line(path, rf"class {type(table).__name__}\b")
    try:
        rule: Any = table.rule()
    except Exception as error:
        _wrong(path, _line_in(error, path) or line, f"{type(error).__name__}: {error}")
    _look_at_its_class(spec.name, type(rule), path, rule)
    kinds = (Check,) if spec.sees == "parcel × order" else (Clock, Check)
    return Guarded(spec.name, rule, kinds, None if spec.table is None else table)


def _look_at_its_class(name: str, kind: type[Any], path: Path, rule: Any = None) -> None:
    """That a rule is one: its name, frozen, with episodes; raises ProfileError."""
    line = _line(path, rf"class {kind.__name__}\b")
    found = getattr(rule or kind, "name", None)
    if found != name:
        _wrong(path, line, f"{kind.__name__}.name: allowed: {name!r} (found {found!r})")
    parameters: Any = getattr(kind, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        _wrong(path, line, f"{kind.__name__} must be a frozen dataclass")
    if not callable(getattr(kind, "episodes", None)):
        _wrong(path, line, f"{kind.__name__} has no method episodes()")


def read_texts(directories: Iterable[Path]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The texts of the directories, checked, and what is wrong with them."""
    texts: list[Mapping[str, Any]] = []
    problems: list[str] = []
    for path in (each for directory in directories for each in text_files(directory)):
        try:
            found = read_toml(path)[1]
            Catalogue().add(found)
        except (ValueError, AttributeError, TypeError) as error:
            problems.append(f"{path}: {error}")
        else:
            texts.append(found)
    return texts, problems


def _module(path: Path) -> object:
    """The module of a file, under a name of its own for each path."""
    name = f"shipsentry_pack_{sha256(str(path.resolve()).encode()).hexdigest()[:12]}_{path.stem}"
    spec = ModuleSpec(name, loader := _Source(name, str(path)), origin=str(path))
    spec.has_location = True
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        _wrong(path, error.lineno or 1, f"not Python: {error.msg}")
    except (Exception, SystemExit) as error:  # A pack that leaves must not end a command as done.
        del sys.modules[name]
        _wrong(path, _line_in(error, path) or 1, f"{type(error).__name__}: {error}")
    return module


def _line_in(error: BaseException, path: Path) -> int | None:
    """The line of the file at which an error came up."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return lines[-1] if lines else None


def _line(path: Path, start: str) -> int:
    """The first line that begins so, else 1."""
    if path.is_file():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.match(start, line):
                return number
    return 1


def _wrong(path: Path, line: int, text: str) -> NoReturn:
    raise ProfileError([f"{path}:{line}: {text}"])
