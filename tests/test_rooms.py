"""The picture of how the folders import each other (docs/pictures/rooms.svg) and what draws it."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from test_imports import HEAVY, ROOMS, dotted

from scripts.rooms.__main__ import FILE
from scripts.rooms.imports import OUTSIDE, ROOT, House
from scripts.rooms.picture import WIDTH, drawn

SVG = "{http://www.w3.org/2000/svg}"


def house(root: Path, **sources: str) -> House:
    """The house of sources by module: `streams__a__b` is streams/a/b.py."""
    (root / "schemas").mkdir()
    for name, source in sources.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return House.found(root)


@cache
def ours() -> House:
    """The house as it is."""
    return House.found(ROOT)


def boxes(picture: str) -> dict[str, tuple[int, int, int, str]]:
    """Left, top, width and kind of each box, by the name in it."""
    root = ET.fromstring(picture)  # noqa: S314 - our own
    names = [text.text or "" for text in root.iter(f"{SVG}text") if text.get("class") == "name"]
    found = [
        (
            int(box.get("x", "")),
            int(box.get("y", "")),
            int(box.get("width", "")),
            box.get("class", ""),
        )
        for box in root.iter(f"{SVG}rect")
    ]
    return dict(zip(names, found, strict=False))  # those of the legend come last, without names


def test_the_picture_shows_the_code_as_it_is() -> None:
    """Whoever adds a module or an import draws it again."""
    assert FILE.read_text(encoding="utf-8") == drawn(ours()), (
        "the picture is old: run .venv/bin/python -m scripts.rooms"
    )


def test_its_rooms_are_those_that_have_rules() -> None:
    """What is drawn is what tests/test_imports.py says of each room."""
    found = ours()
    assert set(found.modules) == {dotted(room) for room in ROOMS}
    assert found.files == {dotted(room) for room in ROOMS if room.endswith(".py")}
    assert OUTSIDE == HEAVY


def test_each_box_is_above_what_it_imports() -> None:
    """In the real picture: boxes lie apart, inside of it, and each room is over those it needs."""
    found = ours()
    shown = boxes(FILE.read_text(encoding="utf-8"))
    names = {
        room: room.removeprefix("streams.").replace(".", "/") + ".py" * (room in found.files)
        for room in found.modules
    }
    assert set(shown) == set(names.values())
    for room, below in found.imports.items():
        assert all(shown[names[room]][1] < shown[names[each]][1] for each in below)
    for (left, top, width, _), (other, beside, _, _) in combinations(sorted(shown.values()), 2):
        assert top != beside or left + width < other
    assert all(left >= 0 and left + width <= WIDTH for left, _, width, _ in shown.values())


def test_an_arrow_is_left_out_where_another_way_leads(tmp_path: Path) -> None:
    """a imports b and c, b imports c: the arrow from a to c says nothing more."""
    found = house(
        tmp_path,
        streams__a__one="from streams.b import two\nimport streams.c.three",
        streams__b__two="from streams.c.three import name",
        streams__c__three="name = 1",
        streams__c__four="from streams.c import three",
    )
    assert found.imports["streams.a"] == {"streams.b", "streams.c"}
    assert found.arrows == {"streams.a": ["streams.b"], "streams.b": ["streams.c"], "streams.c": []}
    assert found.floors == {"streams.a": 2, "streams.b": 1, "streams.c": 0}
    assert found.modules == {"streams.a": 1, "streams.b": 1, "streams.c": 2}


def test_a_floor_is_the_longest_way_down(tmp_path: Path) -> None:
    """d imports a alone but stands above all that a needs; what needs nothing is at the bottom."""
    found = house(
        tmp_path,
        streams__d__x="import streams.a.x",
        streams__a__x="import streams.b.x, streams.c.x",
        streams__b__x="import streams.c.x",
        streams__c__x="",
        streams__alone__x="",
    )
    assert [found.floors[f"streams.{room}"] for room in ("d", "a", "b", "c", "alone")] == [
        3, 2, 1, 0, 0,
    ]  # fmt: skip
    assert set(boxes(drawn(found))) == {"a", "b", "c", "d", "alone"}


@pytest.mark.parametrize(
    "source",
    [
        "from streams.b import x",
        "from streams.b.x import name",
        "from ..b import x",
        "from .. import b",
        "import streams.b.x as y",
        "def later():\n    import streams.b.x",
        "if TYPE_CHECKING:\n    from streams.b.x import name",
    ],
)
def test_every_form_of_import_is_seen(source: str, tmp_path: Path) -> None:
    """Also inside of functions, relative ones, and those for types alone."""
    found = house(tmp_path, streams__a__x=source, streams__b__x="name = 1")
    assert found.arrows["streams.a"] == ["streams.b"]


def test_what_is_free_of_kafka_has_another_colour(tmp_path: Path) -> None:
    """A room is tied by its own import and by one of what it imports, not by who imports it."""
    found = house(
        tmp_path,
        streams__a__x="import streams.b.x, streams.d.x",
        streams__b__x="from confluent_kafka import Consumer",
        streams__d__x="import json",
    )
    assert found.pure == {"streams.d"}
    kinds = {name: kind for name, (_, _, _, kind) in boxes(drawn(found)).items()}
    assert kinds == {"a": "tied", "b": "tied", "d": "pure"}


def test_a_circle_is_refused_with_its_rooms(tmp_path: Path) -> None:
    """Where rooms import each other there is no above and below."""
    found = house(
        tmp_path,
        streams__a__x="import streams.b.x",
        streams__b__x="import streams.a.x",
        streams__c__x="",
    )
    with pytest.raises(ValueError, match=re.escape("['streams.a', 'streams.b']")):
        drawn(found)


def test_an_import_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """A module that is gone, or a name of a folder that holds only folders."""
    with pytest.raises(ValueError, match=r"x\.py imports streams\.gone\.y, which is in none of"):
        house(tmp_path, streams__a__x="import streams.gone.y")


def test_a_floor_that_is_too_full_is_refused(tmp_path: Path) -> None:
    """Twelve rooms side by side do not fit into 900 pixels."""
    with pytest.raises(ValueError, match="have no room within 960"):
        drawn(house(tmp_path, **{f"streams__room{n}__x": "" for n in range(12)}))
