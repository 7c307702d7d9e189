"""Kafka, workers and Prometheus, all real, with the files that compose mounts: what operators see.

First the demo's week is played and every panel and alert is asked; then things break, one after
another, and the panel and the alert that should show it must do so. The tests share what they start
and run in their order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Producer
from kafka_server import KafkaServer
from support.answers import Answer, answers
from support.deploying import ROOT, compose
from support.ports import free_port
from support.prometheus_server import CONFIG, PrometheusServer
from support.running import WORKER, Deployment, Worker, wait_for

from grafana.asked import Asked, asked
from grafana.preview.pictures import EVERY, View, draw
from streams.facts.times import DAY, MINUTE, SECOND
from streams.judge.feeds import Feeds

FAST_WORKER = Path(__file__).parents[1] / "fast_worker.py"
FAST = 20
"""How much faster the clock runs of the worker that hears a carrier fall silent."""

NOT_IMPLIED = {
    "Lines crossed, last 24 h": "no shop of the history has as many orders as a line asks for",
    "States ended in an hour": "states live for 65 days",
    "Unknown names in an hour": "the demo's week knows carriers and platforms by their codes",
    "Topics gone, made anew, expired unread": "nobody takes a topic away",
    "Pages not answered in an hour": "every page is answered",
    "Not ours, or not readable, in an hour": "nobody else writes to internal topics",
    "Plain keys in an hour": "the demo's week has keyed hashes",
    "Stores rebuilt in an hour": "no disk fails",
    "Processes of one worker": "these workers are processes of their own",
    **dict.fromkeys(
        ("Pieces that are lacking", "Products that are short, by shop"),
        "nobody sends levels of stock here",
    ),
    **dict.fromkeys(
        ("Notifications sent", "Notifications to come", "How late notifications are"),
        "no desk runs here",
    ),
    **dict.fromkeys(
        ("Requests of sources", "Time to answer", "Records of sources", "Said too little"),
        "no source pushes here",
    ),
    **dict.fromkeys(
        (
            "Questions to platforms",
            "Time that platforms take",
            "Orders to be asked for",
            "Longest wait for a platform",
        ),
        "no platform is asked here",
    ),
    **dict.fromkeys(
        (
            "Requests at the desk",
            "Time to answer at the desk",
            "How far behind",
            "Records of the desk",
            "Sign-ins",
            "Desks and who listens",
            "Errors of the database",
            "Size of the database",
            "Warnings at the desk",
            "What waits",
            "Room on the disk",
            "Rows that were pruned",
        ),
        "no desk runs here",
    ),
    "Alerts that fire": "asked for below, one by one",
}
"""Panels that the history leaves empty, and why; of all others an answer is demanded."""

PICTURES = os.environ.get("SHIPSENTRY_PICTURES")
"""Where to draw the dashboards, after some minutes that graphs can show: see docs/operating.md."""


class Site(NamedTuple):
    """What runs: a worker can be killed, the broker stopped, for good."""

    kafka: KafkaServer
    deployment: Deployment
    workers: list[Worker]
    prometheus: PrometheusServer
    fast: Worker
    fast_deployment: Deployment

    def value(self, title: str, which: int = 0) -> float | None:
        """What the number of a panel shows, of several the greatest; None: nothing."""
        found = self.prometheus.query(panel(title).exprs[which])
        return max((float(sample["value"][1]) for sample in found), default=None)

    def wait_for_alert(self, name: str, timeout: float = 150) -> None:
        """Wait until an alert fires."""
        wait_for(
            lambda: self.prometheus.alerts().get(f"ShipSentry{name}") == "firing",
            timeout,
            lambda: f"ShipSentry{name} to fire; there are {self.prometheus.alerts()}",
        )


def panel(title: str) -> Asked:
    """The panel with a title, of either dashboard."""
    (found,) = [each for each in asked() if each.title == title]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker of its own, two workers and Prometheus, then the demo's week.

    Prometheus sees the workers before anything is played, so that rates see everything.
    """
    root = tmp_path_factory.mktemp("site")
    with KafkaServer() as kafka:
        deployment = Deployment(
            kafka.bootstrap,
            root,
            shadow_profiles="brief-2023",
            stall_timeout_s=15,
            drain_timeout_s=1,
            **settings_of_compose(),
        )
        ports = [free_port() for _ in range(3)]
        workers = [
            deployment.worker(f"w{n}", http_port=port) for n, port in enumerate(ports[:2], 1)
        ]
        slow_days = Deployment(kafka.bootstrap, root / "fast")
        fast = slow_days.worker(
            "w3", program=("-P", str(FAST_WORKER), str(FAST)), http_port=ports[2]
        )
        player = None
        try:
            played(deployment, root / "history")
            fast.data_dir.mkdir(parents=True)
            (fast.data_dir / "feeds.msgpack").write_bytes(heard_for_days())
            for worker in (*workers, fast):
                worker.start()
            targets = [f"127.0.0.1:{port}" for port in ports[:2]]
            with PrometheusServer(root / "prometheus", targets) as prometheus:
                site = Site(kafka, deployment, workers, prometheus, fast, slow_days)
                wait_for(
                    lambda: (
                        site.value("Can I trust this now?") == 0
                        or not all(worker.is_running() for worker in workers)
                    ),
                    90,
                    lambda: f"trust; {prometheus.query('shipsentry_partitions')}",
                )
                for worker in workers:
                    assert worker.is_running(), worker.tail()
                said = root / "player"
                player = play(deployment, "player", said)
                # It begins with what was played before, once more.
                wait_for(
                    lambda: "before now: played in" in said.read_text("utf-8"), 60, "the player"
                )
                happened(deployment)
                heard_last(site)
                wait_for(lambda: deployment.lag() == 0, 60, "everything to be read")
                yield site
        finally:
            if player is not None:
                player.kill()
                player.wait()
            for worker in (*workers, fast):
                worker.kill()


def service(name: str) -> dict[str, Any]:
    """A service of docker-compose.yml."""
    found: dict[str, Any] = compose()["services"][name]
    return found


def settings_of_compose() -> dict[str, Any]:
    """What compose sets for its workers, the broker's address left out."""
    return {
        name.removeprefix("SHIPSENTRY_").lower(): value
        for name, value in service("worker")["environment"].items()
        if name != "SHIPSENTRY_BOOTSTRAP_SERVERS"
    }


def play(deployment: Deployment, name: str, said: Path) -> subprocess.Popen[bytes]:
    """The command of one of compose's services that play the demo's week; it says how it goes."""
    with said.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "streams.cli", *service(name)["command"]],
            env={**os.environ, **deployment.environment()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def played(deployment: Deployment, said: Path) -> None:
    """What of the week lies before now, all of it before a worker starts, as compose does it."""
    status = play(deployment, "history", said).wait(100)
    assert status == 0, said.read_text("utf-8")


def happened(deployment: Deployment) -> None:
    """Records of now: the week itself has one in a minute or two.

    Scans ten minutes old, and uploads of twenty hours ago without a pickup: due in four.
    """
    now = datetime.now(UTC)
    scan = {
        "carrier": "zto",
        "status": "in_transit",
        "occurred_at": (now - timedelta(minutes=10)).isoformat(),
    }
    upload = {
        "carrier": "zto",
        "status": "ordered",
        "occurred_at": (now - timedelta(hours=20)).isoformat(),
        "platform": "tmall",
        "shop_id": "gusu-toys",
    }
    facts = [{**scan, "tracking_number": f"7899{n:08}"} for n in range(150)]
    facts += [
        {**upload, "tracking_number": f"7898{n:08}", "order_ids": [f"new-{n}"]} for n in range(5)
    ]
    deployment.produce([], facts)


def standing(site: Site) -> int:
    """How many warnings stand on the topic."""
    newest = site.deployment.newest().values()
    return sum(warning["state"] in ("open", "breached") for warning in newest)


@pytest.mark.timeout(900 if PICTURES else 120)
def test_every_panel_has_an_answer(site: Site) -> None:
    """Every query of every panel, against what Prometheus gathered; empty only where the history
    says nothing, and there for a stated reason."""
    found: list[Answer] = []

    def all_answered() -> bool:
        nonlocal found
        found = list(answers(site.prometheus))
        return not [each for each in found if not each.values and each.title not in NOT_IMPLIED]

    def missing() -> str:
        return f"answers of {[(e.title, e.expr) for e in found if not e.values]}"

    wait_for(all_answered, 90, missing)
    assert len({each.title for each in found}) > 60
    empty = {each.title for each in found if not each.values}
    assert empty <= NOT_IMPLIED.keys()
    if PICTURES:
        wait_for(
            lambda: site.prometheus.query('count_over_time(up{job="shipsentry"}[1h]) > 72'),
            420,
            "six minutes of scrapes",
        )
        view = View(f"http://127.0.0.1:{site.prometheus.port}", time.time() - 390, time.time())
        draw({Path(PICTURES) / name: dashboard for name, dashboard in EVERY.items()}, view)


def test_the_numbers_are_those_of_the_topic(site: Site) -> None:
    """The panels' sums over two workers are what a consumer of the warnings counts."""
    shown = panel("Open warnings by rule and stage").exprs[0]
    breached = panel("Breached warnings by rule and stage").exprs[0]

    def equal() -> bool:
        total = sum(
            float(sample["value"][1])
            for expression in (shown, breached)
            for sample in site.prometheus.query(expression)
        )
        return int(total) == standing(site) > 30

    wait_for(equal, 60, lambda: f"{standing(site)} warnings in the panels")
    dead = len(site.deployment.read(site.deployment.topics.dead_letters))
    assert dead > 0
    wait_for(
        lambda: site.value("Dead letters, last hour") == dead,
        30,
        lambda: f"{dead} dead letters; the panel has {site.value('Dead letters, last hour')}",
    )


def test_compose_mounts_what_this_test_uses() -> None:
    """Prometheus' folder, and where in it the configuration lies."""
    prometheus = service("prometheus")
    (mount,) = [each for each in prometheus["volumes"] if each.startswith("./")]
    source, target, _ = mount.split(":")
    assert (ROOT / source).resolve() == CONFIG
    assert f"--config.file={target}/prometheus.yml" in prometheus["command"]
    assert service("worker")["command"] == [WORKER[-1]]


def unwell(site: Site) -> dict[str, str]:
    """Rules that were not evaluated yet, or could not be, and why."""
    return {
        rule["name"]: rule.get("lastError") or rule["health"]
        for rule in site.prometheus.rules()
        if rule["health"] != "ok"
    }


def test_every_alert_can_be_evaluated(site: Site) -> None:
    """Prometheus loads every rule of the mounted files, and none has an error; the watchdog fires,
    and of what is quiet on a healthy system nothing does."""
    rules = site.prometheus.rules()
    assert len(rules) > 30
    wait_for(
        lambda: not unwell(site),
        90,
        lambda: f"healthy rules: {unwell(site)}",
    )
    for rule in rules:
        site.prometheus.query(rule["query"])
    firing = site.prometheus.alerts()
    assert firing["ShipSentryWatchdog"] == "firing"
    broken = {"WorkerDown", "WorkersAbsent", "WorkerNotReady", "BrokerUnreachable", "CommitsStuck"}
    broken |= {"RuleFailing", "FeedSilent", "PartitionsMissing", "WorkerRestarting"}
    assert not {f"ShipSentry{name}" for name in broken} & firing.keys()


def test_poison_shows(site: Site) -> None:
    """A record that is no JSON: a dead letter more in the panel, and the alert names the reason."""
    before = site.value("Dead letters, last hour")
    assert before is not None
    producer = Producer({"bootstrap.servers": site.kafka.bootstrap})
    for number in range(7):
        producer.produce(site.deployment.topics.tracking, f"poison {number}".encode())
    assert producer.flush(20) == 0
    wait_for(
        lambda: site.value("Dead letters, last hour") == before + 7,
        60,
        lambda: f"{before} + 7 dead letters; the panel has {site.value('Dead letters, last hour')}",
    )
    site.wait_for_alert("DeadLetters")
    by_reason = panel("Dead letters in an hour, by topic and reason").exprs[0]
    reasons = {
        sample["metric"]["reason"]: float(sample["value"][1])
        for sample in site.prometheus.query(by_reason)
        if sample["metric"]["topic"] == site.deployment.topics.tracking
    }
    assert reasons["not_json"] >= 7


def heard_for_days() -> bytes:
    """What a worker knows that has heard a carrier every two minutes for three days."""
    feeds = Feeds()
    now = int(time.time()) * SECOND
    for moment in range(now - 3 * DAY, now, MINUTE // 2):
        feeds.listen(moment, moment)
        if moment % (2 * MINUTE) < MINUTE // 2:
            feeds.hear({"zto": 40}, moment)
    return feeds.dump()


def heard_last(site: Site) -> None:
    """The fast worker hears the carrier, and from then on nobody sends anything."""
    producer = Producer({"bootstrap.servers": site.kafka.bootstrap})
    record = {"carrier": "zto", "tracking_number": "781234567890", "status": "hub"}

    def heard() -> bool:
        """It does not listen while it catches up."""
        when = datetime.now(UTC).isoformat()
        value = json.dumps({**record, "occurred_at": when})
        producer.produce(site.fast_deployment.topics.tracking, value)
        producer.flush(5)
        port = site.fast.http_port
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return b'shipsentry_feed_quiet_seconds{carrier="zto"}' in answer.read()
        except OSError:
            return False

    wait_for(heard, 60, "the fast worker to hear the carrier")


def test_a_silent_carrier_shows(site: Site) -> None:
    """A carrier that was heard every two minutes for days is not heard any more; its worker's clock
    runs twenty times as fast, so ten minutes pass in half a minute. The alert is waited for in the
    next test: it takes half a minute of its own."""
    site.prometheus.add(f"127.0.0.1:{site.fast.http_port}")
    silent, _ = panel("Who is heard").exprs
    # The panel shows the worker that heard the carrier last, and that is another one here.
    here = f'instance="127.0.0.1:{site.fast.http_port}"'
    quiet = f"shipsentry_feed_quiet_seconds{{{here}}}"

    def shown(expression: str) -> float:
        found = site.prometheus.query(expression)
        return max(
            (float(s["value"][1]) for s in found if s["metric"].get("carrier") == "zto"), default=-1
        )

    wait_for(lambda: shown(silent) == 1, 90, lambda: f"zto to be silent, quiet {shown(quiet)} s")
    assert shown(quiet) >= 600
    assert site.value("Can I trust this now?") == 1


def test_a_killed_worker_shows(site: Site) -> None:
    """kill -9: the panel of trust says that a worker is down, the alert fires; the other one takes
    over, and the numbers are whole again before anybody comes. The carrier's alert fires too."""
    site.workers[1].kill()
    wait_for(lambda: site.value("Can I trust this now?") == 6, 60, "the panel to say so")
    wait_for(lambda: site.value("Workers") == 2, 60, "two of three workers to be ready")
    site.wait_for_alert("WorkerDown")
    site.wait_for_alert("FeedSilent")
    listed = site.prometheus.query(panel("Alerts that fire").exprs[0])
    names = {sample["metric"]["alertname"] for sample in listed}
    assert {"ShipSentryWorkerDown", "ShipSentryFeedSilent"} <= names
    shown = 'sum(shipsentry_open_warnings{state=~"open|breached"})'
    # The week goes on meanwhile: a warning may come or go.
    wait_for(
        lambda: (
            [float(each["value"][1]) for each in site.prometheus.query(shown)]
            == [float(standing(site))]
        ),
        60,
        lambda: f"{standing(site)} warnings of one worker; {site.prometheus.query(shown)}",
    )
    assert standing(site) > 40
    site.prometheus.remove(f"127.0.0.1:{site.fast.http_port}")
    site.fast.kill()
    site.workers[1].start()
    wait_for(lambda: site.value("Can I trust this now?") == 0, 90, "trust to be back")


def test_a_stopped_broker_shows(site: Site) -> None:
    """The broker is frozen: heartbeats go unanswered, the alert fires, and the workers end
    themselves with a message before they could say anything that nobody keeps."""
    for node in site.kafka.node_ids:
        site.kafka.pause_node(node)
    highest = 0.0

    def unheard() -> bool:
        nonlocal highest
        highest = max(highest, site.value("Heartbeat age") or 0.0)
        return highest > 5

    wait_for(unheard, 60, lambda: f"the heartbeat's age to grow, {highest} s at most")
    site.wait_for_alert("BrokerUnreachable")
    for worker in site.workers:
        wait_for(lambda worker=worker: not worker.is_running(), 60, "the worker to end itself")
        said = worker.log.read_text(errors="replace")
        assert "worker failed: Stalled: no progress for" in said
    wait_for(lambda: site.value("Can I trust this now?") == 6, 60, "the panel to say so")
    site.wait_for_alert("WorkerDown")
