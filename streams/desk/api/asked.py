"""What a request asks for: filters and places in a list."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import AwareDatetime

from streams.desk.api.desk import who_of
from streams.desk.api.problems import FieldProblem, Problem
from streams.desk.database.lists import Place
from streams.desk.database.wanted import ATTENTION, SHORTEST_TEXT, STANDING, Wanted
from streams.facts.times import from_datetime

MOST_VALUES = 200
_LARGEST = (1 << 63) - 1

Values = Annotated[list[str] | None, Query(max_length=MOST_VALUES)]
Sum = Annotated[int | None, Query(ge=0, le=_LARGEST)]
State = Literal["open", "breached", "resolved", "withdrawn", "any"]


def wanted(
    request: Request,
    platform: Values = None,
    shop_id: Values = None,
    rule: Values = None,
    stage: Values = None,
    severity: Values = None,
    carrier: Values = None,
    state: Annotated[
        list[State] | None, Query(description="Default: what stands, open and breached.")
    ] = None,
    q: Annotated[
        str | None,
        Query(
            min_length=SHORTEST_TEXT,
            max_length=128,
            description="Part of an order or tracking number, in any case.",
        ),
    ] = None,
    due_from: AwareDatetime | None = None,
    due_to: AwareDatetime | None = None,
    currency: Annotated[str | None, Query(max_length=8)] = None,
    most_from: Annotated[Sum, Query(description="Minor units; needs `currency`.")] = None,
    most_to: Annotated[Sum, Query(description="Minor units; needs `currency`.")] = None,
    attention: Annotated[
        Literal["needed"] | None, Query(description="Neither acknowledged nor snoozed now.")
    ] = None,
    acknowledged: bool | None = None,
    snoozed: bool | None = None,
    handed_over: bool | None = None,
    known: bool | None = None,
    assignee: Annotated[str | None, Query(max_length=128)] = None,
) -> Wanted:
    """The filter that a request names; empty values of a dimension mean: none stated."""
    if currency is None and (most_from is not None or most_to is not None):
        wrong = FieldProblem(field="currency", message="is required with most_from and most_to")
        raise Problem(422, "sums are compared in one currency", [wrong])
    states = () if state and "any" in state else tuple(state or STANDING)
    for name, text in (("q", q), ("assignee", assignee), ("currency", currency)):
        if text is not None and "\0" in text:
            nul = "holds a character that no text has (U+0000)"
            raise Problem(422, f"{name} {nul}", [FieldProblem(field=name, message=nul)])
    return Wanted(
        platform=_values(platform),
        shop_id=_values(shop_id),
        rule=_values(rule),
        stage=_values(stage),
        severity=_values(severity),
        state=states,
        carrier=_values(carrier),
        only_shops=who_of(request).shops,
        text=q,
        due_from=None if due_from is None else from_datetime(due_from),
        due_to=None if due_to is None else from_datetime(due_to),
        currency=currency,
        most_from=most_from,
        most_to=most_to,
        attention=attention == ATTENTION,
        acknowledged=acknowledged,
        snoozed=snoozed,
        handed_over=handed_over,
        known=known,
        assignee=assignee,
    )


def place(text: str | None) -> Place | None:
    """Where a page begins, as `token` wrote it; raises Problem for anything else."""
    if text is None:
        return None
    try:
        value, number = base64.urlsafe_b64decode(text.encode()).decode().split(":")
        found = Place(int(value), int(number))
    except (ValueError, binascii.Error):
        found = Place(_LARGEST + 1, 0)
    if not all(-_LARGEST <= each <= _LARGEST for each in found):
        wrong = FieldProblem(field="after", message="is none that a page ended with")
        raise Problem(422, "after is none that a page ended with", [wrong])
    return found


def token(found: Place | None) -> str | None:
    """A place as text without a meaning of its own."""
    if found is None:
        return None
    return base64.urlsafe_b64encode(f"{found.value}:{found.id}".encode()).decode()


def _values(sent: list[str] | None) -> tuple[str, ...]:
    return tuple(each for each in sent or () if "\0" not in each)
