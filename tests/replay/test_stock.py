"""`replay --stock` and `report --stock`: what products lack, from files of any form."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.builders import DAY, LATER, PAID, order, picked_up, upload

from streams.cli.group import main

HEAD = "platform,shop_id,product_id,available,at,received_at"
ROW = f"抖店,s-1,p1,1,{PAID.isoformat()},"
LATE_ROW = f"douyin,s-1,p1,9,{(PAID - DAY).isoformat()},{(PAID + DAY).isoformat()}"


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, and none of the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHIPSENTRY_"):
            monkeypatch.delenv(name)
    items = [{"product_id": "p1", "quantity": 2}]
    _write("o.jsonl", [order("1", items=items), order("2", items=items)])
    _write("t.jsonl", [upload("1"), picked_up()])


def _write(name: str, messages: list[Any]) -> None:
    Path(name).write_text("".join(f"{json.dumps(each)}\n" for each in messages))


def run(command: str, *arguments: str) -> Result:
    """A command over the two files."""
    files = ("o.jsonl", "t.jsonl")
    if command == "replay":
        files = ("--orders", "o.jsonl", "--tracking", "t.jsonl")
    return CliRunner().invoke(main, [command, *files, *arguments, "--until", LATER.isoformat()])


def products(text: str) -> list[tuple[str, int, int, int]]:
    """What a file says of stock."""
    found = [json.loads(line) for line in text.splitlines()]
    return [
        (each["product_id"], each["unshipped"], each["available"], each["short_by"])
        for each in found
        if each["day"] is None
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_levels_of_a_table_are_counted_in_product_risk(packed: bool) -> None:
    """Also packed; a level that arrives late and is older changes nothing."""
    raw = "\n".join((HEAD, ROW, LATE_ROW)).encode()
    Path("s.csv").write_bytes(gzip.compress(raw) if packed else raw)
    result = run("replay", "--stock", "s.csv", "--product-risk", "p.jsonl", "--out", "w.jsonl")
    assert result.exit_code == 0, result.stderr
    assert "s.csv: 2 lines, 1 product" in result.stderr
    assert products(Path("p.jsonl").read_text()) == [("p1", 2, 1, 1)]


def test_without_levels_product_risk_is_as_it_was() -> None:
    """Records of days alone, without a field of stock."""
    result = run("replay", "--product-risk", "p.jsonl", "--out", "w.jsonl")
    assert result.exit_code == 0, result.stderr
    lines = [json.loads(line) for line in Path("p.jsonl").read_text().splitlines()]
    assert lines
    assert not any("unshipped" in each or each["day"] is None for each in lines)


def test_a_bad_level_is_a_bad_line_with_its_place() -> None:
    """Line, field and reason; the good ones are counted."""
    bad = ROW.replace(",1,", ",many,")
    Path("s.csv").write_text("\n".join((HEAD, bad, ROW)))
    result = run("replay", "--stock", "s.csv", "--product-risk", "p.jsonl", "--out", "w.jsonl")
    assert result.exit_code == 3, result.stderr
    letter = json.loads(Path("w.dead-letters.jsonl").read_text())
    assert (letter["line"], letter["reason"], letter["field"]) == (2, "wrong_type", "available")
    assert products(Path("p.jsonl").read_text()) == [("p1", 2, 1, 1)]


def test_levels_that_nothing_is_made_of_are_wrong_usage() -> None:
    """Whoever gives levels wants to see what they come to."""
    Path("s.csv").write_text(f"{HEAD}\n{ROW}\n")
    result = run("replay", "--stock", "s.csv")
    assert result.exit_code == 2
    assert "--stock is counted in --product-risk: name a file for that" in result.stderr


def test_a_report_names_the_products_that_are_short() -> None:
    """With its orders, in a part that is there for it alone; and what is enough is not named."""
    Path("s.csv").write_text("\n".join((HEAD, ROW, ROW.replace("p1", "p2"))))
    result = run("report", "--stock", "s.csv", "--lang", "en", "--xlsx", "r.xlsx")
    assert result.exit_code == 0, result.stderr
    assert "stock of 2 products, 1 of them short" in result.stderr
    page = Path("report.html").read_text()
    part = page.partition('<section id="stock"')[2].partition("</section>")[0]
    assert "p1" in part
    assert "<code>2</code>" in part
    assert "p2" not in part
    run("report", "--lang", "en")
    assert 'id="stock"' not in Path("report.html").read_text()
