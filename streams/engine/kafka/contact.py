"""The first word with a broker: connect to it as every client will, log in, hang up.

Clients say of whatever goes wrong there that no broker can be reached, and try again until they
give up. Here the one thing that is wrong is told from the connection itself, at once, with the
setting that it is about. Where a broker only hangs up, it is asked in the other ways in which it
may want to be spoken to.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any, Protocol

from kafka.errors import KafkaProtocolError, for_code
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

_BLOCK = 65_536
_NO_ERROR, _UNSUPPORTED_MECHANISM, _ILLEGAL_SASL_STATE = 0, 33, 34
_OTHER_HOST = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_DATES = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


class Access(Protocol):
    """What the settings say of how to connect."""

    @property
    def kafka_python_security(self) -> dict[str, str]:
        """How to log in, in the words of kafka-python."""

    def named(self, name: str) -> str:
        """A setting and its value (of a secret: its name alone), as an error names them."""

    def tls_context(self) -> ssl.SSLContext | None:
        """How to speak TLS; None: not at all."""


class Rejected(RuntimeError):
    """Broker and client do not fit, and waiting changes nothing; one line names the setting."""


class _HungUp(ConnectionError):
    """The broker closed the connection, or answered what is no Kafka."""


def greet(access: Access, address: str, timeout_s: float) -> None:
    """Connect to `host:port` and log in; each step may take `timeout_s`.

    Raises Rejected, or an OSError (UnicodeError: a name that cannot be one) where no broker
    answers, which may pass.
    """
    tls = access.tls_context()
    try:
        with _Line(address, timeout_s, tls) as line:
            line.ask(ApiVersionsRequest(version=0))
            if "sasl_mechanism" in access.kafka_python_security:
                _log_in(access, address, line)
            else:
                line.ask(MetadataRequest(version=1, topics=[]))
    except ssl.SSLCertVerificationError as error:
        raise Rejected(_distrusted(access, address, error)) from error
    except (_HungUp, ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
        other = _other_way(access, address, timeout_s, tls)
        if other is None and isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            other = (
                f"{access.named('ssl_certfile')} and {access.named('ssl_keyfile')}: the broker at "
                f"{address} wants a certificate of ours and accepts none so far ({error.reason}): "
                "allowed are one that it trusts, and its key"
            )
        if other is None:
            raise
        raise Rejected(other) from error


def _log_in(access: Access, address: str, line: _Line) -> None:
    """SASL's handshake and the exchange of the mechanism. Raises Rejected."""
    security = access.kafka_python_security
    name = security["sasl_mechanism"]
    answer = line.ask(SaslHandshakeRequest(mechanism=name, version=1))
    if answer.error_code == _ILLEGAL_SASL_STATE:
        protocol = "SSL" if security["security_protocol"].endswith("SSL") else "PLAINTEXT"
        raise Rejected(
            f"{access.named('security_protocol')}: the broker at {address} takes no login: allowed "
            f"is {protocol}"
        )
    if answer.error_code == _UNSUPPORTED_MECHANISM:
        raise Rejected(
            f"{access.named('sasl_mechanism')}: the broker at {address} does not know it: allowed "
            f"is what it knows: {', '.join(sorted(answer.mechanisms))}"
        )
    mechanism = get_sasl_mechanism(name)(**security)
    reason = ""
    while not mechanism.is_done():
        token = mechanism.auth_bytes()
        answer = line.ask(SaslAuthenticateRequest(auth_bytes=token, version=0))
        if answer.error_code != _NO_ERROR:
            reason = answer.error_message or for_code(answer.error_code).__name__
            break
        mechanism.receive(answer.auth_bytes)
    if not mechanism.is_authenticated():
        raise Rejected(
            f"{access.named('sasl_username')} and {access.named('sasl_password')}: the broker at "
            f"{address} does not accept them ({' '.join(reason.split()) or 'no reason given'})"
        )


def _distrusted(access: Access, address: str, error: ssl.SSLCertVerificationError) -> str:
    """Why the broker's certificate is not believed."""
    said = f"the certificate of the broker at {address}"
    if error.verify_code in _OTHER_HOST:
        return (
            f"{access.named('bootstrap_servers')}: {said} is of another host "
            f"({error.verify_message}): allowed is a name that is in it"
        )
    if error.verify_code in _DATES:
        return (
            f"{access.named('bootstrap_servers')}: {said} is out of date ({error.verify_message}): "
            "the broker needs another one, or this machine another time"
        )
    return (
        f"{access.named('ssl_cafile')}: {said} is signed by no authority that is trusted "
        f"({error.verify_message}): allowed is a file with the one that signed it"
    )


def _other_way(
    access: Access, address: str, timeout_s: float, tls: ssl.SSLContext | None
) -> str | None:
    """How a broker that hung up wants to be spoken to; None: not found out."""
    protocol = access.named("security_protocol")
    sasl = "sasl_mechanism" in access.kafka_python_security
    if not sasl:
        mechanisms = _mechanisms(address, timeout_s, tls)
        if mechanisms:
            allowed = "SASL_PLAINTEXT" if tls is None else "SASL_SSL"
            return (
                f"{protocol}: the broker at {address} wants a login ({', '.join(mechanisms)}): "
                f"allowed is {allowed}"
            )
    if tls is None:
        # Whoever answers is not trusted with anything, so its certificate is not looked at.
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        if _answers(address, timeout_s, anybody):
            allowed = "SASL_SSL" if sasl else "SSL or SASL_SSL"
            return f"{protocol}: the broker at {address} speaks TLS: allowed is {allowed}"
    elif _answers(address, timeout_s, None):
        allowed = "SASL_PLAINTEXT" if sasl else "PLAINTEXT or SASL_PLAINTEXT"
        return f"{protocol}: the broker at {address} speaks no TLS: allowed is {allowed}"
    return None


def _mechanisms(address: str, timeout_s: float, tls: ssl.SSLContext | None) -> list[str]:
    """The ways to log in that a broker offers; none where it does not ask for it."""
    try:
        with _Line(address, timeout_s, tls) as line:
            answer = line.ask(SaslHandshakeRequest(mechanism="", version=1))
            return sorted(answer.mechanisms)
    except OSError:
        return []


def _answers(address: str, timeout_s: float, tls: ssl.SSLContext | None) -> bool:
    """Whether somebody at the address speaks TLS, or without it (None) Kafka."""
    try:
        with _Line(address, timeout_s, tls) as line:
            if tls is None:
                line.ask(ApiVersionsRequest(version=0))
            return True
    except OSError:
        return False


class _Line:
    """A connection on which one question follows the other."""

    def __init__(self, address: str, timeout_s: float, tls: ssl.SSLContext | None) -> None:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        self._socket = socket.create_connection((host, int(port)), timeout=timeout_s)
        try:
            if tls is not None:
                self._socket = tls.wrap_socket(self._socket, server_hostname=host)
        except BaseException:
            self._socket.close()
            raise
        self._wire = KafkaProtocol(client_id="shipsentry")

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: Any) -> Any:
        """The broker's answer. Raises OSError, _HungUp where there is none."""
        self._wire.send_request(request)
        self._socket.sendall(self._wire.send_bytes())
        while True:
            data = self._socket.recv(_BLOCK)
            if not data:
                raise _HungUp("the broker closed the connection")
            try:
                answers = self._wire.receive_bytes(data)
            except (KafkaProtocolError, ValueError) as error:
                raise _HungUp(f"no answer of Kafka's: {error}") from error
            if answers:
                return answers[0][1]
