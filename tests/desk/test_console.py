"""The console's pages by HTTP: what they say, to whom, and what they refuse."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from support.console import HOSTILE, PASSWORD, Clock, client_of, sign_in, signed_in
from support.desk import LARGE, NOON, an_id, put, reads, shops, stock, take, warned
from support.desk_week import fill

from streams.demo.history import ENDS_AT
from streams.desk.access import users
from streams.desk.access.who import Role, Who
from streams.desk.actions.perform import Act, perform
from streams.desk.api.app import served
from streams.desk.api.guard import CSRF_HEADER, access_of
from streams.desk.console.console import ASSETS, asset_body, local
from streams.desk.console.filters import TABS, parsed, read
from streams.desk.console.pages.exports import guarded
from streams.desk.console.queries import views
from streams.desk.console.queries.lanes import seen
from streams.desk.console.shown import Shown
from streams.desk.database import lists
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.database.tables import actions, work
from streams.desk.database.wanted import Wanted
from streams.desk.intake.messages import product_day, shop_day
from streams.desk.intake.write import write
from streams.facts.times import DAY, HOUR, SECOND, iso

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def clock() -> Clock:
    """Noon, until moved."""
    return Clock()


@pytest.fixture
def operator(sqlite: Database, clock: Clock) -> TestClient:
    """Somebody who may act, for every shop."""
    return signed_in(sqlite, clock, Role.operator)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Clock]]:
    """The demo's week, a day before it ends; its tests only look."""
    database = Database(sqlite_url(tmp_path_factory.mktemp("week") / "desk.sqlite"))
    upgrade(database)
    clock = Clock()
    clock.now = ENDS_AT - DAY
    fill(database, clock.now)
    yield database, clock
    database.close()


# -- signing in


def test_nobody_sees_a_page_before_they_sign_in(sqlite: Database, clock: Clock) -> None:
    """A browser is led to the form and from it back; a script and a program are told."""
    client = client_of(sqlite, clock)
    answer = client.get("/warnings?q=78%26x")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "/sign-in?next=%2Fwarnings%3Fq%3D78%2526x",
    )
    answer = client.get(
        "/warnings", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/shops"}
    )
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=%2Fshops")
    assert client.get("/warnings", headers={"Accept": "*/*"}).json()["status"] == 401
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, clock())
    form = {"name": "li", "password": PASSWORD, "next": "/warnings?q=78%26x"}
    answer = client.post("/sign-in", data=form)
    assert answer.headers["Location"] == "/warnings?q=78%26x"
    assert client.get("/warnings").status_code == 200


def test_cookies_are_for_this_site_and_no_script(sqlite: Database, clock: Clock) -> None:
    """HttpOnly and SameSite=Strict; Secure where there is HTTPS."""
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, clock())
    client = client_of(sqlite, clock)
    client.app.state.console.secure = True  # type: ignore[attr-defined]
    cookies = sign_in(client, "li").headers.get_list("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=strict", "Secure", "Max-Age=43200"} <= {
            part.strip() for part in cookie.split(";")
        }


def test_a_wrong_sign_in_says_the_same_for_everybody(sqlite: Database, clock: Clock) -> None:
    """Whether there is such a user is not told, and what was typed is escaped."""
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, clock())
    client = client_of(sqlite, clock)
    for name in ("li", "nobody", HOSTILE, "a\0b"):
        answer = sign_in(client, name, "wrong")
        assert answer.status_code == 401
        assert "The name or the password is wrong." in answer.text
        assert "<script>alert" not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_too_many_wrong_passwords_have_to_wait(sqlite: Database, clock: Clock) -> None:
    """The page says for how long."""
    users.add(sqlite, "li", PASSWORD, Role.viewer, None, clock())
    client = client_of(sqlite, clock)
    answers = [sign_in(client, "li", "wrong") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert "wait 2 s" in answers[-1].text
    assert sign_in(client, "li").status_code == 429
    clock.now += 3 * SECOND
    assert sign_in(client, "li").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:x", "",
     "/a\r\nSet-Cookie: x=y"],
)  # fmt: skip
def test_a_sign_in_leads_nowhere_else(path: str) -> None:
    """Only to a page of this desk."""
    assert local(path) == "/warnings"


def test_signing_out_ends_the_session(operator: TestClient) -> None:
    """Its cookies are good no more."""
    kept = dict(operator.cookies)
    assert operator.post("/sign-out").headers["HX-Redirect"] == "/sign-in"
    operator.cookies.update(kept)
    assert operator.get("/warnings").status_code == 401


# -- what every page is


PAGES = ("/warnings", "/shops", "/products", "/carriers", "/check-a-number", "/export.csv")


def test_every_route_of_the_console_says_who_may_ask(sqlite: Database, clock: Clock) -> None:
    """Only signing in, how pages look, what they load and what a signed link allows are open."""
    app: Any = client_of(sqlite, clock).app
    every = list(served(app.routes))
    found = [route for route in every if isinstance(route, APIRoute)]
    assert len(found) == len(every)
    open_ = {r.path for r in found if access_of(r.endpoint) == "anybody"}
    assert open_ == {
        *("/", "/sign-in", "/look", "/static/{name}"),
        *("/sign-in/oidc", "/sign-in/oidc/callback", "/sign-in/oidc/leave"),
        *("/healthz", "/readyz", "/metrics"),
        "/linked/{token}",
    }
    changing = {
        r.path: access_of(r.endpoint)
        for r in found
        if "POST" in r.methods and not r.path.startswith("/api/") and r.path not in open_
    }
    assert changing == {
        "/act": Role.operator,
        "/notifications/resend": Role.operator,
        "/notifications/test": Role.operator,
        "/views": Role.viewer,
        "/sign-out": Role.viewer,
    }
    assert not any(path.startswith("/warnings") for path in app.openapi()["paths"])


def test_no_page_is_kept_framed_or_runs_what_is_not_ours(operator: TestClient) -> None:
    """By what the browser is told of it."""
    for path in PAGES:
        headers = operator.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert policy.startswith(("default-src 'self'; ", "default-src 'none'; "))
        assert "frame-ancestors 'none'" in policy


def test_no_template_has_a_script_or_a_style_in_it() -> None:
    """The policy would stop it."""
    folder = Path(__file__).parents[2] / "streams" / "desk" / "console" / "templates"
    templates = sorted(folder.glob("*.html"))
    assert len(templates) > 10
    for template in templates:
        text = template.read_text()
        assert (
            re.search(r"<script(?! src=)|<style|\sstyle=|\son[a-z]+=|\|\s*safe|javascript:", text)
            is None
        )


def test_what_pages_load_is_kept_for_good_and_nothing_else_is_served(operator: TestClient) -> None:
    """Its address changes with it."""
    for name, kind in ASSETS.items():
        answer = operator.get(f"/static/{name}")
        assert answer.headers["Content-Type"].startswith(kind)
        assert "immutable" in answer.headers["Cache-Control"]
    for name in ("install.py", "..%2Finstall.py", "htmx.LICENSE"):
        assert operator.get(f"/static/{name}").status_code == 404


def test_the_vendored_script_is_the_one_that_was_published() -> None:
    """htmx 2.0.11 from npm, unchanged."""
    assert b'version:"2.0.11"' in asset_body("htmx.min.js")
    assert hashlib.sha256(asset_body("htmx.min.js")).hexdigest() == (
        "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
    )


# -- roles, shops, forged forms


def test_a_viewer_looks_and_cannot_act(sqlite: Database, clock: Clock) -> None:
    """There are no buttons, and asking all the same is refused."""
    put(sqlite, [warned("a")])
    viewer = signed_in(sqlite, clock, Role.viewer)
    for path in ("/warnings", f"/warnings/{an_id('a')}"):
        page = viewer.get(path).text
        assert "No update after the pickup" in page
        assert "/act" not in page
    answer = viewer.post("/act", data={"kind": "acknowledge", "id": an_id("a")})
    assert answer.status_code == 403
    with sqlite.reading() as connection:
        assert connection.execute(select(actions)).all() == []


def test_a_form_without_the_pages_secret_does_nothing(
    sqlite: Database, clock: Clock, operator: TestClient
) -> None:
    """Also with the secret of another session."""
    put(sqlite, [warned("a")])
    other = signed_in(sqlite, clock, Role.admin).headers[CSRF_HEADER]
    operator.headers.pop(CSRF_HEADER)
    for csrf in (None, "", "forged", other):
        headers = {} if csrf is None else {CSRF_HEADER: csrf}
        for path in ("/act", "/views", "/sign-out"):
            data = {"kind": "acknowledge", "id": an_id("a"), "name": "x"}
            assert operator.post(path, data=data, headers=headers).status_code == 403
    with sqlite.reading() as connection:
        assert connection.execute(select(actions)).all() == []


def test_a_form_of_another_site_is_refused(operator: TestClient, sqlite: Database) -> None:
    """Even with every secret; so is the one that only chooses a language."""
    put(sqlite, [warned("a")])
    for path in ("/act", "/look", "/sign-in"):
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            data = {"kind": "acknowledge", "id": an_id("a")}
            assert operator.post(path, data=data, headers=headers).status_code == 403


def test_a_shops_user_sees_and_does_nothing_of_others(week: tuple[Database, Clock]) -> None:
    """On any page, in any export; what others have is not there."""
    database, clock = week
    mine, other = "gusu-toys", "xihu-tea"
    with database.reading() as connection:
        rows = lists.page(connection, Wanted(state=()), clock(), limit=500).rows
    theirs = [row for row in rows if row.shop_id != mine]
    hidden = {row.warning_id for row in theirs} | {
        number for row in theirs if (number := row.tracking_number)
    }
    hidden -= {row.tracking_number for row in rows if row.shop_id == mine}
    hidden |= {other, "yuexiu-shoes"}
    client = signed_in(database, clock, Role.operator, shops(f"tmall/{mine}"))
    for path in (*PAGES, "/warnings?tab=all", "/warnings?tab=ended", "/export.csv?tab=ended"):
        text = client.get(path).text
        assert not {word for word in hidden if word in text}, path
    assert mine in client.get("/warnings?tab=all").text
    assert mine in client.get("/shops").text
    row = next(row for row in theirs if row.tracking_number)
    order = json.loads(row.value)["order_ids"][0]
    for path in (
        f"/warnings/{row.warning_id}",
        f"/warnings/{row.warning_id}/evidence.zip",
        f"/parcels/{row.carrier}:{row.tracking_number}",
        f"/orders/{order}",
        f"/shops/one?platform=douyin&shop_id={other}",
    ):
        assert client.get(path).status_code == 404, path
    text = client.get(f"/check-a-number?carrier={row.carrier}&number={row.tracking_number}").text
    assert "Nothing was ever heard" in text
    answer = client.post("/act", data={"kind": "acknowledge", "id": row.warning_id})
    assert json.loads(answer.headers["HX-Trigger"])["acted"]["said"] == (
        "0 acknowledged. 1 is no longer there."
    )
    answer = client.post(
        "/act",
        data={"kind": "comment", "comment": "x", "all": "1", "query": f"tab=all&shop_id={other}"},
    )
    assert answer.status_code == 422


def test_a_shops_figures_are_of_its_own_parcels(week: tuple[Database, Clock]) -> None:
    """Carriers and lanes of a shop add up to less than all, and to something."""
    database, clock = week
    with database.reading() as connection:
        everybody = seen(connection, 0, clock(), None)
        found = {
            shop: seen(connection, 0, clock(), shops(f"*/{shop}"))
            for shop in ("gusu-toys", "xihu-tea", "yuexiu-shoes")
        }
        nobody = seen(connection, 0, clock(), shops("*/none"))
    parcels = {shop: sum(f.parcels for f in one.lanes.values()) for shop, one in found.items()}
    assert all(n > 50 for n in parcels.values())
    assert sum(parcels.values()) >= sum(f.parcels for f in everybody.lanes.values()) * 0.95
    assert nobody.lanes == {}


# -- what pages say


def test_hostile_values_are_text_on_every_page(sqlite: Database, operator: TestClient) -> None:
    """Whatever comes from outside is escaped, in attributes too."""
    put(
        sqlite,
        [
            warned(
                "a",
                rule=HOSTILE,
                platform=HOSTILE,
                shop_id=HOSTILE,
                carrier="zto" + HOSTILE.replace(":", ""),
                tracking_number=HOSTILE,
                order_ids=[HOSTILE],
                message={"zh": HOSTILE, "en": HOSTILE},
                remedy={"zh": HOSTILE, "en": HOSTILE},
                profile=HOSTILE,
                exposure={"kind": "compensation", "currency": HOSTILE, "least": 1, "most": 2},
                evidence={"started_at": iso(NOON - DAY), "limit_hours": 24, "exemptions": [HOSTILE],
                          "records": [{"topic": HOSTILE, "partition": 0, "offset": 1,
                                       "status": HOSTILE, "occurred_at": iso(NOON - DAY)}]},
            )
        ],
    )  # fmt: skip
    operator.post("/act", data={"kind": "comment", "comment": HOSTILE, "id": an_id("a")})
    operator.post("/act", data={"kind": "assign", "assignee": HOSTILE, "id": an_id("a")})
    operator.post("/views", data={"name": HOSTILE, "query": "q=abc"})
    asked = urlencode({"tab": "all", "q": HOSTILE, "shop_id": HOSTILE, "cost": HOSTILE})
    for path in (
        "/warnings?tab=all",
        f"/warnings?{asked}",
        f"/warnings/{an_id('a')}",
        f"/parcels/{quote(f'zto{HOSTILE}:{HOSTILE}', safe='')}",
        f"/orders/{quote(HOSTILE, safe='')}",
        f"/check-a-number?{urlencode({'carrier': HOSTILE, 'number': HOSTILE})}",
        f"/sign-in?{urlencode({'next': HOSTILE})}",
    ):
        answer = operator.get(path)
        assert answer.status_code == 200, path
        assert "alert(1)" in answer.text, path
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path


def test_filters_narrow_the_list_and_count(sqlite: Database, operator: TestClient) -> None:
    """Every dimension, the text, the deadline and the sum; the counts leave their own aside."""
    put(
        sqlite,
        [
            warned("a", shop_id="s-1", carrier="zto", deadline=NOON + HOUR),
            warned("b", shop_id="s-2", carrier="yto", severity="warning", deadline=NOON + 9 * HOUR),
            warned("c", shop_id="s-2", carrier="zto", state="breached", deadline=NOON - HOUR,
                   exposure={"kind": "compensation", "currency": "CNY", "least": 0, "most": 9_900}),
            warned("d", shop_id="s-3", state="resolved"),
        ],
    )  # fmt: skip

    def found(query: str) -> set[str]:
        page = operator.get(f"/warnings?{query}").text
        return {name for name in "abcd" if f"/warnings/{an_id(name)}" in page}

    assert found("") == set("abc")
    assert found("tab=ended") == {"d"}
    assert found("shop_id=s-2") == set("bc")
    assert found("shop_id=s-2&carrier=zto") == {"c"}
    assert found("severity=warning") == {"b"}
    assert found("state=breached") == {"c"}
    assert found("q=order-B") == {"b"}
    assert found("due=over") == {"c"}
    assert found("due=2") == set("ac")
    assert found("cost=99") == {"c"}
    assert found("cost=100") == set()
    assert found("sort=newest") == set("abc")
    page = operator.get("/warnings?shop_id=s-2").text
    for shop, n in (("s-1", 1), ("s-2", 2)):
        assert re.search(rf'class="name">{shop}</span><span class="n">{n}<', page), shop
    assert "A search takes at least 3 characters." in operator.get("/warnings?q=or").text
    assert "No warning matches" in operator.get("/warnings?q=zzzz").text


def test_a_list_goes_on_where_its_page_ends(sqlite: Database, operator: TestClient) -> None:
    """Page by page, each warning once, with its filter."""
    put(sqlite, [warned(n, deadline=NOON + n * HOUR) for n in range(120)])
    seen: list[str] = []
    path = "/warnings?q=order-"
    while path:
        page = operator.get(path).text
        seen += re.findall(r'name="id" value="([0-9a-f]{32})"', page)
        link = re.search(r'class="next" href="([^"]+)"', page)
        path = unescape(link[1]) if link else ""
    assert seen == [an_id(n) for n in range(120)]


def test_words_are_in_the_readers_language(sqlite: Database, operator: TestClient) -> None:
    """By what the browser asks for, until somebody chooses."""
    put(sqlite, [warned("a")])
    page = operator.get("/warnings", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
    assert '<html lang="zh-CN"' in page
    assert "揽收后没有更新。" in page
    assert "No update" not in page
    answer = operator.post("/look", data={"lang": "en", "theme": "dark", "back": "/shops?x=1"})
    assert answer.headers["Location"] == "/shops?x=1"
    page = operator.get("/warnings", headers={"Accept-Language": "zh"}).text
    assert '<html lang="en" data-theme="dark"' in page
    assert "No update after pickup." in page


def test_a_deadline_is_told_in_words_by_the_server(sqlite: Database, operator: TestClient) -> None:
    """Left, over, and at once where there is none."""
    put(
        sqlite,
        [
            warned("a", deadline=NOON + 2 * HOUR + 5 * 60 * SECOND),
            warned("b", state="breached", deadline=NOON - 3 * DAY),
            {**warned("c"), "deadline": None},
        ],
    )
    page = operator.get("/warnings").text
    for text in ("2 h 05 min left", "3 d 0 h over", "at once"):
        assert text in page


# -- acting


def test_a_time_that_beijing_cannot_write_takes_no_page_away(
    sqlite: Database, operator: TestClient
) -> None:
    """The calendar ends eight hours sooner there: what says so stands at its end."""
    last = 253_402_300_799_000_000
    put(sqlite, [warned("a", deadline=last, resolved_at=iso(last))])
    for path in ("/warnings?tab=all", f"/warnings/{an_id('a')}", "/export.csv?tab=all"):
        assert operator.get(path).status_code == 200, path
    assert "9999-12-31 23:59" in operator.get(f"/warnings/{an_id('a')}").text


def test_many_are_acted_on_at_once_and_audited(sqlite: Database, operator: TestClient) -> None:
    """All kinds, each with its own field; what was done is told."""
    put(sqlite, [warned(n) for n in range(25)])
    ids = [an_id(n) for n in range(20)]
    for kind, more, said in (
        ("acknowledge", {}, "20 acknowledged."),
        ("snooze", {"hours": "4"}, "20 snoozed."),
        ("assign", {"assignee": "wang"}, "20 assigned."),
        ("comment", {"comment": "called"}, "Comment added to 20."),
        ("hand_over", {"manifest_id": "m-1"}, "20 marked as handed over."),
        ("known_to_platform", {}, "20 marked as known to the platform."),
    ):
        answer = operator.post("/act", data={"kind": kind, "id": ids, **more})
        assert answer.status_code == 204
        assert json.loads(answer.headers["HX-Trigger"])["acted"]["said"] == said
    with sqlite.reading() as connection:
        done = connection.execute(select(actions)).all()
        rows = connection.execute(select(work)).all()
    assert len(done) == 120
    assert {row.actor for row in done} == {"operator-0"}
    assert {row.warning_id for row in rows} == set(ids)
    for row in rows:
        assert row.snoozed_until == NOON + 4 * HOUR
        assert (row.assignee, row.manifest_id, row.comments) == ("wang", "m-1", 1)
    page = operator.get("/warnings").text
    assert re.findall(r'name="id" value="([0-9a-f]{32})"', page) == [
        an_id(n) for n in range(20, 25)
    ]
    page = operator.get(f"/warnings/{ids[0]}").text
    for text in ("acknowledged it", "called", "handed over m-1", "assigned to wang"):
        assert text in page


def test_all_that_match_are_acted_on(sqlite: Database, operator: TestClient) -> None:
    """Not only those of the page."""
    put(sqlite, [warned(n, shop_id=f"s-{n % 2}") for n in range(140)])
    data = {"kind": "acknowledge", "all": "1", "query": "shop_id=s-1", "id": an_id(1)}
    answer = operator.post("/act", data=data)
    assert "70 acknowledged." in answer.headers["HX-Trigger"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "destroy"}, "kind"),
    ({"kind": "lapse"}, "kind"),
    ({"kind": "acknowledge", "id": []}, "id"),
    ({"kind": "snooze"}, "until"),
    ({"kind": "snooze", "hours": "-4"}, "hours"),
    ({"kind": "snooze", "hours": "99999999"}, "hours"),
    ({"kind": "snooze", "hours": "9" * 5_000}, "hours"),
    ({"kind": "snooze", "until": "tomorrow"}, "until"),
    ({"kind": "snooze", "until": "2020-01-01T00:00"}, "until"),
    ({"kind": "assign", "assignee": " "}, "assignee"),
    ({"kind": "comment", "comment": "x" * 2_001}, "comment"),
]


def test_what_makes_no_sense_is_refused(sqlite: Database, operator: TestClient) -> None:
    """With the field's name, and nothing is done."""
    put(sqlite, [warned("a")])
    for data, field in WRONG:
        answer = operator.post("/act", data={"id": an_id("a"), **data})
        assert answer.status_code == 422, data
        assert answer.json()["errors"][0]["field"] == field
    with sqlite.reading() as connection:
        assert connection.execute(select(actions)).all() == []


def test_a_moment_in_beijing_ends_a_snooze(sqlite: Database, operator: TestClient) -> None:
    """As a browser writes one."""
    put(sqlite, [warned("a")])
    data = {"kind": "snooze", "id": an_id("a"), "hours": "4", "until": "2026-11-22T09:30"}
    assert operator.post("/act", data=data).status_code == 204
    with sqlite.reading() as connection:
        until = connection.execute(select(work.c.snoozed_until)).scalar_one()
    assert iso(until) == "2026-11-22T01:30:00+00:00"


def test_the_next_warning_is_the_lists_next(sqlite: Database, operator: TestClient) -> None:
    """From one to the other in the order and with the filter of the list, also once a warning has
    left it; the way back leads to the same list."""
    put(sqlite, [warned(n, shop_id=f"s-{n % 2}", deadline=NOON + n * HOUR) for n in range(8)])
    for query, names in (("", range(8)), ("shop_id=s-1", (1, 3, 5, 7)), ("tab=all&q=order-4", [4])):
        path: str | None = re.findall(
            r'class="open" href="([^"]+)"', operator.get(f"/warnings?{query}").text
        )[0]
        met = []
        while path:
            page = operator.get(unescape(path)).text
            assert f'<a href="/warnings{"?" if query else ""}{escape(query)}">' in page
            met.append(path.partition("?")[0].rpartition("/")[2])
            operator.post("/act", data={"kind": "acknowledge", "id": met[-1]})
            assert operator.get(unescape(path)).status_code == 200
            following = re.search(r'data-next href="([^"]+)"', page)
            path = following[1] if following else None
        assert met == [an_id(name) for name in names], query
        operator.post("/act", data={"kind": "unacknowledge", "id": met})


def test_what_was_done_to_many_is_taken_back(sqlite: Database, operator: TestClient) -> None:
    """Where a list shows nothing else, and until when it holds stands beside it."""
    put(sqlite, [warned(n) for n in range(3)])
    ids = [an_id(n) for n in range(3)]
    for kind, tab, more in (
        ("acknowledge", "acknowledged", {}),
        ("snooze", "snoozed", {"hours": "4"}),
        ("assign", "mine", {"assignee": "operator-0"}),
    ):
        assert f'"un{kind}"' not in operator.get(f"/warnings?tab={tab}").text
        operator.post("/act", data={"kind": kind, "id": ids, **more})
        page = operator.get(f"/warnings?tab={tab}").text
        assert f"""hx-vals='{{"kind": "un{kind}"}}'""" in page
        operator.post("/act", data={"kind": f"un{kind}", "id": ids[:2]})
        assert (
            re.findall(r'name="id" value="([^"]+)"', operator.get(f"/warnings?tab={tab}").text)
            == (ids[2:])
        )
    assert "snoozed until 11-21 16:00" in operator.get("/warnings?tab=snoozed").text
    perform(sqlite, ids, Act("acknowledge", "night", until=NOON + HOUR), NOON)
    assert "acknowledged by night until 11-21 13:00" in operator.get("/warnings?tab=all").text
    page = operator.get("/warnings?tab=all&assignee=operator-0").text
    assert re.findall(r'name="id" value="([^"]+)"', page) == ids[2:]
    assert "No warning matches" in operator.get("/warnings?tab=all&assignee=operator").text


def test_views_are_kept_for_their_user_alone(
    sqlite: Database, clock: Clock, operator: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saved anew under the same name, bounded in number, and removed."""
    for query in ("shop_id=s-1&junk=1", "shop_id=s-2&q=abc"):
        assert operator.post("/views", data={"name": "mine", "query": query}).status_code == 204
    assert "/warnings?shop_id=s-2&amp;q=abc" in operator.get("/warnings").text
    other = signed_in(sqlite, clock, Role.viewer)
    assert "shop_id=s-2&amp;q=abc" not in other.get("/warnings").text
    monkeypatch.setattr(views, "MOST", 1)
    assert operator.post("/views", data={"name": "two", "query": ""}).status_code == 422
    assert operator.post("/views", data={"name": " ", "query": ""}).status_code == 422
    assert operator.post("/views", data={"name": "mine", "remove": "1"}).status_code == 204
    with sqlite.reading() as connection:
        assert views.saved(connection, "operator-0") == []


# -- taking along


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    "\u3000=1",
    "\ufeff＝1",
    "\x0b=1",
    "\n=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("value", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula(value: str) -> None:
    """An apostrophe makes a text of it."""
    assert guarded(value) == f"'{value}"
    assert guarded("zto 78") == "zto 78"
    assert guarded(-1) == -1


def test_exports_hold_what_is_filtered(sqlite: Database, operator: TestClient) -> None:
    """The same rows as CSV and as a workbook, with money in whole units and nothing computed."""
    put(
        sqlite,
        [
            warned("a", shop_id='=HYPERLINK("http://evil")', order_ids=["+1", "2"],
                   exposure={"kind": "compensation", "currency": "CNY", "least": 5, "most": 1_050}),
            warned("b", shop_id="s-2", message={"zh": "\ufffe", "en": "a\uffff\x01"}),
            warned("c", shop_id="s-2", state="resolved"),
        ],
    )  # fmt: skip
    answer = operator.get("/export.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="warnings.csv"'
    assert answer.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(answer.text[1:])))
    assert len(rows) == 3
    one = dict(zip(rows[0], rows[1], strict=True))
    assert one["Shop"] == '\'=HYPERLINK("http://evil")'
    assert one["Orders"] == "'+1 2"
    assert (one["Least"], one["Most"]) == ("0.05", "10.5")
    book = operator.get("/export.xlsx?shop_id=s-2").content
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == [an_id("b")]
    whole = operator.get("/export.xlsx").content
    with zipfile.ZipFile(io.BytesIO(whole)) as parts:
        xml = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    assert "=HYPERLINK(" in xml


def test_evidence_is_a_bundle_without_originals(week: tuple[Database, Clock]) -> None:
    """What `shipsentry evidence` writes, as a zip; its sums are right."""
    database, clock = week
    client = signed_in(database, clock, Role.viewer)
    page = client.get("/warnings?tab=all&state=breached").text
    found = re.search(r'class="open" href="(/warnings/[0-9a-f]{32})[?"]', page)
    assert found is not None
    answer = client.get(f"{found[1]}/evidence.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        assert sorted(parts.namelist()) == ["SHA256SUMS", "evidence.html", "evidence.json"]
        for line in parts.read("SHA256SUMS").decode().splitlines():
            digest, name = line.split()
            assert hashlib.sha256(parts.read(name)).hexdigest() == digest
        evidence = json.loads(parts.read("evidence.json"))
    assert evidence["warning_id"] in found[1]
    assert evidence["originals_included"] is False
    assert evidence["handed_over"] is None


def test_evidence_has_the_hand_over_that_was_written_down(
    sqlite: Database, operator: TestClient
) -> None:
    """The manifest, and when somebody said so."""
    put(sqlite, [warned("a", state="breached", deadline=NOON - DAY)])
    perform(sqlite, [an_id("a")], Act("hand_over", "li", manifest_id="M-7"), NOON)
    answer = operator.get(f"/warnings/{an_id('a')}/evidence.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        evidence = json.loads(parts.read("evidence.json"))
    assert evidence["handed_over"] == {"manifest_id": "M-7", "at": iso(NOON), "place": None}


# -- the other pages


def test_a_warning_a_parcel_and_an_order_tell_all(week: tuple[Database, Clock]) -> None:
    """From one to the other by their links; the clock is drawn."""
    database, clock = week
    client = signed_in(database, clock, Role.admin)
    page = client.get("/warnings?tab=all&state=breached&rule=transit_stalled").text
    path = re.search(r'class="open" href="([^"]+)"', page)
    assert path is not None
    page = client.get(path[1]).text
    assert '<svg class="clock"' in page
    for text in ("more than", "How the warning went", "tracking-update", "Breached"):
        assert text in page
    parcel = re.search(r'href="(/parcels/[^"]+)"', page)
    assert parcel is not None
    page = client.get(parcel[1]).text
    assert "picked up" in page
    order = re.search(r'href="(/orders/[^"]+)"', page)
    assert order is not None
    page = client.get(order[1]).text
    assert "Amount paid" in page
    assert parcel[1].rpartition("%3A")[2] in page


def test_the_appeal_window_is_the_profiles(sqlite: Database, operator: TestClient) -> None:
    """From the breach at the earliest; nothing is made up where the profile does not know it."""
    put(
        sqlite,
        [
            warned("a", state="breached", deadline=NOON - DAY),
            warned("b"),
            warned("c", state="breached", deadline=NOON - DAY, profile="tmall-2026-04-09"),
            warned("d", profile="gone"),
        ],
    )
    pages = {name: operator.get(f"/warnings/{an_id(name)}").text for name in "abcd"}
    assert "takes an appeal within 7 days" in pages["a"]
    assert "If it judged at the breach, until 2026-11-27 12:00." in pages["a"]
    assert "takes an appeal within 7 days" in pages["b"]
    assert "until 2026-11" not in pages["b"]
    for name in "cd":
        assert "the profile does not state it" in unescape(pages[name])
        assert "takes an appeal" not in pages[name]


def test_shops_products_and_carriers_have_their_figures(week: tuple[Database, Clock]) -> None:
    """Lines with their distance, products that are late, lanes as a table with shades."""
    database, clock = week
    client = signed_in(database, clock, Role.admin, shops("*/xihu-tea", "*/yuexiu-shoes"))
    page = client.get("/shops").text
    assert "Abnormal tracks" in page
    assert "orders left" in page
    assert "<polyline" in page
    shop = re.search(r'<h2><a href="(/shops/[^"]+)"', page)
    assert shop is not None
    assert "Day by day" in client.get(unescape(shop[1])).text
    assert "Late product" in client.get("/products").text
    page = client.get("/carriers").text
    assert "Zhejiang" in page
    assert re.search(r'class="num shade-[1-6]"', page)
    assert "No carrier" in page
    assert re.search(r"\d h \d\d min ago<", page)


def test_products_that_are_short_are_shown_and_can_be_sorted(
    sqlite: Database, clock: Clock
) -> None:
    """What lacks most first, with its level, since when, and links to the orders that break; a
    product without lack and without late orders is not there."""
    records = [stock("kite", 2), stock("blocks", 30), stock("enough", 0)]
    messages = [product_day(record, LARGE) for record in records]
    taken = take(sqlite)
    with sqlite.writing() as connection:
        write(connection, reads(messages), [(taken, 0, 3)], NOON)
    client = signed_in(sqlite, clock, Role.viewer)
    page = client.get("/products?sort=short_by").text
    assert page.index("blocks") < page.index("kite")
    assert "enough" not in page
    assert 'aria-sort="descending"' in page
    assert 'href="/orders/a%26b"' in page
    assert f"short since {Shown('en', NOON).moment(NOON)}" in page


def test_a_line_over_days_says_what_it_counts_and_what_follows(
    sqlite: Database, clock: Clock
) -> None:
    """The days, how many of how many, the threshold, and what the platform does."""
    counts = dict.fromkeys(("due", "late", "unshipped", "shipped", "abnormal"), 9)
    line = {"orders": "late", "among": "due", "crossed": False, "distance": 12,
            "first_day": "2026-11-15", "last_day": "2026-11-21",
            "counts": {"orders": 88, "among": 1_000}, "rate": 880}  # fmt: skip
    threshold = {"basis_points": 1_000, "comparator": "ge", "least": 1, "days": 1,
                 "counting": "late"}  # fmt: skip
    number = {**threshold, "basis_points": 0, "least": 100}
    day = {
        "platform": "tiktok-th", "shop_id": "s-1", "day": "2026-11-21", "revision": 1,
        "detected_at": iso(clock.now), "profile": "tiktok-th-2026", "counts": counts,
        "rates": dict.fromkeys(("late", "unshipped", "abnormal"), 1), "lines": [],
        "windows": [
            {**line, "name": "late_7_days_10", "threshold": threshold,
             "consequence": {"zh": "订单上限 90%", "en": "orders limited to 90 %"}},
            {**line, "name": "late_month_count_100", "threshold": number},
            {**line, "name": "late_one_day", "threshold": threshold,
             "few": {"up_to": 10, "count": 3}},
        ],
    }  # fmt: skip
    taken = take(sqlite, "days", 1)
    with sqlite.writing() as connection:
        found = reads([shop_day(json.dumps(day).encode(), LARGE)], partition=1)
        write(connection, found, [(taken, 0, 1)], clock.now)
    page = signed_in(sqlite, clock, Role.viewer).get("/shops").text
    assert "Late, 7 days (10 %)" in page
    assert "12 orders left" in page
    assert "≥ 10.00%" in page
    assert "2026-11-15 to 2026-11-21: 88 of 1000 (8.80%)" in page
    assert "orders limited to 90 %" in page
    assert "<span>100 orders</span>" in page
    assert "≥ 10.00%, of up to 10 orders 3" in page


def test_silent_feeds_are_named(sqlite: Database, clock: Clock) -> None:
    """Also of a carrier of which no record is kept any longer; of one's own shops alone."""
    put(
        sqlite,
        [
            warned("a", feed="silent", carrier="zto"),
            warned("b", feed="silent", carrier="zto", shop_id="s-2"),
            warned("c", feed="silent", carrier="yto", shop_id="s-2", state="resolved"),
            warned("d", carrier="sf"),
        ],
    )
    page = signed_in(sqlite, clock, Role.viewer).get("/carriers").text
    assert re.search(r">ZTO</a>: 2 warnings stand meanwhile<", page)
    assert "YTO" not in page
    mine = signed_in(sqlite, clock, Role.viewer, shops("*/s-1")).get("/carriers").text
    assert re.search(r">ZTO</a>: 1 warning stands meanwhile<", mine)


def test_a_number_is_looked_at_before_an_upload(week: tuple[Database, Clock]) -> None:
    """Its form, whether it moves, and whether it was used."""
    database, clock = week
    client = signed_in(database, clock, Role.operator, shops("*/gusu-toys", "*/x", "*/y"))
    everything = signed_in(database, clock, Role.viewer, shops("*/xihu-tea", "*/gusu-toys"))
    assert (
        "This is no tracking number" in client.get("/check-a-number?carrier=zto&number=TEST").text
    )
    page = everything.get("/warnings?tab=all&rule=transit_stalled").text
    path = re.search(r"/parcels/([^:]+)%3A([^\"]+)\"", page)
    assert path is not None
    page = everything.get(f"/check-a-number?carrier={path[1]}&number={path[2]}").text
    assert "moves already" in page
    assert "used for another order" in page


def test_an_unknown_thing_is_a_page_that_says_so(operator: TestClient) -> None:
    """In the reader's language; a program gets problem+json."""
    operator.headers.pop("HX-Request")
    for path in (
        f"/warnings/{'0' * 32}",
        "/parcels/zto:1",
        "/orders/x%00",
        "/shops/one?platform=a&shop_id=b",
        "/nowhere",
    ):
        answer = operator.get(path)
        assert answer.status_code == 404, path
    answer = operator.get("/orders/x", headers={"Accept-Language": "zh"})
    assert "没有此订单的记录" in answer.text


def test_every_tab_is_a_filter_that_its_own_address_names() -> None:
    """A filter's query reads back as the same filter."""
    who = Who("li", Role.operator)
    for tab in TABS:
        query = f"tab={tab}&shop_id=s-1&shop_id=%28none%29&q=abc&due=6&cost=12&currency=usd"
        found = read(parsed(query), who, NOON)
        assert found.wanted.shop_id == ("s-1", "")
        assert found.wanted.most_from == 1_200
        again = read(parsed(found.query()), who, NOON)
        assert again == found
