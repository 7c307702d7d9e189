"""`aliases.toml` of a pack: the names that it adds, and its mistakes by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.profiles.loader import ProfileError, load
from streams.profiles.packs import profile_files

GOOD = """\
[aliases.carriers]
"Own Van\u3000" = "van"
"邮政" = "ems"

[aliases.platforms]
"MyShop" = "shopify"
"""


def pack(path: Path, text: str) -> Path:
    """A pack with these aliases."""
    path.mkdir(exist_ok=True)
    (path / "aliases.toml").write_text(text, encoding="utf-8")
    return path


def test_names_come_with_the_profiles(tmp_path: Path) -> None:
    """Clean and in lower case; the file is no profile; profiles that are forced keep them."""
    directory = pack(tmp_path / "one", GOOD)
    assert profile_files(directory) == []
    profiles = load([directory])
    carriers, platforms, judged = profiles.own_names
    assert carriers == {"own van": "van", "邮政": "ems"}
    assert platforms == {"myshop": "shopify"}
    assert {"douyin", "generic"} <= judged
    assert profiles.forced(profiles.all[0].id).own_names == profiles.own_names


def test_the_same_row_twice_is_no_mistake(tmp_path: Path) -> None:
    """Two packs may know the same."""
    load([pack(tmp_path / "one", GOOD), pack(tmp_path / "two", GOOD)])


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[aliases.carriers]\nvan = "Van"', 2, "lower case"),
        ("[aliases.carriers]\nvan = 3", 2, "(found 3)"),
        ('[aliases.carriers]\n\n"a:b" = "van"', 3, "without a colon"),
        ('[aliases.carriers]\n" " = "van"', 2, "not empty"),
        ('[aliases.carriers]\nZTO = "sto"', 2, "itself the code"),
        ('[aliases.carriers]\nvan = "zhongtong"', 2, "allowed: 'zto'"),
        ('[aliases.carriers]\nvan = "a"\nVAN = "b"', 3, "aliases.toml:2"),
        ('[aliases.shops]\nvan = "a"', 1, "[aliases.carriers]"),
        ('[carriers]\nvan = "a"', 1, "[aliases.carriers]"),
        ("[aliases", None, "not TOML"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, text: str, line: int | None, said: str) -> None:
    """File, line, field, what is wrong; nothing loads."""
    directory = pack(tmp_path / "one", text)
    with pytest.raises(ProfileError) as caught:
        load([directory])
    (problem,) = caught.value.problems
    path = directory / "aliases.toml"
    assert problem.startswith(f"{path}: " if line is None else f"{path}:{line}: ")
    assert said in problem


def test_packs_that_clash_are_both_named(tmp_path: Path) -> None:
    """One name with two codes: the second row is wrong, and says where the first is."""
    one = pack(tmp_path / "one", '[aliases.carriers]\nvan = "a"')
    two = pack(tmp_path / "two", '[aliases.carriers]\n"Van " = "b"')
    with pytest.raises(ProfileError, match=r"two/aliases\.toml:2: .*one/aliases\.toml:2"):
        load([one, two])
