"""What a warning may cost: every sum of the built-in profiles, on both sides of each boundary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.builders import (
    ANNA,
    BORIS,
    HOUR,
    LATER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    judge,
    order,
    picked_up,
    record,
    upload,
    us,
)

from streams.facts.facts import OrderFacts, OrderVersion, Place
from streams.facts.times import DAY
from streams.facts.times import HOUR as HOUR_US
from streams.profiles.loader import load
from streams.profiles.money import (
    Charge,
    Exposure,
    Scale,
    Step,
    at_risk,
    charges,
    joint,
    share_of,
    spelled,
)
from streams.state.state import Finding

PROFILES = {profile.id: profile.exposure for profile in load().all}
DOUYIN = PROFILES["douyin-2026-07-09"]
TMALL = PROFILES["tmall-2026-04-09"]
SHORT, MEDIUM, LONG = 48 * HOUR_US, 240 * HOUR_US, 240 * HOUR_US + 1


def version(amount: int | None, currency: str | None = "CNY", presale: int = 0) -> OrderVersion:
    """An order that paid `amount` fen."""
    return OrderVersion("1", 0, "", amount_paid=amount, currency=currency, presale=presale)


@pytest.mark.parametrize(
    ("promise", "amount", "least", "most"),
    [
        # Promised within 48 h: nothing, then 1 % within 2 and 50 yuan.
        (SHORT, 0, 0, 200),
        (SHORT, 1, 0, 200),
        (SHORT, 24_999, 0, 200),
        (SHORT, 25_000, 0, 300),
        (SHORT, 34_999, 0, 300),
        (SHORT, 35_000, 0, 400),
        (SHORT, 494_999, 0, 4_900),
        (SHORT, 495_000, 0, 5_000),
        (SHORT, 505_000, 0, 5_000),
        (SHORT, 10**12, 0, 5_000),
        (1, 25_000, 0, 300),
        # Within 240 h: 1 % within 2 and 50, then 3 % within 3 and 50.
        (SHORT + 1, 0, 200, 300),
        (SHORT + 1, 11_666, 200, 300),
        (SHORT + 1, 11_667, 200, 400),
        (SHORT + 1, 24_999, 200, 700),
        (SHORT + 1, 25_000, 300, 800),
        (MEDIUM, 164_999, 1_600, 4_900),
        (MEDIUM, 165_000, 1_700, 5_000),
        (MEDIUM, 494_999, 4_900, 5_000),
        (MEDIUM, 495_000, 5_000, 5_000),
        (MEDIUM, 10**12, 5_000, 5_000),
        # Beyond: 1 % within 3 and 50, then 5 % within 5 and 50.
        (LONG, 0, 300, 500),
        (LONG, 10_999, 300, 500),
        (LONG, 11_000, 300, 600),
        (LONG, 34_999, 300, 1_700),
        (LONG, 35_000, 400, 1_800),
        (LONG, 98_999, 1_000, 4_900),
        (LONG, 99_000, 1_000, 5_000),
        (LONG, 494_999, 4_900, 5_000),
        (LONG, 10**12, 5_000, 5_000),
    ],
)
def test_late_on_douyin(promise: int, amount: int, least: int, most: int) -> None:
    """Whole yuan, half up; the promise chooses the row, whose own limit belongs to it."""
    assert DOUYIN.price("ship_overdue", "violation", promise, version(amount)) == (least, most)


FIVE_TO_50 = [
    (0, 500),
    (10_009, 500),
    (10_010, 501),  # 500.5 fen
    (10_029, 501),
    (10_030, 502),
    (99_989, 4_999),
    (99_990, 5_000),
    (100_010, 5_000),
    (10**12, 5_000),
]
FIVE_TO_100 = [(10_009, 500), (10_010, 501), (199_989, 9_999), (199_990, 10_000), (200_010, 10_000)]
TWENTY_TO_100 = [
    (0, 500),
    (2_502, 500),
    (2_503, 501),  # 500.6 fen
    (2_507, 501),
    (2_508, 502),
    (49_997, 9_999),
    (49_998, 10_000),  # 9,999.6 fen
    (50_003, 10_000),
    (10**12, 10_000),
]
THIRTY_TO_500 = [
    (0, 500),
    (1_668, 500),
    (1_669, 501),  # 500.7 fen
    (166_664, 49_999),
    (166_665, 50_000),  # 49,999.5 fen
    (166_669, 50_000),
    (10**12, 50_000),
]


@pytest.mark.parametrize(
    ("rule", "stage", "amount", "cost"),
    [
        (rule, stage, amount, cost)
        for rule, stage, rows in (
            ("pickup_overdue", "violation", FIVE_TO_100),
            ("inactive_after_pickup", "violation", FIVE_TO_50),
            ("inactive_after_pickup", "serious", TWENTY_TO_100),
            ("transit_stalled", "violation", FIVE_TO_50),
            ("transit_stalled", "serious", TWENTY_TO_100),
            ("duplicate_tracking_number", "violation", THIRTY_TO_500),
            ("address_mismatch", "violation", TWENTY_TO_100),
            ("cloned_track", "violation", TWENTY_TO_100),
        )
        for amount, cost in rows
    ],
)
def test_sums_of_tmall(rule: str, stage: str, amount: int, cost: int) -> None:
    """One tier each; below the floor, above it, the half fen, and both sides of the cap."""
    assert TMALL.price(rule, stage, 24 * HOUR_US, version(amount)) == (cost, cost)


@pytest.mark.parametrize(
    ("presale", "amount", "least", "most"),
    [
        # Promised beyond 48 h: 5 % within 5 and 50 yuan, then out of stock 15 % within 5 and 500.
        (0, 3_336, 500, 500),
        (0, 3_337, 500, 501),
        (0, 99_990, 5_000, 14_999),
        (0, 333_330, 5_000, 50_000),
        # Presale: 10 %, then out of stock 15 % within 5 and 500.
        (1, 0, 500, 500),
        (1, 3_336, 500, 500),
        (1, 3_337, 500, 501),
        (1, 5_004, 500, 751),
        (1, 5_005, 501, 751),
        (2, 49_994, 4_999, 7_499),
        (2, 49_995, 5_000, 7_499),
        (2, 333_329, 5_000, 49_999),
        (2, 333_330, 5_000, 50_000),
        (2, 10**12, 5_000, 50_000),
    ],
)
def test_late_on_tmall(presale: int, amount: int, least: int, most: int) -> None:
    """Late, then out of stock; both kinds of presale cost more."""
    for promise in (SHORT + 1, LONG):
        priced = TMALL.price("ship_overdue", "violation", promise, version(amount, "CNY", presale))
        assert priced == (least, most)


@pytest.mark.parametrize(
    ("presale", "amount", "least", "most"),
    [
        # Promised within 48 h: 5 % within 5 and 50 yuan, then out of stock 10 % within 5 and 500.
        (0, 0, 500, 500),
        (0, 5_004, 500, 500),
        (0, 5_005, 500, 501),
        (0, 10_009, 500, 1_001),
        (0, 10_010, 501, 1_001),
        (0, 99_989, 4_999, 9_999),
        (0, 99_990, 5_000, 9_999),
        (0, 499_994, 5_000, 49_999),
        (0, 499_995, 5_000, 50_000),
        (0, 10**12, 5_000, 50_000),
        # A deposit presale costs the same, a full one 10 % for being late.
        (2, 10_010, 501, 1_001),
        (2, 99_990, 5_000, 9_999),
        (1, 5_004, 500, 500),
        (1, 5_005, 501, 501),
        (1, 49_995, 5_000, 5_000),
        (1, 99_990, 5_000, 9_999),
        (1, 10**12, 5_000, 50_000),
    ],
)
def test_late_on_tmall_promised_within_48_hours(
    presale: int, amount: int, least: int, most: int
) -> None:
    """Out of stock goes by the promise, lateness by promise and kind."""
    for promise in (HOUR_US, SHORT):
        priced = TMALL.price("ship_overdue", "violation", promise, version(amount, "CNY", presale))
        assert priced == (least, most)


TAOBAO = PROFILES["taobao-2026-04-09"]
BONDED = PROFILES["tmall-global-bonded-2026-04-22"]
DIRECT = PROFILES["tmall-global-direct-2026-04-22"]
INSTANT = PROFILES["douyin-instant-2026-07-06"]


@pytest.mark.parametrize(
    ("exposure", "promise", "amount", "least", "most"),
    [
        # Promised within 48 h: 1 % within 3 and 30 yuan, and out of stock 10 % within 5 and 100.
        (TAOBAO, SHORT, 10_000, 300, 1_300),
        (TAOBAO, SHORT, 200_000, 2_000, 12_000),
        (TAOBAO, SHORT, 400_000, 3_000, 13_000),
        # Above that: 5 % within 5 and 30 yuan, and 15 % within 5 and 500; the text's own example.
        (TAOBAO, SHORT + 1, 10_000, 500, 2_000),
        (TAOBAO, SHORT + 1, 100_000, 3_000, 18_000),
        (TAOBAO, SHORT + 1, 400_000, 3_000, 53_000),
        # 5 % within 5 and 50 yuan, out of stock 15 % of bonded goods, 30 % of direct mail.
        (BONDED, SHORT, 20_000, 1_000, 3_000),
        (BONDED, LONG, 400_000, 5_000, 50_000),
        (DIRECT, LONG, 20_000, 1_000, 6_000),
        (DIRECT, LONG, 400_000, 5_000, 50_000),
        # 1 % within 3 and 30 yuan.
        (INSTANT, SHORT, 10_000, 300, 300),
        (INSTANT, SHORT, 50_000, 500, 500),
        (INSTANT, LONG, 400_000, 3_000, 3_000),
    ],
)
def test_late_elsewhere(
    exposure: Exposure, promise: int, amount: int, least: int, most: int
) -> None:
    """Late, then out of stock, as far as the text has both; presales are as all others."""
    for presale in (0, 1, 2):
        order = version(amount, "CNY", presale)
        assert exposure.price("ship_overdue", "violation", promise, order) == (least, most)


@pytest.mark.parametrize(
    ("exposure", "rule", "stage", "costs"),
    [
        # of 10, 200 and 4000 yuan
        (TAOBAO, "pickup_overdue", "violation", (500, 1_000, 10_000)),
        (TAOBAO, "inactive_after_pickup", "violation", (500, 1_000, 5_000)),
        (TAOBAO, "inactive_after_pickup", "serious", (500, 4_000, 10_000)),
        (TAOBAO, "transit_stalled", "violation", (500, 1_000, 5_000)),
        (TAOBAO, "transit_stalled", "serious", (500, 4_000, 10_000)),
        (TAOBAO, "duplicate_tracking_number", "violation", (500, 6_000, 10_000)),
        (TAOBAO, "malformed_tracking_number", "violation", (500, 6_000, 10_000)),
        (TAOBAO, "address_mismatch", "violation", (500, 4_000, 10_000)),
        (TAOBAO, "cloned_track", "violation", (500, 4_000, 10_000)),
        (TAOBAO, "recalled", "violation", (500, 4_000, 10_000)),
        (BONDED, "inactive_after_pickup", "violation", (500, 6_000, 50_000)),
        (BONDED, "transit_stalled", "violation", (500, 6_000, 50_000)),
        (BONDED, "address_mismatch", "violation", (500, 6_000, 50_000)),
        (DIRECT, "inactive_after_pickup", "violation", (500, 6_000, 50_000)),
    ],
)
def test_sums_elsewhere(
    exposure: Exposure, rule: str, stage: str, costs: tuple[int, int, int]
) -> None:
    """One tier each: its floor, its share, its cap."""
    for amount, cost in zip((1_000, 20_000, 400_000), costs, strict=True):
        assert exposure.price(rule, stage, 24 * HOUR_US, version(amount)) == (cost, cost)


def test_no_sum_elsewhere_that_no_text_has() -> None:
    """Every other warning is a strike; caps of a buyer's day as far as there is one."""
    counts = {name: len(exposure.sums) for name, exposure in PROFILES.items()}
    assert counts["taobao-2026-04-09"] == 11
    assert counts["tmall-global-bonded-2026-04-22"] == 4
    assert counts["tmall-global-direct-2026-04-22"] == 2
    assert counts["douyin-instant-2026-07-06"] == 1
    assert counts["tiktok-us-2026"] == counts["generic-2026"] == counts["brief-2023"] == 0
    caps = [each.cap_per_buyer_day for each in (TAOBAO, BONDED, DIRECT, INSTANT)]
    assert caps == [10_000, 50_000, 50_000, None]


def test_which_rules_have_a_sum() -> None:
    """No sum beyond those of the platforms' texts: the rest is a strike."""
    assert set(DOUYIN.sums) == {("ship_overdue", "violation")}
    assert {(rule, stage) for rule, stage in TMALL.sums} == {
        ("ship_overdue", "violation"),
        ("pickup_overdue", "violation"),
        ("inactive_after_pickup", "violation"),
        ("inactive_after_pickup", "serious"),
        ("transit_stalled", "violation"),
        ("transit_stalled", "serious"),
        ("duplicate_tracking_number", "violation"),
        ("malformed_tracking_number", "violation"),
        ("address_mismatch", "violation"),
        ("cloned_track", "violation"),
        ("recalled", "violation"),
    }
    assert PROFILES["brief-2023"].sums == {}
    assert DOUYIN.of("pickup_overdue", "violation", 1, [version(100)]) == ("strike", None)
    assert PROFILES["brief-2023"].of("ship_overdue", "violation", 1, [version(1)]) == (
        "strike",
        None,
    )


@pytest.mark.parametrize(
    "orders",
    [
        [None],
        [version(None)],
        [version(100, None)],
        [version(100, "")],
        [version(100, "USD")],
        [version(-1)],
        [version(100), version(None)],
        [],
    ],
)
def test_an_unknown_amount_is_no_sum(orders: list[OrderVersion | None]) -> None:
    """Not known, in another currency, negative, or known of some orders only: it says so."""
    assert TMALL.of("pickup_overdue", "violation", 1, orders) == ("compensation", None)


def test_the_currency_may_be_in_small_letters() -> None:
    """The same currency, spelled as some producers do."""
    _, money = TMALL.of("pickup_overdue", "violation", 1, [version(20_000, "cny")])
    assert money == ("CNY", 1_000, 1_000, 50_000)


def test_several_orders_are_summed_each_with_its_bounds() -> None:
    """A floor for each small order, a cap for each great one."""
    orders = [version(1), version(30_000), version(10**9)]
    _, money = TMALL.of("pickup_overdue", "violation", 1, orders)
    assert money == ("CNY", 500 + 1_500 + 10_000, 500 + 1_500 + 10_000, 50_000)


@given(st.integers(0, 10**13), st.integers(0, 10_000), st.sampled_from((1, 10, 100)))
def test_rounding_is_half_up(amount: int, share: int, unit: int) -> None:
    """The nearest multiple of the unit; in the middle the greater one."""
    rounded = share_of(amount, share, unit)
    assert rounded % unit == 0
    off = rounded * 10_000 - amount * share
    assert -unit * 10_000 < 2 * off <= unit * 10_000


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 99), st.integers(0, 10**4))
def test_bounds_hold_after_rounding(amount: int, share: int, floor: int, more: int) -> None:
    """No sum is below its floor or above its cap, whatever they are multiples of."""
    cost = Step(share, floor, floor + more).cost(amount, 100)
    assert floor <= cost <= floor + more


# ---- in warnings


def exposure(*history: dict[str, Any], rule: str, stage: str = "violation") -> dict[str, Any]:
    """The exposure of the only warning of a rule."""
    found: dict[str, Any] = judge(list(history), LATER).one(rule, stage)["exposure"]
    return found


def test_a_late_order_says_its_range() -> None:
    """The order's own amount and promise, in the message."""
    paid = order(amount_paid=129_000, currency="CNY")
    assert exposure(paid, rule="ship_overdue") == {
        "kind": "compensation",
        "currency": "CNY",
        "least": 0,
        "most": 1_300,
        "cap_per_buyer_day": None,
    }


def test_a_combined_parcel_sums_its_orders() -> None:
    """A warning of a parcel costs for each order in it."""
    orders = [
        order(name, platform="tmall", amount_paid=amount, currency="CNY")
        for name, amount in (("1", 20_000), ("2", 40_000))
    ]
    found = exposure(*orders, upload(["1", "2"]), rule="pickup_overdue")
    assert (found["least"], found["most"]) == (3_000, 3_000)
    assert found["cap_per_buyer_day"] == 50_000


def test_a_check_of_one_order_costs_for_that_one() -> None:
    """Others on the same number do not count."""
    orders = [
        order("1", platform="tmall", amount_paid=20_000, currency="CNY", recipient=ANNA),
        order("2", platform="tmall", amount_paid=40_000, currency="CNY", recipient=BORIS),
    ]
    uploads = [upload("1"), upload("2", UPLOADED + HOUR)]
    found = exposure(*orders, *uploads, rule="duplicate_tracking_number")
    assert (found["least"], found["most"]) == (12_000, 12_000)


def test_an_order_that_is_not_known_has_no_sum() -> None:
    """The parcel was heard of first: a compensation of which nothing is known, never zero."""
    found = exposure(upload("1", platform="tmall"), rule="pickup_overdue")
    assert found == {
        "kind": "compensation",
        "currency": None,
        "least": None,
        "most": None,
        "cap_per_buyer_day": None,
    }


def test_a_later_version_corrects_the_sum() -> None:
    """What was paid is a fact: when it changes, a new revision of the same warning says so."""
    first = order(platform="tmall", amount_paid=20_000, currency="CNY")
    refunded = order(
        platform="tmall", amount_paid=12_000, currency="CNY", updated_at=PAID + 3 * HOUR
    )
    outcome = judge([first, upload("1"), refunded], LATER)
    assert outcome.one("pickup_overdue")["exposure"]["most"] == 600


def test_time_does_not_change_the_sum() -> None:
    """Open, breached and resolved: the same range, so none of them is published for it."""
    story = [order(platform="tmall", amount_paid=20_000, currency="CNY")]
    late = [*story, upload("1"), picked_up(PROMISE + HOUR)]
    moments = (PROMISE, PROMISE + US, LATER)
    found = [judge(late, until).one("ship_overdue") for until in moments]
    assert [warning["state"] for warning in found] == ["open", "breached", "resolved"]
    assert [warning["exposure"]["most"] for warning in found] == [2_000] * 3


def test_a_strike_is_not_a_sum_of_nothing() -> None:
    """Where the text names no sum the word is strike."""
    paid = order(amount_paid=129_000, currency="CNY")
    assert exposure(paid, upload("1"), rule="pickup_overdue") == {"kind": "strike"}


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (("CNY", 200, 5_000), "CNY 2.00–50.00"),
        (("CNY", 500, 500), "CNY 5.00"),
        (("CNY", 0, 7), "CNY 0.00–0.07"),
        (("USD", 123_456, 123_457), "USD 1234.56–1234.57"),
        (("JPY", 5, 500), "JPY 5–500"),
        (("KWD", 5, 5_000), "KWD 0.005–5.000"),
    ],
)
def test_money_for_readers(money: tuple[str, int, int], text: str) -> None:
    """Major units, by the currency's own decimals."""
    assert spelled(*money) == text


# ---- many warnings together


def charge(order_id: str, rule: str, stage: str, amount: int, **fields: Any) -> Charge:
    """What a warning on Tmall costs for an order of `amount` fen."""
    priced = TMALL.price(rule, stage, None, version(amount))
    assert priced is not None
    return Charge(order_id, rule, stage, amount, *priced, **fields)


TIMEOUT = ("inactive_after_pickup", "violation")
ABNORMAL = ("inactive_after_pickup", "serious")
STALLED = ("transit_stalled", "serious")


@pytest.mark.parametrize(
    ("amount", "rules", "together"),
    [
        # 5 % and 20 % are no more than 20 %.
        (20_000, [TIMEOUT, ABNORMAL], 4_000),
        (20_000, [ABNORMAL, STALLED], 4_000),
        (20_000, [TIMEOUT], 1_000),
        # Nor more than 100 yuan: 20 % of 500 yuan is just that.
        (49_990, [TIMEOUT, ABNORMAL, STALLED], 9_998),
        (50_000, [TIMEOUT, ABNORMAL], 10_000),
        (90_000, [TIMEOUT, ABNORMAL, STALLED], 10_000),
        # A floor is never taken away by what it shares a cap with.
        (2_000, [TIMEOUT, ABNORMAL], 500),
        (3_000, [TIMEOUT, ABNORMAL], 600),
        # Other rules come on top.
        (20_000, [TIMEOUT, ABNORMAL, ("pickup_overdue", "violation")], 5_000),
        (20_000, [("duplicate_tracking_number", "violation"), ABNORMAL], 10_000),
        # Every abnormal track shares it.
        (20_000, [("address_mismatch", "violation"), ("cloned_track", "violation")], 4_000),
        (20_000, [("recalled", "violation"), TIMEOUT], 4_000),
    ],
)
def test_timeout_and_abnormal_share_a_cap(
    amount: int, rules: list[tuple[str, str]], together: int
) -> None:
    """Per order: at most 20 % of what was paid and 100 yuan."""
    about = [charge("1", rule, stage, amount) for rule, stage in rules]
    assert joint(TMALL, about) == (together, together)


def test_the_shared_cap_is_one_order_s() -> None:
    """Two orders have two caps."""
    about = [
        charge(name, rule, stage, 90_000) for name in "12" for rule, stage in (TIMEOUT, ABNORMAL)
    ]
    assert joint(TMALL, about) == (20_000, 20_000)


def test_a_rule_broken_twice_costs_once_at_the_least() -> None:
    """Two numbers of one order: the text does not say; the range holds both readings."""
    about = [charge("1", "pickup_overdue", "violation", 20_000)] * 2
    assert joint(TMALL, about) == (1_000, 2_000)


ME, SHOP = "person-anna", "s-1"


@pytest.mark.parametrize(
    ("amounts", "most"),
    [([150_000, 16_663], 49_999), ([150_000, 16_667], 50_000), ([150_000, 16_670], 50_000)],
)
def test_one_buyer_one_shop_one_day(amounts: list[int], most: int) -> None:
    """At most 500 yuan, both sides of it."""
    about = [
        charge(str(n), "duplicate_tracking_number", "violation", amount, buyer=(SHOP, ME, 1))
        for n, amount in enumerate(amounts)
    ]
    assert joint(TMALL, about) == (most, most)


@pytest.mark.parametrize(
    "buyers",
    [
        [(SHOP, ME, 1), (SHOP, "person-boris", 1)],
        [(SHOP, ME, 1), ("s-2", ME, 1)],
        [(SHOP, ME, 1), (SHOP, ME, 2)],
        [(SHOP, ME, 1), None],
        [None, None],
    ],
)
def test_others_have_a_cap_of_their_own(buyers: list[tuple[str, str, int] | None]) -> None:
    """Another buyer, another shop, another day; who is not known is nobody else."""
    about = [
        charge(str(n), "duplicate_tracking_number", "violation", 900_000, buyer=buyer)
        for n, buyer in enumerate(buyers)
    ]
    assert joint(TMALL, about) == (100_000, 100_000)


def test_without_caps_it_is_a_sum() -> None:
    """A profile that names none."""
    plain = Exposure({("late", "violation"): (Scale((Step(100, 0, 10**6),)),)}, "CNY")
    about = [Charge(str(n), "late", "violation", 10**6, 1, 2, (SHOP, ME, 1)) for n in range(3)]
    assert joint(plain, about) == (3, 6)
    assert joint(plain, []) == (0, 0)


def finding(rule: str = "pickup_overdue", **fields: Any) -> Finding:
    """A finding on Tmall."""
    values: dict[str, Any] = {
        "stage": "violation", "severity": "critical", "profile": "p", "platform": "tmall",
        "shop_id": "s-1", "order_ids": ("1",), "parcel": "zto:1", "anchor": 0, "state": "breached",
        "opened_at": 0, "deadline": 0, "breached_at": 0, "resolved_at": None, **fields,
    }  # fmt: skip
    return Finding(rule, **values)


@pytest.mark.parametrize(
    ("state", "breached_at", "wanted"),
    [
        ("open", None, True),
        ("breached", 5, True),
        ("resolved", 5, True),
        ("resolved", None, False),
        ("withdrawn", None, False),
        ("withdrawn", 5, False),
    ],
)
def test_what_is_at_risk(state: str, breached_at: int | None, wanted: bool) -> None:
    """What may still be breached, and what was; not what ended in time or never was."""
    assert at_risk(finding(state=state, breached_at=breached_at)) is wanted


def test_charges_name_the_buyer_by_the_opaque_hash() -> None:
    """Shop, person key and the day of payment in the platform's zone, from both kinds of facts."""
    midnight = us(PAID.replace(hour=0))
    place = Place("44", "4403", "a", ME)
    known = OrderVersion(
        "1", 0, "", shop_id=SHOP, paid_at=midnight, recipient=place, amount_paid=20_000,
        currency="CNY",
    )  # fmt: skip
    told = OrderFacts(
        "1", True, shop_id=SHOP, paid_at=midnight - 1,
        recipients=((0, None), (5, place)), amount_paid=20_000, currency="CNY",
    )  # fmt: skip
    (today,) = charges(TMALL, finding(), [known])
    (yesterday,) = charges(TMALL, finding(), [told])
    day = (midnight + 8 * HOUR_US) // DAY
    assert today == Charge("1", *finding_key(), 20_000, 1_000, 1_000, (SHOP, ME, day))
    assert yesterday.buyer == (SHOP, ME, day - 1)


def finding_key() -> tuple[str, str]:
    """Rule and stage of the finding that the tests use."""
    return finding().rule, finding().stage


def test_charges_leave_out_what_is_not_known() -> None:
    """No sum for the rule, no amount, no recipient: no charge, or one without a buyer."""
    unknown = OrderFacts("1", False)
    nameless = OrderFacts("1", True, amount_paid=20_000, currency="CNY")
    assert charges(TMALL, finding("repeated_track"), [nameless]) == []
    assert charges(TMALL, finding(), [unknown]) == []
    (only,) = charges(TMALL, finding(), [nameless])
    assert only.buyer is None


def test_the_whole_story_on_tmall() -> None:
    """One order, picked up and never seen again: two warnings, of which the greater one counts."""
    story = [
        order(platform="tmall", amount_paid=20_000, currency="CNY"),
        upload("1"),
        picked_up(PICKED),
        record("exception", PICKED),
    ]
    outcome = judge(story, LATER)
    both = [outcome.one("inactive_after_pickup", stage) for stage in ("violation", "serious")]
    assert [warning["exposure"]["most"] for warning in both] == [1_000, 4_000]
    about = [
        made
        for revision in outcome.log
        if revision.finding.rule == "inactive_after_pickup" and revision.finding.state == "breached"
        for made in charges(TMALL, revision.finding, [version(20_000)])
    ]
    assert joint(TMALL, about) == (4_000, 4_000)


# ---- Taobao: caps by case, and what was paid for the goods


def late(order_id: str, amount: int, promise: int) -> Charge:
    """What a late order of one buyer on Taobao costs."""
    known = OrderVersion(
        order_id, 0, "", shop_id=SHOP, recipient=Place("44", "4403", "a", ME),
        amount_paid=amount, currency="CNY",
    )  # fmt: skip
    (found,) = charges(TAOBAO, finding("ship_overdue", limit=promise), [known])
    return found


@pytest.mark.parametrize(
    ("amounts", "promise", "least", "most"),
    [
        # Promised within 48 h, a buyer's day costs 100 yuan at the most.
        ([90_000], SHORT, 900, 9_900),
        ([91_000], SHORT, 910, 10_000),
        ([400_000] * 4, SHORT, 10_000, 10_000),
        # Beyond, where it is out of stock, 500; being late alone still 100.
        ([100_000], SHORT + 1, 3_000, 18_000),
        ([310_000], SHORT + 1, 3_000, 49_500),
        ([320_000], SHORT + 1, 3_000, 50_000),
        ([400_000] * 4, SHORT + 1, 10_000, 50_000),
    ],
)
def test_a_buyers_day_is_capped_by_its_case(
    amounts: list[int], promise: int, least: int, most: int
) -> None:
    """By the greatest cap of the warnings about it; the mild side by that of the mild tiers."""
    about = [late(str(n), amount, promise) for n, amount in enumerate(amounts)]
    assert joint(TAOBAO, about) == (least, most)


def test_one_order_out_of_stock_lifts_the_cap_of_the_day() -> None:
    """For all that the buyer bought on it."""
    short, long_ = late("1", 400_000, SHORT), late("2", 310_000, SHORT + 1)
    assert joint(TAOBAO, [short, long_]) == (6_000, 50_000)
    assert joint(TAOBAO, [short, late("2", 10_000, SHORT + 1)]) == (3_500, 15_000)


def test_a_warning_shows_the_cap_of_its_hardest_tier() -> None:
    """100 yuan, or 500 where it may be out of stock beyond 48 h."""
    for limit, cap in ((SHORT, 10_000), (SHORT + 1, 50_000)):
        _, money = TAOBAO.of("ship_overdue", "violation", limit, [version(20_000)])
        assert money is not None
        assert money[3] == cap
    _, money = TAOBAO.of("pickup_overdue", "violation", 1, [version(20_000)])
    assert money == ("CNY", 1_000, 1_000, 10_000)


def test_tiers_that_add_up_cost_the_first_at_the_least() -> None:
    """However little the one that may be added is."""
    tiers = (Step(500, 0, 10**6), Step(100, 0, 10**6))
    assert Scale(tiers, added=True).price(10_000, 1) == (500, 600)
    assert Scale(tiers).price(10_000, 1) == (100, 500)


@pytest.mark.parametrize(
    ("paid", "goods", "base"),
    [(20_000, None, 20_000), (20_000, 18_000, 18_000), (None, 18_000, 18_000), (20_000, -1, None),
     (20_000, 0, 0), (-1, 5, 5)],
)  # fmt: skip
def test_taobao_goes_by_the_price_without_postage(
    paid: int | None, goods: int | None, base: int | None
) -> None:
    """As far as an order says it; the others go by what was paid."""
    both = OrderVersion("1", 0, "", amount_paid=paid, amount_goods=goods, currency="CNY")
    told = OrderFacts("1", True, amount_paid=paid, amount_goods=goods, currency="CNY")
    assert TAOBAO.amount(both) == TAOBAO.amount(told) == base
    assert TMALL.amount(both) == (paid if paid is not None and paid >= 0 else None)


def test_what_is_for_the_goods_comes_with_the_order_and_with_a_change() -> None:
    """In a warning of the order, and in one of its parcel."""
    sold = order(platform="taobao", amount_paid=20_000, currency="CNY", amount_goods=12_000)
    change = {
        "order_id": "1", "partial": True, "amount_goods": 14_000,
        "updated_at": (PAID + HOUR).isoformat(),
    }  # fmt: skip
    for history, base in (([sold], 12_000), ([sold, change], 14_000)):
        outcome = judge([*history, upload("1")], LATER)
        assert outcome.one("pickup_overdue")["exposure"]["most"] == base * 5 // 100
        assert outcome.one("ship_overdue")["exposure"]["most"] == max(300, base // 100) + base // 10
