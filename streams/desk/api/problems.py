"""Errors as problem+json (RFC 9457): what is wrong, and with which field."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from streams.desk.actions.perform import WrongAct

JSON = "application/problem+json"
RETRY_AFTER_S = 2
_MOST = 20


class FieldProblem(BaseModel):
    """A field and what is wrong with it."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """What every error answers with."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] = []


class Problem(Exception):
    """Ends a request with a status and a sentence."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: list[FieldProblem] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}


def answer(problem: Problem) -> JSONResponse:
    """The response of a problem."""
    document = ProblemDocument(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        errors=problem.errors,
    )
    return JSONResponse(
        document.model_dump(), problem.status, headers=problem.headers, media_type=JSON
    )


def install(app: FastAPI, authorize: Callable[[Request], None]) -> None:
    """Have the app answer all that goes wrong like this.

    A body is read before `authorize` lets anybody in: who may not ask is told that, whatever is
    wrong with it.
    """

    async def refused(request: Request, problem: Problem) -> Response:
        try:
            if "route" in request.scope and not hasattr(request.state, "who"):
                await run_in_threadpool(authorize, request)
        except Problem as error:
            problem = error
        handler: Any = app.exception_handlers[Problem]
        found: Response = await handler(request, problem)
        return found

    @app.exception_handler(Problem)
    async def _known(_request: Request, error: Problem) -> JSONResponse:
        return answer(error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        return await refused(
            request, Problem(error.status_code, str(error.detail), headers=headers)
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [_field(each) for each in error.errors()[:_MOST]]
        return await refused(request, Problem(422, "the request is not what is allowed", errors))

    @app.exception_handler(WrongAct)
    async def _act(_request: Request, error: WrongAct) -> JSONResponse:
        wrong = FieldProblem(field=error.field, message=str(error))
        return answer(Problem(422, f"{error.field} {error}", [wrong]))

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeout)
    async def _database(_request: Request, _error: Exception) -> JSONResponse:
        return answer(
            Problem(
                503,
                "the database does not answer: ask again",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        )


def _field(error: Any) -> FieldProblem:
    """The place without the part of the request that it is in; the value is not repeated."""
    place = [str(part) for part in error["loc"]]
    return FieldProblem(field=".".join(place[1:] or place), message=error["msg"])


_REF = "#/components/schemas/{model}"

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        # By a model the framework would say that it is plain JSON too.
        "content": {JSON: {"schema": {"$ref": _REF.format(model=ProblemDocument.__name__)}}},
    }
    for status in (400, 401, 403, 404, 408, 413, 421, 422, 503)
}
"""What any route may answer with instead."""


def components() -> dict[str, Any]:
    """The schemas that these refer to."""
    found = ProblemDocument.model_json_schema(ref_template=_REF)
    return {**found.pop("$defs"), ProblemDocument.__name__: found}
