"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from streams.desk.access import users
from streams.desk.access.who import Role
from streams.desk.api.guard import needs, open_to_anybody
from streams.desk.console.console import CSRF_COOKIE, form_of, go, view_of
from streams.facts.times import SECOND
from streams.telemetry.metrics import DESK_SIGN_INS

router = APIRouter()


@router.get("/")
@open_to_anybody
def first(request: Request) -> Response:
    """The warning centre is the first page."""
    return go("/warnings")


@router.get("/sign-in")
@open_to_anybody
def ask(request: Request, next: str = "") -> Response:
    """The form."""
    return view_of(request).page("sign_in.html", next=next, name="", problem=None)


@router.post("/sign-in")
@open_to_anybody
def sign_in(request: Request, form: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Begin a session; a wrong name and a wrong password are told alike."""
    view = view_of(request)
    name, password, where = (
        "".join(form.get(field, [""])[:1]) for field in ("name", "password", "next")
    )
    address = request.client.host if request.client else ""
    status, problem, session, outcome = 401, view.says("sign_in_wrong"), None, "refused"
    try:
        session = users.sign_in(
            view.desk.database, name, password, address, view.now, view.console.session
        )
    except users.Throttled as error:
        status, outcome = 429, "throttled"
        problem = view.says("sign_in_wait", seconds=error.wait // SECOND + 1)
    DESK_SIGN_INS.labels(outcome if session is None else "accepted").inc()
    if session is None:
        return view.page("sign_in.html", status, next=where, name=name, problem=problem)
    answer = go(where)
    for cookie, value in ((users.COOKIE, session.secret), (CSRF_COOKIE, session.csrf)):
        answer.set_cookie(
            cookie,
            value,
            max_age=view.console.session // SECOND,
            httponly=True,
            samesite="strict",
            secure=view.console.secure,
        )
    return answer


@router.post("/sign-out")
@needs(Role.viewer)
def sign_out(request: Request) -> Response:
    """End the session."""
    users.sign_out(view_of(request).desk.database, request.cookies.get(users.COOKIE, ""))
    answer = Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    for cookie in (users.COOKIE, CSRF_COOKIE):
        answer.delete_cookie(cookie)
    return answer
