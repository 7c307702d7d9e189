"""The ports that tests give to their servers."""

from __future__ import annotations

import socket

from support import ports


def test_no_client_is_given_it() -> None:
    """A port from the kernel's own range could be a client's before its server binds it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert probe.getsockname()[1] in ports.kernels_own()
    assert ports.free_port() not in ports.kernels_own()


def test_each_is_another() -> None:
    """Two servers that start later never get the same."""
    assert len({ports.free_port() for _ in range(100)}) == 100


def test_a_taken_one_is_passed_over() -> None:
    """Also where somebody else listens."""
    first = ports.free_port()
    with socket.create_server(("127.0.0.1", first + 1)):
        assert ports.free_port() != first + 1
