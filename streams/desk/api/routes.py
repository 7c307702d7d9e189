"""The routes of `/api/v1`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, Row, select

from schemas import ProductRisk, ShipmentWarning, ShopRisk
from streams.desk.access.who import Role
from streams.desk.actions.perform import Act, perform
from streams.desk.api.asked import place, token, wanted
from streams.desk.api.desk import desk_of, who_of
from streams.desk.api.forms import (
    ActionAnswer,
    ActionRequest,
    Actions,
    Checkpoint,
    Done,
    Me,
    OrderDetail,
    OrderItem,
    ParcelItem,
    ProductDays,
    ShopDays,
    WarningCounts,
    WarningDetail,
    WarningFeed,
    WarningItem,
    WarningPage,
)
from streams.desk.api.guard import needs
from streams.desk.api.problems import RESPONSES, FieldProblem, Problem
from streams.desk.database import days, lists, tracks
from streams.desk.database.sight import Sight
from streams.desk.database.tables import actions, revisions
from streams.desk.database.wanted import Wanted
from streams.facts.times import from_datetime, to_datetime

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

MOST_ROWS = 500
_LARGEST = (1 << 63) - 1

Asked = Annotated[Wanted, Depends(wanted)]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
WarningId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Cursor = Annotated[int, Query(ge=0, le=_LARGEST)]
Days = Annotated[int, Query(ge=1, le=90, description="How many days back.")]


@router.get("/me")
@needs(Role.viewer)
def me(request: Request) -> Me:
    """Who asks, and what they may."""
    who = who_of(request)
    shops = None if who.shops is None else sorted(map(str, who.shops))
    return Me(name=who.name, role=who.role.name, shops=shops)


@router.get("/warnings")
@needs(Role.viewer)
def warnings_page(
    request: Request,
    asked: Asked,
    order: lists.Order = "due",
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> WarningPage:
    """What matches, most urgent first, or newest first."""
    desk = desk_of(request)
    begin = place(after)
    with desk.database.reading() as connection:
        found = lists.page(connection, asked, desk.clock(), order=order, after=begin, limit=limit)
    return WarningPage(items=[WarningItem.of(row) for row in found.rows], next=token(found.next))


@router.get("/warnings/counts")
@needs(Role.viewer)
def warnings_counts(request: Request, asked: Asked) -> WarningCounts:
    """How many match, by dimension."""
    desk = desk_of(request)
    with desk.database.reading() as connection:
        return WarningCounts.of(lists.counts(connection, asked, desk.clock()))


@router.get("/warnings/feed")
@needs(Role.viewer)
def warnings_feed(request: Request, since: Cursor = 0, limit: Limit = 200) -> WarningFeed:
    """What has changed after a cursor, oldest change first; nothing that is committed is skipped.

    A warning that changed several times comes once, as it is now; one whose time to be kept is
    over comes no more.
    """
    with desk_of(request).database.reading() as connection:
        found = lists.since(connection, since, who_of(request).shops, limit)
    cursor = found[-1].cursor if found else since
    return WarningFeed(items=[WarningItem.of(row) for row in found], cursor=cursor)


@router.get("/warnings/{warning_id}")
@needs(Role.viewer)
def warning(request: Request, warning_id: WarningId) -> WarningDetail:
    """One warning with its revisions, and what was done."""
    with desk_of(request).database.reading() as connection:
        row = lists.one(connection, warning_id, who_of(request).shops)
        if row is None:
            raise Problem(404, "there is no such warning")
        course = connection.execute(
            select(revisions.c.value)
            .where(revisions.c.warning_id == warning_id)
            .order_by(revisions.c.revision)
        ).scalars()
        return WarningDetail(
            **dict(WarningItem.of(row)),
            revisions=[ShipmentWarning.model_validate_json(value) for value in course],
            actions=_done(connection, warning_id),
        )


@router.get("/warnings/{warning_id}/actions")
@needs(Role.viewer)
def warning_actions(request: Request, warning_id: WarningId) -> Actions:
    """What was done about a warning."""
    with desk_of(request).database.reading() as connection:
        if lists.one(connection, warning_id, who_of(request).shops) is None:
            raise Problem(404, "there is no such warning")
        return Actions(items=_done(connection, warning_id))


@router.post("/actions")
@needs(Role.operator)
def act(request: Request, asked: ActionRequest) -> ActionAnswer:
    """Do something to warnings, all in one transaction."""
    desk, who = desk_of(request), who_of(request)
    if asked.until is not None and asked.until.tzinfo is None:
        naive = FieldProblem(field="until", message="needs an offset from UTC")
        raise Problem(422, "until needs an offset from UTC", [naive])
    wish = Act(
        kind=asked.kind,
        actor=who.name,
        until=None if asked.until is None else from_datetime(asked.until),
        assignee=asked.assignee,
        manifest_id=asked.manifest_id,
        comment=asked.comment,
        request_id=asked.request_id,
    )
    done = perform(
        desk.database, asked.warning_ids, wish, desk.clock(), who.shops, desk.acknowledge
    )
    return ActionAnswer(done=list(done.warning_ids), missing=list(done.missing))


@router.get("/parcels/{carrier}/{tracking_number:path}")
@needs(Role.viewer)
def parcel(request: Request, carrier: str, tracking_number: str) -> ParcelItem:
    """Everything known of a parcel."""
    with desk_of(request).database.reading() as connection:
        found = _parcel(connection, f"{carrier}:{tracking_number}", who_of(request).shops)
    if found is None:
        raise Problem(404, "nothing is known of this parcel")
    return found


@router.get("/orders/{order_id:path}")
@needs(Role.viewer)
def order(request: Request, order_id: str) -> OrderDetail:
    """Everything known of an order."""
    shops = who_of(request).shops
    _is_text(order_id)
    with desk_of(request).database.reading() as connection:
        found = tracks.order(connection, order_id, shops)
        if found is None:
            raise Problem(404, "nothing is known of this order")
        parcels = [
            _parcel(connection, key, shops) for key in tracks.parcels_of(connection, order_id)
        ]
        return OrderDetail(
            order=OrderItem.of(found),
            parcels=[each for each in parcels if each is not None],
            warnings=_items(tracks.warnings_of(connection, order_id, shops)),
        )


@router.get("/shops")
@needs(Role.viewer)
def shops(
    request: Request,
    back: Annotated[Days, Query(alias="days")] = 30,
    platform: str | None = None,
    shop_id: str | None = None,
) -> ShopDays:
    """Each shop's days, and how far each is from its platform's lines."""
    since = _day(request, back)
    _is_text(platform, shop_id)
    with desk_of(request).database.reading() as connection:
        found = days.of_shops(connection, since, who_of(request).shops, platform, shop_id)
    return ShopDays(items=[ShopRisk.model_validate(each) for each in found])


@router.get("/products", response_model_exclude_unset=True)
@needs(Role.viewer)
def products(
    request: Request,
    back: Annotated[Days, Query(alias="days")] = 30,
    platform: str | None = None,
    shop_id: str | None = None,
) -> ProductDays:
    """The same of products with late orders, and what products lack now."""
    since = _day(request, back)
    _is_text(platform, shop_id)
    with desk_of(request).database.reading() as connection:
        who = who_of(request).shops
        found = days.of_products(connection, since, who, platform, shop_id)
        stock = days.of_stock(connection, who, platform, shop_id)
    return ProductDays(
        items=[ProductRisk.model_validate(each) for each in found],
        stock=[ProductRisk.model_validate(each) for each in stock],
    )


def _done(connection: Connection, warning_id: str) -> list[Done]:
    query = select(actions).where(actions.c.warning_id == warning_id)
    rows = connection.execute(query.order_by(actions.c.sequence))
    return [Done.of(row) for row in rows]


def _items(rows: list[Row[Any]]) -> list[WarningItem]:
    return [WarningItem.of(row) for row in rows]


def _parcel(connection: Connection, key: str, shops: Sight) -> ParcelItem | None:
    _is_text(key)
    found = tracks.parcel(connection, key, shops)
    if found is None:
        return None
    visible = None if shops is None else frozenset(each.order_id for each in found.orders)
    carrier, _, number = key.partition(":")
    return ParcelItem(
        carrier=carrier,
        tracking_number=number,
        records=[Checkpoint.of(row, visible, shops) for row in found.records],
        orders=[OrderItem.of(each) for each in found.orders],
        warnings=_items(list(found.warnings)),
    )


def _day(request: Request, back: int) -> str:
    today = to_datetime(desk_of(request).clock())
    return (today - timedelta(days=back)).date().isoformat()


def _is_text(*texts: str | None) -> None:
    """No database keeps a NUL: nothing can be called so."""
    if any("\0" in (text or "") for text in texts):
        raise Problem(404, "there is nothing of that name")
