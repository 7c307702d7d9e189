"""What an operator decided about a worker's pages; the composition root makes it of settings."""

from __future__ import annotations

import re
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from streams.engine.pages.tokens import Tokens

HEALTH, METRICS = "health", "metrics"

LOOPBACK_NAMES = frozenset(("localhost", ".localhost"))

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask for which page, and how this worker shows others that it may.

    Whoever brings a token or a certificate may ask for every page. Where neither is asked for,
    pages are open on a loopback address, and elsewhere those of `open_pages`.
    """

    tokens: Tokens | None = field(default=None, repr=False)
    server_tls: ssl.SSLContext | None = None
    """What the pages are served with; None: without TLS."""
    client_certificates: bool = False
    """Whether a client that shows a certificate of the authorities of `server_tls` is let in."""
    client_tls: ssl.SSLContext | None = None
    """What other workers are asked with; None: as systems do by default."""
    open_pages: frozenset[str] = frozenset((HEALTH, METRICS))
    """Pages that answer everybody, by the first part of their path; `health` is both probes."""
    hosts: frozenset[str] = frozenset()
    """Names, lower-case, by which the pages may be asked for, besides addresses and loopback's own;
    `.example` is every name below `example`."""
    deadline: float = 10.0
    """Seconds that an answer may take."""

    @property
    def asks(self) -> bool:
        """Whether there is a way to show that one may ask."""
        return self.tokens is not None or self.client_certificates

    @property
    def scheme(self) -> str:
        """How the pages are asked for."""
        return "http" if self.server_tls is None else "https"

    def headers(self) -> Mapping[str, str]:
        """What shows another worker that this one may ask."""
        return {} if self.tokens is None else {"Authorization": f"Bearer {self.tokens.first()}"}

    def knows_host(self, header: str) -> bool:
        """Whether a `Host` header names this worker.

        An address always does: who rebinds a name of his to our address sends that name.
        """
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        if found[1] or is_address(found[2]):
            return True
        name = found[2].lower().rstrip(".")
        return _names(name, LOOPBACK_NAMES) or _names(name, self.hosts)


def is_address(text: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _names(name: str, known: Collection[str]) -> bool:
    return name in known or any(each.startswith(".") and name.endswith(each) for each in known)
