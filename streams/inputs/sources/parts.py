"""Parts of a payload: JSON with exact integers, forms, XML, texts and objects at a place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.cleaning import clean
from streams.inputs.sources.payload import Unreadable

_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")

MAX_FIELDS = 100
"""Fields of a form; sources use some five."""

Object = dict[str, Any]


def json_of(text: bytes | str, what: str) -> Any:
    """JSON, whose integers stay exact and whose numbers with decimals stay text.

    Raises Unreadable, naming `what` it is.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what} is no JSON: {_first(error)}") from None


def object_of(text: bytes | str, what: str) -> Object:
    """A JSON object; raises Unreadable where it is none."""
    value = json_of(text, what)
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is {_kind(value)}: a JSON object is expected")
    return value


def json_lines(body: bytes) -> list[Object]:
    """One JSON object, or one on each line, as recorded pushes are kept; raises Unreadable."""
    try:
        return [object_of(body, "the body")]
    except Unreadable:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
    return [object_of(line, f"line {number}") for number, line in enumerate(lines, 1)]


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name; raises Unreadable."""
    parts = [part for part in body.split(b"&") if part]
    if len(parts) > MAX_FIELDS:
        raise Unreadable(f"the body is no form: more than {MAX_FIELDS} fields")
    found: dict[str, str] = {}
    try:
        for part in parts:
            name, _, value = part.partition(b"=")
            found.setdefault(_unquoted(name), _unquoted(value))
    except ValueError as error:
        raise Unreadable(f"the body is no form: {_first(error)}") from None
    return found


def _unquoted(text: bytes) -> str:
    """A name or value of a form. urllib undoes escape by escape, which takes longer than all else
    that is done for a push of 20 lines; here each run of them is undone at once."""
    return _ESCAPES.sub(_bytes_of, text.replace(b"+", b" ")).decode("utf-8")


def _bytes_of(run: re.Match[bytes]) -> bytes:
    return bytes.fromhex(run[0].replace(b"%", b"").decode())


def is_json(body: bytes) -> bool:
    """Whether a body is JSON rather than a form or XML, by its first sign."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def is_xml(body: bytes) -> bool:
    """Whether a body is XML, by its first sign."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def xml_of(document: bytes, what: str) -> Element:
    """The root of an XML document without entities and DTD; raises Unreadable."""
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise Unreadable(f"{what} is no XML that is taken: {_first(error)}") from None
    return root


def text(parent: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that says anything, as clean text; empty where none does.

    Integers are written out, exactly; objects, lists and booleans say nothing here.
    """
    for name in names:
        value = parent.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and (short := clean(_sound(value))):
            return short
    return ""


def raw_text(parent: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that says anything, as it is but trimmed: for free text."""
    for name in names:
        value = parent.get(name)
        if isinstance(value, str) and (short := _sound(value).strip()):
            return short
    return ""


def inner(parent: Mapping[str, Any], name: str) -> Object:
    """The object in this field; an empty one where there is none."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def listed(parent: Mapping[str, Any], name: str) -> list[Object]:
    """The objects in this field's list; what else is in it is left out."""
    value = parent.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _sound(text: str) -> str:
    """A text without halves of characters, which JSON can spell and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _first(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
