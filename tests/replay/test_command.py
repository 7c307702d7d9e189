"""`shipsentry replay`: outputs, exit statuses, and the same bytes for the same input."""

from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from oracle.histories import random_history
from support.builders import DAY, LATER, PAID, PICKED, Message, order, picked_up, record, upload
from support.replaying import replay as replayed
from support.replaying import standing

from schemas.dead_letter import DeadLetter
from streams.cli.group import main

ORDERS = [order("1"), order("2", platform="tmall")]
TRACKING = [upload("1"), picked_up(), record("hub", PICKED + DAY)]


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, and none of the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHIPSENTRY_"):
            monkeypatch.delenv(name)


def write(name: str, messages: list[Message | bytes]) -> str:
    """A JSON Lines file in the current directory."""
    raw = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
    Path(name).write_bytes(b"".join(line + b"\n" for line in raw))
    return name


def run(*arguments: str, orders: Any = None, tracking: Any = None) -> Result:
    """The command over two files."""
    inputs = ("--orders", write("o.jsonl", ORDERS if orders is None else orders))
    inputs += ("--tracking", write("t.jsonl", TRACKING if tracking is None else tracking))
    return CliRunner().invoke(main, ["replay", *inputs, *arguments])


def values(text: str) -> list[dict[str, Any]]:
    """JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


UNTIL = ("--until", LATER.isoformat())


def test_the_newest_revision_of_each_warning_sorted_by_id() -> None:
    """One JSON object a line on standard output, exit status 0."""
    result = run(*UNTIL)
    assert result.exit_code == 0, result.stderr
    found = values(result.stdout)
    ids = [value["warning_id"] for value in found]
    assert ids == sorted(set(ids))
    assert standing({v["warning_id"]: v for v in found}) == standing(
        replayed(ORDERS, TRACKING, LATER)[0]
    )
    assert found
    assert not Path("dead-letters.jsonl").exists()


def test_the_log_has_every_revision_in_order() -> None:
    """`--log`: each revision as it came, the last of each id being what the plain output has."""
    result = run(*UNTIL, "--log")
    log = values(result.stdout)
    detected = [value["detected_at"] for value in log]
    assert detected == sorted(detected)
    newest = {value["warning_id"]: value for value in log}
    assert len(log) > len(newest)
    assert sorted(newest) == [v["warning_id"] for v in values(run(*UNTIL).stdout)]
    assert sorted(newest.values(), key=lambda v: v["warning_id"]) == values(run(*UNTIL).stdout)


@pytest.mark.parametrize("seed", [3, 4])
def test_same_input_same_bytes(seed: int) -> None:
    """Twice over a random history, to a file and to standard output, packed or not."""
    history = random_history(seed)
    history.write(Path())
    until = ("--until", Path("until.txt").read_text().strip())
    inputs = ["--orders", "orders.jsonl", "--tracking", "tracking.jsonl", *until]
    first = CliRunner().invoke(main, ["replay", *inputs])
    assert first.exit_code == 0
    second = CliRunner().invoke(main, ["replay", *inputs, "--out", "w.jsonl"])
    assert second.exit_code == 0
    assert second.stdout == ""
    assert Path("w.jsonl").read_bytes() == first.stdout_bytes
    for name in ("orders", "tracking"):
        Path(f"{name}.jsonl.gz").write_bytes(gzip.compress(Path(f"{name}.jsonl").read_bytes()))
    packed = ["--orders", "orders.jsonl.gz", "--tracking", "tracking.jsonl.gz", *until]
    third = CliRunner().invoke(main, ["replay", *packed])
    assert third.stdout_bytes == first.stdout_bytes
    assert len(first.stdout_bytes) > 1_000


def test_a_bad_line_gives_status_3_and_a_dead_letter() -> None:
    """Beside the output by default, with reason, line and original bytes; the rest is judged."""
    bad = b'{"order_id": "9", "shop_id": "s", "platform": "douyin", "paid_at": "2026-11-20"}'
    result = run(*UNTIL, "--out", "w.jsonl", orders=[ORDERS[0], bad, ORDERS[1]])
    assert result.exit_code == 3
    assert "1 bad line" in result.stderr
    (letter,) = values(Path("w.dead-letters.jsonl").read_text())
    assert letter.pop("line") == 2
    assert base64.b64decode(letter["value"]) == bad
    DeadLetter.model_validate(letter)
    assert letter["origin"]["topic"] == "o.jsonl"
    assert len(values(Path("w.jsonl").read_text())) == len(values(run(*UNTIL).stdout))


def test_dead_letters_go_where_they_are_told() -> None:
    """`--dead-letters F`."""
    result = run(*UNTIL, "--dead-letters", "bad.jsonl", tracking=[b"{", b"[]"])
    assert result.exit_code == 3
    found = [(v["line"], v["reason"]) for v in values(Path("bad.jsonl").read_text())]
    assert found == [(1, "not_json"), (2, "not_an_object")]
    assert not Path("dead-letters.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until", "tomorrow"), "tomorrow"),
        (("--until", "2026-11-20T10:00:00"), "offset"),
        (("--profile", "brief-2024"), "brief-2023"),
        (("--nonsense",), "--nonsense"),
        (("--orders", "missing.jsonl"), "missing.jsonl"),
    ],
)
def test_wrong_usage_gives_status_2(arguments: tuple[str, ...], said: str) -> None:
    """A message that names what is wrong, and no traceback."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_forced_profile_judges_every_order() -> None:
    """`--profile`: whatever the platform."""
    found = values(run(*UNTIL, "--profile", "brief-2023").stdout)
    assert {value["profile"] for value in found} == {"brief-2023"}
    assert {value["profile"] for value in values(run(*UNTIL).stdout)} == {
        "douyin-2026-07-09",
        "tmall-2026-04-09",
    }


def test_an_operators_profiles_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the directories in the settings."""
    Path("mine").mkdir()
    text = (
        'id = "mine"\nplatform = "douyin"\neffective_from = 2026-11-01T00:00:00+08:00\n'
        'source_url = ""\nread_on = 2026-10-20\nverified = ""\n[rules.ship_overdue]\n'
    )
    Path("mine/mine.toml").write_text(text)
    monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", "mine")
    result = run(*UNTIL, orders=[order("1")], tracking=[])
    assert [value["profile"] for value in values(result.stdout)] == ["mine"]
    Path("mine/mine.toml").write_text(text.replace("mine", "MINE", 1))
    result = run(*UNTIL)
    assert result.exit_code == 1
    assert "mine.toml:1: id" in result.stderr


def test_empty_files_give_nothing() -> None:
    """No messages: no warnings, status 0."""
    result = run(orders=[], tracking=[])
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("damage", ["cut", "broken"])
def test_a_damaged_archive_is_said_in_one_line(damage: str) -> None:
    """A gzip file that is cut off or has a wrong byte: status 1 and one sentence."""
    packed = bytearray(gzip.compress(b"".join(json.dumps(o).encode() + b"\n" for o in ORDERS * 50)))
    if damage == "cut":
        packed = packed[: len(packed) // 2]
    else:
        packed[20:40] = b"\xff" * 20
    Path("o.jsonl.gz").write_bytes(packed)
    write("t.jsonl", TRACKING)
    result = CliRunner().invoke(main, ["replay", "--orders", "o.jsonl.gz", "--tracking", "t.jsonl"])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Error: " in result.stderr


def test_memory_follows_the_live_states() -> None:
    """A year of orders that all ship: never more in memory than what is not yet past its end."""
    from streams.decode import decode_order, decode_tracking
    from streams.facts.times import from_datetime
    from streams.profiles.loader import load
    from streams.replay.machine import Machine

    machine = Machine(load(), lambda revision: None)
    most = 0
    for day in range(400):
        paid = PAID + day * DAY
        number = f"A{day:08}"
        for message in (
            order(str(day), paid),
            upload(str(day), paid, number),
            picked_up(paid, number),
        ):
            raw, at = json.dumps(message).encode(), from_datetime(paid)
            if "order_id" in message:
                machine.order(decode_order(raw, None, at, at), at)  # type: ignore[arg-type]
            else:
                machine.tracking(decode_tracking(raw, at), at)  # type: ignore[arg-type]
        most = max(most, machine.live_states)
    assert most < 2 * 80


def test_shops_and_products_are_counted_into_files() -> None:
    """`--shop-risk`, `--product-risk`: one JSON a line; what the warnings say stays the same."""
    late = [order("1", items=[{"product_id": "p1", "sku_id": "k1", "quantity": 1}])]
    plain = run(*UNTIL, orders=late, tracking=[])
    result = run(
        *UNTIL, "--shop-risk", "s.jsonl", "--product-risk", "p.jsonl", orders=late, tracking=[]
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout == plain.stdout
    (shop,) = [v for v in values(Path("s.jsonl").read_text("utf-8")) if v["counts"]["due"]]
    assert shop["counts"]["late"] == shop["counts"]["unshipped"] == 1
    assert shop["rates"]["late"] == 10_000
    (product,) = values(Path("p.jsonl").read_text("utf-8"))
    assert (product["product_id"], product["day"]) == ("p1", shop["day"])
    assert product["counts"] == {"due": 1, "late": 1}


@pytest.mark.parametrize("option", ["--shop-risk", "--product-risk"])
def test_one_meter_may_be_asked_for_alone(option: str) -> None:
    """Only the file that was named is written; with `--diff` it is wrong usage."""
    assert run(*UNTIL, option, "only.jsonl").exit_code == 0
    assert sorted(p.name for p in Path().iterdir()) == ["o.jsonl", "only.jsonl", "t.jsonl"]
    refused = run(*UNTIL, option, "no.jsonl", "--diff", "tmall-2026-04-09")
    assert refused.exit_code == 2
    assert "--shop-risk and --product-risk count one replay, --diff has two" in refused.stderr
    assert not Path("no.jsonl").exists()


TABLE = "order_id,shop_id,platform,paid_at,备注"
UPLOADS = "carrier,tracking_number,status,occurred_at,order_ids,shop_id"


def test_what_was_read_is_said_at_the_end() -> None:
    """Lines, orders, parcels, refusals by reason with the first of each, and what is strange."""
    rows = [
        TABLE,
        "1001,a,douyin,2026-08-20T10:00:00+08:00,王先生",
        "1001,b,Doyin,2026-08-20T10:00:00+08:00,",
        "1002,a,douyin,2026-08-20 10:00:00,",
        "1003,a,douyin,昨天,",
        "1004,a,douyin,前天,",
    ]
    Path("o.csv").write_bytes("\n".join(rows).encode("gb18030"))
    Path("t.csv").write_text(
        f"{UPLOADS}\nzto,78123456789012,ordered,2026-08-20T15:00:00+08:00,1001,a"
    )
    inputs = ["--orders", "o.csv", "--tracking", "t.csv", "--dead-letters", "bad.jsonl"]
    result = CliRunner().invoke(main, ["replay", *inputs])
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "o.csv: it is not UTF-8: read as GB18030 (GBK)",
        "o.csv: columns that are not known are not read: '备注'",
        "o.csv: 5 lines, 1 order",
        "t.csv: 1 line, 1 parcel",
        "3 bad lines, see bad.jsonl",
        "wrong_type: 2, the first in o.csv line 5: paid_at is a text of 2 characters: an ISO-8601 "
        "time with offset is allowed, such as 2026-11-20T10:00:00+08:00 ('昨天')",
        "naive_time: 1, the first in o.csv line 4: paid_at is '2026-08-20 10:00:00', a time "
        "without an offset from UTC: write one, such as +08:00",
        "o.csv: unknown columns: '备注'",
        "1 order id is used by several shops or platforms, each as one order (--scope tells them "
        "apart): 1001 (a of douyin, b of doyin)",
        "carriers: zto (1)",
        "platforms without a profile: 'doyin' (1)",
    ]
    letters = values(Path("bad.jsonl").read_text("utf-8"))
    assert [letter["line"] for letter in letters] == [4, 5, 6]
    for letter in letters:
        assert letter["value_text"] == base64.b64decode(letter["value"]).decode()
        DeadLetter.model_validate(letter)
    assert "昨天" in letters[1]["value_text"]
    assert "王" not in result.stderr + Path("bad.jsonl").read_text("utf-8")


def test_a_value_that_is_no_text_has_none() -> None:
    """`value` has the bytes all the same."""
    run(orders=[b"\xff{", ORDERS[0]])
    (letter,) = values(Path("dead-letters.jsonl").read_text())
    assert letter["value_text"] is None
    assert base64.b64decode(letter["value"]) == b"\xff{"


@pytest.mark.parametrize("command", [["replay"], ["check", "zto", "1234567", "--order", "1"]])
def test_a_file_without_messages_is_wrong_usage(command: list[str]) -> None:
    """Status 2 and one sentence; nothing is judged, and no output is touched."""
    Path("o.csv").write_text("order,shop\n1,2\n")
    write("t.jsonl", TRACKING)
    inputs = ["--orders", "o.csv", "--tracking", "t.jsonl"]
    before = sorted(path.name for path in Path().iterdir())
    result = CliRunner().invoke(main, [*command, *inputs])
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: o.csv: the header in line 1 has none of the known columns; found: 'order', 'shop'; "
        "needed: order_id, shop_id, platform, paid_at; 'order' may be order_id; "
        "'shop' may be shop_id; if a shop or carrier exported it: `shipsentry report o.csv` judges "
        "it as it is, `shipsentry import o.csv --to messages.jsonl` makes messages of it "
        "(docs/imports.md)\n"
    )
    assert sorted(path.name for path in Path().iterdir()) == before


def test_zone_money_and_scope_reach_the_reader() -> None:
    """A table as a shop has it: times without an offset, yuan, ids of one shop."""
    Path("o.csv").write_text(
        "order_id,shop_id,platform,paid_at,amount_paid,currency\n"
        "1001,a,douyin,2026-08-20 10:00:00,129.00,CNY\n"
    )
    Path("t.csv").write_text(f"{UPLOADS}\n")
    options = ["--zone", "Asia/Shanghai", "--money", "major", "--scope", "shop"]
    until = ["--until", "2026-08-23T10:00:00+08:00"]
    inputs = ["--orders", "o.csv", "--tracking", "t.csv", *options, *until]
    result = CliRunner().invoke(main, ["replay", *inputs])
    assert result.exit_code == 0, result.stderr
    (warning,) = values(result.stdout)
    assert warning["order_ids"] == ["a/1001"]
    assert warning["deadline"] == "2026-08-22T02:00:00+00:00"
    refusal = CliRunner().invoke(main, ["replay", *inputs, "--zone", "Mars"])
    assert refusal.exit_code == 2
    assert "'Mars' is no time zone" in refusal.stderr
