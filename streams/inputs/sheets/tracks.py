"""Rows of a batch result → checkpoints: a parcel's records, or its newest, pickup and delivery.

The status column is the parcel's, not the record's: the words of the record win over it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from streams.inputs.sheets.carriers import carrier_in
from streams.inputs.sheets.cells import CellProblem, as_sent, identity, text, when
from streams.inputs.sheets.sheet import BadRow, Cells, Sheet
from streams.inputs.sources.codes import Codes
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import NoMoment, moment
from streams.inputs.sources.payload import Feed, Outcome, Payload
from streams.inputs.sources.wording import status_of

_ENDS = re.compile(r"[\r\n]+|[;；|]\s*(?=\d{4}[-/.])")
_LINE = re.compile(
    r"\W*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T]+\d{1,2}:\d{2}(?::\d{2})?)[\s,，:：|]*(.*)", re.S
)
_ONCE = {"picked_up_at": "picked_up", "delivered_at": "delivered"}


def tracks_of(sheet: Sheet, feed: Feed, payload: Payload, codes: Codes) -> Outcome:
    """The checkpoints of a sheet, each row that cannot be used refused by its line."""
    zone = feed.default_zone or sheet.form.zone
    found = Checkpoints(sheet.form.name, payload, codes, zone)
    outcome = found.outcome
    words = {row.words: row.rule for row in codes.rows}
    for row in sheet.rows():
        if isinstance(row, BadRow):
            outcome.refuse("bad_row", f"line {row.line}: {row.why}")
            continue
        refused, made = len(outcome.refusals), len(outcome.messages)
        try:
            _Parcel(found, row, zone, words).read()
        except CellProblem as error:
            outcome.refuse(error.reason, str(error))
        outcome.refusals[refused:] = [
            each._replace(message=f"line {row.line}: {each.message}")
            for each in outcome.refusals[refused:]
        ]
        outcome.messages[made:] = [each._replace(line=row.line) for each in outcome.messages[made:]]
    return found.done()


class _Parcel:
    """One row: a parcel, and what is said of it, each moment once."""

    def __init__(
        self, found: Checkpoints, row: Cells, zone: ZoneInfo | None, words: Mapping[str, str]
    ) -> None:
        self._found, self._row, self._zone, self._words = found, row, zone, words
        self._number = identity(row, "tracking_number")
        self._carrier = carrier_in(text(row, "carrier"))
        self._said: set[tuple[datetime, str]] = set()

    def read(self) -> None:
        """Add the row's checkpoints; raises CellProblem."""
        row = self._row
        for line in filter(None, _ENDS.split(as_sent(row, "trace"))):
            found = _LINE.fullmatch(line.strip())
            if found is None:
                self._found.outcome.passed["trace_not_read"] += 1
                continue
            self._add(found[1], found[2].strip(), "words")
        newest = when(row, "occurred_at", self._zone)
        if newest is not None:
            state, words = text(row, "state"), as_sent(row, "description")
            rule = self._words.get(state) or status_of(state) or "words"
            coarse = rule.rpartition("/")[2]
            self._add(
                newest.at,
                words,
                "words" if coarse == "words" else f"words/{coarse}",
                newest.estimated,
                place(province=text(row, "location.province"), city=text(row, "location.city")),
            )
        for field, status in _ONCE.items():
            at = when(row, field, self._zone)
            if at is not None:
                self._add(at.at, "", status, at.estimated)

    def _add(
        self,
        at: datetime | str,
        words: str,
        rule: str,
        estimated: bool = False,
        location: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(at, str):
            try:
                at = moment(at, self._zone)
            except NoMoment as error:
                self._found.outcome.refuse(error.reason, f"{self._number}: a record {error}")
                return
        codes = self._found.codes
        status = codes.status(rule, words)
        if (at, status) in self._said:
            return
        self._said.add((at, status))
        self._found.add(
            carrier=self._carrier,
            number=self._number,
            code="",
            at=at.isoformat(),
            words=words,
            rule=rule,
            location=location or None,
            time_quality="estimated" if estimated else "",
        )
