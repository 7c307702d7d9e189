"""The tracks' side: how claims travel, what is none of ours, and how tracks end."""

from __future__ import annotations

import json

from support.builders import BORIS, DAY, HOUR, PAID, PICKED, UPLOADED, order, record, upload, us
from support.two_sides import TOPICS, Loop, Store

from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.types import Chunk, Output, Record
from streams.facts.facts import TrackFacts
from streams.facts.times import DAY as DAY_US
from streams.facts.times import STATE_KEPT
from streams.state.codec import due_of, dump_message, load_clone_facts, load_track_facts
from streams.tables.processor import Moment
from streams.tables.tracks import MOST_TOGETHER, TrackProcessor, claim_outputs

NOW = us(PAID + 5 * DAY)
ONE, TWO = "78123456789001", "78123456789002"


def processor(store: Store | None = None) -> TrackProcessor:
    """The tracks of an application with one partition."""
    return TrackProcessor(TOPICS, 1, Store() if store is None else store)


def chunk(*values: bytes | None, key: bytes | None = None) -> Chunk:
    """A chunk of the claims topic."""
    records = [Record(offset, 0, key, value) for offset, value in enumerate(values)]
    return Chunk(TOPICS.track_facts, 0, 0, len(records) - 1, records)


def claim(track: bytes, key: str, at: int | None, address: int = 0) -> TrackFacts:
    """A number claims a track."""
    return TrackFacts(track * 16, key, at, 0, address)


def told(outputs: list[Output]) -> list[tuple[bytes | None, int | None]]:
    """Who is told since when, in order."""
    return [(output.key, load_clone_facts(output.value or b"").since) for output in outputs]


def test_claims_for_one_partition_travel_together() -> None:
    """One record for each partition, in the order in which they were made."""
    claims = [TrackFacts(bytes([number]) * 16, f"zto:{number}", 5) for number in range(200)]
    outputs = claim_outputs("t", 3, claims)
    assert sorted(output.partition or 0 for output in outputs) == [0, 1, 2]
    for output in outputs:
        found = load_track_facts(output.value or b"")
        mine = [one for one in claims if partition_of(one.signature, 3) == output.partition]
        assert (found, output.key) == (mine, None)


def test_no_record_grows_beyond_what_kafka_takes() -> None:
    """Claims with the longest keys are split over several records; none is lost."""
    claims = [TrackFacts(b"x" * 16, f"{number}" + "k" * 30_000, 5) for number in range(130)]
    outputs = claim_outputs("t", 1, claims)
    sizes = [len(output.value or b"") for output in outputs]
    assert len(sizes) == 4
    assert max(sizes) < MOST_TOGETHER
    found = [one for output in outputs for one in load_track_facts(output.value or b"")]
    assert found == claims


def test_a_chunk_is_taken_in_claim_by_claim() -> None:
    """What is taken back in the same chunk was said before: the answers come in that order."""
    batches = [
        dump_message([claim(b"a", "one", 5), claim(b"b", "one", 5)]),
        dump_message([claim(b"a", "two", 7, 1), claim(b"a", "two", None)]),
    ]
    effects = processor().step(chunk(*batches), Moment(NOW, None))
    assert told(effects.outputs) == [(b"one", 7), (b"two", 5), (b"one", None)]
    assert sorted(write.key for write in effects.puts["tracks"]) == [b"a" * 16, b"b" * 16]


def test_repeats_write_nothing() -> None:
    """The same claims once more: no answer, no state."""
    loop_store = Store()
    tracks = processor(loop_store)
    batch = dump_message([claim(b"a", "one", 5), claim(b"a", "two", 7, 1)])
    first = tracks.step(chunk(batch), Moment(NOW, None))
    for write in first.puts["tracks"]:
        loop_store.apply("tracks", 0, write)
    again = tracks.step(chunk(batch), Moment(NOW + 1, None))
    assert (again.outputs, again.puts) == ([], {})


def test_a_claim_taken_back_unheard_leaves_no_state() -> None:
    """A track that was none: its state is deleted with a tombstone."""
    store = Store()
    tracks = processor(store)
    made = tracks.step(chunk(dump_message([claim(b"a", "one", 5)])), Moment(NOW, None))
    for write in made.puts["tracks"]:
        store.apply("tracks", 0, write)
    gone = tracks.step(chunk(dump_message([claim(b"a", "one", None)])), Moment(NOW, None))
    ((write,),) = gone.puts.values()
    assert (write.value, write.old_due) == (None, made.puts["tracks"][0].due)


def test_strangers_records_are_dead_letters() -> None:
    """What cannot be claims of ours is kept with its origin, and stops nothing."""
    good = dump_message([claim(b"a", "one", 5)])
    strange = (None, b"{}", dump_message([])[:0], b"\x91\x91\x01")
    effects = processor().step(chunk(*strange, good), Moment(NOW, None))
    letters = [json.loads(output.value or b"") for output in effects.outputs]
    assert [letter["origin"]["offset"] for letter in letters] == [0, 1, 2, 3]
    assert {letter["reason"] for letter in letters} == {"processing_failed"}
    assert len(effects.puts["tracks"]) == 1


def delivered() -> Loop:
    """Two numbers of two recipients, delivered on one track, all of it read."""
    loop = Loop(3, NOW)
    for message in (order("1"), order("2", recipient=BORIS)):
        loop.produce(TOPICS.orders, json.dumps(message).encode(), None, 0)
    for number, order_id in ((ONE, "1"), (TWO, "2")):
        story = [upload(order_id, UPLOADED, number)]
        for place, status in enumerate(("picked_up", "hub", "hub", "delivered")):
            story.append(record(status, PICKED + place * HOUR, number))
        for message in story:
            loop.produce(TOPICS.tracking, json.dumps(message).encode(), None, 1)
    loop.drain(NOW + DAY_US)
    return loop


def test_two_parcels_hear_of_each_other_through_their_track() -> None:
    """From input to warning over all topics: claims, answers, two warnings."""
    loop = delivered()
    logs = {
        name: sum(len(log) for place, log in loop.logs.items() if place[0] == name)
        for name in (TOPICS.track_facts, TOPICS.clone_facts)
    }
    # Again where a claim was made before its order was known.
    assert 2 <= logs[TOPICS.clone_facts] <= 6
    assert 1 <= logs[TOPICS.track_facts] <= 4
    newest = [value for value in loop.newest().values() if value["rule"] == "cloned_track"]
    assert {value["tracking_number"]: value["state"] for value in newest} == {
        ONE: "open",
        TWO: "open",
    }


def test_tracks_end() -> None:
    """Not before 65 days without news; then the tick deletes them, like everything else."""
    loop = delivered()
    (value,) = loop.values("tracks")
    end = due_of(value)
    assert end > NOW + STATE_KEPT
    for partition in range(3):
        loop.tick(partition, end - 1)
        loop.tick(partition, None)
    assert len(loop.values("tracks")) == 1
    for partition in range(3):
        loop.tick(partition, end)
    assert loop.values("tracks") == []
