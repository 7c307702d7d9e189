"""A parcel and an order: everything known, all tracks on one line of time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from streams.desk.access.who import Role
from streams.desk.api.guard import needs
from streams.desk.api.problems import Problem
from streams.desk.console.console import View, view_of
from streams.desk.console.drawing import Mark, scale
from streams.desk.console.pages.rows import WarningRow, order_path, parcel_path, row_of
from streams.desk.console.shown import Shown
from streams.desk.database import tracks
from streams.profiles.money import spelled

router = APIRouter()

_MOMENTS = (
    *("paid_at", "final_paid_at", "promised_ship_by", "promised_delivery_by"),
    "refund_requested_at",
)
_MOST_PARCELS = 20


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: to a parcel (`track` is its number on the page), or to the order."""

    at: int
    when: str
    what: str
    place: str
    track: int | None
    look: str
    note: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """A parcel on the line of time: its marks, and where it begins and ends."""

    number: int
    label: str
    path: str
    marks: Sequence[Mark]
    x: float
    width: float


@router.get("/parcels/{key:path}")
@needs(Role.viewer)
def parcel(request: Request, key: str) -> Response:
    """The page of a parcel by its key, `carrier:NUMBER`: no carrier has a colon."""
    view = view_of(request)
    _text(view, key)
    with view.desk.database.reading() as connection:
        found = tracks.parcel(connection, key, view.me.shops)
    if found is None:
        raise Problem(404, view.says("no_parcel"))
    carrier, _, number = key.partition(":")
    events = _of_parcel(found, 1, view)
    for order in found.orders:
        events += _of_order(order, view.shown)
    return view.page(
        "track.html",
        title=number,
        kind="parcel",
        carrier=view.shown.value("carrier", carrier),
        orders=[_order(each, view.shown) for each in found.orders],
        parcels=[],
        events=_sorted(events),
        tracks=_tracks([found], events, view),
        warnings=_rows(found.warnings, view),
    )


@router.get("/orders/{order_id:path}")
@needs(Role.viewer)
def order(request: Request, order_id: str) -> Response:
    """The page of an order, with all its parcels."""
    view = view_of(request)
    _text(view, order_id)
    shops = view.me.shops
    with view.desk.database.reading() as connection:
        found = tracks.order(connection, order_id, shops)
        about = tracks.warnings_of(connection, order_id, shops)
        if found is None and not about:
            raise Problem(404, view.says("no_order"))
        keys = tracks.parcels_of(connection, order_id)
        parcels = [tracks.parcel(connection, key, shops) for key in keys[:_MOST_PARCELS]]
    known = [each for each in parcels if each is not None]
    events = [] if found is None else _of_order(found, view.shown)
    for number, each in enumerate(known, 1):
        events += _of_parcel(each, number, view)
    return view.page(
        "track.html",
        title=order_id,
        kind="order",
        carrier="",
        orders=[] if found is None else [_order(found, view.shown)],
        parcels=keys,
        events=_sorted(events),
        tracks=_tracks(known, events, view),
        warnings=_rows(about, view),
    )


def _text(view: View, text: str) -> None:
    """No database keeps a NUL: nothing can be called so. Raises Problem."""
    if "\0" in text:
        raise Problem(404, view.says("no_parcel"))


def _rows(found: Sequence[Any], view: View) -> list[WarningRow]:
    return [row_of(row, view.shown) for row in found]


def _of_parcel(found: tracks.Parcel, track: int, view: View) -> list[Event]:
    """Its records; those that were taken back stay, and say so."""
    shown = view.shown
    taken_back = {row.digest for row in found.records if row.voided}
    visible = {order.order_id for order in found.orders}
    events = []
    for row in found.records:
        if row.voided and any(
            each.digest == row.digest and not each.voided for each in found.records
        ):
            continue
        remarks = [shown.says("estimated")] if row.estimated else []
        voided = row.digest in taken_back
        if voided:
            remarks.append(shown.says("taken_back"))
        if row.next:
            remarks.append(shown.says("goes_on_as", number=row.next))
        mine = view.me.shops is None
        named = [each for each in json.loads(row.order_ids) if mine or each in visible]
        events.append(
            Event(
                row.at,
                shown.moment(row.at),
                shown.word("statuses", row.status),
                shown.place(row.province, row.city),
                track,
                "voided" if voided else row.status,
                " · ".join([*remarks, *(named[:3] if row.status == "ordered" else ())]),
            )
        )
    return events


def _of_order(found: tracks.Order, shown: Shown) -> list[Event]:
    """The moments that an order states."""
    return [
        Event(
            at,
            shown.moment(at),
            shown.says(f"order_{name}"),
            "",
            None,
            "order",
            found.order_id,
            order_path(found.order_id),
        )
        for name in _MOMENTS
        if (at := found.stated.get(name)) is not None
    ]


def _sorted(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda each: each.at, reverse=True)


def _tracks(parcels: Sequence[tracks.Parcel], events: Sequence[Event], view: View) -> list[Track]:
    """Each parcel as a line over the time of all."""
    if not events or not parcels:
        return []
    along = scale((each.at for each in events), 10, 990)
    found = []
    for number, parcel in enumerate(parcels, 1):
        own = sorted((each for each in events if each.track == number), key=lambda one: one.at)
        if not own:
            continue
        carrier, _, name = parcel.key.partition(":")
        first, last = along.x(own[0].at), along.x(own[-1].at)
        marks = [Mark(along.x(each.at), each.what, each.when, each.look) for each in own]
        label = f"{view.shown.value('carrier', carrier)} {name}"
        path = parcel_path(carrier, name)
        found.append(Track(number, label, path, marks, first, round(max(last - first, 2), 1)))
    return found


def _order(found: tracks.Order, shown: Shown) -> dict[str, Any]:
    """What an order states, for a table."""
    stated = found.stated
    facts: list[tuple[str, str]] = []
    for name in ("platform", "shop_id"):
        if stated.get(name):
            facts.append((shown.says(f"dimension_{name}"), shown.value(name, stated[name])))
    for name in _MOMENTS:
        if stated.get(name) is not None:
            facts.append((shown.says(f"order_{name}"), shown.moment(stated[name])))
    if stated.get("amount_paid") is not None and stated.get("currency"):
        amount = int(stated["amount_paid"])
        facts.append((shown.says("order_amount_paid"), spelled(stated["currency"], amount, amount)))
    if stated.get("parcels_expected"):
        facts.append((shown.says("order_parcels_expected"), str(stated["parcels_expected"])))
    if stated.get("closed"):
        facts.append((shown.says("order_closed"), shown.says("yes")))
    return {"id": found.order_id, "path": f"/orders/{quote(found.order_id)}", "facts": facts}
