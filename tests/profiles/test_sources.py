"""Where figures were read: rows of a profile, and what is in force without one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from streams.cli.figures import figures
from streams.profiles.document import read_document
from streams.profiles.loader import ProfileError, builtin_files, load_all, read
from streams.profiles.sources import CONFIDENCES, Source, source_of

HEAD = Source((), "https://example.com/head", date(2026, 11, 1), "rule_text")


def row(*names: str) -> Source:
    """A row about these figures."""
    return Source(names, "https://example.com/row", date(2026, 10, 1), "second_hand")


@pytest.mark.parametrize(
    ("figure", "names", "own"),
    [
        ("rules.recalled", ("rules.recalled",), True),
        ("rules.recalled", ("rules",), True),
        ("rules.recalled.severity", ("rules.recalled",), True),
        ("rules", ("rules.recalled",), False),
        ("rules.recalled", ("rules.recall",), False),
        ("lines.late", ("rules.late", "lines"), True),
    ],
)
def test_a_row_is_about_what_it_names_and_what_is_below(
    figure: str, names: tuple[str, ...], own: bool
) -> None:
    """Whole names only; anything else is the head's."""
    assert (source_of(figure, HEAD, [row(*names)]) == row(*names)) == own


def test_the_row_that_names_most_wins() -> None:
    """Wherever it stands."""
    wide, narrow = row("rules"), row("rules.recalled")
    for rows in ([wide, narrow], [narrow, wide]):
        assert source_of("rules.recalled", HEAD, rows) is narrow
        assert source_of("rules.cloned_track", HEAD, rows) is wide


def test_every_built_in_figure_has_its_source() -> None:
    """With an address, unless it is nobody's but ours; each row is about a figure that there is."""
    everything = load_all()
    for profile in everything.profiles.all:
        data = everything.documents[profile.id].merged()
        found = figures(profile, everything.specs, data)
        assert len(found) > 5
        for figure in found:
            assert figure.source.confidence in CONFIDENCES, (profile.id, figure)
            own = figure.source.confidence == "own_choice"
            assert figure.source.url.startswith("https://") or own, (profile.id, figure)
        fields = {figure.field for figure in found}
        for each in profile.sources:
            for name in each.figures:
                assert any(f == name or f.startswith(f"{name}.") for f in fields), (
                    profile.id,
                    name,
                )


def test_what_is_second_hand_is_said() -> None:
    """Of the profiles in force two figures of TikTok's, and the libraries' holidays."""
    everything = load_all()
    found = {
        (profile.id, figure.field)
        for profile in everything.profiles.all
        for figure in figures(profile, everything.specs, everything.documents[profile.id].merged())
        if figure.source.confidence == "second_hand"
    }
    assert found == {
        ("tiktok-us-2026", "rules.pickup_overdue"),
        ("tiktok-us-2026", "rules.duplicate_tracking_number"),
        ("tiktok-us-2026", "rules.malformed_tracking_number"),
        ("tiktok-us-2026", "appeal_days"),
        ("tiktok-vn-2024-08-26", "business_days.calendar"),
        ("tiktok-th-2025-06-18", "business_days.calendar"),
    }


def test_an_operators_row_takes_the_place_of_one_of_its_name(tmp_path: Path) -> None:
    """As rows of exemptions do."""
    text = (
        'extends = "tiktok-us-2026"\n[[sources]]\nname = "appeals"\nfigures = ["appeal_days"]\n'
        'source_url = "https://example.com"\nread_on = 2026-12-01\nconfidence = "document"\n'
    )
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    source = read(tmp_path / "own.toml").source_of("appeal_days")
    assert (source.confidence, source.read_on) == ("document", date(2026, 12, 1))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ('confidence = "sure"', "confidence: "),
        ("figures = []", "figures: "),
        ('read_on = "2026"', "read_on: "),
        (
            'figures = ["rules.pickup_overdu"]',
            "no such figure in rules; did you mean pickup_overdue?",
        ),
        ('figures = ["rule"]', "no such figure; did you mean rules?"),
        ('figures = ["rules", "lines.late"]', "no such figure in lines"),
        ('figures = ["lanes.near"]', "allowed: near_groups, remote, excluded (found 'lanes.near')"),
        ('figures = ["appeal_days.most"]', "no such figure in appeal_days"),
    ],
)
def test_a_wrong_row_is_named(change: str, problem: str, tmp_path: Path) -> None:
    """By file, line and field."""
    fields = {
        "figures": 'figures = ["rules"]',
        "read_on": "read_on = 2026-12-01",
        "confidence": 'confidence = "document"',
    }
    fields[change.partition(" ")[0]] = change
    path = tmp_path / "own.toml"
    path.write_text(
        'extends = "douyin-2026-07-09"\n[[sources]]\nname = "x"\n' + "\n".join(fields.values()),
        encoding="utf-8",
    )
    with pytest.raises(ProfileError) as caught:
        read(path)
    (text,) = caught.value.problems
    assert text.startswith(f"{path}:")
    assert problem in text


@pytest.mark.parametrize("profile", [path.stem for path in builtin_files()])
def test_a_profile_may_turn_off_what_sources_speak_of(profile: str, tmp_path: Path) -> None:
    """Lines, meter and exemptions of a built-in profile: its rows of sources are still true."""
    path = tmp_path / "own.toml"
    document = read_document(next(p for p in builtin_files() if p.stem == profile))
    off = [name for name in ("meter", "lines", "exemptions") if name in document.merged()]
    path.write_text(
        f'extends = "{profile}"\n' + "".join(f'{name} = "off"\n' for name in off), "utf-8"
    )
    read(path)


def test_a_profile_that_says_nothing_is_not_sure(tmp_path: Path) -> None:
    """Files of operators have no word about it."""
    text = next(p for p in builtin_files() if p.stem == "generic-2026").read_text("utf-8")
    path = tmp_path / "own.toml"
    path.write_text(text.replace('confidence = "own_choice"\n', ""), encoding="utf-8")
    assert read(path).source_of("rules.recalled").confidence is None


@pytest.mark.parametrize("name", ["exposure.pickup_overdue", "exposure.cap_per_buyer_day"])
def test_a_row_may_be_about_sums(name: str, tmp_path: Path) -> None:
    """Of a rule, or of the whole table, whether the base has one or not."""
    path = tmp_path / "own.toml"
    path.write_text(
        f'extends = "generic-2026"\n[[sources]]\nname = "x"\nfigures = ["{name}"]\n'
        'read_on = 2026-12-01\nconfidence = "own_choice"\n',
        encoding="utf-8",
    )
    assert read(path).source_of(name).read_on == date(2026, 12, 1)
