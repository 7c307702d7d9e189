"""The field types that the messages share: ids, text, whole numbers and event times.

What a producer sends is cleaned (`schemas.cleaning`) before anything else is asked of it.

An event time is judged against the moment its message arrived, which a caller passes as
validation context: `Model.model_validate(data, context={"arrival_us": 1795341601000000})`,
microseconds since the epoch. Without it nothing counts as lying in the future.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from schemas import times
from schemas.cleaning import clean, clean_id, is_damaged

MAX_ID_LENGTH = 512
"""Characters in an id, a number, a code or a name: they become keys and are kept in state."""

DAMAGED = (
    "is a number in scientific notation, damaged by a spreadsheet: its last digits are lost; "
    "export it again with the column as text"
)
"""What is wrong with an id such as 4.92E+18."""

_DATED = re.compile(
    "[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?"
    "(?:[T ][0-9]{1,2}(?::[0-9]{1,2}){0,2}(?:[.,][0-9]{1,9})?)?"
    " ?(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?"
)
_STATE = re.compile(r"[已待未]\w{1,6}")
"""What Chinese feeds call a status: 已揽收. No name begins so."""

_LONGEST_WORD = 24
_MANY = 1000

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


class Message(BaseModel):
    """What all messages have in common: immutable, unknown fields ignored, no infinities."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
        str_strip_whitespace=False,
        hide_input_in_errors=True,
        validate_default=False,
    )


def shown_time(value: str) -> str:
    """Return a text that should be a time, for a message; what begins with no date is not shown."""
    return repr(value) if _DATED.fullmatch(value) else _unshown(value)


def shown_word(value: object, allowed: Iterable[str]) -> str:
    """Return a value that should be one of the words allowed, for a message.

    A text is shown only where it is like one of them: anything may stand in the wrong column.
    """
    if not isinstance(value, str):
        return repr(value) if isinstance(value, int) and abs(value) < _MANY else "another one"
    like = get_close_matches(value.casefold().replace(" ", "_"), list(allowed), 1)
    known = _STATE.fullmatch(value) or (like and len(value) <= _LONGEST_WORD)
    return repr(value) if known else _unshown(value)


def _unshown(value: str) -> str:
    return f"a text of {len(value)} characters"


def _digits(value: Any) -> Any:
    """Turn an integer id into text; `True` is an `int` to Python but never an id."""
    if type(value) is int:
        return str(value)
    return value


def _clean(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _clean_id(value: Any) -> Any:
    return clean_id(value) if isinstance(value, str) else value


def _not_empty(value: Any) -> Any:
    if value == "":
        raise PydanticCustomError("empty_value", "is empty: at least one character is needed")
    return value


def _empty_is_null(value: Any) -> Any:
    return None if value == "" else value


def _not_damaged(value: Any) -> Any:
    if isinstance(value, str) and is_damaged(value):
        raise PydanticCustomError("damaged_id", DAMAGED)
    return value


def _no_colon(value: Any) -> Any:
    if isinstance(value, str) and ":" in value:
        raise PydanticCustomError(
            "unknown_value", "holds a colon, which separates carrier and number in a parcel's key"
        )
    return value


def _whole(value: Any) -> Any:
    if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
        raise PydanticCustomError("wrong_type", "is too great: a 64-bit integer is allowed")
    return value


def _money(value: Any) -> Any:
    if type(value) is float or isinstance(value, str):
        raise PydanticCustomError(
            "wrong_type",
            "is of type {kind}: an integer in minor units (fen, cents) is allowed, "
            "12900 for 129.00",
            {"kind": json_type(value)},
        )
    return _whole(value)


def _flag(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    raise PydanticCustomError(
        "wrong_type", "is of type {kind}: true or false is allowed", {"kind": json_type(value)}
    )


def _version(value: Any) -> Any:
    """Refuse `true` and `1.0`, which equal 1 to Python but are no integers to a producer."""
    if value is None or type(value) is int:
        return value
    raise PydanticCustomError(
        "wrong_type",
        "is of type {kind}: the integer 1 is allowed",
        {"kind": json_type(value)},
    )


def _parse(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str):
        raise PydanticCustomError(
            "wrong_type",
            "is of type {kind}: an ISO-8601 time with offset, as text, is allowed",
            {"kind": json_type(value)},
        )
    value = clean(value)
    try:
        return times.parse(value)
    except times.NaiveTimeError:
        raise PydanticCustomError(
            "naive_time",
            "is {value}, a time without an offset from UTC: write one, such as +08:00",
            {"value": shown_time(value)},
        ) from None
    except times.NotATimeError:
        raise PydanticCustomError(
            "wrong_type",
            "is {value}: an ISO-8601 time with offset is allowed, "
            "such as 2026-11-20T10:00:00+08:00",
            {"value": shown_time(value)},
        ) from None


def _refusal(moment: datetime, info: ValidationInfo) -> PydanticCustomError | None:
    """Say why a time is no event time, or return None where it is one."""
    if moment < times.EARLIEST:
        return PydanticCustomError(
            "implausible_time",
            "is {value}: a time from 2015-01-01 on is allowed",
            {"value": moment.isoformat()},
        )
    arrival_us = (info.context or {}).get("arrival_us")
    if arrival_us is not None and times.to_us(moment) > arrival_us + times.MAX_AHEAD_US:
        return PydanticCustomError(
            "time_in_future",
            "is {value}: at most 24 h after the arrival of the message is allowed",
            {"value": moment.isoformat()},
        )
    return None


def _required_time(value: Any, info: ValidationInfo) -> datetime:
    moment = _parse(value)
    refusal = _refusal(moment, info)
    if refusal is not None:
        raise refusal
    return moment


def _stated_time(value: Any, _: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """A required time, or in a partial version one that may be absent."""
    return _stated(value, lambda sent: _required_time(sent, info), info)


def _stated(value: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
    """Demand a field of a full version; a partial one may leave it out, but not say null."""
    if value is _NOT_STATED and info.data.get("partial"):
        return None
    if value is _NOT_STATED or value is None:
        raise PydanticCustomError("missing_field", "is required")
    return handler(value)


def _version_time(value: Any, info: ValidationInfo) -> datetime | None:
    """When a version was known: optional in a full one, required in a partial one."""
    if not info.data.get("partial"):
        return _optional_time(value, info)
    if value is None:
        raise PydanticCustomError("missing_field", "is required of a partial version")
    return _required_time(value, info)


def _optional_time(value: Any, info: ValidationInfo) -> datetime | None:
    """As a required time, but one that cannot be true counts as not sent."""
    if value is None:
        return None
    moment = _parse(value)
    return None if _refusal(moment, info) else moment


def _optional_time_ahead(value: Any) -> datetime | None:
    """As an optional time, but a promise may lie ahead as far as it likes."""
    if value is None:
        return None
    moment = _parse(value)
    return None if moment < times.EARLIEST else moment


def _aware(value: Any) -> datetime:
    return _parse(value)


def json_type(value: object) -> str:
    """Return the JSON name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


_NOT_STATED: Any = object()
_Left = Field(default_factory=lambda: _NOT_STATED, validate_default=True)
"""Of a field that a full version requires and a partial one may leave out."""

_TIME_SCHEMA = {"type": "string", "format": "date-time"}
_ID_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH, "pattern": r"\S"},
        {"type": "integer"},
    ]
}
_CODE_SCHEMA = {"anyOf": [{"type": "string", "maxLength": MAX_ID_LENGTH}, {"type": "integer"}]}
_NAME_SCHEMA = {"type": "string", "maxLength": MAX_ID_LENGTH}

_Short = Field(strict=True, max_length=MAX_ID_LENGTH)

Id = Annotated[
    str,
    _Short,
    BeforeValidator(_not_damaged),
    BeforeValidator(_not_empty),
    BeforeValidator(_clean_id),
    BeforeValidator(_digits),
    WithJsonSchema(_ID_SCHEMA),
]
"""An id of an order or shop: text that is not empty; an integer becomes its digits."""

StatedId = Annotated[Id | None, WrapValidator(_stated), _Left, WithJsonSchema(_ID_SCHEMA)]
"""An id that a partial version may leave out."""

OptionalId = Annotated[
    Annotated[str, _Short] | None,
    BeforeValidator(_empty_is_null),
    BeforeValidator(_not_damaged),
    BeforeValidator(_clean_id),
    BeforeValidator(_digits),
    WithJsonSchema({"anyOf": [*_CODE_SCHEMA["anyOf"], {"type": "null"}]}),
]
"""The id of a shop that may be absent; an empty one counts as absent."""

Number = Annotated[
    str,
    _Short,
    BeforeValidator(_not_empty),
    BeforeValidator(_clean_id),
    BeforeValidator(_digits),
    WithJsonSchema(_ID_SCHEMA),
]
"""A tracking number: text that is not empty; an integer becomes its digits."""

OptionalNumber = Annotated[
    str,
    _Short,
    BeforeValidator(_clean_id),
    BeforeValidator(_digits),
    WithJsonSchema(_CODE_SCHEMA),
]
"""A tracking number that may be empty, where it is only shown."""

Code = Annotated[
    str,
    _Short,
    BeforeValidator(_clean),
    BeforeValidator(_digits),
    WithJsonSchema(_CODE_SCHEMA),
]
"""A code that may be empty; an integer becomes its digits."""

FilledCode = Annotated[
    str,
    _Short,
    BeforeValidator(_not_empty),
    BeforeValidator(_clean),
    BeforeValidator(_digits),
    WithJsonSchema(_ID_SCHEMA),
]
"""A code that is not empty: an id of a product."""

Name = Annotated[str, _Short, BeforeValidator(_clean), WithJsonSchema(_NAME_SCHEMA)]
"""A short text that is kept: a platform, a currency, a place name."""

StatedName = Annotated[Name | None, WrapValidator(_stated), _Left, WithJsonSchema(_NAME_SCHEMA)]
"""A short text that a partial version may leave out."""

CarrierName = Annotated[
    str,
    _Short,
    BeforeValidator(_no_colon),
    BeforeValidator(_not_empty),
    BeforeValidator(_clean),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_ID_LENGTH,
            "pattern": r"^[^:]*[^:\s][^:]*$",
        }
    ),
]
"""A carrier's name: not empty, without a colon."""

OptionalCarrier = Annotated[
    str,
    _Short,
    BeforeValidator(_no_colon),
    BeforeValidator(_clean),
    WithJsonSchema({"type": "string", "maxLength": MAX_ID_LENGTH, "pattern": "^[^:]*$"}),
]
"""A carrier's name that may be empty, where it is only shown."""

Text = Annotated[
    str, Field(strict=True), BeforeValidator(_clean), WithJsonSchema({"type": "string"})
]
"""Free text of any length; it never enters state."""

Word = BeforeValidator(_clean)
"""Says of a choice of words that what was sent is cleaned before it is compared with them."""

Flag = Annotated[bool | None, BeforeValidator(_flag)]
"""True, false, or null for false; 1 and "true" are neither."""

Whole = Annotated[
    int,
    Field(strict=True),
    BeforeValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": INT64_MIN, "maximum": INT64_MAX}),
]
"""A whole number within 64 bits: a quantity."""

Money = Annotated[
    int,
    Field(strict=True),
    BeforeValidator(_money),
    WithJsonSchema({"type": "integer", "minimum": INT64_MIN, "maximum": INT64_MAX}),
]
"""A sum of money in minor units."""

SchemaVersion = Annotated[Literal[1], BeforeValidator(_version)]
"""The version of the message's form; a form that is not known is not guessed at."""

RequiredTime = Annotated[datetime, BeforeValidator(_required_time), WithJsonSchema(_TIME_SCHEMA)]
"""An event time: with offset, from 2015 on, at most 24 h after arrival."""

StatedTime = Annotated[
    datetime | None,
    WrapValidator(_stated_time),
    _Left,
    WithJsonSchema(_TIME_SCHEMA),
]
"""An event time that a partial version may leave out."""

VersionTime = Annotated[
    datetime | None,
    BeforeValidator(_version_time),
    Field(validate_default=True),
    WithJsonSchema({"anyOf": [_TIME_SCHEMA, {"type": "null"}]}),
]
"""When a version was known: an optional time of a full version, a required one of a partial."""

OptionalTime = Annotated[
    datetime | None,
    BeforeValidator(_optional_time),
    WithJsonSchema({"anyOf": [_TIME_SCHEMA, {"type": "null"}]}),
]
"""An event time that may be absent; one that cannot be true counts as absent."""

OptionalTimeAhead = Annotated[
    datetime | None,
    BeforeValidator(_optional_time_ahead),
    WithJsonSchema({"anyOf": [_TIME_SCHEMA, {"type": "null"}]}),
]
"""A promise: a time that may be absent and may lie ahead."""

AwareTime = Annotated[datetime, BeforeValidator(_aware), WithJsonSchema(_TIME_SCHEMA)]
"""A time with offset, of any age: what the processor itself writes."""
