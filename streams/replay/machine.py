"""The whole application in one process and in memory: its tables, their messages, one clock.

Each arrival is followed to quiescence (orders, parcels and tracks tell each other all they know)
before anything is judged, so nothing is ever published that the facts received by then disprove.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from streams.facts.facts import OrderFacts, OrderVersion, ParcelFacts, TrackFacts, TrackingFact
from streams.judge import claims
from streams.judge import orders as judge_orders
from streams.judge import parcels as judge_parcels
from streams.judge.feeds import Feeds
from streams.judge.judgement import Judgement
from streams.judge.warnings import Revision, RuleFailure
from streams.profiles.model import Profiles
from streams.replay.meters import Meters
from streams.shops import contributions
from streams.state import orders, parcels, tracks
from streams.state.links import ORDERED
from streams.state.state import OrderState, ParcelState
from streams.state.tracks import TrackState

_ORDER, _PARCEL, _TRACK = range(3)
"""Which table an entry of the heap belongs to."""


class Machine:
    """Takes facts in order of arrival; hands every revision to `publish`, in order.

    `failures` lists the rules that raised, `late` counts facts that came too late to count, `feeds`
    knows whose feed is silent.
    """

    def __init__(
        self,
        profiles: Profiles,
        publish: Callable[[Revision], None],
        meters: Meters | None = None,
    ) -> None:
        self._meters = meters
        self._profiles = profiles
        self._publish = publish
        self._orders: dict[str, OrderState] = {}
        self._parcels: dict[str, ParcelState] = {}
        self._tracks: dict[bytes, TrackState] = {}
        self._shortest = claims.shortest_track(profiles)
        self._heap: list[tuple[int, int, str | bytes]] = []
        self.feeds = Feeds(since=0)
        self.failures: list[RuleFailure] = []
        self.late = 0

    @property
    def live_states(self) -> int:
        """How many orders, parcels and tracks are in memory."""
        return len(self._orders) + len(self._parcels) + len(self._tracks)

    def order_state(self, order_id: str) -> OrderState | None:
        """What is known of an order now; not to be changed while the machine is in use."""
        return self._orders.get(order_id)

    def parcel_state(self, key: str) -> ParcelState | None:
        """What is known of a parcel now; not to be changed while the machine is in use."""
        return self._parcels.get(key)

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
        if fact.status != ORDERED:  # an upload is the seller's word, not the carrier's
            self.feeds.hear({fact.key.partition(":")[0]: 1}, now)
        state = self._parcels.setdefault(fact.key, ParcelState(fact.key))
        absorbed = parcels.absorb(state, (fact,), now)
        self.late += absorbed.late
        if absorbed.new:
            claimed = self._claimed(state)
            if absorbed.told and not claimed:
                self._judge(state, now)
            else:
                self._settle(state, now, claimed)
        return not absorbed.refused

    def advance(self, until: int) -> None:
        """Let every deadline up to and including `until` (µs) pass."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            due, table, key = heapq.heappop(heap)
            if isinstance(key, bytes):
                if key in self._tracks and self._tracks[key].due == due:
                    del self._tracks[key]
                continue
            state = self._parcels.get(key) if table == _PARCEL else self._orders.get(key)
            if state is not None and state.due == due:
                self._judge(state, due)

    def _settle(
        self, state: OrderState | ParcelState, now: int, claimed: Sequence[TrackFacts] = ()
    ) -> None:
        """Exchange facts until nobody has news, then judge everything that changed.

        `claimed` is what tracks must be told by `state` already.
        """
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
                for track_facts in (*claimed, *self._claimed(current)):
                    waiting.extend(self._track_told(track_facts, now))
                claimed = ()
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

    def _claimed(self, state: ParcelState) -> list[TrackFacts]:
        shortest = self._shortest
        return [] if shortest is None else claims.claim(state, shortest)

    def _track_told(self, facts: TrackFacts, now: int) -> Iterator[ParcelState]:
        """Let a track hear of a claim; the parcels to which its answer is news."""
        state = self._tracks.get(facts.signature) or TrackState(facts.signature)
        before = state.due
        answers = tracks.learn(state, facts, now)
        if answers is None:
            return
        if state.claimants:
            self._tracks[facts.signature] = state
        else:
            self._tracks.pop(facts.signature, None)
        if state.due != before:
            heapq.heappush(self._heap, (state.due, _TRACK, facts.signature))
        for key, answer in answers:
            parcel = self._parcels.get(key)
            # Nothing is lost here: what a parcel said stands until it says otherwise.
            if parcel is not None and claims.hear(parcel, key, answer, now)[0]:
                yield parcel

    def _judge(self, state: OrderState | ParcelState, now: int) -> None:
        before = state.due
        if isinstance(state, OrderState):
            judgement = judge_orders.judge(state, now, self._profiles, now)
        else:
            judgement = judge_parcels.judge(state, now, self._profiles, now)
        for revision in judgement.revisions:
            self._publish(revision)
        self.failures += judgement.failures
        if self._meters is not None and not judgement.ended:
            self._count(state, judgement, self._meters, now)
        if judgement.ended:
            if isinstance(state, OrderState):
                del self._orders[state.order_id]
            else:
                del self._parcels[state.key]
        elif state.due != before:
            if isinstance(state, ParcelState):
                heapq.heappush(self._heap, (state.due, _PARCEL, state.key))
            else:
                heapq.heappush(self._heap, (state.due, _ORDER, state.order_id))

    def _count(
        self, state: OrderState | ParcelState, judgement: Judgement, meters: Meters, now: int
    ) -> None:
        """Let meters hear of an order, and orders of what a parcel's findings make of them."""
        if isinstance(state, OrderState):
            meters.take(contributions.reshare(state, judgement.order, judgement.profile, now), now)
            return
        for word in contributions.abnormal_days(state, meters.by_profile):
            order = self._orders.setdefault(word.order_id, OrderState(word.order_id))
            if contributions.hear(order, (word,), now):
                self._judge(order, now)
