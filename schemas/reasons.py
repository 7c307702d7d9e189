"""Why a message was refused: the one vocabulary of dead-letter reasons, and how to say it.

The words of a refusal name the field and what is allowed. A value is quoted only where it has the
form of a time, or is like one of the words allowed: personal data never reaches a dead letter's
message.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.fields import json_type, shown_word

Reason = Literal[
    "not_json",
    "not_an_object",
    "invalid_utf8",
    "too_large",
    "too_deep",
    "null_value",
    "missing_field",
    "empty_value",
    "damaged_id",
    "plain_text",
    "wrong_type",
    "unknown_value",
    "naive_time",
    "implausible_time",
    "time_in_future",
    "bad_row",
    "too_many_facts",
    "processing_failed",
]
"""Every reason a dead letter can have."""

REASONS: tuple[str, ...] = get_args(Reason)

_QUOTED = re.compile("'([^']*)'")
_ALLOWED = {
    "string_type": "a string",
    "int_type": "an integer",
    "model_type": "an object",
    "dict_type": "an object",
    "tuple_type": "an array",
    "list_type": "an array",
    "datetime_type": "an ISO-8601 time with offset",
    "bool_type": "true or false",
}


class Refusal(NamedTuple):
    """A reason, the dotted path of the field it concerns (None: the whole), and a sentence."""

    reason: str
    field: str | None
    message: str


def reasons(error: ValidationError) -> Refusal:
    """Return the first thing that is wrong, in the order of the model's fields."""
    details: ErrorDetails = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in details["loc"]) or None
    kind, value = details["type"], details["input"]
    name = field or "the message"
    in_array = bool(details["loc"]) and isinstance(details["loc"][-1], int)
    if kind == "missing" or (value is None and field is not None and not in_array):
        return Refusal("missing_field", field, f"{name} is required")
    if kind in REASONS:
        return Refusal(kind, field, f"{name} {details['msg']}")
    if kind == "literal_error":
        expected = details["ctx"]["expected"]
        wanted: type = str if expected.startswith("'") else int
        if not isinstance(value, wanted) or isinstance(value, bool):
            return Refusal(
                "wrong_type", field, f"{name} is of type {json_type(value)}: {expected} is allowed"
            )
        shown = shown_word(value, _QUOTED.findall(expected))
        return Refusal("unknown_value", field, f"{name} is {shown}: {expected} is allowed")
    if kind == "string_too_long":
        limit = details["ctx"]["max_length"]
        return Refusal("too_large", field, f"{name} is longer than {limit} characters")
    allowed = _ALLOWED.get(kind, "another type")
    if field is None:
        return Refusal(
            "not_an_object",
            None,
            f"the message is of type {json_type(value)}: a JSON object is allowed",
        )
    return Refusal(
        "wrong_type", field, f"{name} is of type {json_type(value)}: {allowed} is allowed"
    )
