"""Pieces of HTML. Every value goes through `escape`: ids, names and places come from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from streams.report.wording import Said, joined, label

TAGS = {"zh": "zh-CN", "en": "en"}
"""Languages as HTML names them."""


class Html:
    """Writes texts in the languages that a page has; of two one is shown, by the page's style."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = languages

    def say(self, said: Said) -> str:
        """A text, in a span for each language; where all agree, as it is."""
        texts = [said[language] for language in self.languages]
        if len(set(texts)) == 1:
            return escape(texts[0])
        return "".join(
            f'<span class="{language}" lang="{TAGS[language]}">{escape(text)}</span>'
            for language, text in zip(self.languages, texts, strict=True)
        )

    def label(self, name: str, **values: object) -> str:
        """A label of the report."""
        return self.say(label(name, **values))

    def attribute(self, said: Said) -> str:
        """A text for an attribute, which no style can switch: in all languages."""
        return escape(joined(said, self.languages))

    def section(self, name: str, *parts: str) -> str:
        """A part of the page with its heading; the name is that of its label."""
        body = "\n".join(part for part in parts if part)
        return (
            f'<section id="{name}" aria-labelledby="{name}-h">\n'
            f'<h2 id="{name}-h">{self.label(name)}</h2>\n{body}\n</section>'
        )

    def paragraph(self, name: str, **values: object) -> str:
        """A paragraph of one label."""
        return f"<p>{self.label(name, **values)}</p>"

    def table(
        self,
        caption: Said,
        heads: Sequence[Said],
        rows: Iterable[Sequence[str]],
        numbers: Sequence[int] = (),
    ) -> str:
        """A table whose cells are HTML, the first of a row its heading; it scrolls by itself where
        the page is narrow. Columns of `numbers` are set to the right."""
        head = "".join(
            f'<th scope="col"{_right(column in numbers)}>{self.say(said)}</th>'
            for column, said in enumerate(heads)
        )
        body = "\n".join(f"<tr>{self._cells(row, numbers)}</tr>" for row in rows)
        name = self.attribute(caption)
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
            f"<table><caption>{self.say(caption)}</caption>"
            f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
        )

    def cards(self, caption: Said, heads: Sequence[Said], rows: Iterable[Sequence[str]]) -> str:
        """A table for reading: on a narrow page each row is a card, its cells one below another."""
        # Where a style takes a table apart, only roles tell that it is one.
        head = "".join(
            f'<th scope="col" role="columnheader">{self.say(said)}</th>' for said in heads
        )
        names = [f'<span class="key" aria-hidden="true">{self.say(said)}</span>' for said in heads]
        body = "\n".join(
            '<tr role="row">'
            + "".join(
                f'<td role="cell">{name}<div>{cell}</div></td>'
                for name, cell in zip(names, row, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        return (
            f'<table class="cards" role="table"><caption>{self.say(caption)}</caption>'
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
            f'<tbody role="rowgroup">{body}</tbody></table>'
        )

    def _cells(self, row: Sequence[str], numbers: Sequence[int]) -> str:
        first, *others = row
        cells = "".join(
            f"<td{_right(column in numbers)}>{cell}</td>"
            for column, cell in enumerate(others, start=1)
        )
        return f'<th scope="row">{first}</th>{cells}'


def _right(is_number: bool) -> str:
    return ' class="n"' if is_number else ""


def code(text: str) -> str:
    """An id or a number, as it is."""
    return f"<code>{escape(text)}</code>"


def small(html: str) -> str:
    """What is said beside."""
    return f"<small>{html}</small>"
