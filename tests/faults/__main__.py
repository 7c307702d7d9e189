"""Faults on a real cluster of Kafka and workers, and what came of them.

    .venv/bin/python -m tests.faults --seed 7 --kills 100 --faults 30 --keep campaigns

The seed chooses faults, their order, and every message. Exit status 1 where the campaign is not
clean; logs and results stay in a folder of the campaign's own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from faults import campaign
from faults.table import DEPLOY, FAULTS, KILL


def listed() -> str:
    """The table of faults."""
    lines = []
    for fault in (KILL, *FAULTS, DEPLOY):
        lines.append(f"{fault.name}: {fault.does}; then {fault.undone}. To be seen: {fault.seen}.")
        if why := fault.impossible():
            lines.append(f"    not possible here: {why}")
    return "\n".join(lines)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100, help="kills of workers")
    parser.add_argument("--faults", type=int, default=30, help="further faults, in turn")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of these alone")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of the workers"
    )
    parser.add_argument(
        "--from-release",
        metavar="COMMAND",
        help="the shipsentry of an earlier release: the campaign begins with it, and deploys this",
    )
    parser.add_argument("--keep", type=Path, help="where results stay (default: a new folder)")
    parser.add_argument("--list", action="store_true", help="show the faults and end")
    options = parser.parse_args()
    if options.list:
        print(listed())
        return 0
    unknown = set(options.only) - {fault.name for fault in FAULTS}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; see --list")
    keep = (options.keep or Path(tempfile.mkdtemp(prefix="faults-"))).resolve()
    folder = keep / f"seed-{options.seed}"
    if folder.exists():
        parser.error(f"{folder} is there already")
    result = campaign.run(
        campaign.Options(
            seed=options.seed,
            kills=options.kills,
            faults=options.faults,
            names=tuple(options.only),
            workers=options.workers,
            brokers=options.brokers,
            release=options.from_release,
            settings=tuple(tuple(word.split("=", 1)) for word in options.set),
        ),
        folder,
        say=lambda line: print(line, flush=True),
    )
    print(campaign.summary(result))
    print(f"kept in {folder}")
    return 0 if result.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
