"""`shipsentry aliases`: the names in use."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli.group import main


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    result = CliRunner().invoke(main, ["aliases", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_find_says_what_a_name_stands_for() -> None:
    """A name may be a carrier's and a platform's."""
    assert run("find", " 中通快递", "Tmall") == (
        0,
        " 中通快递: carrier zto\nTmall: platform tmall\n",
        "",
    )
    assert run("find", "京东")[1] == "京东: carrier jd\n京东: platform jd\n"


def test_find_says_what_is_in_no_table() -> None:
    """With the nearest name, where one is near, and status 1."""
    assert run("find", "zhongtongg") == (
        1,
        "",
        "zhongtongg: in no table; did you mean zhongtong?\n",
    )
    assert run("find", "zto", "~") == (1, "zto: carrier zto\n", "~: in no table\n")


def test_packs_add_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pack adds is found and listed; a mistake in it ends the command."""
    monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", str(tmp_path))
    file = tmp_path / "aliases.toml"
    file.write_text('[aliases.carriers]\n"Own Van" = "van"\n', encoding="utf-8")
    assert run("find", "OWN VAN") == (0, "OWN VAN: carrier van (aliases.toml)\n", "")
    listed = run("list", "carriers")[1].splitlines()
    assert listed[-1] == "carrier van: own van"
    assert any(line.startswith("carrier zto: 中通, ") for line in listed)
    assert not any(line.startswith("platform") for line in listed)
    file.write_text("[aliases.carriers]\nvan = 3\n", encoding="utf-8")
    status, _, error = run("list")
    assert (status, f"{file}:2: " in error) == (1, True)
