"""A warning as a row of a list, on whichever page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row

from streams.desk.console.shown import Left, Shown, value_of

_SHOWN_ORDERS = 2


@dataclass(frozen=True, slots=True)
class WarningRow:
    """What a list says of a warning."""

    id: str
    left: Left
    state: str
    severity: str
    stage: str
    rule: str
    title: str
    message: str
    platform: str
    shop: str
    carrier: str
    number: str
    parcel_path: str
    orders: tuple[str, ...]
    more_orders: int
    cost: str
    marks: tuple[str, ...]
    assignee: str | None
    comments: int
    silent: bool


def row_of(row: Row[Any], shown: Shown) -> WarningRow:
    """From a whole row."""
    value = value_of(row)
    orders = tuple(value.get("order_ids") or ())
    return WarningRow(
        id=row.warning_id,
        left=shown.left(row),
        state=row.state,
        severity=row.severity,
        stage=row.stage,
        rule=row.rule,
        title=shown.rule(row.rule),
        message=shown.text(value, "message"),
        platform=row.platform,
        shop=row.shop_id,
        carrier=row.carrier,
        number=row.tracking_number,
        parcel_path=parcel_path(row.carrier, row.tracking_number),
        orders=orders[:_SHOWN_ORDERS],
        more_orders=max(0, len(orders) - _SHOWN_ORDERS),
        cost=shown.cost(row.exposure, row.currency, row.least, row.most),
        marks=marks_of(row, shown),
        assignee=row.work_assignee,
        comments=row.work_comments or 0,
        silent=row.feed == "silent",
    )


def marks_of(row: Row[Any], shown: Shown) -> tuple[str, ...]:
    """What stands of what was done about a warning, in a few words each."""
    says, now = shown.says, shown.now
    found = []
    until = row.work_acknowledged_until
    if row.work_acknowledged_at is not None and (until is None or until > now):
        mark = says("mark_acknowledged", who=row.work_acknowledged_by)
        found.append(mark if until is None else f"{mark} {says('until', at=shown.brief(until))}")
    if row.work_snoozed_until is not None and row.work_snoozed_until > now:
        found.append(says("mark_snoozed", until=shown.brief(row.work_snoozed_until)))
    if row.work_handed_over_at is not None:
        manifest = row.work_manifest_id
        found.append(
            says("mark_handed_over") if manifest is None else says("mark_manifest", id=manifest)
        )
    if row.work_known_at is not None:
        found.append(says("mark_known"))
    return tuple(found)


def parcel_path(carrier: str, number: str) -> str:
    """The page of a parcel; empty where there is no number."""
    return f"/parcels/{quote(f'{carrier}:{number}')}" if number else ""


def order_path(order_id: str) -> str:
    """The page of an order."""
    return f"/orders/{quote(order_id)}"
