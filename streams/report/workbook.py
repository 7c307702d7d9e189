"""The report as a workbook: what the page says, with every row of it.

Texts are written as texts: one that begins as a formula does is none.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any

import xlsxwriter

from streams.facts.times import HOUR, from_datetime, to_datetime
from streams.profiles.money import decimals_of
from streams.report.measures import Measure
from streams.report.numbers_part import line_text, nearest
from streams.report.report import Report
from streams.report.warned import Warned
from streams.report.wording import Said, joined, label, lane, problem, step, time_of, title, word

Cell = str | int | float | datetime | None
"""Times are naive and Beijing's: a workbook knows no zone."""

LONGEST = 32_767
"""Characters of a cell, by the form of the file."""

MOST_ROWS = 1_048_575
"""Rows of a sheet below its header, by the form of the file."""

_BEIJING = 8 * HOUR
_WIDE = frozenset(("what_happened", "what_to_do", "examples", "first_line", "problem", "about"))

_WARNING = (
    *("warning_id", "rule", "stage", "severity", "state", "platform", "shop", "order_ids"),
    *("carrier", "tracking_number", "opened_at", "deadline", "breached_at", "resolved_at"),
    *("cost", "currency", "least", "most", "what_happened", "what_to_do", "profile"),
)
_MONEY = ("state", "currency", "least", "most", "strikes", "unpriced")
_SHOP = (
    *("platform", "shop", "day", "orders_due", "orders_late", "late_share", "orders_shipped"),
    *("orders_abnormal", "abnormal_share", "line", "distance"),
)
_STOCK = (
    *("platform", "shop", "product", "short_by", "available", "pieces_unshipped", "since"),
    "orders_that_break",
)
_MEASURE = (
    *("carrier", "lane", "parcels", "waiting", "delivered", "pickup_median", "pickup_p90"),
    *("travel_median", "travel_p90", "gap", "gap_parcel", "on_time"),
)
_PROBLEM = ("problem", "count", "examples", "first_line")
_STEP = ("carrier", "tracking_number", "order_ids", "when", "what", "where")
_ABOUT = ("about", "what")


def write(target: IO[bytes], report: Report, languages: Sequence[str], version: str) -> None:
    """Write the workbook, a sheet for each part of the page; raises OSError.

    With both languages names stand beside each other, and texts in columns of their own.
    """
    book = _Book(target, report, languages)
    measures = [*report.measured.carriers, *report.measured.lanes]
    for name, every in (
        ("due", report.due),
        ("held", report.held),
        ("breached", report.breached),
        ("late", report.late),
    ):
        book.sheet(name, _WARNING, map(book.warning, every))
    book.sheet("money", _MONEY, book.money())
    book.sheet("shops", _SHOP, map(book.shop, report.shops))
    if report.stock:
        book.sheet("stock", _STOCK, map(book.product, report.stock))
    book.sheet("carriers", _MEASURE, map(book.measure, measures))
    book.sheet("problems", _PROBLEM, book.problems())
    book.sheet("timeline", _STEP, book.steps())
    book.sheet("about", _ABOUT, book.about(version))
    book.close()


class _Book:
    """A workbook in the making. Rows are packed as they come: only one is held as it is."""

    def __init__(self, target: IO[bytes], report: Report, languages: Sequence[str]) -> None:
        self._report = report
        self._languages = languages
        self._target = target
        # An archive that meets a full disk itself fails once more whenever it is collected.
        self._packed = io.BytesIO()
        self._book: Any = xlsxwriter.Workbook(self._packed, {"constant_memory": True})
        # The same history gives the same bytes.
        self._book.set_properties({"created": to_datetime(report.until)})
        self._head = self._book.add_format({"bold": True, "bg_color": "#F6F8FA", "bottom": 1})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm"})

    def sheet(self, name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell | Said]]) -> None:
        """A sheet with a header that stays, and a filter; `heads` are names of labels."""
        sheet = self._book.add_worksheet(self._say(label(name)).replace("/", "·")[:31])
        columns = [(head, language) for head in heads for language in self._split(head)]
        for number, (head, language) in enumerate(columns):
            said = label(head)
            text = self._say(said) if language is None else said[language]
            sheet.write_string(0, number, text, self._head)
            sheet.set_column(number, number, 44 if head in _WIDE else 18)
        sheet.freeze_panes(1, 0)
        last = 0
        for last, row in zip(range(1, MOST_ROWS + 1), rows, strict=False):
            number = 0
            for head, cell in zip(heads, row, strict=True):
                for language in self._split(head):
                    self._cell(sheet, last, number, cell, language)
                    number += 1
        sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)

    def close(self) -> None:
        """Write the file; raises OSError."""
        self._book.close()
        self._target.write(self._packed.getbuffer())

    def warning(self, warned: Warned) -> list[Cell | Said]:
        """A row of a warning."""
        finding = warned.finding
        carrier, _, number = (finding.parcel or ":").partition(":")
        message, remedy = warned.texts()
        currency, least, most = (finding.money or (None, None, None))[:3]
        return [
            warned.warning_id,
            title(finding.rule),
            finding.stage,
            word("severities", finding.severity),
            word("states", finding.state),
            finding.platform,
            finding.shop_id,
            ", ".join(finding.order_ids),
            carrier,
            number,
            *map(_moment, (finding.opened_at, finding.deadline)),
            *map(_moment, (finding.breached_at, finding.resolved_at)),
            label("strike") if finding.exposure == "strike" else None,
            currency,
            _major(least, currency),
            _major(most, currency),
            message,
            remedy,
            finding.profile,
        ]

    def money(self) -> Iterator[list[Cell | Said]]:
        """What is at stake, a row for each state and currency; strikes stand in the first."""
        for name, risk in self._report.risks.items():
            counts: tuple[int | None, int | None] = risk.strikes, risk.unknown
            if not risk.money:
                yield [label(f"risk_{name}"), None, None, None, *counts]
            for currency, both in risk.money.items():
                sums = [_major(each, currency) for each in both]
                yield [label(f"risk_{name}"), currency, *sums, *counts]
                counts = None, None

    def shop(self, day: dict[str, Any]) -> list[Cell | Said]:
        """A row of a shop's day."""
        counts, rates, line = day["counts"], day["rates"], nearest(day)
        return [
            day["platform"],
            day["shop_id"],
            day["day"],
            counts["due"],
            counts["late"],
            _share(rates["late"]),
            counts["shipped"],
            counts["abnormal"],
            _share(rates["abnormal"]),
            None if line is None else line_text(line),
            None if line is None else line["distance"],
        ]

    def product(self, product: dict[str, Any]) -> list[Cell | Said]:
        """A row of a product's stock."""
        since = product["short_since"]
        return [
            product["platform"],
            product["shop_id"],
            product["product_id"],
            product["short_by"],
            product["available"],
            product["unshipped"],
            None if since is None else _moment(from_datetime(datetime.fromisoformat(since))),
            ", ".join(each["order_id"] for each in product["short_orders"]),
        ]

    def measure(self, measure: Measure) -> list[Cell | Said]:
        """A row of a carrier, or of one of its lanes; lengths in hours."""
        pickup, travel = measure.pickup or (None, None), measure.travel or (None, None)
        return [
            measure.carrier,
            lane(measure.lane),
            measure.parcels,
            measure.waiting,
            measure.delivered,
            *map(_hours, (*pickup, *travel, measure.gap)),
            measure.gap_key.partition(":")[2],
            round(measure.in_time / measure.due, 4) if measure.due else None,
        ]

    def problems(self) -> Iterator[list[Cell | Said]]:
        """A row for each kind of problem."""
        for each in self._report.problems:
            yield [
                problem(each.code),
                each.number,
                "; ".join(each.examples),
                each.detail,
            ]

    def steps(self) -> Iterator[list[Cell | Said]]:
        """What happened to each parcel that is warned of."""
        for story in self._report.stories:
            carrier, _, number = story.parcel.partition(":")
            orders = ", ".join(story.order_ids)
            for each in story.steps:
                yield [carrier, number, orders, _moment(each.at), step(each.what), each.place]

    def about(self, version: str) -> Iterator[list[Cell | Said]]:
        """What the workbook is made of, and by which rules."""
        report = self._report
        yield [label("footer", version=version), label("risk")]
        yield [label("as_of", time=time_of(report.until)), None]
        yield [
            label("made_from", files=", ".join(report.files)),
            label("read", orders=report.orders, parcels=report.parcels),
        ]
        for profile in report.profiles:
            yield [label("profile"), f"{profile.id} · {profile.read_on} · {profile.source_url}"]

    def _split(self, head: str) -> Sequence[str | None]:
        """The languages that a column is repeated for; None: once, for all of them."""
        return self._languages if head in ("what_happened", "what_to_do") else (None,)

    def _cell(
        self, sheet: Any, row: int, column: int, cell: Cell | Said, language: str | None
    ) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            sheet.write_datetime(row, column, cell, self._time)
        elif isinstance(cell, int | float):
            sheet.write_number(row, column, cell)
        else:
            text = cell if isinstance(cell, str) else self._say(cell, language)
            sheet.write_string(row, column, text[:LONGEST])

    def _say(self, said: Said, language: str | None = None) -> str:
        return said[language] if language else joined(said, self._languages)


def _moment(us: int | None) -> datetime | None:
    return None if us is None else to_datetime(us + _BEIJING).replace(tzinfo=None)


def _hours(us: int | None) -> float | None:
    return None if us is None else round(us / HOUR, 2)


def _share(basis_points: int | None) -> float | None:
    return None if basis_points is None else basis_points / 10_000


def _major(amount: int | None, currency: str | None) -> float | None:
    """An amount in major units, as a spreadsheet adds it up."""
    return None if amount is None or currency is None else amount / 10 ** decimals_of(currency)
