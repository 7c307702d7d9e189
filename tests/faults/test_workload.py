"""The campaign's own producer loses nothing: that would look lost by the product."""

import pytest
from confluent_kafka import KafkaError
from faults import workload
from faults.workload import Producing, Sent


def test_what_a_producer_that_ended_had_not_sent_is_sent_by_the_next() -> None:
    """A topic that is made anew may end one, with records in its queue."""
    producing = Producing("127.0.0.1:1", {"orders": "orders"})  # nobody is there: all stays queued
    records = [Sent("orders", f"{n}", b"{}") for n in range(3)]
    ended = producing._produce(producing._made(), *records)
    producing._refused.append((Sent("orders", "3", b"{}"), KafkaError(KafkaError._FATAL)))
    following = producing._produce(producing._produce(ended))
    assert following is not ended
    assert (len(ended), len(following)) == (0, 4)
    following.purge()


def test_what_was_never_acknowledged_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last producer never refused it."""
    monkeypatch.setattr(workload, "GIVEN_UP_S", 1)
    producing = Producing("127.0.0.1:1", {"orders": "orders"})  # nobody is there
    producing.send([Sent("orders", f"{n}", b"{}") for n in range(2)])
    producing.begin_anew()
    producing.send([Sent("orders", "2", b"{}")])
    producing.finish()
    assert len(producing.failed) == 3
    assert not producing.placed


def test_a_record_that_was_sent_twice_lies_in_two_places() -> None:
    """Its report named the second; what is nobody's stays unknown."""
    producing = Producing("127.0.0.1:1", {"orders": "orders"})
    record = Sent("orders", "1", b"{}", {})
    producing.placed["orders", 0, 7] = record
    producing.locate(
        [
            ("orders", 0, 3, b"1", b"{}"),
            ("orders", 0, 4, b"1", b"{ }"),
            ("orders", 0, 5, None, b"{}"),
            ("orders", 0, 7, b"1", b"{}"),
            ("other", 0, 3, b"1", b"{}"),
        ]
    )
    assert producing.placed == {("orders", 0, 3): record, ("orders", 0, 7): record}
