"""A preview says what a desk would have sent."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.desk import NOON, an_id, warned
from support.notifying import Office, plan_of

from schemas import ShipmentWarning
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.facts.times import HOUR, MINUTE, iso
from streams.notify.facts import fact_of
from streams.notify.foresee import foresee
from streams.notify.routes import Route

ROUTES = """
[routes.shops]
channels = ["ops"]
reminders_hours = [3, 1]
wait_minutes = 10
escalate = { after_hours = 2, channels = ["boss"] }
[routes.near]
channels = ["boss"]
hours_to_deadline = 2
group = "warning"
wait_minutes = 0
[routes.daily]
channels = ["ops"]
digest = ["13:03", "14:45"]
quiet = ["14:31-15:31"]
group = "route"
"""


@pytest.mark.parametrize("seed", range(2))
def test_a_desk_sends_what_was_foreseen(tmp_path: Path, seed: int) -> None:
    """The same warnings, for the same reasons, in the same messages at the same time; revisions and
    deadlines stand where no two things happen within two minutes."""
    dice = random.Random(seed)
    plan = plan_of(tmp_path, ROUTES, ("ops", "boss"))
    database = Database(sqlite_url(tmp_path / "desk.sqlite"))
    upgrade(database)
    office = Office(database, plan, since=NOON)
    states = ("open", "open", "breached", "resolved")
    history = []
    for step in range(30):
        number = dice.randrange(10)
        at = NOON + (1 + step * 6) * MINUTE
        revision = 1 + sum(value["warning_id"] == an_id(number) for _, value in history)
        value = warned(
            number,
            revision,
            "open" if revision == 1 else dice.choice(states),
            shop_id=f"s-{number % 2}",
            deadline=NOON + (number % 5 + 1) * HOUR + 2 * MINUTE,
            detected_at=iso(at),
        )
        history.append((at, value))
    end = NOON + 5 * HOUR
    waiting = list(history)
    while office.now < end:
        office.now += 2 * MINUTE
        while waiting and waiting[0][0] <= office.now:
            office.take(waiting.pop(0)[1])
        for _ in range(2):
            office.look()
    facts = [fact_of(ShipmentWarning.model_validate(value)) for _, value in history]
    found = foresee(plan.routes.values(), facts, end)
    foreseen = sorted(
        (each.route, each.channel, line.fact.warning_id, line.change, each.at)
        for each in found
        for line in each.lines
    )
    done = sorted(
        (each.route, each.channel, item.warning.warning_id, item.change, at)
        for each, (at, _) in zip(office.sent, office.attempts, strict=True)
        for item in each.changed
    )
    database.close()
    assert [each[:4] for each in foreseen] == [each[:4] for each in done]
    assert all(
        abs(one[4] - other[4]) <= 4 * MINUTE for one, other in zip(foreseen, done, strict=True)
    )
    assert len(done) > 20


def test_what_was_so_before_is_not_foreseen() -> None:
    """Of warnings that were there already only what changed."""
    values = [warned("a", 2), warned("b", 2), warned("c")]
    facts = [fact_of(ShipmentWarning.model_validate(value)) for value in values]
    route = Route(name="all", channels=["ops"])
    before = {an_id("a"): ("open", "critical"), an_id("b"): ("open", "warning")}
    (found,) = foresee([route], facts, NOON + HOUR, before)
    assert {line.fact.warning_id for line in found.lines} == {an_id("b"), an_id("c")}


def test_what_a_route_asks_for_no_longer_is_not_foreseen() -> None:
    """Its deadline nears, but it has become less severe."""
    deadline = NOON + 4 * HOUR
    values = [
        warned("a", deadline=deadline),
        warned("a", 2, severity="warning", deadline=deadline, detected_at=iso(NOON + HOUR)),
    ]
    facts = [fact_of(ShipmentWarning.model_validate(value)) for value in values]
    route = Route(name="all", channels=["ops"], severities=["critical"], reminders_hours=[2])
    (found,) = foresee([route], facts, deadline)
    assert [line.change for line in found.lines] == ["new"]
