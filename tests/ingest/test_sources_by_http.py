"""A push of every source, by HTTP, becomes its records on Kafka; a forged one becomes nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from support.ingesting import LETTERS, ORDERS, TRACKING, UPLOADS, outcome, service

from streams.demo.broker import EmbeddedCluster
from streams.ingest.feeds import Key, NamedFeed
from streams.inputs.sources.configuration import FeedOptions
from streams.inputs.sources.payload import Payload
from streams.inputs.sources.registry import SOURCES
from streams.inputs.sources.source import by_token

DATA = Path(__file__).parents[1] / "inputs" / "sources" / "data"
TOKEN = {"token": "a-token"}
ARRIVED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Push(NamedTuple):
    """A payload with the feed that it is for, and what it becomes."""

    feed: NamedFeed
    body: bytes
    options: FeedOptions
    expected: list[Any]

    @property
    def address(self) -> str:
        return f"/in/{self.feed.source.name}/{self.feed.name}"


def pushes() -> Iterator[Push]:
    """Those of the sources' fixtures that bear a proof."""
    for config in sorted(DATA.glob("*/config.json")):
        source = SOURCES[config.parent.name]
        for number, (name, said) in enumerate(json.loads(config.read_text("utf-8")).items()):
            options = FeedOptions.model_validate(said)
            if source.genuine is by_token and not options.secret:
                options = options.model_copy(update={"secret": "a-token", "query": TOKEN})
            body = (config.parent / name).read_bytes()
            headers = {key.lower(): value for key, value in options.headers.items()}
            payload = Payload(body, ARRIVED_AT, headers, options.query)
            if options.secret and source.genuine(payload, options.feed()):
                lines = (config.parent / f"{name}.expected.jsonl").read_text("utf-8").splitlines()
                feed = NamedFeed(source, f"f{number}", options.feed())
                yield Push(feed, body, options, [json.loads(line) for line in lines])


PUSHES = list(pushes())


def messages(push: Push) -> list[tuple[str, str, Any]]:
    """Topic, key and value of all that a push becomes."""
    return [(one["topic"], one["key"], one["value"]) for one in push.expected if "topic" in one]


def test_every_source_has_a_push_with_proof() -> None:
    """Or the tests below would say nothing of it."""
    assert {push.feed.source.name for push in PUSHES} == set(SOURCES)


def test_pushes_become_records_and_are_answered_as_the_source_wants() -> None:
    """What is on the topics is what `sources try` shows, and what was refused has a letter."""
    feeds: dict[Key, NamedFeed] = {push.feed.key: push.feed for push in PUSHES}

    async def scenario(cluster: EmbeddedCluster) -> None:
        async with service(cluster, feeds, now=lambda: ARRIVED_AT) as running:
            for push in PUSHES:
                answer = await running.send(
                    push.address, push.body, headers=push.options.headers, query=push.options.query
                )
                source = push.feed.source
                assert answer.status == source.taken.status, push.address
                taken = {each.body for each in (source.taken, source.taken_xml) if each}
                assert source.addressed or answer.text in taken, push.address
            found = [
                (topic, each.key, each.value)
                for topic in (ORDERS, TRACKING)
                for each in await running.records(topic)
            ]
            letters = await running.records(LETTERS)
        wanted = [message for push in PUSHES for message in messages(push)]
        key = lambda each: json.dumps(each, sort_keys=True)  # noqa: E731
        assert sorted(found, key=key) == sorted(wanted, key=key)
        refused = [push for push in PUSHES if any("refused" in one for one in push.expected)]
        assert {each.value["origin"]["topic"] for each in letters} == {
            push.address.removeprefix("/") for push in refused
        }

    with EmbeddedCluster(topics={ORDERS: 2, TRACKING: 2, LETTERS: 1, UPLOADS: 1}) as cluster:
        asyncio.run(scenario(cluster))


def test_what_bears_no_proof_is_refused_without_a_hint() -> None:
    """401 and an empty body, for another secret and for none; nothing is on Kafka, all counted."""
    feeds: dict[Key, NamedFeed] = {}
    for push in PUSHES:
        other = replace(push.feed.feed, secret=push.feed.feed.secret[::-1])
        feed = NamedFeed(push.feed.source, push.feed.name, other)
        feeds[feed.key] = feed

    async def scenario(cluster: EmbeddedCluster) -> None:
        async with service(cluster, feeds, now=lambda: ARRIVED_AT) as running:
            for push in PUSHES:
                feed = f"{push.feed.source.name}/{push.feed.name}"
                forged, unsigned = outcome(feed, "forged"), outcome(feed, "unsigned")
                answer = await running.send(
                    push.address, push.body, headers=push.options.headers, query=push.options.query
                )
                assert (answer.status, answer.text) == (401, ""), push.address
                assert outcome(feed, "forged") == forged + 1, push.address
                bare = re.sub(rb"[A-Za-z_]*(?i:sign|digest)=", b"nothing=", push.body)
                answer = await running.send(push.address, bare)
                assert (answer.status, answer.text) == (401, ""), push.address
                # TrackingMore's second version has its proof inside of the body.
                refused = outcome(feed, "unsigned") + outcome(feed, "forged")
                assert refused == unsigned + forged + 2, push.address
            for topic in (ORDERS, TRACKING, LETTERS):
                assert await running.records(topic) == []

    with EmbeddedCluster(topics={ORDERS: 2, TRACKING: 2, LETTERS: 1, UPLOADS: 1}) as cluster:
        asyncio.run(scenario(cluster))
