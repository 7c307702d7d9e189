"""Carriers and platforms that no table holds: how they are counted and said."""

from __future__ import annotations

import logging

import pytest

from streams.decode.names import BUILT_IN, Names
from streams.tables.unknown_names import MOST_SHOWN, OFTEN, UnknownNames
from streams.telemetry.counts import Counts
from streams.telemetry.metrics import UNKNOWN_NAMES


def counted(names: Names, *chunks: list[str | None]) -> dict[tuple[str, ...], int]:
    """What is counted of the carriers of chunks, by label values."""
    counts = Counts()
    unknown = UnknownNames(names)
    for chunk in chunks:
        for code in chunk:
            names.carrier(code or "")
        unknown.note("carrier", chunk, counts)
    return {
        labels: number for (metric, labels), number in counts.items() if metric is UNKNOWN_NAMES
    }


def fresh() -> Names:
    """A table of one carrier."""
    return Names({"zto": "zto"}, {})


def test_what_is_known_counts_nothing() -> None:
    """No name of the tables, and no absent one."""
    assert counted(BUILT_IN, ["zto", "sf", None, ""]) == {}


def test_a_name_that_comes_often_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """Until then it is one of the rest; the log has one line, however often it comes again."""
    with caplog.at_level(logging.WARNING):
        found = counted(fresh(), ["lorry"] * (OFTEN - 1), ["lorry", "zto"], ["lorry"] * 5)
    assert found == {("carrier", "other"): OFTEN - 1, ("carrier", "lorry"): 6}
    assert [record.getMessage() for record in caplog.records] == [
        "no table of aliases holds the carrier lorry"
    ]


def test_ids_are_never_labels() -> None:
    """A number in the wrong column, or a text too long for a name, is one of the rest."""
    odd: list[str | None] = [code for code in ("78123456789012", "x" * 41) for _ in range(OFTEN)]
    assert counted(fresh(), odd) == {("carrier", "other"): 2 * OFTEN}


def test_labels_have_a_bound() -> None:
    """So many names have one of their own, whoever comes after is one of the rest."""
    many: list[str | None] = [
        f"van {chr(97 + n)}" for n in range(MOST_SHOWN + 3) for _ in range(OFTEN)
    ]
    found = counted(fresh(), many)
    assert len(found) == MOST_SHOWN + 1
    assert found["carrier", "other"] == 3 * OFTEN
