"""What is to be told of revisions: what is news, once, and to whom. On both databases."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from support.desk import NOON, an_id, warned
from support.notifying import Office, plan_of, told

from streams.desk.actions.perform import Act, perform
from streams.desk.database.database import Database
from streams.desk.database.keep import clear, prune
from streams.desk.database.tables import notices, warnings
from streams.desk.intake import write as writing
from streams.desk.intake.messages import Deletion
from streams.desk.intake.write import forget
from streams.desk.notify.announce import fact_of
from streams.desk.notify.matching import is_of
from streams.facts.times import DAY, HOUR, MINUTE, SECOND, iso
from streams.notify.decide import matches
from streams.notify.message import Failed, Sent

ALL = '[routes.all]\nchannels = ["ops"]\n'
ACK = Act("acknowledge", "li")


def counted(database: Database, table: Any) -> int:
    """Rows of a table."""
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_group_waits_for_others_and_is_one_message(database: Database, tmp_path: Path) -> None:
    """Of each shop one, the nearest deadline first; another revision of a state is no news."""
    office = Office(database, plan_of(tmp_path, ALL))
    office.take(warned("a", deadline=NOON + 9 * HOUR), warned("b", shop_id="s-2"))
    office.now += 30 * SECOND
    office.take(warned("c"), warned("a", 2, deadline=NOON + 9 * HOUR))
    assert told(office.pass_by(2 * MINUTE)) == [
        [("c", "new"), ("a", "new")],
        [("b", "new")],
    ]
    office.take(warned("a", 3, deadline=NOON + 9 * HOUR))
    assert office.pass_by(2 * MINUTE) == []
    assert len({message.key for message in office.sent}) == 2


def test_a_restart_announces_nothing_again_and_what_became_true_meanwhile(
    database: Database, tmp_path: Path
) -> None:
    """All comes again, as after a rebuild, with one change that nobody saw."""
    plan = plan_of(tmp_path, ALL)
    history = [warned(name) for name in "abc"]
    office = Office(database, plan)
    office.take(*history)
    office.pass_by(2 * MINUTE)
    clear(database)
    again = Office(database, plan, since=NOON + HOUR, owner="desk-2")
    again.take(*history, warned("b", 2, "breached"))
    assert told(again.pass_by(2 * MINUTE)) == [[("b", "breached")]]


def test_a_first_start_with_many_warnings_tells_of_none_that_stood(
    sqlite: Database, tmp_path: Path
) -> None:
    """What stood before the route began to listen is no news; what becomes of it is."""
    office = Office(sqlite, plan_of(tmp_path, ALL + "reminders_hours = [2]\n"), since=NOON + HOUR)
    for begin in range(0, 3_000, 1_000):
        office.take(*(warned(n) for n in range(begin, begin + 1_000)))
    assert office.pass_by(2 * MINUTE) == []
    later = iso(office.now)
    office.take(*(warned(n, 2, detected_at=later) for n in range(5)))
    assert office.pass_by(2 * MINUTE) == []
    office.take(warned(7, 2, "breached", detected_at=later), warned("z", detected_at=later))
    assert told(office.pass_by(2 * MINUTE)) == [[("z", "new"), ("7", "breached")]]
    office.now = NOON + 4 * HOUR - MINUTE
    found = office.pass_by(10 * MINUTE, MINUTE)
    assert sum(len(each.changed) + each.changed_more for each in found) == 3_000
    assert len(found) <= 3


def test_a_recovery_is_a_message_of_its_own(sqlite: Database, tmp_path: Path) -> None:
    """Never in one with what stands, and only of what was told of."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"), warned("b"))
    office.pass_by(2 * MINUTE)
    office.take(warned("a", 2, "resolved"), warned("c"), warned("d"), warned("d", 2, "withdrawn"))
    found = office.pass_by(2 * MINUTE)
    assert sorted(told(found)) == [[("a", "resolved")], [("c", "new")]]
    assert {each.kind for each in found} == {"over", "standing"}
    assert all(each.counts is None and not each.urgent for each in found if each.kind == "over")


def test_what_is_over_before_it_was_told_is_not_told(sqlite: Database, tmp_path: Path) -> None:
    """Neither that it stood nor that it is over; a breach takes the place of what opened."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"), warned("b"))
    office.take(warned("a", 2, "resolved"), warned("b", 2, "breached"))
    assert told(office.pass_by(2 * MINUTE)) == [[("b", "breached")]]
    assert office.outcomes().count("overtaken") == 2


def test_what_comes_back_is_told_again(sqlite: Database, tmp_path: Path) -> None:
    """By another key: it came into that state a second time."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    for revision, state in enumerate(("open", "resolved", "open"), 1):
        office.take(warned("a", revision, state))
        office.pass_by(2 * MINUTE)
    assert told(office.sent) == [[("a", "new")], [("a", "resolved")], [("a", "new")]]
    assert len({each.key for each in office.sent}) == 3


def test_an_acknowledged_group_swallows_no_new_member(database: Database, tmp_path: Path) -> None:
    """What was acknowledged is left out, what joins is told; also while the message waits."""
    office = Office(database, plan_of(tmp_path, ALL + "reminders_hours = [2]\n"))
    office.take(warned("a"), warned("b"))
    office.pass_by(2 * MINUTE)
    perform(database, [an_id("a"), an_id("b")], ACK, office.now)
    office.take(warned("c"), warned("d"))
    perform(database, [an_id("d")], ACK, office.now)
    assert told(office.pass_by(2 * MINUTE)) == [[("c", "new")]]
    office.now = NOON + 4 * HOUR
    assert told(office.pass_by(2 * MINUTE)) == [[("c", "reminder")]]


def test_an_acknowledgement_that_ends_is_told_once(database: Database, tmp_path: Path) -> None:
    """So nothing is acknowledged and forgotten; it survives a restart; its end is found then."""
    plan = plan_of(tmp_path, ALL)
    office = Office(database, plan)
    office.take(warned("a"), warned("b"))
    office.pass_by(2 * MINUTE)
    perform(database, [an_id("a")], ACK, office.now, None, 2 * HOUR)
    perform(database, [an_id("b")], ACK, office.now)
    office.now += 2 * HOUR - MINUTE
    assert office.pass_by(50 * SECOND) == []
    again = Office(database, plan, since=office.now + HOUR, owner="desk-2")
    assert told(again.pass_by(3 * MINUTE)) == [[("a", "again")]]
    assert again.pass_by(HOUR, MINUTE) == []


@pytest.mark.parametrize("acts", [True, False])
def test_an_acknowledgement_that_ends_early_hides_no_deadline_that_nears(
    sqlite: Database, tmp_path: Path, acts: bool
) -> None:
    """A route that waits for deadlines tells once one is near, whoever cared long before."""
    plan = plan_of(tmp_path, ALL + "hours_to_deadline = 2\n")
    office = Office(sqlite, plan)
    office.take(warned("a", deadline=NOON + 4 * HOUR))
    if acts:
        perform(sqlite, [an_id("a")], ACK, office.now, holds=HOUR)
    assert office.pass_by(2 * HOUR - MINUTE, MINUTE) == []
    assert told(office.pass_by(5 * MINUTE)) == [[("a", "new")]]
    assert office.pass_by(HOUR, MINUTE) == []


def test_reminders_come_as_deadlines_near_and_as_they_move(
    sqlite: Database, tmp_path: Path
) -> None:
    """Each once; none of a deadline that was near already; again for one that was put off."""
    route = ALL + "reminders_hours = [3, 1]\nwait_minutes = 0\n"
    office = Office(sqlite, plan_of(tmp_path, route))
    office.take(warned("a", deadline=NOON + 4 * HOUR), warned("b", deadline=NOON + 2 * HOUR))
    found = office.pass_by(HOUR + 10 * MINUTE, 10 * MINUTE)
    assert told(found) == [[("b", "new"), ("a", "new")], [("b", "reminder"), ("a", "reminder")]]
    assert [(item.step, item.warning.order_ids) for item in found[1].changed] == [
        (1, ("order-b",)),
        (3, ("order-a",)),
    ]
    office.take(warned("a", 2, deadline=NOON + 8 * HOUR))
    assert office.pass_by(3 * HOUR, 10 * MINUTE) == []
    assert told(office.pass_by(HOUR, 10 * MINUTE)) == [[("a", "reminder")]]
    assert told(office.pass_by(3 * HOUR, 10 * MINUTE)) == [[("a", "reminder")]]


def test_a_route_may_wait_for_deadlines_to_be_near(sqlite: Database, tmp_path: Path) -> None:
    """`hours_to_deadline`: not before; what ends until then is never told."""
    route = ALL + "hours_to_deadline = 2\nwait_minutes = 0\n"
    office = Office(sqlite, plan_of(tmp_path, route))
    office.take(warned("a"), warned("b"), warned("c", deadline=NOON + HOUR))
    assert told(office.pass_by(HOUR, 10 * MINUTE)) == [[("c", "new")]]
    office.take(warned("b", 2, "resolved"))
    assert told(office.pass_by(4 * HOUR, 10 * MINUTE)) == [[("a", "new")]]
    office.take(warned("a", 2, "breached"))
    assert told(office.pass_by(MINUTE)) == [[("a", "breached")]]


def test_quiet_hours_hold_what_is_not_urgent(sqlite: Database, tmp_path: Path) -> None:
    """NOON is noon in Beijing. What is quiet becomes urgent as its deadline nears."""
    route = ALL + 'quiet = ["11:00-20:00"]\nurgent_hours = 2\nwait_minutes = 0\n'
    office = Office(sqlite, plan_of(tmp_path, route))
    office.take(
        warned("now", deadline=NOON + HOUR),
        warned("soon", deadline=NOON + 5 * HOUR),
        warned("late", deadline=NOON + 30 * HOUR),
    )
    office.look()
    assert told(office.sent) == [[("now", "new")]]
    assert told(office.pass_by(3 * HOUR, 10 * MINUTE)) == [[("soon", "new")]]
    assert office.pass_by(5 * HOUR - 10 * MINUTE, 10 * MINUTE) == []
    assert told(office.pass_by(20 * MINUTE, 10 * MINUTE)) == [[("late", "new")]]


def test_a_digest_says_what_changed_and_what_stands(database: Database, tmp_path: Path) -> None:
    """At its times, with counts, the next to be done, and since when."""
    route = ALL + 'digest = ["13:00", "18:00"]\ngroup = "route"\n'
    office = Office(database, plan_of(tmp_path, route))
    office.take(*(warned(n, deadline=NOON + (20 - n) * HOUR) for n in range(8)))
    (first,) = office.pass_by(HOUR, 10 * MINUTE)
    assert [item.warning.order_ids[0] for item in first.changed[:2]] == ["order-7", "order-6"]
    assert first.since is None
    office.take(warned(7, 2, "breached"), warned(6, 2, "resolved"), warned("x", shop_id="s-2"))
    perform(database, [an_id(0)], ACK, office.now)
    standing, over = sorted(office.pass_by(5 * HOUR, 10 * MINUTE), key=lambda each: each.kind)[::-1]
    assert told([standing, over]) == [[("x", "new"), ("7", "breached")], [("6", "resolved")]]
    assert standing.counts is not None
    assert (standing.counts.standing, standing.counts.unattended) == (8, 7)
    assert standing.counts.by_state == {"open": 7, "breached": 1}
    assert [item.warning.order_ids[0] for item in standing.urgent] == [
        f"order-{n}" for n in (5, 4, 3, 2, 1)
    ]
    assert standing.since == first.made_at


def test_a_digest_is_of_what_its_route_asks_for(sqlite: Database, tmp_path: Path) -> None:
    """What costs less, or is in another state, is not counted and not called urgent."""
    route = ALL + 'digest = ["13:00"]\ngroup = "route"\nmoney = 500\ncurrency = "CNY"\n'
    open_only = '[routes.open]\nchannels = ["ops"]\ndigest = ["13:00"]\nstates = ["open"]\n'
    office = Office(sqlite, plan_of(tmp_path, route + open_only), since=NOON + MINUTE)
    cheap = {"kind": "compensation", "currency": "CNY", "least": 1, "most": 499}
    dear = cheap | {"most": 500}
    office.take(
        warned("cheap", exposure=cheap), warned("dear", exposure=dear), warned("b", 1, "breached")
    )
    later = iso(NOON + 2 * MINUTE)
    office.take(warned("new", exposure=dear, detected_at=later))
    every, some = sorted(office.pass_by(2 * HOUR, 10 * MINUTE), key=lambda each: each.route)
    assert told([every, some]) == [[("new", "new")], [("new", "new")]]
    assert [item.warning.order_ids[0] for item in every.urgent] == ["order-dear"]
    assert [item.warning.order_ids[0] for item in some.urgent] == ["order-cheap", "order-dear"]
    assert every.counts is not None
    assert some.counts is not None
    assert (every.counts.standing, every.counts.unattended) == (2, 2)
    assert (some.counts.standing, some.counts.by_state) == (3, {"open": 3})
    assert some.counts.by_change == {"new": 1}


def test_nobody_who_acknowledges_in_time_lets_others_know(
    database: Database, tmp_path: Path
) -> None:
    """Once for each state; a breach is another."""
    route = ALL + 'wait_minutes = 0\nescalate = { after_hours = 1, channels = ["boss"] }\n'
    office = Office(database, plan_of(tmp_path, route, ("ops", "boss")))
    office.take(warned("a"), warned("b"))
    office.look()
    perform(database, [an_id("b")], ACK, office.now)
    found = office.pass_by(2 * HOUR, 10 * MINUTE)
    assert [(each.channel, told([each])) for each in found] == [("boss", [[("a", "escalation")]])]
    office.take(warned("a", 2, "breached"))
    found = office.pass_by(3 * HOUR, 10 * MINUTE)
    assert [(each.channel, told([each])[0][0][1]) for each in found] == [
        ("ops", "breached"),
        ("boss", "escalation"),
    ]
    office.take(warned("a", 3, "resolved"))
    office.look()
    office.pass_by(2 * MINUTE)
    assert [each.channel for each in office.sent[-2:]] == ["ops", "boss"]
    assert told(office.sent[-2:]) == [[("a", "resolved")]] * 2


def test_a_deleted_warning_begins_anew(sqlite: Database, tmp_path: Path) -> None:
    """Its lower revisions are news, and what waited of it is not told."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a", 5), warned("b", 5))
    office.pass_by(2 * MINUTE)
    with sqlite.writing() as connection:
        writing._warnings(connection, [[Deletion(an_id("a"))]], office.now, office.announcer)
    office.take(warned("a", 1))
    assert told(office.pass_by(2 * MINUTE)) == [[("a", "new")]]
    assert len({each.key for each in office.sent}) == 2


@pytest.mark.parametrize("seed", range(2))
def test_whatever_the_batches_what_was_told_last_is_so(
    sqlite: Database, tmp_path: Path, seed: int
) -> None:
    """Histories cut anywhere, channels that fail now and then: in the end each channel was told of
    the state that stands, or of nothing where it never heard that something stood."""
    dice = random.Random(seed)
    route = ALL.replace('["ops"]', '["ops", "boss"]') + "wait_minutes = 0.1\n"
    office = Office(sqlite, plan_of(tmp_path, route, ("ops", "boss")))
    office.answer = lambda _job: Sent() if dice.random() < 0.7 else Failed("no answer")
    states = ("open", "breached", "resolved", "withdrawn")
    history = [
        warned(n, revision, dice.choice(states), shop_id=f"s-{n % 3}")
        for revision in range(1, 8)
        for n in range(12)
    ]
    while history:
        cut = dice.randrange(1, 9)
        some, history = history[:cut], history[cut:]
        office.take(*some)
        office.pass_by(dice.randrange(0, 40) * SECOND)
    office.pass_by(4 * HOUR, 5 * MINUTE)
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for message in office.sent:
        for item in message.changed:
            place = message.channel, item.warning.warning_id
            assert item.warning.revision > last.get(place, ("", 0))[1]
            last[place] = item.warning.state, item.warning.revision
    with sqlite.reading() as connection:
        stands = {
            row.warning_id: row.state
            for row in connection.execute(select(warnings.c.warning_id, warnings.c.state))
        }
    for warning_id, state in stands.items():
        for channel in ("ops", "boss"):
            said = last.get((channel, warning_id), ("nothing", 0))[0]
            over = state in ("resolved", "withdrawn")
            assert said == state or (over and said in ("nothing", "resolved", "withdrawn"))
    assert set(office.outcomes()) <= {"in_notification", "overtaken"}


def test_a_route_in_the_database_is_the_route(sqlite: Database, tmp_path: Path) -> None:
    """What is asked of the database is what is asked of a revision."""
    dice = random.Random(16)
    values = [
        warned(
            n,
            state=dice.choice(("open", "breached")),
            platform=dice.choice(("douyin", "taobao")),
            shop_id=dice.choice(("s-1", "s-2", None)),
            severity=dice.choice(("critical", "warning")),
            rule=dice.choice(("recalled", "pickup_overdue")),
            exposure=dice.choice((
                None,
                {"kind": "strike"},
                {"kind": "compensation", "currency": "CNY", "least": 1, "most": 500},
                {"kind": "compensation", "currency": "USD", "least": 1, "most": 500},
            )),
        )
        for n in range(200)
    ]  # fmt: skip
    routes = """
        [routes.a]
        channels = ["ops"]
        platforms = ["douyin"]
        severities = ["critical"]
        [routes.b]
        channels = ["ops"]
        shops = ["taobao/s-1", "douyin/s-2"]
        states = ["open"]
        [routes.c]
        channels = ["ops"]
        rules = ["recalled"]
        stages = ["violation"]
        money = 500
        currency = "CNY"
    """
    office = Office(sqlite, plan_of(tmp_path, routes))
    office.take(*values)
    with sqlite.reading() as connection:
        every = connection.execute(select(warnings)).all()
        for route in office.plan.routes.values():
            found = connection.execute(select(warnings.c.warning_id).where(*is_of(route)))
            ids = set(found.scalars())
            assert ids == {row.warning_id for row in every if matches(route, fact_of(row._mapping))}
            assert 0 < len(ids) < len(values)


def test_what_was_told_is_kept_as_long_as_it_counts(sqlite: Database, tmp_path: Path) -> None:
    """The log goes after its time; of what stands it stays known that it was told."""
    office = Office(sqlite, plan_of(tmp_path, ALL))
    office.take(warned("a"), warned("b"))
    office.pass_by(2 * MINUTE)
    office.take(warned("b", 2, "resolved"))
    office.pass_by(2 * MINUTE)
    late = NOON + 200 * DAY
    prune(sqlite, late, 90, 730, 90, forget)
    assert counted(sqlite, notices) == 1
    office.now = late
    office.take(warned("a", 2, "resolved"))
    assert told(office.pass_by(2 * MINUTE)) == [[("a", "resolved")]]
