"""Every panel and the question it answers, as docs/operating.md lists them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from grafana.model import Board

BEGIN, END = "<!-- panels:begin -->", "<!-- panels:end -->"
WIDTH = 100
"""Characters of a line."""


def catalogue(boards: Iterable[Board]) -> str:
    """A chapter for each board, a list for each of its rows: Markdown that ends with a newline."""
    lines: list[str] = []
    for board in boards:
        lines += [f"### {board.title.en}", ""]
        for row in board.rows:
            lines += [f"**{row.title.en}**", ""]
            for panel in row.panels:
                lines += _item(f"*{panel.title.en}*: {panel.question.en}")
            lines.append("")
    return "\n".join(lines)


def written_into(page: str, text: str) -> str:
    """A page with the text between its marks. Raises ValueError where it lacks one of the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {END if begin else BEGIN}: panels stand between both")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def _item(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
