"""Loopback ports for servers that a test starts a while after it has chosen their port."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_KERNELS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def kernels_own() -> range:
    """The ports from which the kernel takes the near end of connections, and of port 0.

    Other systems than Linux use 49152 and up, IANA's dynamic ports.
    """
    if not _KERNELS.exists():
        return range(49152, 65536)
    first, last = map(int, _KERNELS.read_text().split())
    return range(first, last + 1)


def _candidates() -> Iterator[int]:
    """Each port outside the kernel's own range, from a place that differs between processes."""
    own = kernels_own()
    ports = [port for port in range(10000, 65536) if port not in own]
    assert ports, f"the kernel takes all ports for its own use: {_KERNELS}"
    start = os.getpid() * 97 % len(ports)
    return itertools.cycle(ports[start:] + ports[:start])


_CANDIDATES = _candidates()


def free_port() -> int:
    """A loopback port where nobody listens, and which no client will be given by chance.

    A port that the kernel chose (port 0) and that was let go again goes to whoever connects next,
    to anything: between choosing and binding a busy test opens hundreds of connections. So this
    one is outside of the kernel's range, and a process is not told the same one twice.
    """
    for port in itertools.islice(_CANDIDATES, 1000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("a thousand ports in a row are taken")
