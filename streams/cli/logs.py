"""Logging: one line for each record on standard error, as text or as JSON, without personal data.

A record whose argument is an event (`streams/telemetry/events.py`) has a name and fields, as
docs/logs.md says. What is logged names topics, partitions, offsets, rules, never names, addresses
or free text of a message. As a second net, what looks like a mobile number or an e-mail address is
masked. Secrets are masked by their value, in every line of every library, and in what Python
itself says of an exception that nobody caught.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType

from streams.settings import Settings
from streams.telemetry.events import RESERVED, Event
from streams.telemetry.secrets import masked

LIBRARIES = ("aiokafka", "asyncio", "faust", "kafka", "mode")
"""Loggers of libraries: chatty at info, so they are heard from warnings on, or at debug."""

_CRASHED = "Crashed reason=%r"
_SERVICES = re.compile(r"-packages/(?:faust|mode)/")

FRAMES = 8
"""How many of the innermost calls of an exception are shown."""

_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9][0-9]{9}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SAID = re.compile(r"%\((\w+)\)")
_BARE = re.compile(r"[\w./:@%+-]+")
_DEEPEST = 4


def configure(settings: Settings, process: int | None = None) -> None:
    """Log to standard error as the settings say; a second call replaces the first.

    Each line of one of several processes says which.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    kind = JsonFormatter if settings.log_format == "json" else ConsoleFormatter
    formatter = kind(process)
    floor = level if level == logging.DEBUG else max(level, logging.WARNING)
    _install(formatter, level, floor)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(floor)
    logging.captureWarnings(True)


def quiet() -> None:
    """For commands that print their result: warnings of our own only; errors become exceptions."""
    _install(ConsoleFormatter(), logging.WARNING, logging.CRITICAL)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Formatter(logging.Formatter):
    """`process` is a field of every line, where there are several."""

    def __init__(self, process: int | None = None) -> None:
        super().__init__()
        self._every: dict[str, object] = {} if process is None else {"process": process}

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        """The fields of the record's event as JSON has them, then those of every line."""
        event = record.args if isinstance(record.args, Event) else {}
        return {name: _plain(value) for name, value in {**event, **self._every}.items()}


class ConsoleFormatter(_Formatter):
    """`2026-11-20T02:00:00.123+00:00 warning streams.engine.worker.watermark: message key=value`

    The fields are those that the message does not say, where they have a value.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname.lower()} {record.name}: {_message(record)}"
        said = _SAID.findall(str(record.msg))
        for name, value in self._fields(record).items():
            if name not in said and value is not None:
                line += f" {name}={_shown(value)}"
        exception = _exception(record)
        return line if exception is None else f"{line}: {exception}"


class JsonFormatter(_Formatter):
    """One object: `time` (UTC), `level`, `logger`, `message`; where there are, `event`, its fields
    and `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.args, Event):
            line["event"] = record.args.name
        line["message"] = _message(record)
        for name, value in self._fields(record).items():
            line[f"{name}_" if name in RESERVED else name] = value
        exception = _exception(record)
        if exception is not None:
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False)


def guard_uncaught() -> None:
    """Let Python show an exception that nobody caught as it does, without secrets."""

    def in_main(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        sys.stderr.write(masked("".join(traceback.format_exception(kind, error, trace))))

    def in_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None and what.exc_type is not SystemExit:
            in_main(what.exc_type, what.exc_value, what.exc_traceback)

    def unraisable(what: sys.UnraisableHookArgs) -> None:
        if what.exc_value is not None:
            in_main(what.exc_type, what.exc_value, what.exc_traceback)

    sys.excepthook, sys.unraisablehook = in_main, unraisable
    threading.excepthook = in_thread


def one_line(text: str) -> str:
    """The text without control characters: nothing in it ends a line or steers a terminal."""
    return _CONTROL.sub(" ", text).strip()


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, so that a second set-up finds it; writes to what `sys.stderr` is at that moment."""

    def __init__(self, services: int) -> None:
        super().__init__(sys.stderr)
        # Faust's services say that they start and stop under the name of the module in which their
        # class is, ours too (mode/services.py, _init_subclass_logger).
        self.addFilter(lambda r: r.levelno >= services or not _SERVICES.search(r.pathname))
        # They show a traceback each when they end by an error, or by being cancelled for another's;
        # the worker says in one line why it ends (mode/services.py, crash).
        self.addFilter(lambda r: services <= logging.DEBUG or not str(r.msg).endswith(_CRASHED))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _install(formatter: logging.Formatter, level: int, services: int) -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(handler)
    handler = _Handler(services)
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


def _plain(value: object, depth: int = 0) -> object:
    """The value as JSON knows it, masked; what JSON does not know becomes text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        # A number may be somebody's, too.
        return _masked(str(int(value))) if _MOBILE.fullmatch(str(int(value))) else value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            items = value.items()
            return {str(_plain(str(key))): _plain(item, depth + 1) for key, item in items}
        if isinstance(value, set | frozenset):
            return sorted((_plain(item, depth + 1) for item in value), key=str)
        if isinstance(value, list | tuple):
            return [_plain(item, depth + 1) for item in value]
    try:
        text = str(value)
    except Exception:
        # A field that cannot be shown must not cost the record.
        text = f"({type(value).__name__})"
    return _masked(one_line(text))


def _shown(value: object) -> str:
    """A field's value on the console: words bare, all else as in JSON."""
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


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
    # Secrets first: one may look like something else.
    return _EMAIL.sub("(e-mail)", _MOBILE.sub("(mobile)", masked(text)))
