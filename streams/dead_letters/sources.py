"""Where dead letters are read: their topic, or a file that `shipsentry replay` wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from streams.dead_letters.letters import Entry, Held, Source, held
from streams.engine.kafka.topic_reader import open_topic
from streams.inputs.opened import Opened
from streams.settings import Settings

Read = Callable[[], Iterator[Source]]
"""Reads all there is, each time in the same order."""


@contextmanager
def on_kafka(settings: Settings) -> Iterator[Read]:
    """The topic of dead letters, until the block ends; raises KafkaUnavailable."""
    with open_topic(settings, settings.dead_letters_topic) as topic:

        def read() -> Iterator[Source]:
            for records in topic.in_order():
                for one in records:
                    headers = tuple(one.headers)
                    yield Source(one.partition, one.offset, one.key, one.value, headers)

        yield read


def in_file(path: Path) -> Read:
    """The lines of a file, plain or .gz; reading it raises OSError, EOFError or zlib.error."""

    def read() -> Iterator[Source]:
        with Opened(path).unpacked() as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield Source(0, number, None, line)

    return read


def with_bytes(
    sources: Iterable[Source], found: Mapping[tuple[int, int], Entry]
) -> Iterator[tuple[Entry, Source, Held]]:
    """The letters that were found, by place, with what the first reading did not keep.

    Raises LetterBroken.
    """
    for source in sources:
        one = found.get((source.partition, source.offset))
        if one is not None:
            yield one, source, held(source, one.letter)
