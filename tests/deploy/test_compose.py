"""docker-compose.yml is what Compose reads, and fits what it starts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from confluent_kafka import Consumer, Producer
from jsonschema import Draft7Validator, ValidationError
from kafka_server import POM, KafkaServer
from support.certificates import authority
from support.deploying import (
    DIGEST,
    ROOT,
    Document,
    compose,
    dockerfile,
    pages,
    parse,
    seconds,
    settings_of,
    stopping,
)
from support.running import wait_for

from grafana import risk
from streams.desk.service.server import GOODBYE_S
from streams.ingest.feeds import load_feeds
from streams.settings import PAGES, load_settings

OURS = ("topics", "worker", "ingest", "desk", "history", "player")
PINNED = re.compile(rf"[a-z0-9./-]+:v?[0-9]+\.[0-9]+\.[0-9]+({DIGEST})?")


def services() -> dict[str, Document]:
    """The services by name."""
    found: dict[str, Document] = compose()["services"]
    return found


def docker_has_compose() -> bool:
    """Whether `docker compose` is installed; it needs no engine to read a file."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    asked = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    return asked.returncode == 0


@pytest.fixture(scope="module")
def schema() -> Document:
    """The Compose specification's schema, as check-jsonschema ships it."""
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_it_follows_the_specification(schema: Document) -> None:
    """Every key is one that Compose knows, every value of a kind that it takes."""
    Draft7Validator(schema).validate(compose())


def _misspelt(document: Document) -> None:
    document["services"]["worker"]["helthcheck"] = {}


def _number_as_image(document: Document) -> None:
    document["services"]["kafka"]["image"] = 4


def _condition(document: Document) -> None:
    document["services"]["worker"]["depends_on"]["kafka"]["condition"] = "healthy"


def _port(document: Document) -> None:
    document["services"]["grafana"]["ports"] = [{"publish": 3000}]


def _volume(document: Document) -> None:
    document["volumes"]["kafka-data"] = "somewhere"


@pytest.mark.parametrize("spoil", [_misspelt, _number_as_image, _condition, _port, _volume])
def test_the_specification_refuses_faults(
    schema: Document, spoil: Callable[[Document], None]
) -> None:
    """The check above can fail: each of these files is refused."""
    document = compose()
    spoil(document)
    with pytest.raises(ValidationError):
        Draft7Validator(schema).validate(document)


@pytest.mark.skipif(not docker_has_compose(), reason="Docker's Compose plugin is not installed")
def test_compose_itself_reads_it() -> None:
    """`docker compose config` finds nothing to complain of."""
    asked = subprocess.run(
        ["docker", "compose", "config", "--quiet"],  # noqa: S607 - whichever docker is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stderr) == (0, "")


def test_every_image_is_pinned() -> None:
    """A release with all its numbers, so that tomorrow's `up` starts what today's did."""
    images = {name: service["image"] for name, service in services().items()}
    assert [name for name, image in images.items() if not PINNED.fullmatch(image)] == []


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("apache/kafka:4.1.2", True),
        (f"apache/kafka:4.1.2@sha256:{'0a' * 32}", True),
        (f"apache/kafka@sha256:{'0a' * 32}", False),
        ("apache/kafka:4.1.2@sha256:…", False),
        (f"apache/kafka:4.1.2@sha256:{'0A' * 32}", False),
        ("apache/kafka:4.1", False),
        ("apache/kafka:latest", False),
    ],
)
def test_what_pinned_is(image: str, pinned: bool) -> None:
    """By its tag, which says to readers what it is, and where known by its digest too."""
    assert bool(PINNED.fullmatch(image)) is pinned


def test_kafka_is_the_one_that_tests_run_on() -> None:
    """What passes on the tests' Kafka is what users get."""
    version = re.search(r"<kafka\.version>([^<]+)<", POM.read_text())
    assert version is not None
    assert services()["kafka"]["image"].partition("@")[0] == f"apache/kafka:{version[1]}"


def test_ours_is_built_here() -> None:
    """One image for all three, with the project's version, from the Dockerfile at the top."""
    label = dockerfile()[-1].one("LABEL")
    version = re.search(r'image\.version="([^"]+)"', label)
    assert version is not None
    for name in OURS:
        service = services()[name]
        assert (service["image"], service["build"]) == (f"shipsentry:{version[1]}", ".")
    assert [name for name, each in services().items() if "build" in each] == list(OURS)


def test_what_is_mounted_from_here_exists() -> None:
    """Docker would make an empty folder of whatever is missing."""
    mounts = [
        volume.split(":")
        for service in services().values()
        for volume in service.get("volumes", ())
        if volume.startswith((".", "/")) and ":" in volume
    ]
    assert len(mounts) >= 3
    for source, _, mode in mounts:
        assert (ROOT / source).is_dir(), source
        assert mode == "ro"


def test_named_volumes_are_declared() -> None:
    """And no more than are used."""
    used = {
        volume.split(":")[0]
        for service in services().values()
        for volume in service.get("volumes", ())
        if not volume.startswith((".", "/"))
    }
    assert used == set(compose()["volumes"])


def test_ports_are_open_on_loopback_only() -> None:
    """Nothing here has a password, so nothing may be reached from another machine."""
    ports = [port for service in services().values() for port in service.get("ports", ())]
    assert len(ports) == 6
    loopback = re.compile(r"127\.0\.0\.1:[0-9]+(-[0-9]+)?:[0-9]+")
    assert [port for port in ports if not loopback.fullmatch(port)] == []


def test_ports_can_be_moved() -> None:
    """Each host port is a variable's, Kafka's also where it says how it is reached."""
    text = (ROOT / "docker-compose.yml").read_text()
    names = ("KAFKA_PORT", 2), ("WORKER_PORTS", 1), ("PROMETHEUS_PORT", 1), ("GRAFANA_PORT", 1)
    names = (*names, ("INGEST_PORT", 1), ("DESK_PORT", 1))
    for name, count in names:
        assert text.count(f"${{{name}:-") == count


@pytest.mark.parametrize("name", OURS)
def test_settings_are_settings(name: str) -> None:
    """Every SHIPSENTRY_ variable exists and has a value that is allowed."""
    environment = {**dockerfile()[-1].environment(), **services()[name]["environment"]}
    settings = settings_of(environment)
    assert settings.bootstrap_servers == "kafka:9092"
    assert settings.replication_factor == 1


@pytest.mark.parametrize("name", OURS)
def test_commands_are_commands(name: str) -> None:
    """What the image's entry point is given is a command with its options."""
    mounted = str(ROOT / "deploy" / "ingest")
    command = [word.replace("/etc/shipsentry", mounted) for word in services()[name]["command"]]
    words = [word for word in command if not word.startswith(("-", "/"))]
    assert parse(command) == "shipsentry " + " ".join(words)


def test_the_past_is_played_before_a_worker_starts() -> None:
    """Read as it comes, it would be five days of warnings that each next record withdraws."""
    done = {"condition": "service_completed_successfully"}
    assert services()["history"]["command"] == ["play", "--backlog"]
    for name in ("worker", "player"):
        assert services()[name]["depends_on"]["history"] == done


def test_the_comments_commands_are_commands() -> None:
    """What the file's comments tell users to run, too."""
    text = (ROOT / "docker-compose.yml").read_text()
    found = re.findall(r"docker compose exec worker shipsentry ([a-z -]+)", text)
    assert found
    for command in found:
        assert parse(command.split()).startswith("shipsentry ")
    with pytest.raises(click.UsageError):
        parse(["player"])


def test_prometheus_finds_the_workers() -> None:
    """The name and port that it looks up are the service's and its pages'."""
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    (job,) = [
        each for each in yaml.safe_load(text)["scrape_configs"] if each["job_name"] == "shipsentry"
    ]
    (discovery,) = job["dns_sd_configs"]
    assert discovery["names"] == ["worker"]
    assert discovery["type"] == "A"
    worker = services()["worker"]
    settings = settings_of({**dockerfile()[-1].environment(), **worker["environment"]})
    assert discovery["port"] == settings.http_port
    (port,) = worker["ports"]
    assert port.rpartition(":")[2] == str(settings.http_port)
    assert settings.http_host == "0.0.0.0"  # noqa: S104 - within the container
    assert job.get("metrics_path", "/metrics") == "/metrics"


def test_what_sources_push_finds_the_service() -> None:
    """Its port is open, its feeds can be read, Prometheus finds it, and a stop waits for it."""
    service = services()["ingest"]
    settings = settings_of(service["environment"])
    assert settings.ingest_host == "0.0.0.0"  # noqa: S104 - within the container
    (port,) = service["ports"]
    assert port.rpartition(":")[2] == str(settings.ingest_port)
    feeds = load_feeds(ROOT / "deploy" / "ingest" / "feeds.toml", {"ERP_KEY": "of this test"})
    assert list(feeds) == [("canonical", "erp")]
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    jobs = {each["job_name"]: each for each in yaml.safe_load(text)["scrape_configs"]}
    (discovery,) = jobs["shipsentry-ingest"]["dns_sd_configs"]
    assert (discovery["names"], discovery["port"]) == (["ingest"], settings.ingest_port)
    assert seconds(service["stop_grace_period"]) > 2 * settings.ingest_deadline_s + 2


def test_the_desk_is_where_a_browser_looks_for_it() -> None:
    """Its port is open, Prometheus finds it, it keeps its database, and a stop waits for it."""
    service = services()["desk"]
    settings = settings_of(service["environment"])
    assert settings.desk_host == "0.0.0.0"  # noqa: S104 - within the container
    (port,) = service["ports"]
    assert port.rpartition(":")[2] == str(settings.desk_port)
    assert service["volumes"] == [
        f"desk-data:{dockerfile()[-1].environment()['SHIPSENTRY_DATA_DIR']}"
    ]
    assert seconds(service["stop_grace_period"]) > 2 * GOODBYE_S
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    jobs = {each["job_name"]: each for each in yaml.safe_load(text)["scrape_configs"]}
    (discovery,) = jobs["shipsentry-desk"]["dns_sd_configs"]
    assert (discovery["names"], discovery["port"]) == (["desk"], settings.desk_port)


def test_there_may_be_several_workers() -> None:
    """Nothing in the service is one container's alone, local state least of all."""
    worker = services()["worker"]
    assert not worker.keys() & {"container_name", "hostname"}
    first, last = map(int, worker["ports"][0].split(":")[1].split("-"))
    assert last - first + 1 >= settings_of(worker["environment"]).partitions
    assert "SHIPSENTRY_GROUP_INSTANCE_ID" not in worker["environment"]
    assert "SHIPSENTRY_ADVERTISED_HTTP" not in worker["environment"]
    assert worker["volumes"] == [dockerfile()[-1].environment()["SHIPSENTRY_DATA_DIR"]]


def test_numbers_of_dashboards_lead_to_a_worker() -> None:
    """The address that they assume is the first worker's, and it serves the list."""
    worker = services()["worker"]
    settings = settings_of(worker["environment"])
    assert settings.warnings_page
    # A browser has no token: the list is opened by name, to this machine's loopback alone.
    assert settings.http_open_pages == PAGES
    first = worker["ports"][0].split(":")[1].split("-")[0]
    assert risk.RISK.worker == f"http://localhost:{first}"


def test_a_worker_may_finish_what_it_began() -> None:
    """It is not killed before its own patience with itself has ended."""
    worker = services()["worker"]
    settings = settings_of(worker["environment"])
    assert seconds(worker["stop_grace_period"]) > stopping(settings)


@pytest.mark.parametrize("name", sorted(services()))
def test_conditions_can_come_true(name: str) -> None:
    """Who waits for health waits for somebody with a check; for an end, somebody who ends."""
    for other, wanted in services()[name].get("depends_on", {}).items():
        target = services()[other]
        if wanted["condition"] == "service_healthy":
            assert target["healthcheck"]["test"], other
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert target["restart"] == "no", other


def test_the_workers_health_is_the_images() -> None:
    """One check, in two places: Compose shows it, other engines take the image's."""
    image = dockerfile()[-1].one("HEALTHCHECK").partition(" CMD ")[2]
    assert services()["worker"]["healthcheck"]["test"] == ["CMD", *json.loads(image)]
    for name in ("topics", "history", "player"):
        assert services()[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize(("problem", "healthy"), [(None, True), ("it failed", False)])
def test_the_health_check_tells(problem: str | None, healthy: bool) -> None:
    """Against a worker's real pages: well, or not; and not where nobody answers."""
    kind, python, *rest = services()["worker"]["healthcheck"]["test"]
    assert (kind, python) == ("CMD", "python")
    with pages(problem) as port:
        assert (_status(rest, port) == 0) is healthy
    assert _status(rest, port) != 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes keys by openssl")
def test_the_health_check_tells_by_https_too(tmp_path: Path) -> None:
    """A worker asks itself, so its certificate may name whomever it likes."""
    certificate, key = authority(tmp_path)
    access = load_settings(http_certfile=certificate, http_keyfile=key).access()
    _, _, *rest = services()["worker"]["healthcheck"]["test"]
    with pages(access=access) as port:
        assert _status(rest, port) != 0
        assert _status(rest, port, SHIPSENTRY_HTTP_CERTFILE=str(certificate)) == 0


def _status(arguments: list[str], port: int, **environment: str) -> int:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"SHIPSENTRY_HTTP_PORT": str(port), **environment},
        capture_output=True,
        check=False,
    ).returncode


def test_grafana_shows_what_is_there() -> None:
    """Its first page exists, and it asks the Prometheus of this file."""
    grafana = services()["grafana"]
    environment = grafana["environment"]
    mounts = dict(
        reversed(volume.removesuffix(":ro").split(":", 1)) for volume in grafana["volumes"]
    )
    folder, name = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].split("/en/")
    assert (ROOT / mounts[folder] / "en" / name).is_file()
    provisioning = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / mounts["/etc/grafana/provisioning"]).rglob("*.y*ml")
    )
    assert "PROMETHEUS_URL" in provisioning
    assert folder in provisioning
    host, port = environment["PROMETHEUS_URL"].removeprefix("http://").split(":")
    assert services()[host]["ports"][0].endswith(f":{port}")


def test_grafana_needs_no_password_and_asks_nobody_outside() -> None:
    """Viewers without an account, and no account that has a password everybody knows."""
    environment = services()["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    asking = [name for name in environment if name.startswith(("GF_ANALYTICS", "GF_NEWS"))]
    assert len(asking) == 5
    assert {environment[name] for name in asking} == {"false"}
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"(?i)(password|secret|token)\s*[:=]", text)


@pytest.mark.parametrize("name", OURS)
def test_ours_can_do_no_more_than_it_needs(name: str) -> None:
    """A read-only file system, no capabilities, no new privileges, a bound on memory."""
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"]["memory"]


def properties() -> dict[str, str]:
    """Kafka's configuration, made of the variables as the image makes it."""
    environment = services()["kafka"]["environment"]
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
        if name != "KAFKA_HEAP_OPTS"
    }


ADDRESSES = {
    "node.id",
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "log.dirs",
}
"""What differs where the broker is no container."""


@pytest.fixture
def broker() -> Iterator[KafkaServer]:
    """A Kafka with the compose file's configuration and nothing else but addresses."""
    server = KafkaServer()
    server._config = {k: v for k, v in properties().items() if k not in ADDRESSES}
    with server:
        yield server


def test_kafka_serves_a_group_with_this_configuration(broker: KafkaServer) -> None:
    """One broker is enough for all that workers use: offsets, groups, acknowledged writes."""
    topic = broker.create_topic("t", 2)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True})
    producer.produce(topic, b"hello")
    assert producer.flush(30) == 0
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "g",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    try:
        consumer.subscribe([topic])
        message = wait_for(lambda: consumer.poll(0.5), 40, "a record")
        assert (message.error(), message.value()) == (None, b"hello")
        consumer.commit(message, asynchronous=False)
    finally:
        consumer.close()


def test_kafka_is_reached_from_inside_and_from_this_machine() -> None:
    """Each listener is advertised under the name that its clients can resolve, ports agree."""
    found: dict[str, Any] = properties()
    listeners = dict(each.split("://:") for each in found["listeners"].split(","))
    advertised = dict(each.split("://") for each in found["advertised.listeners"].split(","))
    security = dict(each.split(":") for each in found["listener.security.protocol.map"].split(","))
    assert security.keys() == listeners.keys()
    assert advertised == {"PLAINTEXT": "kafka:9092", "HOST": "localhost:29092"}
    assert listeners["PLAINTEXT"] == "9092"
    assert services()["kafka"]["ports"] == [f"127.0.0.1:29092:{listeners['HOST']}"]
    assert found["controller.quorum.voters"] == f"1@kafka:{listeners['CONTROLLER']}"
    assert [found["log.dirs"]] == [
        volume.split(":")[1] for volume in services()["kafka"]["volumes"]
    ]
