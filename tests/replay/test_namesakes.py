"""Numbers that wait while the same digits move: in a replay's summary, in `check`, in warnings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.builders import LATER, Message, judge, order, picked_up, upload

from streams.cli.group import main

ZEROS, BARE = "0078123456789", "78123456789"


def ran(tmp_path: Path, history: list[Message], *command: str) -> str:
    """What a command writes to standard error and output about the files of a history."""
    files = {"orders": "order_id", "tracking": "carrier"}
    for name, field in files.items():
        lines = [json.dumps(value) for value in history if field in value]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    given = [word for name in files for word in (f"--{name}", str(tmp_path / f"{name}.jsonl"))]
    out = ["--out", str(tmp_path / "w.jsonl")] if command[0] == "replay" else []
    found = CliRunner().invoke(main, [*command, *given, *out])
    return found.stdout + found.stderr


@pytest.mark.parametrize(
    ("waiting", "moving"),
    [((ZEROS, "zto"), (BARE, "zto")), ((BARE, "zto"), (ZEROS, "zto")), ((BARE, "a"), (BARE, "b"))],
)
def test_a_replay_names_both(
    tmp_path: Path, waiting: tuple[str, str], moving: tuple[str, str]
) -> None:
    """Leading zeros on either side, or another carrier."""
    history = [
        order(),
        upload("1", number=waiting[0], carrier=waiting[1]),
        picked_up(number=moving[0], carrier=moving[1]),
    ]
    said = ran(tmp_path, history, "replay")
    assert f"{waiting[1]}:{waiting[0]} (as {moving[1]}:{moving[0]})" in said


def test_a_number_that_moves_itself_is_no_riddle(tmp_path: Path) -> None:
    """Two parcels of the same digits that both move are two parcels; other digits are others."""
    both = [order(), upload("1", number=ZEROS), picked_up(number=ZEROS), picked_up(number=BARE)]
    assert "same digits" not in ran(tmp_path, both, "replay")
    other = [order(), upload("1", number=ZEROS), picked_up(number=f"{BARE}0")]
    assert "same digits" not in ran(tmp_path, other, "replay")


def test_check_says_so(tmp_path: Path) -> None:
    """Before the upload: nothing is heard of it, the same digits move."""
    history = [order(), picked_up(number=BARE)]
    said = ran(tmp_path, history, "check", "zto", ZEROS, "--order", "1", "--lang", "en")
    assert f"the same digits move as zto {BARE}" in said
    said = ran(tmp_path, history, "check", "zto", BARE, "--order", "1", "--lang", "en")
    assert "same digits" not in said


def test_a_warning_says_so_where_the_order_has_both() -> None:
    """Uploaded twice, by two tools: the one that waits names the one that moves."""
    history = [
        order(),
        upload("1", number=BARE, carrier="other"),
        upload("1", number=BARE),
        picked_up(number=BARE),
    ]
    warnings = judge(history, LATER).of("pickup_overdue")
    assert {warning["carrier"] for warning in warnings} == {"other"}
    for warning in warnings:
        assert warning["evidence"]["advice"] == [{"code": "moves_as", "value": f"zto {BARE}"}]
        assert warning["remedy"]["en"].endswith(
            f"The same digits move as zto {BARE}: compare the carrier and the leading zeros."
        )
