"""Files that change single fields of another profile."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.builders import CHINA, us

from streams.facts.times import HOUR
from streams.profiles.loader import ProfileError, builtin_files, load, read
from streams.profiles.model import Profile
from streams.rules.inactive_after_pickup import InactiveAfterPickup
from streams.rules.pickup_overdue import PickupOverdue

NOW = us(datetime(2026, 11, 20, tzinfo=CHINA))
DOUYIN = 'extends = "douyin-2026-07-09"\n'


def written(folder: Path, text: str, name: str = "own.toml") -> Path:
    """A file of changes."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rules_of(profile: Profile) -> dict[str, object]:
    """A profile's rules by name."""
    rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
    return {rule.name: rule for rule in rules}


def test_only_what_is_said_changes(tmp_path: Path) -> None:
    """One number in one stage; the rest of the rule and all else are the base's."""
    written(tmp_path, DOUYIN + "[rules.pickup_overdue.violation]\nlimit_hours = 20\n")
    base = load().at("douyin", NOW)
    own = load([tmp_path]).at("douyin", NOW)
    before, after = rules_of(base), rules_of(own)
    changed = after.pop("pickup_overdue")
    assert isinstance(changed, PickupOverdue)
    assert changed.violation == (20 * HOUR, False, "critical")
    assert changed.serious == before.pop("pickup_overdue").serious  # type: ignore[attr-defined]
    # The rule is a PickupOverdue, as the line above shows for the other one.
    assert after == before
    assert (own.id, own.effective_from, own.exposure) == (
        base.id,
        base.effective_from,
        base.exposure,
    )
    assert [Path(file).name for file in own.files] == ["own.toml", "douyin-2026-07-09.toml"]


def test_with_an_id_of_its_own_the_base_stays(tmp_path: Path) -> None:
    """From its day on the changed one judges, before it the base."""
    head = 'id = "douyin-own"\neffective_from = 2026-11-20T00:00:00+08:00\n'
    written(tmp_path, DOUYIN + head + "[rules.pickup_overdue.violation]\nlimit_hours = 20\n")
    profiles = load([tmp_path])
    assert profiles.at("douyin", NOW).id == "douyin-own"
    assert profiles.at("douyin", NOW - 1).id == "douyin-2026-07-09"


def test_a_new_id_needs_another_day(tmp_path: Path) -> None:
    """Two versions from one moment on: which judges would be chance."""
    path = written(tmp_path, DOUYIN + 'id = "douyin-own"\n')
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    assert caught.value.problems == [
        f"{path}: douyin-own: starts at the same moment as douyin-2026-07-09; allowed: another "
        "effective_from, or its id to take its place"
    ]


@pytest.mark.parametrize(
    "off",
    ['rules.repeated_track = "off"\n', '[rules]\nrepeated_track = "off"\n'],
)
def test_a_rule_is_turned_off(tmp_path: Path, off: str) -> None:
    """ "off" in place of its table."""
    written(tmp_path, DOUYIN + off)
    before = rules_of(load().at("douyin", NOW))
    after = rules_of(load([tmp_path]).at("douyin", NOW))
    assert before.keys() - after.keys() == {"repeated_track"}


def test_a_stage_is_turned_off(tmp_path: Path) -> None:
    """ "off" takes away what may be left out."""
    written(tmp_path, DOUYIN + '[rules.pickup_overdue]\nserious = "off"\n')
    rule = rules_of(load([tmp_path]).at("douyin", NOW))["pickup_overdue"]
    assert isinstance(rule, PickupOverdue)
    assert rule.serious is None


def test_what_must_be_there_cannot_be_turned_off(tmp_path: Path) -> None:
    """A clock without its limit is none; the file that took it away is named."""
    path = written(tmp_path, DOUYIN + '[rules.pickup_overdue]\nviolation = "off"\n')
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    (problem,) = caught.value.problems
    assert problem == f"{path}:3: rules.pickup_overdue.violation: Field required"


def test_a_rule_is_turned_on(tmp_path: Path) -> None:
    """A rule that the base has not is given whole."""
    written(tmp_path, DOUYIN + "[rules.delivery_overdue]\nviolation = { limit_hours = 240 }\n")
    assert "delivery_overdue" in rules_of(load([tmp_path]).at("douyin", NOW))


def test_lists_are_replaced_and_rows_are_added(tmp_path: Path) -> None:
    """Statuses are one choice; exemptions are rows that stand beside one another."""
    row = "from = 2026-10-01T00:00:00+08:00\nto = 2026-10-0{}T00:00:00+08:00\n"
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    head = '[rules.inactive_after_pickup]\nended_by = ["hub"]\n[[exemptions]]\nname = '
    written(first, f'{DOUYIN}{head}"week"\n{row.format(8)}')
    more = "".join(f'[[exemptions]]\nname = "{n}"\n{row.format(4)}' for n in ("week", "flood"))
    written(second, DOUYIN + more)
    own = load([first, second]).at("douyin", NOW)
    rule = rules_of(own)["inactive_after_pickup"]
    assert isinstance(rule, InactiveAfterPickup)
    assert rule.ended_by == {2}
    days = {
        each.name: (each.pauses[0][1] - each.pauses[0][0]) // (24 * HOUR) for each in own.exemptions
    }
    assert days == {"week": 3, "flood": 3}
    assert len(own.files) == 3


SUNDAYS = '[[exemptions]]\nname = "sundays"\nweekdays = ["sun"]\nzone = "Asia/Shanghai"\n'


def test_all_rows_are_taken_away(tmp_path: Path) -> None:
    """ "off" in place of rows."""
    shop, own = tmp_path / "a", tmp_path / "b"
    shop.mkdir()
    own.mkdir()
    written(shop, 'extends = "tiktok-us-2026"\n' + SUNDAYS)
    written(own, 'extends = "tiktok-us-2026"\nexemptions = "off"\n')
    assert load([shop]).at("tiktok-us", NOW).exemptions
    assert load([shop, own]).at("tiktok-us", NOW).exemptions == ()


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[rules.pickup_overdue.violation]\nlimit_hours = -1\n", 3, "violation.limit_hours: Input"),
        ("[rules.pickup_overdue.violation]\nlimit = 1\n", 3, "allowed: comparator, severity, "),
        ("platform = 1\n", 2, "platform: Input should be a valid string (found 1)"),
        ('rules.pickup_late = "off"\n', 2, "rules.pickup_late: there is no such rule; did you"),
        ("rules.pickup_overdue = 3\n", 2, 'rules.pickup_overdue: a table or "off" is needed (f'),
        ("read_on = 2026-10-20\nread = 1\n", 3, "read: there is no such field; did you mean read"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_in_the_file_of_changes(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    """Not in the base, where nobody can do anything about it."""
    path = written(tmp_path, DOUYIN + text)
    for attempt in (lambda: load([tmp_path]), lambda: read(path)):
        with pytest.raises(ProfileError) as caught:
            attempt()
        (found,) = caught.value.problems
        assert found.startswith(f"{path}:{line}: ")
        assert problem in found


def test_a_mistake_in_an_added_row_is_named_by_its_own_line(tmp_path: Path) -> None:
    """The base has rows, too: the number of the row is another in the merged profile."""
    shop, own = tmp_path / "a", tmp_path / "b"
    shop.mkdir()
    own.mkdir()
    written(shop, 'extends = "tiktok-us-2026"\n' + SUNDAYS)
    row = '[[exemptions]]\nname = "flood"\nweekdays = ["sun"]\nzone = "here"\n'
    path = written(own, 'extends = "tiktok-us-2026"\n' + row)
    with pytest.raises(ProfileError) as caught:
        load([shop, own])
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:5: exemptions.1.zone: 'here' is no time zone")


def test_an_unknown_base_is_named(tmp_path: Path) -> None:
    """With those that there are."""
    path = written(tmp_path, 'id = "mine"\nextends = "douyin-2020"\n')
    for attempt in (lambda: load([tmp_path]), lambda: read(path)):
        with pytest.raises(ProfileError) as caught:
            attempt()
        (problem,) = caught.value.problems
        assert problem.startswith(
            f"{path}:2: extends: no profile 'douyin-2020' to change; there are"
        )
        assert "douyin-2026-07-09" in problem


def test_a_circle_of_changes_is_a_mistake(tmp_path: Path) -> None:
    """Neither is a base, and loading ends."""
    written(tmp_path, 'id = "a"\nextends = "b"\n', "a.toml")
    written(tmp_path, 'id = "b"\nextends = "a"\n', "b.toml")
    with pytest.raises(ProfileError, match=r"no profile '[ab]' to change"):
        load([tmp_path])


def test_changes_find_their_base_in_a_later_file(tmp_path: Path) -> None:
    """Names of files do not decide, except between two of one id."""
    text = next(path for path in builtin_files() if "brief" in path.name).read_text("utf-8")
    written(tmp_path, text.replace("brief-2023", "house-1").replace('"brief"', '"house"'), "z.toml")
    day = "effective_from = 2026-01-01T00:00:00+08:00\n"
    path = written(tmp_path, f'id = "house-2"\nextends = "house-1"\n{day}', "a.toml")
    assert load([tmp_path]).at("house", NOW).id == "house-2"
    assert read(path).platform == "house"


def test_each_file_is_checked_though_another_takes_its_place(tmp_path: Path) -> None:
    """A mistake does not wait until the later file is taken away."""
    written(tmp_path, DOUYIN + "[rules.pickup_overdue.violation]\nlimit_hours = -1\n", "a.toml")
    written(tmp_path, DOUYIN + "[rules.pickup_overdue.violation]\nlimit_hours = 1\n", "b.toml")
    with pytest.raises(ProfileError, match=r"a\.toml:3: "):
        load([tmp_path])
