"""From where a request comes, and how many of a feed are taken in a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

FORWARDED = "x-forwarded-for"


class Rate:
    """Lets `per_second` through on average, and as many at once as come in two seconds, one at
    least."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second * 2)
        self._left = self._most
        self._clock = clock
        self._at = clock()

    def admit(self) -> bool:
        """Whether one more may pass now."""
        if self.seconds() > 0:
            return False
        self._left -= 1
        return True

    def seconds(self) -> float:
        """How long it takes until one more may pass; 0: now."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        return max(0.0, (1 - self._left) / self._per_second)


def sender(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> Address | None:
    """The address that a request comes from; None where it is not known.

    `peer` is the other end of the connection. Where it is one of `proxies`, the headers
    `X-Forwarded-For` say who asked it: the last address that is no proxy's, for whoever asks can
    write the first ones himself.
    """
    hops = [part.strip() for line in forwarded for part in line.split(",")]
    for hop in (peer, *reversed(hops)):
        try:
            address = _plain(ip_address(hop))
        except ValueError:
            return None
        if not any(address in network for network in proxies):
            return address
    return None


def _plain(address: Address) -> Address:
    """An IPv4 address that a socket for both shows as IPv6, as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
