"""Notifications by the console and the API: who may look, try and send again, and what they see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from support.console import Clock, signed_in
from support.desk import NOON, shops, warned
from support.notifying import Office, plan_of

from streams.desk.access.who import Role
from streams.desk.api.guard import CSRF_HEADER
from streams.desk.database.database import Database
from streams.desk.notify.telling import Telling
from streams.facts.times import MINUTE
from streams.notify.message import Limits, Message, Outcome, Refused, Sent
from streams.notify.routes import Plan

pytestmark = pytest.mark.usefixtures("quick_hashes")

ROUTES = """
[routes.all]
channels = ["ops"]
severities = ["critical"]
stages = ["violation", "serious"]
urgent_hours = 3
quiet = ["22:00-08:00"]
reminders_hours = [2]
escalate = { after_hours = 1, channels = ["boss"] }
[routes.daily]
channels = ["boss"]
digest = ["18:00"]
group = "route"
money = 10000
currency = "CNY"
hours_to_deadline = 12
"""


class Robot:
    """A channel that takes what is said, but for `answer`."""

    limits = Limits(20, 4096)
    said: list[Message] = []  # noqa: RUF012 - of all robots of a test
    answer: Outcome = Sent()

    async def send(self, message: Message) -> Outcome:
        """Note it."""
        self.said.append(message)
        return self.answer

    async def close(self) -> None:
        """Nothing."""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Two routes to two channels."""
    return plan_of(tmp_path, ROUTES, ("ops", "boss"))


@pytest.fixture
def office(sqlite: Database, plan: Plan) -> Office:
    """A desk that has told of two shops' warnings, one in vain."""
    found = Office(sqlite, plan)
    found.take(warned("a"), warned("b", shop_id="s-2"))
    answers: list[Outcome] = [Sent(), Refused("errcode 310000")]
    found.answer = lambda _job: answers.pop(0)
    found.pass_by(2 * MINUTE)
    return found


def client(office: Office, clock: Clock, role: Role = Role.operator, **more: Any) -> TestClient:
    """The browser of somebody, before a desk that tells people."""
    found = signed_in(office.database, clock, role, **more)
    app: Any = found.app
    app.state.desk.telling = Telling(office.plan, lambda: {"ops": Robot(), "boss": Robot()})
    return found


@pytest.fixture
def clock() -> Clock:
    """A quarter of an hour after noon."""
    found = Clock()
    found.now = NOON + 15 * MINUTE
    return found


def test_the_page_shows_channels_routes_and_the_log(office: Office, clock: Clock) -> None:
    """With what a channel answered; in either language."""
    browser = client(office, clock)
    for language, words in (
        (
            "en",
            (
                "Given up",
                "violation · serious · critical",
                "quiet 22:00-08:00",
                "a digest at 18:00",
                "Send a trial",
                "Late by",
                "at once 3 h before",
            ),
        ),
        (
            "zh",
            (
                "已搁置",
                "违规 · 严重违规 · 严重",
                "22:00-08:00 免打扰",
                "每日 18:00 汇总",
                "发送测试",
                "最长延误",
                "不足 3 小时立即发送",
            ),
        ),
    ):
        browser.headers["Accept-Language"] = language
        page = browser.get("/notifications").text
        assert all(word in page for word in (*words, "errcode 310000", "douyin/s-1"))
    parked = browser.get("/notifications?state=parked&channel=ops").text
    assert "douyin/s-2" in parked
    assert "douyin/s-1" not in parked
    assert 'href="/notifications?state=parked"' in parked
    assert browser.get("/notifications?state=%00&before=x").status_code == 200


def test_a_preview_says_what_would_have_been_sent(office: Office, clock: Clock) -> None:
    """By channel and route, of the last days."""
    part = client(office, clock).get("/notifications/preview?days=1")
    assert part.status_code == 200
    assert "2 messages" in part.text
    api = client(office, clock, Role.viewer).get("/api/v1/notifications/preview").json()
    assert api == {
        "items": [{"channel": "ops", "route": "all", "messages": 2, "warnings": 2}],
        "revisions": 2,
        "capped": False,
    }


def test_a_channel_is_tried_by_who_may_act(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it answers is said; a viewer may not, nor a form of another page."""
    browser = client(office, clock)
    Robot.said.clear()
    done = browser.post("/notifications/test", data={"channel": "ops"})
    assert done.status_code == 204
    (trial,) = Robot.said
    assert (trial.kind, trial.channel, trial.route) == ("test", "ops", "all")
    assert browser.post("/notifications/test", data={"channel": "x"}).status_code == 404
    monkeypatch.setattr(Robot, "answer", Refused("keywords not in content"))
    refused = browser.post("/notifications/test", data={"channel": "ops"})
    assert refused.status_code == 422
    assert "keywords not in content" in refused.text
    answer = browser.post("/api/v1/notifications/channels/ops/test").json()
    assert answer == {"took": False, "problem": "keywords not in content"}
    viewer = client(office, clock, Role.viewer)
    assert viewer.post("/notifications/test", data={"channel": "ops"}).status_code == 403
    browser.headers[CSRF_HEADER] = "forged"
    assert browser.post("/notifications/test", data={"channel": "ops"}).status_code == 403
    assert len(Robot.said) == 3


def test_what_was_given_up_is_sent_again(office: Office, clock: Clock) -> None:
    """By the page and by the API, by an equal key."""
    browser = client(office, clock)
    (parked,) = browser.get("/api/v1/notifications?state=parked").json()["items"]
    assert parked["problem"] == "errcode 310000"
    done = browser.post("/notifications/resend", data={"notification": str(parked["id"])})
    assert done.status_code == 204
    again = browser.post("/api/v1/notifications/resend", json={"ids": [parked["id"]]}).json()
    assert again == {"queued": []}
    office.answer = lambda _job: Sent()
    office.now = clock.now
    (message,) = office.pass_by(MINUTE)
    assert message.key == parked["key"]
    log = browser.get("/api/v1/notifications?limit=1").json()
    assert (log["items"][0]["state"], log["next"]) == ("sent", parked["id"])
    viewer = client(office, clock, Role.viewer)
    assert viewer.post("/api/v1/notifications/resend", json={"ids": [1]}).status_code == 403


def test_a_warning_says_who_was_told_of_it(office: Office, clock: Clock) -> None:
    """To whoever may see the warning; the log of all is for who may see every shop."""
    limited = client(office, clock, Role.viewer, sight=shops("douyin/s-1"))
    warning_id = warned("a")["warning_id"]
    limited.headers["Accept-Language"] = "en"
    page = limited.get(f"/warnings/{warning_id}").text
    assert "Who was told" in page
    assert "Notifications" not in page
    (notice,) = limited.get(f"/api/v1/warnings/{warning_id}/notices").json()["items"]
    assert (notice["channel"], notice["change"], notice["sending"]) == ("ops", "new", "sent")
    other = warned("b")["warning_id"]
    assert limited.get(f"/api/v1/warnings/{other}/notices").status_code == 404
    for path in ("/notifications", "/api/v1/notifications", "/api/v1/notifications/channels"):
        assert limited.get(path).status_code == 403
    channels = client(office, clock).get("/api/v1/notifications/channels").json()["items"]
    assert [(each["name"], each["parked"]) for each in channels] == [("ops", 1), ("boss", 0)]


def test_a_desk_that_tells_nobody_says_so(sqlite: Database, clock: Clock) -> None:
    """And has no channel to try."""
    browser = signed_in(sqlite, clock, Role.operator)
    browser.headers["Accept-Language"] = "en"
    assert "SHIPSENTRY_DESK_NOTIFY_FILE is not set" in browser.get("/notifications").text
    assert browser.get("/api/v1/notifications/channels").json() == {"items": []}
    assert browser.post("/api/v1/notifications/channels/ops/test").status_code == 404
