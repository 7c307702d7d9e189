"""Lives of a number and the stretches of its links, against a naive re-statement."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.facts.facts import STATUS_CODE
from streams.facts.times import DAY, WINDOW
from streams.state.links import lives, stretches
from streams.state.state import Checkpoint, OrderLink

ORDERED, CANCELLED, HUB = (STATUS_CODE[name] for name in ("ordered", "cancelled", "hub"))
IDS = ("1", "2", "3")


def named(at: int, status: int, ids: tuple[str, ...], digest: int) -> OrderLink:
    """A fact that names orders."""
    return OrderLink(at, digest, status, ids, None, None, f"tie{digest}", 0, digest)


facts = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from([ORDERED, ORDERED, CANCELLED, CANCELLED, HUB]),
        st.sets(st.sampled_from(IDS), min_size=1).map(lambda ids: tuple(sorted(ids))),
    ),
    min_size=1,
    max_size=9,
).map(lambda rows: [named(at, status, ids, n) for n, (at, status, ids) in enumerate(sorted(rows))])


def naive(history: list[OrderLink], order_id: str) -> tuple[int, int | None] | None:
    """An order's last stretch, from the words: upload, release at or before, upload anew."""
    mine = [fact for fact in history if order_id in fact.order_ids]
    uploads = sorted({fact.at for fact in mine if fact.status == ORDERED})
    releases = sorted({fact.at for fact in mine if fact.status == CANCELLED})
    if not uploads:
        others = [fact.at for fact in mine if fact.status not in (ORDERED, CANCELLED)]
        return None if releases or not others else (min(others), None)
    start, end = uploads[0], None
    while True:
        after = [at for at in releases if at >= start]
        if not after:
            return start, None
        end = after[0]
        again = [at for at in uploads if at > end]
        if not again:
            return start, end
        start = again[0]


@given(facts)
def test_stretches_are_what_the_words_say(history: list[OrderLink]) -> None:
    """For each order: linked from when, released when, or never linked at all."""
    history.sort(key=lambda fact: (fact.at, fact.tie, fact.digest))
    found = {s.order_id: (s.uploaded_at, s.released_at) for s in stretches(history)}
    wanted = {order_id: naive(history, order_id) for order_id in IDS}
    assert found == {order_id: w for order_id, w in wanted.items() if w is not None}


@given(facts)
def test_the_first_link_is_remembered(history: list[OrderLink]) -> None:
    """`first` is the earliest fact that links the order; `upload` began its last stretch."""
    history.sort(key=lambda fact: (fact.at, fact.tie, fact.digest))
    for stretch in stretches(history):
        linking = [f for f in history if stretch.order_id in f.order_ids and f.status == ORDERED]
        linking = linking or [f for f in history if stretch.order_id in f.order_ids]
        assert stretch.first.at == min(fact.at for fact in linking)
        assert stretch.upload.at == stretch.uploaded_at


def test_an_upload_and_a_release_of_one_time() -> None:
    """The release ends what was uploaded at or before it, so the upload at that time too."""
    for digests in ((0, 1), (1, 0)):
        history = [
            named(5, ORDERED, ("1",), digests[0]),
            named(5, CANCELLED, ("1",), digests[1]),
        ]
        history.sort(key=lambda fact: (fact.at, fact.tie, fact.digest))
        (stretch,) = stretches(history)
        assert (stretch.uploaded_at, stretch.released_at) == (5, 5)


gaps = st.lists(
    st.sampled_from([0, 1, DAY, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW]), max_size=8
)


@given(gaps, st.lists(st.booleans(), min_size=9, max_size=9))
def test_lives_are_cut_where_neighbours_are_far_apart(
    steps: list[int], is_named: list[bool]
) -> None:
    """More than the window apart: a new life. All facts stay, in order, records and links alike."""
    at = 10 * DAY
    times = [at]
    for step in steps:
        at += step
        times.append(at)
    records: list[Checkpoint] = []
    links: list[OrderLink] = []
    for n, (moment, link) in enumerate(zip(times, is_named, strict=False)):
        if link:
            links.append(named(moment, ORDERED, ("1",), n))
        else:
            records.append(Checkpoint(moment, n, HUB, 0, n, 0, 0, 0, 0))
    wanted: list[list[int]] = [[times[0]]]
    for before, moment in pairwise(times):
        if moment - before > WINDOW:
            wanted.append([])
        wanted[-1].append(moment)
    cut = lives(records, links)
    assert [sorted([r[0] for r in a] + [f.at for f in b]) for a, b in cut] == wanted
    assert [record for part, _ in cut for record in part] == records
    assert [fact for _, part in cut for fact in part] == links


def test_a_long_life_is_one_life() -> None:
    """Facts may span years as long as no neighbours are further apart than the window."""
    records = [Checkpoint(n * WINDOW, n, HUB, 0, n, 0, 0, 0, 0) for n in range(1, 30)]
    assert len(lives(records, [])) == 1
