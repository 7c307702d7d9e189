"""Profile files: which one is in force when, and mistakes named by file, line and field."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.builders import CHINA, US, us

from streams.facts.times import DAY, HOUR
from streams.profiles.loader import ProfileError, builtin_files, load, read
from streams.rules.pickup_overdue import PickupOverdue

GOOD = """\
id = "mine-2026-11-01"
platform = "douyin"
effective_from = 2026-11-01T00:00:00+08:00
source_url = "https://example.com/rule"
read_on = 2026-10-20
verified = "read by us"

[rules.ship_overdue]
default_promise_hours = 48

[rules.pickup_overdue]
violation = { limit_hours = 12, comparator = "ge", severity = "warning" }

[rules.inactive_after_pickup]
ended_by = ["hub"]
violation = { limit_hours = 24 }

[rules.inactive_after_pickup.serious]
limit_hours = 48

[rules.duplicate_tracking_number]
window_days = 14
"""


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    """A profile file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_loads(tmp_path: Path) -> None:
    """Fields that are left out have their defaults."""
    profile = read(written(tmp_path, GOOD))
    (pickup, inactive, _) = profile.parcel_rules
    assert isinstance(pickup, PickupOverdue)
    assert pickup.violation == (12 * HOUR, True, "warning")
    assert inactive.serious is not None
    assert inactive.serious.severity == "critical"
    assert profile.link_rules[0].window == 14 * DAY
    assert profile.exposure.sums == {}
    assert profile.appeal_days is None
    said = GOOD.replace("[rules.ship_overdue]", "appeal_days = 7\n\n[rules.ship_overdue]", 1)
    assert read(written(tmp_path, said)).appeal_days == 7


FAULTS = [
    (
        "no days for an appeal",
        'verified = "read by us"\n',
        'verified = "read by us"\nappeal_days = 0\n',
        7,
        "appeal_days",
        "greater than or equal to 1",
    ),
    ("unknown rule", "[rules.ship_overdue]", "[rules.ship_late]", 8, "ship_late", "allowed: ship_"),
    ("unknown field", "window_days", "window_day", 22, "window_day", "mean window_days?"),
    ("unknown top field", "verified =", "verfied =", 6, "verfied", "mean verified? allowed: id"),
    ("missing field", 'id = "mine-2026-11-01"\n', "", 1, "id", "required"),
    ("missing limit", "limit_hours = 12, ", "", 12, "violation.limit_hours", "required"),
    ("text for a number", "limit_hours = 12", 'limit_hours = "12"', 12, "limit_hours", "number"),
    ("truth for a number", "limit_hours = 12", "limit_hours = true", 12, "limit_hours", "number"),
    ("not positive", "limit_hours = 12", "limit_hours = 0", 12, "limit_hours", "greater than 0"),
    ("infinite", "limit_hours = 12", "limit_hours = inf", 12, "limit_hours", ""),
    ("no number", "limit_hours = 12", "limit_hours = nan", 12, "limit_hours", ""),
    ("years", "limit_hours = 48", "limit_hours = 9000", 19, "serious.limit_hours", "8760"),
    ("comparator", '"ge"', '"lt"', 12, "violation.comparator", "'gt' or 'ge'"),
    ("severity", '"warning"', '"fatal"', 12, "severity", "'critical', 'warning' or 'info'"),
    ("status", '["hub"]', '["hubb"]', 15, "ended_by", "picked_up"),
    ("window too long", "window_days = 14", "window_days = 31", 22, "window_days", "30"),
    ("window in parts", "window_days = 14", "window_days = 1.5", 22, "window_days", "integer"),
    ("naive time", "00:00:00+08:00", "00:00:00", 3, "effective_from", "offset"),
    ("no time", "2026-11-01T00:00:00+08:00", '"soon"', 3, "effective_from", "datetime"),
    ("id", '"mine-2026-11-01"', '"Mine 1"', 1, "id", "pattern"),
    ("exposure", "\n[rules.s", "[exposure]\nkind = 1\n[rules.s", 8, "exposure.kind", "'strike'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("good", "bad", "line", "field", "allowed"),
    [pytest.param(*fault[1:], id=fault[0]) for fault in FAULTS],
)
def test_each_mistake_is_named(
    tmp_path: Path, good: str, bad: str, line: int, field: str, allowed: str
) -> None:
    """File, line, field, and what is allowed there."""
    assert good in GOOD
    with pytest.raises(ProfileError) as caught:
        read(written(tmp_path, GOOD.replace(good, bad, 1)))
    named = [problem for problem in caught.value.problems if f"{field}:" in problem]
    assert named, caught.value.problems
    where, _, rest = named[0].partition(": ")
    assert where == f"{tmp_path / 'mine.toml'}:{line}", named[0]
    assert allowed in rest


def test_a_missing_field_names_the_line_of_its_table(tmp_path: Path) -> None:
    """What is not there has no line: that of the deepest part that is."""
    text = GOOD.replace('ended_by = ["hub"]\n', "")
    with pytest.raises(ProfileError, match=r"mine\.toml:14: .*ended_by"):
        read(written(tmp_path, text))


def test_what_is_no_toml_is_named(tmp_path: Path) -> None:
    """The parser's own place."""
    with pytest.raises(ProfileError, match=r"mine\.toml: not TOML: .*line 2"):
        read(written(tmp_path, 'id = "a"\nplatform = \n'))


def test_what_is_no_utf8_is_named(tmp_path: Path) -> None:
    """A file saved in another encoding is a mistake like others."""
    path = tmp_path / "mine.toml"
    path.write_bytes(GOOD.replace("read by us", "核对").encode("gbk"))
    with pytest.raises(ProfileError, match=r"mine\.toml"):
        read(path)


def test_all_mistakes_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    """Nobody wants to find them one by one."""
    written(tmp_path, GOOD.replace("limit_hours = 12", "limit_hours = -1"), "a.toml")
    text = GOOD.replace("window_days = 14", "window_days = 0").replace('"ge"', '"eq"')
    written(tmp_path, text, "b.toml")
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    named = [Path(problem.split(":")[0]).name for problem in caught.value.problems]
    assert sorted(named) == ["a.toml", "b.toml", "b.toml"]


# ---- which profile judges


def test_the_newest_in_force_judges(tmp_path: Path) -> None:
    """From its first moment on the newer file judges, before it the older one."""
    written(tmp_path, GOOD)
    profiles = load([tmp_path])
    start = datetime(2026, 11, 1, tzinfo=CHINA)
    assert profiles.at("douyin", us(start)).id == "mine-2026-11-01"
    assert profiles.at("douyin", us(start - US)).id == "douyin-2026-07-09"
    assert profiles.at("tmall", us(start)).id == "tmall-2026-04-09"
    assert profiles.at("unheard-of", us(start)).id == "generic-2026"


def test_a_profile_that_ended_is_not_in_force(tmp_path: Path) -> None:
    """`effective_to` ends a profile, itself excluded: the one before it judges again."""
    ended = "effective_to = 2026-11-12T00:00:00+08:00\nsource_url"
    written(tmp_path, GOOD.replace("source_url", ended, 1))
    profiles = load([tmp_path])
    end = datetime(2026, 11, 12, tzinfo=CHINA)
    assert profiles.at("douyin", us(end - US)).id == "mine-2026-11-01"
    assert profiles.at("douyin", us(end)).id == "douyin-2026-07-09"


def test_an_end_before_the_start_is_a_mistake(tmp_path: Path) -> None:
    """A profile that is never in force is one that somebody mistyped."""
    ended = "effective_to = 2026-10-12T00:00:00+08:00\nsource_url"
    with pytest.raises(ProfileError, match="effective_to"):
        read(written(tmp_path, GOOD.replace("source_url", ended, 1)))


def test_an_operators_file_of_the_same_id_wins(tmp_path: Path) -> None:
    """A built-in profile is replaced by one of its id; a later directory by a later one still."""
    text = next(path for path in builtin_files() if "douyin" in path.name).read_text("utf-8")
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    written(first, text.replace("limit_hours = 24", "limit_hours = 20"))
    written(second, text.replace("limit_hours = 24", "limit_hours = 16"))
    for directories, hours in (([first], 20), ([first, second], 16), ([second, first], 20)):
        profiles = load(directories)
        assert len(profiles.all) == len(builtin_files())
        rule = profiles.at("douyin", us(datetime(2026, 11, 1, tzinfo=CHINA))).parcel_rules[0]
        assert rule.violation.length == hours * HOUR


def test_two_profiles_of_one_moment_are_a_mistake(tmp_path: Path) -> None:
    """Which of them judges would be chance."""
    text = GOOD.replace("2026-11-01T", "2026-07-09T")
    written(tmp_path, text)
    with pytest.raises(ProfileError, match=r"mine-2026-11-01.*douyin-2026-07-09"):
        load([tmp_path])


def test_a_forced_profile_judges_everything() -> None:
    """As `replay --profile` wants it; an unknown id is a KeyError."""
    profiles = load()
    forced = profiles.forced("brief-2023")
    assert forced.at("douyin", us(datetime(2026, 11, 1, tzinfo=CHINA))).id == "brief-2023"
    assert profiles.at("douyin", us(datetime(2026, 11, 1, tzinfo=CHINA))).platform == "douyin"
    with pytest.raises(KeyError):
        profiles.forced("brief-2024")
