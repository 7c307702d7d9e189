"""What is committed beside an offset is read again; of other metadata nothing is made."""

from __future__ import annotations

import msgspec
import pytest

from streams.engine.kafka.offset_metadata import OffsetMetadata, Witness, decode, encode

CHANGELOGS = {"orders": Witness("id-1", 7), "parcels": Witness("", 0)}


def test_it_says_what_was_written() -> None:
    """The topic and the changelogs in one string, by its field names: they are on Kafka."""
    metadata = encode("an-id", CHANGELOGS)
    assert msgspec.json.decode(metadata) == {
        "version": 1,
        "topic": "an-id",
        "changelogs": {"orders": ["id-1", 7], "parcels": ["", 0]},
    }
    for copied in (metadata, metadata + "\0"):
        assert decode(copied) == OffsetMetadata(1, "an-id", CHANGELOGS)
    assert decode(encode("an-id", CHANGELOGS, 0)) == OffsetMetadata(1, "an-id", CHANGELOGS, 0)
    tables = {f"a-table-{n}": Witness("w0qewlPjSain0MW91t7SkQ", 2**62) for n in range(4)}
    metadata = encode("w0qewlPjSain0MW91t7SkQ", tables, 2**53)
    assert len(metadata) < 4096, "a broker's offset.metadata.max.bytes"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ('{"topic":"an-id"}', OffsetMetadata(topic="an-id")),
        (
            '{"changelogs":{"orders":["id-1",7]}}',
            OffsetMetadata(changelogs={"orders": Witness("id-1", 7)}),
        ),
        ('{"known_ms":7}', OffsetMetadata(known_ms=7)),
        ('{"topic":"an-id","later":{"field":1}}', OffsetMetadata(topic="an-id")),
    ],
)
def test_a_part_of_it_says_that_part(metadata: str, expected: OffsetMetadata) -> None:
    assert decode(metadata) == expected


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "someone",
        "{}",
        "[1]",
        "null",
        '{"topic":7}',
        '{"changelogs":1}',
        '{"topic":"an-id","changelogs":{"orders":["id"]}}',
        '{"version":2,"topic":"an-id","changelogs":{}}',
        '{"a":' + "[" * 9_999,
        "\ud800",
    ],
)
def test_metadata_of_others_says_nothing(metadata: str) -> None:
    assert decode(metadata) == OffsetMetadata()
