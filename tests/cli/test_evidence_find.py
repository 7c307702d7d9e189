"""`shipsentry evidence`: which warning is meant, by its first digits, an order or a number."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from confluent_kafka import Producer
from kafka_server import KafkaServer

from streams.settings import load_settings

Run = Callable[..., Result]

ORDER, OTHER = "4920000000000000001", "4920000000000000002"
DAY = "2026-11-2{}T10:00:00+00:00"


def warning(digits: str, state: str = "open", revision: int = 1, **changed: Any) -> dict[str, Any]:
    """One revision of the warning whose id begins with these digits."""
    return {
        "schema_version": 1,
        "warning_id": digits.ljust(32, "0"),
        "revision": revision,
        "rule": "ship_overdue",
        "stage": "violation",
        "state": state,
        "severity": "critical",
        "platform": "douyin",
        "shop_id": "s-1",
        "order_ids": [ORDER],
        "carrier": None,
        "tracking_number": None,
        "profile": "douyin-2026-07-09",
        "opened_at": DAY.format(1),
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
        "detected_at": DAY.format(1),
        "message": {"zh": "…", "en": "…"},
        "remedy": None,
        "evidence": {"records": []},
        **changed,
    }


#: Of one order: the ids say the order in which they are listed.
OF_ONE_ORDER = [
    warning("00aa", "open", deadline=DAY.format(4), opened_at=DAY.format(1)),
    warning("11aa", "open", deadline=DAY.format(5), opened_at=DAY.format(3)),
    warning("22aa", "open", opened_at=DAY.format(3)),
    warning("33aa", "open", opened_at=DAY.format(2)),
    warning("44aa", "breached", deadline=DAY.format(3), breached_at=DAY.format(3)),
    warning("55aa", "breached", deadline=DAY.format(2), breached_at=DAY.format(2)),
    warning("66aa", "resolved", resolved_at=DAY.format(2)),
    warning("77aa", "withdrawn"),
]
OF_NUMBERS = [
    warning("abcd1", order_ids=[OTHER], carrier="zto", tracking_number="ZT12345678"),
    warning("abcd2", order_ids=["9"], carrier="yto", tracking_number="ZT12345678"),
]


@pytest.fixture(params=["files", "kafka"])
def asked(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Run:
    """`asked(revisions, *arguments)` asks files, and a Kafka, that hold these revisions."""
    if request.param == "files":
        for name in ("o.jsonl", "t.jsonl"):
            (tmp_path / name).write_text("{}\n")

        def ask(revisions: list[dict[str, Any]], *arguments: str) -> Result:
            path = tmp_path / "w.jsonl"
            path.write_text("".join(json.dumps(one) + "\n" for one in revisions))
            options = ("--warnings", str(path), "--orders", "o.jsonl", "--tracking", "t.jsonl")
            return run("evidence", *arguments, *options)

        return ask

    cluster: KafkaServer = request.getfixturevalue("cluster")
    assert run("topics", "create").exit_code == 0
    producer = Producer({"bootstrap.servers": cluster.bootstrap})

    def ask_kafka(revisions: list[dict[str, Any]], *arguments: str) -> Result:
        topic = load_settings().warnings_topic
        for one in revisions:
            producer.produce(topic, json.dumps(one).encode(), one["warning_id"])
        assert producer.flush(30) == 0
        return run("evidence", *arguments)

    return ask_kafka


def listed(result: Result) -> list[str]:
    """The first four digits of the ids that were listed, in order."""
    return re.findall(r"^([0-9a-f]{4})[0-9a-f]{28}  ", result.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "taken"),
    [
        (("abcd1",), "abcd1"),
        (("ABCD1",), "abcd1"),
        (("abcd1…",), "abcd1"),
        (("abcd1...",), "abcd1"),
        (("abcd", "--order", OTHER), "abcd1"),
        (("--order", OTHER), "abcd1"),
        (("--number", "yto:zt1234 5678"), "abcd2"),
        (("--number", "圆通速递:'ZT12345678"), "abcd2"),
        (("--number", "ZT12345678", "--order", "9"), "abcd2"),
        (("abcd2".ljust(32, "0"),), "abcd2"),
    ],
)
def test_one_is_taken(asked: Run, tmp_path: Path, arguments: tuple[str, ...], taken: str) -> None:
    """By first digits, order or number, or by all of them: one warning that fits is the one."""
    result = asked(OF_NUMBERS, *arguments)
    assert result.exit_code == 0, result.output
    whole = taken.ljust(32, "0")
    evidence = json.loads((tmp_path / f"evidence-{whole}/evidence.json").read_text("utf-8"))
    assert evidence["warning_id"] == whole
    if arguments != (whole,):
        assert f"{whole}  open       ship_overdue/violation" in result.stderr


def test_several_are_listed_most_urgent_first(asked: Run, tmp_path: Path) -> None:
    """Nothing is written; status 2, and the last line says how to choose."""
    result = asked(OF_ONE_ORDER[::-1], "--order", ORDER)
    assert result.exit_code == 2
    assert listed(result) == [one["warning_id"][:4] for one in OF_ONE_ORDER]
    assert result.stderr.splitlines()[0] == (
        f"{'00aa'.ljust(32, '0')}  open       ship_overdue/violation  order {ORDER}  "
        "deadline 2026-11-24 18:00:00+08:00"
    )
    assert "8 warnings, the most urgent first; choose one by its id or enough of its first" in (
        result.stderr
    )
    assert result.stdout == ""
    assert not list(tmp_path.glob("evidence-*"))


def test_an_ambiguous_beginning(asked: Run) -> None:
    """The warnings that begin so are listed with number and order."""
    result = asked(OF_NUMBERS, "abcd")
    assert result.exit_code == 2
    assert listed(result) == ["abcd", "abcd"]
    assert f"zto ZT12345678  order {OTHER}" in result.stderr
    assert "yto ZT12345678  order 9" in result.stderr
    assert "id abcd… in " in result.stderr


def test_the_newest_revision_counts(asked: Run) -> None:
    """What a warning was about before does not; an older revision that comes later neither."""
    revisions = [
        warning("abcd", revision=3, order_ids=[OTHER]),
        warning("abcd", revision=2, order_ids=[ORDER]),
    ]
    result = asked(revisions, "--order", ORDER)
    assert (result.exit_code, listed(result)) == (1, [])
    assert f"there is no warning with order {ORDER} in " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "looked_for"),
    [
        (("beef",), "id beef…"),
        (("beef".ljust(32, "0"),), f"id {'beef'.ljust(32, '0')}"),
        (("--number", "sto:ZT12345678"), "number sto:ZT12345678"),
        (("abcd", "--order", "1"), "id abcd…, order 1"),
    ],
)
def test_an_unknown_one(asked: Run, arguments: tuple[str, ...], looked_for: str) -> None:
    """The error says what was looked for and where."""
    result = asked(OF_NUMBERS, *arguments)
    assert result.exit_code == 1
    place = "w.jsonl" if Path("w.jsonl").exists() else f"{load_settings().warnings_topic} at "
    assert f"there is no warning with {looked_for} in " in result.stderr
    assert place in result.stderr


def test_a_file_of_something_else(run: Run, tmp_path: Path) -> None:
    """Where the file given holds no warnings, the error says so."""
    (tmp_path / "f").write_text("{}\nno json\n")
    options = ("--warnings", "f", "--orders", "f", "--tracking", "f")
    result = run("evidence", "--order", ORDER, *options)
    assert result.exit_code == 1
    assert f"no warning with order {ORDER} in f (2 records there are no warnings)" in result.stderr


def test_many_are_cut_short(run: Run, tmp_path: Path) -> None:
    """Fifty are listed, the others counted."""
    (tmp_path / "w").write_text(
        "".join(json.dumps(warning(f"{number:04x}")) + "\n" for number in range(53))
    )
    result = run("evidence", "--order", ORDER, *("--warnings", "w"), "--orders=w", "--tracking=w")
    assert result.exit_code == 2
    assert len(listed(result)) == 50
    assert "… and 3 more" in result.stderr


def test_a_hostile_number_steers_no_terminal(run: Run, tmp_path: Path) -> None:
    """Control characters of numbers and orders are not printed."""
    about: dict[str, Any] = {
        "carrier": "zto",
        "tracking_number": "A\x1b[2J\nB",
        "order_ids": ["1\r2"],
    }
    (tmp_path / "w").write_text(
        "".join(json.dumps(warning(digits, **about)) + "\n" for digits in ("aaaa1", "aaaa2"))
    )
    result = run("evidence", "aaaa", *("--warnings", "w"), "--orders=w", "--tracking=w")
    assert result.exit_code == 2
    assert len(listed(result)) == 2
    assert not {"\x1b", "\r"} & set(result.output)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "which warning?"),
        (("abc",), "4 to 32 hexadecimal digits"),
        (("a" * 33,), "4 to 32 hexadecimal digits"),
        (("--order", " "), "--order is blank"),
        (("--number", "zto:"), "names no number"),
    ],
)
def test_what_names_no_warning(run: Run, arguments: tuple[str, ...], words: str) -> None:
    """Wrong usage, before anything is read."""
    result = run("evidence", *arguments)
    assert (result.exit_code, words in result.stderr) == (2, True)


def test_files_need_no_client_of_kafka(tmp_path: Path) -> None:
    """Finding a warning in files loads no Kafka client."""
    (tmp_path / "w").write_text(json.dumps(warning("abcd")) + "\n")
    code = (
        "import sys; from streams.cli.group import main\n"
        f"main(['evidence', '--order', '{ORDER}', '--warnings', 'w', '--orders', 'w', "
        "'--tracking', 'w'], standalone_mode=False)\n"
        "print({'faust', 'kafka', 'confluent_kafka', 'rocksdict'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("\nset()\n")
