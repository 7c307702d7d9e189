"""A replay by several processes: byte for byte what one process writes, says and refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from oracle.histories import History, bad_lines
from support.builders import (
    DAY,
    LATER,
    MINUTE,
    PAID,
    PICKED,
    Message,
    order,
    picked_up,
    record,
    upload,
)
from support.clones import clone_history
from support.playing import combined
from support.replaying import profiles

from streams.cli.group import main
from streams.decode.names import BUILT_IN
from streams.facts.times import from_datetime
from streams.inputs.cells import Reading
from streams.inputs.files import HistoryFile
from streams.inputs.messages import ORDERS, TRACKING
from streams.replay.components import Components, components_of, order_key, parcel_key
from streams.replay.seen import Seen
from streams.replay.shards import ShardFailed, Shards


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, and none of the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHIPSENTRY_"):
            monkeypatch.delenv(name)


def lines(messages: Iterable[Message | str]) -> bytes:
    """JSON Lines."""
    raw = [m if isinstance(m, str) else json.dumps(m, ensure_ascii=False) for m in messages]
    return b"".join(line.encode(errors="surrogateescape") + b"\n" for line in raw)


def run(*arguments: str) -> tuple[Result, bytes]:
    """The command over o.jsonl and t.jsonl, and its dead letters."""
    inputs = ("--orders", "o.jsonl", "--tracking", "t.jsonl", "--dead-letters", "bad.jsonl")
    result = CliRunner().invoke(main, ["replay", *inputs, *arguments])
    bad = Path("bad.jsonl")
    letters = bad.read_bytes() if bad.exists() else b""
    bad.unlink(missing_ok=True)
    return result, letters


def compare(history: History, *arguments: str, bad: Iterable[tuple[str, str, str]] = ()) -> str:
    """Fails where several processes say anything else than one; what they write."""
    Path("o.jsonl").write_bytes(
        lines([*history.orders, *(line for kind, line, _ in bad if kind == "order")])
    )
    Path("t.jsonl").write_bytes(
        lines([*history.tracking, *(line for kind, line, _ in bad if kind == "tracking")])
    )
    one, letters = run(*arguments)
    several, others = run(*arguments, "--processes", "3")
    assert (several.exit_code, several.stdout) == (one.exit_code, one.stdout)
    assert several.stderr == one.stderr
    assert others == letters
    return one.stdout


def test_random_histories() -> None:
    """Traps of the contract, side by side, with lines that are no messages among them."""
    history = combined(range(16))
    written = compare(history, "--until", history.until.isoformat(), bad=bad_lines(7))
    assert len(written.splitlines()) > 50
    assert len(Path("o.jsonl").read_bytes().splitlines()) > 50


@pytest.mark.parametrize("seed", range(12))
def test_parcels_of_one_track_are_judged_together(seed: int) -> None:
    """Whatever their numbers and orders are: which is in which process is chance."""
    history = clone_history(seed)
    compare(history, "--until", history.until.isoformat())


def test_carriers_that_fall_silent() -> None:
    """What a warning says of its carrier's feed follows from the records of all its parcels."""
    history = combined(range(3))
    tracking = list(history.tracking)
    # A feed that is heard hourly, of parcels that are in any process, and then no more.
    for n in range(24 * 12):
        at = PAID + n * DAY / 24
        tracking.append({**record("hub", at, f"7900{n:08d}"), "carrier": "yto"})
    ends = PAID + 12 * DAY
    tracking.append({**upload("1", at=ends - DAY * 0.8), "carrier": "yto"})
    history = History([*history.orders, order("1")], tracking, history.until)
    written = compare(history, "--until", (ends + 3 * DAY).isoformat())
    assert {json.loads(line)["feed"] for line in written.splitlines()} == {"ok", "silent"}


def test_what_there_is_no_room_for() -> None:
    """500 versions of one order, and then one more, which is a bad line in its place."""
    versions = [order("1", updated_at=PAID + n * MINUTE, amount_paid=n) for n in range(503)]
    history = History(versions, [upload("1")], LATER)
    bad = [("order", "no message", "not_json")]
    written = compare(history, "--until", LATER.isoformat(), bad=bad)
    assert written
    result, letters = run("--processes", "2")
    assert result.exit_code == 3
    reasons = [json.loads(line)["reason"] for line in letters.splitlines()]
    assert set(reasons) == {"too_many_facts", "not_json"}


def test_numbers_that_move_under_another_carrier_are_named() -> None:
    """Though they are in different processes."""
    tracking: list[Message] = []
    for n in range(8):
        tracking.append({**upload(str(n)), "tracking_number": f"7800000000{n}"})
        tracking.append({**picked_up(), "carrier": "yto", "tracking_number": f"7800000000{n}"})
    history = History([order(str(n)) for n in range(8)], tracking, LATER)
    compare(history)
    assert "numbers that wait while the same digits move" in run("--processes", "3")[0].stderr


def test_ids_that_are_made_unique_connect_by_what_they_are_then() -> None:
    """Two shops' orders of one id are two orders."""
    history = combined(range(6))
    compare(history, "--scope", "platform", "--until", history.until.isoformat())


def test_nothing_at_all() -> None:
    """Files without a message give no warnings."""
    assert compare(History([], [], LATER)) == ""


@pytest.mark.parametrize("option", ["--log", "--diff=brief-2023", "--shop-risk=x.jsonl"])
def test_what_wants_one_process_is_refused(option: str) -> None:
    """In a line that says so."""
    Path("o.jsonl").touch()
    Path("t.jsonl").touch()
    result, _ = run("--processes", "2", option)
    assert result.exit_code == 2
    assert "--processes writes the newest of each warning" in result.stderr


@pytest.mark.parametrize("number", ["0", "-1", "many", "1001"])
def test_a_number_of_processes_is_one(number: str) -> None:
    """Or auto."""
    Path("o.jsonl").touch()
    Path("t.jsonl").touch()
    result, _ = run("--processes", number)
    assert result.exit_code == 2
    assert f"{number!r}: allowed is an integer from 1 to 1000, or auto" in result.stderr


def test_a_process_that_ends_before_its_time_is_said() -> None:
    """As when memory runs out: no output looks whole."""
    Path("o.jsonl").write_bytes(lines([order("1")]))
    Path("t.jsonl").write_bytes(lines([upload("1")]))

    def fail(*_: Any) -> bytes:
        os._exit(9)

    shards = Shards(2, profiles(), fail)
    try:
        reading = Reading(None, None)
        files = (
            HistoryFile(Path("o.jsonl"), ORDERS, reading),
            HistoryFile(Path("t.jsonl"), TRACKING, reading),
        )
        until = from_datetime(LATER)
        shards.play(
            files,
            until,
            lambda _: None,
            lambda _: None,
            Components(),
            scope=None,
            seen=Seen(),
            names=BUILT_IN,
        )
        with pytest.raises(ShardFailed, match=r"status 9"):
            list(shards.warnings())
    finally:
        shards.close()


def test_components() -> None:
    """Orders and parcels that name each other, whatever lies in between; and shared deliveries."""
    tracking = [
        upload("1", number="A1"),
        {**upload("2", number="A1"), "order_ids": ["2", "3"]},
        upload("4", number="B1"),
        record("delivered", PICKED, "C1"),
        record("delivered", PICKED, "D1"),
        record("delivered", PICKED + DAY, "E1"),
        record("hub", PICKED, "F1"),
    ]
    found = components_of(lines(tracking).splitlines(), None, BUILT_IN)

    def shards(*keys: int) -> set[int]:
        return {found.shard(key, 1 << 60) for key in keys}

    carrier = tracking[0]["carrier"]
    assert len(shards(*map(order_key, "123"), parcel_key(f"{carrier}:A1"))) == 1
    assert len(shards(order_key("4"), parcel_key(f"{carrier}:B1"))) == 1
    assert len(shards(*(parcel_key(f"{carrier}:{number}") for number in ("C1", "D1")))) == 1
    parts = [order_key("1"), order_key("4"), order_key("5")]
    parts += [parcel_key(f"{carrier}:{number}") for number in ("C1", "E1", "F1")]
    assert len(shards(*parts)) == 6
