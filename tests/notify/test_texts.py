"""What messages say: in both languages, by templates of one's own too, with links that expire."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.notices import COUNTS, HOSTILE, MADE_AT, SHANGHAI, digest, item, message, warning

from streams.notify.message import Locale
from streams.notify.samples import samples
from streams.notify.texts.dialects import DINGTALK, EVERY, PLAIN, Dialect
from streams.notify.texts.links import LASTS, Allowed, Links
from streams.notify.texts.shown import Reader
from streams.notify.texts.texts import LOCALES, Card, Size, Texts, TooLong, WrongTemplate
from streams.profiles.loader import load

TEXTS = Texts()
LINKS = Links("https://desk.example.com/", b"k" * 32)


def always(_: Card) -> bool:
    """There is room for anything."""
    return True


def fits(room: int, card: Card) -> bool:
    """There is room for so many characters."""
    return len(card.text) <= room


def plain(told: object, **fields: object) -> str:
    """Title and text of a message without markup."""
    card = TEXTS.card(told, PLAIN, None, always, **fields)  # type: ignore[arg-type]
    return f"{card.title}\n\n{card.text}"


def test_a_card_says_what_which_by_when_at_what_cost_and_what_to_do() -> None:
    """In Chinese."""
    assert plain(message(item(7))) == (
        "【新预警】揽收后无更新 · 还剩 3 小时 05 分 · 抖音 s-1\n"
        "\n"
        "揽收后没有新记录。\n"
        "\n"
        "运单：zto 7812345000007\n"
        "订单：A-7\n"
        "截止：2026-11-21 18:00 UTC+8（还剩 3 小时 05 分）\n"
        "可能的后果：向买家赔付 CNY 5.00–30.00\n"
        "怎么办：请联系快递网点。\n"
        "\n"
        "截至 2026-11-21 14:55 UTC+8"
    )


def test_the_same_in_english() -> None:
    """Of a warning that has no sum, no shop and no deadline."""
    bare = item(7, deadline=None, exposure={"kind": "strike"}, shop_id=None)
    assert plain(message(bare, locale="en", group=None)) == (
        "[New] No update after the pickup · act at once\n"
        "\n"
        "Nothing was recorded after the pickup.\n"
        "\n"
        "Shop: Douyin\n"
        "Parcel: zto 7812345000007\n"
        "Orders: A-7\n"
        "Deadline: act at once\n"
        "What it may cost: a strike against the shop (no sum)\n"
        "What to do: Ask the carrier's branch.\n"
        "\n"
        "As of 2026-11-21 14:55 UTC+8"
    )


def test_a_digest_says_first_what_changed_then_the_most_urgent_then_counts() -> None:
    """In this order."""
    told = digest(item(1), item(2, "breached", state="breached"), changed_more=37)
    text = plain(told)
    places = [
        text.index(each)
        for each in (
            "发货风险摘要 · 抖音 s-1：39 条变化，37 条待处理 · 最急的还剩 3 小时 05 分",
            "变化（自 2026-11-21 06:55 UTC+8）：新预警 1 · 已超时 1",
            "1. 揽收后无更新 · 还剩",
            "2. 揽收后无更新（已超时）",
            "……还有 37 条未列出",
            "仍未处理、最急的：",
            "3. 揽收后无更新",
            "现有预警：41 条，其中 37 条无人确认",
            "一般 37 · 严重 4",
            "揽收后无更新 41",
            "截至 2026-11-21 14:55 UTC+8",
        )
    ]
    assert places == sorted(places)


def test_changes_are_counted_beyond_what_a_message_carries() -> None:
    """The reasons add up to what the title says."""
    counts = replace(COUNTS, by_change={"breached": 30, "new": 9})
    text = plain(digest(item(1), item(2, "breached"), changed_more=37, counts=counts))
    assert "39 条变化" in text
    assert "已超时 30 · 新预警 9\n" in text


def test_what_is_over_is_not_called_urgent() -> None:
    """And has no button to act with."""
    told = message(item(1, "resolved", state="resolved"), kind="over")
    card = TEXTS.card(told, PLAIN, LINKS, always)
    assert card.title == "【已解除】揽收后无更新 · 抖音 s-1"
    assert [each.text for each in card.buttons] == ["查看"]
    assert "还剩" not in card.text


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Shanghai", "2026-11-21 18:00 UTC+8"),
        ("America/New_York", "2026-11-21 05:00 UTC-5"),
        ("Asia/Kolkata", "2026-11-21 15:30 UTC+5:30"),
        ("UTC", "2026-11-21 10:00 UTC+0"),
        ("America/St_Johns", "2026-11-21 06:30 UTC-3:30"),
    ],
)
def test_times_name_their_zone(zone: str, shown: str) -> None:
    """That of the route, as it is on that day."""
    assert Reader("zh", ZoneInfo(zone), MADE_AT).moment(warning().deadline) == shown


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (1, "还剩 1 分钟", "1 min left"),
        (59, "还剩 59 分钟", "59 min left"),
        (60, "还剩 1 小时 00 分", "1 h 00 min left"),
        (48 * 60 - 1, "还剩 47 小时 59 分", "47 h 59 min left"),
        (48 * 60, "还剩 2 天 0 小时", "2 d 0 h left"),
        (0, "已超 0 分钟", "0 min over"),
        (-61, "已超 1 小时 01 分", "1 h 01 min over"),
    ],
)
def test_how_long_that_is(minutes: int, zh: str, en: str) -> None:
    """In the two greatest units, on both sides of each boundary."""
    due = warning(deadline=MADE_AT + timedelta(minutes=minutes))
    assert Reader("zh", SHANGHAI, MADE_AT).left(due) == zh
    assert Reader("en", SHANGHAI, MADE_AT).left(due) == en


@pytest.mark.parametrize(
    ("exposure", "said"),
    [
        ({"kind": "strike"}, "a strike against the shop (no sum)"),
        ({"kind": "compensation"}, "compensation of the buyer, sum not known"),
        (
            {"kind": "compensation", "currency": "JPY", "least": 500, "most": 500},
            "compensation of the buyer, JPY 500",
        ),
        ({"kind": "unknown"}, ""),
        (None, ""),
    ],
)
def test_what_it_may_cost(exposure: dict[str, object] | None, said: str) -> None:
    """As far as that is known."""
    assert Reader("en", SHANGHAI, MADE_AT).cost(warning(exposure=exposure)) == said


def test_room_decides_how_much_is_said() -> None:
    """As many as fit and not one fewer; nothing fits into nothing."""
    told = message(*(item(n) for n in range(15)))
    sizes = [len(TEXTS.sized(told, PLAIN, None, Size(n, full=False)).text) for n in range(16)]
    for rows, room in enumerate(sizes):
        made = TEXTS.card(told, PLAIN, None, partial(fits, room))
        assert made.size == Size(rows, full=False)
    with pytest.raises(TooLong):
        TEXTS.card(told, PLAIN, None, lambda card: False)


def override(folder: Path, text: str, name: str = "zh/card.jinja") -> Path:
    """A folder with a template of somebody's own."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


WHOLE = "{% block title %}我的{% endblock %}\n{% block text %}\n"


def test_a_template_of_ones_own_is_used(tmp_path: Path) -> None:
    """The others stay; what it joins and imports is made harmless all the same."""
    own = Texts(
        override(
            tmp_path,
            '{% import "zh/parts.jinja" as parts %}{% set before = "#" %}'
            + WHOLE
            + "{% for row in rows %}{{ before }}{{ row.message ~ m.bold('!') ~ row.shop }}"
            + "{{ parts.parcel(row) }}{% endfor %}{% endblock %}",
        )
    )
    told = message(item(1, message={"zh": "[x](y)", "en": "x"}, shop_id="<@all>"))
    card = own.card(told, DINGTALK, None, always)
    assert card.title == "我的"
    assert card.text == "＃［x］（y）**！**＜@all＞zto 7812345000001 · 订单 A-1"
    assert own.card(digest(item(1)), PLAIN, None, always).title.startswith("发货风险摘要")


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        (WHOLE + "{{ nothing }}{% endblock %}", "zh/card.jinja:3", "'nothing' is undefined"),
        (WHOLE + "{% if %}{% endblock %}", "zh/card.jinja:3", "Expected an expression"),
        (WHOLE + "{{ rows[0].x }}{% endblock %}", "zh/card.jinja:3", "has no element 0"),
        (WHOLE + "{{ total|safe }}{% endblock %}", "zh/card.jinja:3", "No filter named 'safe'"),
        (WHOLE + "{{ ''.__class__ }}{% endblock %}", "zh/card.jinja:3", "is unsafe"),
        (WHOLE + "{{ rows.append(1) }}{% endblock %}", "zh/card.jinja:3", "is unsafe"),
        (WHOLE + "{{ 1 / 0 }}{% endblock %}", "zh/card.jinja:3", "division by zero"),
        (
            '{% include "/etc/passwd" %}' + WHOLE + "{% endblock %}",
            "zh/card.jinja:1",
            "/etc/passwd",
        ),
        ("{% block title %}{% endblock %}", "zh/card.jinja", "it has no block text"),
        (" " * 70_000, "zh/card.jinja", "more than 65536 bytes"),
    ],
)
def test_a_template_that_fails_is_told_at_start(
    tmp_path: Path, text: str, where: str, why: str
) -> None:
    """With its file and line."""
    with pytest.raises(WrongTemplate) as caught:
        Texts(override(tmp_path, text))
    assert f"{tmp_path}/{where}: " in str(caught.value)
    assert why in str(caught.value)


def test_templates_that_nobody_uses_any_more_are_let_go() -> None:
    """Each trial of a channel makes them anew."""
    texts = Texts()
    texts.sized(digest(item(1)), PLAIN, None, Size(1, full=True))
    gone = weakref.ref(texts._made[PLAIN])
    del texts
    gc.collect()
    assert gone() is None


def test_a_file_that_nothing_reads_is_told_too(tmp_path: Path) -> None:
    """Else somebody waits for their words for ever."""
    with pytest.raises(WrongTemplate, match=r"did you mean zh/card\.jinja"):
        Texts(override(tmp_path, "", "zh/cards.jinja"))
    with pytest.raises(WrongTemplate, match="there is no such folder"):
        Texts(tmp_path / "nowhere")


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("dialect", EVERY, ids=lambda each: each.name)
def test_samples_are_said_in_every_markup(dialect: Dialect, locale: Locale) -> None:
    """No brace, no tag and no blank end of a line is left of the templates."""
    for told in samples(MADE_AT, locale, SHANGHAI):
        for size in (Size(0, full=False), Size(1, full=True), Size(9, full=False)):
            card = TEXTS.sized(told, dialect, LINKS, size)
            assert card.title
            assert not {"{{", "{%", "None", "Markup"} & {*card.text.split(), card.title}
            assert "\n\n\n" not in card.text.replace(dialect.line, "\n") or dialect.line == "\n\n"


def test_ids_come_back_from_full_width_forms() -> None:
    """What is copied out of a chat is the same id once it is normalised as ids are."""
    from unicodedata import normalize

    for each in ("A*1", "[x](y)", "a<b>c#~|", "s_1-2"):
        assert normalize("NFKC", DINGTALK.escape(each)) == each


def test_text_of_others_is_one_line() -> None:
    """Whatever is in it: nothing that no reader sees."""
    assert "\n" not in DINGTALK.marked(HOSTILE)
    assert DINGTALK.marked("a\u202eb\ud800c\u200bd\x00e") == "a b c d e"


def test_a_link_allows_one_act_until_it_ends() -> None:
    """On one warning in one state; it says by which route it went out."""
    urls = LINKS.of(warning(5), message(item(5)))
    assert urls.open == f"https://desk.example.com/warnings/{5:032x}"
    token = urls.acknowledge.removeprefix("https://desk.example.com/linked/")
    end = MADE_AT + LASTS
    assert LINKS.read(token, MADE_AT) == Allowed("acknowledge", f"{5:032x}", "open", "night", end)
    snooze = LINKS.read(urls.snooze.rpartition("/")[2], MADE_AT)
    assert snooze is not None
    assert snooze.act == "snooze"


@pytest.mark.parametrize("token", ["", "x", "a.b.c.d.e.f", "\ud800", "acknowledge.1.open.r.1."])
def test_a_link_of_somebody_elses_is_none(token: str) -> None:
    """Nor is one of ours that was changed, or signed by another key."""
    assert LINKS.read(token, MADE_AT) is None
    good = LINKS.of(warning(5), message(item(5))).snooze.rpartition("/")[2]
    for bad in (good.replace("snooze", "acknowledge"), good[:-1], good + "x"):
        assert LINKS.read(bad, MADE_AT) is None
    assert Links("https://desk.example.com", b"another").read(good, MADE_AT) is None


def test_every_platform_with_a_profile_has_a_name() -> None:
    """But that of the product's brief, which nobody sells on."""
    codes = {profile.platform for profile in load().all} - {"brief"}
    for locale in LOCALES:
        reader = Reader(locale, SHANGHAI, MADE_AT)
        unnamed = {code for code in codes if reader.platform(code) == code}
        assert unnamed == set()
    assert reader.platform("a\nshop") == "a shop"
