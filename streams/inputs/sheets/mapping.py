"""A form of an operator's own: a TOML file that says which column is what, and a first draft of it.

Keys of `[columns]` are names of columns, values fields, with how their cells are read behind a
blank where it is not the usual way: `"Ship Date" = "shipped_at time m/d/y"`. `-` is not read.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.inputs.delimited import Broken
from streams.inputs.grid import grid_of
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.sheets.form import NEEDS, READS, SAYS, Column, Form, FormError, Kind, Means
from streams.inputs.sheets.registry import FORMS
from streams.inputs.table import HEADER_WITHIN, fold, header_among, shown

MAX_BYTES = 256 * 1024
"""Of a mapping file."""

_TEXTS = ("name", "platform", "shop_id", "currency", "codes")
_ALLOWED = {"kind", "zone", "columns", "statuses", "after_sale", *_TEXTS}
_PERSONAL = re.compile(
    r"姓名|收件人|收货人|寄件人|电话|手机|买家|地址|备注|留言|name|phone|mail|address|note|buyer",
    re.I,
)
_USUAL = {
    "状态": "status",
    "店铺": "shop_id",
    "店铺名称": "shop_id",
    "平台": "platform",
    "实付": "amount_paid",
    "收货省": "recipient.province",
    "收货市": "recipient.city",
}
"""Names of columns in tables that no form describes → the field."""
_CLOSE = 0.85
_LOOKED_AT = 2_000
"""Rows in which statuses are looked for."""
_MOST_STATUSES = 30


def from_toml(file: Path) -> Form:
    """The form that a mapping file describes. Raises FormError, OSError."""
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise FormError(f"{file}: is larger than {MAX_BYTES // 1024} KiB")
    try:
        said = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FormError(f"{file}: is no TOML: {error}") from None
    try:
        return _form(said)
    except FormError as error:
        raise FormError(f"{file}: {error}") from None


def _form(said: Mapping[str, Any]) -> Form:
    for key in said:
        if key not in _ALLOWED:
            raise FormError(f"{key}: is not known; allowed are {', '.join(sorted(_ALLOWED))}")
    kind = said.get("kind")
    if kind not in get_args(Kind):
        raise FormError(f"kind: is {kind!r}; allowed are {', '.join(get_args(Kind))}")
    texts = {name: said.get(name, "") for name in _TEXTS}
    for name, each in texts.items():
        if not isinstance(each, str):
            raise FormError(f"{name}: is {each!r}; a text is allowed")
    codes = texts.pop("codes") or "kuaidi100"
    if codes not in FORMS or FORMS[codes].kind != "tracks":
        raise FormError(f"codes: is {codes!r}; allowed are kuaidi100, kdniao")
    form = Form(
        title="a mapping of yours",
        kind=cast(Kind, kind),
        columns=_columns(said, cast(Kind, kind)),
        statuses=_statuses(said, "statuses", "status")
        | _statuses(said, "after_sale", "after_sale"),
        zone=_zone(said.get("zone")),
        codes=codes,
        **{**texts, "name": texts["name"] or "import"},
    )
    present = {column.field for column in form.columns.values()}
    for group in NEEDS[form.kind]:
        if present.isdisjoint(group):
            raise FormError(f"columns: none is {' or '.join(group)}, which {form.kind} need")
    return form


def _columns(said: Mapping[str, Any], kind: Kind) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for rank, (name, value) in enumerate(_table(said, "columns").items()):
        field, _, read = value.partition(" ")
        ways = READS.get(field)
        if ways is None:
            close = difflib.get_close_matches(field, READS, 1)
            hint = f"; did you mean {close[0]!r}?" if close else f": allowed are {', '.join(READS)}"
            raise FormError(f"columns.{name}: {field!r} is no field{hint}")
        if field not in SAYS[kind]:
            allowed = ", ".join(each for each in READS if each in SAYS[kind])
            raise FormError(
                f"columns.{name}: {field!r} is no field of {kind}: allowed are {allowed}"
            )
        if read and read not in ways:
            raise FormError(f"columns.{name}: {field} is read as {' or '.join(ways)}, not {read!r}")
        if fold(name) in found:
            raise FormError(f"columns.{name}: is there twice")
        found[fold(name)] = Column(field, read or ways[0], rank, name)
    return found


def _statuses(said: Mapping[str, Any], table: str, field: str) -> dict[tuple[str, str], Means]:
    """What cells mean; where the file has no such table, what they mean in any form."""
    if table not in said:
        return _in_any_form(field)
    found: dict[tuple[str, str], Means] = {}
    for cell, means in _table(said, table).items():
        if means not in get_args(Means):
            raise FormError(
                f"{table}.{cell}: is {means!r}; allowed are {', '.join(get_args(Means))}"
            )
        found[field, fold(cell)] = cast(Means, means)
    return found


def _in_any_form(field: str) -> dict[tuple[str, str], Means]:
    found: dict[tuple[str, str], Means] = {}
    for form in FORMS.values():
        for (of, cell), means in form.statuses.items():
            if of == field:
                found.setdefault((of, cell), means)
    return found


def _table(said: Mapping[str, Any], name: str) -> dict[str, str]:
    table = said.get(name, {})
    if not isinstance(table, dict):
        raise FormError(f"{name}: is no table")
    for key, value in table.items():
        if not isinstance(value, str):
            raise FormError(f"{name}.{key}: is {value!r}; a text is allowed")
    return table


def _zone(name: Any) -> ZoneInfo | None:
    if name in (None, ""):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise FormError(
            f"zone: {name!r} is no time zone; allowed are names such as Asia/Shanghai"
        ) from None


def suggested(opened: Opened) -> str:
    """A mapping file for a table, as far as its header says it. Raises Unreadable, OSError."""
    known = _known(READS)
    rows = (row for row in grid_of(opened, known.keys()).rows if not isinstance(row, Broken))
    first = list(islice(rows, HEADER_WITHIN))
    at = header_among(first, known.keys())
    if at is None:
        raise Unreadable(opened.path, "holds no table: no row with names of columns")
    titles = [shown(cell).strip() for cell in first[at][1]]
    kind = _kind({_meant(title, known).partition(" ")[0] for title in titles if title})
    known = _known(SAYS[kind])
    columns = {title: _meant(title, known) for title in titles if title}
    in_any_form = _in_any_form("status")
    statuses: dict[str, Means] = {}
    index = next((i for i, title in enumerate(titles) if columns.get(title) == "status"), None)
    if index is not None:
        for _, cells in [*first[at + 1 :], *islice(rows, _LOOKED_AT)]:
            cell = shown(cells[index]).strip() if index < len(cells) else ""
            if cell and len(statuses) < _MOST_STATUSES:
                statuses.setdefault(cell, in_any_form.get(("status", fold(cell)), "paid"))
    return "\n".join(_written(kind, columns, statuses)) + "\n"


def _kind(fields: Collection[str]) -> Kind:
    if "paid_at" in fields or "ordered_at" in fields:
        return "orders"
    return "uploads" if "order_id" in fields else "tracks"


def _known(fields: Collection[str]) -> dict[str, str]:
    """Names of columns of these fields: our own, usual ones and any form's → field and reading."""
    found = {fold(field): field for field in READS if field in fields and field != "-"}
    found |= {fold(name): field for name, field in _USUAL.items() if field in fields}
    for form in FORMS.values():
        for name, column in form.columns.items():
            usual = READS[column.field][0]
            how = "" if column.field == "-" or column.read == usual else f" {column.read}"
            if column.field in fields:
                found.setdefault(name, column.field + how)
    return found


def _meant(title: str, known: Mapping[str, str]) -> str:
    exact = known.get(fold(title))
    if exact is None and not _PERSONAL.search(title):
        spelled = fold(title).replace(" ", "_").replace("-", "_")
        close = difflib.get_close_matches(spelled, known, 1, _CLOSE)
        exact = known[close[0]] if close else None
    return exact or "-"


def _written(kind: Kind, columns: Mapping[str, str], statuses: Mapping[str, str]) -> Iterator[str]:
    fields = {said.partition(" ")[0] for said in columns.values()}
    yield "# Which column of the table says what; made from its header, to be looked through."
    yield f'kind = "{kind}" # orders; uploads: numbers of orders alone; tracks: records of parcels'
    yield 'name = "import" # `source` of the messages'
    yield 'platform = "" # where no column says it: douyin, taobao, tmall'
    yield 'shop_id = "" # where no column says it'
    yield 'zone = "Asia/Shanghai" # of times without an offset'
    yield 'currency = "CNY" # of amounts, in whole yuan or dollars'
    yield ""
    allowed = ", ".join(each for each in READS if each in SAYS[kind] and each != "-")
    yield f"# Fields: {allowed}; - is not read."
    yield '# Behind a field: "time m/d/y" or "time d/m/y" of such dates, "minor" of amounts in fen.'
    missing = [group for group in NEEDS[kind] if fields.isdisjoint(group)]
    for group in missing:
        yield f"# No column was found for {' or '.join(group)}, which {kind} need."
    yield "[columns]"
    for title, said in columns.items():
        remark = " # not read" if said == "-" else ""
        yield f"{json.dumps(title, ensure_ascii=False)} = {json.dumps(said)}{remark}"
    if statuses:
        yield ""
        yield "# What a status means: unpaid, paid, received or closed; paid where it is not here."
        yield "[statuses]"
        for cell, means in statuses.items():
            yield f"{json.dumps(cell, ensure_ascii=False)} = {json.dumps(means)}"
