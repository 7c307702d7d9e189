"""Fields that a former release had elsewhere are read where operators' files still have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.facts.times import HOUR
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profile
from streams.rules.lanes import Lanes

HEAD = 'extends = "douyin-2026-07-09"\n'


def douyin(folder: Path, text: str) -> Profile:
    """Douyin's profile with these changes."""
    (folder / "own.toml").write_text(HEAD + text, encoding="utf-8")
    return load([folder]).at("douyin", 1 << 60)


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with these changes, without the name of the file."""
    with pytest.raises(ProfileError) as caught:
        douyin(folder, text)
    return [each.removeprefix(f"{folder / 'own.toml'}:") for each in caught.value.problems]


@pytest.mark.parametrize("rule", ["ship_overdue", "reshipped_while_late"])
def test_a_promise_of_one_rule_is_that_of_all(tmp_path: Path, rule: str) -> None:
    """Whichever table has it; the rules stay as they are."""
    changed = douyin(tmp_path, f"rules.{rule}.default_promise_hours = 72\n")
    assert changed.terms.default_promise == 72 * HOUR
    plain = load().at("douyin", 1 << 60)
    assert changed.order_rules == plain.order_rules
    assert changed.terms.lanes == plain.terms.lanes
    today = douyin(tmp_path, "default_promise_hours = 72\n")
    assert today.terms == changed.terms


def test_lanes_of_the_rule_are_those_of_the_profile(tmp_path: Path) -> None:
    """Each of the three is laid over the base's; what is not said stays."""
    before = load().at("douyin", 1 << 60).terms.lanes
    text = '[rules.transit_stalled]\nremote = [65, "西藏自治区"]\nexcluded = [71]\n'
    lanes = douyin(tmp_path, text).terms.lanes
    assert lanes == Lanes(before.near_groups, frozenset((65, 54)), frozenset((71,)))
    text = "[rules.transit_stalled]\nnear_groups = [[44, 45]]\n[lanes]\nremote = []\n"
    lanes = douyin(tmp_path, text).terms.lanes
    assert lanes == Lanes((frozenset((44, 45)),))


def test_an_older_change_of_a_change_is_read_too(tmp_path: Path) -> None:
    """A newer file over an older one: the newer wins, wherever each has the field."""
    (tmp_path / "a.toml").write_text(
        HEAD + 'id = "older"\neffective_from = 2026-09-01T00:00:00+08:00\n'
        "rules.ship_overdue.default_promise_hours = 72\n"
    )
    (tmp_path / "b.toml").write_text('extends = "older"\ndefault_promise_hours = 24\n')
    assert load([tmp_path]).at("douyin", 1 << 60).terms.default_promise == 24 * HOUR
    (tmp_path / "a.toml").write_text(
        HEAD + 'id = "older"\neffective_from = 2026-09-01T00:00:00+08:00\n'
        "default_promise_hours = 72\n"
    )
    (tmp_path / "b.toml").write_text(
        'extends = "older"\nrules.ship_overdue.default_promise_hours = 36\n'
    )
    assert load([tmp_path]).at("douyin", 1 << 60).terms.default_promise == 36 * HOUR


def test_a_whole_profile_of_the_former_release_means_the_same(tmp_path: Path) -> None:
    """As `rules show --toml` printed it, and as it is copied and changed."""
    source = load().at("tmall", 1 << 60)
    text = Path(source.files[0]).read_text(encoding="utf-8")
    promise = "default_promise_hours = 48\n"
    start = text.index("remote = [")
    lanes = text[start : text.index("[rules.ship_overdue]")]
    text = text.replace(promise, "", 1).replace(lanes, "\n", 1).replace("[lanes]\n", "", 1)
    text = text.replace("[rules.ship_overdue]\n", f"[rules.ship_overdue]\n{promise}", 1)
    text = text.replace("[rules.transit_stalled]\n", f"[rules.transit_stalled]\n{lanes}", 1)
    (tmp_path / "tmall.toml").write_text(text, encoding="utf-8")
    found = load([tmp_path]).at("tmall", 1 << 60)
    assert found.files == (str(tmp_path / "tmall.toml"),)
    for name in ("terms", "order_rules", "parcel_rules", "link_rules", "exposure"):
        assert getattr(found, name) == getattr(source, name)


def test_one_value_in_two_places_is_no_mistake(tmp_path: Path) -> None:
    """Both tables had to say it to be sure of it."""
    text = "rules.ship_overdue.default_promise_hours = 72\n"
    text += "rules.reshipped_while_late.default_promise_hours = 72.0\n"
    assert douyin(tmp_path, text).terms.default_promise == 72 * HOUR


def test_two_values_are_a_mistake_that_names_both_places(tmp_path: Path) -> None:
    """Line, field and value of each."""
    text = "[rules.ship_overdue]\ndefault_promise_hours = 72\n"
    text += "[rules.reshipped_while_late]\ndefault_promise_hours = 48\n"
    assert problems(tmp_path, text) == [
        "5: rules.reshipped_while_late.default_promise_hours: 48 here, and 72 in "
        "rules.ship_overdue.default_promise_hours (line 3); allowed: one of them"
    ]
    text = "[lanes]\nremote = [65]\n[rules.transit_stalled]\nremote = [54]\n"
    assert problems(tmp_path, text) == [
        "5: rules.transit_stalled.remote: [54] here, and [65] in lanes.remote (line 3); allowed: "
        "one of them"
    ]


def test_a_mistake_is_named_where_the_file_has_it(tmp_path: Path) -> None:
    """Its line, and the name that the operator wrote."""
    (problem,) = problems(tmp_path, "[rules.transit_stalled]\nremote = [650]\n")
    assert problem.startswith("3: rules.transit_stalled.remote: 650 is no province; ")
    (problem,) = problems(tmp_path, "[rules.ship_overdue]\ndefault_promise_hours = 0\n")
    assert problem.startswith("3: rules.ship_overdue.default_promise_hours: Input should be ")
    (problem,) = problems(tmp_path, "[lanes]\nremotes = [65]\n")
    assert problem.startswith("3: lanes.remotes: there is no such field; did you mean remote?")


def test_what_is_no_table_is_said_to_be_none(tmp_path: Path) -> None:
    """A file that has something else there is wrong in itself, not in what was moved."""
    found = problems(tmp_path, "lanes = 3\n[rules.transit_stalled]\nremote = [65]\n")
    assert [each.split(": ")[:2] for each in found] == [["2", "lanes"]]
    found = problems(tmp_path, "[rules]\ntransit_stalled = 3\n")
    assert [each.split(": ")[:2] for each in found] == [["3", "rules.transit_stalled"]]
