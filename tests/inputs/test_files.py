"""Histories in files: formats, order of arrival, bad lines, and files longer than memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.builders import (
    ANNA,
    DAY,
    HOUR,
    LATER,
    PAID,
    PICKED,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.facts import OrderVersion, TrackingFact
from streams.inputs import arrivals
from streams.inputs.arrivals import Line, arrival_of
from streams.inputs.cells import Reading
from streams.inputs.files import BadLine, HistoryFile
from streams.inputs.messages import ORDERS, TRACKING
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.profiles.loader import load
from streams.replay.history import play
from streams.replay.machine import Machine

STORY = [
    order("1"),
    order("2", recipient=None),
    upload(["1", "2"]),
    picked_up(location={"province": "浙江省", "city": "杭州市", "site": "中转部"}),
    record("hub", PICKED + 30 * HOUR, description="已到达，杭州"),
]


def lines(messages: Iterable[Message]) -> bytes:
    """JSON Lines."""
    return "".join(json.dumps(m, ensure_ascii=False) + "\n" for m in messages).encode()


def table(messages: Iterable[Message]) -> bytes:
    """CSV with dotted columns for places, JSON in cells for lists."""
    rows: list[dict[str, Any]] = []
    for message in messages:
        row: dict[str, Any] = {}
        for name, value in message.items():
            if isinstance(value, dict):
                row.update({f"{name}.{leaf}": cell for leaf, cell in value.items()})
            else:
                row[name] = json.dumps(value) if isinstance(value, list) else value
        rows.append(row)
    columns = sorted({column for row in rows for column in row})
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def file(folder: Path, name: str, content: bytes) -> Path:
    """A file, packed where its name says so."""
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def looked(path: Path) -> HistoryFile:
    """A file of orders, or of tracking updates where its name begins with t."""
    return HistoryFile(path, TRACKING if path.name.startswith("t") else ORDERS, Reading())


def read_all(path: Path) -> tuple[list[Line], list[BadLine]]:
    """A file's lines and bad lines."""
    bad: list[BadLine] = []
    return list(looked(path).read(bad.append, lambda _: None)), bad


def played(
    folder: Path, orders: bytes, tracking: bytes, until: int | None = None, suffix: str = ".jsonl"
) -> tuple[list[Revision], list[BadLine]]:
    """What two files come to: every revision, and the bad lines."""
    log: list[Revision] = []
    bad: list[BadLine] = []
    machine = Machine(load(), log.append)
    first, second = file(folder, f"o{suffix}", orders), file(folder, f"t{suffix}", tracking)
    play(machine, (looked(first), looked(second)), until, bad.append, lambda _: None)
    return log, bad


def split(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """Orders and tracking updates."""
    return [m for m in messages if "order_id" in m], [m for m in messages if "order_id" not in m]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".csv", ".csv.gz"])
def test_each_format_says_the_same(tmp_path: Path, suffix: str) -> None:
    """JSON Lines and CSV, plain and packed: the same warnings, word for word."""
    orders, tracking = split(STORY)
    write = table if ".csv" in suffix else lines
    log, bad = played(tmp_path, write(orders), write(tracking), us(LATER), suffix)
    assert bad == []
    wanted = judge(STORY, LATER)
    newest = {revision.warning_id: warning_value(revision) for revision in log}
    for value in (*newest.values(), *wanted.newest.values()):
        value["evidence"]["records"] = []  # line numbers are offsets here, and CSV has a heading
    assert newest == wanted.newest
    assert newest


def test_csv_cells(tmp_path: Path) -> None:
    """Blank is absent, a dotted column is a field of a place, order ids may stand with `;`."""
    text = (
        "carrier,tracking_number,status,occurred_at,order_ids,location.city,location.province,shop_id\n"
        f"zto,0078123,ordered,{UPLOADED.isoformat()},1; 2 ;,,浙江省,\n"
        f"zto,0078123,ordered,{UPLOADED.isoformat()},007,杭州市,浙江省,s-1\n"
        f'zto,0078123,ordered,{UPLOADED.isoformat()},"[""3"",""4""]",,,12\n'
    )
    found, bad = read_all(file(tmp_path, "t.csv", b"\xef\xbb\xbf" + text.encode()))
    assert bad == []
    values = [json.loads(line.raw) for line in found]
    assert [value["order_ids"] for value in values] == [["1", "2"], ["007"], ["3", "4"]]
    assert values[0]["location"] == {"province": "浙江省"}
    assert "shop_id" not in values[0]
    assert "location" not in values[2]
    assert values[2]["shop_id"] == "12"
    assert [line.number for line in found] == [2, 3, 4]
    assert all(isinstance(decode_tracking(line.raw, us(LATER)), TrackingFact) for line in found)


def test_csv_orders(tmp_path: Path) -> None:
    """Money is an integer, places and items may be JSON in a cell."""
    text = (
        "order_id,shop_id,platform,paid_at,amount_paid,recipient,items\n"
        f'1,s,douyin,{PAID.isoformat()},12900,"{{""city"":""深圳市""}}","[{{""sku_id"":""k""}}]"\n'
        f"2,s,douyin,{PAID.isoformat()},12.90,,\n"
    )
    (found,), (bad,) = read_all(file(tmp_path, "o.csv", text.encode()))
    good = decode_order(found.raw, None, us(PAID), us(PAID))
    assert isinstance(good, OrderVersion)
    assert good.amount_paid == 12_900
    assert good.items == ((None, "k", None),)
    assert (bad.number, bad.bad.reason, bad.bad.field) == (3, "wrong_type", "amount_paid")
    assert "--money major" in bad.bad.message


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        pytest.param("amount_paid", "²", id="a digit that is no decimal"),
        pytest.param("amount_paid", "--5", id="two signs"),
        pytest.param("amount_paid", "9" * 5_000, id="5,000 digits"),
        pytest.param("items", "[" * 100_000, id="a cell that nests 100,000 deep"),
        pytest.param("items", "[" + "1," * 100_000 + "1]", id="a cell of 200 kB"),
        pytest.param("recipient.city", "深" * 140_000, id="a city of 400 kB"),
    ],
)
def test_an_odd_csv_cell_is_a_bad_line(tmp_path: Path, column: str, cell: str) -> None:
    """Its row is a dead letter; the rows around it are read, the replay goes on."""
    rows = [
        {"order_id": order_id, "shop_id": "s", "platform": "douyin", "paid_at": PAID.isoformat()}
        for order_id in ("1", "2", "3")
    ]
    rows[1][column] = cell
    out = io.StringIO()
    writer = csv.DictWriter(out, [*rows[0], column])
    writer.writeheader()
    writer.writerows(rows)
    header = b"carrier,tracking_number,status,occurred_at\n"
    log, bad = played(tmp_path, out.getvalue().encode(), header, us(LATER), ".csv")
    assert [line.number for line in bad] == [3]
    assert {revision.finding.order_ids for revision in log} == {("1",), ("3",)}


def test_unsorted_files_are_played_in_order_of_arrival(tmp_path: Path) -> None:
    """Lines may stand in any order; `received_at` decides, else the message's own time."""
    messages = [
        order("1"),
        arriving(order("2"), PAID - HOUR),
        upload("1"),
        arriving(picked_up(), PAID + 3 * DAY),
        record("hub", PICKED),
    ]
    wanted = sorted(us(moment) for moment in (PAID, PAID - HOUR, UPLOADED, PAID + 3 * DAY, PICKED))
    Random(1).shuffle(messages)
    found, _ = read_all(file(tmp_path, "mixed.jsonl", lines(messages)))
    assert [line.arrival for line in found] == wanted


def test_equal_arrivals_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """Nothing but the line number decides between lines of one arrival."""
    messages = [order(str(n)) for n in (5, 3, 9, 1)]
    found, _ = read_all(file(tmp_path, "o.jsonl", lines(messages)))
    assert [json.loads(line.raw)["order_id"] for line in found] == ["5", "3", "9", "1"]


def test_orders_come_first_where_arrivals_are_equal(tmp_path: Path) -> None:
    """An upload of the very moment of the payment meets a known order."""
    moved = order("1", recipient=ANNA, platform="tmall", promised_ship_by=None)
    at = arriving(upload("1", PAID - 30 * HOUR, platform="douyin"), PAID)
    log, _ = played(tmp_path, lines([moved]), lines([at]), us(PAID))
    assert [revision.finding.platform for revision in log] == ["tmall"]


def test_a_tick_between_arrivals_comes_before_them(tmp_path: Path) -> None:
    """The clock moves with the arrivals: what was due before a fact is said before it."""
    story = [upload("1"), arriving(picked_up(PAID + 30 * HOUR), PAID + 40 * HOUR)]
    log, _ = played(tmp_path, lines([order()]), lines(story), us(PAID + 40 * HOUR))
    pickup = [
        r for r in log if r.finding.rule == "pickup_overdue" and r.finding.stage == "violation"
    ]
    assert [r.finding.state for r in pickup] == ["open", "breached", "resolved"]
    assert [r.detected_at for r in pickup] == [
        us(UPLOADED + 18 * HOUR),
        us(UPLOADED + 24 * HOUR) + 1,
        us(PAID + 40 * HOUR),
    ]


def test_until_leaves_later_arrivals_out(tmp_path: Path) -> None:
    """What arrives exactly then counts, what arrives a microsecond later does not."""
    until = PAID + 50 * HOUR
    for arrival, states in (
        (until, ["open", "breached", "withdrawn"]),
        (until + US, ["open", "breached"]),
    ):
        tracking = [upload("1"), arriving(picked_up(), arrival)]
        log, _ = played(tmp_path, lines([order()]), lines(tracking), us(until))
        found = [r.finding.state for r in log if r.finding.rule == "ship_overdue"]
        assert found == states


def test_without_until_the_clock_ends_at_the_last_arrival(tmp_path: Path) -> None:
    """A promise that lies beyond is not said to be broken."""
    last = arriving(release("9", PICKED), PAID + 40 * HOUR)
    log, _ = played(tmp_path, lines([order()]), lines([last]))
    assert [r.finding.state for r in log] == ["open"]
    log, _ = played(tmp_path, lines([order()]), lines([]))
    assert log == []


def test_bad_lines_are_named_and_their_neighbours_played(tmp_path: Path) -> None:
    """Line number from 1, blank lines counted, reason and field."""
    raw = b"\n".join(
        [
            b"{",
            lines([order("1")]).strip(),
            b"",
            json.dumps({**order("2"), "paid_at": "2026-11-20T10:00:00"}).encode(),
            json.dumps({**order("3"), "received_at": "yesterday"}).encode(),
            b"\xff\xfe{}",
            lines([order("4")]).strip(),
        ]
    )
    log, bad = played(tmp_path, raw, b"", us(LATER))
    assert {(line.number, line.bad.reason, line.bad.field) for line in bad} == {
        (1, "not_json", None),
        (4, "naive_time", "paid_at"),
        (5, "wrong_type", "received_at"),
        (6, "invalid_utf8", None),
    }
    assert {r.finding.order_ids for r in log} == {("1",), ("4",)}
    assert all(line.path.name == "o.jsonl" for line in bad)


def test_the_future_is_measured_from_the_arrival(tmp_path: Path) -> None:
    """24 h after `received_at` still counts, a microsecond more is a dead letter."""
    exact = arriving(picked_up(PAID + DAY), PAID)
    beyond = arriving(picked_up(PAID + DAY + US), PAID)
    _, bad = played(tmp_path, b"", lines([exact, beyond]), us(LATER))
    assert [(line.number, line.bad.reason) for line in bad] == [(2, "time_in_future")]


@pytest.mark.parametrize(
    "sentinel", ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2000-01-01T00:00:00+08:00"]
)
def test_a_sentinel_in_an_optional_time_is_no_arrival(tmp_path: Path, sentinel: str) -> None:
    """`updated_at` before 2015 is no time: the order arrives when it was paid, and is judged."""
    value = {**order(), "updated_at": sentinel}
    log, bad = played(tmp_path, lines([value]), b"", us(LATER))
    assert bad == []
    assert [revision.finding.state for revision in log] == ["open", "breached"]
    assert log[0].detected_at == us(PAID + 36 * HOUR)


def test_arrival_of_a_line() -> None:
    """`received_at` first, then the message's own time; none where it has no usable one."""
    both = json.dumps(arriving(order(), LATER)).encode()
    assert arrival_of(both) == us(LATER)
    assert arrival_of(json.dumps(order()).encode()) == us(PAID)
    assert arrival_of(json.dumps(picked_up()).encode()) == us(PICKED)
    assert arrival_of(b"{}") is None
    assert arrival_of(b"nonsense") is None
    assert isinstance(arrival_of(b'{"received_at": 5}'), Bad)


def test_long_files_are_sorted_in_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More lines than a run holds give the same lines in the same order as in memory."""
    rng = Random(7)
    messages = [arriving(order(str(n)), PAID + rng.randrange(20) * HOUR) for n in range(2_503)]
    path = file(tmp_path, "o.jsonl", lines(messages))
    wanted, _ = read_all(path)
    for length in (1, 10, 1_000, 2_503):
        monkeypatch.setattr(arrivals, "RUN_LENGTH", length if length > 1 else 100)
        assert read_all(path) == (wanted, [])
    assert [line.arrival for line in wanted] == sorted(line.arrival for line in wanted)


def test_the_bytes_read_are_reported(tmp_path: Path) -> None:
    """Progress adds up to the file."""
    content = lines(STORY)
    told: list[int] = []
    list(looked(file(tmp_path, "t.jsonl", content)).read(lambda _: None, told.append))
    assert sum(told) == len(content)
