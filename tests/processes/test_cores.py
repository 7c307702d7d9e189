"""How many cores a process may use: what control groups say, wherever it is in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.processes.cores import usable_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process might run on eight."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))


def group(root: Path, line: str, files: Mapping[str, str]) -> Path:
    """A root where a process is in the group that `line` says; `files`: path → text."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(line)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_affinity_alone(tmp_path: Path) -> None:
    """No control groups at all, or none with a quota."""
    assert usable_cores(tmp_path) == 8
    assert usable_cores(group(tmp_path, "0::/a\n", {"a/cpu.max": "max 100000\n"})) == 8


@pytest.mark.parametrize(
    ("quota", "cores"), [("350000", 3), ("400000", 4), ("50000", 1), ("10000000", 8)]
)
def test_a_quota_is_rounded_down_to_at_least_one(tmp_path: Path, quota: str, cores: int) -> None:
    """Of a container, which sees its own group as the root."""
    assert usable_cores(group(tmp_path, "0::/\n", {"cpu.max": f"{quota} 100000\n"})) == cores


def test_the_least_of_all_groups_above_counts(tmp_path: Path) -> None:
    """A slice of systemd bounds the services in it."""
    root = group(
        tmp_path,
        "0::/big.slice/one.service\n",
        {
            "big.slice/cpu.max": "200000 100000\n",
            "big.slice/one.service/cpu.max": "600000 100000\n",
        },
    )
    assert usable_cores(root) == 2


def test_the_first_version_of_control_groups(tmp_path: Path) -> None:
    """Its path may be the host's, which is not there; the root of the container is."""
    root = group(
        tmp_path,
        "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
        {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"},
    )
    assert usable_cores(root) == 3
