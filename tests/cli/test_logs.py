"""Logging: one line for each record, in both formats, and nothing personal in it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import warnings
from pathlib import Path

import pytest
from mode import Service

from streams.cli.logs import ConsoleFormatter, configure, one_line
from streams.cli.worker import _say_starting
from streams.profiles.loader import load
from streams.settings import load_settings
from streams.telemetry.events import RESERVED, Limited, event

log = logging.getLogger("streams.test")


def logged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on standard error."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_console_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Time with offset, level, logger, message."""
    configure(load_settings())
    log.warning("partition %d is silent", 3)
    (line,) = logged(capsys)
    moment, _, rest = line.partition(" ")
    assert moment.endswith("+00:00")
    assert rest == "warning streams.test: partition 3 is silent"


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_record_is_one_line(capsys: pytest.CaptureFixture[str], style: str) -> None:
    """Line ends and terminal sequences in a message, and a traceback, do not make a second one."""
    configure(load_settings(log_format=style))

    def fail() -> None:
        raise ValueError("first\nsecond \x1b[31mred")

    try:
        fail()
    except ValueError:
        log.exception("it\r\nfailed\u2028here")
    (line,) = logged(capsys)
    assert "\x1b" not in line
    assert "ValueError: first second" in line
    assert f"{__file__}:" in line
    assert " fail" in line


def test_json_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """A JSON record holds time, level, logger and message, and the exception apart."""
    configure(load_settings(log_format="json"))
    log.info('a "quoted" 单号')
    try:
        raise KeyError("gone")
    except KeyError:
        log.exception("failed")
    first, second = (json.loads(line) for line in logged(capsys))
    assert set(first) == {"time", "level", "logger", "message"}
    assert (first["level"], first["message"]) == ("info", 'a "quoted" 单号')
    assert second["message"] == "failed"
    assert second["exception"].startswith("KeyError: 'gone'")


def test_each_line_of_one_of_several_processes_says_which(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Events and other lines, in both formats."""
    for style in ("console", "json"):
        configure(load_settings(log_format=style), process=3)
        log.info("plain")
        log.info("%(seconds)d s", event("example", seconds=2))
    first, second, third, fourth = logged(capsys)
    assert first.endswith(": plain process=3")
    assert second.endswith(": 2 s process=3")
    assert [json.loads(line)["process"] for line in (third, fourth)] == [3, 3]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 13812345678 now", "call (mobile) now"),
        ("call +86 13812345678", "call (mobile)"),
        ("mail a.b@example.com", "mail (e-mail)"),
        (
            "order 4920000000000000001 at 1795341601000",
            "order 4920000000000000001 at 1795341601000",
        ),
        ("zto 78123456789012", "zto 78123456789012"),
    ],
)
def test_personal_data_is_masked(capsys: pytest.CaptureFixture[str], text: str, shown: str) -> None:
    """What looks like a mobile number or an address is masked, ids and times are not."""
    configure(load_settings())
    log.error("%s", text)
    (line,) = logged(capsys)
    assert line.endswith(f": {shown}")


def test_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Records below the level are not written."""
    configure(load_settings(log_level="warning"))
    log.info("quiet")
    log.warning("loud")
    assert [line.rpartition(" ")[2] for line in logged(capsys)] == ["loud"]


def test_libraries_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    """At info only our own records are written, at debug everybody's."""
    configure(load_settings())
    logging.getLogger("faust.app").info("chatter")
    assert logged(capsys) == []
    configure(load_settings(log_level="debug"))
    logging.getLogger("faust.app").info("chatter")
    assert len(logged(capsys)) == 1


def test_second_setup_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """No record is written twice."""
    configure(load_settings())
    configure(load_settings())
    log.warning("once")
    assert len(logged(capsys)) == 1


def test_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """Python's own warnings come in the same form."""
    configure(load_settings())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old way", stacklevel=1)
        logging.captureWarnings(False)
    (line,) = logged(capsys)
    assert "warning py.warnings:" in line
    assert "old way" in line


def test_wrong_format_does_not_cost_the_record() -> None:
    """Arguments that do not fit the message are shown beside it."""
    record = log.makeRecord(
        log.name, logging.ERROR, __file__, 1, "%d records", ("many",), exc_info=None
    )
    assert ConsoleFormatter().format(record).endswith("%d records ('many',)")


def test_one_line_keeps_words() -> None:
    """Control characters become blanks, nothing else changes."""
    assert one_line("a\tb\nc\x1b[0m 中 ") == "a b c [0m 中"


def test_json_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Its name and its fields, with their types, beside the sentence that is made of some."""
    configure(load_settings(log_format="json"))
    log.info(
        "reading %(partitions)s after %(seconds).1f s",
        event("partitions_assigned", partitions=[0, 3], seconds=1.25, first=True, word=None),
    )
    (line,) = (json.loads(line) for line in logged(capsys))
    assert list(line) == [
        *("time", "level", "logger", "event", "message"),
        *("partitions", "seconds", "first", "word"),
    ]
    assert line["event"] == "partitions_assigned"
    assert line["message"] == "reading [0, 3] after 1.2 s"
    assert (line["partitions"], line["seconds"]) == ([0, 3], 1.25)
    assert (line["first"], line["word"]) == (True, None)


def test_console_event(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence, then the fields that it does not say and that have a value."""
    configure(load_settings())
    log.info(
        "partition %(partition)d opens",
        event("gate_opened", partition=3, rounds=3, why="so it is", path="/a/b-1", none=None),
    )
    (line,) = logged(capsys)
    assert line.endswith(': partition 3 opens rounds=3 why="so it is" path=/a/b-1')


@pytest.mark.parametrize("style", ["console", "json"])
def test_an_event_without_fields_is_a_sentence(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    """An empty mapping is no argument that is missing its place."""
    configure(load_settings(log_format=style))
    log.info("it begins", event("begun"))
    (line,) = logged(capsys)
    assert "it begins" in line
    assert ("begun" in line) == (style == "json")


def test_a_field_does_not_take_the_place_of_what_every_line_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is written under another name."""
    configure(load_settings(log_format="json"))
    try:
        raise ValueError("real")
    except ValueError:
        log.exception("it failed", event("real", **dict.fromkeys(RESERVED, "forged"), a=1))
    (line,) = (json.loads(line) for line in logged(capsys))
    assert {name: line[f"{name}_"] for name in RESERVED} == dict.fromkeys(RESERVED, "forged")
    assert (line["event"], line["message"], line["level"]) == ("real", "it failed", "error")
    assert line["exception"].startswith("ValueError: real")
    assert line["a"] == 1


class Unprintable:
    """What cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("call 13812345678", "call (mobile)"),
        ("a.b@example.com\x1b[31m\nx", "(e-mail) [31m x"),
        (13812345678, "(mobile)"),
        (13812345678.0, "(mobile)"),
        (8613812345678, "(mobile)"),
        (1795341601000, 1795341601000),
        (0.13812345678, 0.13812345678),
        (["+86 13812345678", {"a.b@example.com": ("x\u2028y", 7)}], None),
        (float("nan"), "nan"),
        (Path("/data/dir"), "/data/dir"),
        (b"13812345678", "b'(mobile)'"),
        (ValueError("13812345678"), "(mobile)"),
        ({"b", "a"}, ["a", "b"]),
        (Unprintable(), "(Unprintable)"),
        ([[[[[1, "13812345678"]]]]], [[[["[1, '(mobile)']"]]]]),
    ],
)
@pytest.mark.parametrize("style", ["console", "json"])
def test_fields_are_masked_and_of_json_types(
    capsys: pytest.CaptureFixture[str], value: object, shown: object, style: str
) -> None:
    """Nothing personal in a field of any type and depth, no control characters, no odd types."""
    configure(load_settings(log_format=style))
    log.error("failed", event("failed", value=value))
    (line,) = logged(capsys)
    assert "13812345678" not in line.replace("0.13812345678", "")
    assert "example.com" not in line
    assert not re.search(r"[\x00-\x1f\u2028]", line)
    if style == "json":
        found = json.loads(line)["value"]
        assert found == (["(mobile)", {"(e-mail)": ["x y", 7]}] if shown is None else shown)


def test_faust_services_are_heard_as_libraries_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that subclass them here log under our names: that they start is no event of ours."""

    class Ours(Service):
        """A service of a module of ours."""

    async def live() -> None:
        async with Ours():
            pass

    configure(load_settings())
    asyncio.run(live())
    assert logged(capsys) == []
    Ours().log.info("of our own")
    configure(load_settings(log_level="debug"))
    asyncio.run(live())
    said = "".join(logged(capsys))
    assert "of our own" in said
    assert "Starting..." in said


def test_a_flood_is_limited_and_says_how_much_it_left_out() -> None:
    """One line of each key in a second; what is left out is counted in things, not in lines."""
    now = [100.0]
    limited = Limited(clock=lambda: now[0])
    assert limited.admit("a", 5) == 0
    assert [limited.admit("a", 3), limited.admit("a"), limited.admit("b")] == [None, None, 0]
    now[0] += 0.999
    assert limited.admit("a", 10) is None
    now[0] += 0.001
    assert limited.admit("a", 2) == 14
    now[0] += 60
    assert limited.admit("a") == 0


def test_what_the_last_line_of_a_flood_left_out_is_not_lost() -> None:
    """Whoever asks is told, once, when no further line has said it for a while."""
    now = [100.0]
    limited = Limited(clock=lambda: now[0])
    assert [limited.admit(key, 5) for key in "aabba"] == [0, None, 0, None, None]
    now[0] += 1.999
    assert limited.late() == []
    assert limited.admit("b", 1) == 5
    now[0] += 0.001
    assert limited.late() == [("a", 10)]
    assert limited.late() == []
    assert limited.admit("a", 1) == 0


def test_a_worker_says_which_python_is_slow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was not built for speed is named; one that was brings no warning."""
    settings = load_settings(log_format="json")
    configure(settings)
    said = {}
    for optimised in (True, False):
        monkeypatch.setattr("streams.cli.worker.is_optimised", lambda: optimised)  # noqa: B023
        _say_starting(settings, load())
        said[optimised] = [json.loads(line) for line in logged(capsys)]
    assert [[line["event"] for line in said[each]] for each in (True, False)] == [
        ["worker_starts"],
        ["worker_starts", "interpreter_slow"],
    ]
    assert (said[True][0]["optimised"], said[False][0]["optimised"]) == (True, False)
    assert said[False][1]["interpreter"] == said[True][0]["interpreter"] == sys.executable


def test_a_worker_says_what_it_is_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Version, profiles and where its state lies, whatever else it was told."""
    settings = load_settings(
        log_format="json",
        security_protocol="SASL_SSL",
        sasl_username="somebody",
        sasl_password="hunter2",  # noqa: S106  made up
        ssl_key_password="hunter2",  # noqa: S106
    )
    configure(settings)
    _say_starting(settings, load())
    line, *_ = logged(capsys)
    said = json.loads(line)
    assert (said["event"], said["app_id"], said["partition_count"]) == (
        *("worker_starts", "shipsentry", 4),
    )
    assert "douyin-2026-07-09" in said["profiles"]
    assert Path(said["data_dir"]).is_absolute()
    assert "hunter2" not in line
    assert "somebody" not in line
