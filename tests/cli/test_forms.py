"""A result is written as the name of its file ends: JSON Lines, CSV, each packed or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from confluent_kafka import Producer
from kafka_server import KafkaServer
from support.builders import DAY, LATER, PICKED, order, picked_up, record, upload

from streams.outputs.rows import COLUMNS, header, row
from streams.settings import load_settings

Run = Callable[..., Result]

FILES = ("--orders", "o.jsonl", "--tracking", "t.jsonl", "--until", LATER.isoformat())
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def inputs(environment: None) -> None:
    """A small history in the current directory."""
    orders = [order("1"), order("2", platform="tmall")]
    tracking = [upload("1"), picked_up(), record("hub", PICKED + DAY)]
    for name, messages in (("o.jsonl", orders), ("t.jsonl", tracking)):
        Path(name).write_text("".join(json.dumps(message) + "\n" for message in messages))


def table(text: str) -> list[dict[str, str]]:
    """A CSV file's rows by column."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def field(value: dict[str, Any], column: str) -> Any:
    """A field of a message by the name of its column."""
    for part in column.split("."):
        value = value[part]
    return value


@pytest.mark.parametrize("more", [(), ("--log",)], ids=["newest", "log"])
def test_a_table_says_what_the_lines_say(run: Run, more: tuple[str, ...]) -> None:
    """`--out w.csv`: a row for each line of JSON, a column for each field that a person reads."""
    lines = [json.loads(line) for line in run("replay", *FILES, *more).stdout.splitlines()]
    result = run("replay", *FILES, *more, "--out", "w.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    raw = Path("w.csv").read_bytes().decode()
    assert raw.startswith("warning_id,revision,state,")
    rows = table(raw)
    assert len(rows) == len(lines) > 2
    for shown, value in zip(rows, lines, strict=True):
        assert tuple(shown) == COLUMNS
        for column in COLUMNS:
            if column.startswith("exposure.") and column != "exposure.kind":
                wanted = value["exposure"].get(column.partition(".")[2])
            else:
                wanted = field(value, column)
            if isinstance(wanted, list):
                wanted = ";".join(wanted)
            assert shown[column] == ("" if wanted is None else str(wanted))


def test_each_ending_has_its_form(run: Run) -> None:
    """The same content as standard output has it; packed files have the same bytes each time."""
    lines = run("replay", *FILES).stdout_bytes
    rows = run("replay", *FILES, "--format", "csv").stdout_bytes
    assert rows.startswith(header())
    for name, wanted in (
        ("w.jsonl", lines),
        ("w.json", lines),
        ("w.csv", rows),
        ("W.CSV", rows),
        ("w.jsonl.gz", lines),
        ("w.csv.gz", rows),
    ):
        assert run("replay", *FILES, "--out", name).exit_code == 0
        raw = Path(name).read_bytes()
        assert (gzip.decompress(raw) if name.endswith(".gz") else raw) == wanted
    packed = Path("w.csv.gz").read_bytes()
    run("replay", *FILES, "--out", "w.csv.gz")
    assert Path("w.csv.gz").read_bytes() == packed


def test_format_wins_over_the_name(run: Run) -> None:
    """`--format` says it where the name does not, or says something else; .gz still packs."""
    rows = run("replay", *FILES, "--format", "csv").stdout_bytes
    for name in ("warnings", "w.txt", "w.jsonl", "w.tsv.gz"):
        assert run("replay", *FILES, "--out", name, "--format", "csv").exit_code == 0
        raw = Path(name).read_bytes()
        assert (gzip.decompress(raw) if name.endswith(".gz") else raw) == rows
    assert run("replay", *FILES, "--out", "w.csv", "--format", "jsonl").exit_code == 0
    assert Path("w.csv").read_bytes() == run("replay", *FILES).stdout_bytes


def test_a_comparison_too(run: Run) -> None:
    """`.txt` is the table, `.json` the object, whether or not `--json` says so."""
    diff = ("--diff", "brief-2023")
    for name, more in (("d.txt", ()), ("d.json", ("--json",)), ("d.json.gz", ("--json",))):
        assert run("replay", *FILES, *diff, "--out", name).exit_code == 0
        raw = Path(name).read_bytes()
        wanted = run("replay", *FILES, *diff, *more).stdout_bytes
        assert (gzip.decompress(raw) if name.endswith(".gz") else raw) == wanted
    assert run("replay", *FILES, *diff, "--json", "--out", "d.out").exit_code == 0
    assert json.loads(Path("d.out").read_text("utf-8"))["sides"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--out", "w.xlsx"),
            "--out: the name 'w.xlsx' asks for a form that is not written: allowed",
        ),
        (("--out", "w.tsv.gz"), "allowed endings are .jsonl, .json, .csv, each also with .gz"),
        (("--shop-risk", "s.csv"), "--shop-risk: the name 's.csv' asks for a form"),
        (("--product-risk", "p.xml"), "allowed endings are .jsonl, .json, each also with .gz"),
        (("--dead-letters", "d.csv"), "--dead-letters: the name 'd.csv'"),
        (("--diff", "brief-2023", "--out", "d.csv"), "allowed endings are .txt, .json"),
        (("--diff", "brief-2023", "--format", "csv"), "--format is of warnings"),
        (("--format", "xlsx"), "xlsx"),
    ],
)
def test_a_name_that_says_another_form(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """Status 2, the option, the name and what is allowed; nothing is written."""
    before = sorted(path.name for path in Path().iterdir())
    result = run("replay", *FILES, *arguments)
    assert result.exit_code == 2
    # What is too long for the terminal's width is on several lines.
    assert said in " ".join(result.stderr.split())
    assert sorted(path.name for path in Path().iterdir()) == before


@pytest.mark.parametrize("name", ["w", "w.out", "w.log.gz"])
def test_a_name_that_says_no_form_is_lines(run: Run, name: str) -> None:
    """As ever: what has no ending that anybody knows is JSON Lines, packed where it says so."""
    assert run("replay", *FILES, "--out", name).exit_code == 0
    assert run("replay", *FILES, "--out", "w.jsonl").exit_code == 0
    written = Path(name).read_bytes()
    lines = gzip.decompress(written) if name.endswith(".gz") else written
    assert lines == Path("w.jsonl").read_bytes() != b""


def test_devices_have_no_ending(run: Run) -> None:
    """`/dev/null` is taken as it is, and bad lines do not go beside it."""
    with Path("o.jsonl").open("a") as file:
        file.write("{\n")
    assert run("replay", *FILES, "--out", "/dev/null").exit_code == 3
    assert Path("dead-letters.jsonl").exists()
    assert not Path("/dev/null.dead-letters.jsonl").exists()


@pytest.mark.parametrize("name", ["w.jsonl", "w.csv", "w.csv.gz", "w.json.gz"])
def test_bad_lines_go_beside_the_output(run: Run, name: str) -> None:
    """Whatever the output's form."""
    with Path("o.jsonl").open("a") as file:
        file.write("{\n")
    assert run("replay", *FILES, "--out", name).exit_code == 3
    assert Path("w.dead-letters.jsonl").exists()


def test_what_a_spreadsheet_would_run_is_text() -> None:
    """An id or number that begins like a formula has an apostrophe; a number of ours has none."""
    shown = table(
        (
            header()
            + row({"shop_id": '=cmd|"x"!A1', "tracking_number": "@SUM(1)", "carrier": "-1+2"})
            + row({"shop_id": "s=1", "revision": -3, "order_ids": ["+1", "2"]})
        ).decode()
    )
    assert [shown[0][name] for name in ("shop_id", "tracking_number", "carrier")] == [
        '\'=cmd|"x"!A1',
        "'@SUM(1)",
        "'-1+2",
    ]
    assert [shown[1][name] for name in ("shop_id", "revision", "order_ids")] == [
        "s=1",
        "-3",
        "'+1;2",
    ]


def test_a_list_whose_parts_have_semicolons_is_json() -> None:
    """As the inputs take it: what is read back is the same list."""
    (shown,) = table((header() + row({"order_ids": ["a;b", 'c"', "订单\n"]})).decode())
    assert json.loads(shown["order_ids"]) == ["a;b", 'c"', "订单\n"]
    assert shown["message.zh"] == ""


def test_the_columns_are_documented() -> None:
    """docs/messages.md names each of them, in their order."""
    text = (ROOT / "docs/messages.md").read_text("utf-8")
    section = text.partition("### As CSV")[2].partition("\n##")[0]
    listed = section.partition("```text\n")[2].partition("```")[0]
    assert tuple(listed.replace(",", " ").split()) == COLUMNS


def test_export_follows_the_name(run: Run, cluster: KafkaServer) -> None:
    """`warnings export`: the newest of each warning as a table, packed where .gz follows."""
    assert run("topics", "create").exit_code == 0
    assert run("replay", *FILES, "--out", "w.jsonl", "--log").exit_code == 0
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    for line in Path("w.jsonl").read_bytes().splitlines():
        key = json.loads(line)["warning_id"]
        producer.produce(load_settings().warnings_topic, line, key)
    assert producer.flush(30) == 0
    wanted = run("replay", *FILES, "--format", "csv").stdout_bytes
    result = run("warnings", "export", "--out", "e.csv", "--all")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "written to e.csv" in result.stderr
    assert Path("e.csv").read_bytes() == wanted
    assert run("warnings", "export", "--all", "--format", "csv").stdout_bytes == wanted
    assert run("warnings", "export", "--out", "e.csv.gz", "--all").exit_code == 0
    assert gzip.decompress(Path("e.csv.gz").read_bytes()) == wanted
    refused = run("warnings", "export", "--out", "e.xlsx")
    assert refused.exit_code == 2
    assert "allowed endings are .jsonl, .json, .csv" in " ".join(refused.stderr.split())


def test_evidence_reads_no_table(run: Run) -> None:
    """What is in a table cannot prove anything: it has no records."""
    run("replay", *FILES, "--out", "w.csv")
    result = run("evidence", "0f3a", "--warnings", "w.csv", *FILES[:4])
    assert result.exit_code == 2
    assert "--warnings w.csv is a table; JSON Lines are read" in result.stderr
