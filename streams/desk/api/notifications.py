"""The routes of `/api/v1` for notifications: what was sent, what waits, and sending it again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row

from streams.desk.access.who import Role, Who
from streams.desk.api.desk import desk_of, who_of
from streams.desk.api.guard import needs
from streams.desk.api.problems import RESPONSES, Problem
from streams.desk.api.routes import WarningId
from streams.desk.database import lists
from streams.desk.notify.log import listed, loads, of_warning, send_again
from streams.desk.notify.preview import preview as foreseen
from streams.desk.notify.telling import Telling
from streams.facts.times import HOUR, to_datetime
from streams.notify.message import Sent

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

MOST_ROWS = 200
MOST_REVISIONS = 20_000
"""Revisions that a preview rests on: it is worked out while somebody waits."""

_LARGEST = (1 << 63) - 1
_Id = Annotated[int, Field(ge=1, le=_LARGEST)]


class NotificationItem(BaseModel):
    """A message to a channel: of how many warnings, and what became of it."""

    id: int
    key: str = Field(description="The idempotency key: the same for every attempt.")
    channel: str
    route: str
    group: str
    is_over: bool
    warnings: int
    state: Literal["queued", "sent", "parked"]
    attempts: int
    made_at: datetime
    next_at: datetime
    sent_at: datetime | None
    problem: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> NotificationItem:
        """From a row."""
        fields = {name: row._mapping[name] for name in cls.model_fields if name in row._mapping}
        for name in ("made_at", "next_at", "sent_at"):
            fields[name] = None if fields[name] is None else to_datetime(fields[name])
        return cls(**fields, group=row.group_key)


class NotificationPage(BaseModel):
    """Some of the log, the newest first; `next` is what to ask for next (`before`)."""

    items: list[NotificationItem]
    next: int | None


class Notice(BaseModel):
    """What one channel was told of a warning, or is to be."""

    channel: str
    route: str
    change: str
    state: str
    made_at: datetime
    outcome: Literal["waiting", "in_notification", "overtaken", "attended"]
    notification_id: int | None
    sending: str | None
    sent_at: datetime | None
    problem: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Notice:
        """From a row with what became of its notification."""
        fields = {name: row._mapping[name] for name in cls.model_fields}
        fields["made_at"] = to_datetime(row.made_at)
        fields["sent_at"] = None if row.sent_at is None else to_datetime(row.sent_at)
        return cls(**fields)


class Notices(BaseModel):
    """All of them, oldest first."""

    items: list[Notice]


class ChannelItem(BaseModel):
    """A channel, and what it has before it. `late_since`: the oldest could have been sent then."""

    name: str
    type: str
    waiting: int
    queued: int
    parked: int
    late_since: datetime | None


class Channels(BaseModel):
    """All channels of the routes file."""

    items: list[ChannelItem]


class ResendRequest(BaseModel):
    """Notifications that are to be sent once more, by the same keys."""

    ids: list[_Id] = Field(min_length=1, max_length=500)


class ResendAnswer(BaseModel):
    """Those that are queued now; what was queued already, or is not there, is left out."""

    queued: list[int]


class Trial(BaseModel):
    """Whether a channel took a trial message, and what it said if not."""

    took: bool
    problem: str | None


class Foreseen(BaseModel):
    """What routes would have sent: messages and the warnings in them, by channel and route."""

    channel: str
    route: str
    messages: int
    warnings: int


class PreviewAnswer(BaseModel):
    """The same of all routes. `capped`: only the newest revisions were looked at."""

    items: list[Foreseen]
    revisions: int
    capped: bool


@router.get("/notifications")
@needs(Role.viewer)
def notifications(
    request: Request,
    channel: Annotated[str | None, Query(max_length=64)] = None,
    state: Literal["queued", "sent", "parked"] | None = None,
    before: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> NotificationPage:
    """The log, the newest first. Needs the sight of every shop, as messages tell of several."""
    sees_all(who_of(request))
    if channel is not None and "\0" in channel:
        return NotificationPage(items=[], next=None)
    with desk_of(request).database.reading() as connection:
        rows = listed(connection, channel=channel, state=state, before=before, limit=limit + 1)
    items = [NotificationItem.of(row) for row in rows[:limit]]
    return NotificationPage(items=items, next=items[-1].id if len(rows) > limit else None)


@router.post("/notifications/resend")
@needs(Role.operator)
def resend(request: Request, asked: ResendRequest) -> ResendAnswer:
    """Queue notifications once more that were sent or parked."""
    sees_all(who_of(request))
    desk = desk_of(request)
    with desk.database.writing() as connection:
        return ResendAnswer(queued=send_again(connection, asked.ids, desk.clock()))


@router.get("/notifications/channels")
@needs(Role.viewer)
def channels(request: Request) -> Channels:
    """The channels; none where nobody is told."""
    sees_all(who_of(request))
    desk = desk_of(request)
    if desk.telling is None:
        return Channels(items=[])
    plan = desk.telling.plan
    with desk.database.reading() as connection:
        found = loads(connection, plan, desk.clock())
    return Channels(
        items=[
            ChannelItem(
                name=name,
                type=str(plan.channels[name].get("type")),
                waiting=load.waiting,
                queued=load.queued,
                parked=load.parked,
                late_since=None if load.since is None else to_datetime(load.since),
            )
            for name, load in found.items()
        ]
    )


@router.post("/notifications/channels/{name}/test")
@needs(Role.operator)
def trial(request: Request, name: Annotated[str, Path(max_length=64)]) -> Trial:
    """Send a channel a message that says that it is a trial."""
    sees_all(who_of(request))
    desk = desk_of(request)
    outcome = telling_of(request, name).trial(name, desk.clock())
    if isinstance(outcome, Sent):
        return Trial(took=True, problem=None)
    return Trial(took=False, problem=outcome.reason)


@router.get("/notifications/preview")
@needs(Role.viewer)
def preview(
    request: Request, hours: Annotated[int, Query(ge=1, le=24 * 31)] = 24 * 7
) -> PreviewAnswer:
    """What the routes would have sent over the last hours, had nobody acknowledged anything."""
    sees_all(who_of(request))
    desk = desk_of(request)
    if desk.telling is None:
        return PreviewAnswer(items=[], revisions=0, capped=False)
    routes, now = desk.telling.plan.routes.values(), desk.clock()
    with desk.database.reading() as connection:
        found = foreseen(connection, routes, now - hours * HOUR, now, MOST_REVISIONS)
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for each in found.messages:
        messages, warnings = sums.get((each.channel, each.route), (0, 0))
        sums[each.channel, each.route] = messages + 1, warnings + len(each.lines)
    return PreviewAnswer(
        items=[
            Foreseen(channel=channel, route=route, messages=messages, warnings=warnings)
            for (channel, route), (messages, warnings) in sorted(sums.items())
        ],
        revisions=found.revisions,
        capped=found.capped,
    )


@router.get("/warnings/{warning_id}/notices")
@needs(Role.viewer)
def notices(request: Request, warning_id: WarningId) -> Notices:
    """Who was told of a warning."""
    with desk_of(request).database.reading() as connection:
        if lists.one(connection, warning_id, who_of(request).shops) is None:
            raise Problem(404, "there is no such warning")
        return Notices(items=[Notice.of(row) for row in of_warning(connection, warning_id)])


def sees_all(who: Who) -> None:
    """Raise Problem for who may see some shops only: one message may tell of several."""
    if who.shops is not None:
        raise Problem(403, f"{who.name} may not see every shop: the log of notifications is of all")


def telling_of(request: Request, channel: str) -> Telling:
    """Whom the desk tells; raises Problem where it has no such channel."""
    telling = desk_of(request).telling
    if telling is None or channel not in telling.plan.channels:
        raise Problem(404, "there is no such channel")
    return telling
