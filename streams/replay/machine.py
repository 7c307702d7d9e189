"""The whole application in one process and in memory: both tables, their messages, one clock.

Each arrival is followed to quiescence (orders tell parcels, parcels tell orders) before anything is
judged, so nothing is ever published that the facts received by then disprove.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable

from streams.core import orders, parcels
from streams.core.facts import OrderFacts, OrderVersion, ParcelFacts, TrackingFact
from streams.core.state import OrderState, ParcelState
from streams.core.warnings import Revision, RuleFailure
from streams.profiles.model import Profiles


class Machine:
    """Takes facts in order of arrival; hands every revision to `publish`, in order.

    `failures` lists the rules that raised, `late` counts facts that came too late to count.
    """

    def __init__(self, profiles: Profiles, publish: Callable[[Revision], None]) -> None:
        self._profiles = profiles
        self._publish = publish
        self._orders: dict[str, OrderState] = {}
        self._parcels: dict[str, ParcelState] = {}
        self._heap: list[tuple[int, bool, str]] = []
        self.failures: list[RuleFailure] = []
        self.late = 0

    @property
    def live_states(self) -> int:
        """How many orders and parcels are in memory."""
        return len(self._orders) + len(self._parcels)

    def order(self, version: OrderVersion, now: int) -> bool:
        """An order version arrives at `now` (µs); False where there is no room for it."""
        self.advance(now - 1)
        state = self._orders.setdefault(version.order_id, OrderState(version.order_id))
        absorbed = orders.absorb(state, (version,), now)
        self.late += absorbed.late
        if absorbed.new:
            self._settle(state, now)
        return not absorbed.refused

    def tracking(self, fact: TrackingFact, now: int) -> bool:
        """A tracking fact arrives at `now` (µs); False where there is no room for it."""
        self.advance(now - 1)
        state = self._parcels.setdefault(fact.key, ParcelState(fact.key))
        absorbed = parcels.absorb(state, (fact,), now)
        self.late += absorbed.late
        if absorbed.new and absorbed.told:
            self._judge(state, now)
        elif absorbed.new:
            self._settle(state, now)
        return not absorbed.refused

    def advance(self, until: int) -> None:
        """Let every deadline up to and including `until` (µs) pass."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            due, is_parcel, key = heapq.heappop(heap)
            state = self._parcels.get(key) if is_parcel else self._orders.get(key)
            if state is not None and state.due == due:
                self._judge(state, due)

    def _settle(self, state: OrderState | ParcelState, now: int) -> None:
        """Exchange facts until nobody has news, then judge everything that changed."""
        changed: dict[tuple[bool, str], OrderState | ParcelState] = {}
        waiting: deque[OrderState | ParcelState] = deque([state])
        while waiting:
            current = waiting.popleft()
            if isinstance(current, OrderState):
                changed[False, current.order_id] = current
                for key, order_facts in orders.tell(current):
                    parcel = self._parcel_told(key, order_facts, now)
                    if parcel is not None:
                        waiting.append(parcel)
            else:
                changed[True, current.key] = current
                for parcel_facts in parcels.tell(current):
                    order = self._order_told(parcel_facts, now)
                    if order is not None:
                        waiting.append(order)
        for place in sorted(changed):
            self._judge(changed[place], now)

    def _parcel_told(self, key: str, facts: OrderFacts, now: int) -> ParcelState | None:
        state = self._parcels.get(key)
        if state is not None and parcels.learn(state, (facts,), now):
            return state
        return None

    def _order_told(self, facts: ParcelFacts, now: int) -> OrderState | None:
        state = self._orders.setdefault(facts.order_id, OrderState(facts.order_id))
        return state if orders.learn(state, (facts,), now) else None

    def _judge(self, state: OrderState | ParcelState, now: int) -> None:
        before = state.due
        if isinstance(state, OrderState):
            judgement = orders.judge(state, now, self._profiles, now)
        else:
            judgement = parcels.judge(state, now, self._profiles, now)
        for revision in judgement.revisions:
            self._publish(revision)
        self.failures += judgement.failures
        if judgement.ended:
            if isinstance(state, OrderState):
                del self._orders[state.order_id]
            else:
                del self._parcels[state.key]
        elif state.due != before:
            is_parcel = isinstance(state, ParcelState)
            key = state.key if isinstance(state, ParcelState) else state.order_id
            heapq.heappush(self._heap, (state.due, is_parcel, key))
