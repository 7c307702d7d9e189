"""The server: streams end with it, and who sends too slowly is cut off."""

from __future__ import annotations

import http.client
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.desk import NOON, put, warned
from support.ports import free_port

from streams.desk.access import tokens
from streams.desk.access.who import Role
from streams.desk.api import guard
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.database.database import Database
from streams.desk.service import server as serving
from streams.desk.service.server import Protocol, Server, make_server

PATIENCE_S = 20.0


@pytest.fixture
def desk(sqlite: Database) -> Desk:
    """A desk over an empty database."""
    return Desk(sqlite, lambda: NOON)


@contextmanager
def served(desk: Desk) -> Iterator[tuple[Server, int]]:
    """A desk on loopback, and its port; ended with the block."""
    port = free_port()
    server = make_server(make_app(desk), desk, "127.0.0.1", port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended"
            thread.join(0.02)
        yield server, port
    finally:
        server.handle_exit(signal.SIGTERM, None)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_streams_end_with_the_desk(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """They are told to, so nothing is cut off and no error is logged; until then nobody hurries
    them."""
    _, token = tokens.add(desk.database, "t", Role.viewer, None, NOON)
    with served(desk) as (server, port), caplog.at_level(logging.INFO):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        client.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        answer = client.getresponse()
        assert answer.readline() == b"retry: 2000\n"
        (connection,) = server.server_state.connections
        assert isinstance(connection, Protocol)
        assert connection._patience is None
        put(desk.database, [warned("a")])
        answer.readline()
        assert answer.readline() == b"id: 3\n"
        server.handle_exit(signal.SIGTERM, None)
        rest = answer.read()  # to its end: a connection that is cut raises
        assert rest.endswith(b"\n\n")
        answer.close()
        client.close()
    assert desk.news.streams == 0
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("first", ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_who_dribbles_a_head_is_cut_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Whether it is the first request of a connection or one that follows another."""
    monkeypatch.setattr(serving, "HEAD_S", 0.3)
    with served(desk) as (_, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE_S)
        if first:
            client.sendall(first.encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        assert dribbled(client, b"GET /healthz HTTP/1.1\r\n" + b"X-Slow: y\r\n" * 1_000) < 100


def dribbled(client: socket.socket, data: bytes) -> int:
    """How many bytes could be sent, one at a time, before the other side had enough."""
    client.settimeout(0.05)
    for sent, byte in enumerate(data):
        try:
            client.sendall(bytes([byte]))
            if not client.recv(4096):
                return sent
        except TimeoutError:
            continue
        except ConnectionError:
            return sent
    return len(data)


def test_who_says_nothing_is_cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection alone holds nothing for long."""
    monkeypatch.setattr(serving, "HEAD_S", 0.2)
    with served(desk) as (_, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE_S)
        assert client.recv(1) == b""


def test_who_dribbles_a_body_is_told_and_cut_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However well it goes on."""
    monkeypatch.setattr(guard, "BODY_S", 0.3)
    head = b"POST /api/v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with served(desk) as (_, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(head)
        client.settimeout(0.05)
        answer = b""
        for _ in range(200):
            client.sendall(b"x")
            try:
                answer = client.recv(4096)
            except TimeoutError:
                continue
            break
        assert answer.startswith(b"HTTP/1.1 408")
