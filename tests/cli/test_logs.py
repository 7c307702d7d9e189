"""Logging: one line for each record, in both formats, and nothing personal in it."""

from __future__ import annotations

import json
import logging
import warnings

import pytest

from streams.logs import ConsoleFormatter, configure, one_line
from streams.settings import load_settings

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
