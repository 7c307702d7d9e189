"""Canonical messages, built field by field and without empty ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.cleaning import clean, clean_id
from schemas.tracking_update import Status
from streams.decode.names import BUILT_IN
from streams.inputs.sources.moments import NoMoment, plausible
from streams.inputs.sources.payload import Canonical, Outcome, Payload

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


def place(**names: str) -> dict[str, str]:
    """A place of the names that say anything."""
    return {name: value for name, value in names.items() if value}


def checkpoint(
    outcome: Outcome,
    payload: Payload,
    *,
    source: str,
    carrier: str,
    number: str,
    status: Status,
    at: datetime,
    location: Mapping[str, str] | None = None,
    description: str = "",
    raw_status: str = "",
    **more: Any,
) -> None:
    """Add a `tracking-update`, or refuse it where it has no carrier, number or plausible time.

    `more` are further fields, of which empty ones are left out.
    """
    number = clean_id(number)
    if not number:
        outcome.refuse("no_number", f"a line of {at.isoformat()} has no tracking number")
        return
    carrier = carrier_of(carrier)
    if not carrier or ":" in carrier:
        outcome.refuse("no_carrier", f"{number} has no carrier")
        return
    try:
        plausible(at, payload.arrived_at)
    except NoMoment as error:
        outcome.refuse(error.reason, f"{number}: {error}")
        return
    value: dict[str, Any] = {
        "carrier": carrier,
        "tracking_number": number,
        "status": status,
        "occurred_at": at.isoformat(),
        "location": dict(location or {}),
        "description": description,
        "raw_status": raw_status,
        "source": source,
        **more,
    }
    value = {name: each for name, each in value.items() if each not in ("", None, {}, [])}
    outcome.messages.append(Canonical("tracking-update", f"{carrier}:{number.upper()}", value))
