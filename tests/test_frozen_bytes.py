"""No byte that is stored, sent between workers or published changes without somebody meaning it.

`data/frozen/` holds a history (`history.jsonl`, judged by the built-in profiles and `own.toml`) and
what the pipeline made of it when it was frozen: every record of every topic that it writes
(`outputs.json`), the tables at three moments (`tables.json`), a digest of each value that went into
a changelog (`changelogs.json`), and what workers say and keep beside it (`others.json`). States as
the first version wrote them are in `first_version.json`, with what they become.

- The history must give them again, byte for byte. Records are compared in order within each topic
  and partition, as Kafka keeps them; values of a changelog in order within each key; the rows of a
  table by key. Between partitions and between topics no order is promised, and none is compared.
- Each frozen value must be read, and written again as the same bytes: so a field that the history
  would hide (two of one type exchanged in reading and in writing alike) is not all that is tested.
- Each field of each struct that is stored or sent, and each place of the tuples in it, says
  something in the frozen data: no default, no zero.

A change that is meant: `.venv/bin/pytest tests/test_frozen_bytes.py --freeze` writes the files
anew and fails, so that it can never pass for a check; then read `git diff tests/data/frozen`, and
think of the workers and the topics that hold the old bytes. `history.jsonl`, `own.toml` and the
bytes in `first_version.json` are never written by it. Beside hex a file has what the hex `says`,
for whoever reads a diff; that is compared too.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support import frozen

import streams

SHOWN = 5
"""Differences that a failure names."""

KEYS = ("", "1", "a1", "zto:78123456789012", "sf:SF1234567890", "douyin|s-1", "运单", "x" * 300)
COUNTS = (1, 2, 3, 4, 7, 12, 1000)


class Lived:
    """What the history came to, now."""

    def __init__(self) -> None:
        self.loop, self.tables = frozen.lived(frozen.read("history.jsonl"))
        self.outputs = frozen.outputs(self.loop)
        self.changelogs = frozen.changelogs(self.loop)


@pytest.fixture(scope="module")
def lived() -> Lived:
    """The history, lived through once."""
    return Lived()


def same(request: pytest.FixtureRequest, name: str, found: Any) -> None:
    """Compare with a frozen file, or with `--freeze` write it."""
    if request.config.getoption("--freeze"):
        (frozen.FROZEN / name).write_text(frozen.written(found) + "\n")
        pytest.fail(f"{name} is frozen anew: read the diff, and run without --freeze")
    differences = list(frozen.differences(frozen.read(name), found))
    shown = "\n".join(differences[:SHOWN])
    assert not differences, f"{name}: {len(differences)} differences, the first are\n{shown}"


def test_every_record_that_is_sent_has_its_bytes(
    request: pytest.FixtureRequest, lived: Lived
) -> None:
    """Warnings, dead letters, risks of shops and products, and all that the tables tell each other:
    keys, values, headers, partitions, and the order within each partition."""
    same(request, "outputs.json", lived.outputs)


def test_every_stored_state_has_its_bytes(request: pytest.FixtureRequest, lived: Lived) -> None:
    """The rows of all tables when the history is half way, when it is over, when all has ended."""
    same(request, "tables.json", lived.tables)


def test_every_value_of_a_changelog_has_its_bytes(
    request: pytest.FixtureRequest, lived: Lived
) -> None:
    """What was ever written of a key, in order, deletions too, by digest."""
    same(request, "changelogs.json", lived.changelogs)


def test_all_else_that_crosses_workers_or_restarts_has_its_bytes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Ticks, learned feeds, answers of workers to each other, the homes of keys, RocksDB's rows,
    and what states of the first version become."""
    found = {
        "made": {name: frozen.view(value) for name, value in frozen.made().items()},
        "understood": frozen.understood(),
        "first_version": {
            table: frozen.view(again(table, entry)) for table, entry in first_version()
        },
        "homes": {
            key: {str(count): frozen.homes([key.encode()], count)[0] for count in COUNTS}
            for key in KEYS
        },
        "disk": frozen.on_disk(tmp_path / "store"),
    }
    same(request, "others.json", found)


def test_every_frozen_state_is_read_and_written_as_it_was() -> None:
    """Decoded and encoded again: the same bytes, and `due` stands where the store looks for it."""
    seen = set()
    for table, value in states():
        codec = frozen.TABLES[table]
        state = codec.decode(value)
        assert codec.encode(state) == value, (table, value.hex())
        assert frozen.due(value) == int.from_bytes(value[1:9], "big") == state.due
        seen.add(table)
    assert seen == set(frozen.TABLES)


def test_every_frozen_message_is_read_and_written_as_it_was() -> None:
    """The same for what tables tell each other and for what workers do."""
    seen = set()
    for kind, codec, value in messages():
        assert codec.encode(codec.decode(value)) == value, (kind, value.hex())
        seen.add(kind)
    assert seen == {*frozen.MESSAGES, *frozen.OTHERS}


@pytest.mark.parametrize("table", ["orders", "parcels"])
def test_states_of_the_first_version_are_read(table: str) -> None:
    """A store that an older release filled: its states are read, and what they become is stable."""
    entry = dict(first_version())[table]
    value = frozen.bytes_of(entry)
    assert value[:1] == b"\x01"
    becomes = again(table, entry)
    assert becomes[:1] == b"\x02"
    assert becomes[1:9] == value[1:9]
    assert again(table, frozen.view(becomes)) == becomes


def test_warnings_are_read_without_the_rest_of_a_state() -> None:
    """Whoever goes through all states reads the same warnings as who decodes them whole."""
    seen: dict[str, int] = {}
    for table, value in states():
        if table in ("orders", "parcels"):
            warnings = frozen.warnings_in(table, value)
            assert warnings == frozen.TABLES[table].decode(value).published
            seen[table] = seen.get(table, 0) + len(warnings)
    assert all(seen.values()), seen


def test_the_files_say_what_their_bytes_say() -> None:
    """The readable half of each entry is of its bytes: a file changed by hand does not lie."""
    entries = [entry for name in FILES for entry in entries_of(frozen.read(name))]
    assert len(entries) > len(frozen.TABLES)
    for entry in entries:
        value = frozen.bytes_of(entry)
        assert entry == {**entry, **frozen.view(value)}


def test_every_field_says_something_in_the_frozen_data() -> None:
    """Or a change of it would pass unseen: every field, every place of a tuple, in some value."""
    wanted: set[str] = set()
    found: set[str] = set()
    values = [(frozen.TABLES[table], value) for table, value in states()]
    values += [(codec, value) for _, codec, value in messages()]
    for codec, value in values:
        kind = msgspec.inspect.type_info(codec.kind)
        wanted |= frozen.places(kind)
        found |= frozen.filled(kind, codec.decode(value))
    assert len(wanted) > 200, "the walk through the types finds too little"
    assert sorted(wanted - found) == []


def test_every_word_that_is_stored_as_an_index_is_in_the_frozen_data() -> None:
    """Statuses, delivery methods, presales: two that change places are seen."""
    found = {
        each
        for table, value in states()
        for each in frozen.indexes(frozen.TABLES[table].decode(value))
    }
    wanted = {(name, index) for name, words in frozen.LISTS.items() for index in range(len(words))}
    assert found == wanted


def test_every_struct_that_is_an_array_is_frozen() -> None:
    """A struct becomes an array to be stored or sent: a new one must be frozen like the others.

    Left out are views of a part (what they skip is raw).
    """
    for found in pkgutil.walk_packages(streams.__path__, "streams."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    codecs = (*frozen.TABLES.values(), *frozen.MESSAGES.values(), *frozen.OTHERS.values())
    places = {
        place for codec in codecs for place in frozen.places(msgspec.inspect.type_info(codec.kind))
    }
    arrays: set[Any] = {
        each for each in descendants(msgspec.Struct) if each.__struct_config__.array_like
    }
    ours = {each for each in arrays if each.__module__.startswith("streams.")}
    missing = {
        each.__name__
        for each in ours
        if not any(field.type is msgspec.Raw for field in msgspec.structs.fields(each))
        and not any(place.startswith(f"{each.__name__}.") for place in places)
    }
    assert len(ours) > len(frozen.TABLES)
    assert missing == set()


FILES = ("outputs.json", "tables.json", "others.json", "first_version.json")


def first_version() -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and entry of each state that the first version wrote."""
    yield from frozen.read("first_version.json").items()


def again(table: str, entry: dict[str, Any]) -> bytes:
    """A state read and written."""
    codec = frozen.TABLES[table]
    return codec.encode(codec.decode(frozen.bytes_of(entry)))


def states() -> Iterator[tuple[str, bytes]]:
    """Table and bytes of every frozen state of today's version."""
    for tables in frozen.read("tables.json").values():
        for table, partitions in tables.items():
            for rows in partitions.values():
                yield from ((table, frozen.bytes_of(entry)) for entry in rows.values())
    for table, entry in frozen.read("others.json")["first_version"].items():
        yield table, frozen.bytes_of(entry)


def messages() -> Iterator[tuple[str, frozen.Codec, bytes]]:
    """Kind, codec and bytes of every frozen message between tables and between workers."""
    outputs = frozen.read("outputs.json")
    for topic, codec in frozen.MESSAGES.items():
        for records in outputs[topic].values():
            yield from ((topic, codec, frozen.bytes_of(entry)) for entry in records)
    made = frozen.read("others.json")["made"]
    for kind, codec in frozen.OTHERS.items():
        yield kind, codec, frozen.bytes_of(made[kind])


def entries_of(document: Any) -> Iterator[dict[str, Any]]:
    """Every entry of a file that stands for bytes."""
    if isinstance(document, dict):
        if "hex" in document or "text" in document:
            yield document
        else:
            for each in document.values():
                yield from entries_of(each)
    elif isinstance(document, list):
        for each in document:
            yield from entries_of(each)


def descendants(kind: type) -> Iterator[Any]:
    """Every class below `kind`."""
    for each in kind.__subclasses__():
        yield each
        yield from descendants(each)
