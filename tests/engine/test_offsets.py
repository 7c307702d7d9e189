"""Offsets by chunk: what may be committed, in whatever order chunks finish."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.kafka.types import Chunk, Record


def chunk(first: int, last: int, timestamp_ms: int = 0) -> Chunk:
    """A chunk of two records, with a hole between them when they are not neighbours."""
    records = [Record(first, timestamp_ms, None, b""), Record(last, timestamp_ms, None, b"")]
    return Chunk("in", 0, first, last, records)


def test_a_chunk_is_unread_until_its_ack() -> None:
    """From delivery to ack the chunk's first offset is the one that may be committed."""
    offsets = PartitionOffsets(10)
    one = chunk(10, 19)
    offsets.deliver(one, 20)
    assert (offsets.durable, offsets.processed, offsets.position) == (10, 10, 20)
    assert offsets.submit(one)
    assert (offsets.durable, offsets.processed) == (10, 20)
    offsets.ack(one)
    assert (offsets.durable, offsets.processed, len(offsets)) == (20, 20, 0)


def test_a_later_chunk_that_finishes_first_does_not_carry_the_earlier_one() -> None:
    """A crash between the two acks repeats the first chunk."""
    offsets = PartitionOffsets(0)
    one, two = chunk(0, 4), chunk(5, 9)
    offsets.deliver(one, 5)
    offsets.deliver(two, 10)
    offsets.ack(two)
    assert offsets.durable == 0
    offsets.ack(one)
    assert offsets.durable == 10


def test_holes_and_markers_count_as_read() -> None:
    """Where the log goes on is what counts, not the last record's offset."""
    offsets = PartitionOffsets(0)
    one = chunk(3, 7)
    offsets.deliver(one, 12)
    offsets.ack(one)
    assert offsets.durable == 12
    offsets.skip_to(15)
    assert offsets.durable == 15


def test_a_chunk_of_a_former_assignment_is_refused() -> None:
    """Its twin, read again, has the same offsets and is another chunk."""
    offsets = PartitionOffsets(0)
    stale, fresh = chunk(0, 4), chunk(0, 4)
    offsets.deliver(fresh, 5)
    assert not offsets.submit(stale)
    offsets.ack(stale)
    assert offsets.durable == 0
    assert offsets.submit(fresh)
    assert not offsets.submit(fresh), "a chunk is submitted once"


def test_records_in_flight_are_given_back_once() -> None:
    """An ack that comes twice does not free memory that is still used."""
    offsets = PartitionOffsets(0)
    one, two = chunk(0, 1), chunk(2, 3)
    offsets.deliver(one, 2)
    offsets.deliver(two, 4)
    offsets.ack(two)
    offsets.ack(two)
    assert offsets.records_in_flight == 2


def test_the_time_of_the_last_processed_record_never_goes_back() -> None:
    """Producers set the timestamps of records, so they come in any order."""
    offsets = PartitionOffsets(0)
    for first, timestamp in ((0, 50), (2, 30)):
        one = chunk(first, first + 1, timestamp)
        offsets.deliver(one, first + 2)
        offsets.submit(one)
    assert offsets.last_timestamp_ms == 50


@given(order=st.permutations(range(8)), sizes=st.lists(st.integers(2, 5), min_size=8, max_size=8))
def test_what_may_be_committed_is_always_the_first_gap(order: list[int], sizes: list[int]) -> None:
    """For every order of acks: everything before `durable` is acked, the chunk at it is not."""
    offsets = PartitionOffsets(0)
    chunks, position = [], 0
    for size in sizes:
        one = chunk(position, position + size - 1)
        position += size
        offsets.deliver(one, position)
        chunks.append(one)
    done: set[int] = set()
    for number in order:
        offsets.ack(chunks[number])
        done.add(number)
        gap = next((i for i in range(8) if i not in done), None)
        assert offsets.durable == (position if gap is None else chunks[gap].first_offset)
