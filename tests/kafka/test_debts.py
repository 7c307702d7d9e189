"""What was published and forgotten is corrected, however often others take its partition first."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kafka_server import KafkaServer
from support.living import HOUR, Shifted, living
from support.running import Deployment, wait_for

from streams.cli.group import main
from streams.engine.kafka import readback
from streams.engine.kafka.murmur2 import partition_of

DAY_US = 86_400_000_000
PARTITIONS = 2


@pytest.mark.timeout(200)
@pytest.mark.parametrize("takeovers", [1, 2], ids=["once", "twice-after-a-reset"])
def test_what_those_before_could_not_match_is_corrected(
    kafka: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, takeovers: int
) -> None:
    """A warning and a product's row. Workers read them back, store what they read, and end before
    any deadline may fire: the warning's order is not among that. Then changelogs are younger than
    both by more than the margin."""
    monkeypatch.setattr(readback, "MARGIN_MS", 0)
    deployment = Deployment(kafka.bootstrap, tmp_path, partitions=PARTITIONS)
    config = dataclasses.replace(
        deployment.settings.engine(),
        # A member that is gone is missed soon.
        session_timeout=6.0,
        delivery_timeout=4.0,
        heartbeat_interval=1.0,
    )
    with living(config, deployment.topics) as life:
        life.start(Shifted())
        life.pay(0, 60 * HOUR)
        life.pay(1, 60 * HOUR)
        life.wait_until_right()
        known = life.published()[0]
        life.stop()
        warning = {**known, "warning_id": "forgotten", "order_ids": ["o-9"]}
        life.publish(deployment.topics.warnings, "forgotten", warning)
        # The day on which orders of now are due, whatever midnight falls between.
        for day in {day_of(datetime.now(UTC) + ago) for ago in (47 * HOUR, 48 * HOUR)}:
            key = f"douyin|s-1|p1|{day}"
            life.publish(deployment.topics.product_risk, key, product_row(day))
        if takeovers > 1:
            reset = ("state", "reset", "--execute")
            wait_for(
                lambda: (
                    CliRunner().invoke(main, reset, env=deployment.environment()).exit_code == 0
                ),
                60,
                "the reset",
            )
        number = 10
        for _ in range(takeovers):
            # Its clock is wrong: it takes facts in, and no deadline fires.
            life.start(Shifted(DAY_US))
            homes = set()
            while len(homes) < PARTITIONS:
                life.pay(number, HOUR)
                homes.add(partition_of(f"o-{number}".encode(), PARTITIONS))
                number += 1
            life.stop()
        life.produce(9, HOUR)
        life.start(Shifted())
        life.wait_until_right()
        forgotten = [v for v in life.published() if v["warning_id"] == "forgotten"]
        assert [value["state"] for value in forgotten] == ["breached", "withdrawn"]
        key = f"douyin|s-1|p1|{day_of(datetime.fromisoformat(life.orders[-1]['promised_ship_by']))}"

        def counts() -> list[dict[str, int]]:
            rows = deployment.read(deployment.topics.product_risk)
            return [json.loads(value or b"")["counts"] for at, value in rows if at == key.encode()]

        wanted = [{"due": 1, "late": 1}, {"due": 0, "late": 0}]
        wait_for(lambda: counts() == wanted, 20, lambda: f"{wanted}, not {counts()}")


def day_of(moment: datetime) -> str:
    """The day in Beijing."""
    return moment.astimezone(timezone(8 * HOUR)).date().isoformat()


def product_row(day: str) -> dict[str, Any]:
    """What an earlier life published of a product that no order has now."""
    return {
        "schema_version": 1,
        "platform": "douyin",
        "shop_id": "s-1",
        "product_id": "p1",
        "day": day,
        "revision": 1,
        "counts": {"due": 1, "late": 1},
    }
