"""A message as JSON and back: an attempt after a restart says exactly what the first one said."""

from __future__ import annotations

from pydantic import TypeAdapter

from streams.notify.message import Message

_ADAPTER = TypeAdapter(Message)


def to_json(message: Message) -> str:
    """As it is kept."""
    return _ADAPTER.dump_json(message).decode()


def from_json(text: str) -> Message:
    """As it was kept."""
    return _ADAPTER.validate_json(text)
