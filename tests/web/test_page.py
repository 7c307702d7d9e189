"""The page: readable in both languages, and safe whatever ids and parameters hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from support.listed import NOW, warning

from streams.facts.times import HOUR, MINUTE
from streams.web.page import page
from streams.web.query import row


class Tags(HTMLParser):
    """Counts tags and gathers texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes it."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Notes it."""
        self.texts.append(data)


def parsed(text: str) -> Tags:
    """The page as a browser reads it."""
    tags = Tags()
    tags.feed(text)
    return tags


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Act before", "Number uploaded, no pickup", "5 h 1 min left", "a strike")),
        ("zh", ("处理截止", "上传单号后未揽收", "剩 5 小时 1 分", "记违规")),
    ],
)
def test_a_warning_is_told_in_the_language_asked_for(language: str, words: tuple[str, ...]) -> None:
    """Deadline with what is left, rule by its name, cost and remedy."""
    entry = warning("w1", deadline=NOW + 5 * HOUR + MINUTE)
    text = page([row(entry)], 7, [], {}, language, NOW)
    for word in words:
        assert word in text
    assert row(entry)["remedy"][language] in text
    assert "1" in text
    assert "7" in text


def test_an_empty_list_says_what_it_looked_for() -> None:
    """Nobody has to guess whether the filter or the world is empty."""
    text = page([], 0, [], {"shop": ["s9"], "lang": ["en"]}, "en", NOW)
    assert "No warning stands that fits. Filters: shop = s9" in text
    assert "<table" not in text
    assert "没有符合条件的预警。筛选条件：无" in page([], 0, [], {}, "zh", NOW)


def test_what_is_missing_is_said() -> None:
    """A worker that does not answer leaves a hole, and the page says so."""
    assert "partition 3: no answer" in page([], 0, ["partition 3: no answer"], {}, "en", NOW)


def test_the_other_language_keeps_the_filters() -> None:
    """The link asks for the same list."""
    given = {"shop": ["a&b", "c"], "lang": ["en"], "format": [""]}
    (link,) = parsed(page([], 0, [], given, "en", NOW)).links
    assert link == "?shop=a%26b&shop=c&lang=zh"


def test_nothing_from_outside_becomes_markup() -> None:
    """Ids, shops and parameters hold what anybody typed."""
    bad = "<script>alert('x')</script>"
    entry = warning("w1", shop_id=bad, order_ids=(bad,), parcel=f"{bad}:{bad}", rule=bad)
    given = {"shop": [bad], bad: [bad]}
    for language in ("en", "zh"):
        found = parsed(page([row(entry)], 1, [bad], given, language, NOW))
        assert "script" not in found.tags
        assert sum(bad in text for text in found.texts) >= 4
    assert "script-src" not in page([], 0, [], {}, "en", NOW)


def test_each_warning_has_its_whole_id() -> None:
    """Cut by the style only, so that a click and a copy take all of it; and in JSON."""
    key = "6b86b273ff34fce19d6b804eff5a3f57"
    for language in ("en", "zh"):
        text = page([row(warning(key))], 1, [], {}, language, NOW)
        assert f'<span class="id key" title="{key}">{key}</span>' in text
    assert row(warning(key))["warning_id"] == key


def test_a_narrow_screen_has_a_card_for_each_warning() -> None:
    """Its column headings are hidden there, so each value brings its own."""
    text = page([row(warning("w1"))], 1, [], {}, "en", NOW)
    heads = re.findall(r"<th>(.*?)</th>", text)
    assert len(heads) == 9
    assert re.findall(r'data-label="(.*?)"', text) == heads
    narrow = text.partition("@media (max-width: 1260px) {")[2].partition("</style>")[0]
    assert "thead { display: none; }" in narrow
    assert "td::before { content: attr(data-label);" in narrow
    assert "nowrap" not in narrow
    assert 'content="width=device-width, initial-scale=1"' in text


def test_a_warning_without_shop_or_parcel_leaves_no_empty_line() -> None:
    """The platform stands alone, the parcel's cell is empty and left out on a narrow screen."""
    text = page([row(warning("w1", shop_id=None, parcel=None))], 1, [], {}, "en", NOW)
    assert '<div><span class="quiet">douyin</span></div>' in text
    assert 'data-label="Parcel"><div></div>' in text
    assert "td:has(div:empty) { display: none; }" in text
