"""Every setting of the application: environment first, then a TOML file, then the default.

A setting `http_port` is the variable `SHIPSENTRY_HTTP_PORT` or the key `http_port` of the TOML file
that `SHIPSENTRY_CONFIG` names (default `shipsentry.toml` in the current directory, if it exists).
The variable wins; an empty one counts as not set. A name ends in its unit: `_s` seconds, `_h`
hours, `_d` days, `_mib` mebibytes.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
import socket
import ssl
from collections.abc import Mapping
from functools import cached_property
from importlib.resources.abc import Traversable
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic import model_validator as after_all
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from streams.engine.kafka.topics import Topics
from streams.engine.pages.access import HEALTH, METRICS, Access
from streams.engine.pages.tokens import LONGEST, MOST, SHORTEST, Tokens, parse
from streams.telemetry.events import event
from streams.telemetry.secrets import hide
from streams.texts.toml_file import read_toml

if TYPE_CHECKING:
    from streams.engine.kafka.config import EngineConfig

log = logging.getLogger(__name__)

PREFIX = "SHIPSENTRY_"
CONFIG_VARIABLE = "SHIPSENTRY_CONFIG"
DEFAULT_CONFIG = Path("shipsentry.toml")

PAGES = (HEALTH, METRICS, "check", "warnings")
"""A worker's pages as settings name them; `health` is both probes."""

_MIB = 1024 * 1024
_MOST_PROBLEMS = 20
"""What is said at a time."""
_LONGEST_SHOWN = 120
_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_HOST = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LEGAL_NAME = re.compile(r"[A-Za-z0-9._-]+")


class SettingsError(ValueError):
    """A setting cannot be used; `problems` has one line each: name, value, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _addresses(value: str) -> str:
    parts = [part.strip() for part in value.split(",")]
    for part in parts:
        match = _ADDRESS.fullmatch(part)
        if match is None or not 0 < int(match[1]) < 65536:
            raise ValueError(f"{part!r} is not host:port")
    return ",".join(parts)


def _address(value: str) -> str:
    value = _addresses(value)
    if "," in value:
        raise ValueError("one address only")
    return value


def _legal_name(value: str) -> str:
    if not _LEGAL_NAME.fullmatch(value) or value in {".", ".."}:
        raise ValueError("Kafka does not allow this name")
    return value


def _path(value: Path) -> Path:
    return value.expanduser()


def _file(value: Path) -> Path:
    path = value.expanduser()
    if not path.is_file():
        raise ValueError("no such file")
    return path


def _split(value: Any) -> Any:
    """Directories as a variable gives them: separated as in PATH."""
    if isinstance(value, str):
        return [part for part in value.split(os.pathsep) if part]
    return value


def _listed(value: Any) -> Any:
    """Ids as a variable gives them: separated by commas, each once."""
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return value


def _pages(value: tuple[str, ...]) -> tuple[str, ...]:
    for page in value:
        if page not in PAGES:
            raise ValueError(f"there is no page {page!r}")
    return value


def _hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for host in value:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no name of a host")
    return tuple(host.lower() for host in value)


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ip_network(network)
    return value


def _tokens(value: SecretStr) -> SecretStr:
    parse(value.get_secret_value().split(","))
    return value


def _token_file(value: Path) -> Path:
    path = _file(value)
    try:
        Tokens(path=path)
    except OSError as error:
        raise ValueError(_reason(error)) from error
    return path


def _directories(value: tuple[Path, ...]) -> tuple[Path, ...]:
    paths = tuple(path.expanduser() for path in value)
    for path in paths:
        if not path.is_dir():
            raise ValueError(f"{str(path)!r} is no directory")
    return paths


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _setting(
    default: Any, description: str, *, unit: str = "", allowed: str = "", **limits: Any
) -> Any:
    """A field and what is said of it; `allowed` replaces the words that limits give."""
    return Field(
        default,
        description=description,
        json_schema_extra={"unit": unit, "allowed": allowed},
        **limits,
    )


def _web_address(value: str) -> str:
    """An https URL, or an http one of this machine: secrets are sent there."""
    parts = urlsplit(value)
    here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or not (here or parts.scheme == "https"):
        raise ValueError("it has to be https where it is not on this machine")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("it is an address alone")
    _ = parts.port  # raises where it is none
    return value


def _site(value: str) -> str:
    if urlsplit(_web_address(value)).path.strip("/"):
        raise ValueError("the desk has no path before its own")
    return value.rstrip("/")


def _roles(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        given, _, role = each.rpartition("=")
        if not given or role not in _ROLES:
            raise ValueError(f"{each!r} is not value=role")
    return value


Name = Annotated[str, AfterValidator(_legal_name)]
_NAME = "letters, digits, `.`, `_` and `-`"
_TOPIC = _NAME + ", at most 249 characters"
_FILE = "the path of a file that exists"
_SITE = "`https://host`, or an http one of this machine"
_ROLES = ("viewer", "operator", "admin")
_TOKENS = f"up to {MOST} tokens of {SHORTEST} to {LONGEST} letters, digits and `-._~+/`"


class _ConfigFile(TomlConfigSettingsSource):
    """The TOML file, read as every file that an operator gives."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        return read_toml(Path(str(file_path)))[1]


class Settings(BaseSettings):
    """The settings; `load_settings()` makes them and explains what is wrong."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=False,
        hide_input_in_errors=True,
    )

    # -- the application

    app_id: Name = _setting(
        "shipsentry",
        "Consumer group, and prefix of the internal topics. Workers with the same one share the "
        "work.",
        allowed=_NAME + ", at most 200 characters",
        max_length=200,
    )
    data_dir: Annotated[Path, AfterValidator(_path)] = _setting(
        Path("shipsentry-data"),
        "Local state of this worker: one directory for each worker, which locks `worker.lock` in "
        "it; a second one on it ends at once. Lost, it is rebuilt from the changelogs.",
        allowed="a path; made if need be",
    )
    group_instance_id: Name | None = _setting(
        None,
        "A fixed name of this worker in its group. With one, a restart within the session keeps "
        "its partitions and the other workers wait for nobody. Each worker needs its own.",
        allowed=_NAME,
    )
    profile_dirs: Annotated[
        tuple[Path, ...], NoDecode, BeforeValidator(_split), AfterValidator(_directories)
    ] = _setting(
        (),
        "Rule packs: directories with profiles of your own, or changes to profiles (`*.toml`), and "
        "rules of your own (`*.py`, [how](rule-packs.md)); a profile with the id of a built-in one "
        "takes its place.",
        allowed="directories that exist, separated by colons; in the file an array",
    )
    shadow_profiles: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = _setting(
        (),
        "Profiles that judge every order too, whatever its platform: nothing of it is published, "
        "`shipsentry_shadow_revisions_total` counts it.",
        allowed="ids of profiles, separated by commas; in the file an array",
    )

    # -- the connection to Kafka

    bootstrap_servers: Annotated[str, AfterValidator(_addresses)] = _setting(
        "localhost:9092",
        "Brokers to ask first.",
        allowed="`host:port`, several separated by commas",
    )
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(_upper)
    ] = _setting("PLAINTEXT", "How to connect to the brokers.")
    sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(_upper)
    ] = _setting("PLAIN", "How to log in; used with the SASL protocols.")
    sasl_username: str | None = _setting(None, "User name; needed with the SASL protocols.")
    sasl_password: SecretStr | None = _setting(None, "Password; needed with the SASL protocols.")
    ssl_cafile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None,
        "Certificates of the authorities to trust (PEM); default: those of the system.",
        allowed=_FILE,
    )
    ssl_certfile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None, "Certificate that this client shows (PEM).", allowed=_FILE
    )
    ssl_keyfile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None, "Private key of that certificate (PEM).", allowed=_FILE
    )
    ssl_key_password: SecretStr | None = _setting(None, "Password of the private key.")
    broker_wait_s: float = _setting(
        60.0, "How long a worker that starts waits for a broker.", unit="seconds", ge=0, le=86400
    )

    # -- topics

    orders_topic: Name = _setting(
        "order-paid", "Orders come from here.", allowed=_TOPIC, max_length=249
    )
    tracking_topic: Name = _setting(
        "tracking-update", "Tracking updates come from here.", allowed=_TOPIC, max_length=249
    )
    warnings_topic: Name = _setting(
        "shipment-warnings", "Warnings go here.", allowed=_TOPIC, max_length=249
    )
    dead_letters_topic: Name = _setting(
        "shipment-dead-letters",
        "What could not be processed goes here.",
        allowed=_TOPIC,
        max_length=249,
    )
    shop_risk_topic: Name = _setting(
        "shop-risk", "Each shop's rates go here.", allowed=_TOPIC, max_length=249
    )
    product_risk_topic: Name = _setting(
        "product-risk",
        "Each shop's rates of its single products go here.",
        allowed=_TOPIC,
        max_length=249,
    )
    stock: bool = _setting(
        True,
        "Whether levels of stock are read, so that `product-risk` says which products are short; "
        "by all workers or none ([how to change it](upgrading.md#levels-of-stock)).",
        allowed="true or false",
    )
    stock_topic: Name = _setting(
        "stock-level",
        "Levels of stock come from here, where `stock` is true.",
        allowed=_TOPIC,
        max_length=249,
    )
    actions_topic: Name = _setting(
        "warning-actions",
        "What was done about warnings at the desk goes here.",
        allowed=_TOPIC,
        max_length=249,
    )
    partitions: int = _setting(
        4,
        "Partition count of both inputs, of the internal topics and of the changelogs: the "
        "greatest number of workers that share the work. Fixed once there is state.",
        ge=1,
        le=10000,
    )
    replication_factor: int = _setting(
        1,
        "Replicas of the topics that `topics create` makes; -1: the cluster's default. Give 3 "
        "where there are three brokers: a write then waits for two.",
        allowed="-1, or an integer from 1 to 32",
        ge=-1,
        le=32,
    )

    # -- web

    http_host: str = _setting(
        "127.0.0.1",
        "Address on which `/metrics`, `/healthz`, `/readyz` and `/check` are served; 0.0.0.0: on "
        "all. On any but a loopback one `http_open_pages` alone answer until `http_token_file` or "
        "one of its siblings says who may ask ([how](operating.md#who-may-ask-for-the-pages)).",
        allowed="a host name or address",
        min_length=1,
    )
    http_port: int = _setting(8080, "Port of these pages; 0: none.", ge=0, le=65535)
    warnings_page: bool = _setting(
        False,
        "Serve `/warnings` too, the list of the warnings that stand: whoever is let in reads order "
        "and tracking numbers.",
        allowed="true or false",
    )
    advertised_http: Annotated[str, AfterValidator(_address)] | None = _setting(
        None,
        "Where the other workers, and `shipsentry check`, reach this worker's pages. Default: "
        "`http_host` and `http_port`; of a worker that serves on all addresses, its host's name.",
        allowed="`host:port`",
    )

    http_token_file: Annotated[Path, AfterValidator(_token_file)] | None = _setting(
        None,
        "Tokens that let in who brings one (`Authorization: Bearer …`), one a line. Several are "
        "good at a time; the worker shows the first to other workers. The file is read again when "
        "it changes, so that tokens are exchanged without a restart.",
        allowed=f"the path of a file with {_TOKENS}",
    )
    http_token: Annotated[SecretStr, AfterValidator(_tokens)] | None = _setting(
        None,
        "The same where a file will not do: tokens, separated by commas.",
        allowed=_TOKENS,
    )
    http_certfile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None,
        "Certificate of this worker's pages (PEM): they are served by HTTPS then. It is also what "
        "the worker, and `shipsentry check`, show to the worker that they ask.",
        allowed=_FILE,
    )
    http_keyfile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None, "Private key of that certificate (PEM).", allowed=_FILE
    )
    http_key_password: SecretStr | None = _setting(None, "Password of that private key.")
    http_cafile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None,
        "Authorities of other workers' certificates (PEM); default: those of the system.",
        allowed=_FILE,
    )
    http_client_cafile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None,
        "Authorities whose clients are let in when they show a certificate (PEM); needs "
        "`http_certfile`. Every certificate of theirs will do, so let them have no other use.",
        allowed=_FILE,
    )
    http_open_pages: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_pages)
    ] = _setting(
        (HEALTH, METRICS),
        "Pages that answer whoever reaches the port. The others want a token or a certificate; "
        "where neither is set, they answer on a loopback address alone.",
        allowed=f"{', '.join(PAGES)}, separated by commas; in the file an array",
    )
    http_allowed_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_hosts)
    ] = _setting(
        (),
        "Further names by which the pages may be asked for (`Host`), `.example.com` for all below "
        "it. Addresses, `localhost` and the names of `http_host` and `advertised_http` always may; "
        "any other is taken for a web page's attempt to reach a worker through a browser.",
        allowed="names of hosts without ports, separated by commas; in the file an array",
    )
    http_deadline_s: float = _setting(
        10.0,
        "How long an answer of `/check` and `/warnings` may take; then it is 503.",
        unit="seconds",
        ge=0.5,
        le=600,
    )

    # -- ingest

    ingest_host: str = _setting(
        "127.0.0.1",
        "Address on which `shipsentry ingest` takes requests ([how](ingest.md)); 0.0.0.0: on all. "
        "Its probes and `/metrics` are there too, and answer whom the settings above let in.",
        allowed="a host name or address",
        min_length=1,
    )
    ingest_port: int = _setting(
        8085,
        "Port of these requests; by HTTPS where `http_certfile` is given.",
        ge=1,
        le=65535,
    )
    ingest_deadline_s: float = _setting(
        5.0,
        "How long a request may take, from its first byte until Kafka has all records of it; then "
        "its source is told to try again. Most sources wait no longer themselves.",
        unit="seconds",
        ge=0.5,
        le=120,
    )
    ingest_at_once: int = _setting(
        64,
        "Requests that are worked on at a time; four times as many wait, the others are told to "
        "try again.",
        ge=1,
        le=10000,
    )
    ingest_max_body_bytes: int = _setting(
        _MIB, "A greater request is refused (413).", unit="bytes", ge=1024, le=64 * _MIB
    )
    ingest_proxies: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_networks)
    ] = _setting(
        (),
        "Proxies in front of it: of their requests `X-Forwarded-For` says who asked, for the "
        "`allow` of feeds.",
        allowed="addresses and networks, separated by commas; in the file an array",
    )

    # -- deadlines

    settle_s: float = _setting(
        5.0,
        "How long a warning waits after the last news of its order or parcel: what an unsorted "
        "batch says and takes back is never published. It waits six times as long at most where "
        "news does not end, and not at all where its deadline is nearer. 0: nothing waits.",
        unit="seconds",
        ge=0,
        le=300,
    )

    tick_interval_s: float = _setting(
        0.5, "How often deadlines are looked at.", unit="seconds", ge=0.05, le=60
    )
    gate_patience_s: float = _setting(
        60.0,
        "A partition of which nothing is heard for so long no longer holds the deadlines of the "
        "others.",
        unit="seconds",
        ge=1,
        le=86400,
    )

    clock_tolerance_s: float = _setting(
        300.0,
        "How far this machine's clock may differ from that of the brokers (where the ticks topic "
        "does not say it: of the other workers), and how far it may step at once. Beyond that "
        "deadlines are held until it is right again; [how](operating.md#clocks).",
        unit="seconds",
        ge=30,
        le=86400,
    )

    # -- membership and durability

    session_timeout_s: float = _setting(
        45.0,
        "A worker that is silent for so long loses its partitions: after a crash the others wait "
        "as long, unless it comes back under its `group_instance_id`.",
        unit="seconds",
        ge=1,
        le=1800,
    )
    heartbeat_s: float = _setting(
        3.0, "How often a worker says that it lives.", unit="seconds", ge=0.1, le=600
    )
    rebalance_timeout_s: float = _setting(
        60.0,
        "How long the group waits for a member when partitions are distributed anew.",
        unit="seconds",
        ge=1,
        le=3600,
    )
    delivery_timeout_s: float = _setting(
        30.0,
        "A record that the brokers have not taken by then is given up: all work is held, "
        "unacknowledged, until they take records again, for `stall_timeout_s` at most. Below "
        "`session_timeout_s`.",
        unit="seconds",
        ge=0.5,
        le=1800,
    )
    commit_interval_s: float = _setting(
        1.0, "How often input offsets are committed.", unit="seconds", ge=0.05, le=60
    )
    drain_timeout_s: float = _setting(
        5.0,
        "How long a worker that stops or loses partitions may finish what it has begun.",
        unit="seconds",
        ge=0,
        le=600,
    )
    stall_timeout_s: float = _setting(
        120.0,
        "No progress for so long while there is something to do, brokers that take nothing, or an "
        "event loop that does not answer, end the worker, for its supervisor to start it again; "
        "[how](logs.md).",
        unit="seconds",
        ge=5,
        le=86400,
    )
    local_state_max_age_h: float = _setting(
        12.0,
        "Local state that no worker has kept up to date for longer is rebuilt from the "
        "changelogs, which remember deletions for 24 h.",
        unit="hours",
        gt=0,
        le=23,
    )
    standby_replicas: int = _setting(
        0,
        "Copies of each partition's state that other workers keep up to date, so that one of them "
        "takes over in seconds what would be restored from the changelogs; the same for all "
        "workers ([when](scaling.md#copies)). Takes as much disk again each, and some CPU.",
        ge=0,
        le=5,
    )

    # -- volume

    max_value_bytes: int = _setting(
        _MIB, "A greater input message is a dead letter.", unit="bytes", ge=1024, le=64 * _MIB
    )
    plain_keys: Annotated[Literal["unknown", "refuse"], BeforeValidator(_lower)] = _setting(
        "unknown",
        "What becomes of an `address_key` or `person_key` that reads as plain text: Chinese, "
        "blanks, an `@`, a phone number, an ID card. `unknown`: the key counts as not sent; "
        "`refuse`: its record is a dead letter. Neither keeps it ([how](keys.md)).",
    )
    dead_letter_values: bool = _setting(
        True,
        "Dead letters hold the keys and values of refused records, as they came. Without, they say "
        "reason, field and place alone, and cannot be sent again "
        "([what they hold](dead-letters.md#what-they-hold-and-who-may-read-them)).",
        allowed="true or false",
    )
    dead_letter_limit: int = _setting(
        0,
        "Dead letters a minute of one partition of an input above which the worker reads no more "
        "of it, where they are also more than `dead_letter_limit_share` of its records; a few are "
        "tried every minute, and it goes on when they are right. 0: no limit.",
        ge=0,
        le=1_000_000,
    )
    dead_letter_limit_share: float = _setting(
        0.5,
        "The share of a minute's records that dead letters must pass too.",
        ge=0,
        le=0.99,
    )
    message_max_bytes: int = _setting(
        4 * _MIB,
        "The greatest record that the worker writes; also `max.message.bytes` of the topics that "
        "`topics create` makes, inputs excepted.",
        unit="bytes",
        ge=4 * _MIB,
        le=256 * _MIB,
    )
    chunk_max_records: int = _setting(
        10000, "Records that are processed together, at most.", unit="records", ge=1, le=100000
    )
    max_in_flight_records: int = _setting(
        100000,
        "Records read whose effects are not durable yet, at most: reading pauses above.",
        unit="records",
        ge=100,
        le=10000000,
    )
    producer_buffer_mib: int = _setting(
        256, "Memory for records on their way to the brokers.", unit="MiB", ge=1, le=2048
    )
    store_cache_mib: int = _setting(
        64,
        "Memory for the local state, all partitions together: so much for what was read, and twice "
        "as much for what is not on disk yet.",
        unit="MiB",
        ge=1,
        le=65536,
    )

    # -- the desk

    desk_database: SecretStr | None = _setting(
        None,
        "The desk's database. Default: `desk.sqlite` in `data_dir`. On PostgreSQL several desks "
        "share the work ([how](desk.md)).",
        allowed="`postgresql://user:password@host/name`, or `sqlite:////path`",
    )
    desk_host: str = _setting(
        "127.0.0.1",
        "Address on which the desk is served. On any but a loopback one let a proxy that speaks "
        "HTTPS stand before it.",
        allowed="a host name or address",
        min_length=1,
    )
    desk_port: int = _setting(8090, "Port of the desk.", ge=1, le=65535)
    desk_batch_records: int = _setting(
        2000,
        "Records that the desk writes in one transaction, at most.",
        unit="records",
        ge=1,
        le=20000,
    )
    desk_retention_d: int = _setting(
        90,
        "How long the desk keeps warnings that stand no more, records, orders and days of shops.",
        unit="days",
        ge=31,
        le=3650,
    )
    desk_audit_d: int = _setting(
        730, "How long the desk keeps what was done about warnings.", unit="days", ge=90, le=36500
    )
    desk_session_h: float = _setting(
        12.0, "How long a sign-in at the desk lasts.", unit="hours", gt=0, le=720
    )
    desk_url: Annotated[str, AfterValidator(_site)] | None = _setting(
        None,
        "Where browsers reach the desk; needed with `desk_oidc_issuer`, which sends them back to "
        "it. Its host may be asked for as those of `http_allowed_hosts` may.",
        allowed=_SITE,
    )
    desk_local_users: bool = _setting(
        True,
        "Let the desk's own users sign in by password too. Without, `desk_oidc_issuer` is needed, "
        "and a desk that starts ends their sessions.",
        allowed="true or false",
    )
    desk_oidc_issuer: Annotated[str, AfterValidator(_web_address)] | None = _setting(
        None,
        "The OpenID provider by which people sign in at the desk "
        "([how](desk.md#single-sign-on)), exactly as its document names itself. Its redirect URI "
        "is `desk_url` and `/sign-in/oidc/callback`.",
        allowed="an https URL, or an http one of this machine",
    )
    desk_oidc_client_id: str | None = _setting(
        None, "What the provider calls the desk; needed with `desk_oidc_issuer`."
    )
    desk_oidc_client_secret: SecretStr | None = _setting(
        None, "The desk's secret there. Without one it is a public client."
    )
    desk_oidc_client_secret_file: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None, "The same in a file, which is read when the desk starts.", allowed=_FILE
    )
    desk_oidc_cafile: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None,
        "Authorities of the provider's certificate (PEM); default: those of the system.",
        allowed=_FILE,
    )
    desk_oidc_scopes: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = _setting(
        ("openid", "profile"),
        "What is asked for. The desk keeps nothing of it but a user's name.",
        allowed="scopes, `openid` among them, separated by commas; in the file an array",
    )
    desk_oidc_user_claim: str = _setting(
        "preferred_username",
        "The claim of the ID token that names a user; where a token has none, `sub`. The name is "
        "kept, and is in the audit: 1 to 64 letters, digits and `_ . @ + | -`.",
        allowed="the name of a claim",
        min_length=1,
    )
    desk_oidc_role_claim: str | None = _setting(
        None,
        "The claim that says what a user is, one text or several: `groups`, "
        "`realm_access.roles` (a dot leads into an object).",
        allowed="the name of a claim",
    )
    desk_oidc_roles: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_roles)
    ] = _setting(
        (),
        "Who is let in: values of that claim, and the role that each gives; `*` is whomever the "
        "provider lets in. Of several the greatest role counts; who has none is not let in. Needed "
        "with `desk_oidc_issuer`.",
        allowed="`value=role`, separated by commas, role one of viewer, operator, admin; in the "
        "file an array",
    )
    desk_oidc_shops_claim: str | None = _setting(
        None,
        "The claim that lists the shops that a user may see: `platform/id`, an id alone for the "
        "shops of this id on every platform, `*` for every shop. Who has none is not let in. "
        "Default: everybody sees every shop.",
        allowed="the name of a claim",
    )
    desk_what_if_dir: Annotated[Path, AfterValidator(_path)] | None = _setting(
        None,
        "The folder of comparisons that the console shows: what `replay --diff --json` wrote, as "
        "`*.json`. Default: `what-if` in `data_dir`.",
        allowed="a path",
    )

    desk_notify_file: Annotated[Path, AfterValidator(_file)] | None = _setting(
        None,
        "The routes file: who is told of which warnings, where and when "
        "([how](notifications.md)). Default: nobody is told. It is read when the desk starts; all "
        "desks on one database need the same.",
        allowed=_FILE,
    )
    desk_acknowledge_h: float | None = _setting(
        None,
        "How long an acknowledgement holds that says no end; then the warning asks for attention "
        "again where it still stands. Default: for as long as its state lasts.",
        unit="hours",
        gt=0,
        le=720,
    )
    desk_notify_log_d: int = _setting(
        90, "How long the desk keeps what it sent, and whom it told.", unit="days", ge=7, le=3650
    )

    # -- logging

    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = (
        _setting("info", "The least important records that are logged.")
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = _setting(
        "console", "One line of text, or one JSON object, for each record; on standard error."
    )

    @after_all(mode="after")
    def _together(self) -> Self:
        if self.heartbeat_s * 2 > self.session_timeout_s:
            raise ValueError(
                f"{self.named('heartbeat_s')}: at most half of "
                f"{self.named('session_timeout_s')} is allowed"
            )
        if self.delivery_timeout_s >= self.session_timeout_s:
            raise ValueError(
                f"{self.named('delivery_timeout_s')}: less than "
                f"{self.named('session_timeout_s')} is allowed"
            )
        if self.max_value_bytes > self.message_max_bytes // 2:
            raise ValueError(
                f"{self.named('max_value_bytes')}: at most half of "
                f"{self.named('message_max_bytes')} is allowed, or its dead letter does not fit"
            )
        if self.replication_factor == 0:
            raise ValueError(
                f"{self.named('replication_factor')}: allowed is -1, or an integer from 1 to 32"
            )
        if self.security_protocol.startswith("SASL"):
            for name in ("sasl_username", "sasl_password"):
                if getattr(self, name) is None:
                    raise ValueError(
                        f"{variable(name)} is not set: {self.named('security_protocol')} needs it"
                    )
        if (self.ssl_certfile is None) != (self.ssl_keyfile is None):
            raise ValueError(
                f"{variable('ssl_certfile')} and {variable('ssl_keyfile')}: only both together "
                "are allowed"
            )
        self._pages_together()
        self._desk_together()
        names = self.topics()
        every = [*names.consumed, *names.outputs, *names.changelogs]
        for name in every:
            if every.count(name) > 1:
                raise ValueError(f"the topic {name!r} has two uses: each needs a name of its own")
        return self

    def _pages_together(self) -> None:
        if self.http_token is not None and self.http_token_file is not None:
            raise ValueError(
                f"{variable('http_token')} and {variable('http_token_file')}: only one of them is "
                "allowed"
            )
        if (self.http_certfile is None) != (self.http_keyfile is None):
            raise ValueError(
                f"{variable('http_certfile')} and {variable('http_keyfile')}: only both together "
                "are allowed"
            )
        if self.http_client_cafile is not None and self.http_certfile is None:
            raise ValueError(
                f"{self.named('http_client_cafile')}: allowed with {variable('http_certfile')}, "
                "for only HTTPS knows certificates"
            )
        lost = [page for page in (HEALTH, METRICS) if page not in self.http_open_pages]
        if lost and not self._asks:
            opened = ",".join(self.http_open_pages)
            raise ValueError(
                f"{_place('http_open_pages')}={opened}: without {variable('http_token_file')} or "
                f"{variable('http_client_cafile')} nobody could ask for {' or '.join(lost)}"
            )

    def _desk_together(self) -> None:
        both = "desk_oidc_client_secret", "desk_oidc_client_secret_file"
        if all(getattr(self, name) is not None for name in both):
            raise ValueError(
                f"{variable(both[0])} and {variable(both[1])}: only one of them is allowed"
            )
        if self.desk_oidc_issuer is None:
            if not self.desk_local_users:
                raise ValueError(
                    f"{self.named('desk_local_users')}: without {variable('desk_oidc_issuer')} "
                    "nobody could sign in"
                )
            return
        for name in ("desk_oidc_client_id", "desk_url", "desk_oidc_roles"):
            if not getattr(self, name):
                raise ValueError(
                    f"{variable(name)} is not set: {variable('desk_oidc_issuer')} needs it"
                )
        if "openid" not in self.desk_oidc_scopes:
            raise ValueError(f"{variable('desk_oidc_scopes')}: openid has to be among them")
        if self.desk_oidc_role_claim is None and any(
            not each.startswith("*=") for each in self.desk_oidc_roles
        ):
            raise ValueError(
                f"{variable('desk_oidc_role_claim')} is not set: {variable('desk_oidc_roles')} "
                "names values of it"
            )

    @property
    def _asks(self) -> bool:
        """Whether there is a way to show that one may ask for the pages."""
        ways = self.http_token, self.http_token_file, self.http_client_cafile
        return any(way is not None for way in ways)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then the TOML file."""
        return init_settings, env_settings, _ConfigFile(settings_cls, config_file())

    def named(self, name: str) -> str:
        """A setting and its value, as an error names them; of a secret, or none, its name alone."""
        value = getattr(self, name)
        if value is None or is_secret(type(self).model_fields[name]):
            return _place(name)
        return f"{_place(name)}={value}"

    def tls_context(self) -> ssl.SSLContext | None:
        """How Python speaks TLS to the brokers; None where the protocol has none.

        Raises SettingsError where a file that is needed to connect is not what it is to be: clients
        would only say, after a while, that no broker can be reached.
        """
        if not self.security_protocol.endswith("SSL"):
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ssl_cafile is None:
            context.load_default_certs()
        self._load_authorities(context, "ssl_cafile")
        self._load_pair(context, "ssl_certfile", "ssl_keyfile", "ssl_key_password")
        return context

    def access(self) -> Access:
        """Who may ask for this worker's pages, and how it asks others. Raises SettingsError where a
        file is not what it is to be."""
        tokens = None
        if self.http_token is not None:
            tokens = Tokens(self.http_token.get_secret_value().split(","))
        elif self.http_token_file is not None:
            tokens = Tokens(path=self.http_token_file)
        own = (urlsplit(self.web_address).hostname, self.http_host, self.ingest_host)
        names = {*self.http_allowed_hosts, *own}
        return Access(
            tokens=tokens,
            server_tls=self._server_tls(),
            client_certificates=self.http_client_cafile is not None,
            client_tls=self._client_tls(),
            open_pages=frozenset(self.http_open_pages),
            hosts=frozenset(name.lower() for name in names if name),
            deadline=self.http_deadline_s,
        )

    def _server_tls(self) -> ssl.SSLContext | None:
        if self.http_certfile is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load_pair(context, "http_certfile", "http_keyfile", "http_key_password")
        if self.http_client_cafile is not None:
            self._load_authorities(context, "http_client_cafile")
            # Not required: probes show none, and which page wants one is not known yet.
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _client_tls(self) -> ssl.SSLContext | None:
        if self.http_cafile is None and self.http_certfile is None:
            return None
        context = ssl.create_default_context()
        if self.http_cafile is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._load_authorities(context, "http_cafile")
        self._load_pair(context, "http_certfile", "http_keyfile", "http_key_password")
        return context

    def _load_authorities(self, context: ssl.SSLContext, name: str) -> None:
        """Trust those of a setting, if it is given. Raises SettingsError."""
        path = getattr(self, name)
        if path is None:
            return
        try:
            context.load_verify_locations(path)
        except OSError as error:  # ssl.SSLError is one
            problem = f"{self.named(name)} is not usable ({_reason(error)})"
            raise SettingsError([f"{problem}: allowed is a file of certificates (PEM)"]) from error

    def _load_pair(
        self, context: ssl.SSLContext, certificate: str, key: str, password: str
    ) -> None:
        """Show a certificate, by the names of three settings, if it is given. Raises
        SettingsError."""
        if getattr(self, certificate) is None or getattr(self, key) is None:
            return
        secret = getattr(self, password)
        plain = "" if secret is None else secret.get_secret_value()
        try:
            # Without a password given, OpenSSL would ask whoever sits at the terminal.
            context.load_cert_chain(getattr(self, certificate), getattr(self, key), lambda: plain)
        except (OSError, ValueError) as error:  # ValueError: a password that is too long
            raise SettingsError(
                [
                    f"{self.named(certificate)} and {self.named(key)} are not usable "
                    f"({_reason(error)}): allowed are a certificate and its private key (both "
                    f"PEM), with the key's password in {variable(password)} where it has one"
                ]
            ) from error

    def topics(self) -> Topics:
        """The names of all topics."""
        return Topics(
            orders=self.orders_topic,
            tracking=self.tracking_topic,
            warnings=self.warnings_topic,
            dead_letters=self.dead_letters_topic,
            shop_risk=self.shop_risk_topic,
            product_risk=self.product_risk_topic,
            actions=self.actions_topic,
            stock=self.stock_topic,
            stocked=self.stock,
            app_id=self.app_id,
        )

    def engine(self) -> EngineConfig:
        """The same settings as the engine takes them."""
        from streams.engine.kafka.config import EngineConfig, tables_of

        return EngineConfig(
            app_id=self.app_id,
            bootstrap=self.bootstrap_servers,
            data_dir=self.data_dir,
            partitions=self.partitions,
            tables=tables_of(self.topics()),
            security=self.librdkafka_security,
            group_instance_id=self.group_instance_id,
            web_address=self.web_address,
            session_timeout=self.session_timeout_s,
            heartbeat_interval=self.heartbeat_s,
            rebalance_timeout=self.rebalance_timeout_s,
            delivery_timeout=self.delivery_timeout_s,
            chunk_max_records=self.chunk_max_records,
            max_in_flight_records=self.max_in_flight_records,
            commit_interval=self.commit_interval_s,
            drain_timeout=self.drain_timeout_s,
            message_max_bytes=self.message_max_bytes,
            inputs=frozenset(self.topics().inputs),
            dead_letter_limit=self.dead_letter_limit,
            dead_letter_limit_share=self.dead_letter_limit_share,
            plain_topics=frozenset(self.topics().outputs),
            producer_buffer_kbytes=self.producer_buffer_mib * 1024,
            store_cache_bytes=self.store_cache_mib * _MIB,
            tick_interval=self.tick_interval_s,
            watermark_patience=self.gate_patience_s,
            clock_tolerance=self.clock_tolerance_s,
            local_state_max_age=self.local_state_max_age_h * 3600,
            standby_replicas=self.standby_replicas,
            connect_timeout=self.broker_wait_s,
            stall_timeout=self.stall_timeout_s,
        )

    @property
    def web_address(self) -> str:
        """Where this worker's pages are reached, `http(s)://host:port`; empty: it serves none."""
        if not self.http_port:
            return ""
        scheme = "http" if self.http_certfile is None else "https"
        if self.advertised_http is not None:
            return f"{scheme}://{self.advertised_http}"
        host = self.http_host
        if host in ("0.0.0.0", "::"):  # noqa: S104  compared, not listened on
            host = socket.gethostname()
        if ":" in host:
            host = f"[{host}]"
        return f"{scheme}://{host}:{self.http_port}"

    @cached_property
    def librdkafka_security(self) -> dict[str, str]:
        """How to connect, under librdkafka's names; secrets in plain text."""
        found: dict[str, object] = {
            "security.protocol": self.security_protocol,
            "ssl.ca.location": self.ssl_cafile,
            "ssl.certificate.location": self.ssl_certfile,
            "ssl.key.location": self.ssl_keyfile,
            "ssl.key.password": self.ssl_key_password,
        }
        if self.security_protocol.startswith("SASL"):
            found["sasl.mechanism"] = self.sasl_mechanism
            found["sasl.username"] = self.sasl_username
            found["sasl.password"] = self.sasl_password
        return {name: _plain(value) for name, value in found.items() if value is not None}

    @cached_property
    def kafka_python_security(self) -> dict[str, str]:
        """How to connect, under kafka-python's names; secrets in plain text."""
        found: dict[str, object] = {
            "security_protocol": self.security_protocol,
            "ssl_cafile": self.ssl_cafile,
            "ssl_certfile": self.ssl_certfile,
            "ssl_keyfile": self.ssl_keyfile,
            "ssl_password": self.ssl_key_password,
        }
        if self.security_protocol.startswith("SASL"):
            found["sasl_mechanism"] = self.sasl_mechanism
            found["sasl_plain_username"] = self.sasl_username
            found["sasl_plain_password"] = self.sasl_password
        return {name: _plain(value) for name, value in found.items() if value is not None}


def load_settings(**given: Any) -> Settings:
    """The settings of this process; `given` ones win. Raises SettingsError.

    From now on no line of the log shows the value of a secret one.
    """
    try:
        settings = Settings(**given)
    except ValidationError as error:
        shown = error.errors()[:_MOST_PROBLEMS]
        said = _said()
        raise SettingsError([_problem(detail, given, said) for detail in shown]) from error
    except OSError as error:
        raise SettingsError([f"{config_file()}: cannot be read: {error}"]) from error
    except ValueError as error:
        raise SettingsError([f"{config_file()}: {error}"]) from error
    for name, field in Settings.model_fields.items():
        if is_secret(field) and (secret := getattr(settings, name)) is not None:
            for each in secret.get_secret_value().split(",") if name == "http_token" else ():
                hide(each)
            hide(secret.get_secret_value())
    _warn_of_misspelt(os.environ)
    return settings


def config_file() -> Path | None:
    """The TOML file to read; None where there is none. Raises SettingsError for one that is named
    and does not exist."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError([f"{CONFIG_VARIABLE}={named!r}: no such file"])
        return path
    return DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting's value must never be shown: its type is SecretStr, and that is all."""
    return "SecretStr" in str(field.annotation)


def allowed(field: FieldInfo) -> str:
    """What a setting takes, in words."""
    extra = field.json_schema_extra
    if isinstance(extra, Mapping) and extra.get("allowed"):
        return str(extra["allowed"])
    choices = _choices(field)
    if choices:
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    kind = {"int": "an integer", "float": "a number"}.get(
        getattr(field.annotation, "__name__", ""), "text"
    )
    bounds = {}
    for part in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(part, name, None) is not None:
                bounds[name] = (
                    f"{getattr(part, name):g}" if kind == "a number" else str(getattr(part, name))
                )
    if "ge" in bounds:
        return f"{kind} from {bounds['ge']} to {bounds['le']}"
    if "gt" in bounds:
        return f"{kind} above {bounds['gt']}, at most {bounds['le']}"
    return kind


def _choices(field: FieldInfo) -> list[str]:
    annotation = field.annotation
    if getattr(annotation, "__origin__", None) is Literal:
        return [str(choice) for choice in annotation.__args__]  # type: ignore[union-attr]
    return []


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _said() -> frozenset[str]:
    """The names in the file."""
    path = config_file()
    return frozenset() if path is None else frozenset(read_toml(path)[1])


def _place(
    name: str, given: Mapping[str, Any] | None = None, said: frozenset[str] | None = None
) -> str:
    """Where a setting's value comes from: an argument, the file, else its variable."""
    if given and name in given:
        return name
    if not os.environ.get(variable(name)) and name in (_said() if said is None else said):
        return f"{config_file()}: {name}"
    return variable(name)


def _problem(detail: Any, given: Mapping[str, Any], said: frozenset[str]) -> str:
    """One line for one thing that is wrong."""
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = str(detail["loc"][0])
    field = Settings.model_fields.get(name)
    if field is None:
        close = difflib.get_close_matches(name, Settings.model_fields, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"{config_file() or 'settings'}: {name}: there is no such setting{hint}"
    place = _place(name, given, said)
    value = "" if is_secret(field) else f"={repr(detail['input'])[:_LONGEST_SHOWN]}"
    why = f" ({message})" if detail["type"] == "value_error" else ""
    return f"{place}{value} is not usable{why}: allowed is {allowed(field).replace('`', '')}"


def _warn_of_misspelt(environment: Mapping[str, str]) -> None:
    """Say so where a variable is nearly a setting: it would be passed over in silence."""
    known = {variable(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), known, 1, cutoff=0.9)
            if close:
                log.warning(
                    "%(variable)s is no setting; did you mean %(meant)s?",
                    event("setting_unknown", variable=name, meant=close[0]),
                )
