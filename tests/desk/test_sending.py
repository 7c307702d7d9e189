"""Who sends what, in which order, how often; and what ends in the midst. On both databases."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select
from support.desk import NOON, warned
from support.notifying import Office, plan_of, told

from streams.desk.database.database import Database
from streams.desk.database.tables import notifications, notify_channels
from streams.desk.notify import post as posting
from streams.desk.notify import sender as sending
from streams.desk.notify.link_key import link_key
from streams.desk.notify.log import Load, listed, loads, of_warning, send_again
from streams.desk.notify.post import LEASE, RETRIES, Job
from streams.desk.notify.sender import Sender, attempt
from streams.facts.times import DAY, MINUTE, SECOND
from streams.notify.message import Failed, Limits, Message, Outcome, Refused, Sent, Throttled

ALL = '[routes.all]\nchannels = ["ops"]\nwait_minutes = 0\n'


def states(database: Database) -> list[tuple[str, int]]:
    """Of each notification its state and how often it was tried."""
    with database.reading() as connection:
        query = select(notifications.c.state, notifications.c.attempts)
        return [tuple(row) for row in connection.execute(query.order_by(notifications.c.id))]


def test_who_dies_while_sending_sends_the_same_again(database: Database, tmp_path: Path) -> None:
    """Another desk takes over when the lease is over: the same message by the same key, though
    more is to be told by then."""
    plan = plan_of(tmp_path, ALL)
    first, second = (Office(database, plan, owner=name) for name in ("desk-1", "desk-2"))
    first.take(warned("a"))
    job = first.post.next("ops", NOON)
    assert job is not None
    second.take(warned("b"))
    assert second.post.next("ops", NOON + LEASE - 1) is None
    again = second.post.next("ops", NOON + LEASE)
    assert again is not None
    assert again.message == job.message
    assert first.post.next("ops", NOON + LEASE) is None
    assert second.post.settle(again, Sent(), NOON + LEASE) == "sent"
    # The one that was only slow says what came of it, too late to matter.
    first.post.settle(job, Failed("no answer"), NOON + LEASE + 1)
    assert states(database) == [("sent", 1)]


def test_who_leaves_gives_its_channels_away_at_once(sqlite: Database, tmp_path: Path) -> None:
    """No lease has to end."""
    plan = plan_of(tmp_path, ALL)
    first, second = (Office(sqlite, plan, owner=name) for name in ("desk-1", "desk-2"))
    first.take(warned("a"), warned("b", shop_id="s-2"))
    first.look()
    assert second.post.next("ops", NOON + SECOND) is None
    first.post.release(NOON + SECOND)
    assert second.post.next("ops", NOON + SECOND) is not None


def test_what_waits_of_a_route_that_is_gone_is_not_looked_for(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes no channel late, and no desk ask for the database's one writer twice a second; the
    route may come back."""
    Office(sqlite, plan_of(tmp_path, ALL)).take(warned("a"))
    office = Office(sqlite, plan_of(tmp_path, ALL.replace("all", "other")), owner="desk-2")
    with sqlite.reading() as connection:
        assert loads(connection, office.plan, NOON + DAY)["ops"] == Load(0, 0, 0, None)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "writing", lambda: pytest.fail("nothing is to be written"))
        assert office.post.next("ops", NOON + DAY) is None
    back = Office(sqlite, plan_of(tmp_path, ALL), owner="desk-3")
    assert back.post.next("ops", NOON + DAY) is not None


def test_a_limit_is_kept_and_what_is_too_much_is_merged(sqlite: Database, tmp_path: Path) -> None:
    """6 a minute: one every ten seconds; more groups than that become one message."""
    office = Office(sqlite, plan_of(tmp_path, ALL), per_minute=6)
    office.take(*(warned(n, shop_id=f"s-{n}") for n in range(6)))
    office.pass_by(2 * MINUTE)
    times = [at for at, _ in office.attempts]
    assert len(times) == 6
    assert all(b - a >= 10 * SECOND for a, b in pairwise(times))
    office.take(*(warned(n, 2, "breached", shop_id=f"s-{n}") for n in range(7)))
    found = office.pass_by(2 * MINUTE)
    assert [len(each.changed) for each in found] == [7]
    assert found[0].group is None


def test_a_channel_that_asks_to_wait_is_left_alone_so_long(
    sqlite: Database, tmp_path: Path
) -> None:
    """It is no attempt that counts; then the same is sent."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"))
    office.answer = lambda _job: Throttled(40, "errcode 130101")
    office.look()
    office.answer = lambda _job: Sent()
    office.pass_by(MINUTE)
    first, second = office.attempts
    assert second[0] - first[0] == 40 * SECOND
    assert first[1] == second[1]
    assert states(sqlite) == [("sent", 1)]


def test_what_fails_is_sent_14_times_again_and_parked(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After 30 s, a minute, two … for days. In between the channel is looked at every ten minutes,
    and that does not count."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"))
    office.answer = lambda _job: Failed("no answer")
    at: list[int] = []
    while not at or states(sqlite)[0][0] == "queued":
        before = states(sqlite)
        office.look()
        if states(sqlite) != before:
            at.append(office.now - NOON)
        if len(at) == 8:
            # Two hours are enough to see that looks do not count; the rest of the days go quickly.
            assert len(office.attempts) > 8
            monkeypatch.setattr(posting, "PROBE", SECOND)
        with sqlite.reading() as connection:
            channel = connection.execute(select(notify_channels.c.next_at)).scalar_one()
            message = connection.execute(select(notifications.c.next_at)).scalar_one()
        office.now = max(
            office.now + SECOND, min(channel, message) if len(at) < 8 else max(channel, message)
        )
    assert states(sqlite) == [("parked", RETRIES + 1)]
    assert len(at) == RETRIES + 1
    for n, (one, other) in enumerate(pairwise(at)):
        assert 0 <= other - one - (30 * SECOND << n) <= posting.FIRST_RETRY + 10 * MINUTE
    with sqlite.reading() as connection:
        assert loads(connection, office.plan, office.now)["ops"] == Load(0, 0, 1, None)
        (row,) = listed(connection, state="parked")
    assert row.problem == "no answer"
    with sqlite.writing() as connection:
        assert send_again(connection, [row.id, 99], office.now) == [row.id]
    office.answer = lambda _job: Sent()
    (sent,) = office.pass_by(MINUTE)
    assert sent.key == row.key


def test_what_is_refused_is_parked_at_once(sqlite: Database, tmp_path: Path) -> None:
    """The next message is tried all the same."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"), warned("b", shop_id="s-2"))
    answers: list[Outcome] = [Refused("the text is not allowed"), Sent()]
    office.answer = lambda _job: answers.pop(0)
    office.pass_by(5 * SECOND, SECOND)
    assert states(sqlite) == [("parked", 1), ("sent", 1)]


def test_a_message_that_always_fails_holds_nothing_up_for_long(
    sqlite: Database, tmp_path: Path
) -> None:
    """After three attempts the next one is tried beside it: the channel works."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"))
    office.answer = lambda job: Failed("500") if _names(job, "a") else Sent()
    office.look()
    office.take(warned("b", shop_id="s-2"), warned("c", shop_id="s-3"))
    assert told(office.pass_by(3 * MINUTE)) == [[("b", "new")], [("c", "new")]]
    tried = [key for _, key in office.attempts if key == office.attempts[0][1]]
    assert len(tried) == 3
    office.answer = lambda _job: Sent()
    assert told(office.pass_by(3 * MINUTE)) == [[("a", "new")]]


def test_an_hour_without_an_answer_ends_in_order(sqlite: Database, tmp_path: Path) -> None:
    """Whatever came meanwhile arrives grouped, what waited longest first, within the limit."""
    office = Office(sqlite, plan_of(tmp_path, ALL), per_minute=20)
    office.answer = lambda _job: Failed("502")
    for minute in range(60):
        office.take(
            *(warned(f"{minute}-{n}", shop_id=f"s-{minute % 6}") for n in range(10)),
        )
        office.pass_by(MINUTE, MINUTE)
    office.answer = lambda _job: Sent()
    found = office.pass_by(12 * MINUTE, 3 * SECOND)
    names = [name for each in told(found) for name, _ in each]
    assert sorted(names) == sorted(f"{minute}-{n}" for minute in range(60) for n in range(10))
    assert len(found) <= 9
    assert [min(int(n.split("-")[0]) for n, _ in each) for each in told(found)] == sorted(
        min(int(n.split("-")[0]) for n, _ in each) for each in told(found)
    )
    sent = [at for at, _ in office.attempts][-len(found) :]
    assert all(b - a >= 3 * SECOND for a, b in pairwise(sent))


def test_many_are_one_message_that_names_the_most_urgent(sqlite: Database, tmp_path: Path) -> None:
    """200 in full, of the rest the number; nothing is left waiting."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(*(warned(n, deadline=NOON + (n + 1) * MINUTE) for n in range(500)))
    (message,) = office.pass_by(5 * SECOND, SECOND)
    assert len(message.changed) == 200
    assert message.changed_more == 300
    assert message.changed[0].warning.order_ids == ("order-0",)
    assert set(office.outcomes()) == {"in_notification"}


def test_who_was_told_of_a_warning_is_known(database: Database, tmp_path: Path) -> None:
    """By channel, with what became of it; what waits counts as late once its time has come."""
    office = Office(database, plan_of(tmp_path, ALL.replace("= 0", "= 5")))
    office.take(warned("a"))
    warning_id = warned("a")["warning_id"]
    with database.reading() as connection:
        (row,) = of_warning(connection, warning_id)
        assert (row.channel, row.change, row.outcome, row.sending) == (
            "ops",
            "new",
            "waiting",
            None,
        )
        assert loads(connection, office.plan, NOON)["ops"] == Load(1, 0, 0, None)
        late = loads(connection, office.plan, NOON + 7 * MINUTE)["ops"]
        assert late == Load(1, 0, 0, NOON + 5 * MINUTE)
    office.pass_by(6 * MINUTE, MINUTE)
    with database.reading() as connection:
        (row,) = of_warning(connection, warning_id)
    assert (row.sending, row.sent_at) == ("sent", NOON + 5 * MINUTE)


def test_all_desks_sign_links_alike(database: Database) -> None:
    """The key is random, and made once."""
    assert link_key(database) == link_key(database)
    assert len(set(link_key(database))) > 8


class Slow:
    """A channel whose answers a test gives."""

    limits = Limits(None, 4096)

    def __init__(self) -> None:
        self.said: list[Message] = []
        self.closed = False
        self.problem: Exception | None = None

    async def send(self, message: Message) -> Outcome:
        """Note it."""
        if self.problem is not None:
            raise self.problem
        if len(self.said) == 1:
            self.said.append(message)
            await asyncio.sleep(60)
        self.said.append(message)
        return Sent()

    async def close(self) -> None:
        """Note it."""
        self.closed = True


def test_an_attempt_ends_whatever_the_channel_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs is cut off, one that raises has failed; neither says an address."""
    monkeypatch.setattr(sending, "CUT_S", 0.05)
    channel = Slow()
    channel.said = [None]  # type: ignore[list-item]
    assert asyncio.run(attempt(channel, None)) == Failed("no answer within 0.05 s")  # type: ignore[arg-type]
    channel.problem = ValueError("https://hook?token=secret")
    found = asyncio.run(attempt(channel, None))  # type: ignore[arg-type]
    assert found == Failed("the channel's own fault: ValueError")


def test_the_thread_sends_what_it_finds(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is told to stop; it closes channels and leaves them to others."""
    monkeypatch.setattr(sending, "LOOKS_S", 0.01)
    monkeypatch.setattr(sending, "CUT_S", 0.05)
    office = Office(sqlite, plan_of(tmp_path, ALL))
    channel, stop = Slow(), threading.Event()
    sender = Sender(sqlite, office.announcer, office.post, {"ops": channel}, lambda: NOON + SECOND)
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        office.take(warned("a"), warned("b", shop_id="s-2"))
        waited = threading.Event()
        while len(states(sqlite)) < 2 or states(sqlite)[1][1] < 1:
            assert not waited.wait(0.02)
    finally:
        stop.set()
        thread.join(20)
    assert channel.closed
    assert states(sqlite) == [("sent", 1), ("queued", 1)]
    other = Office(sqlite, office.plan, owner="desk-2", since=NOON)
    assert other.post.next("ops", NOON + DAY) is not None


def _names(job: Job, name: str) -> bool:
    return any(item.warning.order_ids == (f"order-{name}",) for item in job.message.changed)
