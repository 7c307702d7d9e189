"""Canonical messages, built field by field and without empty ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schemas.cleaning import clean, clean_id
from streams.decode.names import BUILT_IN
from streams.inputs.sources.codes import Codes
from streams.inputs.sources.moments import NoMoment, known, moment, plausible
from streams.inputs.sources.payload import Canonical, Outcome, Payload, Wanted

NO_DIGITS = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
             "VND", "VUV", "XAF", "XOF", "XPF"}  # fmt: skip
THREE_DIGITS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
"""Currencies whose minor unit is not a hundredth (ISO 4217)."""

_MONEY = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?", re.ASCII)


def carrier_of(name: str) -> str:
    """Our code of a carrier by any name of it; an unknown one in lower case."""
    return BUILT_IN.carrier_of(clean(name))


def minor_units(text: str, currency: str) -> int | None:
    """An amount written in major units, in minor ones; None where it is none, or has more digits
    than the currency."""
    found = _MONEY.fullmatch(text.replace(",", ""))
    if found is None:
        return None
    digits = 0 if currency in NO_DIGITS else 3 if currency in THREE_DIGITS else 2
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > digits:
        return None
    return int(whole + fraction.ljust(digits, "0"))


def whole(text: str) -> int | None:
    """A whole number of up to 15 digits; None where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def item(product_id: str, sku_id: str, quantity: str) -> dict[str, Any]:
    """A position of an order; where its number of pieces says nothing, it is one."""
    return {**place(product_id=product_id, sku_id=sku_id), "quantity": whole(quantity) or 1}


def place(**names: str) -> dict[str, str]:
    """A place of the names that say anything."""
    return {name: value for name, value in names.items() if value}


class Orders:
    """Gathers the orders of one payload, and the uploads that come with them."""

    def __init__(self, source: str, payload: Payload, outcome: Outcome) -> None:
        self.outcome = outcome
        self._source = source
        self._payload = payload

    def order(
        self,
        *,
        order_id: str,
        shop_id: str,
        platform: str,
        paid_at: Callable[[], datetime],
        updated_at: Callable[[], datetime] | None = None,
        amount: str = "",
        in_minor_units: bool = False,
        currency: str = "",
        **more: Any,
    ) -> bool:
        """Add an `order-paid`; whether it was, or was refused for want of an id, shop or time.

        `amount` is what was paid, as sent; one that is no amount of its currency is counted.
        `more` are further fields, functions among them read times; empty ones are left out, and so
        are times that are none.
        """
        order_id = clean_id(order_id)
        needed = (("order id", order_id), ("shop", shop_id), ("platform", platform))
        for name, given in needed:
            if not given:
                reason = f"no_{name.partition(' ')[0]}"
                hint = "" if name == "order id" else ": the feed can name one"
                self.outcome.refuse(reason, f"order {order_id or '?'} has no {name}{hint}")
                return False
        try:
            paid = plausible(paid_at(), self._payload.arrived_at)
            updated = None if updated_at is None else updated_at()
        except NoMoment as error:
            self.outcome.refuse(error.reason, f"order {order_id}: its payment or update {error}")
            return False
        value: dict[str, Any] = {
            "order_id": order_id,
            "shop_id": shop_id,
            "platform": platform,
            "paid_at": paid.isoformat(),
            "updated_at": None if updated is None else updated.isoformat(),
        }
        if amount:
            paid_sum = whole(amount) if in_minor_units else minor_units(amount, currency)
            if paid_sum is None:
                self.outcome.passed["amount_not_read"] += 1
            else:
                value |= {"amount_paid": paid_sum, "currency": currency}
        for name, each in more.items():
            try:
                value[name] = each().isoformat() if callable(each) else each
            except NoMoment:
                continue
        value = {name: each for name, each in value.items() if each not in ("", None, [], {})}
        self.outcome.messages.append(Canonical("order-paid", order_id, value))
        return True

    def wanted(self, order_id: str, shop_id: str, at: Callable[[], datetime]) -> None:
        """Note that an order is worth asking for, and since when; one without an id is not."""
        if order_id := clean_id(order_id):
            when = known(at, self._payload.arrived_at)
            self.outcome.wanted.append(Wanted(order_id, shop_id, when))

    def closed(self, order_id: str, at: Callable[[], datetime]) -> None:
        """Add the tombstone of an order that its source says no more of than that it is closed."""
        try:
            when = plausible(at(), self._payload.arrived_at)
        except NoMoment as error:
            self.outcome.refuse(error.reason, f"order {order_id}: its end {error}")
            return
        if order_id:
            self.outcome.messages.append(Canonical("order-paid", order_id, None, when))
        else:
            self.outcome.refuse("no_order", "an order that ended has no id")

    def upload(
        self,
        *,
        carrier: str,
        number: str,
        at: Callable[[], datetime],
        order_id: str,
        shop_id: str,
        platform: str,
        released: bool = False,
        time_quality: str = "",
    ) -> None:
        """Add that the seller gave a number to an order, or (`released`) took it back."""
        number, code = clean_id(number), carrier_of(carrier)
        if not number or not code or ":" in code:
            what = "number" if not number else "carrier"
            self.outcome.refuse(f"no_{what}", f"order {order_id}: an upload has no {what}")
            return
        try:
            when = plausible(at(), self._payload.arrived_at)
        except NoMoment as error:
            self.outcome.refuse(error.reason, f"order {order_id}: the upload of {number} {error}")
            return
        value = {
            "carrier": code,
            "tracking_number": number,
            "status": "cancelled" if released else "ordered",
            "occurred_at": when.isoformat(),
            "time_quality": time_quality,
            "source": self._source,
            "order_ids": [order_id],
            "shop_id": shop_id,
            "platform": platform,
        }
        value = {name: each for name, each in value.items() if each != ""}
        key = f"{code}:{number.upper()}"
        self.outcome.messages.append(Canonical("tracking-update", key, value))


class Checkpoints:
    """Gathers the checkpoints of one payload of a source, by its table of codes.

    `zone` is that of times without an offset; None: they are refused. `otherwise` is what a code
    comes to that no row has. `own` is what an operator says of codes, as `raw_status` shows them:
    it goes before the table, and before what a source makes of a code.
    """

    def __init__(
        self,
        source: str,
        payload: Payload,
        codes: Codes,
        zone: ZoneInfo | None = None,
        otherwise: str = "unknown",
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.outcome = Outcome()
        self._source = source
        self._payload = payload
        self.codes = codes
        self._zone = zone
        self._otherwise = otherwise
        self._own = own or {}

    def add(
        self,
        *,
        carrier: str,
        number: str,
        code: str,
        at: str | Callable[[], datetime],
        words: str = "",
        rule: str | None = None,
        location: Mapping[str, str] | None = None,
        place: str = "",
        hub: bool | None = None,
        raw_status: str | None = None,
        **more: Any,
    ) -> None:
        """Add a `tracking-update`, or refuse it where it has no carrier, number or plausible time.

        `code` is looked up in the table unless `rule` says what it comes to; an unknown one is
        counted and `unknown`; where there is none, the words say it. `at` is the time as sent, or
        what reads it and may raise NoMoment. `place` is where the source says that the scan was
        made, `hub` whether it says that this is a hub. `raw_status` is shown in place of the code.
        `more` are further fields; empty ones are left out.
        """
        number, carrier = clean_id(number), carrier_of(carrier)
        if not number:
            self.outcome.refuse("no_number", f"a line with code {code or 'none'} has no number")
            return
        if not carrier or ":" in carrier:
            self.outcome.refuse("no_carrier", f"{number} has no carrier")
            return
        try:
            when = moment(at, self._zone) if isinstance(at, str) else at()
            plausible(when, self._payload.arrived_at)
        except NoMoment as error:
            what = f"{number}: a line with code {code or 'none'}"
            self.outcome.refuse(error.reason, f"{what} {error}")
            return
        shown = code if raw_status is None else raw_status
        rule = self._own.get(shown, rule)
        if rule is None:
            rule = self.codes.find(code) if code else "words"
        if rule is None:
            self.outcome.unknown[code] += 1
            rule = self._otherwise
        if rule == "-":
            self.outcome.passed["no_checkpoint"] += 1
            return
        value = {
            "carrier": carrier,
            "tracking_number": number,
            "status": self.codes.status(rule, words, place, hub),
            "occurred_at": when.isoformat(),
            "location": None if location is None else dict(location),
            "description": words,
            "raw_status": shown,
            "source": self._source,
            **more,
        }
        value = {name: each for name, each in value.items() if each not in ("", None, [])}
        key = f"{carrier}:{number.upper()}"
        self.outcome.messages.append(Canonical("tracking-update", key, value))

    def done(self) -> Outcome:
        """What was gathered; a payload without any line is counted as such."""
        if not (self.outcome.messages or self.outcome.refusals or self.outcome.passed):
            self.outcome.passed["no_lines"] += 1
        return self.outcome
