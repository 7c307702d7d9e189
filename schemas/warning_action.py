"""`warning-actions`: what was done about a warning at the desk, an upsert by `warning_id`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import AwareTime, Message

AskedKind = Literal[
    "acknowledge",
    "unacknowledge",
    "snooze",
    "unsnooze",
    "assign",
    "unassign",
    "comment",
    "hand_over",
    "known_to_platform",
]
"""What somebody may ask for."""

ActionKind = Literal[AskedKind, "lapse"]
"""What is done: that, and `lapse`, which is the desk's own."""


class Action(Message):
    """One action. `state` and `revision` are the warning's when it was done.

    `lapse` is the desk's own: an acknowledgement or a snooze ended because the warning came into
    another state than the one it was given for.
    """

    action_id: Annotated[str, Field(min_length=1, max_length=64)]
    kind: ActionKind
    actor: str
    at: AwareTime
    until: AwareTime | None = None
    assignee: str | None = None
    manifest_id: str | None = None
    comment: str | None = None
    state: Literal["open", "breached", "resolved", "withdrawn"]
    revision: Annotated[int, Field(ge=0)]


class Acknowledged(Message):
    """Who takes it as seen; `until` null: for as long as it stays in its state."""

    by: str
    at: AwareTime
    until: AwareTime | None = None


class Snoozed(Message):
    """Who wants to hear nothing of it until when."""

    by: str
    until: AwareTime


class HandedOver(Message):
    """Since when the parcel is known to be with the carrier, by which manifest."""

    at: AwareTime
    manifest_id: str | None = None


class Work(Message):
    """All that stands of what was done about a warning, after the action."""

    acknowledged: Acknowledged | None = None
    snoozed: Snoozed | None = None
    assignee: str | None = None
    handed_over: HandedOver | None = None
    known_to_platform_at: AwareTime | None = None
    comments: Annotated[int, Field(ge=0)] = 0


class WarningAction(Message):
    """The newest action of a warning, and what stands after it; of one `warning_id` the greatest
    `sequence` counts."""

    schema_version: Literal[1] = 1
    warning_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    sequence: Annotated[int, Field(ge=1)]
    action: Action
    work: Work
