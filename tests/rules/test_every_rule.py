"""Every rule has its file, its test and its chapter, all of one name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from figures.tables import CHECKS, CLOCKS, read
from oracle import brute_force
from support.builders import LATER
from support.packs import Judging
from support.replaying import arrival_of
from support.stories import ON, PLATFORM, STORIES, on
from support.troubles import quiet

from streams.profiles.loader import load
from streams.profiles.model import Profile
from streams.rules.fields import fields_of
from streams.rules.registry import RULES, SPECS
from streams.rules.spec import RuleSpec
from streams.texts.catalogue import catalogue

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_one_name_everywhere(rule: str) -> None:
    """Source, test and chapter of the documents."""
    assert (ROOT / "streams" / "rules" / f"{rule}.py").is_file()
    assert (ROOT / "tests" / "rules" / f"test_{rule}.py").is_file()
    assert f"\n## `{rule}`\n" in (ROOT / "docs" / "rules.md").read_text("utf-8")


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_rule_has_its_words_beside_it(spec: RuleSpec) -> None:
    """Title, what it is about, a hint, and all stages and states that it has; no other's."""
    said = tomllib.loads((ROOT / "streams" / "rules" / f"{spec.name}.toml").read_text("utf-8"))
    assert said.keys() - {"detail", "check"} == {spec.name}
    foretold = {name for name, _, _ in catalogue().foretold if name == spec.name}
    assert said.get("check", {}).keys() == ({"foretold"} if foretold else set())
    assert said.get("check", {}).get("foretold", {}).keys() == foretold
    assert bool(foretold) == ("parcel" in spec.subject), "what an upload of a number would bring"
    about = catalogue().rules[spec.name]
    assert about.title is not None
    assert about.when
    assert about.evidence
    clock = spec.kind == "clock"
    assert set(about.hints) == ({"open", "breached"} if clock else {"open"})
    states = {"open", "resolved", "withdrawn"} | ({"breached", "late"} if clock else set())
    told = {(stage, state) for name, stage, state in catalogue().entries if name == spec.name}
    assert told == {(stage, state) for stage in spec.stages for state in states}


def test_no_words_are_left_of_a_rule_that_is_gone() -> None:
    """Every file of words has its rule."""
    files = {path.stem for path in (ROOT / "streams" / "rules").glob("*.toml")}
    assert files == set(RULES) == set(catalogue().rules)


def test_no_rule_is_forgotten() -> None:
    """Each file that makes a rule is in the list of the registry."""
    files = (ROOT / "streams" / "rules").glob("*.py")
    made = {path.stem for path in files if re.search(r"^RULE = ", path.read_text(), re.MULTILINE)}
    assert made == set(RULES)


@pytest.mark.parametrize("rule", SPECS.values(), ids=list(SPECS))
def test_a_rule_has_one_name_and_typed_fields(rule: RuleSpec) -> None:
    """Its file, its class and its spec agree; the first of its stages is the violation."""
    assert rule.rule is not None
    assert rule.rule.__module__ == f"streams.rules.{rule.name}"
    assert rule.rule.name == rule.name
    assert rule.table is None
    assert {field.name for field in fields_of(rule.rule)} >= (
        {"violation"} if rule.kind == "clock" else {"severity", "rectify_within"}
    )
    assert rule.stages[0] == "violation"


def test_every_rule_is_on_somewhere_or_says_how() -> None:
    """A rule that no built-in profile has says in its test with which table it is tried."""
    somewhere = {rule for profile in load().all for rule in on(profile)}
    assert set(RULES) - somewhere == set(ON)


@pytest.mark.parametrize("rule", RULES)
def test_its_story_raises_it(rule: str, tmp_path: Path) -> None:
    """Of order "1", on Douyin or else on those that have it; an honest parcel not."""
    platforms = [profile.platform for profile in load().all if rule in on(profile)]
    if rule in ON or PLATFORM in platforms:
        platforms = [PLATFORM]
    if rule in ON:
        (base,) = (each for each in load().all if each.platform == PLATFORM)
        table = f'extends = "{base.id}"\n\n[rules.{rule}]\n{ON[rule]}\n'
        (tmp_path / "own.toml").write_text(table, encoding="utf-8")
    for platform in platforms:
        judging = Judging(tmp_path)
        judging.feed(sorted(STORIES[rule](platform), key=arrival_of), LATER)
        assert judging.machine.failures == []
        raised = [each for each in judging.standing() if each["rule"] == rule]
        assert any("1" in each["order_ids"] for each in raised)
        assert {each["stage"] for each in raised} <= set(SPECS[rule].stages)
        honest = Judging(tmp_path)
        honest.feed(sorted(quiet(platform), key=arrival_of), LATER)
        assert rule not in {each["rule"] for each in honest.standing()}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_on_is_finished(rule: str) -> None:
    """What `scripts/new-rule` left to do is done before a built-in profile has the rule."""
    files = [ROOT / "streams" / "rules" / f"{rule}.{end}" for end in ("py", "toml")]
    files += [ROOT / "tests" / "rules" / f"test_{rule}.py"]
    page = (ROOT / "docs" / "rules.md").read_text("utf-8")
    chapter = page.partition(f"\n## `{rule}`\n")[2].partition("\n## ")[0]
    texts = [chapter, *(path.read_text("utf-8") for path in files)]
    somewhere = {name for profile in load().all for name in on(profile)}
    assert rule not in somewhere or not any("TODO" in text for text in texts)


def test_the_oracle_knows_every_rule_that_is_on() -> None:
    """What is judged by a built-in profile is evaluated by brute force too."""
    somewhere = {rule for profile in load().all for rule in on(profile)}
    assert somewhere <= brute_force.RULES


NOT_ABNORMAL: dict[str, set[str]] = {
    "douyin-2026-07-09": {"transit_stalled"},
    "tmall-2026-04-09": set(),
    "tiktok-us-2026": set(),
    "brief-2023": set(),
    "generic-2026": set(),
    "taobao-2026-04-09": set(),
    "tmall-global-bonded-2026-04-22": set(),
    "tmall-global-direct-2026-04-22": set(),
    "douyin-instant-2026-07-06": {"transit_stalled"},
    "tiktok-vn-2024-08-26": set(),
    "tiktok-th-2025-06-18": set(),
    "jd-hk-2026": set(),
    "amazon-us-2026": set(),
    "amazon-uk-2026": set(),
    "ebay-us-2026": set(),
    "walmart-us-2026": set(),
    "etsy-2026": set(),
}
"""Rules whose findings make no order abnormal, by the platforms' texts."""


@pytest.mark.parametrize("profile", load().all, ids=lambda profile: profile.id)
def test_each_profile_says_what_makes_an_order_abnormal(profile: Profile) -> None:
    """A rule is in `[meter]`, or it was meant not to be; a late order is counted as late."""
    assert profile.meter is not None
    abnormal = {rule for rule, _ in profile.meter.abnormal}
    assert on(profile).keys() - abnormal - {"ship_overdue"} == NOT_ABNORMAL[profile.id]


def test_the_pages_count_the_clocks() -> None:
    """Clocks are listed first, and both pages that begin with the list say how many there are."""
    rules = ROOT / "streams" / "rules"
    done = [rule for rule in RULES if "TODO" not in (rules / f"{rule}.py").read_text("utf-8")]
    kinds = [SPECS[rule].kind for rule in done]
    count = kinds.count("clock")
    assert kinds == ["clock"] * count + ["check"] * (len(kinds) - count)
    english, chinese = ("four", "five", "six", "seven")[count - 4], "四五六七"[count - 4]
    assert f"The first {english} are clocks" in (ROOT / "README.md").read_text("utf-8")
    assert f"前{chinese}条是时限类" in (ROOT / "README.zh-CN.md").read_text("utf-8")


def test_the_figures_know_every_rule() -> None:
    """The tables that are compared with the platforms' texts have a row for each."""
    clocks = {row["clock"] for row in read(CLOCKS)} | {"transit_stalled"}
    named = clocks | {row["rule"] for row in read(CHECKS)}
    somewhere = {rule for profile in load().all for rule in on(profile)}
    assert somewhere <= named <= set(RULES)
