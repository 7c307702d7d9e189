"""What somebody might try on the console: texts that run, forged forms, formulas, other shops."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from support.console import HOSTILE, PASSWORD, Clock, client_of, sign_in, signed_in
from support.desk import LARGE, NOON, an_id, put, reads, shops, take, warned

from streams.desk.access import users
from streams.desk.access.who import Role
from streams.desk.actions.perform import Act, perform
from streams.desk.api.app import served
from streams.desk.api.guard import CSRF_HEADER, access_of
from streams.desk.console.pages.exports import COLUMNS
from streams.desk.database.database import Database, add
from streams.desk.database.tables import actions, checkpoints, links, order_versions
from streams.desk.intake.messages import Unreadable, product_day, shop_day
from streams.desk.intake.write import write
from streams.facts.times import DAY, HOUR, iso

pytestmark = pytest.mark.usefixtures("quick_hashes")

SAFE = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture
def clock() -> Clock:
    """Noon, until moved."""
    return Clock()


def changing(client: TestClient) -> list[tuple[str, APIRoute]]:
    """Every route that changes something, by its method, from the table of routes."""
    app: Any = client.app
    found = [
        (method, route)
        for route in served(app.routes)
        if isinstance(route, APIRoute)
        for method in sorted(route.methods - SAFE)
    ]
    assert {route.path for _, route in found} >= {"/act", "/views", "/look", "/api/v1/actions"}
    return found


def tracked(database: Database, text: str) -> None:
    """An order and its parcel, all of whose texts are this one, and days of its shop."""
    key = f"zto:{text}"
    place = {"partition": 0, "offset": 1}
    record = {
        **place, "parcel": key, "digest": 1, "voided": False, "at": NOON - HOUR, "next": text,
        "status": "ordered", "estimated": False, "province": text, "city": text, "platform": text,
        "shop_id": text, "order_ids": json.dumps([text]),
    }  # fmt: skip
    stated = {"partial": False, "platform": text, "shop_id": text, "paid_at": NOON - DAY,
              "amount_paid": 1, "currency": text, "parcels_expected": text}  # fmt: skip
    version = {**place, "order_id": text, "digest": 1, "updated_at": NOON,
               "stated": json.dumps(stated)}  # fmt: skip
    line = {"name": text, "distance": 1, "crossed": False, "threshold": {
        "comparator": "gt", "basis_points": 1_000, "least": 20, "days": 1,
        "counting": "late"}, "orders": "late", "among": "due"}  # fmt: skip
    window = {**line, "first_day": "2026-11-01", "last_day": "2026-11-20", "rate": 1_000,
              "counts": {"orders": 1, "among": 10}, "few": {"up_to": 10, "count": 3},
              "consequence": {"zh": text, "en": text}}  # fmt: skip
    day = {
        "platform": text, "shop_id": text, "day": "2026-11-20", "revision": 1,
        "detected_at": iso(NOON), "profile": text,
        "counts": dict.fromkeys(("due", "late", "unshipped", "shipped", "abnormal"), 1),
        "rates": dict.fromkeys(("late", "unshipped", "abnormal"), 1), "lines": [line],
        "windows": [window],
    }  # fmt: skip
    product = {name: value for name, value in day.items() if name not in ("counts", "rates")}
    product |= {"product_id": text, "counts": {"due": 1, "late": 1}, "rates": {"late": 1}}
    moved = {**record, "digest": 2, "status": "hub", "at": NOON - HOUR // 2}
    with database.writing() as connection:
        add(connection, checkpoints, [record, moved])
        add(connection, order_versions, [version])
        add(connection, links, [{"order_id": text, "parcel": key, "at": NOON}])
    taken = take(database, "days", 3)
    found = [
        shop_day(json.dumps(day).encode(), LARGE),
        product_day(json.dumps(product).encode(), LARGE),
    ]
    assert not any(isinstance(each, Unreadable) for each in found)
    with database.writing() as connection:
        write(connection, reads(found, partition=3), [(taken, 0, 2)], NOON)


def test_no_text_of_a_record_runs(sqlite: Database, clock: Clock) -> None:
    """Orders, parcels, places, shops, lines, products, what was done: escaped wherever it stands,
    in text and in attributes, in both languages."""
    put(sqlite, [warned("a", tracking_number=HOSTILE, order_ids=[HOSTILE], shop_id=HOSTILE,
                        feed="silent")])  # fmt: skip
    tracked(sqlite, HOSTILE)
    client = signed_in(sqlite, clock, Role.operator)
    for kind, more in (
        ("comment", {"comment": HOSTILE}),
        ("assign", {"assignee": HOSTILE}),
        ("hand_over", {"manifest_id": HOSTILE}),
        ("acknowledge", {}),
        ("snooze", {"hours": "4"}),
    ):
        answer = client.post("/act", data={"kind": kind, "id": an_id("a"), **more})
        assert answer.status_code == 204
        assert answer.headers["HX-Trigger"].isascii()
    client.post("/views", data={"name": HOSTILE, "query": urlencode({"q": HOSTILE})})
    asked = urlencode({"tab": "all", "assignee": HOSTILE})
    shop = urlencode({"platform": HOSTILE, "shop_id": HOSTILE})
    nothing = ("/carriers", f"/what-if/{quote(HOSTILE, safe='')}")
    within = urlencode({"in": urlencode({"q": HOSTILE, "tab": HOSTILE})})
    for path in (
        "/warnings?tab=all",
        f"/warnings?{asked}",
        f"/warnings/{an_id('a')}",
        f"/warnings/{an_id('a')}?{within}",
        f"/parcels/{quote(f'zto:{HOSTILE}', safe='')}",
        f"/orders/{quote(HOSTILE, safe='')}",
        "/shops",
        f"/shops/one?{shop}",
        "/products",
        *nothing,
    ):
        for language in ("zh", "en"):
            answer = client.get(path, headers={"Accept-Language": language})
            assert answer.status_code in (200, 404), path
            assert "<script>alert" not in answer.text, path
            assert "<img" not in answer.text, path
            assert ("alert(" in answer.text) == (path not in nothing), path


def test_no_user_has_a_name_that_runs(sqlite: Database) -> None:
    """Names of users are letters, digits and four signs."""
    for name in (HOSTILE, "li\n", "李", "a b", "", "x" * 65):
        with pytest.raises(users.UserError):
            users.add(sqlite, name, PASSWORD, Role.viewer, None, NOON)


def test_every_route_that_changes_something_takes_the_pages_secret(
    sqlite: Database, clock: Clock
) -> None:
    """By the table of routes: with a session's cookie and no secret of it nothing is done. Those
    that are open begin a session or choose how pages look; no other site's page may send them."""
    put(sqlite, [warned("a")])
    client = signed_in(sqlite, clock, Role.admin)
    secret = client.headers.pop(CSRF_HEADER)
    form = {"kind": "acknowledge", "id": an_id("a"), "name": "x", "query": "", "lang": "zh"}
    for method, route in changing(client):
        is_open = access_of(route.endpoint) == "anybody"
        # What a link allows is signed in it (tests/desk/test_linked_acts.py).
        assert not is_open or route.path in ("/sign-in", "/look", "/linked/{token}"), route.path
        path = re.sub(r"\{[^}]*\}", "x", route.path)
        for headers in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "x" * 43}):
            answer = client.request(method, path, data=form, headers=headers)
            assert is_open or answer.status_code == 403, route.path
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}):  # fmt: skip
            answer = client.request(
                method, path, data=form, headers={**headers, CSRF_HEADER: secret}
            )
            assert answer.status_code == 403, (route.path, headers)
    with sqlite.reading() as connection:
        assert connection.execute(select(actions)).all() == []


def test_nothing_is_changed_by_looking(sqlite: Database, clock: Clock) -> None:
    """A link to what changes something does nothing: it answers no GET."""
    put(sqlite, [warned("a")])
    client = signed_in(sqlite, clock, Role.admin)
    for _, route in changing(client):
        if route.path != "/sign-in":
            asked = urlencode({"kind": "acknowledge", "id": an_id("a")})
            assert client.get(f"{route.path}?{asked}").status_code in (404, 405), route.path
    with sqlite.reading() as connection:
        assert connection.execute(select(actions)).all() == []


def test_no_cell_of_an_export_is_run(sqlite: Database, clock: Clock) -> None:
    """Every text that comes from outside, in both files, in both languages."""
    bad = '=HYPERLINK("http://evil","x")'
    put(sqlite, [warned("a", rule=bad, profile=bad, platform=bad,
                        shop_id=bad, carrier=bad.replace(":", ""), tracking_number=bad,
                        order_ids=[bad], message={"zh": bad, "en": bad},
                        remedy={"zh": bad, "en": bad},
                        exposure={"kind": "compensation", "currency": bad, "least": 1, "most": 2},
                        )])  # fmt: skip
    client = signed_in(sqlite, clock, Role.operator)
    for kind, more in (
        ("assign", {"assignee": bad}),
        ("hand_over", {"manifest_id": bad}),
        ("comment", {"comment": bad}),
    ):
        client.post("/act", data={"kind": kind, "id": an_id("a"), **more})
    for language in ("zh", "en"):
        headers = {"Accept-Language": language}
        text = client.get("/export.csv?tab=all", headers=headers).text
        title, row = csv.reader(io.StringIO(text[1:]))
        assert len(title) == len(row) == len(COLUMNS)
        assert sum("HYPERLINK" in cell for cell in row) >= 11
        assert not [cell for cell in row if cell[:1] in "=+-@\t\r" and cell]
        book = client.get("/export.xlsx?tab=all", headers=headers).content
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            whole = "".join(
                parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml")
            )
            assert not [name for name in parts.namelist() if "link" in name.lower()]
        assert "<f>" not in whole
        assert "<hyperlink" not in whole
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
        assert sheet[1].count(bad) >= 10


def test_an_act_says_who_really_did_it(sqlite: Database, clock: Clock) -> None:
    """Whatever a form adds: actor, time, state and revision are the desk's own."""
    put(sqlite, [warned("a", 7)])
    client = signed_in(sqlite, clock, Role.operator)
    forged = {"actor": "boss", "at": "1", "state": "resolved", "revision": "99", "sequence": "1",
              "action_id": "0" * 32, "role": "admin", "shops": "", "assignee": "boss",
              "until": "2099-01-01T00:00"}  # fmt: skip
    answer = client.post("/act", data={"kind": "acknowledge", "id": an_id("a"), **forged})
    assert answer.status_code == 204
    with sqlite.reading() as connection:
        (done,) = connection.execute(select(actions)).all()
    assert (done.actor, done.at, done.state, done.revision) == ("operator-0", NOON, "open", 7)
    assert (done.assignee, done.until) == (None, None)
    assert done.action_id != forged["action_id"]


def test_a_role_is_what_the_desk_says(sqlite: Database, clock: Clock) -> None:
    """Nothing that a browser sends makes a viewer an operator, or a signed-out one somebody."""
    put(sqlite, [warned("a")])
    viewer = signed_in(sqlite, clock, Role.viewer)
    act = {"kind": "acknowledge", "id": an_id("a")}
    for headers in ({"X-Role": "admin"}, {"X-Forwarded-User": "admin"}, {"Cookie": "role=admin"},
                    {"X-HTTP-Method-Override": "GET"}):  # fmt: skip
        assert viewer.post("/act", data=act, headers=headers).status_code in (401, 403)
    operator = client_of(sqlite, clock)
    users.add(sqlite, "li", PASSWORD, Role.operator, None, NOON)
    sign_in(operator, "li")
    users.remove(sqlite, "li")
    assert operator.get("/warnings", headers={"Accept": "*/*"}).status_code == 401
    with sqlite.reading() as connection:
        assert connection.execute(select(actions)).all() == []


def test_no_way_leads_into_another_shop(sqlite: Database, clock: Clock) -> None:
    """Filters, saved views, ways back and acts that name another shop find nothing of it."""
    put(
        sqlite,
        [
            warned("a", shop_id="s-1"),
            warned("b", shop_id="s-2"),
            warned("c", shop_id="s-1", platform="tmall"),
        ],
    )
    mine = signed_in(sqlite, clock, Role.operator, shops("douyin/s-1"))
    asked = "tab=all&shop_id=s-2"
    mine.post("/views", data={"name": "theirs", "query": asked})
    for path in (
        f"/warnings?{asked}",
        "/warnings?tab=all&q=order-b",
        f"/warnings/{an_id('a')}?{urlencode({'in': asked})}",
        f"/export.csv?{asked}",
        "/warnings?tab=all&platform=tmall",
        "/export.csv?tab=all",
    ):
        page = mine.get(path).text
        for hidden in (an_id("b"), "78b", an_id("c"), "78c"):
            assert hidden not in page, path
    book = mine.get(f"/export.xlsx?{asked}").content
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0)
    assert len(sheet.to_python()) == 1
    everything = {"kind": "comment", "comment": "x", "all": "1"}
    assert mine.post("/act", data={**everything, "query": asked}).status_code == 422
    both = {"kind": "comment", "comment": "x", "id": [an_id("a"), an_id("b")]}
    said = json.loads(mine.post("/act", data=both).headers["HX-Trigger"])["acted"]["said"]
    assert said == "Comment added to 1. 1 is no longer there."
    perform(sqlite, [an_id("b")], Act("comment", "their", comment="secret-word"), NOON)
    assert mine.get(f"/warnings/{an_id('b')}").status_code == 404
    with sqlite.reading() as connection:
        done = {(row.actor, row.warning_id) for row in connection.execute(select(actions))}
    assert done == {("operator-1", an_id("a")), ("their", an_id("b"))}
