"""No trap is without its test: twenty-four of them, each named in the tests of this folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TRAPS = {
    1: "combined parcel",
    2: "masked personal data",
    3: "split parcels",
    4: "mother and child waybills",
    5: "same digits, different carriers",
    6: "recycled number",
    7: "redelivered record",
    8: "corrected, released, replaced, a gift",
    9: "return leg",
    10: "no tracking",
    11: "remote transit",
    12: "inspection warehouse",
    13: "deposit presale",
    14: "late and out-of-order scans",
    15: "times that are none",
    16: "holidays and closed regions",
    17: "clock skew",
    18: "waiting in a locker",
    19: "placeholder numbers",
    20: "state growth",
    21: "the buyer moved",
    22: "refunded or closed",
    23: "hub words about the future",
    24: "a silent feed",
}


def named() -> dict[int, list[str]]:
    """The tests of each trap, by the number in their name."""
    found: dict[int, list[str]] = {number: [] for number in TRAPS}
    for path in HERE.glob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE):
            if trap := re.match(r"test_trap_(\d\d)_", name):
                found[int(trap[1])].append(name)
    return found


@pytest.mark.parametrize("number", TRAPS, ids=[f"{n:02}-{what}" for n, what in TRAPS.items()])
def test_every_trap_has_its_test(number: int) -> None:
    """At least one test a trap, named `test_trap_NN_what`."""
    assert named()[number], f"no test of trap {number}: {TRAPS[number]}"


def test_no_test_hides_another() -> None:
    """Two tests of one name in one file: only the last would run."""
    for path in HERE.glob("test_*.py"):
        names = re.findall(r"^def (\w+)\(", path.read_text("utf-8"), re.MULTILINE)
        assert len(names) == len(set(names)), path.name


def test_the_list_is_complete() -> None:
    """Traps one to twenty-four."""
    assert list(TRAPS) == list(range(1, 25))
