"""Logging: one line for each record on standard error, as text or as JSON, without personal data.

What is logged names topics, partitions, offsets, rules and ids, never names, addresses or free text
of a message. As a second net, what looks like a mobile number or an e-mail address is masked.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime

from streams.settings import Settings

LIBRARIES = ("aiokafka", "asyncio", "faust", "kafka", "mode")
"""Loggers of libraries: chatty at info, so they are heard from warnings on, or at debug."""

FRAMES = 8
"""How many of the innermost calls of an exception are shown."""

_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9][0-9]{9}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def configure(settings: Settings) -> None:
    """Log to standard error as the settings say; a second call replaces the first."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    formatter = JsonFormatter() if settings.log_format == "json" else ConsoleFormatter()
    _install(formatter, level)
    for name in LIBRARIES:
        floor = level if level == logging.DEBUG else max(level, logging.WARNING)
        logging.getLogger(name).setLevel(floor)
    logging.captureWarnings(True)


def quiet() -> None:
    """For commands that print their result: warnings of our own only; errors become exceptions."""
    _install(ConsoleFormatter(), logging.WARNING)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class ConsoleFormatter(logging.Formatter):
    """`2026-11-20T02:00:00.123+00:00 warning streams.engine.gate: message`"""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname.lower()} {record.name}: {_message(record)}"
        exception = _exception(record)
        return line if exception is None else f"{line}: {exception}"


class JsonFormatter(logging.Formatter):
    """One object: `time` (UTC), `level`, `logger`, `message`, `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        exception = _exception(record)
        if exception is not None:
            fields["exception"] = exception
        return json.dumps(fields, ensure_ascii=False)


def one_line(text: str) -> str:
    """The text without control characters: nothing in it ends a line or steers a terminal."""
    return _CONTROL.sub(" ", text).strip()


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, so that a second set-up finds it; writes to what `sys.stderr` is at that moment."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _install(formatter: logging.Formatter, level: int) -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(handler)
    handler = _Handler()
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(level)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:
        # A wrong format must not cost the record.
        text = f"{record.msg} {record.args!r}"
    return _masked(one_line(text))


def _exception(record: logging.LogRecord) -> str | None:
    """Type, message and the innermost calls of the record's exception, in one line."""
    if not record.exc_info or record.exc_info[1] is None:
        return None
    error = record.exc_info[1]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    calls = " > ".join(
        f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
        for frame in frames
    )
    text = f"{type(error).__name__}: {error}" + (f" [{calls}]" if calls else "")
    return _masked(one_line(text))


def _masked(text: str) -> str:
    return _EMAIL.sub("(e-mail)", _MOBILE.sub("(mobile)", text))
