"""`shipsentry state`: a stopped worker's stores are looked through, states go to a file."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from streams.engine.kafka.types import Put
from streams.engine.store.store import PartitionStore, store_memory
from streams.engine.worker.ownership import owned
from streams.state.codec import due_of

Run = Callable[..., Result]

RELEASE = Path(__file__).parents[1] / "data" / "release-0.1.0" / "stopped.json.gz"
DATA = Path("data")
EVER = 2**62


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[bytes, bytes]]:
    """A worker's data directory, with the states of a history; by store, what it holds."""
    monkeypatch.setenv("SHIPSENTRY_DATA_DIR", str(DATA))
    monkeypatch.setenv("SHIPSENTRY_PARTITIONS", "2")
    tables = json.loads(gzip.decompress(RELEASE.read_bytes()))["tables"]
    found = {
        name: {bytes.fromhex(key): bytes.fromhex(value) for key, value in rows.items()}
        for name, rows in tables.items()
    }
    for name, rows in found.items():
        store = opened(name)
        store.write([Put(key, value, due_of(value), 0) for key, value in rows.items()], 41)
        store.close()
    return found


def opened(name: str) -> PartitionStore:
    """The store `table-partition` of the data directory."""
    table, _, partition = name.rpartition("-")
    return PartitionStore.open(DATA / "tables" / table / partition, store_memory(1024 * 1024))


def content() -> dict[str, bytes]:
    """Every file of the stores."""
    return {str(path): path.read_bytes() for path in DATA.rglob("*") if path.is_file()}


def test_check_reads_everything_and_changes_nothing(
    run: Run, state: dict[str, dict[bytes, bytes]]
) -> None:
    """States, deadlines and offset of each store; exit status 0."""
    before = content()
    result = run("state", "check", "--offline")
    assert result.exit_code == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()[1:-1]]
    assert {f"{row[0]}-{row[1]}": int(row[2]) for row in rows} == {
        name: len(states) for name, states in state.items()
    }
    assert {row[4] for row in rows} == {"41"}
    after = content()
    after.pop(str(DATA / "worker.lock"))
    assert after == before


def test_check_names_each_fault(run: Run, state: dict[str, dict[bytes, bytes]]) -> None:
    """Values that are no states, deadlines that are not in the index, damage; exit status 1."""
    orders, parcels = opened("orders-0"), opened("parcels-1")
    (first, good), *_, (last, value) = sorted(state["orders-0"].items())
    orders.write([Put(first, b"\x02" + bytes(20), 0, due_of(good))])
    orders.write([Put(last, value, 0, due_of(value))])
    parcels.write([Put(b"zto:1", None, 0, 0), Put(b"zto:2", b"\x07", 9, 0)])
    orders.close()
    parcels.close()
    (DATA / "tables" / "tracks" / "0" / "CURRENT").write_bytes(b"garbage")
    result = run("state", "check", "--offline")
    assert result.exit_code == 1
    faults = result.stderr.splitlines()
    assert [line.split(": ")[1] for line in faults[:-1]] == [
        "orders-0",
        "orders-0",
        "parcels-1",
        "tracks-0",
    ]
    assert f"state {first!r} cannot be read" in faults[0]
    assert f"state {last!r} is due at {due_of(value)}, and not in the index" in faults[1]
    assert "state b'zto:2' cannot be read: state version b'\\x07' found" in faults[2]
    assert "it is damaged (Corruption" in faults[3]
    assert faults[-1] == "3 stores of 8 with faults"


def test_check_refuses_what_a_worker_uses(run: Run, state: dict[str, dict[bytes, bytes]]) -> None:
    """A directory that has an owner, and one where nothing is."""
    with owned(DATA):
        result = run("state", "check", "--offline")
    assert result.exit_code == 1
    assert "is in use by process" in result.stderr
    result = run("state", "export", "--local")
    assert result.exit_code == 0, "the owner is gone"


def test_check_of_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing looked at is no success."""
    monkeypatch.setenv("SHIPSENTRY_DATA_DIR", "nowhere")
    result = run("state", "check", "--offline")
    assert (result.exit_code, result.stderr) == (1, "Error: nowhere: there is no local state\n")


def test_a_local_export_has_every_byte(run: Run, state: dict[str, dict[bytes, bytes]]) -> None:
    """Line by line, and the dry run of an import reads it."""
    result = run("state", "export", "--local", "--out", "states.jsonl.gz")
    assert result.exit_code == 0, result.stderr
    packed = Path("states.jsonl.gz").read_bytes()
    header, *lines = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    tables = ("meters", "orders", "parcels", "tracks")
    assert header == {"form": 1, "partitions": 2, "stores": {table: [0, 1] for table in tables}}
    assert set(lines[0]) == {"table", "partition", "key", "due", "value"}
    for line in lines:
        key = bytes.fromhex(line["key"]) if line["table"] == "tracks" else line["key"].encode()
        value = state[f"{line['table']}-{line['partition']}"].pop(key)
        assert line["value"] == b64encode(value).decode()
    assert not any(state.values())
    result = run("state", "import", "states.jsonl.gz", "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert "orders: 66 states; nothing is written" in result.stdout


def test_bad_lines_are_named_and_nothing_is_written(
    run: Run, state: dict[str, dict[bytes, bytes]]
) -> None:
    """Each with number, field, value and what is allowed; no broker is asked."""
    run("state", "export", "orders", "--local", "--out", "good.jsonl")
    header, first, *_ = Path("good.jsonl").read_bytes().splitlines()
    good = json.loads(first)

    def changed(**fields: Any) -> bytes:
        return json.dumps({**good, **fields}).encode()

    lines = [
        header,
        json.dumps(good).encode(),
        b"nonsense",
        b"",
        changed(table="order"),
        changed(partition=2),
        changed(value="%"),
        changed(value=b64encode(b"\x02123").decode()),
        changed(table="tracks", key="zz"),
        json.dumps(good).encode(),
        changed(note="x"),
    ]
    Path("bad.jsonl").write_bytes(b"\n".join(lines))
    result = run("state", "import", "bad.jsonl")
    assert result.exit_code == 1
    said = result.stderr.splitlines()
    assert said[0].startswith("bad.jsonl: line 3: ")
    assert said[1] == (
        "bad.jsonl: line 5: table='order': allowed is one of orders, parcels, tracks, meters, stock"
    )
    assert said[2] == (
        "bad.jsonl: line 6: partition=2: the first line names no such store of orders"
    )
    assert said[3].startswith("bad.jsonl: line 7: value: not base64")
    assert said[4].startswith("bad.jsonl: line 8: value: no state of orders")
    assert said[5] == "bad.jsonl: line 9: key='zz': allowed is hexadecimal"
    assert said[6] == "bad.jsonl: line 10: its key has come before: allowed is one line a key"
    assert said[7].startswith("bad.jsonl: line 11: ")
    assert said[8] == "Error: bad.jsonl: 8 lines are wrong; nothing is written"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"", "not the first line of an export"),
        (b'{"partitions": 3, "stores": {}}', "partitions=3: this application has 2"),
        (b'{"partitions": 2, "stores": {}, "form": 2}', "form=2: allowed is 1"),
        (b'{"partitions": 2, "stores": {"orders": [2]}}', "stores: orders [2]: there is no such"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    run: Run, state: dict[str, dict[bytes, bytes]], header: bytes, why: str
) -> None:
    """The first line says for which application the file is."""
    Path("other.jsonl").write_bytes(header)
    result = run("state", "import", "other.jsonl")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0].startswith(f"other.jsonl: line 1: {why}")
