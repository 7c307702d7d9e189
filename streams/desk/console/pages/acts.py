"""What somebody does to warnings: one act, on those that were chosen or on all that match."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from schemas.warning_action import ActionKind
from streams.desk.access.who import Role
from streams.desk.actions.perform import MOST, Act, perform
from streams.desk.api.guard import needs
from streams.desk.api.problems import FieldProblem, Problem
from streams.desk.console.console import View, form_of, view_of
from streams.desk.console.pages.centre import matching
from streams.facts.times import BEIJING, DAY, HOUR, from_datetime

router = APIRouter()

HOURS = ("1", "4", "12", "24", "72")
"""What somebody may snooze for with one choice."""

_HOURS = re.compile(r"[0-9]{1,5}")


@router.post("/act")
@needs(Role.operator)
def act(request: Request, form: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Do it, and tell the page."""
    view = view_of(request)

    def one(name: str) -> str | None:
        return next(iter(form.get(name, ())), "").strip() or None

    kind = one("kind")
    if kind not in get_args(ActionKind):
        raise _wrong("kind", view.says("act_unknown"))
    ids = [each for each in form.get("id", []) if "\0" not in each]
    if "all" in form:
        with view.desk.database.reading() as connection:
            ids = matching(connection, view, one("query") or "", MOST)
    if not ids:
        raise _wrong("id", view.says("act_none"))
    wish = Act(
        kind=kind,  # type: ignore[arg-type] # it is one of them
        actor=view.me.name,
        until=_until(one("hours"), one("until"), view) if kind == "snooze" else None,
        assignee=one("assignee") if kind == "assign" else None,
        manifest_id=one("manifest_id") if kind == "hand_over" else None,
        comment=one("comment"),
        request_id=one("request_id"),
    )
    done = perform(view.desk.database, ids, wish, view.now, view.me.shops, view.desk.acknowledge)
    said = view.says.count(f"did_{kind}", len(done.warning_ids))
    if done.missing:
        said += " " + view.says.count("act_missing", len(done.missing))
    return view.acted(said)


def _until(hours: str | None, moment: str | None, view: View) -> int | None:
    """Until when: so many hours from now, or a moment in Beijing as browsers write one."""
    if moment is not None:
        try:
            return from_datetime(datetime.fromisoformat(moment).replace(tzinfo=BEIJING))
        except (ValueError, OverflowError):
            raise _wrong("until", view.says("act_until_wrong")) from None
    if hours is None:
        return None
    if not (_HOURS.fullmatch(hours) and int(hours) * HOUR <= 365 * DAY):
        raise _wrong("hours", view.says("act_until_wrong"))
    return view.now + int(hours) * HOUR


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, message, [FieldProblem(field=field, message=message)])
