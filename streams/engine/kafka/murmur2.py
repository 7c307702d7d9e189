"""Java's default partitioner: which partition a key is at home in.

The hash is librdkafka's where its library can be reached (0.2 µs a key in bulk), else Python's
own (2 µs); both give what Kafka's Java clients give, and a self-test at import decides.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from itertools import repeat
from struct import unpack_from
from typing import Any

from streams.engine.kafka import librdkafka

_MULTIPLIER = 0x5BD1E995
_SEED = 0x9747B28C
_MASK = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
_FUNCTION = "rd_kafka_msg_partitioner_murmur2"


def murmur2(key: bytes) -> int:
    """The 32-bit murmur2 hash of a key as an unsigned integer (Java prints it signed)."""
    size = len(key)
    value = _SEED ^ size
    for word in unpack_from(f"<{size >> 2}I", key):
        word = word * _MULTIPLIER & _MASK
        value = (value * _MULTIPLIER & _MASK) ^ ((word ^ word >> 24) * _MULTIPLIER & _MASK)
    rest = size & 3
    if rest:
        value = (value ^ int.from_bytes(key[-rest:], "little")) * _MULTIPLIER & _MASK
    value = (value ^ value >> 13) * _MULTIPLIER & _MASK
    return value ^ value >> 15


def _python_partitions_of(keys: Sequence[bytes], partitions: int) -> list[int]:
    return [(murmur2(key) & _POSITIVE) % partitions for key in keys]


def _native() -> Callable[[Sequence[bytes], int], list[int]] | None:
    """`partitions_of` on librdkafka's partitioner, or None where it cannot be used."""
    # Declared argument types would triple the cost of the call; undeclared ones are converted
    # right on the platforms we know, and the self-test below refuses the others.
    library = librdkafka.load({_FUNCTION: (ctypes.c_int32, None)}, release_gil=False)
    if library is None:
        return None
    partitioner: Any = library[_FUNCTION]
    partitioner.restype = ctypes.c_int32
    nothing = repeat(None)

    def native_partitions_of(keys: Sequence[bytes], partitions: int) -> list[int]:
        sizes = map(len, keys)
        # (topic, key, size, partition count, two opaque pointers): it reads no pointer but the key.
        return list(map(partitioner, nothing, keys, sizes, repeat(partitions), nothing, nothing))

    samples = [b"", b"a", b"ab", b"abc", b"\xff" * 4, b"zto:78123456789012", bytes(range(256))]
    for partitions in (1, 4, 1000):
        expected = _python_partitions_of(samples, partitions)
        if native_partitions_of(samples, partitions) != expected:
            return None
    return native_partitions_of


partitions_of: Callable[[Sequence[bytes], int], list[int]] = _native() or _python_partitions_of
"""`partitions_of(keys, partitions)`: the home partition of each key, in order."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Java's default partitioner gives a key (bytes; must not be None)."""
    return partitions_of((key,), partitions)[0]
