"""Notifications: channels and routes, what routes would have sent, and what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.api.notifications import MOST_REVISIONS, sees_all, telling_of
from streams.desk.api.problems import FieldProblem, Problem
from streams.desk.console.console import View, form_of, view_of
from streams.desk.console.filters import parsed
from streams.desk.notify.log import STATES, Load, listed, loads, send_again
from streams.desk.notify.preview import preview as foreseen
from streams.facts.times import DAY, SECOND
from streams.notify.message import Sent
from streams.notify.routes import Plan, Route

router = APIRouter()

ROWS = 50
DAYS = (1, 7, 30)
"""How far back a preview may go."""

SHOWN = 100
"""Messages that a preview lists."""

_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as the page has it; `late` is for how long the oldest has waited in vain."""

    name: str
    type: str
    waiting: int
    queued: int
    parked: int
    late: str


@dataclass(frozen=True, slots=True)
class Way:
    """A route in words."""

    name: str
    channels: str
    asks: str
    speaks: str


@router.get("/notifications")
@needs(Role.viewer)
def notifications(request: Request) -> Response:
    """Channels, routes and the log."""
    view = view_of(request)
    sees_all(view.me)
    params = parsed(request.url.query)
    chosen = {name: next(iter(params.get(name, ())), "") for name in ("channel", "state")}
    before = _number(next(iter(params.get("before", ())), ""))
    telling = view.desk.telling
    plan = None if telling is None else telling.plan
    with view.desk.database.reading() as connection:
        channels = [] if plan is None else _channels(plan, loads(connection, plan, view.now), view)
        rows = listed(
            connection,
            channel=chosen["channel"].replace("\0", "") or None,
            state=chosen["state"] if chosen["state"] in STATES else None,
            before=before,
            limit=ROWS + 1,
        )
    return view.page(
        "notifications.html",
        on=plan is not None,
        channels=channels,
        ways=[] if plan is None else [_way(each, view) for each in plan.routes.values()],
        rows=[
            {
                "id": row.id,
                "made": view.shown.moment(row.made_at),
                "sent": view.shown.moment(row.sent_at),
                "next": view.shown.moment(row.next_at) if row.state == "queued" else "",
                "channel": row.channel,
                "route": row.route,
                "group": row.group_key,
                "warnings": row.warnings,
                "is_over": row.is_over,
                "state": row.state,
                "attempts": row.attempts,
                "problem": row.problem or "",
                "late": row.state == "queued" and view.now - row.made_at > 600 * SECOND,
            }
            for row in rows[:ROWS]
        ],
        states=("", *STATES),
        chosen=chosen,
        days=DAYS,
        next=urlencode({**chosen, "before": rows[ROWS - 1].id}) if len(rows) > ROWS else "",
    )


@router.get("/notifications/preview")
@needs(Role.viewer)
def preview(request: Request) -> Response:
    """What the routes would have sent over the last days: a part of the page."""
    view = view_of(request)
    sees_all(view.me)
    given = _number(next(iter(parsed(request.url.query).get("days", ())), ""))
    back = given if given in DAYS else 7
    telling = view.desk.telling
    if telling is None:
        raise Problem(404, view.says("notify_off"))
    routes = telling.plan.routes
    with view.desk.database.reading() as connection:
        found = foreseen(
            connection, routes.values(), view.now - back * DAY, view.now, MOST_REVISIONS
        )
    messages: Counter[tuple[str, str]] = Counter()
    warnings: Counter[tuple[str, str]] = Counter()
    for each in found.messages:
        messages[each.channel, each.route] += 1
        warnings[each.channel, each.route] += len(each.lines)
    return view.page(
        "_preview.html",
        back=back,
        found=found,
        sums=[
            (channel, route, n, f"{n / back:.1f}", warnings[channel, route])
            for (channel, route), n in sorted(messages.items())
        ],
        rows=[
            (
                view.shown.moment(each.at),
                each.channel,
                each.route,
                each.group_key,
                ", ".join(
                    f"{view.says(f'why_{change}')} {n}"
                    for change, n in Counter(line.change for line in each.lines).items()
                ),
            )
            for each in list(reversed(found.messages))[:SHOWN]
        ],
    )


@router.post("/notifications/test")
@needs(Role.operator)
def test(request: Request, form: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Send a channel a trial message, and say what came of it."""
    view = view_of(request)
    sees_all(view.me)
    name = next(iter(form.get("channel", ())), "")
    outcome = telling_of(request, name).trial(name, view.now)
    if isinstance(outcome, Sent):
        return view.acted(view.says("notify_tested", channel=name))
    said = view.says("notify_not_taken", channel=name, problem=outcome.reason)
    raise Problem(422, said, [FieldProblem(field="channel", message=said)])


@router.post("/notifications/resend")
@needs(Role.operator)
def resend(request: Request, form: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Queue a notification once more."""
    view = view_of(request)
    sees_all(view.me)
    ids = [n for each in form.get("notification", ()) if (n := _number(each)) is not None]
    with view.desk.database.writing() as connection:
        done = send_again(connection, ids, view.now)
    return view.acted(view.says.count("notify_queued", len(done)))


def _number(text: str) -> int | None:
    """A number of an address or a form; None for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    found = int(text)
    return found if 0 < found <= _LARGEST else None


def _channels(plan: Plan, found: Mapping[str, Load], view: View) -> list[Channel]:
    return [
        Channel(
            name,
            str(plan.channels[name].get("type")),
            each.waiting,
            each.queued,
            each.parked,
            "" if each.since is None else view.shown.span(view.now - each.since),
        )
        for name, each in found.items()
    ]


def _way(route: Route, view: View) -> Way:
    """A route as its reader understands it."""
    shown, says = view.shown, view.says
    asks = [
        *(shown.value("platform", each) for each in route.platforms),
        *route.shops,
        *(shown.rule(each) for each in route.rules),
        *(shown.value("stage", each) for each in route.stages),
        *(shown.value("severity", each) for each in route.severities),
    ]
    if len(route.states) == 1:
        asks.append(shown.value("state", route.states[0]))
    if route.hours_to_deadline is not None:
        asks.append(says("notify_near", hours=f"{route.hours_to_deadline:g}"))
    if route.money is not None:
        cost = shown.cost("compensation", route.currency, route.money, route.money)
        asks.append(says("notify_from", cost=cost))
    speaks = [
        says("notify_at", at=", ".join(route.digest))
        if route.digest
        else says("notify_waits", minutes=f"{route.wait_minutes:g}")
    ]
    if route.quiet:
        speaks.append(says("notify_quiet", spans=", ".join(route.quiet)))
    if route.urgent_hours:
        speaks.append(says("notify_urgent", hours=f"{route.urgent_hours:g}"))
    if route.reminders_hours:
        hours = ", ".join(f"{each:g}" for each in route.reminders_hours)
        speaks.append(says("notify_reminds", hours=hours))
    if route.escalate is not None:
        speaks.append(
            says(
                "notify_escalates",
                hours=f"{route.escalate.after_hours:g}",
                channels=", ".join(route.escalate.channels),
            )
        )
    return Way(
        route.name,
        ", ".join(route.channels),
        " · ".join(asks) or says("notify_everything"),
        " · ".join(speaks),
    )
