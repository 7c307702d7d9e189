"""The demo's desk reads the demo's topics and lets its one user in."""

from __future__ import annotations

import http.cookiejar
import json
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from confluent_kafka import Producer
from support.desk import NOON, an_id, warned
from support.ports import free_port

from streams.demo.broker import EmbeddedCluster
from streams.demo.desk import DeskNotServed, served
from streams.engine.kafka.topics import Topics
from streams.profiles.loader import load


def test_a_warning_of_the_demo_is_on_the_desks_page(tmp_path: Path) -> None:
    """From the topic to the page of somebody who has signed in as the demo says; by `/readyz` the
    desk says that it reads."""
    topics = Topics()
    names = [*topics.consumed, *topics.outputs, topics.actions]
    with EmbeddedCluster(topics=dict.fromkeys(names, 1)) as cluster:
        producer = Producer({"bootstrap.servers": cluster.bootstrap})
        producer.produce(topics.warnings, json.dumps(warned("a")).encode(), an_id("a").encode())
        assert producer.flush(10) == 0
        with served(cluster.bootstrap, topics, load(), lambda: NOON, tmp_path, free_port()) as desk:
            opener = urllib.request.build_opener(
                urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            )
            form = {"name": desk.user, "password": desk.password, "next": "/warnings"}
            page = b""
            opener.open(f"{desk.address}/sign-in", urllib.parse.urlencode(form).encode()).close()
            # What changes is announced: the stream's first event says that it is there.
            opener.addheaders = [("Last-Event-ID", "0")]
            with opener.open(f"{desk.address}/api/v1/events", timeout=30) as stream:
                while not page.startswith(b"event: warning"):
                    page = stream.readline()
            with opener.open(f"{desk.address}/warnings") as answer:
                assert an_id("a").encode() in answer.read()


def test_a_port_that_is_anothers_is_told(tmp_path: Path) -> None:
    """And nothing is left running."""
    topics = Topics()
    with EmbeddedCluster(topics={topics.warnings: 1}) as cluster:
        port = int(cluster.bootstrap.rpartition(":")[2])
        with (
            pytest.raises(DeskNotServed),
            served(cluster.bootstrap, topics, load(), lambda: NOON, tmp_path, port),
        ):
            pass
