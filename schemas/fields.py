"""The field types that the messages share: ids, text, whole numbers and event times.

An event time is judged against the moment its message arrived, which a caller passes as
validation context: `Model.model_validate(data, context={"arrival_us": 1795341601000000})`,
microseconds since the epoch. Without it nothing counts as lying in the future.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas import times

MAX_ID_LENGTH = 512
"""Characters in an id, a number, a code or a name: they become keys and are kept in state."""

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


def shorten(value: object, limit: int = 40) -> str:
    """Return a value of a time, enum or type field, cut to `limit` characters, for a message."""
    text = ascii(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _id(value: Any) -> Any:
    """Turn an integer id into text; `True` is an `int` to Python but never an id."""
    if type(value) is int:
        return str(value)
    return value


def _not_blank(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("empty_value", "is empty: at least one character is needed")
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
    try:
        return times.parse(value)
    except times.NaiveTimeError:
        raise PydanticCustomError(
            "naive_time",
            "is {value}, a time without an offset from UTC: write one, such as +08:00",
            {"value": shorten(value)},
        ) from None
    except times.NotATimeError:
        raise PydanticCustomError(
            "wrong_type",
            "is {value}: an ISO-8601 time with offset is allowed, "
            "such as 2026-11-20T10:00:00+08:00",
            {"value": shorten(value)},
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


_TIME_SCHEMA = {"type": "string", "format": "date-time"}
_ID_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH, "pattern": r"\S"},
        {"type": "integer"},
    ]
}
_CODE_SCHEMA = {"anyOf": [{"type": "string", "maxLength": MAX_ID_LENGTH}, {"type": "integer"}]}

_Short = Field(strict=True, max_length=MAX_ID_LENGTH)

Id = Annotated[
    str, _Short, BeforeValidator(_not_blank), BeforeValidator(_id), WithJsonSchema(_ID_SCHEMA)
]
"""An id or number: text that is not blank; an integer becomes its digits."""

Code = Annotated[str, _Short, BeforeValidator(_id), WithJsonSchema(_CODE_SCHEMA)]
"""A code that may be empty; an integer becomes its digits."""

Name = Annotated[str, _Short]
"""A short text that is kept: a platform, a currency, a place name."""

CarrierName = Annotated[
    str,
    _Short,
    BeforeValidator(_no_colon),
    BeforeValidator(_not_blank),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_ID_LENGTH,
            "pattern": r"^[^:]*[^:\s][^:]*$",
        }
    ),
]
"""A carrier's name: not blank, without a colon."""

Text = Annotated[str, Field(strict=True)]
"""Free text of any length; it never enters state."""

Whole = Annotated[
    int,
    Field(strict=True),
    BeforeValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": INT64_MIN, "maximum": INT64_MAX}),
]
"""A whole number within 64 bits: money in minor units, a quantity."""

SchemaVersion = Annotated[Literal[1], BeforeValidator(_version)]
"""The version of the message's form; a form that is not known is not guessed at."""

RequiredTime = Annotated[datetime, BeforeValidator(_required_time), WithJsonSchema(_TIME_SCHEMA)]
"""An event time: with offset, from 2015 on, at most 24 h after arrival."""

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
