"""Settings: where they come from, what they refuse and in which words, who takes them."""

from __future__ import annotations

import dataclasses
import logging
import socket
from pathlib import Path

import pytest

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.settings import Settings, SettingsError, allowed, load_settings, variable

SENT_ON = {
    "bootstrap": ("bootstrap_servers", "kafka:9093"),
    "app_id": ("app_id", "other"),
    "data_dir": ("data_dir", Path("elsewhere")),
    "partitions": ("partitions", 12),
    "group_instance_id": ("group_instance_id", "worker-1"),
    "session_timeout": ("session_timeout_s", 50.0),
    "heartbeat_interval": ("heartbeat_s", 2.0),
    "rebalance_timeout": ("rebalance_timeout_s", 61.0),
    "delivery_timeout": ("delivery_timeout_s", 7.0),
    "chunk_max_records": ("chunk_max_records", 100),
    "dead_letter_limit": ("dead_letter_limit", 500),
    "dead_letter_limit_share": ("dead_letter_limit_share", 0.25),
    "max_in_flight_records": ("max_in_flight_records", 1_000),
    "commit_interval": ("commit_interval_s", 0.5),
    "drain_timeout": ("drain_timeout_s", 6.0),
    "message_max_bytes": ("message_max_bytes", 5_000_000),
    "tick_interval": ("tick_interval_s", 0.25),
    "watermark_patience": ("gate_patience_s", 30.0),
    "connect_timeout": ("broker_wait_s", 5.0),
    "stall_timeout": ("stall_timeout_s", 90.0),
    "standby_replicas": ("standby_replicas", 2),
    "clock_tolerance": ("clock_tolerance_s", 600.0),
}
"""Engine field → the setting with the same value."""

CONVERTED = {
    "security",
    "producer_buffer_kbytes",
    "store_cache_bytes",
    "local_state_max_age",
    "plain_topics",
    "inputs",
    "web_address",
}
"""Engine fields that another test looks at."""

NOT_FOR_OPERATORS = {
    "tables",
    "request_timeout",
    "isolation_level",
    "chunk_max_bytes",
    "chunks_per_partition",
    "fetch_max_partition_bytes",
    "fetch_max_wait_ms",
    "linger_ms",
    "watermark_rounds",
    "topic_watch_interval",
}


def refusal(**given: object) -> str:
    """The one line that refuses these settings."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    (line,) = caught.value.problems
    assert "\n" not in line
    return line


def test_defaults_need_nothing() -> None:
    """Without a file and variables, everything has its documented value."""
    settings = load_settings()
    assert settings.bootstrap_servers == "localhost:9092"
    assert settings.app_id == "shipsentry"
    assert settings.http_port == 8080
    assert settings.topics() == Topics(stocked=True)
    assert settings.librdkafka_security == {"security.protocol": "PLAINTEXT"}


def test_variable_wins_over_file_over_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file replaces the default, a variable replaces the file, an empty one does not."""
    (tmp_path / "shipsentry.toml").write_text('http_port = 9000\napp_id = "from-file"\n')
    monkeypatch.setenv("SHIPSENTRY_APP_ID", "from-variable")
    monkeypatch.setenv("SHIPSENTRY_HTTP_PORT", "")
    settings = load_settings()
    assert (settings.http_port, settings.app_id, settings.partitions) == (9000, "from-variable", 4)


def test_config_variable_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`SHIPSENTRY_CONFIG` is read instead of the file in the current directory."""
    (tmp_path / "shipsentry.toml").write_text("http_port = 1\n")
    (tmp_path / "mine.toml").write_text("http_port = 2\n")
    monkeypatch.setenv("SHIPSENTRY_CONFIG", str(tmp_path / "mine.toml"))
    assert load_settings().http_port == 2


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "HTTP_PORT",
            "abc",
            "SHIPSENTRY_HTTP_PORT='abc' is not usable: allowed is an integer from 0 to 65535",
        ),
        (
            "PARTITIONS",
            "0",
            "SHIPSENTRY_PARTITIONS='0' is not usable: allowed is an integer from 1 to 10000",
        ),
        (
            "TICK_INTERVAL_S",
            "nan",
            "SHIPSENTRY_TICK_INTERVAL_S='nan' is not usable: allowed is a number from 0.05 to 60",
        ),
        (
            "LOG_LEVEL",
            "loud",
            "SHIPSENTRY_LOG_LEVEL='loud' is not usable: allowed is debug, info, warning or error",
        ),
        (
            "BOOTSTRAP_SERVERS",
            "kafka:9092,other",
            "SHIPSENTRY_BOOTSTRAP_SERVERS='kafka:9092,other' is not usable ('other' is not "
            "host:port): allowed is host:port, several separated by commas",
        ),
        (
            "ORDERS_TOPIC",
            "a b",
            "SHIPSENTRY_ORDERS_TOPIC='a b' is not usable (Kafka does not allow this name): "
            "allowed is letters, digits, ., _ and -, at most 249 characters",
        ),
        (
            "REPLICATION_FACTOR",
            "0",
            "SHIPSENTRY_REPLICATION_FACTOR=0: allowed is -1, or an integer from 1 to 32",
        ),
        (
            "HEARTBEAT_S",
            "23",
            "SHIPSENTRY_HEARTBEAT_S=23.0: at most half of SHIPSENTRY_SESSION_TIMEOUT_S=45.0 is "
            "allowed",
        ),
        (
            "DELIVERY_TIMEOUT_S",
            "45",
            "SHIPSENTRY_DELIVERY_TIMEOUT_S=45.0: less than SHIPSENTRY_SESSION_TIMEOUT_S=45.0 is "
            "allowed",
        ),
        (
            "SECURITY_PROTOCOL",
            "sasl_ssl",
            "SHIPSENTRY_SASL_USERNAME is not set: SHIPSENTRY_SECURITY_PROTOCOL=SASL_SSL needs it",
        ),
        (
            "TRACKING_TOPIC",
            "order-paid",
            "the topic 'order-paid' has two uses: each needs a name of its own",
        ),
    ],
)
def test_refusal_names_variable_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    """One line from which the operator can mend it."""
    monkeypatch.setenv(f"SHIPSENTRY_{name}", value)
    assert refusal() == line


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wrong variables give two lines."""
    monkeypatch.setenv("SHIPSENTRY_HTTP_PORT", "-1")
    monkeypatch.setenv("SHIPSENTRY_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [line.partition("=")[0] for line in caught.value.problems] == [
        "SHIPSENTRY_HTTP_PORT",
        "SHIPSENTRY_LOG_FORMAT",
    ]


def test_refusal_of_the_file_names_file_and_key(tmp_path: Path) -> None:
    """A value from the file is not blamed on a variable."""
    (tmp_path / "shipsentry.toml").write_text("http_port = 70000\n")
    assert refusal() == (
        "shipsentry.toml: http_port=70000 is not usable: allowed is an integer from 0 to 65535"
    )


def test_unknown_key_of_the_file_is_refused(tmp_path: Path) -> None:
    """A key that would be passed over is an error, with the nearest one."""
    (tmp_path / "shipsentry.toml").write_text('bootstrap_server = "kafka:9092"\n')
    assert refusal() == (
        "shipsentry.toml: bootstrap_server: there is no such setting; "
        "did you mean bootstrap_servers?"
    )


def test_unusable_files_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not TOML, not text, not there."""
    path = tmp_path / "shipsentry.toml"
    path.write_text("http_port = \n")
    assert refusal().startswith("shipsentry.toml: not TOML: ")
    path.write_bytes(b"\xff\xfe")
    assert refusal().startswith("shipsentry.toml: not UTF-8 (byte ")
    monkeypatch.setenv("SHIPSENTRY_CONFIG", "nowhere.toml")
    assert refusal() == "SHIPSENTRY_CONFIG='nowhere.toml': no such file"


def test_misspelt_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A variable that is nearly a setting is warned of; one of another program is not."""
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVER", "kafka:9092")
    monkeypatch.setenv("SHIPSENTRY_SERVICE_HOST", "10.0.0.1")
    with caplog.at_level(logging.WARNING):
        load_settings()
    assert caplog.messages == [
        "SHIPSENTRY_BOOTSTRAP_SERVER is no setting; did you mean SHIPSENTRY_BOOTSTRAP_SERVERS?"
    ]


def test_profile_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Separated as in PATH, or an array in the file; one that does not exist is refused."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", f"{one}:{two}")
    assert load_settings().profile_dirs == (one, two)
    monkeypatch.delenv("SHIPSENTRY_PROFILE_DIRS")
    (tmp_path / "shipsentry.toml").write_text('profile_dirs = ["one"]\n')
    assert load_settings().profile_dirs == (Path("one"),)
    monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", f"{one}:{tmp_path / 'three'}")
    assert "three' is no directory" in refusal()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither printing the settings nor a refusal shows a password."""
    monkeypatch.setenv("SHIPSENTRY_SASL_PASSWORD", "hunter2")
    monkeypatch.setenv("SHIPSENTRY_SSL_KEY_PASSWORD", "hunter2")
    settings = load_settings()
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    monkeypatch.delenv("SHIPSENTRY_SASL_PASSWORD")
    (tmp_path / "shipsentry.toml").write_text("sasl_password = 19372846\n")
    assert refusal() == "shipsentry.toml: sasl_password is not usable: allowed is text"


def test_security_reaches_both_clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """librdkafka and kafka-python are told the same, each under its own names."""
    authority = tmp_path / "ca.pem"
    authority.touch()
    for name, value in {
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_MECHANISM": "scram-sha-512",
        "SASL_USERNAME": "alice",
        "SASL_PASSWORD": "hunter2",
        "SSL_CAFILE": str(authority),
    }.items():
        monkeypatch.setenv(f"SHIPSENTRY_{name}", value)
    settings = load_settings()
    assert settings.engine().security == {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(authority),
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "alice",
        "sasl.password": "hunter2",
    }
    assert settings.kafka_python_security == {
        "security_protocol": "SASL_SSL",
        "ssl_cafile": str(authority),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "alice",
        "sasl_plain_password": "hunter2",
    }


def test_engine_is_told_every_setting_that_is_for_it() -> None:
    """Each field of the engine's configuration comes from a setting, or is the engine's own."""
    given = dict(SENT_ON.values())
    config = load_settings(**given).engine()
    for field, (_, value) in SENT_ON.items():
        assert getattr(config, field) == value, field
    fields = {field.name for field in dataclasses.fields(EngineConfig)}
    assert fields == set(SENT_ON) | CONVERTED | NOT_FOR_OPERATORS


def test_units_are_converted() -> None:
    """MiB and hours become the engine's bytes, kilobytes and seconds."""
    config = load_settings(
        producer_buffer_mib=3, store_cache_mib=5, local_state_max_age_h=2.0, warnings_topic="w"
    ).engine()
    assert config.plain_topics == {
        "w",
        "shipment-dead-letters",
        "shop-risk",
        "product-risk",
    }
    assert config.producer_buffer_kbytes == 3 * 1024
    assert config.store_cache_bytes == 5 * 1024 * 1024
    assert config.local_state_max_age == 7200.0


def test_topic_names_follow_the_settings() -> None:
    """Input and output names are free, internal ones carry the application id."""
    topics = load_settings(app_id="shop", orders_topic="paid").topics()
    assert topics.orders == "paid"
    assert topics.orders_rekey == "shop-order-paid-rekey"
    assert topics.parcels_changelog == "shop-parcels-changelog"


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    """Description, what is allowed, and for an amount its unit."""
    field = Settings.model_fields[name]
    assert field.description
    assert allowed(field)
    assert variable(name) == f"SHIPSENTRY_{name.upper()}"
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    units = {
        "s": "seconds",
        "h": "hours",
        "d": "days",
        "mib": "MiB",
        "bytes": "bytes",
        "records": "records",
    }
    assert extra["unit"] == units.get(name.rpartition("_")[2], "")


def test_shadow_profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Separated by commas, each once, or an array in the file; none by default."""
    assert load_settings().shadow_profiles == ()
    monkeypatch.setenv("SHIPSENTRY_SHADOW_PROFILES", "tmall-2026-04-09, brief-2023,,brief-2023")
    assert load_settings().shadow_profiles == ("tmall-2026-04-09", "brief-2023")
    monkeypatch.delenv("SHIPSENTRY_SHADOW_PROFILES")
    (tmp_path / "shipsentry.toml").write_text('shadow_profiles = ["one"]\n')
    assert load_settings().shadow_profiles == ("one",)
    (tmp_path / "shipsentry.toml").write_text("shadow_profiles = 5\n")
    assert "shadow_profiles" in refusal()


def test_where_the_pages_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """As set, else where it serves; nowhere where it serves nothing."""
    assert load_settings().web_address == "http://127.0.0.1:8080"
    assert load_settings(http_host="::1", http_port=1).web_address == "http://[::1]:1"
    everywhere = load_settings(http_host="0.0.0.0").web_address  # noqa: S104  not listened on
    assert everywhere == f"http://{socket.gethostname()}:8080"
    monkeypatch.setenv("SHIPSENTRY_ADVERTISED_HTTP", "w1.example:80")
    assert load_settings().web_address == "http://w1.example:80"
    assert load_settings().engine().web_address == "http://w1.example:80"
    assert load_settings(http_port=0).web_address == ""
    for wrong in ("w1", "http://w1:80", "a:1,b:2"):
        with pytest.raises(SettingsError, match="advertised_http"):
            load_settings(advertised_http=wrong)
