"""Shops of two platforms may have one id: who may see the one finds nothing of the other."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy import select
from support.desk import LARGE, NOON, an_id, put, reads, shops, take, warned

from streams.cli.group import main
from streams.decode.names import BUILT_IN
from streams.desk.access import secrets, tokens, users
from streams.desk.access.who import Role, Who, shop_named
from streams.desk.api import events
from streams.desk.api.app import make_app, served
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.console.queries import strikes
from streams.desk.console.queries.lanes import seen
from streams.desk.database import migrate, tables
from streams.desk.database.database import Database
from streams.desk.intake.messages import checkpoint, order_version, product_day, shop_day
from streams.desk.intake.write import write
from streams.facts.times import DAY, HOUR, iso
from streams.profiles.loader import load

PROFILES = load()
PASSWORD = "correct horse battery"  # noqa: S105 - of a test
MARKS = {"douyin": "dyx", "taobao": "tbx"}
"""What is in every name of each platform's shop s-1, and in no other word."""
SHARED = "78SHARED"
"""A number that both have used."""
ENDLESS = ("/api/v1/events",)


@pytest.fixture
def both(database: Database) -> Database:
    """Warnings, orders, parcels, days and products of two shops that are called the same."""
    now = NOON + HOUR
    facts = []
    day = {"shop_id": "s-1", "day": "2026-11-20", "revision": 1, "detected_at": iso(NOON)}
    for platform, mark in MARKS.items():
        said = {"platform": platform, "shop_id": "s-1"}
        order = {**said, "order_id": f"o-{mark}", "paid_at": iso(NOON), "amount_paid": 100,
                 "currency": "CNY"}  # fmt: skip
        facts.append(
            order_version(json.dumps(order).encode(), None, now, now, 0, 0, LARGE, BUILT_IN)
        )
        for number in (f"78{mark}", SHARED):
            for hours, status in enumerate(("ordered", "picked_up")):
                update = {**said, "carrier": "zto", "tracking_number": number, "status": status,
                          "occurred_at": iso(NOON + hours * HOUR),
                          "order_ids": [f"o-{mark}"]}  # fmt: skip
                facts.append(checkpoint(json.dumps(update).encode(), now, 0, 0, LARGE, BUILT_IN))
        rates = {"profile": f"p-{mark}", "rates": {"late": 1, "unshipped": 1, "abnormal": 1}}
        counts = dict.fromkeys(("due", "late", "unshipped", "shipped", "abnormal"), 1)
        facts.append(
            shop_day(json.dumps({**said, **day, **rates, "counts": counts}).encode(), LARGE)
        )
        product = {**said, **day, "product_id": f"g-{mark}", "profile": "p",
                   "counts": {"due": 1, "late": 1}, "rates": {"late": 1}}  # fmt: skip
        facts.append(product_day(json.dumps(product).encode(), LARGE))
        stock = {**said, **day, "day": None, "product_id": f"g-{mark}", "unshipped": 3,
                 "available": 1, "level_at": iso(NOON), "short_by": 2, "short_since": iso(NOON),
                 "short_orders": [{"order_id": f"o-{mark}", "pieces": 2,
                                   "promised_ship_by": None}]}  # fmt: skip
        facts.append(product_day(json.dumps(stock).encode(), LARGE))
    taken = take(database, partition=5)
    with database.writing() as connection:
        write(connection, reads(facts, 0, 5), [(taken, 0, len(facts))], now)
    put(
        database,
        [
            warned(
                f"{mark} {state}",
                state=state,
                platform=platform,
                shop_id="s-1",
                tracking_number=f"78{mark}".upper(),
                order_ids=[f"o-{mark}"],
                profile=f"p-{mark}",
            )
            for platform, mark in MARKS.items()
            for state in ("open", "breached", "resolved")
        ],
    )
    return database


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords as argon2id, but of a kind that takes no time."""
    monkeypatch.setattr(secrets, "HASHER", PasswordHasher(1, 8, 1))


def client_of(database: Database, *limits: str) -> TestClient:
    """A browser of an operator who may see these shops, before a desk with its console."""
    desk = Desk(database, lambda: NOON + DAY)
    app = make_app(desk, [partial(install, console=Console(PROFILES))])
    client = TestClient(app, "http://localhost", follow_redirects=False)
    name = "-".join(each.replace("*", "all").replace("/", ".") for each in limits)
    users.add(database, name, PASSWORD, Role.operator, shops(*limits), NOON)
    session = users.sign_in(database, name, PASSWORD, "127.0.0.1", NOON + DAY, DAY)
    assert session is not None
    client.cookies.set(users.COOKIE, session.secret)
    client.headers |= {"X-CSRF-Token": session.csrf, "HX-Request": "true"}
    return client


def addresses(client: TestClient, mark: str) -> dict[str, str]:
    """All that can be looked at, by the table of routes, with the names of one shop."""
    names = {
        "{warning_id}": an_id(f"{mark} breached"),
        "{carrier}/{tracking_number:path}": f"zto/78{mark.upper()}",
        "{key:path}": f"zto:78{mark.upper()}",
        "{order_id:path}": f"o-{mark}",
    }
    found = {}
    for route in served(client.app.routes):
        path = route.path  # type: ignore[attr-defined]
        if "GET" in route.methods and path not in ENDLESS:  # type: ignore[attr-defined]
            filled = path
            for name, value in names.items():
                filled = filled.replace(name, value)
            found[path] = filled
    return found


def told(client: TestClient, path: str) -> str:
    """All that an answer says, what is packed in it too."""
    answer = client.get(path)
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def test_a_platforms_shop_is_apart_from_its_namesake(both: Database) -> None:
    """On every page, in every answer of the API and in every export, by the table of routes."""
    (mine, its), (other, theirs) = MARKS.items()
    client, everywhere = client_of(both, f"{mine}/s-1"), client_of(both, "*/s-1")
    shown = set()
    for route, path in addresses(client, its).items():
        asked = f"{path}?platform={mine}&shop_id=s-1&tab=all&carrier=zto&number={SHARED}"
        for each in {path, asked, path.replace(f"78{its.upper()}", SHARED)}:
            text = told(client, each).lower()
            assert theirs not in text, each
            shown |= {route} if its in text else set()
    assert shown >= {
        "/warnings", "/warnings/{warning_id}", "/warnings/{warning_id}/evidence.zip",
        "/parcels/{key:path}", "/orders/{order_id:path}", "/products", "/export.csv",
        "/export.xlsx", "/api/v1/warnings", "/api/v1/warnings/feed", "/api/v1/shops",
        "/api/v1/warnings/{warning_id}", "/api/v1/parcels/{carrier}/{tracking_number:path}",
        "/api/v1/orders/{order_id:path}", "/api/v1/products",
    }  # fmt: skip
    for route, path in addresses(client, theirs).items():
        if "{" in route and "{name}" not in route and "{token}" not in route:
            assert client.get(path).status_code == 404, path
            assert everywhere.get(path).status_code == 200, path
    asked = f"/shops/one?platform={other}&shop_id=s-1"
    assert (client.get(asked).status_code, everywhere.get(asked).status_code) == (404, 200)
    counts = client.get("/api/v1/warnings/counts?state=any").json()
    assert (counts["total"], counts["by"]["platform"]) == (3, {mine: 3})
    assert client.get("/api/v1/me").json()["shops"] == [f"{mine}/s-1"]


def test_nothing_is_done_to_a_namesakes_warnings(both: Database) -> None:
    """Neither by their ids nor by a filter that names them."""
    client = client_of(both, "douyin/s-1")
    ids = [an_id(f"{mark} open") for mark in MARKS.values()]
    sent = {"warning_ids": ids, "kind": "acknowledge"}
    answer = client.post("/api/v1/actions", json=sent)
    assert answer.json() == {"done": ids[:1], "missing": ids[1:]}
    client.post("/act", data={"kind": "comment", "comment": "x", "id": ids})
    for query in ("tab=all", "tab=all&platform=taobao", "tab=all&shop_id=s-1"):
        client.post("/act", data={"kind": "known_to_platform", "all": "1", "query": query})
    with both.reading() as connection:
        done = connection.execute(select(tables.actions.c.warning_id, tables.actions.c.kind)).all()
    assert {row.kind for row in done} == {"acknowledge", "comment", "known_to_platform"}
    assert not {row.warning_id for row in done} & {
        an_id(f"tbx {state}") for state in ("open", "breached", "resolved")
    }


def test_streams_and_figures_are_of_one_platforms_shop(both: Database) -> None:
    """What is told as it changes; and carriers of a shop are those of its own parcels."""
    desk = Desk(both, lambda: NOON)
    for limits, mine, parcels in (
        (("douyin/s-1",), {"douyin"}, 2),
        (("*/s-1",), {"douyin", "taobao"}, 3),
        (("taobao/s-1", "douyin/s-2"), {"taobao"}, 2),
        (("tmall/s-1",), set(), 0),
        ((), set(), 0),
    ):
        rows = events._since(desk, 0, Who("w", Role.viewer, shops(*limits)))
        assert {row.platform for row in rows} == mine
        with both.reading() as connection:
            lanes = seen(connection, 0, NOON + DAY, shops(*limits)).lanes
            counted = strikes.of_shops(connection, 0, shops(*limits))
        assert sum(each.parcels for each in lanes.values()) == parcels
        assert {platform for platform, _ in counted} == mine


def test_a_limit_of_before_stays_as_wide_as_it_was(url: str) -> None:
    """An id alone was that of every platform; going back shows nobody more either."""
    database = Database(url)
    migrate.upgrade(database)
    migrate.downgrade(database, "0002")
    values = [("a", '["s-1", "x/y"]'), ("b", None), ("c", "[]")]
    with database.writing() as connection:
        for name, limit in values:
            row = {"name": name, "role": "viewer", "shops": limit, "made_at": NOON}
            connection.execute(tables.users.insert().values(password_hash="", **row))
            connection.execute(tables.tokens.insert().values(token_id=name, token_hash=name, **row))
    migrate.upgrade(database)
    with database.reading() as connection:
        for listed in (
            users.listed(connection),
            [each.who for each in tokens.listed(connection)],
        ):
            assert [each.shops for each in listed] == [shops("*/s-1", "*/x/y"), None, shops()]
    users.add(database, "d", PASSWORD, Role.viewer, shops("douyin/s-1", "*/s-2"), NOON)
    migrate.downgrade(database, "0002")
    with database.reading() as connection:
        found = connection.execute(
            select(tables.users.c.shops).order_by(tables.users.c.name)
        ).scalars()
        assert list(found) == ['["s-1", "x/y"]', None, "[]", '["s-2"]']
    database.close()


@pytest.mark.parametrize(
    ("written", "shop"),
    [
        ("douyin/s-1", "douyin/s-1"),
        ("抖音/s-1", "douyin/s-1"),
        ("DouYin/S-1", "douyin/S-1"),
        ("s-1", "*/s-1"),
        ("*/s-1", "*/s-1"),
        ("my-mall/a/b", "my-mall/a/b"),
    ],
)
def test_a_shop_is_written_with_any_name_of_its_platform(written: str, shop: str) -> None:
    """As records name it, so that the limit meets them."""
    assert str(shop_named(written, BUILT_IN)) == shop


@pytest.mark.parametrize("written", ["", "/s-1", "douyin/", "/", "douyin/ "])
def test_half_a_shop_is_refused(written: str) -> None:
    """It would be another one than was meant."""
    with pytest.raises(ValueError, match="PLATFORM/SHOP"):
        shop_named(written, BUILT_IN)


def test_limits_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator reads on which platforms an id is meant."""
    monkeypatch.setenv("SHIPSENTRY_DATA_DIR", str(tmp_path))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["desk", "user", *arguments], input=PASSWORD)
        return done.exit_code, done.stdout + done.stderr

    limits = ("--shop", "s-1", "--shop", "淘宝/s-2")
    code, said = run("add", "li", *limits, "--password-stdin")
    assert (code, "made: li  viewer  */s-1, taobao/s-2\n" in said) == (0, True)
    code, said = run("list")
    assert (code, "li  viewer  */s-1, taobao/s-2\n" in said) == (0, True)
    code, said = run("add", "wang", "--shop", "/s-1")
    assert (code, "'/s-1' is no shop" in said) == (2, True)
