"""`shipsentry rules`: what is judged, by which limits, and what is wrong with a profile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from streams.facts.times import DAY, HOUR
from streams.profiles.loader import builtin_files, load
from streams.rules.registry import RULES

Run = Callable[..., Result]

OWN = Path(__file__).resolve().parents[2] / "streams" / "profiles" / "douyin-2026-07-09.toml"


def own_profile(directory: Path, *changes: tuple[str, str], name: str = "own.toml") -> Path:
    """A copy of a built-in profile, changed, in `directory`."""
    text = OWN.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def test_list_has_every_rule_in_every_profile(run: Run) -> None:
    """Each rule with its subject, below it a line for each profile."""
    lines = run("rules", "list").stdout.splitlines()
    heads = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert [head.partition(" ")[0] for head in heads] == list(RULES)
    assert "ship_overdue (order)" in heads
    assert "inactive_after_pickup (parcel)" in heads
    assert "duplicate_tracking_number (parcel × order)" in heads
    assert len(lines) == len(RULES) * (1 + len(load().all))


def test_list_tells_limits_and_comparators(run: Run) -> None:
    """`>` and `≥`, stages, and `off` are told apart."""
    text = run("rules", "list", "--profile", "tmall-2026-04-09").stdout
    assert "  tmall-2026-04-09  > 24 h · serious ≥ 72 h · ended by any record\n" in text
    assert "douyin" not in text
    brief = run("rules", "list", "--profile", "brief-2023").stdout.splitlines()
    assert brief[brief.index(next(x for x in brief if x.startswith("pickup_overdue"))) + 1] == (
        "  brief-2023  off"
    )


def test_show_tells_origin_and_limits(run: Run) -> None:
    """Since when, from where, and each threshold on a line."""
    text = run("rules", "show", "douyin-2026-07-09").stdout
    assert "in force  from 2026-07-09T00:00:00+08:00\n" in text
    assert "platform  douyin\n" in text
    assert "\n  serious > 48 h\n" in text
    assert "\n  within 30 d\n" in text


def test_show_toml_is_the_file(run: Run) -> None:
    """A starting point for a profile of one's own, byte for byte."""
    assert run("rules", "show", "douyin-2026-07-09", "--toml").stdout == OWN.read_text("utf-8")


def test_own_profile_takes_the_place_of_a_builtin_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The list shows the limits that will be used."""
    own_profile(tmp_path, ("limit_hours = 48", "limit_hours = 36"))
    monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", str(tmp_path))
    assert "serious > 36 h" in run("rules", "list").stdout
    shown = run("rules", "show", "douyin-2026-07-09").stdout
    assert f"file      {tmp_path / 'own.toml'}\n" in shown


def test_unknown_profile_names_the_known_ones(run: Run) -> None:
    """Exit status 2 and the nearest name."""
    result = run("rules", "show", "douyin")
    assert result.exit_code == 2
    assert "no profile 'douyin'; did you mean douyin-2026-07-09? there are " in result.stderr


def test_validate_accepts_what_is_built_in(run: Run) -> None:
    """Without arguments, every profile in use."""
    result = run("rules", "validate")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{len(builtin_files())} profiles, nothing wrong: ")


def test_validate_names_file_line_and_field(run: Run, tmp_path: Path) -> None:
    """Every problem of every file, each on a line that an editor can jump to."""
    path = own_profile(
        tmp_path,
        ("limit_hours = 48", "limit_hours = -1"),
        ('differs_by = "address"', 'differs_by = "street"'),
    )
    own_profile(tmp_path, ("[rules.ship_overdue]", "[rules.ship_late]"), name="other.toml")
    lines = OWN.read_text("utf-8").splitlines()
    number = lines.index('differs_by = "address"') + 1
    result = run("rules", "validate", str(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == ""
    problems = result.stderr.splitlines()
    assert len(problems) == 4
    assert any(
        line.startswith(f"{path}:{number}: rules.duplicate_tracking_number.differs_by: ")
        for line in problems
    )
    assert sum(".serious.limit_hours: " in line for line in problems) == 2
    assert any(line.startswith(f"{tmp_path / 'other.toml'}:") for line in problems)


def test_validate_compares_profiles_with_each_other(run: Run, tmp_path: Path) -> None:
    """Two profiles of one platform from one day on: which would judge?"""
    own_profile(tmp_path, ('id = "douyin-2026-07-09"', 'id = "douyin-strict"'))
    result = run("rules", "validate", str(tmp_path))
    assert result.exit_code == 1
    assert "starts at the same moment as" in result.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"id = \n", "not TOML: "), (b"id = '\xff'\n", "not UTF-8 (byte 6)")],
)
def test_validate_explains_unreadable_files(
    run: Run, tmp_path: Path, content: bytes, problem: str
) -> None:
    """No traceback for a file that is no text or no TOML."""
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    result = run("rules", "validate", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}: {problem}")
    assert result.stderr.count("\n") == 1


def test_validate_refuses_an_empty_directory(run: Run, tmp_path: Path) -> None:
    """A directory without profiles is a mistake, not a success."""
    result = run("rules", "validate", str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}: holds no *.toml file and no rule\n"


def test_broken_profile_ends_other_commands_in_words(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`rules list` needs all profiles and says which one is in the way."""
    own_profile(tmp_path, ("limit_hours = 48", "limit_hours = 0"))
    monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", str(tmp_path))
    result = run("rules", "list")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {tmp_path / 'own.toml'}:")


@pytest.mark.parametrize(
    ("us", "words"),
    [(24 * HOUR, "24 h"), (HOUR // 2, "0.5 h"), (5 * DAY, "120 h"), (30 * DAY, "30 d")],
)
def test_durations_read_as_the_platforms_write_them(us: int, words: str) -> None:
    """Limits in hours, windows in days."""
    from streams.rules.fields import duration

    assert duration(us) == words


def test_list_tells_lanes_and_provinces_by_name(run: Run) -> None:
    """A support agent reads the lane table, not codes alone."""
    lines = run("rules", "list", "--profile", "tmall-2026-04-09").stdout.splitlines()
    heads = [line.partition(" ")[0] for line in lines]
    text = lines[heads.index("transit_stalled") + 1]
    for words in (
        "near > 48 h, other provinces > 72 h, remote > 120 h",
        "serious near ≥ 96 h, serious other provinces ≥ 120 h, serious remote ≥ 168 h",
        "from the first of: any record",
        "remote: 内蒙古 15, 西藏 54, 甘肃 62, 青海 63, 宁夏 64, 新疆 65",
        "not judged: 台湾 71, 香港 81, 澳门 82",
        "within 上海 31, 江苏 32, 浙江 33, 安徽 34",
    ):
        assert words in text


def test_list_tells_severities_of_checks(run: Run) -> None:
    """Critical, warning and information are told apart."""
    text = run("rules", "list", "--profile", "douyin-2026-07-09").stdout
    for words in (
        "by place · critical · warning where only city or address differ",
        "3 times the same · at least 10 min apart · warning",
        "critical · notice where the format does not fit (info)",
        "against the final payment · by the first of: any record · more than 5 min earlier",
    ):
        assert f"  douyin-2026-07-09  {words}" in text


def test_show_tells_exemptions_and_sums(run: Run) -> None:
    """When clocks stand still, and what a warning may cost."""
    text = run("rules", "show", "tiktok-us-2026").stdout
    assert (
        "\n  without a promise 23:59:59 America/Los_Angeles, 2 working days after the payment; "
        "working days mon, tue, wed, thu, fri without 33 holidays until 2028-12-25\n"
    ) in text
    assert "\nread on   2026-11-29\nverified  read in stored copies of official seller" in text
    text = run("rules", "show", "douyin-2026-07-09").stdout
    assert "\n  none: no clock ever stands still\n" in text
    assert "\nexposure\n  kind = strike\n" in text


def test_templates_are_listed_and_printed(run: Run) -> None:
    """By name, with what is to be filled in; the printed one is the file."""
    lines = run("rules", "list", "--templates").stdout.splitlines()
    assert any(line.startswith("pinduoduo     23 fields to fill in; ") for line in lines)
    text = run("rules", "template", "pinduoduo").stdout
    assert "\ntemplate = true\n" in text
    assert text == (OWN.parent / "templates" / "pinduoduo.toml").read_text("utf-8")
    unknown = run("rules", "template", "taobao")
    assert unknown.exit_code == 2
    assert (
        "no template 'taobao'; there are 1688, amazon, ebay, jd, kuaishou, lazada, pinduoduo"
        in unknown.stderr
    )


def test_validate_says_what_a_template_still_needs(run: Run, tmp_path: Path) -> None:
    """One line for each field, with its line and what is allowed there."""
    path = tmp_path / "pinduoduo.toml"
    path.write_text(run("rules", "template", "pinduoduo").stdout, encoding="utf-8")
    result = run("rules", "validate", str(path))
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 24
    assert lines[0].startswith(f"{path}:4: template: this is a template: fill in each TODO")
    assert any(
        line.startswith(f"{path}:23: default_promise_hours: not filled in yet: ") for line in lines
    )


def test_validate_remarks_gaps_and_is_content(run: Run, tmp_path: Path) -> None:
    """Who judges in a gap is defined: it is said, and the exit status is 0."""
    head = "effective_from = 2026-07-09T00:00:00+08:00"
    end = "\neffective_to = 2026-10-01T00:00:00+08:00"
    own_profile(tmp_path, (head, head + end))
    newer = ("2026-07-09T00", "2026-10-02T00"), ('"douyin-2026-07-09"', '"douyin-2026-10-02"')
    own_profile(tmp_path, *newer, name="newer.toml")
    result = run("rules", "validate", str(tmp_path))
    assert result.exit_code == 0
    assert result.stderr == (
        "remark: douyin: no version is in force from 2026-09-30T16:00:00+00:00 to "
        "2026-10-01T16:00:00+00:00; there douyin-2026-07-09 judges\n"
    )
    assert result.stdout == "2 profiles, nothing wrong: douyin-2026-07-09, douyin-2026-10-02\n"


def test_validate_names_value_and_what_is_allowed(run: Run, tmp_path: Path) -> None:
    """File, line, field, what was found and what may be there."""
    path = own_profile(tmp_path, ('base = "final"', 'base = "last"'), ("times = 3", "tmes = 3"))
    lines = path.read_text("utf-8").splitlines()
    base, times = (lines.index(line) + 1 for line in ('base = "last"', "tmes = 3"))
    result = run("rules", "validate", str(path))
    assert result.stderr.splitlines() == [
        f"{path}:{base}: rules.tracked_before_paid.base: "
        "Input should be 'final' or 'first' (found 'last')",
        f"{path}:{times}: rules.repeated_track.tmes: there is no such field; "
        "did you mean times? allowed: severity, rectify_within_hours, times, apart_minutes",
    ]


def test_sources_has_every_figure_and_its_age(run: Run) -> None:
    """Address, date, confidence, and the days from the reading to a day that is given."""
    lines = run("rules", "sources", "--on", "2026-12-09").stdout.splitlines()
    heads = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert heads == sorted(profile.id for profile in load().all)
    rows = [line.strip().split(" | ") for line in lines if line.startswith(" ")]
    assert {len(row) for row in rows} == {5}
    wanted = [
        "rules.pickup_overdue", "> 24 h", "second_hand", "2026-11-29, 10 days ago",
        "https://seller-us.tiktok.com/university/essay?knowledge_id=6837879804970754",
    ]  # fmt: skip
    assert wanted in rows


def test_sources_can_be_narrowed(run: Run) -> None:
    """To a profile, a confidence, an age: at the age itself a figure is not older."""
    only = ["rules", "sources", "--profile", "taobao-2026-04-09"]
    text = run(*only, "--confidence", "own_choice").stdout
    assert [line.strip().partition(" ")[0] for line in text.splitlines()[1:]] == [
        "rules.cloned_track"
    ]
    for days, shown in ((90, False), (89, True)):
        old = run(*only, "--older-than", str(days), "--on", "2026-08-31").stdout
        assert ("rule_text" in old) == shown, days
    assert run("rules", "sources", "--confidence", "sure").exit_code == 2
