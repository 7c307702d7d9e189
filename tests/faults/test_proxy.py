"""Links that are cut keep what was sent, and pass it when they are mended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from faults.proxy import Proxy
from support.ports import free_port


@pytest.fixture
def link() -> Iterator[tuple[Proxy, int]]:
    """A link, by its port, to a server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", free_port()))

    def echo(client: socket.socket) -> None:
        with client:
            while data := client.recv(1000):
                client.sendall(data)

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    port = free_port()
    with server, Proxy() as proxy:
        proxy.add("w", 1, port, server.getsockname()[1])
        yield proxy, port
        server.shutdown(socket.SHUT_RDWR)


def ended(client: socket.socket) -> bool:
    """Whether the other side has ended a connection, one way or the other."""
    try:
        return client.recv(10) == b""
    except ConnectionResetError:
        return True


def test_a_cut_link_passes_later_what_waited(link: tuple[Proxy, int]) -> None:
    """As TCP sends again what a partition swallowed; a new connection hears nothing either."""
    proxy, port = link
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"a")
        assert client.recv(10) == b"a"
        proxy.cut("w", [1])
        client.sendall(b"b")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(10)
        with socket.create_connection(("127.0.0.1", port), 5) as other:
            other.sendall(b"c")
            proxy.mend()
            client.settimeout(5)
            assert client.recv(10) == b"b"
            assert other.recv(10) == b"c"


def test_a_deaf_link_takes_everything_and_answers_nothing(link: tuple[Proxy, int]) -> None:
    """What was sent arrives, what comes back waits."""
    proxy, port = link
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        proxy.cut("w", [1], deaf=True)
        client.sendall(b"a")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(10)
        proxy.mend()
        client.settimeout(5)
        assert client.recv(10) == b"a"


def test_a_reset_ends_connections_and_takes_new_ones(link: tuple[Proxy, int]) -> None:
    """The old one is gone, the next one works."""
    proxy, port = link
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"a")
        assert client.recv(10) == b"a"
        proxy.reset("w")
        assert ended(client)
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"b")
        assert client.recv(10) == b"b"
