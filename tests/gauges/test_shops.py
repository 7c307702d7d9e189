"""Which shops have labels: the same on every worker, so that what bears a shop's name is all."""

from __future__ import annotations

from collections import Counter
from random import Random

from streams.gauges.shops import FORGOTTEN_AFTER, TOLD_EVERY, Shops
from streams.state.standing import Shop
from streams.tables.feeds import Slots
from streams.telemetry.metrics import OTHER, SHOPS_SHOWN


def workers(seed: int, number: int) -> tuple[list[Shops], list[Counter[Shop]]]:
    """Workers that share 200 shops' warnings by chance, and what stands on each."""
    rng = Random(seed)
    shares: list[Counter[Shop]] = [Counter() for _ in range(number)]
    for shop in range(200):
        for _ in range(rng.randrange(1, 40)):
            shares[rng.randrange(number)]["douyin", f"s{shop}"] += 1
    return [Shops() for _ in range(number)], shares


def talk(shops: list[Shops], shares: list[Counter[Shop]], now: float) -> None:
    """Each says its word, all hear it, all choose."""
    words = [each.word(share) for each, share in zip(shops, shares, strict=True)]
    for place, each in enumerate(shops):
        for other, word in enumerate(words):
            if other != place:
                each.hear(f"w{other}", word, now)
    for each in shops:
        each.choose(now)


def named(shops: Shops) -> set[str]:
    """The shops that have a label of their own."""
    every = [f"s{number}" for number in range(200)]
    return {shop for shop in every if shops.labels()("douyin", shop) != OTHER}


def test_all_workers_name_the_same_shops() -> None:
    """However the warnings of shops are spread over workers."""
    for seed in range(20):
        shops, shares = workers(seed, 3)
        talk(shops, shares, 0.0)
        chosen = [named(each) for each in shops]
        assert chosen[0] == chosen[1] == chosen[2]
        assert len(chosen[0]) == SHOPS_SHOWN


def test_the_named_shops_are_those_with_the_most_warnings() -> None:
    """One worker alone names exactly the top of its list; ties by name."""
    shops, shares = workers(5, 1)
    talk(shops, shares, 0.0)
    ordered = sorted(shares[0].items(), key=lambda item: (-item[1], item[0]))
    assert named(shops[0]) == {shop for (_, shop), _ in ordered[:SHOPS_SHOWN]}


def test_the_same_name_on_two_platforms_is_two_shops() -> None:
    """Shop ids of different platforms have nothing to do with each other."""
    shops = Shops()
    shops.word({("douyin", "s1"): 5, **{("tmall", f"t{n}"): 9 for n in range(SHOPS_SHOWN)}})
    shops.choose(0.0)
    assert shops.labels()("tmall", "t1") == "t1"
    assert shops.labels()("tmall", "s1") == OTHER
    assert shops.labels()("douyin", "s1") == OTHER


def test_a_worker_that_is_gone_is_forgotten() -> None:
    """Its shops do not hold places for ever; at the limit it still counts."""
    shops = Shops()
    shops.word({("douyin", f"s{n}"): 1 for n in range(SHOPS_SHOWN)})
    other = Shops()
    shops.hear("w2", other.word({("douyin", "theirs"): 99}), 10.0)
    shops.choose(10.0 + FORGOTTEN_AFTER)
    assert shops.labels()("douyin", "theirs") == "theirs"
    shops.choose(10.1 + FORGOTTEN_AFTER)
    assert shops.labels()("douyin", "theirs") == OTHER


def test_a_word_of_another_release_is_passed_over() -> None:
    """Bytes that are no word change nothing."""
    shops = Shops()
    shops.word({("douyin", "s1"): 1})
    for word in (b"\xff", b"", b"\x93\x01\x02\x03"):
        shops.hear("w2", word, 0.0)
    shops.choose(0.0)
    assert shops.labels()("douyin", "s1") == "s1"


def test_a_word_is_said_now_and_then() -> None:
    """Once at the start, then when its time has come."""
    shops = Shops()
    assert [shops.is_time(now) for now in (0.0, 0.5, TOLD_EVERY - 0.1, TOLD_EVERY)] == [
        True,
        False,
        False,
        True,
    ]


def test_slots_go_to_the_first_that_come_often() -> None:
    """A name keeps its slot; one that comes seldom, or too late, is `other`."""
    slots = Slots(limit=2, often=3)
    assert [slots.label("a"), slots.label("a"), slots.label("a"), slots.label("a")] == [
        *(OTHER, OTHER),
        *("a", "a"),
    ]
    assert slots.label("b", 3) == "b"
    assert slots.label("c", 1_000) == OTHER
    assert slots.label("a") == "a"


def test_slots_do_not_remember_every_name() -> None:
    """Misspelt carriers without end do not fill memory."""
    slots = Slots(limit=2, often=3)
    for number in range(10_000):
        slots.label(f"typo{number}")
    assert len(slots._seen) <= 201
    assert slots.label("real", 3) == "real"
