"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from streams.desk.access import users
from streams.desk.access.who import Role
from streams.desk.api.guard import needs, open_to_anybody
from streams.desk.console.console import CSRF_COOKIE, View, form_of, go, view_of
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
def ask(request: Request, next: str = "", left: str = "") -> Response:
    """The form; `left`: who has just signed out is still signed in at the provider."""
    return form(view_of(request), where=next, left=bool(left))


@router.post("/sign-in")
@open_to_anybody
def sign_in(request: Request, sent: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Begin a session; a wrong name and a wrong password are told alike."""
    view = view_of(request)
    name, password, where = (
        "".join(sent.get(field, [""])[:1]) for field in ("name", "password", "next")
    )
    if not view.console.local_users:
        return form(view, 403, where=where, problem=view.says("sign_in_off"))
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
        return form(view, status, where=where, name=name, problem=problem)
    return with_session(view, go(where), session)


@router.post("/sign-out")
@needs(Role.viewer)
def sign_out(request: Request) -> Response:
    """End the session; not that at the provider, whose way out the form then shows."""
    view = view_of(request)
    with view.desk.database.reading() as connection:
        external = users.is_external(connection, view.me.name)
    users.sign_out(view.desk.database, request.cookies.get(users.COOKIE, ""))
    where = "/sign-in?left=1" if external else "/sign-in"
    answer = Response(status_code=204, headers={"HX-Redirect": where})
    for cookie in (users.COOKIE, CSRF_COOKIE):
        answer.delete_cookie(cookie)
    return answer


def form(
    view: View,
    status: int = 200,
    *,
    where: str = "",
    name: str = "",
    problem: str | None = None,
    left: bool = False,
) -> Response:
    """The page of signing in: where to go from it, what was typed, and what went wrong."""
    return view.page("sign_in.html", status, next=where, name=name, problem=problem, left=left)


def with_session(view: View, answer: Response, session: users.Session) -> Response:
    """An answer that signs the browser in."""
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
