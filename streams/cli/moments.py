"""Times on the command line: taken with an offset, shown in the zone of the texts of warnings."""

from __future__ import annotations

from datetime import datetime

import click

from streams.decode.moments import parse_time
from streams.facts.times import BEIJING


class Moment(click.ParamType):
    """An ISO-8601 time with offset, as µs since the epoch."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The moment in µs, or a usage error that quotes the value."""
        moment = parse_time(value)
        if moment is None:
            self.fail(
                f"{value!r} is no ISO-8601 time with an offset, such as 2026-11-21T08:00:00+08:00",
                param,
                ctx,
            )
        return moment


def beijing(moment: str | None) -> str:
    """`2026-11-21 18:00:01+08:00`, to the second; what cannot be read as a time stays as it is."""
    try:
        found = datetime.fromisoformat(moment or "")
    except ValueError:
        return moment or "-"
    if found.tzinfo is None:
        return str(moment)
    try:
        return found.astimezone(BEIJING).isoformat(" ", "seconds")
    except OverflowError:  # the first and last hours of the calendar have no hour there
        return str(moment)
