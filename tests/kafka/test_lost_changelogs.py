"""Changelogs that are gone are not taken for empty ones, and an application begins anew."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka.admin import AdminClient
from kafka_server import KafkaServer
from support.loads import load, wait_for_shop_days, wanted
from support.ports import free_port
from support.running import Deployment, Worker, wait_for

from streams.cli.group import main


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def command(deployment: Deployment, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=deployment.environment())


def asked(worker: Worker, path: str) -> tuple[int, str]:
    """Status and text of a worker's page; 0 where nobody answers yet."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{worker.http_port}{path}", timeout=20
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def delete_topics(deployment: Deployment, *names: str) -> None:
    admin = AdminClient({"bootstrap.servers": deployment.settings.bootstrap_servers})
    for done in admin.delete_topics(list(names)).values():
        done.result(30)
    wait_for(
        lambda: not set(names) & set(admin.list_topics(timeout=10).topics), 30, "their deletion"
    )


@pytest.mark.timeout(400)
def test_changelogs_deleted_while_the_workers_are_down(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """The worker takes no record and keeps its state; begun anew, nothing is lost or wrong."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    worker = deployment.worker("w1", http_port=free_port())
    workers.append(worker.start())
    parts = load(2)
    deployment.produce(parts[0].orders, parts[0].tracking)
    deployment.wait_for_standing(wanted(parts[:1]))
    assert worker.stop() == 0, worker.tail()

    deployment.produce(parts[1].orders, parts[1].tracking)
    lag = deployment.lag()
    assert lag > 0
    delete_topics(deployment, *deployment.topics.changelogs)
    assert command(deployment, "topics", "create").exit_code == 0
    worker.start()
    status, text = wait_for(
        lambda: (found := asked(worker, "/readyz"))[1].startswith("no record is taken") and found,
        60,
        "its refusal",
    )
    assert status == 503
    assert f"{deployment.topics.parcels_changelog}-0 is another topic than offsets" in text
    metrics = asked(worker, "/metrics")[1]
    assert 'shipsentry_state_refused{table="parcels"} 4.0' in metrics
    assert "shipsentry_ready 0.0" in metrics
    worker.wait_log("no record is taken, and local state stays as it is")
    assert "rebuilding it" not in worker.log.read_text()
    assert deployment.lag() == lag
    refused = command(deployment, "state", "reset", "--execute")
    assert refused.exit_code == 1
    assert "has 1 member" in refused.output
    assert worker.stop() == 0, worker.tail()

    def reset() -> Result | None:
        # The name of a member that is gone stands in the group until its session ends.
        result = command(deployment, "state", "reset", "--execute")
        return result if result.exit_code == 0 else None

    said = wait_for(reset, 60, lambda: command(deployment, "state", "reset").output).output
    assert f"emptied: {deployment.topics.meter_totals} (internal, " in said
    assert f"will be read from its beginning: {deployment.topics.orders} (" in said
    workers.append(deployment.worker("w2").start())
    worker.start()
    deployment.wait_for_standing(wanted(parts), timeout=120)
    wait_for_shop_days(deployment, parts)
    assert [each.stop() for each in workers] == [0, 0]
