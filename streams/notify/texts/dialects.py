"""Markups of channels: how text of others is made harmless in each, and how a few things look.

Some robots read a subset of Markdown and document no way to escape. There the characters that mean
something are written in their full-width forms, which look alike: `*` as `＊`. Whoever copies such
an id can find it all the same where ids are normalised by Unicode NFKC, which undoes this.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

_WIDE = 0xFEE0
"""From a character of ASCII to its full-width form."""

_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
"""Line ends, other controls, what turns text around, halves of characters."""


def clean(text: str) -> str:
    """Text of others on one line, without what no reader sees."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def _widened(characters: str) -> Callable[[str], str]:
    table = str.maketrans({each: chr(ord(each) + _WIDE) for each in characters})
    return lambda text: text.translate(table)


def _entities(characters: str) -> Callable[[str], str]:
    table = str.maketrans({each: f"&#{ord(each)};" for each in characters})
    return lambda text: text.translate(table)


def _slack(text: str) -> str:
    return _widened("*~`")(html.escape(text, quote=False))


@dataclass(frozen=True, slots=True)
class Dialect:
    """One markup. `escape` makes any text of others harmless, `line` ends a line; the others are
    formats of Python, whose values are escaped already."""

    name: str
    escape: Callable[[str], str]
    strong: str
    anchor: str
    """{text} that leads to {url}."""
    line: str = "\n"

    def marked(self, value: object) -> Markup:
        """A value as it may stand in the markup; what is marked already stays."""
        if isinstance(value, Markup):
            return value
        return Markup(self.escape(clean(str(value))))  # noqa: S704 - it is escaped for its markup

    def bold(self, value: object) -> Markup:
        """A value that stands out."""
        return Markup(self.strong.format(text=self.marked(value)))  # noqa: S704 - the same

    def link(self, value: object, url: str) -> Markup:
        """A value that leads to an address of ours."""
        address = html.escape(url) if "<" in self.anchor else url
        return Markup(self.anchor.format(text=self.marked(value), url=address))  # noqa: S704

    def ended(self, text: str) -> str:
        """A text whose lines end as the markup wants them to; a blank line parts paragraphs."""
        lines = "\n".join(line.strip() for line in text.strip().splitlines())
        paragraphs = re.split(r"\n{2,}", lines)
        between = "\n\n" if self.line.startswith(("\n", " ")) else self.line * 2
        return between.join(each.replace("\n", self.line) for each in paragraphs)


PLAIN = Dialect("plain", str, "{text}", "{text}: {url}")

DINGTALK = Dialect(
    "dingtalk", _widened("\\`*[]()<>#!~|"), "**{text}**", "[{text}]({url})", "  \n  "
)
"""https://open.dingtalk.com/document/orgapp/custom-bot-send-message-type: a subset of Markdown; a
line ends with two blanks on both sides."""

FEISHU = Dialect("feishu", _entities("&<>*~-![]()#:+\"'`$_/\\"), "**{text}**", "[{text}]({url})")
"""https://open.feishu.cn/document/common-capabilities/message-card/message-cards-content/using-markdown-tags:
its characters are escaped as entities of HTML."""

WECOM = Dialect("wecom", _widened("\\`*[]()<>#"), "**{text}**", "[{text}]({url})")
"""https://developer.work.weixin.qq.com/document/path/99110: headings, bold, links, code, quotes and
`<font>`; no way to escape. `<@userid>` would call somebody."""

SLACK = Dialect("slack", _slack, "*{text}*", "<{url}|{text}>")
"""https://docs.slack.dev/messaging/formatting-message-text: `&`, `<` and `>` as entities."""

TEAMS = Dialect("teams", _widened("\\`*[]()<>#~"), "**{text}**", "[{text}]({url})", "\n\n")
"""https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features: bold, italic, lists and
links; a new line is a paragraph."""

HTML = Dialect("html", html.escape, "<b>{text}</b>", '<a href="{url}">{text}</a>', "<br>\n")

TELEGRAM = Dialect("telegram", html.escape, "<b>{text}</b>", '<a href="{url}">{text}</a>')
"""https://core.telegram.org/bots/api#html-style: `&`, `<`, `>` and `"` as entities."""

EVERY = (PLAIN, DINGTALK, FEISHU, WECOM, SLACK, TEAMS, HTML, TELEGRAM)
