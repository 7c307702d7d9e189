"""A cut of the fuzz benchmark: no mutated file makes anything but facts and refusals."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

from support.reading import refused

ROOT = Path(__file__).resolve().parents[2]
XLS = (ROOT / "tests" / "data" / "orders.xls").read_bytes()


def test_each_mutated_row_becomes_a_fact_or_a_refusal(tmp_path: Path) -> None:
    """20,000 rows of every form; each refusal has a reason of the contract, words and a line."""
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz_files.py")
    assert spec is not None
    assert spec.loader is not None
    fuzz_files = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz_files)
    total = fuzz_files.fuzz(20_000, 7, tmp_path)
    assert total["fact"] > 5_000
    assert total["file refused"] > 50
    assert {"bad_row", "damaged_id", "invalid_utf8", "missing_field", "not_json"} <= set(total)


def test_an_old_workbook_that_runs_in_circles_is_refused(tmp_path: Path) -> None:
    """The reader of workbooks would fill the memory: each chain that comes back is found first."""
    (first,) = struct.unpack_from("<I", XLS, 76)
    chains = 512 + first * 512
    for number in (0, 1, 4):
        damaged = bytearray(XLS)
        struct.pack_into("<I", damaged, chains + 4 * number, 0)
        assert "form no chains" in refused(tmp_path / "o.xls", bytes(damaged))
