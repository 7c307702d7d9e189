"""What if: saved comparisons as pages, from whatever file somebody put there."""

from __future__ import annotations

import json
import os
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from support.builders import HOUR, LATER, UPLOADED, order, picked_up, upload
from support.comparisons import change, comparison, content, side
from support.console import HOSTILE, Clock, signed_in
from support.desk import an_id, put, shops, warned

from streams.cli.replay import replay
from streams.desk.access.who import Role
from streams.desk.console import compared
from streams.desk.console.pages import what_if
from streams.desk.database.database import Database

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def clock() -> Clock:
    """Noon."""
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where comparisons are put."""
    path = tmp_path / "what-if"
    path.mkdir()
    return path


@pytest.fixture
def viewer(sqlite: Database, clock: Clock, folder: Path) -> TestClient:
    """Somebody who may look, at every shop."""
    return signed_in(sqlite, clock, Role.viewer, comparisons=folder)


def keep(folder: Path, value: object, name: str = "mine.json") -> str:
    """Save one, and its page's address."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    (folder / name).write_bytes(body)
    return f"/what-if/{quote(name)}"


def rows_of(page: str) -> list[str]:
    """The orders of the changes that a page lists."""
    return re.findall(r'class="mono">(?:<a [^>]*>)?(order-[^<]*)<', page)


def test_what_a_replay_wrote_is_a_page(
    viewer: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command's own file: sums by rule, platform and shop add up, and each change is there."""
    for name in [each for each in os.environ if each.startswith("SHIPSENTRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    paid = {"platform": "tmall", "amount_paid": 20_000, "currency": "CNY"}
    orders = [order("1", shop_id="s-1", **paid), order("2", shop_id="s-2", **paid)]
    tracks = [
        message
        for n in ("1", "2")
        for message in (
            upload(n, number=f"7812345678901{n}"),
            picked_up(UPLOADED + 50 * HOUR, number=f"7812345678901{n}"),
        )
    ]
    for name, messages in (("o.jsonl", orders), ("t.jsonl", tracks)):
        (folder / name).write_text("".join(json.dumps(each) + "\n" for each in messages))
    until = LATER.isoformat()
    done = CliRunner().invoke(
        replay,
        ["--orders", "o.jsonl", "--tracking", "t.jsonl", "--until", until, "--diff",
         "brief-2023", "--out", "by brief.json"],
        catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    (file,) = compared.saved(folder)
    found = compared.read(file)
    for each in found.outcomes:
        for groups in (each.rules, each.platforms, each.shops):
            assert sum(group.warnings for group in groups) == each.warnings
            assert sum(group.at_risk.strikes for group in groups) == each.at_risk.strikes
    assert {(one.platform, one.shop_id) for one in found.outcomes[0].shops} == {
        ("tmall", "s-1"),
        ("tmall", "s-2"),
    }
    assert all(one.warning_id and one.exposure for each in found.changes for one in each.contents)
    assert "by brief.json" in viewer.get("/what-if").text
    page = viewer.get("/what-if/by%20brief.json").text
    for text in ("as-dated → brief-2023", "Number uploaded, no pickup", "By shop", "s-2 · Tmall"):
        assert text in page


def test_changes_are_narrowed_counted_and_linked(
    sqlite: Database, viewer: TestClient, folder: Path
) -> None:
    """By each dimension and by a text, page by page; what the desk knows has a link."""
    put(sqlite, [warned("a", shop_id="s-1")])
    path = keep(
        folder,
        comparison(
            change("a", "lose"),
            change("b", "gain", rule="recalled"),
            change("c", "change", "s-2"),
            *(change(n, shop_id="s-3") for n in range(what_if.ROWS)),
        ),
    )
    page = viewer.get(path).text
    assert f"{what_if.ROWS + 3} orders change" in page
    for label, n in (("appears", what_if.ROWS + 1), ("vanishes", 1), ("s-2", 1), ("s-3", 100)):
        assert f">{label} ({n})<" in page
    assert len(rows_of(page)) == what_if.ROWS
    rest = re.search(r'class="next" href="([^"]+)"', page)
    assert rest is not None
    assert rows_of(viewer.get(unescape(rest[1])).text) == ["order-97", "order-98", "order-99"]
    for query, names in (
        ("kind=lose", ["order-a"]),
        ("kind=gain&shop_id=s-1", ["order-b"]),
        ("rule=recalled", ["order-b"]),
        ("shop_id=s-2", ["order-c"]),
        ("platform=douyin", []),
        ("q=ORDER-C", ["order-c"]),
        ("q=7899", ["order-99"]),
        ("from=nonsense&q=order-a", ["order-a"]),
    ):
        assert rows_of(viewer.get(f"{path}?{query}").text) == names, query
    page = viewer.get(f"{path}?kind=lose").text
    assert f'href="/warnings/{an_id("a")}"' in page
    assert 'href="/parcels/zto%3A78a"' in page
    assert "/warnings/" + an_id("c") not in viewer.get(f"{path}?shop_id=s-2").text
    assert "CNY 5.00–10.50" in page


def test_a_shops_user_sees_nothing_of_other_shops(
    sqlite: Database, clock: Clock, folder: Path
) -> None:
    """No change, no sum, no count, and no link: neither by asking for it nor in all."""
    put(sqlite, [warned("b", shop_id="s-2")])
    both = change("d", "change")
    both["before"]["shop_id"] = "s-2"
    nobody = change("e")
    nobody["after"]["shop_id"] = None
    empty = change("h", before=None, after=None)
    lies = change("f")
    lies["after"]["warning_id"] = an_id("b")
    listed = [change("a"), change("b", shop_id="s-2"), both, nobody, empty, lies]
    elsewhere = change("g")
    elsewhere["after"]["platform"] = "douyin"
    path = keep(folder, comparison(*listed, elsewhere))
    client = signed_in(sqlite, clock, Role.admin, shops("tmall/s-1"), comparisons=folder)
    for query in ("", "?shop_id=s-2", "?q=order-b", "?shop_id=%28none%29"):
        page = client.get(path + query).text
        assert set(rows_of(page)) <= {"order-a", "order-f"}, query
        for hidden in (
            "78b",
            "order-d",
            "order-e",
            "order-g",
            an_id("b"),
            "s-2 ·",
            "In all",
            "By risk",
        ):
            assert hidden not in page, (query, hidden)
    page = client.get(path).text
    assert "2 orders change" in page
    assert "s-1 · Tmall" in page
    assert "CNY 1.00–4.00" in page


HUGE = "9" * 400
WRONG: list[tuple[bytes | dict[str, Any], str]] = [
    (b"", "it is no JSON"),
    (b"PK\x03\x04\x00\xff", "it is no JSON"),
    (b"\xff\xfe{}", "it is no JSON"),
    (b"[" * 200_000 + b"]" * 200_000, "Expected `object`, got `array`"),
    (b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deep"),
    (b'{"until": "2026', "it is no JSON"),
    (b"[]", "Expected `object`, got `array`"),
    ({}, "missing required field `until`"),
    (comparison(until="yesterday"), "Invalid RFC3339"),
    (comparison(until="2026-11-21T04:00:00"), "timezone"),
    (comparison(sides=[]), "$.sides"),
    (comparison(sides=[side("a", {})] * 3), "$.sides"),
    (comparison(change("a", order_id="x\0y")), "$.changes[0].order_id"),
    (comparison(change("a", order_id="x" * 513)), "$.changes[0].order_id"),
    (comparison(change("a", change=HOSTILE)), "$.changes[0].change"),
    (comparison(change("a", before=content("a", warning_id="../x"))), "warning_id"),
    (comparison(change("a", before=content("a", exposure={"kind": "x", "least": -1}))), "least"),
    (json.dumps(comparison()).replace('"strikes": 7', f'"strikes": {HUGE}').encode(), "strikes"),
    (json.dumps(comparison()).replace('"strikes": 7', '"strikes": NaN').encode(), "no JSON"),
    (json.dumps(comparison(change("a"))).replace("order-a", "\\ud800").encode(), "no JSON"),
]


def test_what_is_no_comparison_is_refused_with_a_sentence(viewer: TestClient, folder: Path) -> None:
    """A page that names file and reason; nothing of it is run, and the desk goes on."""
    viewer.headers.pop("HX-Request")
    for number, (body, words) in enumerate(WRONG):
        answer = viewer.get(keep(folder, body, f"{number}.json"))
        assert answer.status_code == 422, number
        said = unescape(answer.text)
        assert f"“{number}.json” is not shown" in said
        assert words in said, number
        assert "<script>alert" not in answer.text
    assert viewer.get(keep(folder, comparison())).status_code == 200


def test_a_file_of_an_older_release_is_shown_without(
    sqlite: Database, viewer: TestClient, clock: Clock, folder: Path
) -> None:
    """As 0.1.0 wrote it: no groups, no shops, no ids. Who may see some shops sees no change."""
    old = comparison(change("a"))
    for each in old["sides"]:
        for name in ("rules", "platforms", "shops"):
            del each[name]
    for name in ("warning_id", "platform", "shop_id", "exposure"):
        del old["changes"][0]["after"][name]
    path = keep(folder, old)
    page = viewer.get(path).text
    assert rows_of(page) == ["order-a"]
    assert "In all" in page
    mine = signed_in(sqlite, clock, Role.admin, shops("*/s-1"), comparisons=folder)
    assert rows_of(mine.get(path).text) == []


def test_a_file_that_is_too_large_is_not_read(
    viewer: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte more than allowed; as many are shown."""
    viewer.headers.pop("HX-Request")
    body = json.dumps(comparison(change("a"))).encode()
    monkeypatch.setattr(compared, "MOST_BYTES", len(body))
    assert viewer.get(keep(folder, body)).status_code == 200
    answer = viewer.get(keep(folder, body + b" "))
    assert answer.status_code == 422
    assert "larger than 0 MiB" in answer.text


def test_only_files_of_the_folder_are_read(viewer: TestClient, folder: Path) -> None:
    """Whatever an address names; the newest first, and no more than are allowed."""
    keep(folder.parent, comparison(), "outside.json")
    keep(folder, comparison(), "notes.txt")
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    for name in ("..%2Foutside.json", "outside.json", "notes.txt", "folder.json", "pipe.json"):
        assert viewer.get(f"/what-if/{name}").status_code == 404, name
    for n in range(3):
        keep(folder, comparison(), f"{n}.json")
        os.utime(folder / f"{n}.json", (n, n))
    page = viewer.get("/what-if").text
    assert re.findall(r">(\d\.json)<", page) == ["2.json", "1.json", "0.json"]
    assert "pipe.json" not in page


def test_there_may_be_none(sqlite: Database, clock: Clock, folder: Path) -> None:
    """No folder, and a folder that is a file: a sentence says so."""
    client = signed_in(sqlite, clock, Role.viewer, comparisons=folder / "none")
    assert "No comparison is saved" in client.get("/what-if").text
    (folder / "none").write_text("")
    answer = client.get("/what-if")
    assert answer.status_code == 503
    assert "cannot be read" in answer.json()["detail"]


def test_hostile_texts_of_a_file_are_text(viewer: TestClient, folder: Path) -> None:
    """Every field that a page shows, its name too."""
    hostile = HOSTILE.replace("/", "")
    strange = content("a", HOSTILE, state=HOSTILE, severity=HOSTILE, platform=HOSTILE,
                      profile=HOSTILE, exposure={"kind": "compensation", "currency": HOSTILE,
                                                 "least": 1, "most": 2})  # fmt: skip
    each = side(HOSTILE, {HOSTILE: 3})
    each["rules"][0]["rule"] = each["platforms"][0]["platform"] = HOSTILE
    each["at_risk"]["money"][0]["currency"] = HOSTILE
    value = comparison(
        change("a", "change", order_id=HOSTILE, rule=HOSTILE, stage=HOSTILE, carrier=HOSTILE,
               tracking_number=HOSTILE, before=strange, after=strange),
        sides=[each, each],
    )  # fmt: skip
    path = keep(folder, value, f"{hostile}.json")
    for asked in ("/what-if", path, f"{path}?kind={quote(HOSTILE)}&q={quote(HOSTILE)}"):
        answer = viewer.get(asked)
        assert answer.status_code == 200
        assert "alert(1)" in answer.text
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
