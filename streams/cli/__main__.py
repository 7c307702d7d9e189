"""`python -m streams.cli`: the command line without installation."""

from __future__ import annotations

from streams.cli.group import main
from streams.cli.logs import guard_uncaught

guard_uncaught()
main(prog_name="shipsentry")
