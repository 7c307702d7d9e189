"""What a link of a notification allows: its page asks, and only the page's button acts.

Chat programs open links to show what is behind them, so opening one does nothing. A link needs no
sign-in: whoever has it may do the one thing that it is for, and the audit says by which route it
went out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Row

from streams.desk.actions.perform import Act, perform
from streams.desk.api.guard import open_to_anybody
from streams.desk.api.problems import Problem
from streams.desk.console.console import View, form_of, view_of
from streams.desk.console.pages.acts import HOURS
from streams.desk.console.pages.rows import row_of
from streams.desk.database import lists
from streams.facts.times import HOUR, from_datetime, to_datetime
from streams.notify.texts.links import PATH, Allowed

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Linked:
    """A link, the warning that it is for, and why nothing can be done by it ("": it can)."""

    allowed: Allowed
    row: Row[Any]
    over: str


@router.get(PATH + "{token}")
@open_to_anybody
def ask(request: Request, token: str) -> Response:
    """What the link is for, with a button."""
    view = view_of(request)
    return _page(view, _linked(view, token))


@router.post(PATH + "{token}")
@open_to_anybody
def act(
    request: Request, token: str, form: Annotated[dict[str, list[str]], Depends(form_of)]
) -> Response:
    """Do it; the same link for the same time does nothing twice."""
    view = view_of(request)
    found = _linked(view, token)
    if found.over:
        return _page(view, found)
    allowed = found.allowed
    hours = "".join(form.get("hours", [])[:1])
    if allowed.act == "snooze" and hours not in HOURS:
        raise Problem(422, view.says("act_until_wrong"))
    wish = Act(
        kind=allowed.act,
        actor=f"link:{allowed.route}",
        until=view.now + int(hours) * HOUR if allowed.act == "snooze" else None,
        request_id=hashlib.sha256(f"{token} {hours}".encode()).hexdigest()[:32],
        only_state=allowed.state,
    )
    database, holds = view.desk.database, view.desk.acknowledge
    done = perform(database, [allowed.warning_id], wish, view.now, holds=holds)
    if done.missing:
        return _page(view, _linked(view, token))
    return _page(view, found, done=view.says.count(f"did_{allowed.act}", 1))


def _linked(view: View, token: str) -> _Linked:
    """What a link allows, and of what. Raises Problem for one that we did not make, or whose
    warning is gone."""
    links = view.console.links
    allowed = None if links is None else links.read(token, to_datetime(view.now))
    if allowed is None:
        raise Problem(404, view.says("link_unknown"))
    with view.desk.database.reading() as connection:
        row = lists.one(connection, allowed.warning_id, None)
    if row is None:
        raise Problem(404, view.says("no_warning"))
    over = ""
    if from_datetime(allowed.until) <= view.now:
        over = view.says("link_late")
    elif row.state != allowed.state:
        over = view.says("link_changed", state=view.shown.word("states", row.state))
    return _Linked(allowed, row, over)


def _page(view: View, found: _Linked, done: str = "") -> Response:
    return view.page(
        "linked.html",
        410 if found.over else 200,
        act=found.allowed.act,
        item=row_of(found.row, view.shown),
        over=found.over,
        done=done,
        hours=HOURS,
    )
