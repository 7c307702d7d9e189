"""What a warning may cost: whole minor units, from the sums of a profile and the amount paid.

A profile that names a sum for a rule says what one order costs, mild to severe. A warning's money
is a range: time alone never changes it. `joint` adds up many warnings under the caps that they
share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from streams.facts.facts import PRESALES, OrderFacts, OrderVersion
from streams.facts.times import DAY
from streams.state.state import Finding

ALL_PRESALES = frozenset(range(len(PRESALES)))
"""Kinds of orders by their index in `PRESALES`: no presale is one of them."""

WHOLE = 10_000
"""Basis points in the whole: 100 is one percent."""

Money = tuple[str, int, int, int | None]
"""(currency, least, most, most for one buyer and day or None), in minor units."""

Range = tuple[int, int]
"""(least, most) in minor units."""

Buyer = tuple[str | None, str, int]
"""One buyer in one shop on one day of payment: (shop, person key, day since the epoch)."""


_DECIMALS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Currencies of ISO 4217 whose minor unit is no hundredth."""


class Step(NamedTuple):
    """What one tier costs one order: `share` basis points of the amount paid, within bounds.

    `floor` and `cap` are minor units; they hold after rounding, so no sum is ever outside of them.
    Where it is due, one buyer's day may cost `buyer_day`, if that is more than in other cases.
    """

    share: int
    floor: int
    cap: int
    buyer_day: int = 0

    def cost(self, amount: int, unit: int) -> int:
        """The cost of an order of `amount`, rounded half up to multiples of `unit`."""
        return min(max(share_of(amount, self.share, unit), self.floor), self.cap)


class Scale(NamedTuple):
    """The tiers of one kind of order, mildest first; one where lateness plays no part.

    For orders promised within `promise_up_to` (µs, inclusive; None: any) of their payment, and of
    the kinds `presales` of `PRESALES`. At the most one tier is due, or all of them where
    each is `added` to those before it.
    """

    tiers: tuple[Step, ...]
    promise_up_to: int | None = None
    presales: frozenset[int] = ALL_PRESALES
    added: bool = False

    def fits(self, promise: int | None, presale: int) -> bool:
        """Whether an order promised within `promise` µs is of this kind."""
        if presale not in self.presales:
            return False
        return self.promise_up_to is None or (promise is not None and promise <= self.promise_up_to)

    def price(self, amount: int, unit: int) -> Range:
        """What an order of `amount` costs at the least and at the most."""
        costs = [step.cost(amount, unit) for step in self.tiers]
        return (costs[0], sum(costs)) if self.added else (min(costs), max(costs))

    @property
    def buyer_days(self) -> Range:
        """What one buyer's day may cost where the mildest tier is due, and where the hardest is, if
        that is more than in other cases."""
        return self.tiers[0].buyer_day, max(step.buyer_day for step in self.tiers)


class Together(NamedTuple):
    """What several rules may cost one order together: a share of the amount paid, and a sum."""

    rules: frozenset[str]
    share: int
    cap: int


Sums = Mapping[tuple[str, str], tuple[Scale, ...]]
"""(rule, stage) → its scales, of which the first that fits an order counts."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a profile says that warnings may cost; where it names no sum, a warning is of `kind`:
    a "strike", or "unknown".

    Sums are rounded half up to multiples of `round_to`. `day_offset` (µs) is how far the days that
    the platform counts in are ahead of UTC. They are shares of the amount paid; where
    `without_postage`, of what was paid for the goods alone, as far as an order says that.
    `cap_per_buyer_day` is the cap of every case for which a tier names no greater one.
    """

    sums: Sums = field(default_factory=lambda: MappingProxyType({}))
    currency: str = ""
    round_to: int = 1
    together: Together | None = None
    cap_per_buyer_day: int | None = None
    day_offset: int = 0
    kind: str = "strike"
    without_postage: bool = False

    def of(
        self,
        rule: str,
        stage: str,
        limit: int | None,
        orders: Sequence[OrderFacts | OrderVersion | None],
    ) -> tuple[str, Money | None]:
        """Kind and money of a warning about `orders`; a compensation whose sum is not known, since
        an amount is missing or in another currency, has no money. `limit` (µs) is the clock's."""
        if (rule, stage) not in self.sums:
            return self.kind, None
        least = most = 0
        cap = self.cap_per_buyer_day
        for order in orders:
            amount, scale = self.amount(order), self.scale(rule, stage, limit, order)
            if amount is None or scale is None:
                return "compensation", None
            low, high = scale.price(amount, self.round_to)
            least += low
            most += high
            cap = cap and max(cap, scale.buyer_days[1])
        if not orders:
            return "compensation", None
        return "compensation", (self.currency, least, most, cap)

    def scale(
        self, rule: str, stage: str, limit: int | None, order: OrderFacts | OrderVersion | None
    ) -> Scale | None:
        """The tiers that hold for an order; None: there is no sum."""
        presale = order.presale if isinstance(order, OrderVersion) else 0
        for scale in self.sums.get((rule, stage), ()):
            if scale.fits(limit, presale):
                return scale
        return None

    def price(
        self, rule: str, stage: str, limit: int | None, order: OrderFacts | OrderVersion | None
    ) -> Range | None:
        """What a warning may cost for one order; None: there is no sum, or it is not known."""
        amount, scale = self.amount(order), self.scale(rule, stage, limit, order)
        return None if amount is None or scale is None else scale.price(amount, self.round_to)

    def amount(self, order: OrderFacts | OrderVersion | None) -> int | None:
        """What sums are shares of, in the profile's currency; None where that is not known."""
        if order is None:
            return None
        amount, currency = order.amount_paid, order.currency
        if self.without_postage and order.amount_goods is not None:
            amount = order.amount_goods
        if amount is None or amount < 0:
            return None
        return amount if currency and currency.upper() == self.currency else None


class Charge(NamedTuple):
    """What one warning may cost for one order, and who bought it, as far as that is known.

    `buyer_days` is `Scale.buyer_days` of its tiers.
    """

    order_id: str
    rule: str
    stage: str
    amount: int
    least: int
    most: int
    buyer: Buyer | None = None
    buyer_days: Range = (0, 0)


def at_risk(finding: Finding) -> bool:
    """Whether a warning may still cost something, or already does: it is open or was breached."""
    if finding.state == "resolved":
        return finding.breached_at is not None
    return finding.state != "withdrawn"


def charges(
    exposure: Exposure, finding: Finding, orders: Iterable[OrderFacts | OrderVersion]
) -> list[Charge]:
    """What a warning may cost for each of its `orders`, those without a known sum left out."""
    found = []
    for order in orders:
        scale = exposure.scale(finding.rule, finding.stage, finding.limit, order)
        amount = exposure.amount(order)
        if scale is not None and amount is not None:
            least, most = scale.price(amount, exposure.round_to)
            found.append(
                Charge(
                    order.order_id,
                    finding.rule,
                    finding.stage,
                    amount,
                    least,
                    most,
                    buyer_of(order, exposure.day_offset),
                    scale.buyer_days,
                )
            )
    return found


def joint(exposure: Exposure, charges: Iterable[Charge]) -> Range:
    """What many warnings may cost together under the caps that they share.

    At the least an order pays once for a rule and stage, however often it is broken; at the most
    each time. The rules of `together` never cost one order more than that allows, nor less than
    the greatest of their sums. An order whose buyer is not known counts as a buyer of its own. A
    buyer's day costs no more than the greatest cap of its cases.
    """
    orders: dict[str, list[Charge]] = {}
    for charge in charges:
        orders.setdefault(charge.order_id, []).append(charge)
    cap = exposure.cap_per_buyer_day or 0
    buyers: dict[Buyer | str, list[int]] = {}
    caps: dict[Buyer | str, list[int]] = {}
    for order_id, about in orders.items():
        buyer = about[0].buyer or order_id
        sums, most_of_day = buyers.setdefault(buyer, [0, 0]), caps.setdefault(buyer, [cap, cap])
        once: dict[tuple[str, str], int] = {}
        for charge in about:
            key = charge.rule, charge.stage
            once[key] = max(once.get(key, 0), charge.least)
        leasts = [(rule, cost) for (rule, _), cost in once.items()]
        sums[0] += _order_cost(exposure, about[0].amount, leasts)
        mosts = [(charge.rule, charge.most) for charge in about]
        sums[1] += _order_cost(exposure, about[0].amount, mosts)
        for side in (0, 1):
            most_of_day[side] = max(most_of_day[side], *(each.buyer_days[side] for each in about))
    if exposure.cap_per_buyer_day is not None:
        for buyer, sums in buyers.items():
            sums[:] = map(min, sums, caps[buyer])
    return sum(low for low, _ in buyers.values()), sum(high for _, high in buyers.values())


def spelled(currency: str, least: int, most: int) -> str:
    """A range of money for readers, in major units: CNY 2.00–50.00; one sum is said once."""
    decimals = decimals_of(currency)
    both = [_major(amount, decimals) for amount in dict.fromkeys((least, most))]
    return f"{currency} {'–'.join(both)}"


def decimals_of(currency: str) -> int:
    """Decimals of a currency's minor unit, by ISO 4217; of one that is not known, two."""
    return _DECIMALS.get(currency, 2)


def buyer_of(order: OrderFacts | OrderVersion, day_offset: int) -> Buyer | None:
    """The buyer by the recipient's opaque hash, with shop and day of payment; None: not known."""
    if isinstance(order, OrderVersion):
        recipient = order.recipient
    else:
        recipient = order.recipients[-1][1] if order.recipients else None
    if recipient is None or recipient.person_key is None:
        return None
    return order.shop_id, recipient.person_key, (order.paid_at + day_offset) // DAY


def _major(amount: int, decimals: int) -> str:
    whole, part = divmod(amount, 10**decimals)
    return f"{whole}.{part:0{decimals}}" if decimals else str(whole)


def share_of(amount: int, share: int, unit: int) -> int:
    """`share` basis points of `amount`, rounded half up to a multiple of `unit`."""
    return (2 * amount * share + WHOLE * unit) // (2 * WHOLE * unit) * unit


def _order_cost(exposure: Exposure, amount: int, costs: list[tuple[str, int]]) -> int:
    """The sum of what rules cost one order, those that share a cap brought down to it."""
    together = exposure.together
    if together is None:
        return sum(cost for _, cost in costs)
    shared = [cost for rule, cost in costs if rule in together.rules]
    apart = sum(cost for rule, cost in costs if rule not in together.rules)
    cap = min(share_of(amount, together.share, exposure.round_to), together.cap)
    return apart + min(sum(shared), max((cap, *shared)))
