"""Every page can be read in a terminal, and its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"

CELL = 120
"""Columns of a terminal that a table's cell may take."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^\s)>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


class Page(NamedTuple):
    """A page taken apart: prose without its code blocks, the blocks, headings as (level, text)."""

    prose: tuple[tuple[int, str], ...]
    blocks: tuple[str, ...]
    headings: tuple[tuple[int, str], ...]


def parsed(text: str) -> Page:
    """A page's prose with line numbers, fenced blocks (the language first), and headings."""
    prose: list[tuple[int, str]] = []
    blocks: list[str] = []
    headings: list[tuple[int, str]] = []
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.fullmatch(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            else:
                blocks[-1] += f"{line}\n"
        elif mark:
            fence = mark[1]
            blocks.append(f"{mark[2].strip()}\n")
        else:
            prose.append((number, line))
            if heading := _HEADING.fullmatch(line):
                headings.append((len(heading[1]), heading[2]))
    return Page(tuple(prose), tuple(blocks), tuple(headings))


@cache
def page(path: Path) -> Page:
    """A tracked page, taken apart."""
    return parsed(path.read_text(encoding="utf-8"))


def cells(line: str) -> list[str]:
    """The cells of a table's row: a `|` with a backslash before it is a character of its cell."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def wide_cells(found: Page) -> list[tuple[int, int]]:
    """Line and width of each table cell that is too wide."""
    return [
        (number, columns(cell))
        for number, line in found.prose
        if line.lstrip().startswith("|")
        for cell in cells(line)
        if columns(cell) > CELL
    ]


def anchors(found: Page) -> set[str]:
    """What a link to a heading may name after its `#`, as GitHub makes it."""
    seen: Counter[str] = Counter()
    made = set()
    for _, heading in found.headings:
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        made.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return made


def links(found: Page) -> Iterator[str]:
    """The targets of all links and pictures that are not addresses elsewhere."""
    text = _CODE.sub("", "\n".join(line for _, line in found.prose))
    for target in _LINK.findall(text):
        if not re.match(r"[a-z][a-z0-9+.-]*:", target):
            yield target


def broken(path: Path, found: Page) -> list[str]:
    """The links of a page at a path that lead to no file, or to no heading of it."""
    wrong = []
    for target in links(found):
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if (
            not file.is_relative_to(ROOT)
            or not file.exists()
            or (anchor and anchor not in anchors(found if file == path else page(file)))
        ):
            wrong.append(target)
    return wrong


def tracked() -> list[Path]:
    """Every Markdown file of the project."""
    git = ["git", "ls-files", "*.md"]
    names = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.splitlines() if (path := ROOT / name).exists()]


PAGES = tracked()
EVERY = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def test_pages_are_found() -> None:
    """In all rooms, not only at the top."""
    assert {README, CHINESE, ROOT / "docs" / "rules.md"} <= set(PAGES)
    assert len(PAGES) > 70


@EVERY
def test_no_table_has_a_wide_cell(path: Path) -> None:
    """A row that wraps cannot be read in a terminal or a diff: make a list of it."""
    assert wide_cells(page(path)) == []


@EVERY
def test_links_lead_to_files_and_headings_that_there_are(path: Path) -> None:
    """Those within the project; nobody is asked for the others."""
    assert broken(path, page(path)) == []


def test_the_readme_can_be_read_in_two_minutes() -> None:
    """At most 120 lines of at most 100 columns."""
    lines = README.read_text(encoding="utf-8").splitlines()
    assert [(n, columns(line)) for n, line in enumerate(lines, 1) if columns(line) > 100] == []
    assert len(lines) <= 120


@pytest.mark.parametrize("path", [README, CHINESE], ids=lambda path: path.name)
def test_the_first_two_blocks_are_the_demo_and_the_tests(path: Path) -> None:
    """Each command alone in its block, to be copied as a whole."""
    shell = [block for block in page(path).blocks if block.startswith("sh\n")]
    assert shell[:2] == ["sh\nscripts/demo\n", "sh\nscripts/test\n"]


def test_both_readmes_have_the_same_chapters_code_rules_and_links() -> None:
    """What one says the other says; each leads to the other at its top."""
    english, chinese = page(README), page(CHINESE)
    assert [level for level, _ in english.headings] == [level for level, _ in chinese.headings]
    assert english.blocks == chinese.blocks
    rules = [
        [cells(line)[0] for _, line in each.prose if line.startswith("| `")]
        for each in (english, chinese)
    ]
    assert rules[0] == rules[1] != []
    there, here = list(links(english)), list(links(chinese))
    assert (there[0], here[0]) == (CHINESE.name, README.name)
    assert Counter(there[1:]) == Counter(here[1:])


SAMPLE = """# One `two` [three](a.md)
| a\\|b | {wide} |
```text
| {wide} |
[gone](gone.md)
# no heading
```
## Again
### Again
A [good](#again-1) and a [bad](#again-2), `[no](link.md)`, [out](https://a.example/),
[up](../a).
"""


@pytest.mark.parametrize(
    ("cell", "found"),
    [("x" * CELL, []), ("x" * (CELL + 1), [(2, CELL + 1)]), ("货" * 61, [(2, 122)])],
)
def test_a_wide_cell_is_seen(cell: str, found: list[tuple[int, int]]) -> None:
    """At the limit and beyond, by columns, in tables only."""
    assert wide_cells(parsed(SAMPLE.format(wide=cell))) == found


def test_broken_links_are_seen() -> None:
    """Of files, of headings, out of the project; not those in code."""
    assert broken(README, parsed(SAMPLE)) == ["a.md", "#again-2", "../a"]


def test_headings_are_named_as_github_names_them() -> None:
    """Without marks, blanks as hyphens, counted where they come again."""
    assert anchors(parsed(SAMPLE)) == {"one-two-three", "again", "again-1"}
