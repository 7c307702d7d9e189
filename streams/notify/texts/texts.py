"""A message as a card: templates rendered in a channel's markup, as much as the channel takes."""

from __future__ import annotations

import difflib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from streams.notify.message import Locale, Message
from streams.notify.samples import samples
from streams.notify.texts.dialects import HTML, PLAIN, Dialect
from streams.notify.texts.links import Links
from streams.notify.texts.shown import TEXTS, Reader, Row, cut

LOCALES: tuple[Locale, ...] = ("zh", "en")
NAMES = ("card", "digest", "over", "test")
"""Templates: what stands, the same at fixed times with counts, what is over, a trial. `parts` has
what several of them use."""

MOST_BYTES = 64 * 1024
"""Of a template."""

LONGEST_TITLE = 100

FULL = 3
"""Warnings up to which each is told in full; of more, each has three lines."""

MOST_ROWS = 20
"""Warnings that a card of a chat tells of: nobody reads more."""

_SAMPLED_AT = datetime(2026, 11, 21, 6, 55, tzinfo=UTC)

Tone = Literal["critical", "warning", "info", "over"]


class WrongTemplate(ValueError):
    """A template cannot be used; the text names its file and line."""


class TooLong(ValueError):
    """Not even the number of warnings fits into what a channel takes."""


@dataclass(frozen=True, slots=True)
class Button:
    """What leads somewhere."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Size:
    """How much of a message a card tells: so many warnings, each in full or in brief."""

    rows: int
    full: bool


@dataclass(frozen=True, slots=True)
class Card:
    """What a channel says. `title` is plain, `text` in the channel's markup."""

    title: str
    text: str
    tone: Tone
    buttons: tuple[Button, ...]
    size: Size


class Texts:
    """Templates: those of a folder, built-in ones where it has none.

    A folder has files such as `zh/card.jinja`. Each is tried on samples here: raises WrongTemplate
    for one that cannot be used, or that there is nothing to use for.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._made: dict[Dialect, Environment] = {}
        self._loader: BaseLoader = PackageLoader("streams.notify.texts")
        if folder is not None:
            own = FileSystemLoader(folder)
            self._loader = ChoiceLoader([own, self._loader])
            self._check(folder)

    def card(
        self,
        message: Message,
        dialect: Dialect,
        links: Links | None,
        fits: Callable[[Card], bool],
        *,
        most: int = MOST_ROWS,
        buttons: bool = False,
    ) -> Card:
        """As much of a message as fits, at most so many warnings; what is left out is counted.

        `buttons`: the channel shows the card's buttons, so that the text needs no such links.
        Raises TooLong, WrongTemplate.
        """
        there = len(message.changed) + len(message.urgent)

        def made(rows: int, *, full: bool) -> Card:
            return self.sized(message, dialect, links, Size(rows, full), buttons=buttons)

        if there <= FULL and fits(card := made(there, full=True)):
            return card
        most = min(most, there)
        if fits(card := made(most, full=False)):
            return card
        if not fits(best := made(0, full=False)):
            raise TooLong("not even the number of warnings fits into a message")
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) // 2
            if fits(card := made(middle, full=False)):
                low, best = middle, card
            else:
                high = middle
        return best

    def sized(
        self,
        message: Message,
        dialect: Dialect,
        links: Links | None,
        size: Size,
        *,
        buttons: bool = False,
    ) -> Card:
        """A message told in this size. Raises WrongTemplate."""
        reader = Reader(message.locale, message.zone, message.made_at)
        changed, urgent = _rows(message, size.rows, reader, links)
        name = f"{message.locale}/{_template(message)}.jinja"
        texts = {
            "route": message.route,
            "channel": message.channel,
            "group": reader.group(message),
            "since": reader.moment(message.since),
            "made_at": reader.moment(message.made_at),
            "rows": changed,
            "urgent": urgent,
            "changes": _changes(message, reader),
            **_counts(message, reader),
        }
        facts = {
            "full": size.full,
            "buttons": buttons,
            "kind": message.kind,
            "total": len(message.changed) + message.changed_more,
            "more": len(message.changed) - len(changed) + message.changed_more,
            "list_url": "" if links is None else links.listed(),
        }

        def said(block: str, markup: Dialect) -> str:
            values = {"m": markup, **facts, **_marked(texts, markup)}
            return _block(self._template(markup, name), block, values)

        return Card(
            cut(said("title", PLAIN), LONGEST_TITLE),
            dialect.ended(said("text", dialect)),
            _tone(message),
            _buttons(message, changed, links, reader),
            size,
        )

    def _template(self, dialect: Dialect, name: str) -> Template:
        if dialect not in self._made:
            self._made[dialect] = _environment(self._loader, dialect)
        return self._made[dialect].get_template(name)

    def _check(self, folder: Path) -> None:
        known = [f"{locale}/{name}.jinja" for locale in LOCALES for name in (*NAMES, "parts")]
        try:
            found = sorted(each for each in folder.rglob("*") if each.is_file())
        except OSError as error:
            raise WrongTemplate(f"{folder}: cannot be read: {error.strerror}") from error
        if not folder.is_dir():
            raise WrongTemplate(f"{folder}: there is no such folder")
        for path in found:
            name = path.relative_to(folder).as_posix()
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                meant = f", did you mean {close[0]}?" if close else ""
                allowed = ", ".join(known)
                raise WrongTemplate(f"{path}: no such template{meant}: allowed are {allowed}")
            if path.stat().st_size > MOST_BYTES:
                raise WrongTemplate(f"{path}: more than {MOST_BYTES} bytes: at most so many")
            self._compiled(path, name)
        links = Links("https://desk.example.com", b"a key for samples")
        for sample in _samples():
            for dialect in (PLAIN, HTML):
                for size in (Size(0, full=False), Size(1, full=True), Size(MOST_ROWS, full=False)):
                    self.sized(sample, dialect, links, size)

    def _compiled(self, path: Path, name: str) -> None:
        try:
            template = self._template(PLAIN, name)
        except TemplateSyntaxError as error:
            raise WrongTemplate(f"{path}:{error.lineno}: {error.message}") from error
        except (UnicodeDecodeError, OSError) as error:
            raise WrongTemplate(f"{path}: cannot be read: {error}") from error
        lacking = [] if name.endswith("parts.jinja") else {"title", "text"} - template.blocks.keys()
        if lacking:
            raise WrongTemplate(f"{path}: it has no block {' and no block '.join(sorted(lacking))}")


def _samples() -> Iterator[Message]:
    for locale in LOCALES:
        yield from samples(_SAMPLED_AT, locale, ZoneInfo("Asia/Shanghai"))


def _environment(loader: BaseLoader, dialect: Dialect) -> Environment:
    made = ImmutableSandboxedEnvironment(
        loader=loader,
        # What a template writes out that is not marked yet is made harmless here.
        finalize=dialect.marked,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for raw in ("safe", "escape", "e", "forceescape"):
        # What came from elsewhere is never markup, and HTML's escapes are not those of a robot.
        del made.filters[raw]
    return made


def _block(template: Template, name: str, values: dict[str, Any]) -> str:
    """The text of one block. Raises WrongTemplate with the line at which it went wrong."""
    found: list[str] = []

    def taken(context: Context) -> Iterator[str]:
        found.extend(template.blocks[name](context))
        return iter(())

    def passed_over(_: Context) -> Iterator[str]:
        return iter(())

    context = template.new_context(values)
    # What stands before the blocks is run, as a block may use what is imported or set there.
    context.blocks = {each: [taken if each == name else passed_over] for each in template.blocks}
    try:
        for _ in template.root_render_func(context):
            pass
        return "".join(found)
    except Exception:
        try:
            template.environment.handle_exception()  # raises it with the template's own lines
        except Exception as error:
            lines = [
                f"{frame.filename}:{frame.lineno}"
                for frame in traceback.extract_tb(error.__traceback__)
                if frame.filename.endswith(".jinja")
            ]
            raise WrongTemplate(f"{(lines or [str(template.name)])[-1]}: {error}") from error


def _marked(value: Any, dialect: Dialect) -> Any:
    """Texts made harmless before a template has them: joined to markup they stay so."""
    if isinstance(value, str):
        return dialect.marked(value)
    if isinstance(value, Row):
        texts: dict[str, Any] = {name: dialect.marked(getattr(value, name)) for name in TEXTS}
        return replace(value, **texts)
    if isinstance(value, dict):
        return {key: _marked(each, dialect) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(each, dialect) for each in value]
    return value


def _template(message: Message) -> str:
    if message.kind == "standing":
        return "card" if message.counts is None else "digest"
    return message.kind


def _rows(
    message: Message, rows: int, reader: Reader, links: Links | None
) -> tuple[list[Row], list[Row]]:
    """The first of what changed and, of a digest, the first of what stands besides: a third of the
    room where both do not fit."""
    besides = min(len(message.urgent), max(rows - len(message.changed), rows // 3))
    changed = message.changed[: rows - besides]
    items = (*changed, *message.urgent[:besides])
    made = [reader.row(item, number, links, message) for number, item in enumerate(items, 1)]
    return made[: len(changed)], made[len(changed) :]


def _changes(message: Message, reader: Reader) -> list[tuple[str, int]]:
    """How often each reason to be told of comes, the most frequent first."""
    known = {} if message.counts is None else message.counts.by_change
    found = Counter(known or (item.change for item in message.changed))
    return [(reader.word("changes", change), number) for change, number in found.most_common()]


def _counts(message: Message, reader: Reader) -> dict[str, Any]:
    counts = message.counts
    if counts is None:
        return {}
    return {
        "standing": counts.standing,
        "unattended": counts.unattended,
        "by_severity": reader.counted(counts.by_severity, "severity"),
        "by_rule": reader.counted(counts.by_rule, "rule"),
        "by_state": reader.counted(counts.by_state, "state"),
    }


def _tone(message: Message) -> Tone:
    if message.kind == "over":
        return "over"
    severities = {item.warning.severity for item in (*message.changed, *message.urgent)}
    if message.kind == "test" or not severities:
        return "info"
    return next(each for each in ("critical", "warning", "info") if each in severities)


def _buttons(
    message: Message, rows: list[Row], links: Links | None, reader: Reader
) -> tuple[Button, ...]:
    """The links of the one warning that a card is about; of several, one to the list."""
    if links is None:
        return ()
    if len(message.changed) == 1 and not message.changed_more and message.counts is None and rows:
        (row,) = rows
        acts = () if message.kind == "over" else ("acknowledge", "snooze")
        return tuple(
            Button(reader.word("buttons", name), getattr(row, name)) for name in ("open", *acts)
        )
    return (Button(reader.word("buttons", "list"), links.listed()),)
