"""A push of every source, by HTTP, becomes its records on Kafka; a forged one becomes nothing."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

from support.ingesting import LETTERS, ORDERS, TRACKING, UPLOADS, outcome, service
from support.pushes import ARRIVED_AT, PUSHES, messages

from streams.demo.broker import EmbeddedCluster
from streams.ingest.feeds import Key, NamedFeed
from streams.inputs.sources.registry import SOURCES


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
