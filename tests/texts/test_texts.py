"""The words of warnings: every rule, stage and state has its own, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams import texts
from streams.facts.times import HOUR
from streams.judge import precheck
from streams.judge.warnings import Revision
from streams.outputs import message
from streams.profiles.loader import load
from streams.rules.episodes import Limit
from streams.rules.lanes import LaneLimits
from streams.rules.malformed_tracking_number import fault_of
from streams.rules.registry import RULES, SPECS
from streams.state.state import Finding
from streams.texts.catalogue import NOTHING, WORDS, Catalogue, catalogue
from streams.texts.template import Template

CLOCKS = {name: spec.stages for name, spec in SPECS.items() if spec.kind == "clock"}
CHECKS = {name: spec.stages for name, spec in SPECS.items() if spec.kind == "check"}
STANDING_CLOCK = ("open", "breached", "late")
CLOCK_STATES = ("open", "breached", "resolved", "late", "withdrawn")
CHECK_STATES = ("open", "resolved", "withdrawn")
PLACES = [
    *((r, s, state) for r, stages in CLOCKS.items() for s in stages for state in CLOCK_STATES),
    *((r, s, state) for r, stages in CHECKS.items() for s in stages for state in CHECK_STATES),
]
FILE = Path(texts.__file__).with_name("catalogue.toml")
CJK = re.compile(r"[\u4e00-\u9fff]")
NEVER = re.compile(r"\bis (a )?(fake|fraud)|是虚假|属于虚假|构成虚假|造假", re.IGNORECASE)

START = 1_795_255_200_000_000
"""2026-11-21T10:00:00Z, 18:00 in Beijing."""
DEADLINE = "2026-11-22 18:00 (UTC+8)"


def finding(rule: str, stage: str, state: str, **changes: Any) -> Finding:
    """A finding as the judge makes it; `late` is resolved after its deadline."""
    clock = rule in CLOCKS
    late = state == "late"
    values: dict[str, Any] = {
        "rule": rule,
        "stage": stage,
        "severity": "critical",
        "profile": "p",
        "platform": "douyin",
        "shop_id": "s-1",
        "order_ids": ("4920000000000000001",),
        "parcel": "zto:78123456789012"
        if rule not in SPECS or "parcel" in SPECS[rule].subject
        else None,
        "anchor": START,
        "state": "resolved" if late else state,
        "opened_at": START + 18 * HOUR,
        "deadline": START + 24 * HOUR if clock else None,
        "breached_at": START + 24 * HOUR if late or state == "breached" else None,
        "resolved_at": START + 25 * HOUR if state in ("resolved", "late") else None,
        "limit": 24 * HOUR if clock else None,
        "comparator": "gt" if clock else None,
    }
    return Finding(**{**values, **changes})


def spoken(found: Finding) -> dict[str, dict[str, str]]:
    """Message and remedy of the warning that a finding becomes."""
    value = message.warning_value(Revision("0" * 32, 1, found, (), START))
    return {part: value[part] for part in ("message", "remedy")}


def check_words(said: dict[str, dict[str, str]]) -> None:
    """What holds for every text, whatever it says."""
    for part in said.values():
        assert part.keys() == {"zh", "en"}
        assert CJK.search(part["zh"])
        assert not CJK.search(part["en"])
        for text in part.values():
            assert not re.search(r"[{}\[\]%]|None|  |\( *\)|（）|：。|: *\.|,\.|，。| \.$", text), (
                text
            )
            assert text == text.strip()
            assert not NEVER.search(text)
        assert part["zh"].endswith("。")
        assert part["en"].endswith((".", "?"))


@pytest.mark.parametrize(("rule", "stage", "state"), PLACES)
@pytest.mark.parametrize("full", [False, True], ids=["bare", "full"])
def test_every_warning_has_its_own_words(rule: str, stage: str, state: str, full: bool) -> None:
    """In both languages, with nothing empty in them, with and without all that may be missing."""
    changes: dict[str, Any] = {}
    if full:
        changes = {
            "lane": "cross_province",
            "detail": "city",
            "exposure": "compensation",
            "money": ("CNY", 500, 5_000, None),
            "deadline": START + 24 * HOUR,
            "order_ids": tuple(str(n) for n in range(1, 8)),
        }
    assert (rule, stage, state) in catalogue().entries
    check_words(spoken(finding(rule, stage, state, **changes)))


@pytest.mark.parametrize(("rule", "stage", "state"), PLACES)
def test_the_message_fills_what_a_text_needs(
    rule: str, stage: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A placeholder outside of brackets always has a value in the warnings it is used for."""
    given: dict[str, object] = {}

    def listen(rule: str, state: str, values: dict[str, object], stage: str) -> dict[str, str]:
        given.update(values, rule=rule)
        return {"message": "", "remedy": ""}

    monkeypatch.setattr(message, "words", listen)
    message.warning_value(Revision("0" * 32, 1, finding(rule, stage, state), (), START))
    entry = catalogue().entries[rule, stage, state]
    for template in (*entry.message.values(), *(entry.remedy or {}).values()):
        assert {name for name in template.needs if given.get(name) in (None, "")} == set()


def test_no_two_warnings_say_the_same() -> None:
    """Each message is its own: a text that was copied and not changed would show here."""
    said = [spoken(finding(*place))["message"] for place in PLACES]
    for language in ("zh", "en"):
        assert len({text[language] for text in said}) == len(PLACES)


def test_every_built_in_rule_and_stage_has_texts() -> None:
    """A rule or stage that a profile gains must be added to the catalogue and to this test."""
    stages = {**CLOCKS, **CHECKS}
    assert set(RULES) <= set(stages)
    for profile in load().all:
        for rule in (*profile.order_rules, *profile.parcel_rules, *profile.link_rules):
            assert "violation" in stages[rule.name]
            for stage in ("serious", "notice"):
                if getattr(rule, stage, None):
                    assert stage in stages[rule.name]
    own = {rule for rule, _, _ in catalogue().entries} - {"any"}
    assert own == set(stages)


@pytest.mark.parametrize("place", [p for p in PLACES if p[2] == "open" and p[0] in CLOCKS])
def test_an_open_clock_says_by_when(place: tuple[str, str, str]) -> None:
    """In the message and in what to do, in Beijing time, to the minute."""
    for part in spoken(finding(*place)).values():
        assert DEADLINE in part["zh"]
        assert DEADLINE in part["en"]


@pytest.mark.parametrize("place", [p for p in PLACES if p[2] == "open" and p[0] in CHECKS])
def test_an_open_check_says_by_when_if_there_is_a_time(place: tuple[str, str, str]) -> None:
    """With `rectify_within` the remedy names the deadline, without it no deadline at all."""
    given = spoken(finding(*place, deadline=START + 24 * HOUR))["remedy"]
    assert all(DEADLINE in text for text in given.values())
    bare = spoken(finding(*place))
    assert not any("UTC" in text for part in bare.values() for text in part.values())


@pytest.mark.parametrize("place", [p for p in PLACES if p[1] == "serious"])
def test_the_serious_stage_says_that_it_is_worse(place: tuple[str, str, str]) -> None:
    """It is a warning of its own: its reader must see the difference from the first."""
    mild = spoken(finding(place[0], "violation", place[2]))["message"]
    worse = spoken(finding(*place))["message"]
    assert worse != mild
    if place[2] in ("open", "breached"):
        assert "更严重" in worse["zh"]
        assert "worse" in worse["en"]


def test_what_was_seen_and_what_may_follow_are_words() -> None:
    """Lanes, details and exposures are said in the reader's language, a sum as people write it."""
    stalled = spoken(
        finding(
            "transit_stalled",
            "violation",
            "breached",
            lane="remote",
            exposure="compensation",
            money=("CNY", 500, 5_000, None),
        )
    )["message"]
    assert "（偏远地区）" in stalled["zh"]
    assert "可能的后果：向买家赔付 CNY 5.00–50.00。" in stalled["zh"]
    assert "(remote region)" in stalled["en"]
    assert stalled["en"].endswith("What may follow: compensation of the buyer, CNY 5.00–50.00.")
    same = finding("recalled", "violation", "open", detail="cancelled", exposure="strike")
    assert "（承运商已取消）" in spoken(same)["message"]["zh"]
    assert "(cancelled by the carrier)" in spoken(same)["message"]["en"]


@pytest.mark.parametrize(
    ("money", "sum_"),
    [
        (("CNY", 500, 500, None), "CNY 5.00"),
        (("CNY", 5, 123_456, 5), "CNY 0.05–1234.56"),
        (("JPY", 500, 900, None), "JPY 500–900"),
    ],
)
def test_sums(money: tuple[str, int, int, int | None], sum_: str) -> None:
    """Minor units become what people write, also of a currency without cents."""
    said = spoken(
        finding("ship_overdue", "violation", "breached", exposure="compensation", money=money)
    )
    assert f"({sum_})" in said["message"]["en"] or f", {sum_}." in said["message"]["en"]


def test_a_word_that_is_not_in_the_catalogue_is_left_out() -> None:
    """A rule pack's own word is not shown raw; the sentence still reads well."""
    odd = finding("recalled", "violation", "open", detail="eaten_by_dog", lane="x", exposure="x")
    said = spoken(odd)
    check_words(said)
    assert said["message"]["en"].startswith("Number zto 78123456789012 was sent back or cancelled ")


def test_every_word_of_a_rule_is_in_the_catalogue() -> None:
    """What rules say they saw, and the lanes of a stalled track: none is left out of a sentence."""
    faults = ["1", "1" * 36, "你好你好你好", "TEST123", "000000", "1234567"]
    faults += ["7.8E+13", "78123456,78123457", "78123456\u2800"]
    seen = {fault_of(number) for number in faults}
    assert len(seen) == len(faults)
    details = {*seen, "format", "province", "city", "address", "returning", "returned", "cancelled"}
    assert details <= set(catalogue().words["detail"])
    assert set(catalogue().words["lane"]) == {"near", "cross_province", "remote", "unknown"}
    assert set(catalogue().words["exposure"]) == {"strike", "compensation"}


def test_many_orders_are_counted() -> None:
    """Five are named, the others counted."""
    orders = tuple(str(n) for n in range(1, 9))
    said = spoken(finding("pickup_overdue", "violation", "open", order_ids=orders))
    assert "1, 2, 3, 4, 5 (+3)" in said["message"]["en"]


@pytest.mark.parametrize("state", CLOCK_STATES)
@pytest.mark.parametrize("number", [False, True])
def test_an_unknown_rule_has_generic_words(state: str, number: bool) -> None:
    """A rule pack without texts still warns in whole sentences that name the rule."""
    parcel = "zto:78123456789012" if number else None
    said = spoken(finding("pack_rule", "violation", state, parcel=parcel, deadline=None))
    check_words(said)
    assert all("pack_rule" in text for text in said["message"].values())
    assert all(("78123456789012" in text) is number for text in said["message"].values())


@pytest.fixture
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """A catalogue that a test may add to."""
    made = catalogue.__wrapped__()
    monkeypatch.setattr(texts, "catalogue", lambda: made)
    return made


def test_a_rule_pack_brings_its_texts(own_catalogue: Catalogue) -> None:
    """They are found by rule, stage and state; other stages fall back on its `violation`."""
    texts.register(
        tomllib.loads(
            """
            [weekend_silence.violation.open]
            message = { zh = "周末{number}[，{detail}]", en = "weekend {number}[, {detail}]" }
            [detail]
            sunday = { zh = "星期日", en = "Sunday" }
            """
        )
    )
    for stage in ("violation", "serious"):
        said = texts.words("weekend_silence", "open", {"number": "7", "detail": "sunday"}, stage)
        assert said["message"] == {"zh": "周末7，星期日", "en": "weekend 7, Sunday"}
        assert said["remedy"] == {"zh": "请核实并处理。", "en": "Check it and put it right."}
    resolved = texts.words("weekend_silence", "resolved", {})["message"]["en"]
    assert "weekend_silence" in resolved


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        ("[r.violation.open]\nmessage = { zh = '中' }", "r.violation.open.message: it has a text"),
        ("[r.violation.open]\nremedy = { zh = '中', en = 'x' }", "r.violation.open.message: it ha"),
        ("[r.violation.shut]\nmessage = { zh = '中', en = 'x' }", "r.violation.shut: a state is"),
        ("[r.worst.open]\nmessage = { zh = '中', en = 'x' }", "r.worst: a stage is one of"),
        ("[r.violation.open]\nmessage = { zh = '{x}', en = 'x' }", "{x} is no placeholder"),
        ("[r.violation.open]\nmessage = { zh = '{}', en = 'x' }", "{} is no plain placeholder"),
        ("[r.violation.open]\nmessage = { zh = '{hours:d}', en = 'x' }", "{hours} is no plain"),
        ("[r.violation.open]\nmessage = { zh = '{number', en = 'x' }", "r.violation.open.message:"),
        ("[r.violation.open]\nmessage = { zh = '[中', en = 'x' }", "square bracket has no partner"),
        ("[r.violation.open]\nmessage = { zh = '[中]', en = 'x' }", "[中] holds no placeholder"),
        ("[r.violation.open]\nmessage = { zh = '', en = 'x' }", "there is no text"),
        ("[r]\nwhen = 3", "r.when: it has a text in each of zh, en"),
        ("[r]\nevidence = ''", "r.evidence: it is a text"),
        ("[r]\ntitle = { zh = '{number}', en = 'x' }", "r.title: {number} is no placeholder"),
        ("[r]\nhint = { zh = '中', en = 'x' }", "r.hint.zh: a state is one of"),
        ("[r.hint]\nopen = { zh = '中' }", "r.hint.open: it has a text in each of zh, en"),
        ("r = 1", "r: it is a table"),
        ("[r]\nviolation = 1", "r.violation: it is a table"),
        ("[check]\nok = 'fine'", "check.ok: it is a table"),
        ("[lane]\nnear = { zh = '近' }", "lane.near: it has a text in each of zh, en"),
    ],
)
def test_a_bad_catalogue_is_explained(pack: str, problem: str, own_catalogue: Catalogue) -> None:
    """The place and what is wrong there, when the pack is loaded and not when it warns."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        texts.register(tomllib.loads(pack))


def comparators() -> list[Any]:
    """(profile, rule, stage, limit) of every clock that a profile has, one each of its lanes."""
    found = []
    for profile in load().all:
        for rule in (*profile.order_rules, *profile.parcel_rules):
            for stage in SPECS[rule.name].stages:
                limits = getattr(rule, stage, None)
                for limit in limits if isinstance(limits, LaneLimits) else [limits]:
                    if isinstance(limit, Limit):
                        name = f"{profile.id}-{rule.name}-{stage}-{limit.length // HOUR}"
                        found.append(pytest.param(rule.name, stage, limit, id=name))
    return found


def _length_said(text: str) -> str | None:
    """The comparator that a text's length of time speaks of; None where it names no length."""
    more = re.search(r"more than [\d.]+ h|超过 [\d.]+ 小时", text)
    reached = re.search(r"[\d.]+ h( \([^)]*\))? or longer|已达 [\d.]+ 小时", text)
    assert not (more and reached), text
    return "gt" if more else "ge" if reached else None


@pytest.mark.parametrize("state", CLOCK_STATES)
@pytest.mark.parametrize(("rule", "stage", "limit"), comparators())
def test_a_length_is_passed_or_reached_as_the_profile_counts(
    rule: str, stage: str, limit: Limit, state: str
) -> None:
    """More than 48 h where 48 h sharp are in time, 48 h or longer where they are not."""
    comparator = "ge" if limit.at_least else "gt"
    lane = "remote" if rule == "transit_stalled" else None
    length = limit.length or 48 * HOUR
    said = spoken(finding(rule, stage, state, limit=length, comparator=comparator, lane=lane))
    check_words(said)
    for part in said.values():
        for text in part.values():
            assert _length_said(text) in (None, comparator)
    if state == "breached" and rule != "ship_overdue":
        assert {_length_said(text) for text in said["message"].values()} == {comparator}


@pytest.mark.parametrize("comparator", ["gt", "ge"])
@pytest.mark.parametrize("place", [p for p in PLACES if p[0] in CLOCKS])
def test_no_text_has_a_comparator_of_its_own(place: tuple[str, str, str], comparator: str) -> None:
    """Whatever a profile may choose: no rule's text contradicts it."""
    said = spoken(finding(*place, comparator=comparator))
    check_words(said)
    for part in said.values():
        assert {_length_said(text) for text in part.values()} <= {None, comparator}


def test_values_are_not_read_as_templates() -> None:
    """Braces, brackets and percent signs in an order's id are shown, never interpreted."""
    odd = "{number} [x] %(carrier)s 100%"
    text = Template.parse("100 % of {orders}[, {detail}]", {"orders", "detail"})
    assert text.fill({"orders": odd, "detail": ""}) == f"100 % of {odd}"


def test_the_check_before_upload_has_its_sentences() -> None:
    """One for each answer that it must be able to give."""
    assert set(catalogue().sentences) >= {f"check.{word}" for word in precheck.WORDS}


@pytest.mark.parametrize("full", [False, True], ids=["bare", "full"])
@pytest.mark.parametrize("key", sorted(catalogue().sentences))
def test_sentences_read_well(key: str, full: bool) -> None:
    """With all values, and with carrier and number alone."""
    values = {"carrier": "zto", "number": "78123456789012"}
    if full:
        values |= {"orders": "1", "couriers": "ups", "at": DEADLINE, "detail": "test"}
        values |= {"rule": "recalled", "value": "sf 78123456789012"}
    said = texts.sentence(key, values)
    check_words({"message": said})
    section, name = key.split(".")
    for place in ("at", "value") if full else ():
        if f"{{{place}}}" in str(tomllib.loads(FILE.read_text())[section][name]):
            assert all(str(values[place]) in text for text in said.values())


def test_words_have_both_languages() -> None:
    """Every lane, detail and exposure is Chinese in Chinese and English in English."""
    for name in WORDS:
        for text in catalogue().words[name].values():
            values = {**NOTHING, "sum": "CNY 5.00", "hours": 48}
            assert CJK.search(text["zh"].fill(values))
            assert not CJK.search(text["en"].fill(values))


FORETOLD = [
    *(
        (rule, stage, state)
        for rule, stages in CLOCKS.items()
        if "parcel" in SPECS[rule].subject  # what is about an order and no number, no upload brings
        for stage in stages
        for state in STANDING_CLOCK
    ),
    *(
        (rule, stage, "open")
        for rule, stages in CHECKS.items()
        if "parcel" in SPECS[rule].subject
        for stage in stages
    ),
]
"""Every rule, stage and state that the check before an upload may foretell."""

UPLOADED = re.compile(
    r"was uploaded|uploaded more than|has been uploaded|已上传|上传超过|上传后|此后又上传"
)
"""Words of an upload that has happened."""


def foretold(rule: str, stage: str, state: str, **changes: Any) -> dict[str, dict[str, str]]:
    """Message and remedy of a finding that an upload would bring."""
    found = finding(rule, stage, state, **changes)
    values = {**message.text_values(found), "at": message.beijing(found.anchor)}
    return texts.foretold(rule, found.state, values, stage)


@pytest.mark.parametrize(("rule", "stage", "state"), FORETOLD)
@pytest.mark.parametrize("full", [False, True], ids=["bare", "full"])
def test_what_an_upload_would_bring_is_no_past(
    rule: str, stage: str, state: str, full: bool
) -> None:
    """Every rule has words of its own for it, which say what would be and for which order."""
    changes: dict[str, Any] = {}
    if full:
        changes = {
            "lane": "cross_province",
            "detail": "city",
            "exposure": "compensation",
            "money": ("CNY", 500, 5_000, None),
            "deadline": START + 24 * HOUR,
        }
    assert catalogue().foretells(rule)
    said = foretold(rule, stage, state, **changes)
    check_words(said)
    for part in said.values():
        assert not any(UPLOADED.search(text) for text in part.values())
    assert re.search(r"\bwould\b", said["message"]["en"])
    assert re.search(r"若|会", said["message"]["zh"])
    assert all("78123456789012" in text for text in said["message"].values())
    assert said["message"] != spoken(finding(rule, stage, state, **changes))["message"]


def test_a_pack_is_quoted_or_says_itself_what_would_be(own_catalogue: Catalogue) -> None:
    """Its own warning is quoted, as it may speak of an upload; its own foretelling is taken; a rule
    without any texts has generic words."""
    texts.register(
        tomllib.loads(
            """
            [one.violation.open]
            message = { zh = "一，{number}。", en = "One, {number}." }
            [two.violation.open]
            message = { zh = "二。", en = "Two." }
            [check.foretold.two.violation.open]
            message = { zh = "若上传，{number}。", en = "It would, {number}." }
            """
        )
    )
    values = {"carrier": "zto", "number": "7", "orders": "2"}
    said = texts.foretold("one", "open", values)
    assert said["message"] == {
        "zh": "若用于订单 2，单号 zto 7 会有规则 one 的预警。其预警内容：“一，7。”",
        "en": "Uploaded for order 2, number zto 7 would have a warning of rule one. Its words: "
        "“One, 7.”",
    }
    assert said["remedy"]["en"] == "Look into it before you upload the number."
    assert texts.foretold("two", "open", values)["message"]["en"] == "It would, 7."
    assert texts.foretold("three", "breached", values)["message"]["en"] == (
        "Uploaded for order 2, number zto 7 would come under a warning of rule three, whose limit "
        "has passed."
    )


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        (
            "[check.foretold.r.violation.shut]\nmessage = { zh = '中', en = 'x' }",
            "check.foretold.r.violation.shut: a state is",
        ),
        (
            "[check.foretold.r.worst.open]\nmessage = { zh = '中', en = 'x' }",
            "check.foretold.r.worst: a stage is one of",
        ),
        ("[check.foretold]\nr = 1", "check.foretold.r: it is a table"),
    ],
)
def test_a_bad_foretelling_is_explained(pack: str, problem: str, own_catalogue: Catalogue) -> None:
    """With its whole place."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        texts.register(tomllib.loads(pack))
