"""What the console's pages work with, and how a request becomes a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from streams.desk.access.who import Role, Who
from streams.desk.api.desk import Desk, desk_of
from streams.desk.api.problems import Problem
from streams.desk.console.shown import Shown
from streams.desk.console.words import LANGUAGES, Says, preferred
from streams.desk.database.database import newest_cursor
from streams.evidence.shown import Original
from streams.facts.times import HOUR
from streams.notify.texts.links import Links
from streams.profiles.model import Profiles

if TYPE_CHECKING:
    # Its packages are an extra of their own.
    from streams.desk.access.oidc.flow import SignIn

CSRF_COOKIE = "shipsentry_desk_csrf"
"""The secret that pages put into what they send; kept as a hash beside the session."""
LANGUAGE_COOKIE = "shipsentry_desk_lang"
THEME_COOKIE = "shipsentry_desk_theme"
THEMES = ("auto", "light", "dark")

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Without the origin of a form that is sent, nobody could tell ours from another site's.
    "Referrer-Policy": "same-origin",
}
"""What browsers are told of every page, besides what the desk says of every answer."""


@dataclass(slots=True)
class Console:
    """What the pages need besides the desk: profiles for what a rule rests on, and how long a
    sign-in lasts (µs).

    `originals` reads the records that a warning names; without it evidence goes without them.
    `secure`: cookies are for HTTPS only. `single_sign_on` is the way to a provider, where there is
    one; `local_users`: users of the desk's own may sign in. `comparisons` is the folder of
    saved ones (what if). `links` reads what the links of notifications allow.
    """

    profiles: Profiles
    session: int = 12 * HOUR
    originals: Callable[[Mapping[str, Any]], Sequence[Original]] | None = None
    secure: bool = False
    single_sign_on: SignIn | None = None
    local_users: bool = True
    comparisons: Path | None = None
    links: Links | None = None


def console_of(request: Request) -> Console:
    """The console that a request is for."""
    console: Console = request.app.state.console
    return console


@dataclass(slots=True)
class View:
    """One request as a page sees it."""

    request: Request
    desk: Desk
    console: Console
    now: int
    who: Who | None
    language: str
    theme: str
    cursor: int
    """The newest change that the page can show: what came later is news."""
    shown: Shown = field(init=False)

    def __post_init__(self) -> None:
        self.shown = Shown(self.language, self.now)

    @property
    def says(self) -> Says:
        """The words of the reader's language."""
        return self.shown.says

    @property
    def me(self) -> Who:
        """Who asks; the guard has let them in."""
        assert self.who is not None  # noqa: S101 - a route that is open asks for `who`
        return self.who

    @property
    def may_act(self) -> bool:
        """Whether who asks may do more than look."""
        return self.who is not None and self.who.role >= Role.operator

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A page from its template."""
        body = (
            _templates()
            .get_template(template)
            .render(
                view=self,
                t=self.says,
                shown=self.shown,
                asset=asset,
                csrf=self.request.cookies.get(CSRF_COOKIE, "") if self.who else "",
                path=self.request.url.path,
                **values,
            )
        )
        return HTMLResponse(body, status, headers=HEADERS)

    def acted(self, said: str) -> Response:
        """Nothing to show but a word of what was done; the page fetches itself anew."""
        news = json.dumps({"acted": {"said": said}})  # a header is ASCII, and so is this
        return Response(status_code=204, headers={"HX-Trigger": news})


def view_of(request: Request) -> View:
    """A request with its language and theme."""
    desk = desk_of(request)
    cookies = request.cookies
    language = cookies.get(LANGUAGE_COOKIE, "")
    if language not in LANGUAGES:
        language = preferred(request.headers.get("Accept-Language", ""))
    theme = cookies.get(THEME_COOKIE, "")
    who, cursor = getattr(request.state, "who", None), 0
    if who is not None:
        with desk.database.reading() as connection:
            cursor = newest_cursor(connection)
    return View(
        request,
        desk,
        console_of(request),
        desk.clock(),
        who,
        language,
        theme if theme in THEMES else "auto",
        cursor,
    )


async def form_of(request: Request) -> dict[str, list[str]]:
    """The fields of a form, those that are empty left out. Raises Problem."""
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, max_num_fields=5_000, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise Problem(422, "the form cannot be read") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def local(path: str) -> str:
    """A path of this desk to go back to; anything else is the first page."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\"))
    fine = fine and path.isascii() and path.isprintable() and "\\" not in path
    return path if fine else "/warnings"


def address(path: str) -> str:
    """A path of this desk as it stands in a header or a page."""
    return quote(local(path), safe="/%?&=:+~,@!$'()*;#")


def go(path: str) -> Response:
    """See there."""
    return RedirectResponse(address(path), 303, headers=HEADERS)


_YEAR_S = 365 * 86_400


def remember(answer: Response, request: Request, cookie: str, value: str) -> None:
    """Have the browser keep a choice of language or theme for a year."""
    answer.set_cookie(
        cookie,
        value,
        max_age=_YEAR_S,
        httponly=True,
        samesite="lax",
        secure=console_of(request).secure,
    )


ASSETS = {
    "desk.css": "text/css",
    "desk.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Every file that a page may load, and what it is."""


@cache
def asset_body(name: str) -> bytes:
    """A file that pages load."""
    return files("streams.desk.console").joinpath("static", name).read_bytes()


@cache
def asset(name: str) -> str:
    """Its address, which changes with what is in it."""
    return f"/static/{name}?v={hashlib.sha256(asset_body(name)).hexdigest()[:12]}"


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("streams.desk.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
