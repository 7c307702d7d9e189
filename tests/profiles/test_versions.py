"""Dated versions of one platform, side by side: which judges, and what `rules validate` remarks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.builders import CHINA, DAY, HOUR, US, order, times, upload, us
from support.packs import Judging

from streams.profiles import loader
from streams.profiles.loader import load_all

DAYS = {
    name: datetime(2026, month, 1, tzinfo=CHINA) for name, month in {"a": 3, "b": 6, "c": 9}.items()
}
LIMITS = {"a": 10, "b": 20, "c": 30}

VERSION = """\
id = "house-{name}"
platform = "house"
effective_from = {start}
{end}
source_url = "https://example.com/{name}"
read_on = 2026-02-01
verified = "read by us"

[rules.pickup_overdue]
violation = {{ limit_hours = {limit} }}
"""


def versions(folder: Path, **ends: datetime) -> Path:
    """Three versions of one platform; those named in `ends` have one."""
    for name, start in DAYS.items():
        end = f"effective_to = {ends[name].isoformat()}" if name in ends else ""
        text = VERSION.format(name=name, start=start.isoformat(), end=end, limit=LIMITS[name])
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("paid", "name"),
    [
        (DAYS["a"] - 300 * DAY, "a"),
        (DAYS["a"], "a"),
        (DAYS["b"] - US, "a"),
        (DAYS["b"], "b"),
        (DAYS["c"] - US, "b"),
        (DAYS["c"], "c"),
        (DAYS["c"] + 300 * DAY, "c"),
    ],
)
def test_an_order_is_judged_by_the_version_of_its_payment(
    tmp_path: Path, paid: datetime, name: str
) -> None:
    """On both sides of each boundary, though the number is uploaded in the time of the next."""
    judging = Judging(versions(tmp_path))
    uploaded = paid + 20 * DAY
    history = [order(paid=paid, platform="house"), upload("1", uploaded, platform="house")]
    judging.feed(history, uploaded + 20 * DAY)
    (warning,) = judging.standing()
    assert warning["profile"] == f"house-{name}"
    assert times(warning)["deadline"] == uploaded + LIMITS[name] * HOUR


@pytest.mark.parametrize(("day", "name"), [("a", "a"), ("b", "b"), ("c", "c")])
def test_an_order_that_is_not_known_is_judged_by_its_upload(
    tmp_path: Path, day: str, name: str
) -> None:
    """The version in force when its number was uploaded."""
    judging = Judging(versions(tmp_path))
    judging.feed([upload("1", DAYS[day], platform="house")], DAYS[day] + 9 * DAY)
    (warning,) = judging.standing()
    assert warning["profile"] == f"house-{name}"


def test_versions_that_follow_one_another_need_no_remark(tmp_path: Path) -> None:
    """With an end at the next start, and without one."""
    assert load_all([versions(tmp_path)]).remarks == ()
    assert load_all([versions(tmp_path, a=DAYS["b"], b=DAYS["c"])]).remarks == ()


def test_a_gap_is_remarked_and_who_judges_there(tmp_path: Path) -> None:
    """The one that started last, as `at` says."""
    loaded = load_all([versions(tmp_path, a=DAYS["b"] - DAY)])
    assert loaded.remarks == (
        "house: no version is in force from 2026-05-30T16:00:00+00:00 to "
        "2026-05-31T16:00:00+00:00; there house-a judges",
    )
    assert loaded.profiles.at("house", us(DAYS["b"] - HOUR)).id == "house-a"


def test_an_overlap_is_remarked_and_who_judges_there(tmp_path: Path) -> None:
    """The newer one, as `at` says."""
    loaded = load_all([versions(tmp_path, a=DAYS["b"] + DAY)])
    assert loaded.remarks == (
        "house: house-a and house-b overlap from 2026-05-31T16:00:00+00:00 to "
        "2026-06-01T16:00:00+00:00; there house-b judges",
    )
    assert loaded.profiles.at("house", us(DAYS["b"])).id == "house-b"


def test_an_end_of_all_is_remarked(tmp_path: Path) -> None:
    """After it the last one goes on, which may be a surprise."""
    loaded = load_all([versions(tmp_path, a=DAYS["b"], b=DAYS["c"], c=DAYS["c"] + DAY)])
    assert loaded.remarks == (
        "house: no version is in force from 2026-09-01T16:00:00+00:00 on; there house-c judges",
    )
    assert loaded.profiles.at("house", us(DAYS["c"] + 9 * DAY)).id == "house-c"


def test_a_version_within_a_longer_one_leaves_no_gap(tmp_path: Path) -> None:
    """A promotion's rules end and the ones around them judge again."""
    loaded = load_all([versions(tmp_path, b=DAYS["b"] + DAY)])
    assert loaded.remarks == ()
    assert loaded.profiles.at("house", us(DAYS["b"] + 2 * DAY)).id == "house-a"


def test_two_gaps_are_two_remarks(tmp_path: Path) -> None:
    """Each with its own times."""
    remarks = load_all([versions(tmp_path, a=DAYS["a"] + DAY, b=DAYS["b"] + DAY)]).remarks
    assert [remark.rpartition(" there ")[2] for remark in remarks] == [
        "house-a judges",
        "house-b judges",
    ]


def test_the_built_in_profiles_need_no_remark() -> None:
    """Nobody is told of what cannot be helped."""
    assert loader.load_all().remarks == ()


def test_the_days_of_a_platform_begin_at_one_hour(tmp_path: Path) -> None:
    """A shop's day is counted in one row, whichever version judges its orders."""
    for name, hours in {"a": 8, "b": 8, "c": 9}.items():
        text = VERSION.format(name=name, start=DAYS[name].isoformat(), end="", limit=10)
        text += f'\n[meter]\nabnormal = ["pickup_overdue"]\ndays_ahead_of_utc_hours = {hours}\n'
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(loader.ProfileError) as refused:
        load_all([tmp_path])
    assert refused.value.problems == [
        f"{tmp_path / 'c.toml'}: house-c: meter.days_ahead_of_utc_hours is 9, allowed is that of "
        "house-a: meter.days_ahead_of_utc_hours is 8"
    ]
