"""The line of a field in a TOML file, however it is written."""

from __future__ import annotations

import tomllib

import pytest

from streams.texts.where import Field, line_of

TEXT = '''\
id = "a#b" # not [a] = header
table = { inner = "x,}", list = [1, 2,
  3], deeper = { last = 1 } }

["quoted.name".sub]
dotted.key = """
fake = 1
[fake]
"""
list = [ # of two
  "]", # a bracket

  { row = 2 },
]

[[rows]]
n = 1
[[rows]]
n = 2
[rows.sub]
at = 2026-07-09T00:00:00+08:00
'''


@pytest.mark.parametrize(
    ("field", "line"),
    [
        (("id",), 1),
        (("table", "inner"), 2),
        (("table", "list", 1), 2),
        (("table", "list", 2), 3),
        (("table", "deeper", "last"), 3),
        (("quoted.name", "sub"), 5),
        (("quoted.name", "sub", "dotted", "key"), 6),
        (("quoted.name", "sub", "list", 0), 11),
        (("quoted.name", "sub", "list", 1, "row"), 13),
        (("rows", 0), 16),
        (("rows", 0, "n"), 17),
        (("rows", 1, "n"), 19),
        (("rows", 1, "sub", "at"), 21),
        (("rows", 1, "missing"), 18),
        (("table", "missing"), 2),
        (("fake",), 1),
        ((), 1),
    ],
)
def test_the_line_of_the_deepest_part_that_is_there(field: Field, line: int) -> None:
    """Tables, dotted keys, arrays over several lines, strings that look like something else."""
    tomllib.loads(TEXT)
    assert line_of(TEXT, field) == line


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment"])
def test_an_empty_file_has_a_first_line(text: str) -> None:
    """Where a missing field is said to be."""
    assert line_of(text, ("id",)) == 1
