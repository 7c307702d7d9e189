"""A Kafka that asks who is there: every way in works, and what keeps one out is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from support.running import WORKER, Worker
from support.secured import (
    KEY_PASSWORD,
    PASSWORD,
    STRANGER,
    STRANGERS_PASSWORD,
    SecuredKafka,
)

from streams.cli.group import main
from streams.engine.kafka.topic_admin import create_topics
from streams.settings import Settings, variable

WARNING = {
    "warning_id": "0123abcd", "revision": 1, "state": "open", "rule": "ship_overdue",
    "stage": "violation", "severity": "critical", "platform": "douyin", "shop_id": "s-1",
    "order_ids": ["o-1"], "carrier": None, "tracking_number": None,
    "opened_at": "2026-11-20T02:00:00+00:00", "deadline": "2026-11-21T02:00:00+00:00",
    "detected_at": "2026-11-20T02:00:00+00:00", "message": {"zh": "…", "en": "…"}, "evidence": [],
}  # fmt: skip

MODES = {
    "PLAINTEXT": ("PLAINTEXT", {}),
    "SSL": ("TLS", {}),
    "mutual": ("MUTUAL", {}),
    "PLAIN": ("LOGIN", {}),
    "SCRAM-SHA-256": ("LOGIN", {"sasl_mechanism": "SCRAM-SHA-256"}),
    "SCRAM-SHA-512": ("SCRAM512", {}),
    "PLAIN over TLS": ("BOTH", {}),
    "SCRAM-SHA-512 over TLS": ("BOTH", {"sasl_mechanism": "SCRAM-SHA-512"}),
}
"""How to connect: the broker's listener, and the settings that are not the usual ones there."""

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """The broker, with every topic and one warning."""
    with SecuredKafka(tmp_path_factory.mktemp("secured")) as kafka:
        settings = Settings(**kafka.settings("PLAINTEXT"))
        outcome = create_topics(settings, wait_s=30)
        assert not outcome.problems
        producer = Producer({"bootstrap.servers": kafka.server.bootstrap})
        producer.produce(settings.warnings_topic, json.dumps(WARNING).encode(), b"0123abcd")
        assert producer.flush(30) == 0
        yield kafka


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command with settings, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, settings: dict[str, Any]) -> Result:
        for name in Settings.model_fields:
            monkeypatch.delenv(variable(name), raising=False)
        for name, value in settings.items():
            if value is not None:
                monkeypatch.setenv(variable(name), str(value))
        return CliRunner().invoke(main, command.split())

    return run


@pytest.mark.parametrize("mode", MODES)
def test_every_command_works(secured: SecuredKafka, run: Run, mode: str) -> None:
    """Whatever the brokers ask for: those that read, and the one that sends again."""
    listener, other = MODES[mode]
    settings = secured.settings(listener, **other)
    for command, said in {
        "topics create": "order-paid",
        "topics check": "are there and fit",
        "warnings tail --from-beginning --limit 1": "ship_overdue",
        "warnings export --out -": '"0123abcd"',
        "dead-letters list": "",
        "dead-letters retry --all --yes": "",
        "evidence 0123abcd --out bundle": "",
    }.items():
        result = run(command, settings)
        assert result.exit_code == 0, (command, result.output)
        assert said in result.output, command


WRONG = {
    "an authority that did not sign": (
        "TLS",
        {"ssl_cafile": "OTHER"},
        "SSL_CAFILE=…: the certificate of the broker at … is signed by no authority that is "
        "trusted (",
    ),
    "an expired certificate": (
        "EXPIRED",
        {},
        "BOOTSTRAP_SERVERS=…: the certificate of the broker at … is out of date (certificate has "
        "expired)",
    ),
    "another host's certificate": (
        "ELSEWHERE",
        {},
        "BOOTSTRAP_SERVERS=…: the certificate of the broker at … is of another host (IP address "
        "mismatch",
    ),
    "no certificate of ours": (
        "MUTUAL",
        {"ssl_certfile": None, "ssl_keyfile": None, "ssl_key_password": None},
        "SSL_CERTFILE and SHIPSENTRY_SSL_KEYFILE: the broker at … wants a certificate of ours",
    ),
    "a wrong password": (
        "LOGIN",
        {"sasl_password": "not-the-one"},
        "SASL_USERNAME=alice and SHIPSENTRY_SASL_PASSWORD: the broker at … does not accept them (",
    ),
    "a wrong password, SCRAM": (
        "BOTH",
        {"sasl_password": "not-the-one", "sasl_mechanism": "SCRAM-SHA-256"},
        "SASL_USERNAME=alice and SHIPSENTRY_SASL_PASSWORD: the broker at … does not accept them (",
    ),
    "a mechanism that the broker does not know": (
        "SCRAM512",
        {"sasl_mechanism": "PLAIN"},
        "SASL_MECHANISM=PLAIN: the broker at … does not know it: allowed is what it knows: "
        "SCRAM-SHA-512",
    ),
    "plain text to TLS": (
        "TLS",
        {"security_protocol": "PLAINTEXT"},
        "SECURITY_PROTOCOL=PLAINTEXT: the broker at … speaks TLS: allowed is SSL or SASL_SSL",
    ),
    "TLS to plain text": (
        "PLAINTEXT",
        {"security_protocol": "SSL"},
        "SECURITY_PROTOCOL=SSL: the broker at … speaks no TLS: allowed is PLAINTEXT or "
        "SASL_PLAINTEXT",
    ),
    "no login where one is wanted": (
        "LOGIN",
        {"security_protocol": "PLAINTEXT"},
        "SECURITY_PROTOCOL=PLAINTEXT: the broker at … wants a login (PLAIN, SCRAM-SHA-256, "
        "SCRAM-SHA-512): allowed is SASL_PLAINTEXT",
    ),
    "no login where one is wanted, TLS": (
        "BOTH",
        {"security_protocol": "SSL"},
        "SECURITY_PROTOCOL=SSL: the broker at … wants a login (PLAIN, SCRAM-SHA-256, "
        "SCRAM-SHA-512): allowed is SASL_SSL",
    ),
    "a login where none is wanted": (
        "PLAINTEXT",
        {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "alice", "sasl_password": "x-y-z"},
        "SECURITY_PROTOCOL=SASL_PLAINTEXT: the broker at … takes no login: allowed is PLAINTEXT",
    ),
    "a login without TLS": (
        "BOTH",
        {"security_protocol": "SASL_PLAINTEXT"},
        "SECURITY_PROTOCOL=SASL_PLAINTEXT: the broker at … speaks TLS: allowed is SASL_SSL",
    ),
    "a user without permission": (
        "LOGIN",
        {"sasl_username": STRANGER, "sasl_password": STRANGERS_PASSWORD},
        "SASL_USERNAME=mallory: Kafka at … does not permit it (is an ACL missing?): [Error 29] "
        "TopicAuthorizationFailedError: topic ",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said(secured: SecuredKafka, run: Run, wrong: str) -> None:
    """In one line, at once, with the setting that it is about and never the secret."""
    listener, other, text = WRONG[wrong]
    settings = secured.settings(listener, **other)
    if settings.get("ssl_cafile") == "OTHER":
        settings["ssl_cafile"] = str(secured.other_authority)
    if settings["security_protocol"].endswith("SSL"):
        settings.setdefault("ssl_cafile", str(secured.authority))
    result = run("topics check", settings)
    assert result.exit_code == 1
    *_, line = result.output.splitlines()
    address = settings["bootstrap_servers"]
    assert line.startswith("Error: SHIPSENTRY_")
    said = line.removeprefix("Error: SHIPSENTRY_")
    if "=…" in text:
        name, _, rest = text.partition("=…")
        assert said.startswith(f"{name}={settings[name.lower()]}"), line
        said, text = said.partition(f"={settings[name.lower()]}")[2], rest
    assert said.startswith(text.replace("…", address)), line
    for secret in ("not-the-one", "x-y-z", PASSWORD, STRANGERS_PASSWORD):
        assert secret not in result.output


@pytest.mark.parametrize(
    "command",
    [
        "topics create", "topics check", "warnings tail", "warnings export --out -",
        "dead-letters list", "dead-letters show a-1-2", "dead-letters retry --all",
        "evidence 0123abcd", "play", "worker",
    ],
)  # fmt: skip
def test_by_every_command(secured: SecuredKafka, run: Run, tmp_path: Path, command: str) -> None:
    """All that talk to Kafka begin with the same first word."""
    for listener, other, said in (
        ("LOGIN", {"sasl_password": "not-the-one"}, "does not accept them (Authentication failed"),
        (
            "LOGIN",
            {"sasl_username": STRANGER, "sasl_password": STRANGERS_PASSWORD},
            "SHIPSENTRY_SASL_USERNAME=mallory: Kafka at",
        ),
    ):
        settings = secured.settings(listener, **other, data_dir=tmp_path / "data", http_port=0)
        result = run(command, settings)
        assert result.exit_code == 1
        assert said in result.output.splitlines()[-1]
        assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("listener", "other", "ends"),
    [
        ("LOGIN", {}, False),
        ("BOTH", {"sasl_mechanism": "SCRAM-SHA-256"}, False),
        ("MUTUAL", {}, False),
        ("LOGIN", {"sasl_password": "not/the one"}, True),
        ("SCRAM512", {"sasl_password": "not/the one"}, True),
    ],
)
def test_no_secret_in_a_log(
    secured: SecuredKafka, tmp_path: Path, listener: str, other: dict[str, Any], ends: bool
) -> None:
    """At debug level, of every library: not in what a worker writes, let in or not."""
    settings = secured.settings(listener, **other, log_level="debug", http_port=0)
    environment = {variable(name): str(value) for name, value in settings.items()}
    environment[variable("data_dir")] = str(tmp_path / "data")
    log = tmp_path / "log"
    worker = Worker(environment, tmp_path / "data", log, WORKER).start()
    try:
        if ends:
            worker.wait_log("Error: SHIPSENTRY_SASL_USERNAME=alice and SHIPSENTRY_SASL_PASSWORD: ")
        else:
            worker.wait_log("reading partitions")
            assert worker.stop() == 0
    finally:
        worker.kill()
    text = log.read_text()
    assert " debug kafka." in text
    assert ("(secret)" in text) is (listener != "SCRAM512")  # SCRAM sends no password
    for secret in (PASSWORD, KEY_PASSWORD, "not/the one"):
        assert secret not in text
