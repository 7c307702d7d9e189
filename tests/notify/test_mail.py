"""E-mail through a real SMTP server: what arrives, by which TLS, and what the server means."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from support.certificates import Signed, authority, signed
from support.notices import MADE_AT, digest, item, message
from support.ports import free_port

from streams.notify.channels.make import make_channel, preview
from streams.notify.message import Failed, Message, Outcome, Refused, Sent
from streams.notify.texts.links import Links
from streams.notify.texts.texts import Texts

TEXTS = Texts()
LINKS = Links("https://desk.example.com", b"k" * 32)
LI, WANG = "li@example.com", "wang@example.com"
USER, PASSWORD = "desk", "a-long-password"


class Taken:
    """A mailbox. `says` is what the server answers to a recipient, or to `DATA`, other than yes."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.says: dict[str, str] = {}

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Whether this recipient is taken."""
        if address in self.says:
            return self.says[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """The mail."""
        if "DATA" in self.says:
            return self.says["DATA"]
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        """Good-bye."""
        return self.says.get("QUIT", "221 bye")


def authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, data: Any
) -> Any:
    """One user."""
    assert isinstance(data, LoginPassword)
    fine = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fine, handled=False)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signed, Signed]:
    """An authority, and a server's certificate by it."""
    folder = tmp_path_factory.mktemp("mail")
    root = authority(folder)
    return root, signed(root, folder, "server", "127.0.0.1")


class _Starttls(Controller):
    """A server that takes nothing before TLS, and nobody without a password."""

    def __init__(self, *arguments: Any, tls: ssl.SSLContext, **more: Any) -> None:
        self._tls = tls
        super().__init__(*arguments, **more)

    def factory(self) -> SMTP:
        return SMTP(
            self.handler,
            tls_context=self._tls,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )


@pytest.fixture(params=["none", "starttls", "tls"])
def server(
    request: pytest.FixtureRequest, certified: tuple[Signed, Signed]
) -> Iterator[tuple[Taken, dict[str, Any]]]:
    """A server of each kind, and the table of a channel that speaks to it."""
    root, own = certified
    taken, port = Taken(), free_port()
    table: dict[str, Any] = {
        "type": "email",
        "host": "127.0.0.1",
        "port": port,
        "tls": request.param,
        "from": "desk@example.com",
        "to": [LI, WANG],
    }
    where: dict[str, Any] = {"hostname": "127.0.0.1", "port": port}
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(own.certificate, own.key)
    if request.param == "none":
        controller: Controller = Controller(taken, **where)
    else:
        table["cafile"] = str(root.certificate)
        if request.param == "tls":
            controller = Controller(taken, ssl_context=tls, **where)
        else:
            table |= {"user": USER, "password_env": "PASSWORD"}
            controller = _Starttls(taken, tls=tls, **where)
    controller.start()
    try:
        yield taken, table
    finally:
        controller.stop()


def sent(table: dict[str, Any], *messages: Message, password: str = PASSWORD) -> list[Outcome]:
    """What came of each message."""
    channel = make_channel("mail", table, LINKS, TEXTS, environment={"PASSWORD": password})

    async def all_of_them() -> list[Outcome]:
        return [await channel.send(each) for each in messages]

    return asyncio.run(all_of_them())


def test_a_mail_arrives_as_text_and_as_html(server: tuple[Taken, dict[str, Any]]) -> None:
    """At both, once; on another attempt with the same Message-ID."""
    taken, table = server
    hostile = {"zh": "<script>x</script>\r\nBcc: x@example.com", "en": "x"}
    told = message(item(7, message=hostile))
    assert sent(table, told, told) == [Sent(), Sent()]
    (people, first), (_, second) = taken.mails
    assert people == [LI, WANG]
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].startswith(f"<{told.key}.")
    assert first["Subject"] == "【新预警】揽收后无更新 · 还剩 3 小时 05 分 · 抖音 s-1"
    assert first["List-Id"].startswith("ShipSentry night <")
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Bcc"] is None
    assert first["Date"].datetime == MADE_AT
    plain, html = (
        first.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    assert "运单：zto 7812345000007" in plain
    assert "https://desk.example.com/linked/acknowledge." in plain
    assert "<script>" in plain
    assert "<script>" not in html
    assert '<a href="https://desk.example.com/warnings/' in html


@pytest.mark.parametrize("server", ["none"], indirect=True)
@pytest.mark.parametrize(
    ("says", "outcome", "mails"),
    [
        ({LI: "450 4.2.1 try later"}, Failed("450 4.2.1 try later"), 0),
        ({WANG: "451 later"}, Failed("451 later"), 0),
        (
            {LI: "550 5.1.1 nobody"},
            Sent(reference="1 of 2 addresses were refused"),
            1,
        ),
        (
            {LI: "550 no", WANG: "550 no"},
            Refused("nobody takes it: 550 no"),
            0,
        ),
        ({"QUIT": "451 not so fast"}, Sent(), 1),
        ({"DATA": "452 4.3.1 full"}, Failed("452 4.3.1 full"), 0),
        ({"DATA": "554 5.7.1 spam"}, Refused("554 5.7.1 spam"), 0),
    ],
)
def test_what_a_server_says(
    server: tuple[Taken, dict[str, Any]], says: dict[str, str], outcome: Outcome, mails: int
) -> None:
    """4xx may pass and 5xx will not; who could be told later is not the reason to tell others
    twice."""
    taken, table = server
    taken.says = says
    assert sent(table, message(item())) == [outcome]
    assert len(taken.mails) == mails


@pytest.mark.parametrize("server", ["starttls"], indirect=True)
def test_a_wrong_password_is_refused_and_not_shown(server: tuple[Taken, dict[str, Any]]) -> None:
    """Somebody has to change it."""
    (outcome,) = sent(server[1], message(item()), password="another-password")  # noqa: S106
    assert outcome == Refused("the sign-in was not accepted (535)")


@pytest.mark.parametrize("server", ["starttls", "tls"], indirect=True)
def test_a_certificate_that_nobody_trusts_ends_it(server: tuple[Taken, dict[str, Any]]) -> None:
    """Before anything is said."""
    taken, table = server
    del table["cafile"]
    (outcome,) = sent(table, message(item()))
    assert isinstance(outcome, Failed)
    assert "certificate" in outcome.reason
    assert taken.mails == []


@pytest.mark.parametrize("server", ["none"], indirect=True)
def test_a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for(
    server: tuple[Taken, dict[str, Any]],
) -> None:
    """Nobody between here and there can take TLS away."""
    taken, table = server
    (outcome,) = sent({**table, "tls": "starttls"}, message(item()))
    assert outcome == Refused("STARTTLS extension not supported by server.")
    assert taken.mails == []


def test_nobody_listens() -> None:
    """A failure without the server's name."""
    table = {"type": "email", "host": "127.0.0.1", "port": free_port(), "tls": "none"}
    (outcome,) = sent({**table, "from": LI, "to": [WANG]}, message(item()))
    assert outcome == Failed("no answer: ConnectionRefusedError")


@pytest.mark.parametrize("server", ["none"], indirect=True)
def test_a_mail_has_all_that_a_message_holds(server: tuple[Taken, dict[str, Any]]) -> None:
    """A mail has room for 200, and further ones are counted."""
    taken, table = server
    told = digest(*(item(n) for n in range(200)), changed_more=37, urgent=())
    assert sent(table, told) == [Sent()]
    text = taken.mails[0][1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "200. 揽收后无更新" in text
    assert "……还有 37 条未列出" in text
    assert "200. 揽收后无更新" in preview(make_channel("mail", table, None, TEXTS), told)
