"""`python -m streams.cli`: the command line without installation."""

from __future__ import annotations

from streams.cli.group import main

main(prog_name="shipsentry")
