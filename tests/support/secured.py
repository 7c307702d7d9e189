"""A Kafka that asks who is there: each way to connect on a listener of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka_server import KafkaServer
from support.authorities import Authority

USER, PASSWORD = "alice", "open/sesame+7 %&"
"""Who may do everything; the password has what URLs and Base64 spell otherwise."""

STRANGER, STRANGERS_PASSWORD = "mallory", "let-me-in-42"
"""Who may log in and do nothing."""

KEY_PASSWORD = "key+to/the key%9"  # noqa: S105  no real one

LISTENERS = {
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "EXPIRED": "SSL",
    "ELSEWHERE": "SSL",
    "LOGIN": "SASL_PLAINTEXT",
    "SCRAM512": "SASL_PLAINTEXT",
    "BOTH": "SASL_SSL",
}
"""`MUTUAL` asks for a client's certificate, that of `EXPIRED` is too old, that of `ELSEWHERE` names
another host; `SCRAM512` knows no other mechanism."""


class SecuredKafka:
    """The broker, the certificates that it goes by, and how to connect; a context manager."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder / "ca")
        self.authority = authority.certificate
        self.other_authority = Authority(folder / "other-ca", "others").certificate
        server = authority.sign("server", host="IP:127.0.0.1")
        expired = authority.sign("expired", host="IP:127.0.0.1", expired=True)
        elsewhere = authority.sign("elsewhere", host="DNS:kafka.example.com")
        self.client = authority.sign("client", password=KEY_PASSWORD)
        users = " ".join(
            f'user_{name}="{password}"'
            for name, password in ((USER, PASSWORD), (STRANGER, STRANGERS_PASSWORD))
        )
        config: dict[str, str | int] = {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{USER};User:CN=client",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(server.both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority.certificate),
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.expired.ssl.keystore.location": str(expired.both),
            "listener.name.elsewhere.ssl.keystore.location": str(elsewhere.both),
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.scram512.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        }
        for listener in ("login", "both", "scram512"):
            for mechanism in ("plain", "scram-sha-256", "scram-sha-512"):
                module = (
                    f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
                    if mechanism == "plain"
                    else "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                )
                config[f"listener.name.{listener}.{mechanism}.sasl.jaas.config"] = module
        self.server = KafkaServer(config=config, listeners=LISTENERS)

    def __enter__(self) -> SecuredKafka:
        self.server.start()
        admin = AdminClient({"bootstrap.servers": self.server.bootstrap})
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            info = ScramCredentialInfo(mechanism, 4096)
            wanted = [
                UserScramCredentialUpsertion(name, info, password.encode())
                for name, password in ((USER, PASSWORD), (STRANGER, STRANGERS_PASSWORD))
            ]
            for done in admin.alter_user_scram_credentials(wanted).values():
                done.result(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def settings(self, listener: str, **other: Any) -> dict[str, Any]:
        """Settings that connect to a listener, as it wants it; `other` ones win."""
        protocol = LISTENERS.get(listener, "PLAINTEXT")
        found: dict[str, Any] = {
            "bootstrap_servers": self.server.bootstrap
            if listener == "PLAINTEXT"
            else self.server.bootstrap_of(listener),
            "security_protocol": protocol,
        }
        if protocol.endswith("SSL"):
            found["ssl_cafile"] = str(self.authority)
        if protocol.startswith("SASL"):
            found |= {"sasl_username": USER, "sasl_password": PASSWORD}
            found["sasl_mechanism"] = "SCRAM-SHA-512" if listener == "SCRAM512" else "PLAIN"
        if listener == "MUTUAL":
            found |= {
                "ssl_certfile": str(self.client.certificate),
                "ssl_keyfile": str(self.client.key),
                "ssl_key_password": KEY_PASSWORD,
            }
        return {**found, **other}
