"""The benchmark of the walk of one record: it runs, and counts what it says that it counts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.walk import AGENT, JUDGING, REPOSITORY, Case, Walk, codes_of, measured, path, table


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """The three walks, measured once."""
    return asyncio.run(measured(tmp_path_factory.mktemp("walk")))


def in_room(room: str, source: str, **names: Any) -> dict[str, Any]:
    """Functions as if they stood in a room's file."""
    code = compile(source, str(REPOSITORY / "streams" / room / "file.py"), "exec")
    exec(code, names)  # noqa: S102  a test's own source
    return names


def walked(function: Any, judging: frozenset[Any] = frozenset()) -> Walk:
    """The walk of one call."""
    found = Walk(judging)
    sys.setprofile(found.trace)
    try:
        function()
    finally:
        sys.setprofile(None)
    return found


def test_the_records_do_what_their_names_say(cases: list[Case]) -> None:
    """One warning and a state; a state alone; nothing at all."""
    assert [case.warnings for case in cases] == [1, 0, 0]
    assert [case.puts for case in cases] == [1, 1, 0]


def test_the_figures_are_sane(cases: list[Case]) -> None:
    """Who does more walks further, every way in has its way out, and a repeat is not judged."""
    opens, quiet, repeat = (case.walk for case in cases)
    assert opens.calls.total() > quiet.calls.total() > repeat.calls.total() > 20
    assert len(opens.files) > len(quiet.files) > len(repeat.files) > 5
    assert len(opens.hops) > len(quiet.hops) > len(repeat.hops) > 5
    for walk in (opens, quiet, repeat):
        assert (walk.hops[0].room, walk.hops[-1].to) == (AGENT, AGENT)
        assert all(a.to == b.room for a, b in zip(walk.hops, walk.hops[1:], strict=False))
        assert sum(hop.back for hop in walk.hops) * 2 == len(walk.hops)
        assert walk.counted(judging=True) + walk.counted(judging=False) == len(walk.hops)
    assert opens.counted(judging=True) >= quiet.counted(judging=True) > 10
    assert repeat.counted(judging=True) == 0


def test_rooms_are_folders(cases: list[Case]) -> None:
    """Each room is a folder or a file of `streams`, or the contract's."""
    rooms = {room for case in cases for room in case.walk.calls}
    there = {each.stem for each in (REPOSITORY / "streams").iterdir()} | {"schemas"}
    assert {"rules", "decode", "engine"} <= rooms <= there


def test_two_measurements_agree(cases: list[Case], tmp_path: Path) -> None:
    """Nothing is timed, so nothing varies."""
    assert table(asyncio.run(measured(tmp_path))) == table(cases)


def test_every_hop_is_printed(cases: list[Case]) -> None:
    """A line each, behind the calls by room."""
    for case in cases:
        assert len(path(case.walk).splitlines()) == 1 + len(case.walk.hops)


def test_a_round_trip_is_two_hops_and_a_room_is_not_left_within_it() -> None:
    """Calls inside of one room are calls and no hops."""
    far = in_room("far", "def inner(): pass\ndef outer(): inner()")
    near = in_room(AGENT, "def here(): outer(); len('')", outer=far["outer"])
    found = walked(near["here"])
    assert dict(found.calls) == {AGENT: 1, "far": 2}
    assert [(hop.room, hop.to, hop.back) for hop in found.hops] == [
        (AGENT, "far", False),
        ("far", AGENT, True),
    ]


def test_a_generator_is_one_call_with_one_way_in_and_out() -> None:
    """However often it is resumed, also where it calls into a third room between."""
    third = in_room("third", "def asked(): return 1")
    far = in_room("far", "def three():\n for _ in range(3): yield asked()", asked=third["asked"])
    near = in_room(AGENT, "def here(): return [each for each in three()]", three=far["three"])
    found = walked(near["here"])
    assert dict(found.calls) == {AGENT: 1, "far": 1, "third": 3}
    assert [hop.to for hop in found.hops if not hop.back] == ["far", "third", "third", "third"]
    assert len(found.hops) == 8


def test_hops_below_a_judging_function_are_counted_apart() -> None:
    """The way into it is outside, what it calls is the loop."""
    rule = in_room("rules", "def rule(): pass")
    judge = in_room("judge", "def look(): rule(); rule()", rule=rule["rule"])
    found = walked(judge["look"], frozenset((judge["look"].__code__,)))
    assert (found.counted(judging=True), found.counted(judging=False)) == (4, 2)


def test_a_judging_function_that_was_renamed_is_named() -> None:
    """It would be a loop without hops."""
    assert len(codes_of(JUDGING)) == len(JUDGING)
    with pytest.raises(SystemExit, match=r"streams\.app:gone"):
        codes_of(("streams.app:gone",))
