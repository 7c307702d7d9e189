"""A short campaign on a real cluster, as CI runs it: everything that fails there fails here."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import campaign

FAULTS = ("half_partition", "kill_leader", "poison_inputs")


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_a_short_campaign_is_clean(tmp_path: Path) -> None:
    """Three brokers, two workers, kills and three other faults: nothing lost, nothing wrong."""
    options = campaign.Options(
        seed=12,
        kills=2,
        faults=len(FAULTS),
        names=FAULTS,
        workers=2,
        settings=(("session_timeout_s", "6"), ("delivery_timeout_s", "5"), ("heartbeat_s", "1")),
    )
    said: list[str] = []
    result = campaign.run(options, tmp_path / "campaign", said.append)
    assert result.is_clean, "\n".join([*said, campaign.summary(result)])
    assert {step.fault for step in result.steps} == {"kill_worker", *FAULTS}
    assert result.verdict["figures"]["expected"] > 80
