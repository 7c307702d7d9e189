"""The API: who is let in where, and what is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from support.desk import LARGE, NOON, an_id, put, reads, shops, take, warned

from schemas import ShipmentWarning
from streams.decode.names import BUILT_IN
from streams.desk.access import tokens, users
from streams.desk.access.who import Role, Who
from streams.desk.api import events
from streams.desk.api.app import make_app, served
from streams.desk.api.desk import Desk
from streams.desk.api.guard import CSRF_HEADER, MAX_BODY, access_of
from streams.desk.database.database import Database
from streams.desk.database.sight import Sight
from streams.desk.intake.messages import checkpoint, order_version, shop_day
from streams.desk.intake.write import write
from streams.facts.times import DAY, HOUR, iso

PASSWORD = "correct horse battery"  # noqa: S105 - of a test


class Clock:
    """The time that a test says it is."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Noon, until moved."""
    return Clock()


@pytest.fixture
def desk(sqlite: Database, clock: Clock) -> Desk:
    """A desk over an empty database."""
    return Desk(sqlite, clock, frozenset({"desk.example"}))


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """Nobody in particular."""
    with TestClient(make_app(desk), "http://localhost") as found:
        yield found


def token(
    database: Database, role: Role, sight: Sight = None, until: int | None = None
) -> dict[str, str]:
    """The header of a new token."""
    _, found = tokens.add(database, role.name, role, sight, NOON, until)
    return {"Authorization": f"Bearer {found}"}


def routes(app: FastAPI) -> list[APIRoute]:
    """All of an app's."""
    every = list(served(app.routes))
    found = [route for route in every if isinstance(route, APIRoute)]
    assert len(found) == len(every) > 10, "a route that the guard does not stand before"
    return found


IS_JSON = {"Content-Type": "application/json"}
OPEN = {"/healthz", "/readyz", "/metrics"}


def test_every_route_says_who_may_ask(desk: Desk, client: TestClient) -> None:
    """By a role, or that it is open; asked by nobody only the open ones answer."""
    app = make_app(desk)
    found = routes(app)
    assert {route.path for route in found if access_of(route.endpoint) == "anybody"} == OPEN
    for route in found:
        access = access_of(route.endpoint)
        assert access is not None, route.path
        if route.path in OPEN:
            continue
        path = route.path.replace("{warning_id}", an_id("a")).replace("{", "").replace("}", "")
        for method in route.methods:
            broken = client.request(method, path, content=b"{", headers=IS_JSON)
            assert broken.status_code == 401, "a body is read before anybody is let in"
            answer = client.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_route_that_says_nothing_answers_nobody(desk: Desk) -> None:
    """Whoever forgets it sees at once."""
    router = APIRouter()

    @router.get("/forgotten")
    def forgotten() -> str:
        return "secret"

    app = make_app(desk, [lambda each: each.include_router(router)])
    with TestClient(app, "http://localhost") as client:
        answer = client.get("/forgotten", headers=token(desk.database, Role.admin))
    assert (answer.status_code, "secret" in answer.text) == (403, False)


def test_tokens_end(desk: Desk, client: TestClient, clock: Clock) -> None:
    """Those that are none, that were revoked, whose time is over."""
    headers = token(desk.database, Role.viewer, until=NOON + HOUR)
    me = client.get("/api/v1/me", headers=headers)
    assert me.json() == {"name": "token:viewer", "role": "viewer", "shops": None}
    clock.now += HOUR
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    token_id, secret = tokens.add(desk.database, "b", Role.viewer, None, NOON)
    with_it = {"Authorization": f"bearer {secret}"}
    assert client.get("/api/v1/me", headers=with_it).status_code == 200
    assert tokens.revoke(desk.database, token_id, NOON)
    assert not tokens.revoke(desk.database, token_id, NOON)
    for header in (f"Bearer {secret}", "Bearer", "Bearer x", "Basic eA=="):
        answer = client.get("/api/v1/me", headers={"Authorization": header})
        assert answer.status_code == 401, header
    with desk.database.reading() as connection:
        kept = [row.token_id for row in tokens.listed(connection)]
    assert token_id in kept


def test_a_session_changes_something_with_its_own_word_alone(
    desk: Desk, client: TestClient, clock: Clock
) -> None:
    """A page of another site has the cookie sent along, and no more."""
    users.add(desk.database, "li", PASSWORD, Role.operator, None, NOON)
    put(desk.database, [warned("a")])
    session = users.sign_in(desk.database, "li", PASSWORD, "127.0.0.1", NOON, HOUR)
    assert session is not None
    client.cookies.set(users.COOKIE, session.secret)
    act = {"warning_ids": [an_id("a")], "kind": "acknowledge"}
    assert client.get("/api/v1/me").json()["name"] == "li"
    for headers in ({}, {CSRF_HEADER: "x"}, {CSRF_HEADER: session.secret}):
        assert client.post("/api/v1/actions", json=act, headers=headers).status_code == 403
    good = {CSRF_HEADER: session.csrf}
    assert client.post("/api/v1/actions", json=act, headers=good).json()["done"] == [an_id("a")]
    elsewhere = {**good, "Origin": "https://evil.example"}
    assert client.post("/api/v1/actions", json=act, headers=elsewhere).status_code == 403
    crossed = {**good, "Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/v1/actions", json=act, headers=crossed).status_code == 403
    clock.now += HOUR
    assert client.get("/api/v1/me").status_code == 401


def test_roles(desk: Desk, client: TestClient) -> None:
    """A viewer looks, and changes nothing."""
    put(desk.database, [warned("a")])
    act = {"warning_ids": [an_id("a")], "kind": "comment", "comment": "x"}
    refused = client.post("/api/v1/actions", json=act, headers=token(desk.database, Role.viewer))
    assert (refused.status_code, "operator is needed" in refused.text) == (403, True)
    for role in (Role.operator, Role.admin):
        headers = token(desk.database, role)
        assert client.post("/api/v1/actions", json=act, headers=headers).status_code == 200


def tracked(desk: Desk) -> None:
    """Two shops that used one number, each for an order of its own."""
    taken = take(desk.database, partition=5)
    now = NOON + DAY
    found = [
        order_version(
            json.dumps({"order_id": f"o-{n}", "shop_id": f"s-{n}", "platform": "douyin",
                        "paid_at": iso(NOON), "amount_paid": 100, "currency": "CNY",
                        "recipient": {"province": "广东省", "person_key": "abc"}}).encode(),
            None, now, now, 5, n, LARGE, BUILT_IN)
        for n in (1, 2)
    ] + [
        checkpoint(
            json.dumps({"carrier": "zto", "tracking_number": "78a", "status": status,
                        "occurred_at": iso(NOON + n * HOUR), "order_ids": orders,
                        "description": "张三 13800138000", "shop_id": shop, "platform": "douyin",
                        "location": {"province": "浙江省", "city": "杭州市"}}).encode(),
            now, 5, 10 + n, LARGE, BUILT_IN)
        for n, (status, orders, shop) in enumerate(
            [("ordered", ["o-1"], "s-1"), ("ordered", ["o-2"], "s-2"), ("picked_up", None, None)],
            1)
    ]  # fmt: skip
    with desk.database.writing() as connection:
        write(connection, reads(found, 0, 5), [(taken, 0, len(found))], now)
    put(desk.database, [warned("a"), warned("b", shop_id="s-2", tracking_number="78a")])


def test_a_request_id_is_its_actors(desk: Desk, client: TestClient) -> None:
    """Nobody's act is lost because another has used its id, or could guess it."""
    put(desk.database, [warned("a")])
    for role in (Role.operator, Role.admin):
        headers = token(desk.database, role)
        sent = {"warning_ids": [an_id("a")], "kind": "comment", "comment": role.name}
        client.post("/api/v1/actions", json={**sent, "request_id": "1"}, headers=headers)
    done = client.get(f"/api/v1/warnings/{an_id('a')}/actions", headers=headers).json()["items"]
    assert [each["comment"] for each in done] == ["operator", "admin"]


def test_shops_are_apart(desk: Desk, client: TestClient) -> None:
    """Who may see one shop finds nothing of another: not by list, id, order, parcel or action."""
    tracked(desk)
    mine = token(desk.database, Role.operator, shops("*/s-1"))
    listed = client.get("/api/v1/warnings?shop_id=s-2&shop_id=s-1", headers=mine).json()
    assert [each["warning"]["shop_id"] for each in listed["items"]] == ["s-1"]
    counts = client.get("/api/v1/warnings/counts", headers=mine).json()
    assert counts["by"]["shop_id"] == {"s-1": 1}
    feed = client.get("/api/v1/warnings/feed", headers=mine).json()
    assert [each["warning"]["warning_id"] for each in feed["items"]] == [an_id("a")]
    for path in (f"warnings/{an_id('b')}", f"warnings/{an_id('b')}/actions", "orders/o-2"):
        assert client.get(f"/api/v1/{path}", headers=mine).status_code == 404, path
    parcel = client.get("/api/v1/parcels/zto/78A", headers=mine).json()
    assert "o-2" not in json.dumps(parcel)
    assert "s-2" not in json.dumps(parcel)
    assert [each["shop_id"] for each in parcel["records"]] == ["s-1", None, None]
    act = {"warning_ids": [an_id("b"), an_id("a")], "kind": "acknowledge"}
    done = client.post("/api/v1/actions", json=act, headers=mine).json()
    assert done == {"done": [an_id("a")], "missing": [an_id("b")]}
    nothing = token(desk.database, Role.viewer, frozenset())
    assert client.get("/api/v1/warnings", headers=nothing).json()["items"] == []


def test_time_lines_hold_no_personal_data(desk: Desk, client: TestClient) -> None:
    """A parcel and an order with all that is known, but for texts and recipients."""
    tracked(desk)
    headers = token(desk.database, Role.viewer)
    parcel = client.get("/api/v1/parcels/zto/78A", headers=headers).json()
    assert [each["status"] for each in parcel["records"]] == ["ordered", "ordered", "picked_up"]
    assert (parcel["records"][2]["province"], parcel["records"][2]["city"]) == ("33", "3301")
    assert [each["order_id"] for each in parcel["orders"]] == ["o-1", "o-2"]
    order = client.get("/api/v1/orders/o-1", headers=headers).json()
    assert (order["order"]["amount_paid"], order["order"]["closed"]) == (100, False)
    assert [each["tracking_number"] for each in order["parcels"]] == ["78A"]
    everything = json.dumps((parcel, order), ensure_ascii=False)
    assert not any(each in everything for each in ("张三", "13800138000", "abc", "广东"))


def test_a_list_page_by_page(desk: Desk, client: TestClient) -> None:
    """Each warning once, most urgent first; what is shown is what was published."""
    values = [warned(n, deadline=NOON + (n % 3) * HOUR) for n in range(7)]
    put(desk.database, values)
    headers = token(desk.database, Role.viewer)
    seen: list[Any] = []
    after = ""
    while True:
        page = client.get(f"/api/v1/warnings?limit=3{after}", headers=headers).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(each["warning"]["warning_id"] for each in seen) == sorted(map(an_id, range(7)))
    published = {value["warning_id"]: ShipmentWarning(**value) for value in values}
    for each in seen:
        assert ShipmentWarning(**each["warning"]) == published[each["warning"]["warning_id"]]
    found = client.get("/api/v1/warnings?q=ORDER-3", headers=headers).json()["items"]
    assert [each["warning"]["order_ids"] for each in found] == [["order-3"]]


def test_one_warning_with_its_course(desk: Desk, client: TestClient) -> None:
    """Revisions and actions, oldest first; what stands after them."""
    put(desk.database, [warned("a", 1), warned("a", 2, "breached")])
    headers = token(desk.database, Role.operator)
    until = iso(NOON + HOUR)
    for act in (
        {"kind": "snooze", "until": until},
        {"kind": "hand_over", "manifest_id": "m-1"},
        {"kind": "comment", "comment": "<script>alert(1)</script>"},
    ):
        sent = {"warning_ids": [an_id("a")], "request_id": "r-1", **act}
        for _ in range(2):  # the second is the first, sent again
            assert client.post("/api/v1/actions", json=sent, headers=headers).status_code == 200
    found = client.get(f"/api/v1/warnings/{an_id('a')}", headers=headers).json()
    assert [each["state"] for each in found["revisions"]] == ["open", "breached"]
    assert [each["kind"] for each in found["actions"]] == ["snooze", "hand_over", "comment"]
    assert found["work"]["handed_over"]["manifest_id"] == "m-1"
    assert found["work"]["snoozed"]["by"] == "token:operator"
    assert (found["work"]["comments"], found["work"]["acknowledged"]) == (1, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=ab", "q"),
        ("q=a%00bc", "q"),
        ("assignee=%00", "assignee"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("after=x", "after"),
        ("most_from=5", "currency"),
        ("due_from=2026-11-21T12:00:00", "due_from"),
        ("state=lost", "state.0"),
        ("order=cheapest", "order"),
    ],
)
def test_a_wrong_question_names_its_field(
    desk: Desk, client: TestClient, query: str, field: str
) -> None:
    """As problem+json, without the value."""
    headers = token(desk.database, Role.viewer)
    answer = client.get(f"/api/v1/warnings?{query}", headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("act", "field"),
    [
        ({"kind": "snooze"}, "until"),
        ({"kind": "snooze", "until": iso(NOON - 1)}, "until"),
        ({"kind": "snooze", "until": "2026-11-21T13:00:00"}, "until"),
        ({"kind": "acknowledge", "until": "9999-12-31T23:59:59Z"}, "until"),
        ({"kind": "acknowledge", "until": "9999-12-31T23:59:59-23:59"}, "until"),
        ({"kind": "assign"}, "assignee"),
        ({"kind": "comment", "comment": "x" * 2_001}, "comment"),
        ({"kind": "comment", "comment": "a\0"}, "comment"),
        ({"kind": "comment", "comment": "\ud83d"}, "comment"),
        ({"kind": "assign", "assignee": "a\uffff"}, "assignee"),
        ({"kind": "acknowledge", "request_id": "\udfff"}, "request_id"),
        ({"kind": "acknowledge", "warning_ids": ["\ud83d"]}, "warning_ids.0"),
        ({"kind": "acknowledge", "warning_ids": ["a\0"]}, "warning_ids.0"),
        ({"kind": "acknowledge", "manifest_id": "m"}, "manifest_id"),
        ({"kind": "lapse"}, "kind"),
        ({"kind": "launch"}, "kind"),
        ({"kind": "acknowledge", "warning_ids": []}, "warning_ids"),
    ],
)
def test_a_wrong_action_names_its_field_and_does_nothing(
    desk: Desk, client: TestClient, act: dict[str, Any], field: str
) -> None:
    """Before anything is written."""
    put(desk.database, [warned("a")])
    headers = token(desk.database, Role.operator)
    sent = {"warning_ids": [an_id("a")], **act}
    body = json.dumps(sent)  # escapes what UTF-8 cannot hold
    answer = client.post("/api/v1/actions", content=body, headers={**headers, **IS_JSON})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    done = client.get(f"/api/v1/warnings/{an_id('a')}/actions", headers=headers).json()
    assert done == {"items": []}


def test_what_is_turned_away_before_any_route(desk: Desk, client: TestClient) -> None:
    """A strange host (DNS rebinding), another site's page, a body without end."""
    headers = token(desk.database, Role.operator)
    me = "/api/v1/me"
    for host in ("evil.example", "desk.example.evil", "a@localhost", "[", "[::1", "a]"):
        assert client.get(me, headers={**headers, "Host": host}).status_code == 421, host
    for host in ("desk.example", "127.0.0.1:8090", "[::1]:8090"):
        assert client.get(me, headers={**headers, "Host": host}).status_code == 200, host
    large = b" " * (MAX_BODY + 1)
    stated = client.post("/api/v1/actions", content=large, headers=headers)
    unstated = client.post("/api/v1/actions", content=iter([large]), headers=headers)
    assert (stated.status_code, unstated.status_code) == (413, 413)
    assert client.get(me, headers=headers).headers["cache-control"] == "no-store"


def test_days_of_shops(desk: Desk, client: TestClient) -> None:
    """As published, for the days asked for, of the shops that may be seen."""
    taken = take(desk.database)
    day = {
        "platform": "douyin", "shop_id": "s-1", "revision": 1, "detected_at": iso(NOON),
        "profile": "p", "counts": dict.fromkeys(
            ("due", "late", "unshipped", "shipped", "abnormal"), 1),
        "rates": dict.fromkeys(("late", "unshipped", "abnormal"), 1),
    }  # fmt: skip
    found = [
        shop_day(json.dumps({**day, "day": text}).encode(), LARGE)
        for text in ("2026-10-01", "2026-11-20", "2026-11-21")
    ]
    with desk.database.writing() as connection:
        write(connection, reads(found), [(taken, 0, 3)], NOON)
    headers = token(desk.database, Role.viewer)
    answer = client.get("/api/v1/shops?days=30", headers=headers).json()
    assert [each["day"] for each in answer["items"]] == ["2026-11-20", "2026-11-21"]
    other = token(desk.database, Role.viewer, shops("*/s-2"))
    assert client.get("/api/v1/shops", headers=other).json() == {"items": []}


def test_the_document_is_openapi_3_1(desk: Desk, client: TestClient) -> None:
    """With every route of the API, each with a bearer token, and problems."""
    headers = token(desk.database, Role.viewer)
    found = client.get("/api/v1/openapi.json", headers=headers).json()
    assert found["openapi"].startswith("3.1.")
    assert "/api/v1/warnings/feed" in found["paths"]
    assert all(path.startswith("/api/v1/") for path in found["paths"])
    assert found["security"] == [{"token": []}]


def test_ten_thousand_wrong_passwords(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any is looked at; the right one is let in once the wait is over."""
    looked = []
    real = users.fits

    def fits(kept: str, password: str) -> bool:
        looked.append(password)
        return password == PASSWORD and real(kept, password)

    monkeypatch.setattr(users, "fits", fits)
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, NOON)
    now = NOON
    refused = 0
    for _ in range(10_000):
        now += 36_000  # six minutes for all of them
        try:
            assert users.sign_in(sqlite, "li", "guess", "10.0.0.1", now, HOUR) is None
        except users.Throttled:
            refused += 1
    assert len(looked) == 10_000 - refused < 25
    with pytest.raises(users.Throttled):
        users.sign_in(sqlite, "li", PASSWORD, "10.0.0.2", now, HOUR)
    session = users.sign_in(sqlite, "li", PASSWORD, "10.0.0.2", now + HOUR, HOUR)
    assert session is not None
    with sqlite.reading() as connection:
        assert users.signed_in(connection, session.secret, now + HOUR) is not None
        assert users.signed_in(connection, secrets.token_urlsafe(32), now) is None


def test_a_new_password_ends_what_was_begun_with_the_old(sqlite: Database) -> None:
    """So does the end of a user."""
    users.add(sqlite, "li", PASSWORD, Role.viewer, shops("*/s-1"), NOON)
    for change in (
        lambda: users.set_password(sqlite, "li", PASSWORD + "!"),
        lambda: users.remove(sqlite, "li"),
    ):
        with sqlite.reading() as connection:
            (who,) = users.listed(connection)
        assert who.shops == shops("*/s-1")
        password = PASSWORD if change.__code__.co_names[1] == "set_password" else PASSWORD + "!"
        session = users.sign_in(sqlite, "li", password, "a", NOON, HOUR)
        assert session is not None
        change()
        with sqlite.reading() as connection:
            assert users.signed_in(connection, session.secret, NOON) is None


@pytest.mark.parametrize("password", ["short", "x" * 513, "my name is LI li"])
def test_weak_passwords_are_refused(sqlite: Database, password: str) -> None:
    """Too short, too long, or the name itself."""
    with pytest.raises(ValueError, match="password"):
        users.add(sqlite, "li", password, Role.viewer, None, NOON)


def test_a_stream_ends_with_the_right_to_it_however_much_happens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who was signed out is told on because there is always something to tell."""
    token_id, secret = tokens.add(desk.database, "t", Role.viewer, None, NOON)
    monkeypatch.setattr(events, "ALIVE_S", 0.0)
    who = Who("token:t", Role.viewer)
    header = (b"authorization", f"Bearer {secret}".encode())
    request = Request({"type": "http", "method": "GET", "headers": [header], "app": make_app(desk)})

    async def scenario() -> list[bytes]:
        told: list[bytes] = []
        stream = events._stream(request, desk, who, 0)
        revision = 0
        async for each in stream:
            told.append(each)
            revision += 1
            assert revision < 10
            if revision == 3:
                tokens.revoke(desk.database, token_id, NOON)
            put(desk.database, [warned("a", revision)])
            desk.news.cursor += 1_000
        return told

    told = asyncio.run(scenario())
    assert [each.split(b":")[0] for each in told] == [b"retry", b"id", b"id"]


def test_guesses_side_by_side_are_counted_one_by_one(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that wait for a look together get no more of them than one after the other."""
    looked: list[str] = []
    together = threading.Barrier(12)

    def fits(_kept: str, password: str) -> bool:
        looked.append(password)
        return False

    monkeypatch.setattr(users, "fits", fits)
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, NOON)

    def guess(number: int) -> None:
        together.wait()
        with contextlib.suppress(users.Throttled):
            users.sign_in(sqlite, "li", f"guess {number}", f"10.0.0.{number}", NOON, HOUR)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(guess, range(12)))
    assert len(looked) == users.FREE_TRIES["user"]


def test_who_has_many_addresses_is_one_sender(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network of IPv6 has addresses without end; who signs in counts for nobody."""
    monkeypatch.setattr(users, "fits", lambda _, password: password == PASSWORD)
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, NOON)
    for _ in range(users.FREE_TRIES["address"] * 2):
        assert users.sign_in(sqlite, "li", PASSWORD, "2001:db8::1", NOON, HOUR) is not None
    for number in range(users.FREE_TRIES["address"]):
        users.sign_in(sqlite, f"u{number}", "guess", f"2001:db8::{number}", NOON, HOUR)
    with pytest.raises(users.Throttled):
        users.sign_in(sqlite, "li", PASSWORD, "2001:db8::ffff", NOON, HOUR)
    assert users.sign_in(sqlite, "li", PASSWORD, "2001:db8:0:1::1", NOON, HOUR) is not None
