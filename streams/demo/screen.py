"""The terminal: what is new is said once, or every revision as fast as an eye follows; the status
stays below."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import click

from streams.demo import view

PER_SECOND = 8
"""Lines that an eye can follow; the rest is counted."""
BURST = 8
_CLEAR = "\r\x1b[2K"


class Screen:
    """Prints to standard output; colours and the standing status only on a terminal.

    Of revisions only the first of each rule is said, `verbose` shows a line for each; `quiet`
    leaves out revisions and status.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        colour: bool | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        plain = not self._live or bool(os.environ.get("NO_COLOR"))
        self._colour = (not plain) if colour is None else colour
        self._quiet = quiet
        self.verbose = verbose
        self._monotonic = monotonic
        self._allowance = float(BURST)
        self._counted_at = monotonic()
        self._hidden: Counter[str] = Counter()
        self._kinds: set[tuple[str, str, str]] = set()
        self._standing = False
        self._day = ""

    @property
    def width(self) -> int:
        """Columns; text that goes to a file is not cut."""
        return shutil.get_terminal_size((120, 24)).columns if self._live else 200

    def say(self, text: str = "") -> None:
        """One line, above the status."""
        self.clear()
        click.echo(text, color=self._colour)

    def revision(self, warning: dict[str, Any]) -> None:
        """One line for a rule's first revision; verbose, one for each revision, or one more in the
        count of those that came too fast.

        The first of each rule, stage and state is always shown then, a rule's first with what it
        says.
        """
        if self._quiet:
            return
        if not self.verbose:
            if all(warning["rule"] != rule for rule, _, _ in self._kinds):
                self.say(view.first(warning, self.width))
            self._kinds.add((warning["rule"], warning["stage"], warning["state"]))
            return
        kind = (warning["rule"], warning["stage"], warning["state"])
        if self._may_show() or kind not in self._kinds:
            new = all(warning["rule"] != rule for rule, _, _ in self._kinds)
            self._kinds.add(kind)
            self.rest()
            self.say(view.line(warning, self.width))
            if new:
                self.say(view.explanation(warning["rule"], self.width))
        else:
            self._hidden[warning["state"]] += 1

    def rest(self) -> None:
        """Say how many revisions were not shown."""
        if self._hidden:
            parts = ", ".join(f"{count} {state}" for state, count in self._hidden.items())
            self.say(click.style(f"{'':<11}  … and {self._hidden.total()} more: {parts}", dim=True))
            self._hidden.clear()

    def status(self, text: str) -> None:
        """Replace the status below the lines; where there is no terminal, one a simulated day, and
        only verbose."""
        if self._quiet:
            return
        if self._live:
            click.echo(_CLEAR + view.clip(text, self.width - 1), nl=False, color=True)
            sys.stdout.flush()
            self._standing = True
        elif self.verbose and text[:5] != self._day:
            self._day = text[:5]
            click.echo(text)

    def clear(self) -> None:
        """Take the status away."""
        if self._standing:
            self._standing = False
            click.echo(_CLEAR, nl=False, color=True)

    def _may_show(self) -> bool:
        now = self._monotonic()
        earned = (now - self._counted_at) * PER_SECOND
        self._allowance = min(BURST, self._allowance + earned)
        self._counted_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
