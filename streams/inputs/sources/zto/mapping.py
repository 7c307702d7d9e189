"""ZTO's lines → checkpoints. `orderCode` and the like are echoes, no uploads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING, from_milliseconds
from streams.inputs.sources.parts import Object, inner, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload
from streams.inputs.sources.wording import is_hub
from streams.inputs.sources.zto.envelope import opened

CODES = codes_of("streams.inputs.sources.zto")

IS_HUB = {"T": True, "F": False}
"""`isCenter` of a query's line: whether the scan was made at a hub."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push, one line of a parcel, or of a query's answer, of several."""
    found = Checkpoints("zto", payload, CODES, BEIJING, own=feed.codes)
    for said in opened(payload):
        if "traces" not in said and "billCode" in said:
            _pushed(found, said)
        for parcel in [said, *listed(said, "data")]:
            for line in listed(parcel, "traces"):
                _answered(found, text(parcel, "billCode"), line)
        for line in listed(said, "result"):
            _answered(found, text(line, "billCode"), line)
    return found.done()


def _pushed(found: Checkpoints, line: Object) -> None:
    site = text(line, "facilityName")
    found.add(
        carrier="zto",
        number=text(line, "billCode"),
        code=text(line, "action"),
        at=text(line, "actionTime"),
        words=raw_text(line, "desc"),
        location=place(city=text(line, "city"), district=text(line, "dist"), site=site),
        hub=is_hub(site) if site else None,
    )


def _answered(found: Checkpoints, number: str, line: Object) -> None:
    # The newer query has an object for the site.
    site = inner(line, "scanSite")
    name = text(site, "name") or text(line, "scanSite")
    found.add(
        carrier="zto",
        number=number,
        code=text(line, "scanType"),
        at=_time(text(line, "scanDate")),
        words=raw_text(line, "desc"),
        location=place(
            province=text(site, "prov") or text(line, "scanProv"),
            city=text(site, "city") or text(line, "scanCity"),
            site=name,
        ),
        place=name,
        hub=_at_center(line.get("isCenter", site.get("isCenter"))),
    )


def _at_center(flag: object) -> bool | None:
    return flag if isinstance(flag, bool) else IS_HUB.get(str(flag))


def _time(sent: str) -> str | Callable[[], datetime]:
    """Newer answers give milliseconds, all else a text."""
    return partial(from_milliseconds, sent) if sent.isdigit() else sent
