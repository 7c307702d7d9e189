"""What a process has for itself, and what it shares with its like."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.processes.settings import longest_stop, of_slot
from streams.processes.slot import Slot
from streams.settings import Settings


@pytest.mark.parametrize(("name", "own"), [(None, None), ("pod-3", "pod-3-1")])
def test_directory_and_name_are_by_slot(name: str | None, own: str | None) -> None:
    """All else is everybody's."""
    whole = Settings(data_dir=Path("/data"), group_instance_id=name, partitions=12)
    settings = of_slot(Slot(1, 7, "token"), whole)
    assert settings.data_dir == Path("/data/process-1")
    assert settings.group_instance_id == own
    mine = {"data_dir", "group_instance_id"}
    assert settings.model_dump(exclude=mine) == whole.model_dump(exclude=mine)


def test_the_longest_stop_is_shorter_than_deployments_wait() -> None:
    """75 s in Compose and on Kubernetes, whose tests compare them with the settings."""
    assert longest_stop(Settings()) < 75
