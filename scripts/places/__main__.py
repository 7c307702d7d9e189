"""Writes the data of `streams/reference/places`, and the traditional forms that a test reads.

mkdir SOURCES; cd SOURCES
git clone https://github.com/yescallop/areacodes       # the standard, each year's edition
git clone https://github.com/mumuy/data_location       # the newest list, Taiwan's cities
git clone https://github.com/cn/GB2260                 # the ministry's and the statistics' lists
.venv/bin/pip install OpenCC==1.4.2 pypinyin==0.55.0
.venv/bin/python -m scripts.places SOURCES

What the sources don't decide is in `hand_codes.tsv` and `hand_names.tsv`, with its reason. A code
that is in neither stops the program, which names it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from scripts.places.editions import Editions
from scripts.places.spellings import Names, mark_shared, simplified, spellings, traditional

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DATA = ROOT / "streams" / "reference" / "places"
FORMS = ROOT / "tests" / "places" / "traditional.tsv"

_WRITTEN_WITH_NAMES = "省市区州盟县旗自治特别行政直辖级划"


def main(sources: Path) -> None:
    """Read the sources, write four tables."""
    editions = Editions(sources)
    cities = editions.cities({code: city for code, city, _ in _rows(HERE / "hand_codes.tsv")})
    newest = editions.newest()
    by_hand = {code: why for code, _, why in _rows(HERE / "hand_codes.tsv")}
    _write(
        DATA / "codes.tsv",
        ("code", "city", "name"),
        (
            (code, city, newest[code].name if code in newest else by_hand[code])
            for code, city in cities.items()
        ),
    )
    names = mark_shared(_with_hand(spellings(editions, cities, _islands(sources))), editions)
    _write(
        DATA / "names.tsv",
        ("code", "kind", "names"),
        ((code, kind, ", ".join(all_)) for (code, kind), all_ in names.items()),
    )
    chinese = ("name", "former", "short", "short_here", "county")
    written = [name for (_, kind), all_ in names.items() if kind in chinese for name in all_]
    chars = simplified(written, _WRITTEN_WITH_NAMES)
    _write(DATA / "simplified.tsv", ("traditional", "simplified"), chars.items())
    _write(
        FORMS,
        ("code", "name", "traditional"),
        (
            (code, name, form)
            for (code, kind), all_ in names.items()
            for name in (all_ if kind in chinese else ())
            for form in traditional(name)
            if form != name
        ),
    )


def _islands(sources: Path) -> dict[str, str]:
    """Taiwan's cities and counties: name without what stands in brackets behind it."""
    today = json.loads((sources / "data_location" / "list.json").read_text("utf-8"))
    return {
        code: name.partition("(")[0]
        for code, name in today.items()
        if code[:2] == "83" and code != "830000" and (code[4:] == "00" or code[2:4] == "90")
    }


def _with_hand(names: Names) -> Names:
    for code, kind, all_ in _rows(HERE / "hand_names.tsv"):
        of_kind = names.setdefault((code, kind), [])
        of_kind += [name for name in all_.split(", ") if name not in of_kind]
    return names


def _rows(file: Path) -> list[list[str]]:
    return [line.split("\t") for line in file.read_text("utf-8").splitlines()[1:]]


def _write(file: Path, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = "\n".join("\t".join(row) for row in (head, *rows))
    file.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
