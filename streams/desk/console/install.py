"""Puts the console on the desk's app, under the desk's guard."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import Response

from streams.desk.api.problems import Problem, answer
from streams.desk.console.console import Console, go, view_of
from streams.desk.console.pages import (
    acts,
    carriers,
    centre,
    exports,
    linked_acts,
    look_up,
    looks,
    notifications,
    products,
    shops,
    sign_in,
    single_sign_on,
    tracks,
    warning,
    what_if,
)

_ROUTERS = (
    looks.router,
    sign_in.router,
    single_sign_on.router,
    centre.router,
    exports.router,
    warning.router,
    tracks.router,
    shops.router,
    products.router,
    carriers.router,
    look_up.router,
    what_if.router,
    notifications.router,
    acts.router,
    linked_acts.router,
)


def install(app: FastAPI, console: Console) -> None:
    """Add the pages, and have what goes wrong with one of them told as a page."""
    app.state.console = console
    for router in _ROUTERS:
        app.include_router(router, include_in_schema=False)

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> Response:
        return page_of(request, problem)


def page_of(request: Request, problem: Problem) -> Response:
    """A problem as a page where somebody looks at one, as problem+json for programs and scripts."""
    is_script = "HX-Request" in request.headers
    is_page = "text/html" in request.headers.get("Accept", "")
    if problem.status == 401 and (is_script or is_page):
        back = request.headers.get("HX-Current-URL", "") if is_script else str(request.url)
        path = "/" + back.split("//", 1)[-1].partition("/")[2]
        where = "/sign-in?" + urlencode({"next": path})
        if is_script:
            return Response(status_code=401, headers={"HX-Redirect": where})
        return go(where)
    if is_page and not is_script and not request.url.path.startswith("/api/"):
        return view_of(request).page("problem.html", problem.status, problem=problem)
    return answer(problem)
