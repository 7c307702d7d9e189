"""Rows of a spreadsheet → orders and uploads: rows that repeat an order are one, with all items."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from schemas.cleaning import clean_id
from streams.inputs.sheets.carriers import carrier_in
from streams.inputs.sheets.cells import (
    CellProblem,
    NoParcel,
    When,
    identities,
    identity,
    parcels,
    parts,
    recipient,
    text,
    when,
    whens,
    yes,
)
from streams.inputs.sheets.form import Form, Means
from streams.inputs.sheets.sheet import EMPTY, BadRow, Cells, Sheet
from streams.inputs.sources.messages import Orders, minor_units, whole
from streams.inputs.sources.payload import Feed, Outcome, Payload, Refusal
from streams.inputs.table import fold

_PIECES = re.compile(r"(\d{1,6})(?:\.0+)?\s*[^\d.]?", re.ASCII)

_VERSION = ("updated_at", "ordered_at", "finished_at", "closed_at")
"""Times at which an order was seen; the payment's and the parcels' are too."""


@dataclass(slots=True)
class _Draft:
    """What the rows of one order said so far."""

    line: int
    order_id: str
    shop_id: str
    platform: str
    paid_at: When | None = None
    stand_in: When | None = None
    promised: datetime | None = None
    latest: datetime | None = None
    closed_at: datetime | None = None
    amount: int | None = None
    currency: str = ""
    recipient: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    sub_orders: set[str] = field(default_factory=set)
    means: list[Means] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    ships: list[bool] = field(default_factory=list)
    uploads: dict[tuple[str, str], When | None] = field(default_factory=dict)


def orders_of(sheet: Sheet, feed: Feed, payload: Payload, exported_at: datetime | None) -> Outcome:
    """The orders and uploads of a sheet, each row that cannot be used refused by its line.

    `exported_at` is when the sheet was made, where that is known.
    """
    reader = _Reader(sheet, feed, payload, exported_at)
    for row in sheet.rows():
        if isinstance(row, BadRow):
            reader.outcome.refuse("bad_row", f"line {row.line}: {row.why}")
            continue
        try:
            reader.row(row)
        except CellProblem as error:
            reader.outcome.refuse(error.reason, f"line {row.line}: {error}")
    return reader.done()


class _Reader:
    """Reads the rows of one sheet into orders."""

    def __init__(
        self, sheet: Sheet, feed: Feed, payload: Payload, exported_at: datetime | None
    ) -> None:
        self._form: Form = sheet.form
        self._feed = feed
        self._zone: ZoneInfo | None = feed.default_zone or sheet.form.zone
        self._exported_at = exported_at
        self._arrived_at = payload.arrived_at
        self._says_paid = "paid_at" in sheet.fields
        self.outcome = Outcome()
        self._orders = Orders(sheet.form.name, payload, self.outcome)
        self._drafts: dict[tuple[str, str, str], _Draft] = {}
        self._groups: dict[str, _Draft] = {}

    def row(self, row: Cells) -> None:
        """Take in one row; raises CellProblem where it cannot be used."""
        before = len(self._drafts)
        draft = self._draft(row)
        try:
            self._take(draft, row)
        except CellProblem:
            if len(self._drafts) > before:
                self._drafts.popitem()
            raise

    def _take(self, draft: _Draft, row: Cells) -> None:
        sub_orders = [one for one in identities(row, "sub_order_id") if one]
        if sub_orders and draft.sub_orders.issuperset(sub_orders):
            self.outcome.passed["repeated_row"] += 1
            self._uploads(draft, row)
            return
        if self._form.kind == "orders":
            self._times(draft, row)
            self._standing(draft, row)
            self._money(draft, row, bool(sub_orders))
            self._items(draft, row, bool(sub_orders))
        draft.sub_orders.update(sub_orders)
        self._uploads(draft, row)

    def done(self) -> Outcome:
        """The messages of all rows."""
        for draft in self._drafts.values():
            refused, made = len(self.outcome.refusals), len(self.outcome.messages)
            if self._form.kind == "uploads" or self._order(draft):
                self._sent(draft)
            self.outcome.refusals[refused:] = [
                Refusal(reason, f"line {draft.line}: {why}")
                for reason, why in self.outcome.refusals[refused:]
            ]
            received = bool(draft.means) and set(draft.means) == {"received"}
            self.outcome.messages[made:] = [
                each._replace(line=draft.line, received=received and each.topic == "order-paid")
                for each in self.outcome.messages[made:]
            ]
        return self.outcome

    def _draft(self, row: Cells) -> _Draft:
        """The order of a row: by its id, or where only its first row has that, by its group."""
        group = text(row, "group")
        order_id = identity(row, "order_id")
        if not order_id:
            known = self._groups.get(group) if group else None
            if known is None:
                raise CellProblem("no_order", "the row has no order id")
            return known
        said = identity(row, "shop_id")
        if said in ("", "0"):  # what Taobao writes for a shop without a number
            said = clean_id(self._feed.shop_id or self._form.shop_id)
        platform = text(row, "platform") or self._feed.platform or self._form.platform
        draft = self._drafts.setdefault(
            (platform, said, order_id), _Draft(row.line, order_id, said, platform)
        )
        if group:
            self._groups[group] = draft
        return draft

    def _times(self, draft: _Draft, row: Cells) -> None:
        paid = when(row, "paid_at", self._zone)
        stand_in = when(row, "ordered_at", self._zone)
        promised = when(row, "promised_ship_by", self._zone)
        draft.paid_at = min(filter(None, (draft.paid_at, paid)), default=None)
        draft.stand_in = min(filter(None, (draft.stand_in, stand_in)), default=None)
        if promised is not None:
            draft.promised = min(draft.promised or promised.at, promised.at)
        for name in _VERSION:
            self._seen(draft, when(row, name, self._zone))
        ended = when(row, "closed_at", self._zone)
        draft.closed_at = draft.closed_at if ended is None else ended.at

    def _standing(self, draft: _Draft, row: Cells) -> None:
        """Whether the row's part of the order is paid, or over: a refund is told apart first."""
        refund, status = self._means(row, "after_sale"), self._means(row, "status")
        if refund == {"closed"}:
            draft.means.append("closed")
            draft.reasons.append(parts(row, "after_sale")[0])
        elif status == {"closed"}:
            draft.means.append("closed")
            draft.reasons.append(text(row, "closed_reason") or parts(row, "status")[0])
        elif status in ({"unpaid"}, {"received"}):
            draft.means += status
        elif status or refund or "order_id" in row.fields:
            draft.means.append("paid")

    def _means(self, row: Cells, name: str) -> set[Means]:
        """What the statuses in a cell mean; one in no table is counted, and means `paid`."""
        found: set[Means] = set()
        for part in parts(row, name):
            means = self._form.statuses.get((name, fold(part)))
            if means is None and fold(part) not in EMPTY:
                self.outcome.unknown[f"{row.fields[name].name}: {part[:40]}"] += 1
            found.add(means or "paid")
        return found

    def _money(self, draft: _Draft, row: Cells, of_sub_order: bool) -> None:
        draft.currency = draft.currency or (text(row, "currency") or self._form.currency).upper()
        held = row.fields.get("amount_paid")
        if held is None:
            return
        # Of a number that a formula worked out the last binary digits are not meant.
        cell, read = held.cell, held.read
        amount = f"{cell:.4f}" if isinstance(cell, float) else text(row, "amount_paid")
        plain = amount.lstrip("¥￥$").strip()
        found = whole(plain) if read == "minor" else minor_units(plain, draft.currency)
        if found is None:
            self.outcome.passed["amount_not_read"] += 1
        elif draft.amount is None:
            draft.amount = found
        elif of_sub_order:
            draft.amount += found

    def _items(self, draft: _Draft, row: Cells, of_sub_order: bool) -> None:
        ships = yes(row, "ships")
        if ships is not None:
            draft.ships.append(ships)
        for one in self._split(row):
            if of_sub_order or one not in draft.items:
                draft.items.append(one)

    def _split(self, row: Cells) -> list[dict[str, Any]]:
        """The items of a row: one, or several whose cells are merged by `;`."""
        columns = {name: identities(row, name) for name in ("product_id", "sku_id")}
        pieces = parts(row, "quantity")
        count = max(len(each) for each in columns.values())
        for name, each in columns.items():
            if len(each) not in (0, 1, count):
                raise CellProblem(
                    "bad_row", f"{row.fields[name].name} holds {len(each)} items, others {count}"
                )
        if len(pieces) not in (0, count):
            # One number of pieces for several items: only as many as items can be divided.
            if pieces != [str(count)]:
                self.outcome.passed["quantity_not_divided"] += 1
            pieces = []
        items: list[dict[str, Any]] = []
        for index in range(count):
            one: dict[str, Any] = {
                name: each[index if len(each) > 1 else 0] for name, each in columns.items() if each
            }
            one["quantity"] = self._pieces(pieces[index]) if pieces else 1
            items.append(one)
        return items

    def _pieces(self, said: str) -> int:
        number = _PIECES.fullmatch(said)
        if number is None:
            self.outcome.passed["quantity_not_read"] += 1
        return 1 if number is None else int(number[1]) or 1

    def _uploads(self, draft: _Draft, row: Cells) -> None:
        found = recipient(row)
        if found is None:
            self.outcome.passed["country_not_read"] += 1
        elif not draft.recipient:
            draft.recipient = found
        try:
            numbers = parcels(row)
        except NoParcel as error:
            self.outcome.refuse(error.reason, f"line {row.line}: {error}")
            return
        if not numbers and self._form.kind == "uploads":
            self.outcome.passed["no_number"] += 1
        times = whens(row, "shipped_at", self._zone)
        for index, (number, carrier) in enumerate(numbers):
            at = times[index] if len(times) == len(numbers) else min(times, default=None)
            known = draft.uploads.get((number, carrier))
            draft.uploads[number, carrier] = min(filter(None, (known, at)), default=None)
        for each in times:
            self._seen(draft, each)

    def _seen(self, draft: _Draft, at: When | None) -> None:
        """Note a time at which the order was there; one ahead is none."""
        if at is not None and at.at <= self._arrived_at:
            draft.latest = max(draft.latest or at.at, at.at)

    def _order(self, draft: _Draft) -> bool:
        """Add the order of a draft; whether there is one whose uploads count too."""
        if draft.means and set(draft.means) == {"unpaid"}:
            self.outcome.passed["not_paid"] += 1
            return False
        closed = draft.closed_at is not None or set(draft.means) == {"closed"}
        if closed and self._says_paid and draft.paid_at is None:
            self.outcome.passed["not_paid"] += 1
            return False
        paid = draft.paid_at
        if paid is None and draft.stand_in is not None:
            paid = When(draft.stand_in.at, estimated=True)
        if paid is None:
            self.outcome.refuse("no_time", f"order {draft.order_id} has no time of payment")
            return False
        version = self._exported_at
        if version is None and draft.latest is not None and draft.latest > paid.at:
            version = draft.latest
        ships = draft.ships
        return self._orders.order(
            order_id=draft.order_id,
            shop_id=draft.shop_id,
            platform=draft.platform,
            paid_at=partial(_moment, paid),
            updated_at=None if version is None else partial(_moment, When(version)),
            paid_at_quality="estimated" if paid.estimated else "",
            promised_ship_by="" if draft.promised is None else draft.promised.isoformat(),
            amount="" if draft.amount is None else str(draft.amount),
            in_minor_units=True,
            currency=draft.currency,
            recipient=draft.recipient,
            items=draft.items,
            delivery_method="virtual" if ships and not any(ships) else "",
            state="closed" if closed else "",
            closed_reason=(draft.reasons or ["cancelled"])[0] if closed else "",
        )

    def _sent(self, draft: _Draft) -> None:
        """Add the uploads of a draft; the export's time stands in for one that is not known."""
        for (number, carrier), at in draft.uploads.items():
            if at is not None:
                sent = at
            elif self._exported_at is not None:
                sent = When(self._exported_at, estimated=True)
            else:
                self.outcome.passed["upload_without_time"] += 1
                continue
            self._orders.upload(
                carrier=carrier_in(carrier),
                number=number,
                at=partial(_moment, sent),
                order_id=draft.order_id,
                shop_id=draft.shop_id,
                platform=draft.platform,
                time_quality="estimated" if sent.estimated else "",
            )


def _moment(sent: When) -> datetime:
    return sent.at
