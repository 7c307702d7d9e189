"""One warning: what it says, its clock, its course, what was done, and its proof."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as PathPart
from fastapi.responses import Response
from sqlalchemy import Connection, Row, select

from streams.desk.access.who import Role
from streams.desk.actions.ledger import standing_work
from streams.desk.api.guard import needs
from streams.desk.api.problems import Problem
from streams.desk.console.console import View, view_of
from streams.desk.console.drawing import Bar, Mark, bar, scale
from streams.desk.console.filters import Filter, parsed, read
from streams.desk.console.pages.acts import HOURS
from streams.desk.console.pages.rows import order_path, row_of
from streams.desk.console.shown import Shown, value_of
from streams.desk.database import lists
from streams.desk.database.tables import actions, revisions
from streams.desk.notify.announce import SENT_OUT
from streams.desk.notify.log import of_warning
from streams.evidence.bundle import HandOver, bundle, resting_on
from streams.evidence.shown import Original, wanted
from streams.evidence.write import write
from streams.facts.times import DAY, from_datetime
from streams.profiles.model import Profile

router = APIRouter()

WarningId = Annotated[str, PathPart(pattern="^[0-9a-f]{32}$")]


@router.get("/warnings/{warning_id}")
@needs(Role.viewer)
def warning(request: Request, warning_id: WarningId) -> Response:
    """The page of a warning: `in` is the filter of the list that it was opened from."""
    view = view_of(request)
    asked = next(iter(parsed(request.url.query).get("in", ())), "")
    within = read(parsed(asked), view.me, view.now)
    with view.desk.database.reading() as connection:
        row = _one(connection, view, warning_id)
        following = _following(connection, view, within, row)
        course = _course(connection, warning_id)
        done = connection.execute(
            select(actions).where(actions.c.warning_id == warning_id).order_by(actions.c.sequence)
        ).all()
        notices = of_warning(connection, warning_id)
    value = value_of(row)
    profile = _profile(view, row.profile)
    return view.page(
        "warning.html",
        row=row,
        item=row_of(row, view.shown),
        value=value,
        message=view.shown.text(value, "message"),
        remedy=view.shown.text(value, "remedy"),
        orders=[(each, order_path(each)) for each in value.get("order_ids") or ()],
        clock=_clock(row, value, profile, view.shown),
        records=_records(value, view.shown),
        course=_steps(course, view.shown),
        done=[_did(each, view.shown) for each in done],
        told=[_notice(each, view.shown) for each in notices],
        profile=profile,
        limit=_limit(value, view.shown),
        appeal_until=_appeal_until(row, profile),
        hours=HOURS,
        within=within.query(),
        tab=within.tab,
        next=following,
    )


@router.get("/warnings/{warning_id}/evidence.zip")
@needs(Role.viewer)
def evidence(request: Request, warning_id: WarningId) -> Response:
    """The bundle for an appeal, without originals: they may hold personal data."""
    view = view_of(request)
    with view.desk.database.reading() as connection:
        row = _one(connection, view, warning_id)
        course = _course(connection, warning_id)
        acted = standing_work(connection, [warning_id]).get(warning_id)
    read = view.console.originals
    resting = resting_on(course)
    originals: Sequence[Original] = _unread(resting) if read is None else read(resting)
    profile = _profile(view, row.profile)
    found = bundle(course, originals, profile, view.now, _handed_over(acted))
    body = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="shipsentry-desk-") as folder:
        paths = write(Path(folder), found, originals, [view.language], with_records=False)
        with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in paths:
                archive.write(path, path.name)
    name = f"evidence-{warning_id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body.getvalue(), media_type="application/zip", headers=headers)


def _one(connection: Connection, view: View, warning_id: str) -> Row[Any]:
    row = lists.one(connection, warning_id, view.me.shops)
    if row is None:
        raise Problem(404, view.says("no_warning"))
    return row


def _following(connection: Connection, view: View, within: Filter, row: Row[Any]) -> str | None:
    """The id of the warning that comes after this one in a list; also of one that this one is no
    longer in, as when it was just acknowledged."""
    at = row.due_at if within.order == "due" else row.detected_at
    found = lists.page(
        connection,
        within.wanted,
        view.now,
        order=within.order,
        after=lists.Place(at, row.id),
        limit=1,
    )
    return next((each.warning_id for each in found.rows), None)


def _course(connection: Connection, warning_id: str) -> list[dict[str, Any]]:
    """Its revisions, oldest first."""
    values = connection.execute(
        select(revisions.c.value)
        .where(revisions.c.warning_id == warning_id)
        .order_by(revisions.c.revision)
    ).scalars()
    return [json.loads(value) for value in values]


def _handed_over(acted: Mapping[str, Any] | None) -> HandOver | None:
    """The hand-over that somebody wrote down here; the hour is that of the writing."""
    if acted is None or acted["handed_over_at"] is None:
        return None
    return HandOver(acted["manifest_id"], acted["handed_over_at"])


def _profile(view: View, profile_id: str) -> Profile | None:
    return next((each for each in view.console.profiles.all if each.id == profile_id), None)


def _unread(resting: dict[str, Any]) -> list[Original]:
    """The records as the warning names them, where nobody can read them."""
    return [
        Original(topic, partition, offset, status, at, None, "this desk reads no topics")
        for topic, partition, offset, status, at in wanted(resting)
    ]


def us(text: Any) -> int | None:
    """A time of a message, in µs."""
    return from_datetime(datetime.fromisoformat(text)) if isinstance(text, str) else None


def _records(value: dict[str, Any], shown: Shown) -> list[dict[str, Any]]:
    """The records that it rests on."""
    found = (value.get("evidence") or {}).get("records") or ()
    return [
        {
            "at": us(each.get("occurred_at")),
            "status": shown.word("statuses", each.get("status") or ""),
            "where": f"{each.get('topic')} {each.get('partition')}/{each.get('offset')}",
        }
        for each in found
    ]


def _limit(value: dict[str, Any], shown: Shown) -> str:
    """The limit in words: more than 24 h."""
    evidence = value.get("evidence") or {}
    hours = evidence.get("limit_hours")
    if hours is None:
        return ""
    comparator = (evidence.get("threshold") or {}).get("comparator")
    key = {"gt": "limit_gt", "ge": "limit_ge"}.get(str(comparator), "limit_plain")
    return shown.says(key, hours=f"{hours:g}")


def _appeal_until(row: Row[Any], profile: Profile | None) -> int | None:
    """When an appeal is due at the earliest: where the platform judged at once."""
    if profile is None or profile.appeal_days is None or row.breached_at is None:
        return None
    return int(row.breached_at) + profile.appeal_days * DAY


def _clock(
    row: Row[Any], value: dict[str, Any], profile: Profile | None, shown: Shown
) -> dict[str, Any] | None:
    """The clock as a drawing; None where the warning has none."""
    evidence = value.get("evidence") or {}
    started = us(evidence.get("started_at"))
    if started is None or row.deadline is None:
        return None
    records = [(us(each.get("occurred_at")), each) for each in evidence.get("records") or ()]
    known = [(at, each) for at, each in records if at is not None]
    ended = row.resolved_at
    until = ended if ended is not None else shown.now
    pauses = _pauses(profile, evidence.get("exemptions") or (), started, row.deadline)
    moments = [started, row.deadline, row.opened_at, *(at for at, _ in known)]
    moments += [] if ended is None else [ended]
    # A clock that ran out long ago stays readable: now is shown at the edge then.
    if shown.now < max(moments) + 3 * (row.deadline - started):
        moments.append(shown.now)
    along = scale(moments, 40, 960)
    bars: list[Bar] = [bar(along, started, min(max(until, started), row.deadline), "running")]
    if until > row.deadline:
        bars.append(bar(along, row.deadline, until, "over"))
    bars += [bar(along, begin, end, "pause", name) for name, begin, end in pauses]
    marks = [
        Mark(along.x(started), shown.says("clock_start"), shown.brief(started), "start"),
        Mark(
            along.x(row.opened_at), shown.says("clock_warned"), shown.brief(row.opened_at), "warned"
        ),
        Mark(
            along.x(row.deadline),
            shown.says("clock_deadline"),
            shown.brief(row.deadline),
            "deadline",
        ),
    ]
    if ended is not None:
        marks.append(Mark(along.x(ended), shown.says("clock_end"), shown.brief(ended), "end"))
    dots = [
        Mark(
            along.x(at), shown.word("statuses", each.get("status") or ""), shown.brief(at), "record"
        )
        for at, each in known
    ]
    return {
        "bars": bars,
        "marks": marks,
        "dots": dots,
        "now": along.x(shown.now),
        "limit": bar(along, started, row.deadline, "limit"),
        "pauses": [
            (name, shown.moment(begin), shown.moment(end), shown.span(end - begin))
            for name, begin, end in pauses
        ],
        "started": started,
    }


def _pauses(
    profile: Profile | None, names: Sequence[str], begin: int, end: int
) -> list[tuple[str, int, int]]:
    """When the profile's exemptions held the clock, as far as that lies within it."""
    if profile is None:
        return []
    return [
        (row.name, max(since, begin), min(until, end))
        for row in profile.exemptions
        if row.name in names
        for since, until in row.pauses
        if since < end and until > begin
    ]


def _steps(course: Sequence[dict[str, Any]], shown: Shown) -> list[dict[str, str]]:
    """Its revisions, newest first: when, in which state, with which deadline."""
    found = [
        {
            "revision": str(each["revision"]),
            "at": shown.moment(us(each["detected_at"])),
            "state": each["state"],
            "word": shown.word("states", each["state"]),
            "severity": shown.word("severities", each["severity"]),
            "deadline": shown.moment(us(each.get("deadline"))),
            "message": shown.text(each, "message"),
        }
        for each in course
    ]
    return found[::-1]


def _did(row: Row[Any], shown: Shown) -> dict[str, str]:
    """One action, in words."""
    more = [row.assignee, row.manifest_id, row.comment]
    if row.until is not None:
        more.insert(0, shown.says("until", at=shown.moment(row.until)))
    return {
        "at": shown.moment(row.at),
        "who": row.actor,
        "kind": shown.says(f"kind_{row.kind}"),
        "more": " · ".join(filter(None, more)),
        "state": shown.word("states", row.state),
        "revision": str(row.revision),
    }


def _notice(row: Row[Any], shown: Shown) -> dict[str, str]:
    """One thing that a channel was told, or is to be, in words."""
    if row.sending is not None:
        outcome = shown.says(f"sending_{row.sending}")
        if row.sent_at is not None:
            outcome += f" {shown.moment(row.sent_at)}"
    elif row.outcome == SENT_OUT:
        outcome = shown.says("sending_sent")
    else:
        outcome = shown.says(f"told_{row.outcome}")
    return {
        "at": shown.moment(row.made_at),
        "channel": row.channel,
        "route": row.route,
        "change": shown.says(f"why_{row.change}"),
        "outcome": outcome,
        "problem": row.problem or "",
    }
