"""The app: routes, guard, probes. Whatever else is served beside it is added by `add`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from importlib import metadata
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.routing import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from starlette.routing import BaseRoute

from streams.desk.access.who import Role
from streams.desk.api import events, notifications, problems, routes
from streams.desk.api.desk import Desk, desk_of
from streams.desk.api.guard import Bounds, authorize, needs, open_to_anybody

TITLE = "ShipSentry desk"

probes = APIRouter(include_in_schema=False)


@probes.get("/healthz")
@open_to_anybody
def healthz() -> Response:
    """Whether the process answers."""
    return PlainTextResponse("ok\n")


@probes.get("/readyz")
@open_to_anybody
def readyz(request: Request) -> Response:
    """Whether the database answers and topics are read."""
    desk = desk_of(request)
    problem = desk.problem()
    if problem is None:
        with desk.database.reading() as connection:
            connection.execute(text("SELECT 1"))
    return PlainTextResponse(f"{problem or 'ok'}\n", 503 if problem else 200)


@probes.get("/metrics")
@open_to_anybody
def metrics(request: Request) -> Response:
    """What Prometheus asks for."""
    return Response(desk_of(request).metrics(), media_type=CONTENT_TYPE_LATEST)


@probes.get("/api/v1/openapi.json")
@needs(Role.viewer)
def openapi(request: Request) -> JSONResponse:
    """The API as OpenAPI 3.1."""
    app: FastAPI = request.app
    return JSONResponse(app.openapi())


def make_app(desk: Desk, add: Iterable[Callable[[FastAPI], None]] = ()) -> FastAPI:
    """The app of a desk; `add` are further rooms that put their routes on it, under one guard."""

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(desk.news.watch())
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    app = FastAPI(
        title=TITLE,
        lifespan=living,
        # Ours says who may ask for it.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(authorize)],
    )
    app.state.desk = desk
    problems.install(app, authorize)
    for router in (probes, routes.router, notifications.router, events.router):
        app.include_router(router)
    for each in add:
        each(app)
    app.openapi = document  # type: ignore[method-assign]
    app.add_middleware(Bounds, names=desk.names)
    return app


def served(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route, those of included routers too."""
    for route in routes:
        included: APIRouter | None = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from served(included.routes)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of `/api/v1`, with the way in; pages are not in it."""
    found = get_openapi(
        title=TITLE,
        version=metadata.version("shipsentry"),
        description="Warnings of parcels that are about to be judged fake shipments, and what is "
        "done about them.",
        routes=[
            *routes.router.routes,
            *notifications.router.routes,
            *events.router.routes,
        ],
    )
    for operations in found["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _left_out_not_null(parameter)
    found["components"]["schemas"] |= problems.components()
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    return found


def _left_out_not_null(parameter: dict[str, Any]) -> None:
    """A parameter that may be left out takes no null: no text of an address stands for one."""
    schema = parameter["schema"]
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
