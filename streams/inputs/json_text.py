"""Messages as JSON: one a line, or an array or object laid out over many lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from streams.decode import Bad
from streams.inputs import documents
from streams.inputs.messages import Message
from streams.inputs.opened import Unreadable
from streams.inputs.text import Text

Entry = tuple[int, bytes | Bad, bytes]
"""The line in which a message begins, the message or why there is none, and the bytes found."""

_CUT_OFF = "Input data was truncated"


def messages(text: Text, message: Message) -> Iterator[Entry]:
    """The messages of a text that begins with `[` or `{`, blank lines left out but counted.

    Raises Unreadable where the whole is one object around a list of messages.
    """
    found = _of_document if _laid_out(text.head.lstrip()) else _of_lines
    first = list(islice(found(text), 2))
    if len(first) == 1:
        _refuse_wrapped(text, first[0][2], message)
    return found(text)


def _of_lines(text: Text) -> Iterator[Entry]:
    for number, raw in enumerate(text.lines(), start=1):
        if raw and not raw.isspace():
            yield number, raw, raw


def _of_document(text: Text) -> Iterator[Entry]:
    with text.characters() as characters:
        for line, value, why in documents.values(characters):
            raw = value.encode(errors="surrogateescape")
            yield line, raw if why is None else Bad("not_json", None, why), raw


def _laid_out(start: str) -> bool:
    """Whether a text is laid out over many lines, or is one array, and not one value a line."""
    first, *others = start.splitlines() or [""]
    others = [line for line in others if line.strip()]
    if first.startswith("["):
        return _fault(first) is not None or not others
    if _fault(first) != _CUT_OFF or not others:
        return False
    # A line of JSON Lines that was cut off, or the first line of an object: does the next go on?
    return _fault(f"{first}\n{others[0]}") in (_CUT_OFF, None)


def _fault(text: str) -> str | None:
    """What keeps a text from being JSON, None for one that is."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        return str(error)
    return None


def _refuse_wrapped(text: Text, raw: bytes, message: Message) -> None:
    """Raise Unreadable where a file's one object is no message, but holds a list of objects."""
    try:
        sent = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if not isinstance(sent, dict) or not set(sent).isdisjoint(message.columns):
        return
    for name, inner in sent.items():
        if isinstance(inner, list) and any(isinstance(one, dict) for one in inner):
            raise Unreadable(
                text.path,
                f"is one JSON object without {message.required[0]}, around a list of objects: "
                f"give the list {name!r} alone, such as jq '.[\"{name}\"]' writes it",
            )
