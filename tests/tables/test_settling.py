"""The pipeline publishes what has settled: bursts, deadlines, restarts, shadows and shops' days."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from prometheus_client import REGISTRY
from support.builders import (
    DAY,
    HOUR,
    PAID,
    PICKED,
    UPLOADED,
    US,
    Message,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)
from support.replaying import replay, standing
from support.travelling import RUNNING, gates_of, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop, run

from streams import app
from streams.app import shadows_of
from streams.engine.kafka.types import Chunk, Record
from streams.facts.times import SECOND, from_datetime
from streams.profiles.loader import load
from streams.settings import Settings
from streams.state.codec import load_order
from streams.tables.judged import JudgedProcessor
from streams.tables.processor import Processor

SETTLE = 5 * SECOND
WAIT = timedelta(seconds=5)
LATER = PAID + 10 * DAY
HISTORIES = 40


def settling(now: datetime = LATER, partitions: int = 2) -> Loop:
    """An empty pipeline that waits five seconds."""
    return Loop(partitions, us(now), settle=SETTLE)


def say(loop: Loop, *messages: Message) -> None:
    """Messages that are read one by one at the wall clock, and all that they cause."""
    for value in messages:
        topic = TOPICS.tracking if "tracking_number" in value else TOPICS.orders
        loop.produce(topic, json.dumps(value).encode(), None, 0)
        loop.drain(loop.now)


def wait(loop: Loop, length: timedelta) -> None:
    """The clock moves on, and what is due happens."""
    loop.now += length // US
    loop.drain(loop.now)


def seen(loop: Loop, rule: str) -> list[str]:
    """The states that were published of a rule's violation, in order."""
    return [w["state"] for w in loop.warnings if (w["rule"], w["stage"]) == (rule, "violation")]


BURST = (
    order(),
    upload("1", shop_id=None),
    picked_up(),
    record("hub", PICKED + HOUR),
    record("delivered", PICKED + 30 * HOUR),
)
"""A parcel without fault: any part of it alone is a warning."""


@pytest.mark.parametrize("burst", list(permutations(BURST))[::7])
def test_a_burst_in_any_order_publishes_nothing_that_it_undoes(burst: tuple[Message, ...]) -> None:
    """Order, upload and scans of days ago, one by one: at once there would be warnings."""
    at_once = Loop(2, us(LATER))
    say(at_once, *burst)
    loop = settling()
    say(loop, *burst)
    wait(loop, DAY)
    assert standing(loop.newest()) == standing(at_once.newest()) == []
    assert loop.warnings == []


def test_a_burst_in_some_order_is_noise_at_once() -> None:
    """Or the test above would show nothing."""
    loop = Loop(2, us(LATER))
    say(loop, *BURST[1:], BURST[0])
    assert {warning["state"] for warning in loop.newest().values()} == {"withdrawn"}


def test_a_warning_is_first_published_with_its_shop() -> None:
    """Upload and order over two topics: nothing for five seconds, then one revision."""
    loop = settling()
    say(loop, upload("1", platform="douyin"), order())
    wait(loop, WAIT - timedelta(seconds=1))
    assert loop.warnings == []
    wait(loop, timedelta(seconds=1))
    found = [w for w in loop.warnings if w["rule"] == "pickup_overdue"]
    assert sorted((w["stage"], w["shop_id"]) for w in found) == [
        ("serious", "s-1"),
        ("violation", "s-1"),
    ]


def test_a_repeat_is_no_news() -> None:
    """A feed that says the same each second keeps nobody waiting."""
    loop = settling()
    say(loop, order(), upload("1"))
    for _ in range(6):
        wait(loop, timedelta(seconds=1))
        say(loop, order(), upload("1"))
    assert seen(loop, "pickup_overdue") == ["breached"]


def test_a_parcel_with_a_scan_each_second_is_heard_of_after_half_a_minute() -> None:
    """News without end does not keep a warning back."""
    loop = settling()
    say(loop, order(), upload("1", number="TEST-1234567"))
    for n in range(60):
        wait(loop, timedelta(seconds=1))
        at = PICKED + n * timedelta(minutes=1)
        say(loop, record("exception", at, "TEST-1234567"))
        if seen(loop, "malformed_tracking_number"):
            break
    assert n in (29, 30)


def test_an_open_warning_is_out_before_a_deadline_that_is_nearer_than_the_wait() -> None:
    """Two seconds before its deadline it is published at once, and breaches at it."""
    deadline = UPLOADED + 24 * HOUR
    loop = settling(deadline - timedelta(seconds=2))
    say(loop, order(), upload("1"))
    assert seen(loop, "pickup_overdue")[0] == "open"
    wait(loop, timedelta(seconds=2))
    assert seen(loop, "pickup_overdue")[-1] == "breached"


def test_a_deadline_that_is_farther_waits() -> None:
    """Six seconds before: five of them are waited."""
    loop = settling(UPLOADED + 24 * HOUR - timedelta(seconds=6))
    say(loop, order(), upload("1"))
    wait(loop, timedelta(seconds=4))
    assert seen(loop, "pickup_overdue") == []
    wait(loop, timedelta(seconds=1))
    assert seen(loop, "pickup_overdue") == ["open"]


def test_a_breach_is_published_at_its_deadline_though_there_was_news() -> None:
    """Time brings it; the news of a moment ago has nothing to do with it."""
    deadline = UPLOADED + 24 * HOUR
    loop = settling(deadline - HOUR)
    say(loop, order(), upload("1"))
    wait(loop, HOUR - timedelta(seconds=1))
    assert seen(loop, "pickup_overdue") == ["open"]
    say(loop, record("exception", deadline - timedelta(seconds=1)))
    wait(loop, timedelta(seconds=1))
    assert seen(loop, "pickup_overdue") == ["open", "breached"]


def test_an_opening_just_after_news_waits_with_it() -> None:
    """The lead time begins a second after news: the warning is five seconds behind the news."""
    opens = UPLOADED + 18 * HOUR
    loop = settling(opens - timedelta(seconds=1))
    say(loop, order(), upload("1"))
    wait(loop, timedelta(seconds=2))
    assert seen(loop, "pickup_overdue") == []
    wait(loop, timedelta(seconds=3))
    assert seen(loop, "pickup_overdue") == ["open"]


def test_a_correction_is_published_as_one() -> None:
    """A number is taken from an order and given to it again: nothing of that is said."""
    loop = settling()
    say(loop, order(), upload("1", number="TEST-1234567"))
    wait(loop, WAIT)
    before = len(loop.warnings)
    say(loop, release("1", UPLOADED + HOUR, "TEST-1234567"))
    assert len(loop.warnings) == before
    wait(loop, WAIT)
    assert seen(loop, "malformed_tracking_number") == ["open", "resolved"]


def test_a_restart_loses_no_wait_and_no_warning() -> None:
    """Durable before it had settled, then the worker crashes: the warning comes, once."""
    loop = settling(partitions=1)
    say(loop, order(), upload("1"))
    loop.commit(0)
    loop.crash(0)
    wait(loop, timedelta(seconds=3))
    assert loop.warnings == []
    wait(loop, timedelta(seconds=2))
    assert seen(loop, "pickup_overdue") == ["breached"]


def test_a_crash_that_takes_the_state_waits_from_reading_on() -> None:
    """Nothing was durable: the facts are read again, and settle again."""
    loop = settling(partitions=1)
    say(loop, order(), upload("1"))
    loop.crash(0)
    wait(loop, timedelta(seconds=4))
    assert loop.warnings == []
    wait(loop, WAIT)
    assert seen(loop, "pickup_overdue") == ["breached"]


def test_what_was_published_before_a_crash_is_taken_over_and_settles() -> None:
    """The state that published is lost, and so is a fact of its burst: no second content."""
    loop = settling(partitions=1)
    say(loop, order(), upload("1", number="TEST-1234567"))
    loop.commit(0)
    wait(loop, WAIT)
    first = [w for w in loop.warnings if w["rule"] == "malformed_tracking_number"]
    loop.crash(0)
    say(loop, release("1", UPLOADED + HOUR, "TEST-1234567"))
    wait(loop, WAIT)
    again = [w for w in loop.warnings if w["rule"] == "malformed_tracking_number"]
    assert [w["state"] for w in first] == ["open"]
    assert [w["state"] for w in again] == ["open", "resolved"]
    assert again[1]["revision"] > again[0]["revision"]


def test_shadows_settle_like_what_is_published() -> None:
    """What news undoes is counted for no profile; what stays is counted after the wait."""

    def counted() -> float:
        labels = {"rule": "pickup_overdue", "stage": "violation", "state": "breached"}
        found = {"profile": "douyin-2026-07-09", **labels}
        return REGISTRY.get_sample_value("shipsentry_shadow_revisions_total", found) or 0

    before = counted()
    loop = settling()
    loop.orders.shadows = loop.parcels.shadows = shadows_of(load(), ["douyin-2026-07-09"])
    say(loop, order("1", platform="brief"), upload("1"))
    assert counted() == before
    wait(loop, WAIT)
    assert counted() == before + 1
    say(loop, order("2", platform="brief"), upload("2", number="N-200002"))
    say(loop, picked_up(UPLOADED + HOUR, "N-200002"))
    wait(loop, WAIT)
    assert counted() == before + 1


def test_what_a_shop_counts_of_warnings_settles_with_them() -> None:
    """An order is due at once, and late when its warning is published."""
    loop = settling(partitions=1)
    say(loop, order())
    (value,) = loop.values("orders")
    (share,) = load_order(value).contributions
    assert (share.due is not None, share.late) == (True, False)
    wait(loop, WAIT)
    (value,) = loop.values("orders")
    (share,) = load_order(value).contributions
    assert share.late


def test_what_a_parcel_says_of_its_warnings_is_no_news_of_the_order() -> None:
    """The order's own warnings do not wait once more when the parcel's are published."""
    loop = settling(partitions=1)
    say(loop, upload("1"))
    wait(loop, timedelta(seconds=3))
    say(loop, order())
    wait(loop, WAIT)
    wait(loop, timedelta(seconds=1))
    assert seen(loop, "ship_overdue") == ["breached"]


def test_where_inputs_lag_the_wait_counts_from_the_kafka_time_of_the_record() -> None:
    """A worker that reads what came an hour ago is not made later by an hour, nor sooner."""
    loop = settling(partitions=1)
    came = loop.now - 3_600 * SECOND
    # The deadlines of this partition have come as far as ten minutes before the record.
    behind = came - 600 * SECOND
    for topic, value in (
        (TOPICS.tracking, upload("1", platform="douyin")),
        (TOPICS.orders, order()),
    ):
        raw = Record(0, came // 1_000, None, json.dumps(value).encode())
        loop.take(Chunk(topic, 0, 0, 0, [raw]), behind)
        loop.drain(behind)
    loop.drain(came + SETTLE - SECOND)
    assert loop.warnings == []
    loop.drain(came + SETTLE)
    assert seen(loop, "pickup_overdue") == ["breached"]


@pytest.mark.parametrize(("given", "wait_us"), [({}, 5_000_000), ({"settle_s": 0.25}, 250_000)])
def test_a_worker_waits_as_long_as_its_settings_say(
    given: dict[str, float], wait_us: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five seconds where nothing is said; orders and parcels alike."""
    taken: list[JudgedProcessor[Any, Any]] = []

    def keep(_: object, processors: tuple[Processor, ...]) -> None:
        taken.extend(each for each in processors if isinstance(each, JudgedProcessor))

    monkeypatch.setattr(app, "add_agents", keep)
    app.build(Settings(data_dir=tmp_path, http_port=0, **given))
    assert {each.table: each.settle for each in taken} == {"orders": wait_us, "parcels": wait_us}


@pytest.mark.parametrize("crashes", [0.0, 0.05])
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_any_travel_ends_with_what_replay_gives_once_it_has_settled(
    seed: int, crashes: float
) -> None:
    """Random partitions, chunks, gates and crashes; and no revision ever has two contents."""
    rng = Random(f"settle/{seed}/{crashes}")
    history = suitable(5_000 + seed)
    until = from_datetime(history.until)
    settled = history.until + 6 * WAIT
    wanted = standing(replay(history.orders, history.tracking, settled)[0])
    loop = Loop(rng.choice((1, 2, 3, 4)), until - RUNNING, settle=SETTLE)
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng), crashes=crashes)
    loop.drain(until)
    loop.drain(from_datetime(settled))
    assert standing(loop.newest()) == wanted
    contents: dict[tuple[str, int], Message] = {}
    for value in loop.warnings:
        revision = (value["warning_id"], value["revision"])
        assert contents.setdefault(revision, value) == value
