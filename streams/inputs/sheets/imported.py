"""What a file becomes: a spreadsheet by its form, or a payload of a source; told by its content."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from streams.inputs.opened import Opened
from streams.inputs.opened import Unreadable as UnreadableFile
from streams.inputs.sheets.form import Form
from streams.inputs.sheets.orders import orders_of
from streams.inputs.sheets.registry import FORMS
from streams.inputs.sheets.sheet import Sheet
from streams.inputs.sheets.tracks import tracks_of
from streams.inputs.sources.moments import NoMoment, plausible
from streams.inputs.sources.payload import Feed, Outcome, Payload, Refusal, Unreadable
from streams.inputs.sources.registry import SOURCES

NAMES = [*SOURCES, *(name for name in FORMS if name not in SOURCES)]
"""Whose files can be read: every source, and those that have a form of spreadsheet alone."""

_PROOFS: dict[bool | None, Proof] = {True: "fits", False: "forged", None: "missing"}
_FORM_BODY = re.compile(rb"(?!sep=)[A-Za-z_][\w.-]*=")

UNREADABLE = "unreadable"
"""The reason of the one refusal of a file of which nothing can be read."""

Proof = Literal["not checked", "fits", "missing", "forged"]
"""What came of checking a request; a service takes only those that fit."""


@dataclass(slots=True)
class Imported:
    """What one file became: by which form, and what there is to say about how it was read."""

    form: str
    outcome: Outcome
    remarks: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    proof: Proof = "not checked"


def is_sheet(opened: Opened) -> bool:
    """Whether a file is a table and no payload: neither JSON nor a form, whose bodies name fields.

    XML is taken for a table that a shop named .xls, which is refused by name: no source that has
    tables sends any.
    """
    head = opened.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return head[:1] not in (b"{", b"[") and not _FORM_BODY.match(head)


def sheet_read(
    opened: Opened,
    forms: Collection[Form],
    feed: Feed,
    arrived_at: datetime,
    exported_at: datetime | None = None,
) -> Imported:
    """The messages of a spreadsheet, by the form that fits. Raises Unfit, Unreadable, OSError.

    `exported_at` is when it was made; where that is not given, the file's name may say it.
    """
    sheet = Sheet(opened, forms)
    form = sheet.form
    payload = Payload(b"", arrived_at)
    if form.kind == "tracks":
        outcome = tracks_of(sheet, feed, payload, SOURCES[form.codes].codes)
    else:
        _need_owner(sheet, opened.path, feed)
        made_at = exported_at or exported(opened.path.name, form, arrived_at)
        outcome = orders_of(sheet, feed, payload, made_at)
    return Imported(form.name, outcome, sheet.remarks, sheet.unknown)


def exported(name: str, form: Form, arrived_at: datetime) -> datetime | None:
    """When a file was exported, as its name says; None where it does not, or can't be right."""
    found = re.match(form.stamp, name) if form.stamp else None
    if found is None:
        return None
    said = found.groupdict()
    try:
        if said.get("unix"):
            at = datetime.fromtimestamp(int(said["unix"]), UTC)
        else:
            at = datetime.strptime(said["local"], "%Y%m%d%H%M").replace(tzinfo=form.zone)
        return plausible(at, arrived_at)
    except (NoMoment, ValueError):
        return None


def file_read(
    path: Path,
    source: str | Form | None,
    feed: Feed,
    request: Payload,
    exported_at: datetime | None = None,
    *,
    checked: bool = False,
) -> Imported:
    """What a file becomes; one that nothing can be read of is refused as a whole. Raises OSError.

    `source` says whose it is, or is the form of a table; None: the columns of a table say it. The
    file takes the place of the body of `request`, whose signature counts where it is `checked`.
    """
    try:
        opened = Opened(path)
        if isinstance(source, Form):
            return sheet_read(opened, [source], feed, request.arrived_at, exported_at)
        if (source is None or source in FORMS) and is_sheet(opened):
            forms = [*FORMS.values()] if source is None else [FORMS[source]]
            return sheet_read(opened, forms, feed, request.arrived_at, exported_at)
        return payload_read(opened, source, feed, request, checked=checked)
    except UnreadableFile as error:
        name = source.name if isinstance(source, Form) else source or ""
        return Imported(name, Outcome(refusals=[Refusal(UNREADABLE, error.why)]))


def payload_read(
    opened: Opened, source: str | None, feed: Feed, request: Payload, *, checked: bool = False
) -> Imported:
    """What a file becomes that holds what a source pushes or answers; one refusal, UNREADABLE,
    where the source cannot read it. Raises Unreadable where no source is named, OSError.
    """
    if source not in SOURCES:
        raise UnreadableFile(opened.path, "is no table: say whose it is, with --as")
    with opened.unpacked() as content:
        payload = replace(request, body=content.read())
    proof: Proof = "not checked"
    if checked and feed.secret:
        proof = _PROOFS[SOURCES[source].genuine(payload, feed)]
    if proof == "forged":
        refusal = Refusal("forged", "the signature does not fit the secret")
        return Imported(source, Outcome(refusals=[refusal]), proof=proof)
    try:
        return Imported(source, SOURCES[source].read(payload, feed), proof=proof)
    except Unreadable as error:
        refusal = Refusal(UNREADABLE, str(error))
        return Imported(source, Outcome(refusals=[refusal]), proof=proof)


def _need_owner(sheet: Sheet, path: Path, feed: Feed) -> None:
    """Raise Unreadable where nothing says whose the orders are."""
    form = sheet.form
    if form.kind != "orders":
        return
    if not (feed.shop_id or form.shop_id or "shop_id" in sheet.fields):
        raise UnreadableFile(path, "names no shop: say it, with --shop or shop_id of the feed")
    if not (feed.platform or form.platform or "platform" in sheet.fields):
        raise UnreadableFile(path, "names no platform: say it, with --platform or in the map")
