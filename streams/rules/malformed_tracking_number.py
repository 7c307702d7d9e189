"""The tracking number cannot be a real one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from unicodedata import category

from streams.reference.numbers import fits
from streams.rules.episodes import Check
from streams.rules.fields import Called, Reads, RectifyWithin, Severity
from streams.rules.snapshot import ParcelLife
from streams.rules.spec import RuleSpec

_SHORTEST, _LONGEST = 6, 35
_allowed = re.compile(r"[A-Z0-9-]+").fullmatch
_COUNTED_UP = "1234567890" * 4
_scientific = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+").fullmatch
_several = re.compile(r"[A-Z0-9-]{6,}(?:[,;、|/][A-Z0-9-]{6,})+[,;、|/]?").fullmatch
_UNSEEN = ("Mn", "Me", "Cn", "Co")
_FILLERS = frozenset("\u115f\u1160\u2800")
"""Characters that are neither marks nor blanks and show nothing."""


@dataclass(frozen=True, slots=True)
class MalformedTrackingNumber:
    """Holds from the earliest upload until the parcel ends.

    `notice` is a stage for numbers that merely do not fit their carrier's published format.
    """

    name = "malformed_tracking_number"
    severity: Severity = "critical"
    notice: Annotated[
        bool, Called("format_notice"), Reads("", otherwise="no notice about formats")
    ] = False
    notice_severity: Annotated[Severity, Reads("notice where the format does not fit ({})")] = (
        "info"
    )
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Check]:
        """The check of the number, in one of the two stages."""
        carrier, _, number = parcel.key.partition(":")
        fault = fault_of(number)
        if fault is not None:
            return (self._check(parcel, "violation", self.severity, fault),)
        if self.notice and fits(carrier, number) is False:
            return (self._check(parcel, "notice", self.notice_severity, "format"),)
        return ()

    def _check(self, parcel: ParcelLife, stage: str, severity: str, detail: str) -> Check:
        lead = parcel.lead
        at, end, within = lead.uploaded_at, parcel.ended_at, self.rectify_within
        return Check(self.name, stage, severity, at, at, end, lead.proof(), within, detail)


RULE = RuleSpec(
    "malformed_tracking_number", "parcel", extra=("notice",), rule=MalformedTrackingNumber
)


def fault_of(number: str) -> str | None:
    """What is wrong with a normalised number, whoever its carrier is; None: nothing to be seen."""
    if _scientific(number):
        return "scientific"
    if _several(number):
        return "several"
    if len(number) < _SHORTEST:
        return "too_short"
    if len(number) > _LONGEST:
        return "too_long"
    if _allowed(number) is None:
        unseen = any(one in _FILLERS or category(one) in _UNSEEN for one in number)
        return "invisible" if unseen else "character"
    if "TEST" in number:
        return "test"
    bare = number.replace("-", "") if "-" in number else number
    if bare[:1] == bare[-1:] and bare == bare[:1] * len(bare):
        return "one_character"
    return "run" if bare[0] == "1" and _COUNTED_UP.startswith(bare) else None
