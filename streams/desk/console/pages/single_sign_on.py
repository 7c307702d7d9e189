"""Signing in by a provider: there, back, and out of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from streams.desk.access import users
from streams.desk.access.oidc.person import LASTS, NotLetIn
from streams.desk.access.who import Who
from streams.desk.api.guard import open_to_anybody
from streams.desk.api.problems import Problem
from streams.desk.console.console import HEADERS, View, address, go, view_of
from streams.desk.console.pages.sign_in import form, with_session
from streams.facts.times import SECOND
from streams.telemetry.events import event

if TYPE_CHECKING:
    from streams.desk.access.oidc.flow import SignIn

log = logging.getLogger(__name__)

router = APIRouter(prefix="/sign-in/oidc")

_STATUS = {"away": 503, "busy": 503, "expired": 400, "untrusted": 502}


@router.get("")
@open_to_anybody
def begin(request: Request, next: str = "") -> Response:
    """Go to the provider."""
    view = view_of(request)
    try:
        where, kept = _sign_in(view).begin(address(next), view.now)
    except NotLetIn as error:
        return _refused(view, error)
    answer = RedirectResponse(where, 303, headers=HEADERS)
    # Lax: the way back is from another site. The session's own cookie stays Strict.
    answer.set_cookie(
        _cookie(view), kept, max_age=LASTS // SECOND, httponly=True, samesite="lax",
        secure=view.console.secure,
    )  # fmt: skip
    return answer


@router.get("/callback")
@open_to_anybody
def back(request: Request) -> Response:
    """Come back from it: a session for whom it has let in, and once only."""
    view = view_of(request)
    try:
        person, path = _sign_in(view).finish(
            request.cookies.get(_cookie(view), ""), request.query_params, view.now
        )
        session = users.admit(
            view.desk.database,
            Who(person.name, person.role, person.shops),
            person.subject,
            view.now,
            view.console.session,
        )
    except NotLetIn as error:
        answer = _refused(view, error)
    except users.UserError:
        answer = _refused(view, NotLetIn("name", "the name is another user's"))
    else:
        # A page, and no redirect: browsers send a Strict cookie on none that began elsewhere.
        answer = with_session(view, view.page("signed_in.html", where=address(path)), session)
    answer.delete_cookie(_cookie(view), httponly=True, samesite="lax", secure=view.console.secure)
    return answer


@router.get("/leave")
@open_to_anybody
def leave(request: Request) -> Response:
    """End the session at the provider, for who has ended that of the desk."""
    view = view_of(request)
    try:
        where = _sign_in(view).leave()
    except NotLetIn as error:
        return _refused(view, error)
    return go("/sign-in") if where is None else RedirectResponse(where, 303, headers=HEADERS)


def _sign_in(view: View) -> SignIn:
    if view.console.single_sign_on is None:
        raise Problem(404, "this desk has no single sign-on")
    return view.console.single_sign_on


def _cookie(view: View) -> str:
    """Its name; by HTTPS one that no other host of the domain can set."""
    return f"{'__Host-' if view.console.secure else ''}shipsentry_desk_oidc"


def _refused(view: View, error: NotLetIn) -> Response:
    """The page of signing in, with what to do; the log has the rest."""
    log.warning(
        "nobody was signed in (%(reason)s): %(detail)s",
        event("desk_sign_in_refused", reason=error.reason, detail=error.detail),
    )
    problem = view.says(f"sso_{error.reason}")
    if error.reason == "away" and view.console.local_users:
        problem += " " + view.says("sso_password")
    return form(view, _STATUS.get(error.reason, 403), problem=problem)
