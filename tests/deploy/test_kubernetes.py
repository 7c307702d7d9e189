"""deploy/kubernetes is what Kubernetes takes, and fits the image and the worker."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml
from support.deploying import (
    DIGEST,
    KUBERNETES,
    ROOT,
    Document,
    dockerfile,
    manifests,
    pages,
    parse,
    settings_of,
    stopping,
)

from streams.desk.service.serve import GOODBYE_S

CHECK = Path(__file__).with_name("check_manifests.mjs")
ALL = manifests()
IMAGE = dockerfile()[-1]

WORKER: Document = ALL["StatefulSet/shipsentry-worker"]
JOB: Document = ALL["Job/shipsentry-topics"]
MONITOR: Document = ALL["PodMonitor/shipsentry"]
POLICY: Document = ALL["NetworkPolicy/shipsentry-worker"]
INGEST: Document = ALL["Deployment/shipsentry-ingest"]
DESK: Document = ALL["StatefulSet/shipsentry-desk"]
FOLDERS = [KUBERNETES, *(KUBERNETES / each for each in ("ingest", "desk", "desk-postgresql"))]
POD: Document = WORKER["spec"]["template"]["spec"]
CONTAINER: Document = POD["containers"][0]


# -- what no cluster would take


def _misspelt_key(worker: Document) -> None:
    worker["spec"]["replica"] = worker["spec"].pop("replicas")


def _misspelt_key_far_inside(worker: Document) -> None:
    _container(worker)["livenessProbe"]["httpGet"]["prot"] = 8080


def _key_at_the_wrong_level(worker: Document) -> None:
    worker["spec"]["template"]["terminationGracePeriodSeconds"] = 75


def _text_for_a_number(worker: Document) -> None:
    _container(worker)["startupProbe"]["failureThreshold"] = "60"


def _number_as_a_variables_value(worker: Document) -> None:
    _container(worker)["env"].append({"name": "SHIPSENTRY_HTTP_PORT", "value": 8080})


def _value_of_no_enumeration(worker: Document) -> None:
    worker["spec"]["podManagementPolicy"] = "parallel"


def _no_selector(worker: Document) -> None:
    del worker["spec"]["selector"]


def _no_name(worker: Document) -> None:
    del _container(worker)["name"]


def _list_for_a_map(worker: Document) -> None:
    worker["spec"]["template"]["metadata"]["labels"] = ["worker"]


def _unknown_kind(worker: Document) -> None:
    worker["kind"] = "StatefulSets"


def _container(worker: Document) -> Document:
    found: Document = worker["spec"]["template"]["spec"]["containers"][0]
    return found


FAULTS: list[Callable[[Document], None]] = [
    _misspelt_key,
    _misspelt_key_far_inside,
    _key_at_the_wrong_level,
    _text_for_a_number,
    _number_as_a_variables_value,
    _value_of_no_enumeration,
    _no_selector,
    _no_name,
    _list_for_a_map,
    _unknown_kind,
]


def _monitor_of_ports(monitor: Document) -> None:
    monitor["spec"]["endpoints"] = monitor["spec"].pop("podMetricsEndpoints")


def _interval_as_a_number(monitor: Document) -> None:
    monitor["spec"]["podMetricsEndpoints"][0]["interval"] = 5


MONITOR_FAULTS: list[Callable[[Document], None]] = [_monitor_of_ports, _interval_as_a_number]


def examples() -> dict[str, Document]:
    """The objects that the README gives as examples, by name."""
    text = (KUBERNETES / "README.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return {block["metadata"]["name"]: block for block in blocks if "metadata" in block}


EXAMPLES = examples()


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[str]]:
    """What is wrong with each manifest, the README's example, and each spoilt one by its fault."""
    asked = {**ALL, **EXAMPLES}
    for good, faults in ((WORKER, FAULTS), (MONITOR, MONITOR_FAULTS)):
        for fault in faults:
            spoilt = copy.deepcopy(good)
            fault(spoilt)
            asked[fault.__name__] = spoilt
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed; scripts/test installs it"
    assert (CHECK.parent / "node_modules").is_dir(), "run scripts/setup --operators"
    done = subprocess.run(
        [node, str(CHECK)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", [*ALL, *EXAMPLES])
def test_manifests_fit_their_types(verdicts: dict[str, list[str]], name: str) -> None:
    """Every key is known, every value of its type, by Kubernetes' and the operator's own models."""
    assert verdicts[name] == []


@pytest.mark.parametrize("fault", [*FAULTS, *MONITOR_FAULTS])
def test_faults_are_found(
    verdicts: dict[str, list[str]], fault: Callable[[Document], None]
) -> None:
    """The check above can fail: each of these objects is refused."""
    assert verdicts[fault.__name__] != []


# -- the folder as a whole


@pytest.mark.parametrize("folder", [*FOLDERS, KUBERNETES / "monitoring"])
def test_every_manifest_is_applied(folder: Path) -> None:
    """The kustomization names each file beside it, once."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert sorted({*kustomization["resources"]} - {"../desk"}) == sorted(there)
    assert kustomization["namespace"] == ALL["Namespace/shipsentry"]["metadata"]["name"]


def test_the_readme_names_each_file() -> None:
    """Nobody has to guess what a file is for."""
    text = (KUBERNETES / "README.md").read_text(encoding="utf-8")
    for path in KUBERNETES.glob("*.yaml"):
        assert f"`{path.name}`" in text
    for folder in (path.parent.name for path in KUBERNETES.glob("*/kustomization.yaml")):
        assert f"`{folder}/`" in text


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize(
    "overlay", ["", "monitoring", "ingest", "desk", "desk-postgresql", "the README's"]
)
def test_kustomize_builds_it(tmp_path: Path, overlay: str) -> None:
    """What `kubectl apply --kustomize` would send, with the image's name and tag filled in."""
    shutil.copytree(KUBERNETES, tmp_path / "deploy" / "kubernetes")
    folder = tmp_path / "deploy" / "kubernetes" / overlay
    if overlay == "the README's":
        folder = tmp_path / "my-cluster"
        folder.mkdir()
        text = (KUBERNETES / "README.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        (example,) = [block for block in blocks if "kind: Kustomization" in block]
        (folder / "kustomization.yaml").write_text(example, encoding="utf-8")
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)],  # noqa: S607 - whichever kubectl is there
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    built = list(yaml.safe_load_all(done.stdout))
    assert {each["metadata"].get("namespace", "shipsentry") for each in built} == {"shipsentry"}
    images = set(re.findall(r"image: (\S+)", done.stdout))
    expected = {"monitoring": set(), "the README's": {"registry.example/shipsentry:0.1.0"}}
    assert images == expected.get(overlay, {"shipsentry:0.1.0"})


def test_the_alerts_are_those_of_prometheus() -> None:
    """rules.yaml is what its script makes of prometheus/rules, and means the same."""
    path = KUBERNETES / "monitoring" / "make_rules.py"
    spec = importlib.util.spec_from_file_location("make_rules", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    committed = (KUBERNETES / "monitoring" / "rules.yaml").read_text(encoding="utf-8")
    assert committed == module.manifest(), f"run: .venv/bin/python {path.relative_to(ROOT)}"
    groups = [
        group
        for rules in sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
        for group in yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    ]
    assert ALL["PrometheusRule/shipsentry"]["spec"]["groups"] == groups


# -- settings and commands


def environment(container: Document) -> dict[str, str]:
    """What a container's process sees of image, ConfigMap and its own variables."""
    found = {**IMAGE.environment(), **ALL["ConfigMap/shipsentry-settings"]["data"]}
    pod = {"POD_NAME": "shipsentry-worker-0"}
    for each in container.get("env", ()):
        value = pod[each["name"]] if "valueFrom" in each else each["value"]
        found[each["name"]] = re.sub(r"\$\((\w+)\)", lambda name: found[name[1]], value)
    return found


@pytest.mark.parametrize("workload", [WORKER, JOB], ids=["worker", "topics"])
@pytest.mark.parametrize("with_secret", [False, True])
def test_settings_are_settings(workload: Document, with_secret: bool) -> None:
    """Every SHIPSENTRY_ variable exists and has a value that is allowed; the Secret's as well."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    secrets = ("shipsentry-kafka", "shipsentry-pages")[: 2 if workload is WORKER else 1]
    extra: Document = {}
    for name in secrets if with_secret else ():
        extra |= EXAMPLES[name]["stringData"]
    settings = settings_of({**environment(container), **extra})
    assert settings.security_protocol == ("SASL_SSL" if with_secret else "PLAINTEXT")
    assert settings.partitions == 12
    sources = container["envFrom"]
    assert sources[0]["configMapRef"]["name"] == "shipsentry-settings"
    assert [each["secretRef"] for each in sources[1:]] == [
        {"name": name, "optional": True} for name in secrets
    ]
    assert settings.access().asks is (with_secret and workload is WORKER)


def test_no_service_can_set_a_variable() -> None:
    """Kubernetes names variables after services: SHIPSENTRY_HTTP_PORT could be one of them."""
    for workload in (WORKER, JOB, INGEST, DESK):
        assert workload["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_a_pod_keeps_its_name_in_group_and_dns() -> None:
    """The instance id is the pod's name, and the others reach it by the headless service's."""
    settings = settings_of(environment(CONTAINER))
    service = ALL["Service/shipsentry-worker"]
    name = service["metadata"]["name"]
    assert WORKER["spec"]["serviceName"] == name
    assert service["spec"]["clusterIP"] == "None"
    assert settings.group_instance_id == "shipsentry-worker-0"
    assert settings.web_address == f"http://shipsentry-worker-0.{name}:{settings.http_port}"
    namespace = ALL["Namespace/shipsentry"]["metadata"]["name"]
    for host in (
        *(f"shipsentry-worker-0.{name}", name, f"{name}.{namespace}"),
        *(f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.cluster.local"),
    ):
        assert settings.access().knows_host(f"{host}:{settings.http_port}")
    named = [each["name"] for each in CONTAINER["env"]]
    assert named.index("POD_NAME") == 0  # only what stands before may be used
    assert CONTAINER["env"][0]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


@pytest.mark.parametrize(
    ("workload", "command"), [(WORKER, "shipsentry worker"), (JOB, "shipsentry topics create")]
)
def test_commands_are_commands(workload: Document, command: str) -> None:
    """The image's entry point gets a command that there is."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert "command" not in container
    assert parse(container["args"]) == command


def test_the_readmes_commands_are_commands() -> None:
    """What it runs inside of pods, too."""
    text = (KUBERNETES / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"-- shipsentry ([^`]+)`", text)
    assert found != []
    for command in found:
        assert parse(command.split()).startswith("shipsentry ")


def test_there_are_partitions_for_all() -> None:
    """As many workers as there are partitions, at most, and replicas for the brokers' failures."""
    settings = settings_of(environment(CONTAINER))
    assert 1 < WORKER["spec"]["replicas"] <= settings.partitions
    assert settings.replication_factor == 3


# -- pods


def test_ports_are_the_workers() -> None:
    """One port, `http`, wherever it is meant."""
    settings = settings_of(environment(CONTAINER))
    assert CONTAINER["ports"] == [{"name": "http", "containerPort": settings.http_port}]
    (port,) = ALL["Service/shipsentry-worker"]["spec"]["ports"]
    assert port == {"name": "http", "port": settings.http_port, "targetPort": "http"}
    (endpoint,) = MONITOR["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "http"


@pytest.mark.parametrize(
    ("probe", "path"),
    [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")],
)
def test_probes_ask_pages_that_a_worker_serves(probe: str, path: str) -> None:
    """Of the real pages: 200 when all is well, 503 when not, never 404."""
    asked = CONTAINER[probe]
    assert asked["httpGet"] == {"path": path, "port": "http"}
    assert asked["timeoutSeconds"] <= asked["periodSeconds"]
    for problem, expected in ((None, 200), ("not yet", 503)):
        with pages(problem) as port:
            assert _status(f"http://127.0.0.1:{port}{path}") == expected


def test_metrics_are_scraped_where_they_are() -> None:
    """The same page, as often and under the same job as in prometheus.yml: rules depend on it."""
    (endpoint,) = MONITOR["spec"]["podMetricsEndpoints"]
    with pages() as port:
        assert _status(f"http://127.0.0.1:{port}{endpoint['path']}") == 200
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert endpoint["interval"] == config["global"]["scrape_interval"]
    job = WORKER["spec"]["template"]["metadata"]["labels"][MONITOR["spec"]["jobLabel"]]
    assert job in [each["job_name"] for each in config["scrape_configs"]]


def _status(url: str) -> int:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310 - the test's own page
            status: int = answer.status
            return status
    except HTTPError as error:
        with error:
            return error.code


def test_a_start_may_take_as_long_as_a_worker_waits() -> None:
    """The pages are served once a broker is found; before that nobody may kill the pod."""
    settings = settings_of(environment(CONTAINER))
    probe = CONTAINER["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 2 * settings.broker_wait_s


def test_a_worker_may_finish_what_it_began() -> None:
    """It is not killed before its own patience with itself has ended."""
    settings = settings_of(environment(CONTAINER))
    assert POD["terminationGracePeriodSeconds"] > stopping(settings)


def test_selectors_select() -> None:
    """Each selector is the labels of the pods that it is for; the Job's pods are no workers."""
    labels = WORKER["spec"]["template"]["metadata"]["labels"]
    spread = POD["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    selectors = [
        WORKER["spec"]["selector"]["matchLabels"],
        ALL["Service/shipsentry-worker"]["spec"]["selector"],
        ALL["PodDisruptionBudget/shipsentry-worker"]["spec"]["selector"]["matchLabels"],
        MONITOR["spec"]["selector"]["matchLabels"],
        POLICY["spec"]["podSelector"]["matchLabels"],
        POLICY["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"],
        EXAMPLES["shipsentry-asked-by-the-warehouse"]["spec"]["podSelector"]["matchLabels"],
        spread,
    ]
    others = JOB["spec"]["template"]["metadata"]["labels"]
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not selector.items() <= others.items()


def test_nobody_else_comes_in() -> None:
    """Workers and Prometheus, to the pages' port; workers may go out wherever they like."""
    assert POLICY["spec"]["policyTypes"] == ["Ingress"]
    (rule,) = POLICY["spec"]["ingress"]
    assert rule["ports"] == [{"port": CONTAINER["ports"][0]["name"]}]
    workers, prometheus = rule["from"]
    assert workers.keys() == {"podSelector"}  # of the same namespace
    assert prometheus.keys() == {"namespaceSelector", "podSelector"}


def test_only_the_data_directory_is_kept() -> None:
    """A volume for each worker where the image has its data directory; beside it only /tmp."""
    (claim,) = WORKER["spec"]["volumeClaimTemplates"]
    mounts = {each["name"]: each["mountPath"] for each in CONTAINER["volumeMounts"]}
    data_dir = IMAGE.environment()["SHIPSENTRY_DATA_DIR"]
    assert mounts == {claim["metadata"]["name"]: data_dir, "tmp": "/tmp"}  # noqa: S108
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert [each["name"] for each in POD["volumes"]] == ["tmp"]


@pytest.mark.parametrize(
    "workload", [WORKER, JOB, INGEST, DESK], ids=["worker", "topics", "ingest", "desk"]
)
def test_pods_can_do_no_more_than_they_need(workload: Document) -> None:
    """What the namespace's pod security standard asks for, and a read-only file system."""
    namespace = ALL["Namespace/shipsentry"]["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    user, group = (int(number) for number in IMAGE.one("USER").split(":"))
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == user
    assert pod["securityContext"]["runAsGroup"] == group
    assert pod["securityContext"].get("fsGroup", group) == group
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"].keys() == {"requests", "limits"}
    assert "memory" in container["resources"]["limits"]


def test_the_image_is_ours() -> None:
    """One name in the manifests, and one place that says where it comes from and which it is."""
    first, *others = [yaml.safe_load((each / "kustomization.yaml").read_text()) for each in FOLDERS]
    (image,) = first["images"]
    assert all(other["images"] == [image] for other in others)
    for workload in (WORKER, JOB, INGEST):
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        assert container["image"] == image["name"]
    assert f'image.version="{image["newTag"]}"' in IMAGE.one("LABEL")
    if "digest" in image:
        assert re.fullmatch(DIGEST, f"@{image['digest']}")


def test_what_sources_push_finds_the_service() -> None:
    """Its command, port, feeds and probes fit, its labels are no worker's, a stop waits for it."""
    pod = INGEST["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    feeds = KUBERNETES.parent / "ingest" / "feeds.toml"
    (mount,) = container["volumeMounts"]
    command = [word.replace(mount["mountPath"], str(feeds.parent)) for word in container["args"]]
    assert parse(command) == "shipsentry ingest"
    assert ALL["ConfigMap/shipsentry-feeds"]["data"]["feeds.toml"] in feeds.read_text("utf-8")
    settings = settings_of(environment(container))
    assert settings.ingest_host == "0.0.0.0"  # noqa: S104 - within the container
    assert container["ports"] == [{"name": "http", "containerPort": settings.ingest_port}]
    (port,) = ALL["Service/shipsentry-ingest"]["spec"]["ports"]
    assert port["targetPort"] == "http"
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
    assert pod["terminationGracePeriodSeconds"] > 5 + 2 * settings.ingest_deadline_s + 2
    labels = INGEST["spec"]["template"]["metadata"]["labels"]
    for selector in (
        INGEST["spec"]["selector"]["matchLabels"],
        ALL["Service/shipsentry-ingest"]["spec"]["selector"],
        ALL["PodDisruptionBudget/shipsentry-ingest"]["spec"]["selector"]["matchLabels"],
        ALL["NetworkPolicy/shipsentry-ingest"]["spec"]["podSelector"]["matchLabels"],
        ALL["PodMonitor/shipsentry-ingest"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert not selector.items() <= WORKER["spec"]["template"]["metadata"]["labels"].items()
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    jobs = [each["job_name"] for each in yaml.safe_load(text)["scrape_configs"]]
    assert labels["app.kubernetes.io/name"] in jobs


def test_people_find_the_desk_and_it_keeps_what_they_did() -> None:
    """Its command, port, names, volume and probes fit, and its labels are nobody else's."""
    pod = DESK["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert parse(container["args"]) == "shipsentry desk serve"
    settings = settings_of(environment(container))
    assert settings.desk_host == "0.0.0.0"  # noqa: S104 - within the container
    assert container["ports"] == [{"name": "http", "containerPort": settings.desk_port}]
    service = ALL["Service/shipsentry-desk"]
    assert service["metadata"]["name"] in settings.http_allowed_hosts
    (port,) = service["spec"]["ports"]
    assert port["targetPort"] == "http"
    (rule,) = EXAMPLES["shipsentry-desk"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "shipsentry-desk", "port": {"name": port["name"]}}
    # Not /readyz: without Kafka people still work on what the database has.
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert pod["terminationGracePeriodSeconds"] > 5 + 2 * GOODBYE_S
    (claim,) = DESK["spec"]["volumeClaimTemplates"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == str(settings.data_dir)
    assert DESK["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    assert DESK["spec"]["replicas"] == 1
    labels = DESK["spec"]["template"]["metadata"]["labels"]
    for selector in (
        DESK["spec"]["selector"]["matchLabels"],
        service["spec"]["selector"],
        ALL["PodDisruptionBudget/shipsentry-desk"]["spec"]["selector"]["matchLabels"],
        ALL["NetworkPolicy/shipsentry-desk"]["spec"]["podSelector"]["matchLabels"],
        ALL["PodMonitor/shipsentry-desk"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        for other in (WORKER, INGEST):
            assert not selector.items() <= other["spec"]["template"]["metadata"]["labels"].items()
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    jobs = [each["job_name"] for each in yaml.safe_load(text)["scrape_configs"]]
    assert labels["app.kubernetes.io/name"] in jobs


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_desks_that_share_a_postgresql_keep_nothing_themselves() -> None:
    """Several, with the database's URL from a Secret, and no volume that somebody might trust."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(KUBERNETES / "desk-postgresql")],  # noqa: S607 - as above
        capture_output=True,
        text=True,
        check=True,
    )
    found = {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}
    spec = found["StatefulSet"]["spec"]
    assert spec["replicas"] > 1
    assert not spec.keys() & {"volumeClaimTemplates", "persistentVolumeClaimRetentionPolicy"}
    (container,) = spec["template"]["spec"]["containers"]
    given = {each["name"]: each for each in container["env"]}
    assert given["SHIPSENTRY_DESK_DATABASE"]["valueFrom"]["secretKeyRef"] == {
        "name": "shipsentry-desk",
        "key": "SHIPSENTRY_DESK_DATABASE",
    }
    volumes = {each["name"]: each for each in spec["template"]["spec"]["volumes"]}
    assert "emptyDir" in volumes["data"]
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_one_worker_at_a_time_is_disturbed() -> None:
    """And all of them start at once: they wait for nobody."""
    assert ALL["PodDisruptionBudget/shipsentry-worker"]["spec"]["maxUnavailable"] == 1
    assert WORKER["spec"]["podManagementPolicy"] == "Parallel"
    assert WORKER["spec"]["updateStrategy"]["type"] == "RollingUpdate"


def test_the_job_ends_and_makes_room() -> None:
    """A finished Job cannot be changed: it is deleted before the next version is applied."""
    assert JOB["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
    assert JOB["spec"]["ttlSecondsAfterFinished"] > 0
    assert JOB["spec"]["backoffLimit"] > 0


def test_the_lock_names_no_registry() -> None:
    """Which registry packages come from is the user's own setting; each has its checksum."""
    lock = json.loads((CHECK.parent / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert len(packages) > 10
    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert [name for name, each in packages.items() if "integrity" not in each] == []
    wanted = json.loads((CHECK.parent / "package.json").read_text(encoding="utf-8"))
    for name, version in wanted["devDependencies"].items():
        assert packages[f"node_modules/{name}"]["version"] == version
