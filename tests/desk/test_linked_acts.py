"""Links of notifications: opening one does nothing, its button does the one thing it is for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from support.console import PROFILES, Clock, client_of
from support.desk import an_id, put, warned
from support.notices import message, warning

from streams.desk.database.database import Database
from streams.desk.database.tables import actions, work
from streams.desk.service import serve
from streams.facts.times import DAY, HOUR, to_datetime
from streams.notify.message import Item
from streams.notify.texts.links import LASTS, Links, Urls
from streams.settings import Settings

LINKS = Links("http://localhost", b"k" * 32)


@pytest.fixture
def clock() -> Clock:
    """Noon, until moved."""
    return Clock()


@pytest.fixture
def chat(sqlite: Database, clock: Clock) -> TestClient:
    """Somebody with a link and no sign-in."""
    client = client_of(sqlite, clock)
    client.app.state.console.links = LINKS  # type: ignore[attr-defined]
    return client


def urls(clock: Clock, name: str = "a", **fields: Any) -> Urls:
    """The links of a warning, sent now."""
    about = warning(warning_id=an_id(name), **fields)
    return LINKS.of(about, message(Item(about, "new"), made_at=to_datetime(clock.now)))


def done(database: Database) -> list[tuple[str, str, int | None]]:
    """What was done, by whom, until when."""
    with database.reading() as connection:
        query = select(actions.c.kind, actions.c.actor, actions.c.until).order_by(
            actions.c.sequence
        )
        return [tuple(row) for row in connection.execute(query)]


def test_opening_a_link_does_nothing(chat: TestClient, sqlite: Database, clock: Clock) -> None:
    """However often a chat program looks at it; it shows what it is for."""
    put(sqlite, [warned("a")])
    for url in urls(clock)[1:]:
        for _ in range(3):
            answer = chat.get(url)
            assert answer.status_code == 200
            assert "No update after pickup." in answer.text
            assert '<form class="card signin" method="post">' in answer.text
        assert chat.head(url).status_code in (200, 405)
    assert done(sqlite) == []


def test_its_button_does_it_once(chat: TestClient, sqlite: Database, clock: Clock) -> None:
    """The audit names the route; whoever presses twice does nothing more."""
    put(sqlite, [warned("a"), warned("b")])
    url = urls(clock).acknowledge
    for _ in range(2):
        answer = chat.post(url, data={})
        assert (answer.status_code, "1 acknowledged." in answer.text) == (200, True)
    assert done(sqlite) == [("acknowledge", "link:night", None)]
    chat.post(urls(clock).snooze, data={"hours": "12"})
    assert done(sqlite)[1:] == [("snooze", "link:night", clock.now + 12 * HOUR)]
    with sqlite.reading() as connection:
        assert connection.execute(select(work.c.warning_id)).scalars().all() == [an_id("a")]


def test_an_acknowledgement_by_link_ends_as_others_do(
    chat: TestClient, sqlite: Database, clock: Clock
) -> None:
    """Where the desk says for how long one holds."""
    chat.app.state.desk.acknowledge = 2 * HOUR  # type: ignore[attr-defined]
    put(sqlite, [warned("a")])
    chat.post(urls(clock).acknowledge, data={})
    assert done(sqlite) == [("acknowledge", "link:night", clock.now + 2 * HOUR)]


def test_a_link_ends(chat: TestClient, sqlite: Database, clock: Clock) -> None:
    """At its time; then its page has no button, and what is sent without one does nothing."""
    put(sqlite, [warned("a", deadline=clock.now + 30 * DAY)])
    url = urls(clock).acknowledge
    clock.now += LASTS // timedelta(microseconds=1) - 1
    assert chat.get(url).status_code == 200
    clock.now += 1
    for answer in (chat.get(url), chat.post(url, data={})):
        assert answer.status_code == 410
        assert "This link is too old" in answer.text
        assert '<button class="main wide">' not in answer.text
    assert done(sqlite) == []


def test_a_link_is_for_one_state(chat: TestClient, sqlite: Database, clock: Clock) -> None:
    """What was said of an open warning hides no breach."""
    put(sqlite, [warned("a")])
    url = urls(clock).acknowledge
    put(sqlite, [warned("a", 2, "breached")])
    answer = chat.post(url, data={})
    assert answer.status_code == 410
    assert "The warning is breached now" in answer.text
    assert done(sqlite) == []
    chat.post(urls(clock, state="breached").acknowledge, data={})
    assert done(sqlite) == [("acknowledge", "link:night", None)]


def test_who_has_no_link_gets_nowhere(chat: TestClient, sqlite: Database, clock: Clock) -> None:
    """A forged link, a warning that is gone, another site, no hours, a desk without links."""
    put(sqlite, [warned("a")])
    good = urls(clock)
    assert chat.post(good.acknowledge[:-1], data={}).status_code == 404
    assert chat.post(urls(clock, "gone").acknowledge, data={}).status_code == 404
    assert chat.post(good.snooze, data={"hours": "5"}).status_code == 422
    assert chat.post(good.snooze, data={}).status_code == 422
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert chat.post(good.acknowledge, data={}, headers=header).status_code == 403
    chat.app.state.console.links = None  # type: ignore[attr-defined]
    assert chat.get(good.acknowledge).status_code == 404
    assert done(sqlite) == []


def test_a_desk_reads_the_links_that_it_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """By the key of its database: what `serve` gives to channels and to pages is the same."""
    routes = tmp_path / "routes.toml"
    routes.write_text(
        '[channels.erp]\ntype = "webhook"\nurl_env = "URL"\nsecret_env = "SECRET"\n'
        '[routes.night]\nchannels = ["erp"]\n'
    )
    monkeypatch.setenv("URL", "https://erp.example.com/hook")
    monkeypatch.setenv("SECRET", "whsec_" + "A" * 32)
    settings = Settings(
        data_dir=tmp_path, desk_url="https://desk.example.com", desk_notify_file=routes
    )
    apps: list[Any] = []

    def no_server(app: Any, *_: Any) -> None:
        apps.append(app)
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "make_server", no_server)
    with pytest.raises(KeyboardInterrupt):
        serve.serve(settings, PROFILES)
    (app,) = apps
    sent = app.state.desk.telling.links.of(warning(), message())
    token = sent.snooze.removeprefix("https://desk.example.com/linked/")
    assert app.state.console.links.read(token, to_datetime(clock.now)).act == "snooze"
