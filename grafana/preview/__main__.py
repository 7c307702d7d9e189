"""`python -m grafana.preview --prometheus URL --into DIRECTORY [DASHBOARD.json ...]`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from grafana.preview.pictures import EVERY, View, draw


def main() -> None:
    """Draw the dashboards that are named, or all that ask something."""
    parser = argparse.ArgumentParser(prog="python -m grafana.preview", description=main.__doc__)
    parser.add_argument("dashboards", nargs="*", type=Path, help="files of JSON")
    parser.add_argument("--prometheus", required=True, help="its address, http://…")
    parser.add_argument("--into", required=True, type=Path, help="a directory for the pictures")
    parser.add_argument("--until", type=float, default=time.time(), help="Unix time; now")
    parser.add_argument("--minutes", type=float, default=180, help="how far back; 180")
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=PATTERN")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--width", type=int, default=1600, help="in pixels; 1600")
    given = parser.parse_args()
    view = View(
        given.prometheus.rstrip("/"),
        given.until - given.minutes * 60,
        given.until,
        dict(each.split("=", 1) for each in given.set),
        given.theme,
        given.width,
    )
    named = {f"{file.stem}-{file.parent.name}.png": file for file in given.dashboards}
    draw({given.into / name: file for name, file in (named or EVERY).items()}, view)


if __name__ == "__main__":
    main()
