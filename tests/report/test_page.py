"""The page of a report: what it says of a known history, and what it never does."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from click.testing import Result
from support.builders import (
    DAY,
    HANGZHOU,
    HOUR,
    MINUTE,
    NUMBER,
    PAID,
    PICKED,
    PROMISE,
    Message,
    order,
    picked_up,
    record,
    upload,
)

from streams.report.numbers_part import line_text, nearest
from streams.report.wording import LANGUAGES, length, percent, share

Run = Callable[..., Result]
Write = Callable[..., str]
VOID = {"meta", "input", "br"}
PRIVATE = "张三丰 13800138000 西湖区文三路 1 号"
HOSTILE = "<IMG SRC=X ONERROR=ALERT(1)>&\"'{0}%S"
UNTIL = PAID + 46 * HOUR
#: Order 1 stands still after its pickup, 2 and 3 are not shipped, 4 arrived in time.
ORDERS = [
    order("1", amount_paid=12_900, currency="CNY", closed_reason=PRIVATE),
    order("2", PAID + HOUR, amount_paid=5_000, currency="CNY"),
    order("3", amount_paid=5_000, currency="CNY"),
    order("4", PAID - 60 * HOUR, shop_id="s-2", platform="tmall"),
]
TRACKING = [
    upload("1", description=PRIVATE),
    picked_up(location=HANGZHOU, description=PRIVATE),
    upload("4", PAID - 50 * HOUR, "79000000000001", carrier="sto", shop_id="s-2"),
    record("picked_up", PAID - 44 * HOUR, "79000000000001", "sto"),
    record("hub", PAID - 30 * HOUR, "79000000000001", "sto"),
    record("delivered", PAID - 10 * HOUR, "79000000000001", "sto"),
    upload("nobody", PAID + HOUR, "79000000000002"),
    record("hub", PAID + HOUR, "79000000000003"),
]


class Page(HTMLParser):
    """A page: its tags, ids, links, texts of headings, and whether its elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One that has nothing in it."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Its end."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if self._open and self._open[-1] != "style":
            self.text += data


def made(
    run: Run, write: Write, *options: str, orders=ORDERS, tracking=TRACKING
) -> tuple[Result, str]:
    """The command's result, and the page."""
    files = write("o.jsonl", orders), write("t.jsonl", tracking)
    result = run(*files, "--until", UNTIL.isoformat(), *options)
    return result, Path("report.html").read_text(encoding="utf-8")


def part(text: str, name: str) -> str:
    """One part of the page."""
    found = re.search(rf'<section id="{name}".*?</section>', text, re.DOTALL)
    assert found, name
    return found[0]


def test_what_is_due_stands_first_by_its_deadline(run: Run, write: Write) -> None:
    """Orders 3 and 2 are due in two and three hours, with what to do and what it may cost."""
    result, text = made(run, write, "--lang", "en")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "4 orders, 4 parcels" in result.stderr
    due = part(text, "due")
    assert re.findall(r"<code>([23])</code>", due) == ["3", "2"]
    assert "2 h 0 min left" in due
    assert "3 h 0 min left" in due
    assert "Hand it to the carrier before 2026-11-22 10:00 (UTC+8)" in due
    assert "CNY 0.00–" in due


def test_what_is_breached_has_its_story(run: Run, write: Write) -> None:
    """Order 1: the warning links to what happened, in order of time, and what helps."""
    _, text = made(run, write, "--lang", "en")
    breached = part(text, "breached")
    assert "No update after the pickup" in breached
    (number,) = set(re.findall(r'href="#s(\d+)"', breached))
    story = re.search(rf'<article id="s{number}".*?</article>', text, re.DOTALL)
    assert story
    times = re.findall(r'<time datetime="([^"]+)"', story[0])
    assert times == sorted(times)
    for word in ("paid", "number uploaded", "picked up", "promised to ship by", NUMBER, "杭州市"):
        assert word in story[0]


def test_shops_carriers_and_problems(run: Run, write: Write) -> None:
    """Each with the figures that the history gives."""
    _, text = made(run, write, "--lang", "en")
    assert "s-2" in part(text, "shops")
    assert "abnormal above 10.0 %, 20 orders or more" in part(text, "shops")
    carriers = part(text, "carriers")
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>.*?</tr>", carriers)]
    sto = [cell for cell in rows[-2].split("|") if cell]
    assert sto[:5] == ["sto", "all", "1", "0", "1"]
    assert sto[5:7] == ["6 h 0 min", "6 h 0 min"]
    assert sto[-1] == "100.0 %"
    problems = part(text, "problems")
    assert "nobody (zto:79000000000002)" in problems
    assert "Parcels that no order names: they cannot be judged" in problems


def test_a_line_over_days_says_over_which() -> None:
    """The nearest of a day's lines, over the day or over several."""
    line = {"orders": "late", "distance": 5, "threshold": {
        "basis_points": 1_000, "comparator": "gt", "least": 20}}  # fmt: skip
    month = {**line, "orders": "untracked", "distance": 4, "threshold": {
        "basis_points": 0, "comparator": "ge", "least": 100},
        "first_day": "2026-11-01", "last_day": "2026-11-20"}  # fmt: skip
    found = nearest({"lines": [line], "windows": [month]})
    assert found is month
    assert line_text(month)["en"] == (
        "100 orders without valid tracking (2026-11-01 to 2026-11-20)"
    )
    assert line_text(line)["zh"] == "延迟超过 10.0 %，且至少 20 单"
    assert nearest({"lines": [], "windows": []}) is None


def test_orders_without_records_accuse_nobody_unseen(run: Run, write: Write) -> None:
    """Uploads are no records: the page and standard error say what is missing; one is enough."""
    uploads = [each for each in TRACKING if each["status"] == "ordered"]
    result, text = made(run, write, "--lang", "en", tracking=uploads)
    assert "No file has tracking records: orders that were shipped" in part(text, "problems")
    assert "add what carriers or 快递100 export" in result.stderr
    result, text = made(run, write, "--lang", "en")
    assert "No file has tracking records" not in text + result.stderr


def test_both_languages_are_there_and_one_is_shown(run: Run, write: Write) -> None:
    """By two radio buttons and the style; one language alone has no words of the other."""
    _, both = made(run, write)
    _, zh = made(run, write, "--lang", "zh")
    _, en = made(run, write, "--lang", "en")
    assert re.findall(r'id="show-(\w+)"( checked)?', both) == [("zh", " checked"), ("en", "")]
    for words in ("发货风险报告", "Shipping risk report", "即将到期", "Due next"):
        assert words in Page(both).text
    assert 'type="radio"' not in zh + en
    assert "Due next" not in zh
    assert "即将到期" not in en
    for text in (both, zh, en):
        assert "douyin-2026-07-09" in text
        assert "ShipSentry" in text


def test_it_loads_nothing_and_runs_nothing(run: Run, write: Write) -> None:
    """No script, no address but the rules' source as text, a policy that forbids the rest."""
    _, text = made(run, write)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "style")]
    links = {value for name, value in page.attributes if name == "href"}
    ids = {f"#{value}" for name, value in page.attributes if name == "id"}
    assert links <= ids
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_tables_have_captions_and_charts_say_what_they_show(run: Run, write: Write) -> None:
    """For whoever cannot see them; and headings go down one level at a time."""
    _, text = made(run, write)
    page = Page(text)
    assert page.tags.count("caption") == page.tags.count("table") > 5
    charts = re.findall(r"<svg [^>]*>", text)
    assert len(charts) > 3
    assert all('role="img" aria-label="' in chart for chart in charts)
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_hostile_words_are_words(run: Run, write: Write) -> None:
    """Ids, numbers, shops, carriers and names of files come from outside."""
    orders: list[Message] = [
        order(HOSTILE, shop_id=HOSTILE, items=[{"product_id": HOSTILE}]),
        order("2", shop_id=HOSTILE, platform=HOSTILE),
    ]
    tracking = [
        upload(HOSTILE, number=HOSTILE, carrier=HOSTILE, shop_id=HOSTILE),
        record("hub", PICKED, HOSTILE, HOSTILE, location={"city": HOSTILE, "site": HOSTILE}),
        {"tracking_number": HOSTILE, "status": HOSTILE, HOSTILE: 1},
    ]
    files = write("<b>o.jsonl", orders), write("t.jsonl", tracking)
    result = run(*files, "--until", (PROMISE + 3 * DAY).isoformat())
    assert result.exit_code == 3
    text = Path("report.html").read_text("utf-8")
    page = Page(text)
    assert not {"img", "script"} & {tag.lower() for tag in page.tags}
    assert not [name for name, _ in page.attributes if name == "onerror"]
    assert "<IMG" not in text
    assert "<img" not in text
    assert "<b>o.jsonl" in page.text
    assert HOSTILE in page.text


def test_nothing_personal_is_on_it(run: Run, write: Write) -> None:
    """No free text, no hash of a recipient."""
    _, text = made(run, write)
    for word in (PRIVATE, "13800138000", "张三丰", "address-anna", "person-anna"):
        assert word not in text


def test_nothing_in_is_a_page_that_says_so(run: Run, write: Write) -> None:
    """Empty files are no fault: exit status 0."""
    files = write("o.jsonl", []), write("t.jsonl", [])
    assert run(*files, "--lang", "en").exit_code == 0
    text = Page(Path("report.html").read_text("utf-8")).text
    for words in (
        "The files hold no orders and no tracking updates.",
        "No deadline is near.",
        "No problem was found.",
        "No parcel needs attention.",
    ):
        assert words in text


def test_the_same_history_gives_the_same_bytes(run: Run, write: Write) -> None:
    """Whatever the order of the files."""
    _, first = made(run, write)
    run("t.jsonl", "o.jsonl", "--until", UNTIL.isoformat())
    again = Path("report.html").read_text("utf-8")
    assert first.replace("o.jsonl, t.jsonl", "") == again.replace("t.jsonl, o.jsonl", "")


def test_lengths_and_shares() -> None:
    """As people say them; shares are never rounded up to a line."""
    assert [length(int(each.total_seconds()) * 10**6)["en"] for each in (
        59 * MINUTE, 47 * HOUR + 59 * MINUTE, 2 * DAY + 90 * MINUTE
    )] == ["59 min", "47 h 59 min", "2 d 1 h"]  # fmt: skip
    assert (percent(2_999), percent(None), share(2_999_999, 10_000_000)) == (
        "29.9 %",
        "–",
        "29.9 %",
    )
    assert set(length(0)) == set(LANGUAGES)
