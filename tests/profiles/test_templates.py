"""Templates: profiles without their numbers, which refuse to load until these are filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.profiles.document import read_document
from streams.profiles.loader import ProfileError, load, read, template_files

NUMBERS = {
    "id": '"house-2026"',
    "effective_from": "2026-11-01T00:00:00+08:00",
    "source_url": '"https://example.com"',
    "read_on": "2026-10-20",
    "comparator": '"gt"',
    "ended_by": '"any_record"',
    "chain_from": '["hub"]',
    "remote": '[65, "西藏"]',
    "excluded": "[]",
    "near_groups": "[[31, 32], [11]]",
    "differs_by": '"address"',
    "window_days": "30",
    "base": '"final"',
    "first": '"any_record"',
    "tolerance_minutes": "5",
    "zone": '"America/Los_Angeles"',
}
TEMPLATES = {path.stem: path for path in template_files()}


def filled(path: Path) -> str:
    """A template with every field filled in; the line that makes it one stays."""
    lines = []
    for line in path.read_text("utf-8").splitlines():
        while '"TODO"' in line:
            before, _, after = line.partition('"TODO"')
            name = before.rpartition("=")[0].split()[-1].lstrip("{,")
            line = before + NUMBERS.get(name, "24") + after
        lines.append(line)
    return "\n".join(lines)


def test_the_platforms_whose_numbers_are_not_established_have_one() -> None:
    """And none of them is in use."""
    assert {"pinduoduo", "kuaishou", "jd", "xiaohongshu", "wechat-store"} <= TEMPLATES.keys()
    assert not TEMPLATES.keys() & {profile.platform for profile in load().all}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_refuses_to_load(name: str, tmp_path: Path) -> None:
    """Each field that is missing is named with its line, and what is allowed there."""
    path = tmp_path / f"{name}.toml"
    path.write_text(TEMPLATES[name].read_text("utf-8"), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    lines = path.read_text("utf-8").splitlines()
    todo = [number for number, line in enumerate(lines, 1) for _ in range(line.count('"TODO"'))]
    template = lines.index("template = true") + 1
    problems = caught.value.problems
    named = [int(problem.removeprefix(f"{path}:").split(":")[0]) for problem in problems]
    assert sorted(named) == sorted([template, *todo])
    for problem in problems:
        assert "not filled in yet" in problem or "fill in each TODO, then remove" in problem


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_no_number(name: str) -> None:
    """Of the platform, that is: every limit waits for the operator."""
    text = TEMPLATES[name].read_text("utf-8")
    for field in ("limit_hours", "default_promise_hours", "near_hours", "remote_hours"):
        for rest in text.split(f"{field} = ")[1:]:
            assert rest.startswith('"TODO"'), field


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_is_filled_in_loads(name: str, tmp_path: Path) -> None:
    """Once its line is gone; with the line it still refuses."""
    path = tmp_path / f"{name}.toml"
    text = filled(TEMPLATES[name])
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert "this is a template" in problem
    path.write_text(text.replace("template = true\n", ""), encoding="utf-8")
    profile = read(path)
    assert (profile.id, profile.platform) == ("house-2026", name)
    assert profile.order_rules


def test_changes_to_a_profile_may_be_a_template_too(tmp_path: Path) -> None:
    """The field that waits is named in the file of the changes."""
    path = tmp_path / "own.toml"
    path.write_text(
        'template = true\nextends = "douyin-2026-07-09"\n'
        '[rules.delivery_overdue]\nviolation = { limit_hours = "TODO" }\n'
    )
    with pytest.raises(ProfileError) as caught:
        read(path)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        f"{path}:1",
        f"{path}:4",
    ]


def test_the_count_of_fields_is_that_of_the_file() -> None:
    """`rules list --templates` counts what is to be done."""
    document = read_document(TEMPLATES["pinduoduo"])
    assert document.text.count('"TODO"') == 23
