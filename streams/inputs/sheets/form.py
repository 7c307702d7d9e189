"""A form of spreadsheet: which column says what, and what its statuses mean.

`columns.tsv` in a source's folder has a row a field: the field, how its cells are read, the names
of its columns, the preferred one first, and where they were seen. Columns of the field `-` are
known and never read: `personal` ones, and `other` ones that say nothing of an order or parcel.
`statuses.tsv` has a row a cell: what it means for an order, `unpaid`, `paid`, `received` (paid, and
delivered or completed by the marketplace's word) or `closed`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal, NamedTuple, cast, get_args
from zoneinfo import ZoneInfo

from streams.inputs.table import fold

Kind = Literal["orders", "uploads", "tracks"]
"""What a row is about: a paid order, the numbers of an order alone, or a parcel's records."""

Means = Literal["unpaid", "paid", "received", "closed"]

NEEDS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "orders": (("order_id",), ("paid_at", "ordered_at")),
    "uploads": (
        ("order_id",),
        ("tracking_number", "parcel"),
        ("carrier", "parcel"),
        ("shipped_at",),
    ),
    "tracks": (
        ("tracking_number",),
        ("carrier",),
        ("occurred_at", "picked_up_at", "delivered_at", "trace"),
    ),
}
"""Fields that a table must have, one of each group."""

READS: dict[str, tuple[str, ...]] = {
    "order_id": ("id",),
    "group": ("text",),
    "sub_order_id": ("id",),
    "shop_id": ("id",),
    "platform": ("text",),
    "paid_at": ("time", "time m/d/y", "time d/m/y"),
    "ordered_at": ("time", "time m/d/y", "time d/m/y"),
    "promised_ship_by": ("time", "time m/d/y", "time d/m/y"),
    "shipped_at": ("time", "time m/d/y", "time d/m/y"),
    "finished_at": ("time", "time m/d/y", "time d/m/y"),
    "closed_at": ("time", "time m/d/y", "time d/m/y"),
    "updated_at": ("time", "time m/d/y", "time d/m/y"),
    "amount_paid": ("money", "minor"),
    "currency": ("text",),
    "status": ("status",),
    "after_sale": ("status",),
    "closed_reason": ("text",),
    "product_id": ("id",),
    "sku_id": ("id",),
    "quantity": ("whole",),
    "ships": ("yes",),
    "tracking_number": ("id",),
    "carrier": ("carrier",),
    "parcel": ("number-carrier",),
    "recipient.province": ("place",),
    "recipient.city": ("place",),
    "recipient.district": ("place",),
    "recipient.country": ("country",),
    "recipient": ("address",),
    "state": ("text",),
    "description": ("text",),
    "occurred_at": ("time", "time m/d/y", "time d/m/y"),
    "picked_up_at": ("time", "time m/d/y", "time d/m/y"),
    "delivered_at": ("time", "time m/d/y", "time d/m/y"),
    "trace": ("trace",),
    "location.province": ("place",),
    "location.city": ("place",),
    "-": ("other", "personal"),
}
"""Each field, and how its cells can be read; the first way is meant where none is said."""

_OWNED = {"order_id", "group", "sub_order_id", "shop_id", "platform", "-"}
_SENT = {"tracking_number", "carrier", "parcel", "shipped_at"}
_RECORDS = {
    *("state", "description", "occurred_at", "picked_up_at", "delivered_at", "trace"),
    *("location.province", "location.city"),
}

SAYS: dict[Kind, Collection[str]] = {
    "orders": READS.keys() - _RECORDS,
    "uploads": _OWNED | _SENT,
    "tracks": {"tracking_number", "carrier", "-"} | _RECORDS,
}
"""Fields that a table can have: others would be in the file and never read."""


class Column(NamedTuple):
    """What a column says: a field, how its cells are read, and how much it is preferred (0 most).

    `name` is the column's own, for sentences.
    """

    field: str
    read: str
    rank: int
    name: str


@dataclass(frozen=True, slots=True)
class Form:
    """One form; `columns` by folded name, `statuses` by field and folded cell.

    `zone` is that of times without an offset, `platform` and `currency` hold where no column says
    them. `stamp` finds the time of the export in a file's name: a group `unix`, or `local`. `codes`
    names the source whose words a batch result uses.
    """

    name: str
    title: str
    kind: Kind
    columns: Mapping[str, Column]
    statuses: Mapping[tuple[str, str], Means] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    platform: str = ""
    shop_id: str = ""
    currency: str = ""
    stamp: str = ""
    codes: str = ""

    def names_of(self, wanted: str) -> list[str]:
        """The names of a field's columns, the preferred one first."""
        found = [column for column in self.columns.values() if column.field == wanted]
        return [column.name for column in sorted(found, key=lambda each: each.rank)]

    def lacking(self, present: Iterable[str]) -> list[str]:
        """What is needed and not there, as a person would look for it: the preferred names."""
        there = set(present)
        return [
            " or ".join(name for one in group for name in self.names_of(one)[:1])
            for group in NEEDS[self.kind]
            if there.isdisjoint(group)
        ]


class FormError(ValueError):
    """A table of columns or statuses that is wrong; the sentence says where."""


def columns_of(folder: str) -> dict[str, Column]:
    """The table of columns in a source's folder. Raises FormError."""
    found: dict[str, Column] = {}
    for where, (of, read, names, _) in _rows(folder, "columns.tsv"):
        if read not in READS.get(of, ()):
            raise FormError(f"{where}: {of!r} cannot be read as {read!r}")
        for rank, name in enumerate(names.split("|")):
            if fold(name) in found:
                raise FormError(f"{where}: {name!r} is there twice")
            found[fold(name)] = Column(of, read, rank, name)
    return found


def statuses_of(folder: str) -> dict[tuple[str, str], Means]:
    """The table of statuses in a source's folder. Raises FormError."""
    found: dict[tuple[str, str], Means] = {}
    for where, (of, cell, means, _) in _rows(folder, "statuses.tsv"):
        if means not in get_args(Means) or (of, fold(cell)) in found:
            raise FormError(f"{where}: {cell!r} is there twice, or {means!r} is no meaning")
        found[of, fold(cell)] = cast(Means, means)
    return found


def _rows(folder: str, name: str) -> Iterable[tuple[str, list[str]]]:
    table = files("streams.inputs.sources") / folder / name
    for number, line in enumerate(table.read_text("utf-8").splitlines()[1:], 2):
        cells = line.split("\t")
        if len(cells) != 4:
            raise FormError(f"{folder}/{name}:{number}: four columns are needed")
        yield f"{folder}/{name}:{number}", cells
