"""The warning centre: what stands, most urgent first, and what to do with many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from streams.desk.access.who import Role
from streams.desk.api.asked import place, token
from streams.desk.api.guard import needs
from streams.desk.api.problems import FieldProblem, Problem
from streams.desk.console.console import LANGUAGE_COOKIE, View, form_of, go, remember, view_of
from streams.desk.console.filters import DUE, NONE, TABS, Filter, parsed, read
from streams.desk.console.linked import linked
from streams.desk.console.pages.rows import row_of
from streams.desk.console.queries import views
from streams.desk.database import lists

router = APIRouter()

ROWS = 50
"""Warnings of one page."""

FACETS = ("severity", "rule", "platform", "shop_id", "carrier", "stage", "state")
TAKE_BACK = {"acknowledged": "acknowledge", "snoozed": "snooze", "mine": "assign"}
"""Tab → what was done to all that it shows, and can be taken back."""
AT_ONCE = 6
"""Values of a dimension that are shown before somebody asks for the others."""
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a dimension that can be chosen, and how many there are."""

    value: str
    label: str
    n: int
    chosen: bool


@router.get("/warnings")
@needs(Role.viewer)
def centre(request: Request) -> Response:
    """The list with its filters and counts; a dashboard's question is asked anew as its own."""
    if (asked := linked(request.url.query)) is not None:
        answer = go(f"/warnings?{asked.query}")
        if asked.language:
            remember(answer, request, LANGUAGE_COOKIE, asked.language)
        return answer
    view = view_of(request)
    params = parsed(request.url.query)
    found = read(params, view.me, view.now)
    after = place(next(iter(params.get("after", ())), None))
    with view.desk.database.reading() as connection:
        page = lists.page(
            connection, found.wanted, view.now, order=found.order, after=after, limit=ROWS
        )
        counts = lists.counts(connection, found.wanted, view.now)
        own = views.saved(connection, view.me.name)
        facets = _facets(counts, found, view)
    return view.page(
        "centre.html",
        filter=found,
        rows=[row_of(row, view.shown) for row in page.rows],
        total=counts.total,
        capped=counts.capped,
        facets=facets,
        tabs=list(TABS),
        due=DUE,
        saved=own,
        query=found.query(),
        after=after,
        next=token(page.next),
        at_once=AT_ONCE,
        take_back=TAKE_BACK,
    )


@router.post("/views")
@needs(Role.viewer)
def save(request: Request, form: Annotated[dict[str, list[str]], Depends(form_of)]) -> Response:
    """Keep the filter under a name, or forget one."""
    view = view_of(request)
    name = form.get("name", [""])[0].strip()
    if not 0 < len(name) <= views.LONGEST_NAME or "\0" in name:
        raise _wrong("name", view.says("view_name_wrong", longest=views.LONGEST_NAME))
    if "remove" in form:
        views.remove(view.desk.database, view.me.name, name)
        return view.acted(view.says("view_removed", name=name))
    query = read(parsed(form.get("query", [""])[0]), view.me, view.now).query()
    if len(query) > views.LONGEST_QUERY:
        raise _wrong("query", view.says("view_too_long"))
    try:
        views.save(view.desk.database, view.me.name, name, query)
    except views.TooMany:
        raise _wrong("name", view.says("view_too_many", most=views.MOST)) from None
    return view.acted(view.says("view_saved", name=name))


def matching(connection: Connection, view: View, query: str, most: int) -> list[str]:
    """The ids of all that a filter shows, at most `most`."""
    wanted = read(parsed(query), view.me, view.now).wanted
    return lists.matching(connection, wanted, view.now, most)


def _facets(counts: lists.Counts, found: Filter, view: View) -> list[tuple[str, list[Choice]]]:
    """Each dimension with its values, the most frequent first, what is chosen before all."""
    facets = []
    for name in FACETS:
        numbers = dict.fromkeys(found.given.get(name, ()), 0)
        for value, n in counts.by[name].items():
            if n:
                numbers[value or NONE] = n
        choices = [
            Choice(
                value,
                view.shown.value(name, "" if value == NONE else value),
                n,
                value in found.given.get(name, ()),
            )
            for value, n in numbers.items()
        ]
        choices.sort(key=lambda each: (not each.chosen, -each.n, each.label))
        facets.append((name, choices[:_MOST_VALUES]))
    return facets


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, message, [FieldProblem(field=field, message=message)])
