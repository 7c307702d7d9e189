"""What is committed beside an offset: of which topic it is.

Offsets go by names, and a topic that was deleted and made again has the same one.
"""

from __future__ import annotations

import msgspec

from streams.engine.kafka.topic_ids import NO_ID
from streams.engine.kafka.unreadable import UNREADABLE


class _Metadata(msgspec.Struct):
    topic: str = NO_ID


_decode = msgspec.json.Decoder(_Metadata).decode


def encode(topic_id: str) -> str:
    """The metadata of an offset of the topic with this id."""
    return msgspec.json.encode(_Metadata(topic_id)).decode()


def topic_id_of(metadata: str) -> str:
    """The id in an offset's metadata, NO_ID where it says none, as those of release 0.1.0."""
    try:
        return _decode(metadata.encode()).topic if metadata else NO_ID
    except (*UNREADABLE, UnicodeEncodeError):
        return NO_ID
