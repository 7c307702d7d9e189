"""What is committed beside an input's offset: of which topic it is, and on which changelogs.

Offsets go by names, and a topic that was deleted and made again has the same one. So each says of
which topic it is (decision 0096), and what the changelogs of its partition were when it was
committed (0094); that of the clock's topic also how far back what was published is known (0128).
Release 0.1.0 committed offsets that say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from streams.engine.kafka.topic_ids import NO_ID
from streams.engine.kafka.unreadable import UNREADABLE

VERSION = 1
"""Raised where what is written means something else; a new field alone does not."""


class Witness(NamedTuple):
    """The topic that a changelog was, by its id, and the offset at which it went on."""

    topic_id: str
    next_offset: int


class OffsetMetadata(msgspec.Struct, frozen=True):
    """What an offset says; what it does not say is empty."""

    version: int = VERSION
    topic: str = NO_ID
    """The id of the offset's own topic."""
    changelogs: dict[str, Witness] = {}
    """Of each table, the changelog of the offset's partition."""
    known_ms: int | msgspec.UnsetType = msgspec.UNSET
    """Whatever was published before this time (ms) is known to the durable states."""


_SAYS_NOTHING = OffsetMetadata()
_decode = msgspec.json.Decoder(OffsetMetadata).decode


def encode(
    topic_id: str,
    changelogs: Mapping[str, Witness],
    known_ms: int | msgspec.UnsetType = msgspec.UNSET,
) -> str:
    """The metadata of an offset of the topic with this id, committed on these changelogs."""
    said = OffsetMetadata(VERSION, topic_id, dict(changelogs), known_ms)
    return msgspec.json.encode(said).decode()


def decode(metadata: str) -> OffsetMetadata:
    """What an offset says: nothing where release 0.1.0, a later form or somebody else wrote it."""
    try:
        # Tools that copy offsets by confluent_kafka leave a zero byte behind.
        said = _decode(metadata.rstrip("\0").encode())
    except (*UNREADABLE, UnicodeEncodeError):
        return _SAYS_NOTHING
    return said if said.version == VERSION else _SAYS_NOTHING
