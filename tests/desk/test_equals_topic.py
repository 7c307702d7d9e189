"""A short campaign of desks, as CI runs it; `tests/faults/README.md` has a long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import desk


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_the_database_equals_the_topic(tmp_path: Path) -> None:
    """Two desks on one PostgreSQL, one killed, the broker restarted, actions meanwhile."""
    said: list[str] = []
    result = desk.run(desk.Options(seed=14, revisions=900, kills=1), tmp_path, said.append)
    assert result.is_clean, "\n".join([*said, desk.summary(result)])
    assert result.figures["warnings"] == 300
    assert result.figures["actions in the audit"] > 0
