"""Topic administration: which topics there must be, and with which properties."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    UnknownTopicOrPartitionError,
    for_code,
)

from streams.engine.kafka.contact import Rejected, greet
from streams.engine.kafka.topics import Topics
from streams.telemetry.counted import counted
from streams.telemetry.events import event

log = logging.getLogger(__name__)

COMMAND_WAIT_S = 10.0
"""How long a command waits for a broker; a worker waits `broker_wait_s`."""

_GREETING_S = 5.0
"""How long one step of a first word with a broker may take."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_MIB = 1024 * 1024

_NO_ERROR, _TOPIC_EXISTS = 0, 36

_DATED_BY = "message.timestamp.type"

_INGEST = "ingest"
"""The role of what only `shipsentry ingest` uses."""


PARTITIONS = "SHIPSENTRY_PARTITIONS"
"""The setting that says how many partitions each topic has, as a variable."""


class Cluster(Protocol):
    """What the settings say of a Kafka cluster and of the application's topics in it."""

    @property
    def bootstrap_servers(self) -> str:
        """Addresses, separated by commas."""

    @property
    def app_id(self) -> str:
        """What internal topics begin with."""

    @property
    def broker_wait_s(self) -> float:
        """Seconds to wait for a broker."""

    @property
    def message_max_bytes(self) -> int:
        """The greatest record, in bytes."""

    @property
    def replication_factor(self) -> int:
        """Copies of each partition."""

    @property
    def partitions(self) -> int:
        """Partitions of each topic."""

    @property
    def kafka_python_security(self) -> dict[str, str]:
        """How to log in, in the words of kafka-python."""

    def topics(self) -> Topics:
        """The names of all topics."""

    def named(self, name: str) -> str:
        """A setting and its value, as an error names them."""

    def tls_context(self) -> ssl.SSLContext | None:
        """How to speak TLS (None: not at all); raises ValueError where its files cannot be used."""


class KafkaUnavailable(RuntimeError):
    """No broker answered in time, or it refused what was asked; the message is one line."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is to be made.

    `role` says what it is for. `mate`: its partition count is the application's. `own`: nobody else
    uses it, so a cleanup policy that loses data keeps a worker from starting. `needed`: a worker
    does not start without it. `partitions`: how many it is made with, None: the application's.
    """

    name: str
    role: str
    config: Mapping[str, str]
    mate: bool = True
    own: bool = True
    needed: bool = True
    partitions: int | None = None


@dataclass(slots=True)
class Described:
    """What the cluster has of one topic; `partitions` None: there is no such topic.

    `config` is empty where the cluster does not let us read it.
    """

    partitions: int | None = None
    config: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What `create_topics` did: (name, partitions, role) of what it made and of what was there.

    `problems` keep a worker from starting; `notes` are worth knowing.
    """

    made: list[tuple[str, int, str]] = field(default_factory=list)
    there: list[tuple[str, int, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def topic_specs(settings: Cluster) -> list[TopicSpec]:
    """Every topic of the application: inputs, outputs, internal ones, changelogs."""
    names = settings.topics()
    large = {"max.message.bytes": str(settings.message_max_bytes)}
    if settings.replication_factor >= 3:
        # Two replicas must have a write before it counts: one broker may fail.
        large["min.insync.replicas"] = "2"
    passing = {"cleanup.policy": "delete", "retention.ms": str(7 * _DAY_MS), **large}
    changelog = {
        "cleanup.policy": "compact",
        # A restore reads what is not compacted yet, and the newest segment never is: keep it small.
        "segment.bytes": str(64 * _MIB),
        "min.cleanable.dirty.ratio": "0.3",
        # `local_state_max_age_h` stays below: local state that old has seen every deletion.
        "delete.retention.ms": str(_DAY_MS),
        **large,
    }
    ticks = {
        "cleanup.policy": "delete",
        "retention.ms": str(_HOUR_MS),
        # Only closed segments are deleted.
        "segment.ms": str(_HOUR_MS // 4),
        # So the brokers bear witness to what time it is (docs/decisions/0098).
        _DATED_BY: "LogAppendTime",
        **large,
    }
    meter = {"cleanup.policy": "compact", **large}
    safe = {k: v for k, v in large.items() if k != "max.message.bytes"}
    return [
        TopicSpec(
            names.orders,
            "input",
            # Not compacted: producers may key by anything, or not at all (docs/decisions/0007).
            {"cleanup.policy": "delete", "retention.ms": str(60 * _DAY_MS), **safe},
            own=False,
        ),
        TopicSpec(
            names.tracking,
            "input",
            {"cleanup.policy": "delete", "retention.ms": str(35 * _DAY_MS), **safe},
            own=False,
        ),
        *_of_stock(names, passing, safe),
        TopicSpec(
            names.warnings,
            "output",
            {"cleanup.policy": "compact,delete", "retention.ms": str(90 * _DAY_MS), **large},
            mate=False,
            own=False,
        ),
        TopicSpec(
            names.dead_letters,
            "output",
            {"cleanup.policy": "delete", "retention.ms": str(30 * _DAY_MS), **large},
            mate=False,
            own=False,
        ),
        TopicSpec(names.shop_risk, "output", meter, mate=False, own=False),
        TopicSpec(names.product_risk, "output", meter, mate=False, own=False),
        # The desk's: where there is none, nobody writes it.
        TopicSpec(names.actions, "desk", meter, mate=False, own=False, needed=False),
        TopicSpec(names.orders_rekey, "internal", passing),
        TopicSpec(names.tracking_rekey, "internal", passing),
        TopicSpec(names.order_facts, "internal", passing),
        TopicSpec(names.parcel_facts, "internal", passing),
        TopicSpec(names.track_facts, "internal", passing),
        TopicSpec(names.clone_facts, "internal", passing),
        TopicSpec(names.meter_facts, "internal", passing),
        TopicSpec(names.meter_totals, "internal", passing),
        TopicSpec(names.ticks, "internal", ticks),
        *(TopicSpec(name, "changelog", changelog) for name in names.changelogs),
        TopicSpec(
            names.uploads,
            _INGEST,
            {"cleanup.policy": "compact,delete", "retention.ms": str(65 * _DAY_MS), **large},
            mate=False,
            own=False,
        ),
        TopicSpec(
            names.wanted,
            _INGEST,
            {"cleanup.policy": "compact,delete", "retention.ms": str(65 * _DAY_MS), **large},
            mate=False,
            own=False,
            # One service asks: a platform counts all questions of an application together.
            partitions=1,
        ),
    ]


def _of_stock(
    names: Topics, passing: Mapping[str, str], safe: Mapping[str, str]
) -> list[TopicSpec]:
    """The topics of stock, where levels of stock are read; their changelog is with the others."""
    if not names.stocked:
        return []
    # Not compacted, as the other inputs: producers may key by anything.
    kept = {"cleanup.policy": "delete", "retention.ms": str(35 * _DAY_MS), **safe}
    return [
        TopicSpec(names.stock, "input", kept, own=False),
        TopicSpec(names.stock_rekey, "internal", passing),
        TopicSpec(names.stock_facts, "internal", passing),
    ]


def check_topics(settings: Cluster, wait_s: float | None = None) -> list[str]:
    """What keeps a worker from starting, one line each; nothing when all is well.

    Waits `wait_s` (default: `broker_wait_s`) for a broker. Raises KafkaUnavailable.
    """
    # No worker depends on what `ingest` remembers.
    specs = [spec for spec in topic_specs(settings) if spec.role != _INGEST]
    with connect(settings, wait_s) as admin:
        found = described(admin, settings, specs)
    return _missing(specs, found) + problems_of(settings, specs, found)


def inspect_topics(settings: Cluster, wait_s: float | None = None) -> tuple[list[str], list[str]]:
    """What is wrong with any topic, and notes on what may lose data or fail later."""
    specs = topic_specs(settings)
    with connect(settings, wait_s) as admin:
        found = described(admin, settings, specs)
    return _missing(specs, found) + problems_of(settings, specs, found), _notes(specs, found)


def create_topics(settings: Cluster, wait_s: float | None = COMMAND_WAIT_S) -> Outcome:
    """Make every topic that is missing; those that are there stay as they are.

    But for ticks that were made when their producers dated them: the brokers do from now on. Where
    one that is there has a partition count that does not fit, nothing is made. Raises
    KafkaUnavailable.
    """
    specs = topic_specs(settings)
    outcome = Outcome()
    with connect(settings, wait_s) as admin:
        found = described(admin, settings, specs)
        outcome.problems = problems_of(settings, specs, found)
        if not outcome.problems:
            outcome.notes = _date_by_brokers(admin, specs, found)
        outcome.notes += _notes(specs, found)
        for spec in specs:
            count = found[spec.name].partitions
            if count is not None:
                outcome.there.append((spec.name, count, spec.role))
        if outcome.problems:
            return outcome
        missing = [spec for spec in specs if found[spec.name].partitions is None]
        for spec in make_topics(admin, settings, missing, outcome.problems):
            outcome.made.append((spec.name, spec.partitions or settings.partitions, spec.role))
    return outcome


@contextmanager
def connect(settings: Cluster, wait_s: float | None = None) -> Iterator[KafkaAdminClient]:
    """An admin client; waits up to `wait_s` seconds (default: `broker_wait_s`) for a broker.

    Whatever Kafka refuses inside becomes KafkaUnavailable. Raises SettingsError for certificates
    that cannot be used.
    """
    deadline = time.monotonic() + (settings.broker_wait_s if wait_s is None else wait_s)
    _wait_for_broker(settings, deadline)
    with kafka_errors(settings):
        admin = KafkaAdminClient(**client_options(settings, deadline))
        try:
            yield admin
        finally:
            admin.close()


def client_options(settings: Cluster, deadline: float | None = None) -> dict[str, Any]:
    """What every client of kafka-python needs to connect, by `deadline` (time.monotonic())."""
    wait = COMMAND_WAIT_S if deadline is None else max(deadline - time.monotonic(), 5.0)
    return {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "client_id": f"{settings.app_id}-admin",
        "bootstrap_timeout_ms": int(wait * 1000),
        **settings.kafka_python_security,
    }


@contextmanager
def kafka_errors(settings: Cluster) -> Iterator[None]:
    """Turn what kafka-python raises inside into KafkaUnavailable, in one line."""
    try:
        yield
    except AuthorizationError as error:
        raise _forbidden(settings, error) from error
    except (KafkaError, OSError) as error:
        text = " ".join(str(error).split())
        raise KafkaUnavailable(f"Kafka at {settings.bootstrap_servers}: {text}") from error


def missing_topics(settings: Cluster, names: Sequence[str]) -> list[str]:
    """Those of these topics that are not there, sorted; raises KafkaUnavailable."""
    with connect(settings, COMMAND_WAIT_S) as admin:
        topics = admin.describe_topics([*names])
        return sorted(topic["name"] for topic in topics if not check_topic(settings, topic))


def check_topic(settings: Cluster, topic: Mapping[str, Any]) -> bool:
    """Whether there is this topic, as `describe_topics` tells of it.

    Raises KafkaUnavailable where that, or anything else about it, is refused.
    """
    error = for_code(topic["error_code"])
    if issubclass(error, AuthorizationError):
        raise _forbidden(settings, error(f"topic {topic['name']}"))
    if error is UnknownTopicOrPartitionError:
        return False
    if topic["error_code"] != _NO_ERROR:
        raise error(f"topic {topic['name']}")
    return True


def _forbidden(settings: Cluster, error: KafkaError) -> KafkaUnavailable:
    """What the brokers' access control refused, and to whom."""
    security = settings.kafka_python_security
    if "sasl_mechanism" in security:
        who = settings.named("sasl_username")
    elif "ssl_certfile" in security:
        who = settings.named("ssl_certfile")
    else:
        who = f"{settings.named('security_protocol')} (nobody is logged in)"
    text = " ".join(str(error).split())
    return KafkaUnavailable(
        f"{who}: Kafka at {settings.bootstrap_servers} does not permit it (is an ACL missing?): "
        f"{text}"
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _wait_for_broker(settings: Cluster, deadline: float) -> None:
    """Return once a broker at one of the addresses has let us in; say so while none answers.

    Raises KafkaUnavailable: at the deadline, and at once where waiting changes nothing.
    """
    addresses = settings.bootstrap_servers
    said = False
    while True:
        problem, rejected = "", None
        for address in addresses.split(","):
            try:
                greet(settings, address, _GREETING_S)
            except Rejected as error:
                rejected = error
            except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one
                problem = _reason(error)
            else:
                return
        if rejected is not None:
            raise KafkaUnavailable(str(rejected)) from rejected
        if time.monotonic() >= deadline:
            raise KafkaUnavailable(
                f"{settings.named('bootstrap_servers')}: no broker answers there ({problem})"
            )
        if not said:
            said = True
            log.warning(
                "no broker at %(brokers)s answers yet (%(problem)s)",
                event("broker_awaited", brokers=addresses, problem=problem),
            )
        time.sleep(min(0.5, max(0.0, deadline - time.monotonic())))


def described(
    admin: KafkaAdminClient, settings: Cluster, specs: Sequence[TopicSpec]
) -> dict[str, Described]:
    """What the cluster has of these topics."""
    found = {spec.name: Described() for spec in specs}
    for topic in admin.describe_topics(list(found)):
        if check_topic(settings, topic):
            found[topic["name"]].partitions = len(topic["partitions"])
    there = [name for name, one in found.items() if one.partitions is not None]
    if there:
        keys = sorted({key for spec in specs for key in spec.config})
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, keys) for name in there]
        answer = admin.describe_configs(resources, config_filter="all").get("topic", {})
        for name, entries in answer.items():
            found[name].config = {
                key: entry["value"] for key, entry in entries.items() if entry["value"] is not None
            }
    return found


def _missing(specs: Sequence[TopicSpec], found: Mapping[str, Described]) -> list[str]:
    return [
        f"{spec.name}: there is no such topic ({spec.role})"
        for spec in specs
        if spec.needed and found[spec.name].partitions is None
    ]


def problems_of(
    settings: Cluster, specs: Sequence[TopicSpec], found: Mapping[str, Described]
) -> list[str]:
    """What is there and does not fit."""
    counts = {
        spec.name: count
        for spec in specs
        if spec.mate and (count := found[spec.name].partitions) is not None
    }
    expected = settings.partitions
    problems = []
    if len(set(counts.values())) == 1 and expected not in counts.values():
        count = next(iter(counts.values()))
        problems.append(
            f"{', '.join(counts)}: {counted(count, 'partition')}, but {PARTITIONS}={expected}: "
            f"set it to {count}"
        )
    else:
        problems += [
            f"{name}: {counted(count, 'partition')}, but its co-partitioned mates need "
            f"{PARTITIONS}={expected}"
            for name, count in counts.items()
            if count != expected
        ]
    for spec in specs:
        policy = _policy(found[spec.name])
        wanted = _set(spec.config["cleanup.policy"])
        if spec.own and policy and policy != wanted:
            problems.append(
                f"{spec.name}: cleanup.policy={_text(policy)} would lose state or facts: "
                f"{_text(wanted)} is needed"
            )
    return problems


def _notes(specs: Sequence[TopicSpec], found: Mapping[str, Described]) -> list[str]:
    """What is there and works, but may lose data or fail later."""
    notes = []
    for spec in specs:
        one = found[spec.name]
        if one.partitions is None:
            continue
        policy, wanted = _policy(one), _set(spec.config["cleanup.policy"])
        if not one.config:
            notes.append(f"{spec.name}: its configuration cannot be read, so it was not checked")
        elif "compact" in policy and "compact" not in wanted and not spec.own:
            notes.append(
                f"{spec.name}: cleanup.policy={_text(policy)} deletes records that others with the "
                f"same key follow; {_text(wanted)} is recommended"
            )
        if "delete" in policy:
            notes += _less(
                spec, one, "retention.ms", lambda ms: counted(int(ms) / _DAY_MS, "day", "g")
            )
        if _is_dated_by_producers(spec, one):
            notes.append(
                f"{spec.name}: {_DATED_BY} is {one.config[_DATED_BY]}, so brokers do not bear "
                "witness against a wrong clock; `shipsentry topics create` sets "
                f"{spec.config[_DATED_BY]}"
            )
        notes += _less(spec, one, "max.message.bytes", lambda size: counted(int(size), "byte"))
        notes += _less(spec, one, "min.insync.replicas", str)
    return notes


def _is_dated_by_producers(spec: TopicSpec, one: Described) -> bool:
    """Whether brokers should date a topic's records, and do not."""
    return _DATED_BY in spec.config and one.config.get(_DATED_BY, "") not in (
        "",
        spec.config[_DATED_BY],
    )


def _date_by_brokers(
    admin: KafkaAdminClient, specs: Sequence[TopicSpec], found: Mapping[str, Described]
) -> list[str]:
    """Have brokers date what they should date; what was changed. Refused, it stays as it is."""
    changed = []
    for spec in specs:
        one = found[spec.name]
        if not _is_dated_by_producers(spec, one):
            continue
        wanted = spec.config[_DATED_BY]
        resource = ConfigResource(ConfigResourceType.TOPIC, spec.name, {_DATED_BY: wanted})
        answer = admin.alter_configs([resource])
        if answer.get("topic", {}).get(spec.name) == "OK":
            changed.append(f"{spec.name}: {_DATED_BY} was {one.config[_DATED_BY]}, now {wanted}")
            one.config[_DATED_BY] = wanted
    return changed


def _less(spec: TopicSpec, one: Described, key: str, words: Callable[[str], str]) -> list[str]:
    """A note where a topic has less of something than it should; -1 is without limit."""
    wanted, value = spec.config.get(key), one.config.get(key)
    if wanted is None or value is None or int(value) < 0 or int(value) >= int(wanted):
        return []
    return [f"{spec.name}: {key} is {words(value)}; at least {words(wanted)} is recommended"]


def make_topics(
    admin: KafkaAdminClient, settings: Cluster, missing: Sequence[TopicSpec], problems: list[str]
) -> list[TopicSpec]:
    """Make the topics, wait until they can be used, and return those made; refusals are added to
    `problems`."""
    if not missing:
        return []
    answer = admin.create_topics(
        {
            spec.name: {
                "num_partitions": spec.partitions or settings.partitions,
                "replication_factor": settings.replication_factor,
                "configs": dict(spec.config),
            }
            for spec in missing
        },
        raise_errors=False,
    )
    results = {topic["name"]: topic for topic in answer["topics"]}
    made = []
    for spec in missing:
        result = results[spec.name]
        if result["error_code"] == _NO_ERROR:
            made.append(spec)
        elif result["error_code"] != _TOPIC_EXISTS:  # made by somebody else meanwhile: as well
            reason = result.get("error_message") or for_code(result["error_code"]).__name__
            problems.append(f"{spec.name}: not made: {' '.join(reason.split())}")
    ready = [spec.name for spec in missing if results[spec.name]["error_code"] in (0, 36)]
    admin.wait_for_topics(ready, timeout_ms=30_000)
    return made


def _policy(one: Described) -> frozenset[str]:
    return _set(one.config.get("cleanup.policy", ""))


def _set(policy: str) -> frozenset[str]:
    return frozenset(part.strip() for part in policy.split(",") if part.strip())


def _text(policy: frozenset[str]) -> str:
    return ",".join(sorted(policy))
