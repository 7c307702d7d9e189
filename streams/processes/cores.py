"""How many cores this process may keep busy: its affinity says, and the quota of its groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_GROUPS = Path("sys/fs/cgroup")


def usable_cores(root: Path = Path("/")) -> int:
    """Whole cores, at least one; `root` is where `/proc` and `/sys` are looked for."""
    cores = len(os.sched_getaffinity(0))
    for quota in _quotas(root):
        cores = min(cores, int(quota))
    return max(1, cores)


def _quotas(root: Path) -> Iterator[float]:
    """The cores that each control group of this process, and those above, may use (cgroups(7))."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            for group in _upwards(root / _GROUPS, path):
                yield from _quota(group / "cpu.max")
        elif "cpu" in controllers.split(","):
            for group in _upwards(root / _GROUPS / "cpu", path):
                yield from _quota(group / "cpu.cfs_quota_us", group / "cpu.cfs_period_us")


def _upwards(top: Path, path: str) -> Iterator[Path]:
    """A group and all above it. In a container its path may be the host's, and not be there."""
    group = top / path.lstrip("/")
    yield group
    while group != top:
        group = group.parent
        yield group


def _quota(*files: Path) -> Iterator[float]:
    """Quota and period of a group, of one file or two, where it has a quota."""
    try:
        quota, period = " ".join(file.read_text() for file in files).split()
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return
