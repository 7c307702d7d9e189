"""Sums over the warnings that stand: of what is published now, however it came about."""

from __future__ import annotations

from random import Random

from streams.facts.times import HOUR, MINUTE
from streams.state.standing import Standing
from streams.state.state import Finding, Published

MONEY = ("CNY", 300, 5000, None)


def warning(number: int, state: str = "open", **fields: object) -> Published:
    """A warning of shop s1, due at 5 h 30 s; a strike unless `exposure` and `money` say else."""
    given: dict[str, object] = {
        "rule": "pickup_overdue",
        "stage": "violation",
        "severity": "critical",
        "profile": "p",
        "platform": "douyin",
        "shop_id": "s1",
        "order_ids": ("o1",),
        "parcel": "zto:1",
        "anchor": 0,
        "opened_at": 0,
        "deadline": 5 * HOUR + MINUTE // 2,
        "breached_at": None,
        "resolved_at": None,
        **fields,
    }
    return Published(f"w{number}", 1, Finding(state=state, **given))  # type: ignore[arg-type]


def numbers(standing: Standing) -> tuple[object, ...]:
    """Everything that it holds, to compare."""
    return (
        standing.counts,
        standing.deadlines,
        standing.money,
        standing.strikes,
        standing.unpriced,
    )


def test_open_and_breached_stand_and_nothing_else() -> None:
    """What was resolved or withdrawn is over; a deadline that has passed is none that nears."""
    standing = Standing()
    standing.add(warning(n, state) for n, state in enumerate(("open", "breached", "resolved")))
    standing.add([warning(9, "withdrawn")])
    head = ("douyin", "s1", "pickup_overdue", "violation")
    assert standing.counts == {(*head, "open"): 1, (*head, "breached"): 1}
    assert standing.deadlines == {("douyin", "s1", 300): 1}
    assert standing.strikes == {("douyin", "s1", "open"): 1, ("douyin", "s1", "breached"): 1}


def test_what_it_costs_is_a_sum_a_strike_or_not_known() -> None:
    """Sums add up by currency; a compensation without a sum is unpriced; a notice costs nothing."""
    standing = Standing()
    standing.add(
        [
            warning(1, exposure="compensation", money=MONEY),
            warning(2, exposure="compensation", money=("CNY", 1, 2, 9)),
            warning(3, exposure="compensation", money=("USD", 7, 8, None)),
            warning(4, exposure="compensation"),
            warning(5, stage="notice", deadline=None),
        ]
    )
    assert standing.money == {
        ("douyin", "s1", "open", "CNY"): (301, 5002),
        ("douyin", "s1", "open", "USD"): (7, 8),
    }
    assert standing.unpriced == {("douyin", "s1", "open"): 1}
    assert standing.strikes == {}
    assert sum(standing.counts.values()) == 5


def test_a_warning_without_a_shop_counts_as_unknown() -> None:
    """Facts need not name a shop."""
    standing = Standing()
    standing.add([warning(1, shop_id=None)])
    assert standing.shops() == {("douyin", "unknown"): 1}


def test_changes_and_counts_give_the_same_in_any_order() -> None:
    """States that change while they are counted: the count of before plus the changes is now."""
    rng = Random(7)
    for _ in range(200):
        states: dict[int, list[Published]] = {
            key: [random_warning(rng) for _ in range(rng.randrange(4))] for key in range(6)
        }
        counted = Standing()
        for published in states.values():
            counted.add(published)
        changes = Standing()
        for _ in range(20):
            key = rng.randrange(6)
            before = states[key]
            kept = [entry for entry in before if rng.random() < 0.6]
            states[key] = [*kept, *(random_warning(rng) for _ in range(rng.randrange(3)))]
            changes.change(before, states[key])
        changes.merge(counted)
        wanted = Standing()
        for published in states.values():
            wanted.add(published)
        assert numbers(changes) == numbers(wanted)


def test_nothing_is_left_of_what_is_taken_away() -> None:
    """No zero stays behind: memory follows what stands."""
    rng = Random(3)
    entries = [random_warning(rng) for _ in range(300)]
    standing = Standing()
    standing.add(entries)
    assert standing.counts
    assert standing.money
    standing.change(entries, ())
    assert numbers(standing) == ({}, {}, {}, {}, {})


def random_warning(rng: Random) -> Published:
    """A warning of a few shops, states, deadlines and sums."""
    exposure = rng.choice(("strike", "compensation"))
    money = (rng.choice(("CNY", "USD")), rng.randrange(3), rng.randrange(3, 9), None)
    return warning(
        rng.randrange(1000),
        rng.choice(("open", "breached", "resolved", "withdrawn")),
        shop_id=rng.choice(("s1", "s2", None)),
        deadline=rng.choice((None, rng.randrange(3) * HOUR)),
        exposure=exposure,
        money=rng.choice((None, money)) if exposure == "compensation" else None,
    )
