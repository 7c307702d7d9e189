"""A number of a dashboard leads to the desk's list of what it counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from support.dashboards import kept, strings
from support.desk import NOON, put, warned

from streams.desk.access import users
from streams.desk.access.who import Role, Who
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.filters import parsed, read
from streams.desk.console.install import install
from streams.desk.console.linked import linked
from streams.desk.database.database import Database
from streams.desk.database.wanted import Wanted
from streams.facts.times import DAY, HOUR
from streams.profiles.loader import load

BASE = "${worker:raw}"
CHOSEN = {
    "${platform:queryparam}": "var-platform=douyin&var-platform=tmall",
    "${shop:queryparam}": "var-shop=$__all",
    "${__value.raw}": "s-1",
}


def urls() -> Iterator[str]:
    """Where the numbers of the dashboards lead, with two platforms chosen."""
    for name, dashboard in kept().items():
        if not name.endswith("shipment-risk.json"):
            continue
        for text in strings(dashboard):
            if text.startswith(BASE):
                url = text.removeprefix(BASE)
                for variable, chosen in CHOSEN.items():
                    url = url.replace(variable, chosen)
                yield url


@pytest.fixture
def client(sqlite: Database) -> TestClient:
    """Somebody who is signed in, before a desk with its console."""
    app = make_app(Desk(sqlite, lambda: NOON), [lambda each: install(each, Console(load()))])
    users.add(sqlite, "li", "correct horse battery", Role.viewer, None, NOON)
    session = users.sign_in(sqlite, "li", "correct horse battery", "127.0.0.1", NOON, DAY)
    assert session is not None
    client = TestClient(app, "http://localhost", follow_redirects=False)
    client.cookies.set(users.COOKIE, session.secret)
    client.headers["Accept"] = "text/html"
    return client


def test_every_link_of_the_dashboards_is_followed(client: TestClient, sqlite: Database) -> None:
    """To a page that leaves nothing of the question aside, in the dashboard's language."""
    put(sqlite, [warned("a"), warned("b", platform="tmall"), warned("c", platform="taobao")])
    asked = list(urls())
    assert len(asked) == 16
    for url in asked:
        first = client.get(url)
        assert first.status_code == 303, url
        page = client.get(first.headers["location"])
        assert page.status_code == 200, url
        language = "zh-CN" if "lang=zh" in url else "en"
        assert f'lang="{language}"' in page.text, url
        query = first.headers["location"].partition("?")[2]
        found = read(parsed(query), Who("li", Role.viewer), NOON)
        assert found.query() == query, url
        if "var-platform" in url:
            assert found.wanted.platform == ("douyin", "tmall"), url


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (
            "lang=en&within_hours=4&var-platform=$__all",
            Wanted(state=("open",), due_to=NOON + 4 * HOUR),
        ),
        (
            "lang=en&state=open&var-shop=s-1&var-shop=s-2",
            Wanted(state=("open",), shop_id=("s-1", "s-2")),
        ),
        ("lang=en&var-shop=other&var-shop=s-1&rule=recalled", Wanted(rule=("recalled",))),
        ("var-shop=.*", Wanted()),
    ],
)
def test_a_question_is_asked_in_the_desks_words(query: str, wanted: Wanted) -> None:
    """What dashboards call everything is no filter."""
    found = linked(query)
    assert found is not None
    asked = read(parsed(found.query), Who("li", Role.viewer), NOON)
    assert asked.wanted == wanted


@pytest.mark.parametrize("query", ["", "tab=all&platform=douyin", "q=78&due=4&after=x"])
def test_a_question_of_the_desk_is_left_as_it_is(query: str) -> None:
    """Nobody is sent round in circles."""
    assert linked(query) is None
