"""E-mail, by an SMTP server.

RFC 5321 (a server's 4xx may pass, 5xx will not), RFC 2919 (List-Id), RFC 3834 (Auto-Submitted). The
body is at most 1 MiB, far below what servers take.
"""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from streams.notify.channels.cards import fault
from streams.notify.channels.http import is_here, said
from streams.notify.channels.table import Around, Table, WrongChannel
from streams.notify.message import MOST_ITEMS, Failed, Limits, Message, Outcome, Refused, Sent
from streams.notify.texts.dialects import HTML, PLAIN
from streams.notify.texts.texts import Card, TooLong, WrongTemplate

LIMITS = Limits(per_minute=60, max_bytes=1 << 20)

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _address(value: str) -> str:
    try:
        found = Address(addr_spec=value)
    except Exception:
        raise ValueError(f"{value!r} is no address such as name@example.com") from None
    if not (found.username and found.domain and value.isascii()):
        raise ValueError(f"{value!r} is no address such as name@example.com")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]


class Mail:
    """Says a message as text and as HTML, to several people at once."""

    def __init__(self, table: MailTable, around: Around) -> None:
        self.limits = table.limits
        self._table = table
        self._around = around
        self._password = table.password(around)
        self._tls = table.context()

    def __repr__(self) -> str:
        """No password."""
        return f"<Mail {self._around.name}>"

    async def send(self, message: Message) -> Outcome:
        """Say it once, in a thread of its own: the library waits."""
        try:
            return await asyncio.to_thread(self._send, self.mail(message))
        except (TooLong, WrongTemplate) as error:
            return Refused(str(error))
        except Exception as error:
            return fault(self._around.name, error)

    def mail(self, message: Message) -> EmailMessage:
        """What is sent; on a further attempt the same, by its Message-ID too."""
        return self._made(message, *self._cards(message))

    def _cards(self, message: Message) -> tuple[Card, Card]:
        texts, links = self._around.texts, self._around.links

        def fits(card: Card) -> bool:
            return len(card.text.encode()) <= self.limits.max_bytes // 3

        html = texts.card(message, HTML, links, fits, most=MOST_ITEMS)
        return texts.sized(message, PLAIN, links, html.size), html

    def _made(self, message: Message, plain: Card, html: Card) -> EmailMessage:
        domain = self._table.sender.rpartition("@")[2]
        made = EmailMessage(policy=SMTP)
        made["Subject"] = plain.title
        made["From"] = Address(self._table.sender_name, addr_spec=self._table.sender)
        made["To"] = [Address(addr_spec=each) for each in self._table.to]
        made["Date"] = format_datetime(message.made_at)
        made["Message-ID"] = f"<{message.key}.{_short(message.channel)}@{domain}>"
        made["List-Id"] = (
            f"ShipSentry {message.route} <{_short(message.route)}.shipsentry.{domain}>"
        )
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(plain.text + "\n", cte="base64")
        language = {"zh": "zh-CN", "en": "en"}[message.locale]
        page = (
            f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
            f"<title>{HTML.marked(plain.title)}</title></head>"
            f"<body><p>{html.text}</p></body></html>\n"
        )
        made.add_alternative(page, subtype="html", cte="base64")
        return made

    def _send(self, mail: EmailMessage) -> Outcome:
        table = self._table
        server = None
        try:
            server = self._connected()
            if table.tls == "starttls":
                server.starttls(context=self._tls)
            if table.user:
                server.login(table.user, self._password)
            return self._deliver(server, mail)
        except smtplib.SMTPAuthenticationError as error:
            # The server's words may quote the user.
            reason = f"the sign-in was not accepted ({error.smtp_code})"
            return Refused(reason) if error.smtp_code >= 500 else Failed(reason)
        except smtplib.SMTPResponseException as error:
            reason = _words(error.smtp_code, error.smtp_error)
            return Refused(reason) if error.smtp_code >= 500 else Failed(reason)
        except smtplib.SMTPNotSupportedError as error:
            return Refused(said(error))
        except ssl.SSLCertVerificationError as error:
            return Failed(f"its certificate is not trusted: {error.verify_message}")
        except (OSError, smtplib.SMTPException) as error:
            return Failed(f"no answer: {type(error).__name__}")
        finally:
            if server is not None:
                # What was taken stays so, however the server says good-bye.
                with suppress(OSError, smtplib.SMTPException):
                    server.quit()

    def _connected(self) -> smtplib.SMTP:
        host, port, timeout = self._table.host, self._table.at_port, self._table.timeout_s
        if self._table.tls == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=timeout, context=self._tls)
        return smtplib.SMTP(host, port, timeout=timeout)

    def _deliver(self, server: smtplib.SMTP, mail: EmailMessage) -> Outcome:
        """All who can have it, at once. Where somebody cannot have it only now, nobody has it, so
        that the next attempt sends it to nobody twice."""
        server.ehlo_or_helo_if_needed()
        code, words = server.mail(self._table.sender)
        if code >= 400:
            raise smtplib.SMTPResponseException(code, words)
        refused = []
        for each in self._table.to:
            code, words = server.rcpt(each)
            if 400 <= code < 500:
                server.rset()
                return Failed(_words(code, words))
            if code >= 500:
                refused.append(_words(code, words))
        if len(refused) == len(self._table.to):
            server.rset()
            return Refused(f"nobody takes it: {refused[0]}")
        code, words = server.data(mail.as_bytes())
        if code >= 400:
            raise smtplib.SMTPResponseException(code, words)
        few = f"{len(refused)} of {len(self._table.to)} addresses were refused"
        return Sent(reference=few if refused else None)

    def preview(self, message: Message) -> str:
        """What a reader would see of it."""
        plain, _ = self._cards(message)
        return f"{plain.title}\n\n{plain.text}"

    async def close(self) -> None:
        """Nothing is kept open."""


def _words(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {said(text)}"


def _short(name: str) -> str:
    """A name as it may stand in an address."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


class MailTable(Table):
    """`type = "email"`. Without TLS only a server on this machine is spoken to."""

    most = LIMITS

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    cafile: str = ""
    user: Annotated[str, Field(max_length=256)] = ""
    password_file: str = ""
    password_env: str = ""
    sender: MailAddress = Field(alias="from")
    sender_name: Annotated[str, Field(alias="from_name", max_length=64)] = "ShipSentry"
    to: Annotated[list[MailAddress], Field(min_length=1, max_length=50)]

    @property
    def at_port(self) -> int:
        """The port: by default the usual one."""
        return self.port if self.port is not None else _PORTS[self.tls]

    def password(self, around: Around) -> str:
        """What signs in; "" where nobody does. Raises WrongChannel."""
        if self.tls == "none" and not is_here(self.host):
            raise WrongChannel(
                "tls", "'none': without TLS only a server on this machine is allowed"
            )
        if not self.user and (self.password_file or self.password_env):
            raise WrongChannel("user", "it is needed beside a password")
        return self.secret("password", around) if self.user else ""

    def context(self) -> ssl.SSLContext | None:
        """What a server's certificate is checked by. Raises WrongChannel."""
        if self.tls == "none":
            return None
        try:
            return ssl.create_default_context(cafile=self.cafile or None)
        except OSError as error:  # ssl.SSLError is one
            why = f"{self.cafile} is no file of certificates (PEM): {error.strerror or error}"
            raise WrongChannel("cafile", why) from None

    def make(self, around: Around) -> Mail:
        """The channel. Raises WrongChannel."""
        return Mail(self, around)
