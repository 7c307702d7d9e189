"""Which files a report takes: told by content, records of topics among them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from support.builders import HOUR, PAID, PICKED, order, picked_up, record, upload
from support.reading import no_exports
from support.workbooks import workbook

from streams.inputs.cells import Reading
from streams.inputs.files import BadLine
from streams.inputs.messages import ORDERS, STOCK, TRACKING
from streams.inputs.opened import Unreadable
from streams.report.files import File, opened

Run = Callable[..., Result]
Write = Callable[..., str]


def of(topic: str, value: object, **more: object) -> dict[str, object]:
    """One record."""
    return {"topic": topic, "key": "k", "value": value, **more}


def read(*paths: str) -> tuple[list[File], dict[str, list[bytes]], list[BadLine]]:
    """The files, what they hold by kind of message, and the bad lines."""
    bad: list[BadLine] = []
    files = opened(map(Path, paths), Reading(), no_exports())
    found: dict[str, list[bytes]] = {each.name: [] for each in (ORDERS, TRACKING, STOCK)}
    for file in files:
        found[file.message.name] += [line.raw for line in file.read(bad.append, lambda _: None)]
    return files, found, bad


def test_records_of_topics(write: Write) -> None:
    """Orders and updates of one file, each in order of arrival; what is neither is said once."""
    write(
        "m.jsonl",
        [
            of("tracking-update", record("hub", PICKED + HOUR)),
            of("order-paid", order("1")),
            of("tracking-update", upload("1")),
            of("order-paid", None, timestamp=(PAID + HOUR).isoformat()),
            of("order-paid", None, received_at=(PAID + 2 * HOUR).isoformat()),
            of("order-paid", None),
            of("order-paid", order("2"), received_at=(PAID - HOUR).isoformat()),
            of("order-paid", order("3"), received_at="yesterday"),
            of("shipment-warnings", {}),
            {"topic": "tracking-update", "key": "k"},
            [],
        ],
    )
    _, found, bad = read("m.jsonl")
    orders = [json.loads(raw) for raw in found[ORDERS.name]]
    assert [each.get("order_id") for each in orders] == ["2", "1", None, None]
    assert [orders[n]["timestamp"] for n in (2, 3)] == [
        (PAID + n * HOUR).isoformat() for n in (1, 2)
    ]
    assert [json.loads(raw)["status"] for raw in found[TRACKING.name]] == ["ordered", "hub"]
    assert [(each.number, each.bad.reason, each.bad.field) for each in bad] == [
        (6, "missing_field", "timestamp"),
        (8, "wrong_type", "received_at"),
        (9, "unknown_value", "topic"),
        (11, "not_json", None),
        (10, "missing_field", "value"),
    ]


def test_messages_by_their_fields(write: Write) -> None:
    """Names say nothing; a first line that is damaged does not hide what the file holds."""
    write("a.jsonl", ["", picked_up()])
    write("b.jsonl", [{"key": "1", "value": None, "timestamp": PAID.isoformat()}, order("1")])
    Path("c.csv").write_text("order_id,shop_id,platform,paid_at\n1,s,douyin,2026-11-20T10:00Z\n")
    columns = ("carrier", "tracking_number", "status", "occurred_at")
    Path("d").write_bytes(
        gzip.compress(workbook(columns, ("zto", "1", "hub", "2026-11-20T10:00Z")))
    )
    files, found, bad = read("a.jsonl", "b.jsonl", "c.csv", "d")
    assert [file.message for file in files] == [TRACKING, ORDERS, ORDERS, TRACKING]
    assert [len(found[each.name]) for each in (ORDERS, TRACKING)] == [3, 1 + 2]
    assert bad == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "as orders: the header in line 1 has none of the known columns"),
        ("carrier,status\nzto,hub\n", "lacks tracking_number, occurred_at"),
        ("<html>", "is a web page or XML"),
        ('{"data": [{}]}', "around a list of objects"),
    ],
)
def test_a_file_without_messages_is_refused(run: Run, content: str, words: str) -> None:
    """By one sentence, before anything is written: exit status 2."""
    Path("x").write_text(content)
    result = run("x")
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("report.html").exists()


def test_a_pipe_is_refused() -> None:
    """It could not be read twice."""
    with pytest.raises(Unreadable, match="is no file"):
        opened([Path("/dev/null")], Reading(), no_exports())
