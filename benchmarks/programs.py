"""The programs that throughput.py measures: how each is set up and started.

What other frameworks need is made on demand: an environment for Quix Streams with pip, the Kafka
Streams application with Maven.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kafka_server import KafkaServer, java  # noqa: E402 - found by the path above

from benchmarks import load  # noqa: E402 - found by the path above
from streams.profiles.loader import load as load_profiles  # noqa: E402 - found by the path above

HERE = ROOT / "benchmarks"
PARTITIONS = 4
WORKER = "worker"
FEW = "worker, four rules"
FOUR = ("ship_overdue", "pickup_overdue", "inactive_after_pickup", "duplicate_tracking_number")
"""The rules of the first release: what a worker costs that judges by no other."""

QUIX_PINS = HERE / "requirements-quix.txt"
QUIX_ENVIRONMENT = HERE / ".venv-quix"
STREAMS = HERE / "kafka-streams"
STREAMS_COMMIT_S = float(os.environ.get("BASELINE_COMMIT_MS", "30000")) / 1000
FAUST_COMMIT_S = 2.8
QUIX_COMMIT_S = 5.0
"""The defaults of these frameworks."""


class RunFailed(RuntimeError):
    """A measured program ended, stood still, or found something else than the workload holds."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to measure: how to start it, what it reads and where its warnings go."""

    name: str
    group: str
    command: Sequence[str]
    env: Mapping[str, str]
    inputs: Sequence[str]
    warnings: str
    events: int
    expected: load.Expected
    commit_s: float = 0.0
    """Seconds between two commits, where a program that is done waits for the next one."""
    members: int = 1
    """Of its group, once all of it runs."""


# -- ours, and the Faust app ---------------------------------------------------------------


def worker(
    kafka: KafkaServer,
    number: int,
    folder: Path,
    expected: load.Expected,
    profile: Path | None = None,
    pack: Path | None = None,
    processes: int | None = None,
) -> Program:
    """Our worker with an application id and local state of its own, its topics made.

    With a `pack` its profiles take the place of the built-in ones; `processes` of one supervisor.
    """
    kind = "worker" if pack is None else pack.name
    several = [] if processes is None else ["--processes", str(processes)]
    app_id = f"bench-{kind}{''.join(several)}-{number}"
    env = {
        "SHIPSENTRY_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "SHIPSENTRY_APP_ID": app_id,
        "SHIPSENTRY_DATA_DIR": str(folder / app_id),
        "SHIPSENTRY_HTTP_PORT": "0",
        # The others warn at once.
        "SHIPSENTRY_SETTLE_S": "0",
        # On a topic that already holds these warnings it would publish nothing again.
        "SHIPSENTRY_WARNINGS_TOPIC": f"{app_id}-shipment-warnings",
    }
    if pack is not None:
        env["SHIPSENTRY_PROFILE_DIRS"] = str(pack)
    create_topics(env)
    profiler = ["-m", "cProfile", "-o", str(profile)] if profile else []
    return Program(
        f"{WORKER}, {processes} processes" if several else WORKER if pack is None else FEW,
        app_id,
        [sys.executable, *profiler, "-m", "streams.cli", "worker", *several],
        env,
        [
            "order-paid",
            "tracking-update",
            f"{app_id}-order-paid-rekey",
            f"{app_id}-tracking-update-rekey",
            f"{app_id}-order-facts",
            f"{app_id}-parcel-facts",
            f"{app_id}-track-facts",
            f"{app_id}-clone-facts",
            f"{app_id}-meter-facts",
            f"{app_id}-meter-totals",
        ],
        f"{app_id}-shipment-warnings",
        expected.orders + expected.tracking,
        expected,
        members=processes or 1,
    )


def four_rules(folder: Path) -> Path:
    """A pack that leaves four rules on, and no shop or product is counted."""
    pack = folder / "four-rules"
    pack.mkdir()
    for profile in load_profiles().all:
        rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
        off = sorted({rule.name for rule in rules}.difference(FOUR))
        lines = [f'extends = "{profile.id}"']
        if profile.meter is not None:
            lines += ['meter = "off"', *(['lines = "off"'] if profile.meter.lines else [])]
        lines.append("[rules]")
        lines += [f'{name} = "off"' for name in off]
        (pack / f"{profile.id}.toml").write_text("\n".join(lines) + "\n")
    return pack


def create_topics(env: Mapping[str, str]) -> None:
    """Every topic of the worker, by its own command."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "topics", "create"],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RunFailed(f"topics create failed:\n{done.stdout}{done.stderr}")


def baseline(kafka: KafkaServer, number: int, folder: Path, expected: load.Expected) -> Program:
    """The Faust app with an application id and local state of its own, its topics made."""
    app_id = f"bench-faust-{number}"
    kafka.create_topic(f"{app_id}-warnings", PARTITIONS)
    kafka.create_topic(f"{app_id}-parcels-changelog", PARTITIONS, {"cleanup.policy": "compact"})
    topic = "baseline-tracking-update"
    return Program(
        "Faust app",
        app_id,
        [sys.executable, str(ROOT / "benchmarks" / "baseline_faust.py"), "worker", "--without-web",
         "-l", "warn"],
        {
            "BASELINE_BOOTSTRAP": kafka.bootstrap,
            "BASELINE_APP_ID": app_id,
            "BASELINE_DATA_DIR": str(folder / app_id),
            "BASELINE_PARTITIONS": str(PARTITIONS),
            "BASELINE_TOPIC": topic,
        },
        [topic],
        f"{app_id}-warnings",
        expected.tracking,
        expected,
        FAUST_COMMIT_S,
    )  # fmt: skip


# -- what users would pick instead ---------------------------------------------------------


def quix(
    kafka: KafkaServer,
    folder: Path,
    expected: load.Expected,
    number: int,
    *,
    name: str,
    commit_s: float,
) -> Program:
    """The Quix Streams application; it makes its changelog topics itself."""
    app_id = f"bench-quix-{commit_s:.0f}s-{number}"
    return Program(
        name,
        app_id,
        [str(QUIX_ENVIRONMENT / "bin" / "python"), str(HERE / "baseline_quix.py")],
        {
            **_common(kafka, app_id, folder),
            "BASELINE_COMMIT_S": str(commit_s),
        },
        ["tracking-update"],
        _warnings(kafka, app_id),
        expected.tracking,
        expected,
        commit_s,
    )


def kafka_streams(
    kafka: KafkaServer,
    folder: Path,
    expected: load.Expected,
    number: int,
    *,
    name: str,
    cache_mib: int,
    threads: int = 1,
) -> Program:
    """The Kafka Streams application; it makes its changelog topics itself."""
    app_id = f"bench-streams-{cache_mib}m-{threads}t-{number}"
    return Program(
        name,
        app_id,
        _java("shipsentry.benchmark.App"),
        {**_common(kafka, app_id, folder), **_of_streams(cache_mib, threads)},
        ["tracking-update"],
        _warnings(kafka, app_id),
        expected.tracking,
        expected,
        STREAMS_COMMIT_S,
    )


def equal_quix(
    kafka: KafkaServer,
    folder: Path,
    expected: load.Expected,
    number: int,
    *,
    name: str,
    commit_s: float,
) -> Program:
    """Quix Streams at a worker's work with four rules."""
    env = _joined(kafka, f"bench-quix-equal-{commit_s:.0f}s-{number}", folder)
    env["BASELINE_COMMIT_S"] = str(commit_s)
    command = [str(QUIX_ENVIRONMENT / "bin" / "python"), str(HERE / "equal_quix.py")]
    return _equal(name, command, env, expected, commit_s)


def equal_streams(
    kafka: KafkaServer,
    folder: Path,
    expected: load.Expected,
    number: int,
    *,
    name: str,
    cache_mib: int,
    threads: int = 1,
) -> Program:
    """Kafka Streams at a worker's work with four rules."""
    app_id = f"bench-streams-equal-{cache_mib}m-{threads}t-{number}"
    env = {**_joined(kafka, app_id, folder), **_of_streams(cache_mib, threads)}
    command = _java("shipsentry.benchmark.equal.EqualApp")
    return _equal(name, command, env, expected, STREAMS_COMMIT_S)


def _equal(
    name: str,
    command: Sequence[str],
    env: Mapping[str, str],
    expected: load.Expected,
    commit_s: float,
) -> Program:
    return Program(
        name,
        env["BASELINE_APP_ID"],
        command,
        env,
        [env[each] for each in ("BASELINE_ORDERS", "BASELINE_TOPIC", "BASELINE_LINKS",
                                "BASELINE_FACTS")],
        env["BASELINE_WARNINGS"],
        expected.orders + expected.tracking,
        expected,
        commit_s,
    )  # fmt: skip


def _joined(kafka: KafkaServer, app_id: str, folder: Path) -> dict[str, str]:
    """The settings of a program that joins, its warnings' topic and those between its halves."""
    _warnings(kafka, app_id)
    between = {
        name: kafka.create_topic(f"{app_id}-{topic}", PARTITIONS, {"retention.ms": -1})
        for name, topic in (("BASELINE_LINKS", "links"), ("BASELINE_FACTS", "facts"))
    }
    return {**_common(kafka, app_id, folder), "BASELINE_ORDERS": "order-paid", **between}


def _of_streams(cache_mib: int, threads: int) -> dict[str, str]:
    """The settings that are Kafka Streams' alone."""
    return {
        "BASELINE_CACHE_MIB": str(cache_mib),
        "BASELINE_COMMIT_MS": f"{STREAMS_COMMIT_S * 1000:.0f}",
        "BASELINE_THREADS": str(threads),
    }


def _java(main: str) -> list[str]:
    jars = f"{STREAMS / 'target' / 'baseline.jar'}:{STREAMS / 'target' / 'lib'}/*"
    # Without a limit the heap, and so the RSS, would depend on the machine's memory.
    options = os.environ.get("BASELINE_JAVA_OPTIONS", "-Xmx1g").split()
    return [java(), *options, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars, main]


def _warnings(kafka: KafkaServer, app_id: str) -> str:
    # A warning has the time of the event, which is older than what brokers keep by default.
    return kafka.create_topic(f"{app_id}-warnings", PARTITIONS, {"retention.ms": -1})


def _common(kafka: KafkaServer, app_id: str, folder: Path) -> dict[str, str]:
    return {
        "BASELINE_BOOTSTRAP": kafka.bootstrap,
        "BASELINE_APP_ID": app_id,
        "BASELINE_DATA_DIR": str(folder / app_id),
        "BASELINE_TOPIC": "tracking-update",
        "BASELINE_WARNINGS": f"{app_id}-warnings",
    }


ALTERNATIVES: Mapping[str, Callable[[KafkaServer, Path, load.Expected, int], Program]] = {
    "quix": functools.partial(quix, name="Quix Streams", commit_s=QUIX_COMMIT_S),
    "quix-30s": functools.partial(quix, name="Quix Streams, commits every 30 s", commit_s=30.0),
    "streams": functools.partial(kafka_streams, name="Kafka Streams", cache_mib=10),
    "streams-cache": functools.partial(
        kafka_streams, name="Kafka Streams, 128 MiB cache", cache_mib=128
    ),
    "streams-threads": functools.partial(
        kafka_streams, name="Kafka Streams, 128 MiB cache, 2 threads", cache_mib=128, threads=2
    ),
    "quix-equal": functools.partial(
        equal_quix, name="Quix Streams, equal work", commit_s=QUIX_COMMIT_S
    ),
    "quix-equal-30s": functools.partial(
        equal_quix, name="Quix Streams, equal work, commits every 30 s", commit_s=30.0
    ),
    "streams-equal": functools.partial(
        equal_streams, name="Kafka Streams, equal work", cache_mib=10
    ),
    "streams-equal-cache": functools.partial(
        equal_streams, name="Kafka Streams, equal work, 128 MiB cache", cache_mib=128
    ),
    "streams-equal-threads": functools.partial(
        equal_streams,
        name="Kafka Streams, equal work, 128 MiB cache, 2 threads",
        cache_mib=128,
        threads=2,
    ),
}
"""By the names that `--alternatives` takes."""

EQUAL = (
    "quix-equal",
    "quix-equal-30s",
    "streams-equal",
    "streams-equal-cache",
    "streams-equal-threads",
)
"""Those that judge what a worker with four rules judges."""

USUAL = ("quix", "quix-30s", "streams", "streams-cache")
"""Those of one thread: what `--alternatives` alone runs."""


def prepare(names: Sequence[str]) -> None:
    """Make what the alternatives run from; nothing where that is so already."""
    if any(name.startswith("quix") for name in names):
        install_quix()
    if any(name.startswith("streams") for name in names):
        build_streams()


def versions(names: Sequence[str]) -> dict[str, str]:
    """The pinned versions of the alternatives."""
    result = {}
    if any(name.startswith("quix") for name in names):
        result["quix_streams"] = _pin(r"^quixstreams==(.+)$", QUIX_PINS)
    if any(name.startswith("streams") for name in names):
        result["kafka_streams"] = _pin(
            r"<kafka\.version>(.+)</kafka\.version>", STREAMS / "pom.xml"
        )
    return result


def _pin(pattern: str, file: Path) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    return found[1].strip() if found else "unknown"


def install_quix() -> None:
    """An environment with what requirements-quix.txt pins."""
    stamp = QUIX_ENVIRONMENT / "installed"
    if _current(stamp, [QUIX_PINS]):
        return
    pip = [str(QUIX_ENVIRONMENT / "bin" / "pip"), "--disable-pip-version-check"]
    _make("an environment", [sys.executable, "-m", "venv", "--clear", str(QUIX_ENVIRONMENT)])
    _make("Quix Streams", [*pip, "install", "--requirement", str(QUIX_PINS)])
    stamp.write_text(_fingerprint([QUIX_PINS]))


def build_streams() -> None:
    """The Kafka Streams application and its jars, in target/."""
    sources = [STREAMS / "pom.xml", *sorted(STREAMS.glob("src/**/*.java"))]
    stamp = STREAMS / "target" / "built"
    if _current(stamp, sources):
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise RunFailed("Maven (mvn) is not installed; scripts/setup --kafka installs it")
    shutil.rmtree(STREAMS / "target", ignore_errors=True)  # jars of other versions
    _make(
        "the Kafka Streams application",
        [maven, "--quiet", "--batch-mode", f"--file={STREAMS / 'pom.xml'}", "package"],
    )
    stamp.write_text(_fingerprint(sources))


def _fingerprint(files: Sequence[Path]) -> str:
    digest = hashlib.sha256(str(ROOT).encode())  # a moved clone needs a new environment
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _current(stamp: Path, files: Sequence[Path]) -> bool:
    return stamp.exists() and stamp.read_text() == _fingerprint(files)


def _make(what: str, command: Sequence[str]) -> None:
    print(f"making {what}", flush=True)
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RunFailed(f"{what} could not be made:\n{done.stdout[-4000:]}")
