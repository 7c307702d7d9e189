"""The option `--processes` of commands that can use several cores."""

from __future__ import annotations

import click

AUTO = 0
"""As many as there are cores for."""


class Processes(click.ParamType):
    """How many processes: a number, or as many as there are cores for."""

    name = "N|auto"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """At least one, or AUTO; ends with a usage error for anything else."""
        if value == "auto":
            return AUTO
        try:
            number = int(value)
        except ValueError:
            number = 0
        if not 1 <= number <= 1_000:
            self.fail(f"{value!r}: allowed is an integer from 1 to 1000, or auto", param, ctx)
        return number
