"""What every page loads, and how it looks: files, language, theme."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from streams.desk.api.guard import open_to_anybody
from streams.desk.api.problems import Problem
from streams.desk.console.console import (
    ASSETS,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    asset_body,
    form_of,
    go,
    local,
    remember,
)
from streams.desk.console.words import LANGUAGES

router = APIRouter()

_YEAR_S = 365 * 86_400


@router.get("/static/{name}")
@open_to_anybody
def static(name: str) -> Response:
    """A file that pages load; its address names its content, so it may be kept."""
    if name not in ASSETS:
        raise Problem(404, "there is no such file")
    headers = {"Cache-Control": f"public, max-age={_YEAR_S}, immutable"}
    return Response(asset_body(name), media_type=ASSETS[name], headers=headers)


@router.post("/look")
@open_to_anybody
def look(request: Request, form: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Choose a language or a theme; nothing else comes of it, so it needs no sign-in."""
    answer = go(local("".join(form.get("back", [""])[:1])))
    for cookie, name, allowed in (
        (LANGUAGE_COOKIE, "lang", LANGUAGES),
        (THEME_COOKIE, "theme", THEMES),
    ):
        value = "".join(form.get(name, [""])[:1])
        if value in allowed:
            remember(answer, request, cookie, value)
    return answer
