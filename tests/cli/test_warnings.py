"""`shipsentry warnings` on a real Kafka: followed as they come, and the newest of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from confluent_kafka import Producer
from kafka_server import KafkaServer

from streams.settings import load_settings

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]


def warning(number: int, revision: int, state: str = "open", **changes: Any) -> dict[str, Any]:
    """A revision of the warning with this number."""
    return {
        "schema_version": 1,
        "warning_id": f"{number:032x}",
        "revision": revision,
        "state": state,
        "rule": "inactive_after_pickup",
        "stage": "violation",
        "severity": "critical",
        "profile": "douyin-2026-07-09",
        "platform": "douyin",
        "shop_id": "s-1",
        "order_ids": ["4920000000000000001"],
        "carrier": "zto",
        "tracking_number": "78123456789012",
        "opened_at": "2026-11-21T12:00:00+08:00",
        "deadline": "2026-11-21T18:00:00+08:00",
        "breached_at": None,
        "resolved_at": None,
        "detected_at": "2026-11-21T18:00:01+08:00",
        "exposure": {"kind": "strike"},
        "message": {"zh": "揽收后无更新", "en": "No update since its pickup"},
        "remedy": {"zh": "查件", "en": "Trace it"},
        "evidence": {"started_at": "2026-11-20T18:00:00+08:00"},
        **changes,
    }


def publish(kafka: KafkaServer, *values: dict[str, Any] | bytes | None) -> list[bytes]:
    """Put records onto the warnings topic, a warning under its id; None deletes warning 1.

    Returns the values as bytes.
    """
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    sent = []
    for value in values:
        key, raw = f"{1:032x}", value
        if isinstance(value, dict):
            key, raw = value["warning_id"], json.dumps(value, ensure_ascii=False).encode()
        producer.produce(load_settings().warnings_topic, key=key, value=raw)
        sent.append(raw if isinstance(raw, bytes) else b"")
    assert producer.flush(30) == 0
    return sent


@pytest.fixture
def topic(cluster: KafkaServer) -> KafkaServer:
    """The broker with an empty warnings topic of two partitions."""
    cluster.create_topic(load_settings().warnings_topic, 2)
    return cluster


def test_export_takes_the_greatest_revision(run: Run, topic: KafkaServer) -> None:
    """Not the last record: after a crash an older revision may come again. Sorted, as published."""
    sent = publish(
        topic,
        warning(2, 20, "breached"),
        warning(1, 10),
        warning(1, 12, "resolved"),
        warning(1, 11, "breached"),
        warning(2, 20, "breached"),
    )
    result = run("warnings", "export")
    assert result.exit_code == 0
    assert result.stdout_bytes == sent[2] + b"\n" + sent[0] + b"\n"


def test_export_leaves_out_what_is_withdrawn(run: Run, topic: KafkaServer) -> None:
    """A withdrawn warning and its older revisions are gone, unless asked for."""
    publish(topic, warning(1, 10), warning(1, 11, "withdrawn"), warning(2, 5))
    shown = [json.loads(line) for line in run("warnings", "export").stdout.splitlines()]
    assert [line["warning_id"] for line in shown] == [f"{2:032x}"]
    for arguments in (["--all"], ["--state", "withdrawn", "--state", "open"]):
        lines = run("warnings", "export", *arguments).stdout.splitlines()
        assert [json.loads(line)["state"] for line in lines] == ["withdrawn", "open"]


def test_export_filters_the_newest_revisions(run: Run, topic: KafkaServer) -> None:
    """An older revision that fits a filter does not come back for it."""
    publish(
        topic,
        warning(1, 10),
        warning(1, 11, "resolved"),
        warning(2, 10, shop_id="s-2"),
        warning(3, 10, platform="tmall"),
        warning(4, 10, rule="ship_overdue"),
    )

    def numbers(*arguments: str) -> list[int]:
        lines = run("warnings", "export", *arguments).stdout.splitlines()
        return [int(json.loads(line)["warning_id"], 16) for line in lines]

    assert numbers() == [1, 2, 3, 4]
    assert numbers("--state", "open") == [2, 3, 4]
    assert numbers("--shop", "s-2") == [2]
    assert numbers("--platform", "tmall", "--platform", "douyin") == [1, 2, 3, 4]
    assert numbers("--platform", "天猫") == numbers("--platform", "Tmall") == [3]
    assert numbers("--rule", "ship_overdue", "--shop", "s-1") == [4]


def test_export_heeds_deletions_and_counts_garbage(
    run: Run, topic: KafkaServer, tmp_path: Path
) -> None:
    """A deleted warning is gone; records that are no warnings are counted, not fatal."""
    sent = publish(topic, warning(1, 10), None, b"nonsense", b"\xff", warning(2, 3))
    out = tmp_path / "warnings.jsonl"
    result = run("warnings", "export", "--out", str(out))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert out.read_bytes() == sent[-1] + b"\n"
    assert "1 warning written" in result.stderr
    assert "passed over: 2 records of the topic that are no warnings" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["warnings.jsonl"]


def test_export_of_an_empty_topic_is_empty(run: Run, topic: KafkaServer) -> None:
    """Nothing there: nothing written, no waiting."""
    result = run("warnings", "export")
    assert (result.exit_code, result.stdout) == (0, "")


def test_missing_topic_is_one_line(run: Run, cluster: KafkaServer) -> None:
    """Its name, and the command that makes it; it is not made by asking."""
    for command in ("tail", "export"):
        result = run("warnings", command)
        assert result.exit_code == 1
        assert result.stderr.startswith(
            f"Error: there is no topic '{load_settings().warnings_topic}'"
        )
        assert "shipsentry topics create" in result.stderr


def test_unknown_rule_is_wrong_usage(run: Run) -> None:
    """Rules have fixed names: a misspelt one would wait for ever."""
    result = run("warnings", "tail", "--rule", "ship_late")
    assert result.exit_code == 2
    assert "ship_overdue" in result.stderr


def test_tail_prints_lines_for_people(run: Run, topic: KafkaServer) -> None:
    """Time, state, rule, shop, parcel or order, deadline while it matters, words."""
    publish(topic, warning(1, 10))
    line = run("warnings", "tail", "--from-beginning", "--limit", "1").stdout
    assert line == (
        "2026-11-21 18:00:01+08:00  open       critical  inactive_after_pickup  douyin:s-1  "
        "zto 78123456789012  deadline 2026-11-21 18:00:00+08:00  No update since its pickup\n"
    )
    publish(
        topic,
        warning(
            2,
            10,
            "resolved",
            stage="serious",
            carrier=None,
            tracking_number=None,
            rule="ship_overdue",
        ),
    )
    arguments = ("--from-beginning", "--limit", "1", "--state", "resolved", "--lang", "zh")
    assert run("warnings", "tail", *arguments).stdout == (
        "2026-11-21 18:00:01+08:00  resolved   critical  ship_overdue/serious  douyin:s-1  "
        "order 4920000000000000001  揽收后无更新\n"
    )


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_tail_has_one_zone_everywhere(
    run: Run, topic: KafkaServer, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """The machine's zone is not in any time of a line; the zone is said before the first."""
    deadline = {"deadline": "2026-11-21T23:30:00-05:00", "detected_at": "2026-11-21T16:00:01.5Z"}
    words = {"zh": "截至 2026-11-22 12:30 (UTC+8)", "en": "By 2026-11-22 12:30 (UTC+8)"}
    publish(topic, warning(1, 10, message=words, **deadline))
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    result = run("warnings", "tail", "--from-beginning", "--limit", "1")
    assert result.stdout == (
        "2026-11-22 00:00:01+08:00  open       critical  inactive_after_pickup  douyin:s-1  "
        "zto 78123456789012  deadline 2026-11-22 12:30:00+08:00  By 2026-11-22 12:30 (UTC+8)\n"
    )
    assert "times in UTC+8" in result.stderr


def test_tail_keeps_what_is_no_time(run: Run, topic: KafkaServer) -> None:
    """A time without an offset is of no zone, so it is shown as it came."""
    changes = {"detected_at": "2026-11-21T18:00:01", "deadline": "soon"}
    publish(topic, warning(1, 10, **changes))
    line = run("warnings", "tail", "--from-beginning", "--limit", "1").stdout
    assert line.startswith("2026-11-21T18:00:01  open ")
    assert "  deadline soon  " in line


def test_tail_filters(run: Run, topic: KafkaServer) -> None:
    """Every revision that fits, no other, up to the limit."""
    publish(
        topic,
        warning(1, 10),
        warning(1, 11, "breached"),
        warning(2, 10, "breached", shop_id="s-2"),
        warning(3, 10, "breached", rule="ship_overdue"),
        warning(4, 10, "breached", platform="tmall"),
        warning(1, 12, "breached"),
    )
    lines = run(
        *("warnings", "tail", "--json", "--from-beginning", "--limit", "2"),
        *("--state", "breached", "--shop", "s-1", "--platform", "douyin"),
        *("--rule", "inactive_after_pickup"),
    ).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [(each["warning_id"], each["revision"]) for each in found] == [
        (f"{1:032x}", 11),
        (f"{1:032x}", 12),
    ]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["people", "json"])
def test_tail_lets_nothing_steer_the_terminal(
    run: Run, topic: KafkaServer, form: tuple[str, ...]
) -> None:
    """Control characters in a field, escaped in the JSON or raw, do not reach the terminal."""
    nasty = "s\u001b[2J\u009b31m\r\n"
    publish(topic, warning(1, 10, shop_id=nasty, message={"zh": nasty, "en": nasty}))
    text = run("warnings", "tail", "--from-beginning", "--limit", "1", *form).stdout
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert not {"\x1b", "\x9b", "\r"} & set(text)


def start_tail(*arguments: str) -> subprocess.Popen[str]:
    """A `warnings tail` of its own, that has settled where it begins to read."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "streams.cli", "warnings", "tail", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("following ")
    return process


def test_tail_follows_from_now_on(topic: KafkaServer) -> None:
    """What was there before is not shown; what comes is shown when it comes."""
    publish(topic, warning(1, 10))
    with start_tail("--json", "--limit", "1") as process:
        publish(topic, warning(2, 10))
        output, errors = process.communicate(timeout=60)
    assert json.loads(output)["warning_id"] == f"{2:032x}"
    assert (process.returncode, errors) == (0, "")


def test_tail_ends_cleanly_on_ctrl_c(topic: KafkaServer) -> None:
    """Exit status 0 and no traceback."""
    with start_tail() as process:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.strip()) == (0, "", "")
