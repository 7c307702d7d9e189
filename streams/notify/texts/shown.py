"""What a template is given: the values of a message as its reader reads them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from schemas import ShipmentWarning
from streams.notify.message import Item, Locale, Message
from streams.notify.texts.dialects import clean
from streams.notify.texts.links import Links
from streams.profiles.money import spelled
from streams.texts import hint
from streams.texts.wording import Wording

LONGEST_ID = 64
"""Characters of an id: one is as long as whoever sent it likes."""

LONGEST_TEXT = 400
"""Characters of a sentence."""

MOST_ORDERS = 3
"""Ids of orders that are named of a warning; the number says how many there are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One warning. Texts are plain: templates mark them. Empty: there is nothing to say."""

    number: int
    warning_id: str
    rule: str
    change: str
    """Why it is told of, as a word: `new`, `breached`, `reminder` …; `why` is that for readers."""
    why: str
    step: int | None
    severity: str
    severity_text: str
    state: str
    platform: str
    shop: str
    carrier: str
    tracking_number: str
    orders: str
    orders_count: int
    deadline: str
    left: str
    cost: str
    message: str
    remedy: str
    hint: str
    assignee: str
    open: str
    acknowledge: str
    snooze: str


TEXTS = (
    *("rule", "why", "severity_text", "platform", "shop", "carrier", "tracking_number", "orders"),
    *("deadline", "left", "cost", "message", "remedy", "hint", "assignee"),
)
"""Fields that readers see; the others are words of ours to compare with, and addresses."""


class Reader:
    """Values as somebody reads them in a language and a zone, at the moment of a message."""

    def __init__(self, locale: Locale, zone: ZoneInfo, now: datetime) -> None:
        self.locale = locale
        self._zone = zone
        self._now = now
        self._words = Wording((locale,))

    def word(self, section: str, key: str, **values: object) -> str:
        """A text of `words.toml`; a key that it does not have stays as it is."""
        text = _table()[section].get(key)
        return clean(key) if text is None else text[self.locale].format(**values)

    def moment(self, moment: datetime | None) -> str:
        """`2026-11-21 18:00 UTC+8`; empty where there is none."""
        if moment is None:
            return ""
        local = moment.astimezone(self._zone)
        offset = local.utcoffset() or timedelta()
        hours, rest = divmod(abs(offset) // timedelta(minutes=1), 60)
        sign = "-" if offset < timedelta() else "+"
        zone = f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
        return f"{local:%Y-%m-%d %H:%M} {zone}"

    def span(self, span: timedelta) -> str:
        """A length of time in its two greatest units."""
        minutes = abs(span) // timedelta(minutes=1)
        if minutes >= 48 * 60:
            return self.word("words", "span_d", d=minutes // 1440, h=minutes % 1440 // 60)
        if minutes >= 60:
            return self.word("words", "span_h", h=minutes // 60, m=minutes % 60)
        return self.word("words", "span_m", m=minutes)

    def left(self, warning: ShipmentWarning) -> str:
        """What is left of a deadline; of what is over, nothing."""
        if warning.state in ("resolved", "withdrawn"):
            return ""
        if warning.deadline is None:
            return self.word("words", "at_once")
        rest = warning.deadline - self._now
        key = "left" if rest > timedelta() else "past"
        return self.word("words", key, span=self.span(rest))

    def cost(self, warning: ShipmentWarning) -> str:
        """What it may cost; empty where nothing is known of that, or it is withdrawn."""
        exposure = warning.exposure
        if exposure is None or warning.state == "withdrawn":
            return ""
        if exposure.kind == "strike":
            return self.word("words", "strike")
        if exposure.kind != "compensation":
            return ""
        if exposure.currency is None or exposure.least is None or exposure.most is None:
            return self.word("words", "compensation_unknown")
        total = spelled(exposure.currency, exposure.least, exposure.most)
        return self.word("words", "compensation", sum=total)

    def orders(self, ids: Sequence[str]) -> str:
        """The first ids, and how many there are where that is not all."""
        named = ", ".join(cut(each, LONGEST_ID) for each in ids[:MOST_ORDERS])
        if len(ids) <= MOST_ORDERS:
            return named
        return self.word("words", "orders_more", ids=named, n=len(ids))

    def platform(self, code: str) -> str:
        """What a platform is called."""
        return (
            clean(self._words.word("platforms", code))
            if code
            else self.word("words", "no_platform")
        )

    def rule(self, code: str) -> str:
        """What a rule is called."""
        return clean(self._words.title(code))

    def severity(self, code: str) -> str:
        """What a severity is called."""
        return self._words.word("severities", code)

    def state(self, code: str) -> str:
        """What a state is called."""
        return self._words.word("states", code)

    def row(self, item: Item, number: int, links: Links | None, message: Message) -> Row:
        """A warning for a template."""
        warning = item.warning
        urls = None if links is None else links.of(warning, message)
        short = hint(warning.rule, warning.state)
        remedy = warning.remedy
        return Row(
            number=number,
            warning_id=warning.warning_id,
            rule=self.rule(warning.rule),
            change=item.change,
            why=self.word("changes", item.change),
            step=item.step,
            severity=warning.severity,
            severity_text=self.severity(warning.severity),
            state=warning.state,
            platform=self.platform(warning.platform),
            shop=cut(warning.shop_id or "", LONGEST_ID),
            carrier=cut(warning.carrier or "", LONGEST_ID),
            tracking_number=cut(warning.tracking_number or "", LONGEST_ID),
            orders=self.orders(warning.order_ids),
            orders_count=len(warning.order_ids),
            deadline=self.moment(warning.deadline),
            left=self.left(warning),
            cost=self.cost(warning),
            message=cut(getattr(warning.message, self.locale), LONGEST_TEXT),
            remedy=cut(getattr(remedy, self.locale) if remedy else "", LONGEST_TEXT),
            hint="" if short is None else clean(short[self.locale]),
            assignee=cut(item.assignee or "", LONGEST_ID),
            open="" if urls is None else urls.open,
            acknowledge="" if urls is None else urls.acknowledge,
            snooze="" if urls is None else urls.snooze,
        )

    def group(self, message: Message) -> str:
        """Whose warnings they are; empty where they are several shops'."""
        if message.group is None:
            return ""
        shop = message.group.shop_id
        name = cut(shop, LONGEST_ID) if shop else self.word("words", "no_shop")
        return f"{self.platform(message.group.platform)} {name}"

    def counted(self, counts: Mapping[str, int], section: str) -> list[tuple[str, int]]:
        """Names and numbers, the greatest first."""
        name = {"severity": self.severity, "rule": self.rule, "state": self.state}[section]
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(name(code), number) for code, number in ordered if number]


def cut(text: str, longest: int) -> str:
    """A text of others on one line, of at most so many characters; one that is cut says so."""
    text = clean(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    path = files("streams.notify.texts").joinpath("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
