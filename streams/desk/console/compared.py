"""Saved comparisons of two sets of profiles, as `shipsentry replay --diff --json` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

MOST_BYTES = 16 * 1024 * 1024
"""Of one file: some 20,000 changes."""

MOST_FILES = 100
"""The newest ones of the folder; others are not listed."""

KINDS = ("gain", "lose", "change")

_LARGEST = (1 << 63) - 1

# As long as an id may be, and without what no database keeps.
Text = Annotated[str, msgspec.Meta(max_length=512, pattern=r"\A[^\x00]*\Z")]
Id = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Number = Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Money(msgspec.Struct, frozen=True):
    """A range of minor units of a currency."""

    currency: Text
    least: Number
    most: Number


class Risk(msgspec.Struct, frozen=True):
    """What is at risk, under the caps that warnings share; `strikes` have no sum."""

    money: tuple[Money, ...]
    strikes: Number
    sum_not_known: Number


class Group(msgspec.Struct, frozen=True):
    """Warnings of a rule, of a platform or of a shop."""

    warnings: Number
    at_risk: Risk
    rule: Text = ""
    platform: Text = ""
    shop_id: Text | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What one set of profiles makes of the history. Releases up to 0.1.0 name no groups."""

    profile: Text
    warnings: Number
    at_risk: Risk
    rules: tuple[Group, ...] = ()
    platforms: tuple[Group, ...] = ()
    shops: tuple[Group, ...] = ()


class Exposure(msgspec.Struct, frozen=True):
    """What one warning may cost."""

    kind: Text
    currency: Text | None = None
    least: Number | None = None
    most: Number | None = None


class Content(msgspec.Struct, frozen=True):
    """A warning as one side has it. Releases up to 0.1.0 name no id, shop and cost."""

    profile: Text
    state: Text
    severity: Text
    opened_at: Moment
    deadline: Moment | None
    breached_at: Moment | None
    resolved_at: Moment | None
    warning_id: Id | None = None
    platform: Text | None = None
    shop_id: Text | None = None
    exposure: Exposure | None = None


class Change(msgspec.Struct, frozen=True):
    """What the second side does to an order: it gains a warning, loses one, or sees it change."""

    order_id: Text
    change: Literal["gain", "lose", "change"]
    rule: Text
    stage: Text
    carrier: Text | None
    tracking_number: Text | None
    before: Content | None
    after: Content | None

    @property
    def contents(self) -> Iterator[Content]:
        """The warning as each side has it that has it, the second side first."""
        return (each for each in (self.after, self.before) if each is not None)

    @property
    def platform(self) -> str:
        """Where the order was placed, whoever's rules judge it; empty where that is not stated."""
        return next((each.platform for each in self.contents if each.platform), "")

    @property
    def shop_id(self) -> str:
        """Whose order it is; empty where that is not stated."""
        return next((each.shop_id for each in self.contents if each.shop_id), "")


class Compared(msgspec.Struct, frozen=True):
    """One comparison: both sides, and each order's warnings that differ between them."""

    until: Moment
    outcomes: tuple[Outcome, Outcome] = msgspec.field(name="sides")
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """A file of the folder; `at` in µs."""

    name: str
    path: Path
    at: int
    size: int


class Unfit(ValueError):
    """A file is not shown: `key` is of the sentence that says why, `reason` what fills it."""

    def __init__(self, key: str, reason: str = "") -> None:
        super().__init__(key)
        self.key = key
        self.reason = reason


def saved(folder: Path) -> list[Saved]:
    """The comparisons in a folder, the newest first; none where there is no folder.

    Raises OSError where the folder cannot be read.
    """
    found = []
    try:
        for path in folder.iterdir():
            # What cannot be written in an address has no page.
            if path.suffix == ".json" and path.name.isprintable() and path.is_file():
                about = path.stat()
                found.append(Saved(path.name, path, about.st_mtime_ns // 1_000, about.st_size))
    except FileNotFoundError:
        return []
    found.sort(key=lambda each: (-each.at, each.name))
    return found[:MOST_FILES]


def read(file: Saved) -> Compared:
    """A comparison from its file. Raises Unfit for whatever is none, however it came about."""
    try:
        about = file.path.stat()
        return _decoded(file.path, about.st_mtime_ns, about.st_size)
    except OSError:
        raise Unfit("what_if_unreadable") from None


# Pages of one file follow each other: it is read once for all of them.
@lru_cache(maxsize=2)
def _decoded(path: Path, _changed_ns: int, _size: int) -> Compared:
    with path.open("rb") as file:
        body = file.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Unfit("what_if_large")
    try:
        return msgspec.json.decode(body, type=Compared)
    except msgspec.ValidationError as error:
        raise Unfit("what_if_wrong", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unfit("what_if_broken") from None
