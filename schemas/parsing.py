"""From a record's bytes to a checked message: the verdict on every doubtful record."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from schemas.reasons import Refusal, reasons

MAX_VALUE_BYTES = 1 << 20
"""Greatest size of a record's value in bytes (1 MiB); a setting of the worker overrides it."""

MAX_DEPTH = 200
"""Greatest nesting of arrays and objects."""

_M = TypeVar("_M", bound=BaseModel)


def parse(
    model: type[_M], raw: bytes | None, arrival_us: int, max_value_bytes: int = MAX_VALUE_BYTES
) -> tuple[_M, dict[str, Any]] | Refusal:
    """Return the message in `raw` and its fields as sent, or why it is refused.

    `arrival_us` is the moment of reading, in microseconds since the epoch.
    """
    document = load(raw, max_value_bytes)
    if isinstance(document, Refusal):
        return document
    try:
        return model.model_validate(document, context={"arrival_us": arrival_us}), document
    except ValidationError as error:
        return reasons(error)


def load(raw: bytes | None, max_value_bytes: int = MAX_VALUE_BYTES) -> dict[str, Any] | Refusal:
    """Return the JSON object in `raw`, or why there is none. Of a repeated key the last counts."""
    if raw is None:
        return Refusal("null_value", None, "the record has no value")
    if len(raw) > max_value_bytes:
        return Refusal(
            "too_large",
            None,
            f"the value has {len(raw)} bytes: at most {max_value_bytes} are allowed",
        )
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        return _not_json(raw, str(error))
    if not isinstance(document, dict):
        return Refusal("not_an_object", None, "the value is JSON, but not a JSON object")
    return document


def _not_json(raw: bytes, problem: str) -> Refusal:
    """Name what keeps the bytes from being JSON; the parser's words hold positions, no content."""
    if problem.startswith("recursion limit"):
        return Refusal("too_deep", None, f"the value nests deeper than {MAX_DEPTH} levels")
    if problem.startswith("number out of range"):
        return Refusal("wrong_type", None, "the value holds a number of more than 4300 digits")
    if raw.startswith(b"\xef\xbb\xbf"):
        return Refusal(
            "not_json", None, "the value begins with a byte order mark: send UTF-8 without one"
        )
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Refusal("invalid_utf8", None, f"the value is not UTF-8 (byte {error.start})")
    if "surrogate" in problem or "end of hex escape" in problem:
        return Refusal("invalid_utf8", None, f"the value escapes half a character: {problem}")
    return Refusal("not_json", None, f"the value is not JSON: {problem}")
